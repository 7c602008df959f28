"""The build itself: on a home with nothing yet, twice the same, and refused when what it made cannot be right."""

from __future__ import annotations

import json
import shutil
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from pipelines.declared import Home
from tests.unit.dbt import small_home
from tests.unit.dbt.conftest import MARTS, PROJECT, Warehouse, write_sources

LAYERS = ("staging", "intermediate", "marts")
# What is done to a good warehouse, and the data test that must notice.
DAMAGES = [
    ("update raw.files set accepted = accepted + 1 where kind = 'ledger'", "accepted_records_reach_raw"),
    ("update staging.stg_responses set response_key = 'twice'", "one_row_per_response"),
    ("update raw.events set submitted_date = date '1990-01-01'", "every_event_has_a_period"),
    ("update raw.measures set submitted_date = date '1990-01-01'", "every_measure_has_a_period"),
    ("update raw.events set event_key = 'twice'", "one_row_per_event_and_fact"),
    ("insert into raw.measures from raw.measures limit 1", "one_figure_per_unit_and_date"),
    ("update intermediate.int_ledger__summed set net_amount = net_amount + 0.01", "ledger_money_is_kept"),
    ("delete from declared.account_map where fiscal_year = 2025", "ledger_years_have_a_chart"),
    (
        "update intermediate.int_cells__rolled_up set response_count = response_count + 1",
        "answers_are_pooled_once",
    ),
    (
        "update declared.items set target_code = 'recommend' where role = 'outcome'",
        "one_item_per_outcome",
    ),
    ("insert into marts.fct_finance from marts.fct_finance limit 1", "fct_finance_has_one_row_per_key"),
    ("update marts.fct_kpi_values set value = -1", "kpi_values_stay_in_their_declared_range"),
    ("update marts.fct_kpi_values set ci_high = ci_low", "kpi_values_lie_in_their_interval"),
    (
        "update marts.fct_kpi_values set method = null where kpi_code = 'csat'",
        "a_published_kpi_has_a_value_and_a_method",
    ),
    ("update marts.fct_kpi_values set unit_code = 'nowhere'", "kpi_values_name_a_known_unit"),
]


def marts_of(warehouse: Warehouse) -> dict[str, list[tuple[object, ...]]]:
    """Every row of every mart, in the order of its columns."""
    with duckdb.connect(str(warehouse.path), read_only=True) as connection:
        return {
            name: sorted(connection.execute(f"select * from marts.{name}").fetchall(), key=repr)
            for name in MARTS
        }


def test_tables_land_in_their_layers_and_nowhere_else(warehouse: Warehouse) -> None:
    found = warehouse.query("select distinct table_schema as layer from information_schema.tables")
    assert {row["layer"] for row in found} == {"raw", "declared", *LAYERS}
    marts = warehouse.query(
        "select table_name as name from information_schema.tables where table_schema = 'marts'"
    )
    assert {row["name"] for row in marts} == set(MARTS)


def test_every_mart_column_carries_its_comment(warehouse: Warehouse) -> None:
    found = warehouse.query(
        "select table_name, column_name, comment from duckdb_columns() where schema_name = 'marts'"
    )
    assert len(found) > 150
    assert not [(row["table_name"], row["column_name"]) for row in found if not row["comment"]]
    tables = warehouse.query("select table_name, comment from duckdb_tables() where schema_name = 'marts'")
    assert all(str(row["comment"]).startswith("Grain: one row per") for row in tables)


def test_a_second_build_gives_the_same_marts_to_the_last_bit(warehouse: Warehouse) -> None:
    before = marts_of(warehouse)
    done = warehouse.dbt("run")
    assert done.returncode == 0, done.stdout[-2000:]
    assert marts_of(warehouse) == before


