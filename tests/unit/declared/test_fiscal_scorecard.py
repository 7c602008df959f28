"""A scorecard by fiscal years, and figures that are counts of something."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipelines.declared import DeclarationError, Home, declared_tables
from tests.unit.declared.homes import FILES, write_home

FIGURES = """
version: 1
kind: measures
format: table
files: "waits_*.csv"
stakeholder: clients
owner: them
cadence: yearly
freshness_days: 400
waves: [{code: "2024", file: "*_2024*", closed: 2024-11-29}]
keys: {unit: site}
measures: [{code: waits, column: late, kpi: waits, statistic: share, scale: count, n: all}]
"""
KPI = (
    "kpis:\n  waits: {fr: Attentes, en: Waits, method: as_reported, unit: percent, range: [0, 100],"
    " definition: {fr: D., en: D.}, formula: as published}\n"
)


def home_of(folder: Path, **changes: str) -> Home:
    aliases = FILES["unit_aliases.csv"] + "waits,A,sud\n"
    told = {"unit_aliases.csv": aliases, "sources/waits.yml": FIGURES, "framework.yml": KPI}
    return Home.load(
        write_home(folder, told | {name.replace("__", "."): text for name, text in changes.items()})
    )


def by_fiscal_year(start: str) -> str:
    return FILES["organisation.yml"] + f"fiscal_year_start: {start}\nscorecard_grain: fiscal_year\n"


def test_a_wave_belongs_to_the_fiscal_year_that_holds_its_close(tmp_path: Path) -> None:
    tables = declared_tables(home_of(tmp_path, organisation__yml=by_fiscal_year("04-01")))
    (wave,) = [row for row in tables["waves"].to_pylist() if row["source_code"] == "waits"]
    assert wave["period_code"] == "FY2025"
    (year,) = [row for row in tables["periods"].to_pylist() if row["period_code"] == "FY2025"]
    assert (str(year["start_date"]), str(year["end_date"])) == ("2024-04-01", "2025-03-31")


def test_a_fiscal_year_from_january_is_a_year(tmp_path: Path) -> None:
    with pytest.raises(DeclarationError, match="write `scorecard_grain: year`"):
        home_of(tmp_path, organisation__yml=by_fiscal_year("01-01"))


def test_a_count_is_handed_on_as_the_percent_its_reader_makes_of_it(tmp_path: Path) -> None:
    (figure,) = declared_tables(home_of(tmp_path))["measures"].to_pylist()
    assert (figure["measure_code"], figure["scale"]) == ("waits", "percent")


@pytest.mark.parametrize(
    ("measure", "said"),
    [
        ("scale: count", "scale count needs `keys: {n: <column>}`"),
        ("scale: percent, roll_up: weighted_by_n", "roll_up weighted_by_n needs `keys: {n: <column>}`"),
        ("scale: points, complement: true", "points have no complement"),
        ("scale: count, n: all, plus: [more]", "`plus:` adds percents or shares as they are"),
    ],
)
def test_what_makes_no_sense_is_refused(tmp_path: Path, measure: str, said: str) -> None:
    with pytest.raises(DeclarationError, match=said.replace("{", r"\{").replace("*", r"\*")):
        home_of(tmp_path, **{"sources/waits__yml": FIGURES.replace("scale: count, n: all", measure)})
