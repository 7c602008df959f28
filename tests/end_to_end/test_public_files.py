"""Public files of families Relier had never met: events, a sheet per question, options with commas inside.

Each home is declarations only; its unit tree is made from the file, which may not travel. What is published is compared
with the same figure computed here from the file by other means.
"""

from __future__ import annotations

import csv
import datetime as dt
from collections import defaultdict
from pathlib import Path

import polars as pl
import pytest
from python_calamine import CalamineWorkbook

from tests.end_to_end import public_units
from tests.end_to_end.runs import HOMES, REAL, books, publish, real, rows

pytestmark = real

DELIVERIES = REAL / "supplier" / "scms_delivery_history_usaid.csv"
COMMUNITY = REAL / "exports" / "stacks_community_survey_2020.csv"
FEVS = [REAL / "employee" / "fevs" / f"fevs_{year}_report_by_agency.xlsx" for year in (2021, 2023)]


def records(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def values(snapshot: Path, kpi: str, where: str = "true") -> dict[tuple[str, ...], tuple[float, int]]:
    """(unit, period, dimension) → (value, n) of what is published."""
    query = (
        "select unit_code, period_code, dimension_code, value, n from mart.fct_kpi_values"
        f" where kpi_code = '{kpi}' and status = 'published' and {where}"
    )
    return {
        (unit, period, dimension): (value, n) for unit, period, dimension, value, n in rows(snapshot, query)
    }


@pytest.fixture(scope="module")
def deliveries(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One export under two names: every delivery, and the vendors' own."""
    return publish(
        HOMES / "deliveries",
        tmp_path_factory.mktemp("deliveries"),
        (DELIVERIES, "deliveries_all.csv"),
        (DELIVERIES, "deliveries_of_vendors.csv"),
        declare=lambda home: public_units.countries(home, DELIVERIES),
    )


class TestDeliveries:
    """Events: 10,324 deliveries, "2-Jun-06", one internal vendor that dominates."""

    def kept(self, vendors_only: bool) -> dict[str, list[bool]]:
        """Whether each delivery came in time, by the year it came."""
        found = defaultdict(list)
        for row in records(DELIVERIES):
            days = [
                dt.datetime.strptime(row[column], "%d-%b-%y").date()
                for column in ("scheduled delivery date", "delivered to client date")
            ]
            if not (vendors_only and row["vendor"] == "SCMS from RDC"):
                found[str(days[1].year)].append(days[1] <= days[0])
        return found

    @pytest.mark.parametrize(
        ("kpi", "vendors_only", "share", "n"),
        [("on_time_share", False, 88.5, 10_324), ("vendors_on_time", True, 94.7, 4_920)],
    )
    def test_the_share_on_time(
        self, deliveries: Path, kpi: str, vendors_only: bool, share: float, n: int
    ) -> None:
        found = {
            year: one for (_, year, _), one in values(deliveries, kpi, "unit_code = 'programme'").items()
        }
        expected = {
            year: (pytest.approx(100 * sum(kept) / len(kept)), len(kept))
            for year, kept in self.kept(vendors_only).items()
        }
        assert found == expected
        assert sum(count for _, count in found.values()) == n
        assert round(sum(value * count for value, count in found.values()) / n, 1) == share

    def test_every_delivery_is_in_the_books_and_the_excluded_ones_too(self, deliveries: Path) -> None:
        assert set(books(deliveries).values()) == {(10_324, 10_324, 0, 0)}

    def test_a_country_with_few_deliveries_is_not_shown(self, deliveries: Path) -> None:
        (shown,) = rows(
            deliveries,
            "select min(n), count(*) from mart.fct_kpi_values where kpi_code = 'on_time_share' and n is not null",
        )
        assert shown[0] >= 10
        assert shown[1] > 100


@pytest.fixture(scope="module")
def survey(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return publish(HOMES / "fevs", tmp_path_factory.mktemp("fevs"), *FEVS, declare=public_units.agencies)


class TestFederalSurvey:
    """A sheet per question and agency by agency: header on line 4, `25.3 %` with a no-break space, footnotes."""

    def told(self, year: int, sheet: str) -> dict[str, tuple[float, int]]:
        """Agency → (percent positive, answers), from one sheet."""
        path = next(path for path in FEVS if str(year) in path.name)
        lines = CalamineWorkbook.from_path(path).get_sheet_by_name(sheet).to_python(skip_empty_area=False)[4:]
        found = {}
        for line in lines:
            cells = [str(cell).replace("\xa0", " ").strip() for cell in line]
            if cells[1]:
                agree = float(cells[1].rstrip(" %")) + float(cells[2].rstrip(" %"))
                found[" ".join(cells[0].split())] = (agree, int(cells[6].replace(",", "")))
        return found

    @pytest.mark.parametrize("year", [2021, 2023])
    @pytest.mark.parametrize(("sheet", "dimension"), [("Q1", "skills"), ("Q2", "encouraged")])
    def test_agree_and_strongly_agree_of_every_agency(
        self, survey: Path, year: int, sheet: str, dimension: str
    ) -> None:
        where = f"period_code = '{year}' and dimension_code = '{dimension}' and unit_code <> 'federal'"
        found = {unit: one for (unit, _, _), one in values(survey, "percent_positive", where).items()}
        told = self.told(year, sheet)
        expected = {public_units.TOTALS.get(name, public_units.slug(name)): one for name, one in told.items()}
        assert len(found) >= 41
        assert found == {unit: (pytest.approx(share), n) for unit, (share, n) in expected.items()}

    @pytest.mark.parametrize("year", [2021, 2023])
    def test_agencies_pool_by_their_answers_to_the_published_number(self, survey: Path, year: int) -> None:
        told = self.told(year, "Q1")
        parts = [one for name, one in told.items() if name not in public_units.TOTALS]
        n = sum(count for _, count in parts)
        pooled = sum(share * count for share, count in parts) / n
        found = values(survey, "percent_positive", f"period_code = '{year}' and dimension_code = 'skills'")
        assert found["federal", str(year), "skills"] == (pytest.approx(pooled), n)
        # the count behind "All Responses", printed on the same sheet, is the sum of its agencies
        assert found["all_responses", str(year), "skills"][1] == n

    def test_sheets_that_are_read_and_not_asked_for_stay_in_the_books(self, survey: Path) -> None:
        (counts,) = books(survey).values()
        assert counts == (1344 + 3234, 1344 + 3234, 0, 0)


@pytest.fixture(scope="module")
def community(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return publish(HOMES / "community", tmp_path_factory.mktemp("community"), COMMUNITY)


class TestCommunity:
    """No identifier of the answer, a question asked twice under one header, options with commas inside."""

    def test_trust_is_that_of_who_answered(self, community: Path) -> None:
        question = "How much do you trust the core developers"
        given = [
            float(text)
            for row in records(COMMUNITY)
            for name, text in row.items()
            if name.startswith(question) and text
        ]
        found = values(community, "dimension_score", "dimension_code = 'trust'")
        expected = sum(100 * (answer - 1) / 4 for answer in given) / len(given)
        assert found == {("community", "2020", "trust"): (pytest.approx(expected), len(given))}
        assert values(community, "respondents") == {("community", "2020", "all"): (69, 69)}
        assert books(community) == {"governance_survey": (69, 69, 0, 0)}

    def test_an_option_with_a_comma_is_one_option(self, community: Path) -> None:
        (path,) = (community.parents[1] / "restricted" / "raw" / "responses").rglob("*.parquet")
        ticked = (
            pl.read_parquet(path)["choice_capacity"].explode().value_counts().rows_by_key("choice_capacity")
        )
        with COMMUNITY.open(encoding="utf-8-sig", newline="") as file:
            header, *answers = list(csv.reader(file))
        place = [
            at for at, name in enumerate(header) if name.startswith("In what capacity do you believe STX")
        ][1]
        for option in ("Binding voting (i.e., on-chain governance)", "Non-binding voting (i.e., signaling)"):
            told = sum(row[place] == option for row in answers)
            assert ticked[option] == [(told,)]
            assert told > 10
