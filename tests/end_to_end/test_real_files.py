"""The pipeline on files nobody here wrote, against figures computed from them independently.

Each home is a copy; its landing folder receives the file as its publisher sent it. Headcounts of the two
companies are invented, so that results are not hidden as those of a small team.
"""

from __future__ import annotations

import csv
import io
from decimal import Decimal
from pathlib import Path

import pytest

from tests.end_to_end.runs import HOMES, REAL, REPO, books, publish, real, rows

SFO = REAL / "customer" / "sfo"
AIRPORT = [SFO / f"{year}_SFO_Customer_Survey_20250817.csv" for year in (2013, 2014, 2017)]
LEDGER_A = REAL / "finance" / "fec" / "0000000001FEC20220831.txt"
LEDGER_B = REAL / "finance" / "fec" / "000000000FEC20231231.txt"


@pytest.fixture(scope="module")
def airport(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return publish(HOMES / "sfo", tmp_path_factory.mktemp("airport"), *AIRPORT)


class TestAirport:
    """San Francisco airport, 2017: of 2,831 passengers, 84 gave 11 out of 10 and one gave nothing."""

    pytestmark = real

    def test_recommendation_counts_valid_answers_only(self, airport: Path) -> None:
        ((value, n, low, high, status),) = rows(
            airport,
            "select value, n, ci_low, ci_high, status from mart.fct_kpi_values where kpi_code = 'nps'"
            " and unit_code = 'airport' and period_code = '2017-Q2' and stakeholder_code = 'clients'"
            " and segment_code = 'all' and counterparty_code = 'all'",
        )
        assert (n, status) == (2746, "published")
        assert value == pytest.approx(100 * (1436 - 342) / 2746, abs=1e-9)
        assert round(value, 2) == 39.84
        # Adjusted Wald: three more answers, three quarters of one promoter and as much of one detractor.
        share_up, share_down = 1436.75 / 2749, 342.75 / 2749
        centre = share_up - share_down
        spread = 1.959964 * ((share_up + share_down - centre**2) / 2749) ** 0.5
        assert (low, high) == pytest.approx((100 * (centre - spread), 100 * (centre + spread)), abs=1e-3)

    def test_every_passenger_is_kept_though_some_answers_are_missing(self, airport: Path) -> None:
        found = dict(
            rows(
                airport,
                "select kpi_code, n from mart.fct_kpi_values where kpi_code in ('respondents', 'csat')"
                " and unit_code = 'airport' and period_code = '2017-Q2' and stakeholder_code = 'clients'",
            )
        )
        # 143 wrote nothing under the overall rating; nobody is dropped for it, nor for the 11.
        assert found == {"respondents": 2831, "csat": 2831 - 143}

    def test_not_applicable_and_blank_ratings_never_count_as_scores(self, airport: Path) -> None:
        ((value, n),) = rows(
            airport,
            "select value, n from mart.fct_kpi_values where kpi_code = 'dimension_score'"
            " and dimension_code = 'safety' and unit_code = 'airport' and stakeholder_code = 'clients'"
            " and period_code = '2017-Q2'",
        )
        # Q10SAFE: 6 × 1, 12 × 2, 340 × 3, 1000 × 4, 1423 × 5, and 50 times 0 for no answer.
        assert n == 2781
        assert value == pytest.approx((12 * 25 + 340 * 50 + 1000 * 75 + 1423 * 100) / 2781, abs=1e-6)

    def test_three_years_of_renamed_columns_are_one_series(self, airport: Path) -> None:
        assert books(airport) == {"passenger_survey": (9184, 9184, 0, 0)}
        found = {
            period: (value, n)
            for period, value, n in rows(
                airport,
                "select period_code, value, n from mart.fct_kpi_values where kpi_code = 'csat'"
                " and unit_code = 'airport' and stakeholder_code = 'clients'",
            )
        }
        # Q7O_WHOLE, Q7ALL, Q7ALL: the fours and fives among the ones to fives; 6 is not applicable, 0 is blank.
        shares = {"2013-Q2": (1931 + 712, 3334), "2014-Q2": (1506 + 605, 2677), "2017-Q2": (1507 + 699, 2688)}
        assert found == {period: (pytest.approx(100 * up / n), n) for period, (up, n) in shares.items()}

    def test_what_a_year_did_not_ask_is_absent_there(self, airport: Path) -> None:
        asked = rows(airport, "select distinct period_code from mart.fct_kpi_values where kpi_code = 'nps'")
        assert asked == [("2017-Q2",)]


LEDGERS = {
    "fec_a": (
        LEDGER_A,
        {
            "revenue": "1049934.32",
            "value_added": "458190.22",
            "ebe": "269161.07",
            "payroll": "173614.25",
            "operating_result": "164864.10",
            "net_result": "173208.48",
        },
    ),
    "fec_b": (LEDGER_B, {"revenue": "165297.93", "payroll": "34735.24", "net_result": "3988.38"}),
}


@pytest.fixture(scope="module")
def ledgers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return {
        name: publish(HOMES / name, tmp_path_factory.mktemp(name), file)
        for name, (file, _) in LEDGERS.items()
    }


class TestLedgers:
    """Two ledgers of French companies: the one closes in August, the other's name and dates disagree."""

    pytestmark = real

    @pytest.mark.parametrize("name", LEDGERS)
    def test_the_fiscal_years_give_the_published_figures_to_the_cent(
        self, ledgers: dict[str, Path], name: str
    ) -> None:
        expected = {kpi: Decimal(value) for kpi, value in LEDGERS[name][1].items()}
        found = dict(
            rows(
                ledgers[name],
                "select kpi_code, sum(value) from mart.fct_finance where basis = 'fiscal_year'"
                " and unit_code = 'company' group by kpi_code",
            )
        )
        assert {kpi: found[kpi] for kpi in expected} == expected

    @pytest.mark.parametrize("name", LEDGERS)
    def test_months_and_quarters_sum_to_the_same_money(self, ledgers: dict[str, Path], name: str) -> None:
        for basis in ("month", "quarter"):
            ((total,),) = rows(
                ledgers[name],
                "select sum(value) from mart.fct_finance where kpi_code = 'net_result'"
                f" and unit_code = 'company' and basis = '{basis}'",
            )
            assert total == Decimal(LEDGERS[name][1]["net_result"]), basis

    def test_twelve_rolling_months_to_the_closing_are_the_fiscal_year(self, ledgers: dict[str, Path]) -> None:
        found = dict(
            rows(
                ledgers["fec_a"],
                "select basis, value from mart.fct_finance where kpi_code = 'revenue'"
                " and unit_code = 'company' and ((basis = 'rolling_12m' and period_code = '2022-08')"
                " or (basis = 'fiscal_year' and period_code = 'FY2022'))",
            )
        )
        assert found == {"rolling_12m": Decimal("1049934.32"), "fiscal_year": Decimal("1049934.32")}


@pytest.fixture(scope="module")
def civil_service(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example as it stands: its files travel with the repository, so this one never steps aside."""
    return publish(REPO / "examples" / "civil_service", tmp_path_factory.mktemp("civil_service"))


def civil_service_scores(snapshot: Path, unit: str) -> dict[tuple[str, str], float]:
    return {
        (year, theme): value
        for year, theme, value in rows(
            snapshot,
            "select period_code, if(kpi_code = 'engagement_index', 'engagement', dimension_code), value"
            " from mart.fct_kpi_values where kpi_code in ('engagement_index', 'percent_positive')"
            f" and unit_code = '{unit}' and stakeholder_code = 'employees'",
        )
    }


class TestCivilService:
    """The benchmark published by the Cabinet Office is the median of the organisations, recomputed here."""

    def test_the_median_engagement_is_the_published_benchmark(self, civil_service: Path) -> None:
        medians = civil_service_scores(civil_service, "civil_service")
        found = {year: round(value, 6) for (year, theme), value in medians.items() if theme == "engagement"}
        assert found == {"2009": 58, "2010": 56, "2012": 58, "2016": 59, "2018": 62, "2020": 66}

    def test_the_nine_themes_agree_with_the_published_row_to_the_rounding(self, civil_service: Path) -> None:
        medians = civil_service_scores(civil_service, "civil_service")
        benchmark = civil_service_scores(civil_service, "published_benchmark")
        assert medians.keys() == benchmark.keys()
        assert len(medians) == 6 * 10
        apart = {
            key: round(medians[key] - benchmark[key], 6)
            for key in medians
            if abs(medians[key] - benchmark[key]) > 1e-6
        }
        # Organisations are published in whole points, the benchmark is the median of unrounded ones.
        assert apart == {
            ("2009", "manager"): -1,
            ("2018", "my_work"): 0.5,
            ("2018", "manager"): 0.5,
            ("2018", "leadership"): -0.5,
        }

    def test_published_scores_are_shown_as_reported_without_an_interval(self, civil_service: Path) -> None:
        found = rows(
            civil_service,
            "select distinct status, method, disclosure, n, ci_low, ci_high from mart.fct_kpi_values"
            " where kpi_code in ('engagement_index', 'percent_positive') and value is not null",
        )
        assert found == [("published", "as_reported", "already_public", None, None, None)]

    def test_what_is_no_organisation_stays_out_of_the_tree(self, civil_service: Path) -> None:
        found = rows(
            civil_service,
            "select unit_code from mart.dim_units where parent_code is null order by sort_order",
        )
        assert [code for (code,) in found] == [
            "civil_service",
            "published_benchmark",
            "published_mean",
            "published_home_office",
            "published_justice",
            "published_statistics",
        ]

    @pytest.mark.parametrize("year", ["2009", "2010", "2012", "2016", "2018"])
    @pytest.mark.real
    @pytest.mark.skipif(
        not REAL.is_dir(), reason=f"the real files are not here: {REAL} (RELIER_REAL names them)"
    )
    def test_the_benchmark_series_of_another_file_says_the_same(self, civil_service: Path, year: str) -> None:
        """The series is published apart from the organisations' scores, two years after the last of these."""
        name = "Civil_Service_People_Survey_2009_to_2020_Median_Benchmark_Scores.csv"
        text = (REAL / "employee" / "civil_service" / name).read_text("utf-8-sig")
        published = next(
            100 * float(row[year]) for row in csv.DictReader(io.StringIO(text)) if row["Measure"] == "EES"
        )
        medians = civil_service_scores(civil_service, "civil_service")
        assert medians[year, "engagement"] == pytest.approx(published, abs=1e-6)