def test_a_home_without_a_file_builds_empty_marts(home: Home, tmp_path: Path) -> None:
    empty = Warehouse(tmp_path / "warehouse.duckdb")
    write_sources(empty.path, home)
    done = empty.dbt("build")
    assert done.returncode == 0, done.stdout[-4000:]
    rows = marts_of(empty)
    assert not rows["fct_kpi_values"]
    assert not rows["fct_finance"]
    assert not rows["scorecard_unit_period"]
    assert rows["dim_kpis"]


def test_a_home_with_a_ledger_alone_and_a_year_of_its_own(tmp_path: Path) -> None:
    """No survey to generate SQL from; years from July; a yearly scorecard of calendar years."""
    declarations = tmp_path / "home" / "declarations"
    (declarations / "sources").mkdir(parents=True)
    (declarations / "sources" / "ledger.yml").write_text(small_home.FILES["sources/ledger.yml"])
    (declarations / "organisation.yml").write_text(
        "name: Compte\nas_of: 2025-12-31\nfiscal_year_start: 07-01\nscorecard_grain: year\n"
    )
    (declarations / "units.csv").write_text(
        "unit_code,parent_code,name_fr,name_en,valid_from,valid_to\nalone,,Seul,Alone,2023-01-01,\n"
    )
    (declarations / "finance.yml").write_text("charts: [{fiscal_years: [2024, 2025, 2026]}]\n")
    bare = Warehouse(tmp_path / "warehouse.duckdb")
    write_sources(bare.path, Home.load(tmp_path / "home"), {"ledger_lines"})
    done = bare.dbt("run")
    assert done.returncode == 0, done.stdout[-4000:]
    payroll = bare.query(
        "select period_code, value from marts.fct_finance "
        "where unit_code = 'alone' and basis = 'fiscal_year' and kpi_code = 'payroll' order by period_code"
    )
    expected: dict[str, Decimal] = {}
    for line in small_home.lines():
        if line.account.startswith("64"):
            year = f"FY{line.day.year + (line.day.month >= 7)}"
            expected[year] = expected.get(year, Decimal(0)) + line.debit
    assert {row["period_code"]: row["value"] for row in payroll} == expected
    assert not bare.query("select * from marts.fct_kpi_values")


@pytest.mark.parametrize(("sql", "test_name"), DAMAGES)
def test_a_broken_warehouse_fails_its_test(results: dict[str, str], sql: str, test_name: str) -> None:
    """Each data test must be able to fail: one damage, one refusal."""
    assert results[test_name] == "fail", sql


@pytest.fixture(scope="session")
def damaged(warehouse: Warehouse, tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    """A copy of the built warehouse with every damage done to it."""
    copy = Warehouse(tmp_path_factory.mktemp("damaged") / "warehouse.duckdb")
    shutil.copyfile(warehouse.path, copy.path)
    with duckdb.connect(str(copy.path)) as connection:
        for sql, _ in DAMAGES:
            connection.execute(sql)
    return copy


@pytest.fixture(scope="session")
def results(damaged: Warehouse) -> dict[str, str]:
    """Status of every data test on the damaged warehouse."""
    damaged.dbt("test", "--exclude-resource-type", "unit_test")
    found = json.loads((damaged.path.parent / "target" / "run_results.json").read_text())["results"]
    return {result["unique_id"].split(".")[2]: result["status"] for result in found}


def test_a_column_nobody_described_stops_the_build(home: Home, tmp_path: Path) -> None:
    project = tmp_path / "dbt_project"
    shutil.copytree(PROJECT, project)
    page = project / "models" / "marts" / "dim_segments.yml"
    text = page.read_text()
    described = 'description: "Segment."'
    assert described in text
    page.write_text(text.replace(described, 'description: ""'))
    made = Warehouse(tmp_path / "warehouse.duckdb", project)
    write_sources(made.path, home)
    done = made.dbt("run")
    assert done.returncode != 0
    assert "dim_segments.segment_code" in done.stdout
    assert not made.query("select 1 from information_schema.tables where table_schema = 'marts'")
