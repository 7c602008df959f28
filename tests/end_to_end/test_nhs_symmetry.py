"""The same hospital trusts seen by their staff (by code and year), their waiting rooms (by month) and patients (by name).

Each figure is computed twice: here from the files by plain means, and from what a run published.
"""

from __future__ import annotations

import csv
import math
from collections import defaultdict
from pathlib import Path

import pytest
from python_calamine import CalamineWorkbook
from scipy.stats import spearmanr

from pipelines.declared import Home
from pipelines.onboarding import matching
from tests.end_to_end.public_units import trust, trusts
from tests.end_to_end.runs import HOMES, REAL, books, publish, real, rows

pytestmark = real

STAFF = REAL / "nhs_trusts" / "staff_survey_2021_2024_trusts.csv"
ATTENDANCES = REAL / "nhs_trusts" / "ae_trust_monthly_2021on.csv"
INPATIENTS = REAL / "nhs_trusts" / "inpatient_survey_2023_mlm_rankings.xlsx"
COLUMNS = {"burnout": "Burned_out", "enough_staff": "Enough_staff", "stress": "Stress"}
# KPI of the staff survey, of the patients, and the pooled Spearman that the files' own README gives
POOLED = [("burnout", -0.332), ("enough_staff", 0.281), ("stress", -0.229)]
TOGETHER = {
    "burnout_and_waiting": ("burnout", "within_4h"),
    "staffing_and_waiting": ("enough_staff", "within_4h"),
    "stress_and_waiting": ("stress", "within_4h"),
    "burnout_and_patients": ("burnout", "inpatient_rank"),
}
Z_975 = 1.959963984540054
Cell = tuple[str, str]  # (unit, period)


