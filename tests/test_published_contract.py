"""What a snapshot promises to those who read it (the published contract), on the demo's own."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

KEYS = {
    "fct_kpi_values": "unit_code, period_code, stakeholder_code, segment_code, counterparty_code, kpi_code, dimension_code",
    "fct_finance": "unit_code, period_code, basis, kpi_code",
    "scorecard_unit_period": "unit_code, period_code, stakeholder_code",
    "dim_units": "unit_code",
    "dim_periods": "period_code",
    "dim_stakeholders": "stakeholder_code",
    "dim_segments": "segment_code",
    "dim_breaks": "stakeholder_code, source_code, starts_date",
    "dim_kpis": "kpi_code",
    "dim_kpi_labels": "kpi_code, stakeholder_code",
    "dim_dimensions": "dimension_code",
    "dim_relations": "relation_code",
    "dim_kpi_thresholds": "kpi_code, threshold_code",
    "fct_reliability": "stakeholder_code, period_code, dimension_code",
    "fct_actions": "action_code",
    "fct_strategy": "line_number",
}


@pytest.fixture(scope="module")
def connection(demo_snapshot: Path) -> duckdb.DuckDBPyConnection:
    return duckdb.connect(str(demo_snapshot), read_only=True)


def test_it_holds_the_promised_tables_and_nothing_else(connection: duckdb.DuckDBPyConnection) -> None:
    tables = connection.execute(
        "select table_schema || '.' || table_name from information_schema.tables"
    ).fetchall()
    assert {name for (name,) in tables} == {f"mart.{name}" for name in KEYS} | {
        "meta.snapshot",
        "meta.sources",
        "meta.dictionary",
    }


@pytest.mark.parametrize(("table", "key"), KEYS.items())
def test_every_key_is_unique_and_never_null(
    connection: duckdb.DuckDBPyConnection, table: str, key: str
) -> None:
    repeated = connection.execute(
        f"select count(*) from (select {key} from mart.{table} group by all having count(*) > 1)"
    )
    assert repeated.fetchone() == (0,)
    missing = " or ".join(f"{column} is null" for column in key.split(", "))
    assert connection.execute(f"select count(*) from mart.{table} where {missing}").fetchone() == (0,)
    assert connection.execute(f"select count(*) > 0 from mart.{table}").fetchone() == (True,)


def test_every_table_and_column_is_described(connection: duckdb.DuckDBPyConnection) -> None:
    silent = connection.execute(
        "select table_name, column_name from duckdb_columns() where schema_name in ('mart', 'meta') and coalesce(comment, '') = ''"
    )
    assert silent.fetchall() == []
    silent = connection.execute("select table_name from duckdb_tables() where coalesce(comment, '') = ''")
    assert silent.fetchall() == []


def test_the_dictionary_lists_every_column_once(connection: duckdb.DuckDBPyConnection) -> None:
    differences = connection.execute(
        "select schema_name, table_name, column_name from duckdb_columns() where schema_name in ('mart', 'meta')"
        " except select table_schema, table_name, column_name from meta.dictionary"
    )
    assert differences.fetchall() == []


def test_a_protected_row_tells_nothing(connection: duckdb.DuckDBPyConnection) -> None:
    told = connection.execute(
        "select count(*) from mart.fct_kpi_values where status = 'protected' and coalesce(value, n, ci_low, ci_high, change_value,"
        " change_ci_low, change_ci_high, change_p_value, ranking_value) is not null"
        " or (status = 'protected' and coalesce(method, change_label, verdict_code) is not null)"
    )
    assert told.fetchone() == (0,)


def test_statuses_labels_and_ranges_are_those_promised(connection: duckdb.DuckDBPyConnection) -> None:
    statuses = connection.execute("select distinct status from mart.fct_kpi_values").fetchall()
    assert {status for (status,) in statuses} <= {"published", "protected", "not_enough_data"}
    labels = connection.execute(
        "select distinct change_label from mart.fct_kpi_values where change_label is not null"
    )
    assert {label for (label,) in labels.fetchall()} <= {
        "noise",
        "small_but_real",
        "real_and_large",
        "not_comparable",
    }
    outside = connection.execute(
        "select count(*) from mart.fct_kpi_values v join mart.dim_kpis k using (kpi_code)"
        " where v.value not between k.range_low and k.range_high"
    )
    assert outside.fetchone() == (0,)


def test_the_scorecard_and_the_facts_cannot_disagree(connection: duckdb.DuckDBPyConnection) -> None:
    differences = connection.execute(
        "select count(*) from mart.scorecard_unit_period s join mart.fct_kpi_values v on v.unit_code = s.unit_code"
        " and v.period_code = s.measured_period_code and v.stakeholder_code = s.stakeholder_code and v.kpi_code = s.headline_kpi_code"
        " and v.dimension_code = 'all' and v.segment_code = 'all' and v.counterparty_code = 'all' where v.value is distinct from s.headline_value or v.n is distinct from s.headline_n"
        " or v.status is distinct from s.headline_status"
    )
    assert differences.fetchone() == (0,)


def test_an_older_duckdb_can_open_it(demo_snapshot: Path) -> None:
    """Storage version 64–66 is what DuckDB 1.4 reads; the header holds it after the magic bytes."""
    header = demo_snapshot.read_bytes()[:64]
    assert header[8:12] == b"DUCK"
    assert int.from_bytes(header[12:20], "little") <= 67
    assert not demo_snapshot.with_name(demo_snapshot.name + ".wal").exists()
