"""Across a new version that is not comparable nothing is compared, and everything else stays as it was."""

from __future__ import annotations

import datetime as dt
import shutil
from typing import Any

import duckdb
import pytest

from pipelines.declared import Home, declared_tables
from tests.unit.dbt import small_home
from tests.unit.dbt.conftest import Warehouse

Rows = dict[tuple[Any, ...], dict[str, Any]]
KEY = ("unit_code", "period_code", "stakeholder_code", "kpi_code", "dimension_code")
CHANGES = ("change_value", "change_ci_low", "change_ci_high")
JANUARY = dt.date(2025, 1, 10)


def new_version(day: str, comparable: str) -> str:
    return f"breaks: [{{starts: {day}, comparable: {comparable}, note: {{fr: Nouvelle version, en: New version}}}}]\n"


# the client survey and the partners' figures change; the employees' new version is comparable; the chart of 2025 is not
ADDED = {
    "sources/client_survey.yml": new_version("2025-01-10", "false"),
    "sources/hr_survey.yml": new_version("2025-01-01", "true"),
    "sources/partner_panel.yml": new_version("2025-01-01", "false"),
}


@pytest.fixture(scope="module")
def broken_home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    folder = small_home.write_declarations(tmp_path_factory.mktemp("broken_home"))
    for name, text in ADDED.items():
        with (folder / "declarations" / name).open("a") as file:
            file.write(text)
    finance = folder / "declarations" / "finance.yml"
    whole = '  - fiscal_years: [2023, 2024, 2025]\n    kpis: {revenue: "credit(70 except 709)"}\n'
    assert whole in finance.read_text()
    parted = whole.replace("[2023, 2024, 2025]", "[2023, 2024]") + whole.replace(
        "[2023, 2024, 2025]\n", "[2025]\n    comparable: false\n    break_note: {fr: Réforme, en: Reform}\n"
    )
    finance.write_text(finance.read_text().replace(whole, parted))
    return Home.load(folder)


@pytest.fixture(scope="module")
def broken(warehouse: Warehouse, broken_home: Home, tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    copy = Warehouse(tmp_path_factory.mktemp("broken") / "warehouse.duckdb", warehouse.project)
    shutil.copy(warehouse.path, copy.path)
    with duckdb.connect(str(copy.path)) as connection:
        connection.register("breaks_now", declared_tables(broken_home)["breaks"])
        connection.execute("create or replace table declared.breaks as select * from breaks_now")
    done = copy.dbt("run", "--select", "int_kpi_values__compared+", "dim_breaks")
    assert done.returncode == 0, done.stdout
    return copy


def values(warehouse: Warehouse) -> Rows:
    rows = warehouse.query("select * from marts.fct_kpi_values")
    return {tuple(row[name] for name in KEY): row for row in rows}


def crosses(row: dict[str, Any]) -> bool:
    """Whether a row of the unbroken warehouse compares across one of the two breaks that are not comparable."""
    now, before = row["period_code"], row["compared_period_code"]
    if before is None:
        return False
    of_clients = row["stakeholder_code"] == "clients" or row["kpi_code"] == "balance"
    return bool((of_clients or row["kpi_code"] in {"paid_on_time", "disputes"}) and before < "2025-Q1" <= now)


def test_what_crosses_a_break_has_no_change_and_says_so_and_nothing_else_moves(
    warehouse: Warehouse, broken: Warehouse
) -> None:
    before, after = values(warehouse), values(broken)
    assert before.keys() == after.keys()
    crossing = {key for key, row in before.items() if row["change_value"] is not None and crosses(row)}
    assert {key[2] for key in crossing} == {"clients", "partners"}
    for key, row in after.items():
        if key in crossing:
            assert [row[name] for name in CHANGES] == [None, None, None], key
            assert (row["change_label"], row["compared_period_code"]) == (
                "not_comparable", before[key]["compared_period_code"],
            )  # fmt: skip
            assert row["value"] == before[key]["value"]
        else:
            assert row == before[key], key


def test_the_scorecard_repeats_it(broken: Warehouse) -> None:
    labels = broken.query(
        "select distinct headline_change_label as label, headline_change_value as value from marts.scorecard_unit_period"
        " where stakeholder_code = 'clients' and measured_period_code = period_code and period_code = '2025-Q1' and unit_code = 'group'"
    )
    assert labels == [{"label": "not_comparable", "value": None}]


def test_rolling_accounts_are_not_compared_across_a_chart_that_is_not_comparable(
    warehouse: Warehouse, broken: Warehouse
) -> None:
    query = "select unit_code, period_code, max(revenue_rolling_12m_change) as change from marts.scorecard_unit_period group by all"
    before = {(row["unit_code"], row["period_code"]): row["change"] for row in warehouse.query(query)}
    after = {(row["unit_code"], row["period_code"]): row["change"] for row in broken.query(query)}
    assert any(change is not None for (_, period), change in before.items() if period >= "2025-Q1")
    for (unit, period), change in after.items():
        assert change == (before[unit, period] if period < "2025-Q1" else None)


def test_each_break_is_published_with_its_words(broken: Warehouse) -> None:
    rows = broken.query("select * from marts.dim_breaks order by stakeholder_code")
    assert [
        (
            row["stakeholder_code"],
            row["source_code"],
            row["starts_date"],
            row["period_code"],
            row["is_comparable"],
        )
        for row in rows
    ] == [
        ("clients", "client_survey", JANUARY, "2025-Q1", False),
        ("employees", "hr_survey", dt.date(2025, 1, 1), "2025-Q1", True),
        ("finance", "all", dt.date(2025, 1, 1), "2025-Q1", False),
        ("partners", "partner_panel", dt.date(2025, 1, 1), "2025-Q1", False),
    ]
    assert (rows[2]["label_fr"], rows[2]["label_en"]) == ("Réforme", "Reform")
