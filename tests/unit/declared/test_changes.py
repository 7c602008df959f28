"""Breaks, confirmed scales and renamed columns: refused when they name nothing, and told to the warehouse."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from pipelines.declared import DeclarationError, Home, declared_tables
from tests.unit.declared.homes import FILES, write_home

HR = "sources/hr_survey.yml"
NOTE = "note: {fr: Nouvelle version, en: New version}"


def with_hr(added: str) -> dict[str, str | None]:
    return {HR: FILES[HR] + added}


@pytest.mark.parametrize(
    ("added", "said"),
    [
        (f"breaks:\n  - {{starts: 2025-01-01, {NOTE}}}\n  - {{starts: 2025-01-01, {NOTE}}}\n", "two breaks start on 2025-01-01"),
        ("breaks: [{starts: 2025-01-01}]\n", "note"),
        ("confirmed: [{file: hr_1.csv, items: [q9], reason: seen}]\n", "'q9' is not an item of this source"),
        ("confirmed: [{file: hr_1.csv}]\n", "reason"),
        ("renamed: {agenci: [Agency]}\n", "'agenci' is not a declared column"),
        ("checks: {population_stability_max: 0}\n", "population_stability_max"),
    ],
)  # fmt: skip
def test_a_change_that_names_nothing_is_refused(tmp_path: Path, added: str, said: str) -> None:
    with pytest.raises(DeclarationError) as caught:
        Home.load(write_home(tmp_path, with_hr(added)))
    assert said in str(caught.value)
    assert "hr_survey.yml" in str(caught.value)


def test_a_chart_that_is_not_comparable_says_why(tmp_path: Path) -> None:
    finance = FILES["finance.yml"].replace(
        "fiscal_years: [2025]", "fiscal_years: [2025]\n    comparable: false"
    )
    with pytest.raises(DeclarationError, match="needs `break_note:"):
        Home.load(write_home(tmp_path, {"finance.yml": finance}))


def test_breaks_of_sources_and_of_the_chart_of_accounts_reach_the_warehouse(tmp_path: Path) -> None:
    changes = with_hr(f"breaks: [{{starts: 2025-05-12, {NOTE}}}]\n")
    changes["organisation.yml"] = FILES["organisation.yml"] + "fiscal_year_start: 09-01\n"
    changes["finance.yml"] = FILES["finance.yml"].replace(
        "fiscal_years: [2025]", "fiscal_years: [2025]\n    break_note: {fr: Réforme, en: Reform}"
    )
    rows = declared_tables(Home.load(write_home(tmp_path, changes)))["breaks"].to_pylist()
    assert [tuple(row.values()) for row in rows] == [
        ("employees", "hr_survey", dt.date(2025, 5, 12), "2025-Q2", "Nouvelle version", "New version", False),
        ("finance", "all", dt.date(2024, 9, 1), "2024-Q3", "Réforme", "Reform", True),
    ]