def records(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def staff(kpi: str) -> dict[Cell, tuple[float, int]]:
    """(rate, answers) of each organisation by the fiscal year that holds the November of its survey."""
    column = COLUMNS[kpi]
    return {
        (trust(row["ODS code"]), f"FY{int(row['Year']) + 1}"): (
            float(row[f"{column}_rate"]),
            int(row[f"{column}_base"]),
        )
        for row in records(STAFF)
        if row[f"{column}_rate"] not in {"-", "NA"}
    }


def attendances() -> dict[Cell, tuple[int, int]]:
    """(over four hours, all) of each trust by fiscal year, over the months that say both."""
    found: dict[Cell, list[tuple[int, int]]] = defaultdict(list)
    for row in records(ATTENDANCES):
        month, year = row["date"].split()
        closes = int(year) + (month not in {"January", "February", "March"})
        if row["attendances_over_4hours"] != "NA":
            cell = (trust(row["nhs_trust22_code"]), f"FY{closes}")
            found[cell].append((int(row["attendances_over_4hours"]), int(row["total_attendances"])))
    return {
        cell: (sum(late for late, _ in counts), sum(n for _, n in counts)) for cell, counts in found.items()
    }


def within_4h() -> dict[Cell, float]:
    return {cell: 100 * (1 - late / n) for cell, (late, n) in attendances().items() if n}


def tidy(name: object) -> str:
    return " ".join(str(name).split()).casefold()


def ranks() -> dict[str, float]:
    """Overall ranking by name, cleaned of case and no-break spaces."""
    lines = CalamineWorkbook.from_path(INPATIENTS).get_sheet_by_name("Intercept rankings").to_python()
    return {tidy(line[0]): float(line[-1]) for line in lines[1:] if tidy(line[0])}


def ranked_by_name() -> dict[Cell, float]:
    """Ranking of the trusts whose name is that of the staff survey of the same year."""
    told = ranks()
    return {
        (trust(row["ODS code"]), "FY2024"): told[tidy(row["Organisation name"])]
        for row in records(STAFF)
        if row["Year"] == "2023" and tidy(row["Organisation name"]) in told
    }


def spearman(one: dict[Cell, float], other: dict[Cell, float]) -> float:
    both = sorted(one.keys() & other.keys())
    return float(spearmanr([one[cell] for cell in both], [other[cell] for cell in both]).statistic)


class TestFiles:
    """What the files say, before Relier reads them."""

    def test_580_trust_years_of_155_trusts(self) -> None:
        """Of them 36 count nobody: community and mental health trusts that send zeros."""
        both = staff("burnout").keys() & attendances().keys()
        assert (len(both), len({unit for unit, _ in both})) == (580, 155)
        seen = staff("burnout").keys() & within_4h().keys()
        assert (len(seen), len({unit for unit, _ in seen})) == (544, 146)

    @pytest.mark.parametrize(("kpi", "told"), POOLED)
    def test_pooled_over_trusts_and_years(self, kpi: str, told: float) -> None:
        rates = {cell: rate for cell, (rate, _) in staff(kpi).items()}
        assert round(spearman(rates, within_4h()), 3) == told

    def test_127_of_131_trusts_meet_by_name(self) -> None:
        assert (len(ranks()), len(ranked_by_name())) == (131, 127)
        burnout = {cell: rate for cell, (rate, _) in staff("burnout").items()}
        assert round(spearman(burnout, ranked_by_name()), 3) == 0.475


def declared(folder: Path) -> None:
    """The unit tree, and the patients' aliases as a reviewer accepts them from `relier match`."""
    trusts(folder, STAFF, ATTENDANCES)
    home = Home.load(folder.parent)
    found = matching.match_units(home, INPATIENTS, "inpatient_survey")
    matching.write_aliases(home, found.source, matching.answers_of(found, accept_cleaned=True))


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Path:
    work = tmp_path_factory.mktemp("nhs")
    return publish(HOMES / "nhs", work, STAFF, ATTENDANCES, INPATIENTS, declare=declared)


def published(snapshot: Path, kpi: str) -> dict[Cell, float]:
    """Values of the trusts, without the whole."""
    query = (
        "select unit_code, period_code, value from mart.fct_kpi_values"
        f" where kpi_code = '{kpi}' and value is not null and unit_code <> 'nhs'"
    )
    return {(unit, period): value for unit, period, value in rows(snapshot, query)}


class TestPublished:
    @pytest.mark.parametrize(("kpi", "told"), POOLED)
    def test_pooled_over_trusts_and_years(self, snapshot: Path, kpi: str, told: float) -> None:
        one, other = published(snapshot, kpi), published(snapshot, "within_4h")
        assert len(one.keys() & other.keys()) == 544
        assert round(spearman(one, other), 3) == told

    def test_burnout_and_the_patients_ranking(self, snapshot: Path) -> None:
        burnout, ranked = published(snapshot, "burnout"), published(snapshot, "inpatient_rank")
        by_name = {cell: ranked[cell] for cell in ranked_by_name()}
        assert round(spearman(burnout, by_name), 3) == 0.475
        # one more differs by a comma, and a reviewer answered two
        assert len(burnout.keys() & ranked.keys()) == 130

    def test_months_of_a_trust_pool_into_its_fiscal_year(self, snapshot: Path) -> None:
        """By their attendances; a year that has not ended is not there yet."""
        query = (
            "select unit_code, period_code, value, n from mart.fct_kpi_values"
            " where kpi_code = 'within_4h' and unit_code <> 'nhs' and value is not null"
        )
        found = {(unit, period): (value, n) for unit, period, value, n in rows(snapshot, query)}
        told = {
            cell: (within_4h()[cell], n) for cell, (_, n) in attendances().items() if n and cell[1] < "FY2026"
        }
        assert found == {cell: (pytest.approx(value, abs=1e-5), n) for cell, (value, n) in told.items()}

    @pytest.mark.parametrize("kpi", COLUMNS)
    def test_the_staff_survey_of_every_organisation_and_year(self, snapshot: Path, kpi: str) -> None:
        query = f"select unit_code, period_code, value, n from mart.fct_kpi_values where kpi_code = '{kpi}'"
        found = {(unit, period): (value, n) for unit, period, value, n in rows(snapshot, query)}
        told = staff(kpi)
        for period in ("FY2022", "FY2023", "FY2024", "FY2025"):
            own = [one for (_, year), one in told.items() if year == period]
            answers = sum(n for _, n in own)
            told["nhs", period] = (sum(rate * n for rate, n in own) / answers, answers)
        assert found == {cell: (pytest.approx(rate, abs=1e-5), n) for cell, (rate, n) in told.items()}

    def test_a_hundred_respondents_by_default_count_nowhere(self, snapshot: Path) -> None:
        """Thirteen organisations of 2021: what stands behind their rates is who answered, 24 to 94 people."""
        default = [row for row in records(STAFF) if row["Year"] == "2021" and row["Respondents"] == "100"]
        told = {trust(row["ODS code"]): int(row["Burned_out_base"]) for row in default}
        assert (len(told), min(told.values()), max(told.values())) == (13, 24, 94)
        query = "select unit_code, n from mart.fct_kpi_values where kpi_code = 'burnout' and period_code = 'FY2022'"
        found = dict(rows(snapshot, query))
        assert {unit: found[unit] for unit in told} == told

    def test_every_record_is_in_the_books(self, snapshot: Path) -> None:
        assert books(snapshot) == {
            "ae_monthly": (7895, 7895, 0, 0),
            "staff_survey": (1075, 1075, 0, 0),
            "inpatient_survey": (131, 130, 1, 0),  # the Isle of Wight is no unit of the tree
        }


class TestCorrelationByPeriod:
    """The same symmetry as a published figure of the whole, a row per fiscal year."""

    def told(self, snapshot: Path, kpi: str) -> list[tuple[str, str, str, str, float, int, float, float]]:
        columns = "unit_code, period_code, stakeholder_code, counterparty_code, value, n, ci_low, ci_high"
        return rows(
            snapshot,
            f"select {columns} from mart.fct_kpi_values where kpi_code = '{kpi}' order by period_code",
        )

    @pytest.mark.parametrize("kpi", TOGETHER)
    def test_it_is_the_one_of_scipy_over_the_trusts_shown(self, snapshot: Path, kpi: str) -> None:
        staffed, seen = (published(snapshot, part) for part in TOGETHER[kpi])
        periods = sorted({period for _, period in staffed.keys() & seen.keys()})
        assert periods == (
            ["FY2024"] if kpi == "burnout_and_patients" else ["FY2022", "FY2023", "FY2024", "FY2025"]
        )
        found = [row for row in self.told(snapshot, kpi) if row[4] is not None]
        for (unit, period, side, other, value, n, low, high), expected in zip(found, periods, strict=True):
            both = sorted(cell for cell in staffed.keys() & seen.keys() if cell[1] == expected)
            told = spearmanr([staffed[cell] for cell in both], [seen[cell] for cell in both]).statistic
            assert (unit, period, side, other, n) == ("nhs", expected, "employees", "clients", len(both))
            assert value == pytest.approx(told, abs=1e-9)
            half = Z_975 * math.sqrt((1 + told**2 / 2) / (n - 3))  # Bonett and Wright 2000
            bounds = [math.tanh(math.atanh(told) + side) for side in (-half, half)]
            assert [low, high] == pytest.approx(bounds, abs=1e-9)
