"""One warehouse, built once by the real dbt from the small home; tests compare its marts with plain Python."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest

from pipelines.declared import Home, declared_tables
from tests.unit.dbt import small_home

PROJECT = Path(__file__).resolve().parents[3] / "dbt_project"
MARTS = (
    "fct_kpi_values",
    "fct_finance",
    "scorecard_unit_period",
    "dim_units",
    "dim_periods",
    "dim_stakeholders",
    "dim_segments",
    "dim_breaks",
    "dim_kpis",
    "dim_kpi_labels",
    "dim_dimensions",
    "dim_relations",
    "dim_kpi_thresholds",
    "fct_reliability",
)
RAW = {
    "responses": """source_code varchar, file_id varchar, record_number integer, response_key varchar,
        respondent_key varchar, unit_code varchar, wave_code varchar, submitted_at timestamp, submitted_date date,
        language_code varchar, channel_code varchar, counterparty_code varchar, weight decimal(12, 6),
        is_complete boolean, is_test boolean, records integer""",
    "events": """source_code varchar, file_id varchar, record_number integer, event_key varchar, unit_code varchar,
        wave_code varchar, submitted_date date, counterparty_code varchar, is_test boolean, measure_code varchar,
        value decimal(18, 6), missing_reason varchar""",
    "measures": """source_code varchar, file_id varchar, record_number integer, unit_code varchar,
        wave_code varchar, submitted_date date, measure_code varchar, value decimal(18, 6), n integer,
        missing_reason varchar""",
    "ledger_lines": """source_code varchar, file_id varchar, record_number integer, company_code varchar,
        closing_date date, journal_code varchar, entry_number varchar, entry_date date, account_code varchar,
        auxiliary_code varchar, piece_ref varchar, piece_date date, debit decimal(18, 2), credit decimal(18, 2),
        lettering_code varchar, lettering_date date, validation_date date""",
    "files": """source_code varchar, kind varchar, file_id varchar, wave_code varchar, status varchar,
        records bigint, accepted bigint, quarantined bigint, duplicate bigint, unknown_unit_count bigint,
        out_of_scale_count bigint""",
}


@dataclass(frozen=True)
class Warehouse:
    """A warehouse file and the dbt that builds it."""

    path: Path
    project: Path = PROJECT

    def dbt(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run dbt on this warehouse, with its working files beside it."""
        work = self.path.parent
        options = [
            "--project-dir",
            self.project,
            "--profiles-dir",
            self.project,
            "--target-path",
            work / "target",
        ]
        return subprocess.run(
            [Path(sys.executable).with_name("dbt"), *arguments, *options, "--log-path", work / "logs"],
            env={**os.environ, "RELIER_WAREHOUSE": str(self.path), "DO_NOT_TRACK": "1"},
            capture_output=True,
            text=True,
            check=False,
        )

    def query(self, sql: str) -> list[dict[str, Any]]:
        with duckdb.connect(str(self.path), read_only=True) as connection:
            return connection.execute(sql).to_arrow_table().to_pylist()


def write_sources(path: Path, home: Home, filled: Collection[str] = ()) -> None:
    """Write `declared` from the home, and `raw` as ingestion would: typed, empty but for the tables `filled`."""
    with duckdb.connect(str(path)) as connection:
        connection.execute("create schema declared; create schema raw")
        for name, table in declared_tables(home).items():
            connection.register("table_now", table)
            connection.execute(f"create table declared.{name} as select * from table_now")
        for name, columns in RAW.items():
            connection.execute(f"create table raw.{name} ({columns})")
        if filled:
            _write_rows(connection, filled)


def _write_rows(connection: duckdb.DuckDBPyConnection, filled: Collection[str]) -> None:
    answers = small_home.responses()
    for source, items in (("hr_survey", small_home.HR_ITEMS), ("client_survey", small_home.CLIENT_ITEMS)):
        for item in items:
            connection.execute(f"alter table raw.responses add column {source}__{item} double")
    measures = [
        dict(zip(("source_code", "unit_code", "wave_code", "measure_code", "value", "n"), row, strict=True))
        for row in small_home.MEASURES
    ]
    measures += [
        {"source_code": "help_desk", "unit_code": unit, "submitted_date": day, "measure_code": "taken",
         "value": value, "n": calls}
        for unit, day, value, calls in small_home.DATED
    ]  # fmt: skip
    for number, row in enumerate(measures):
        row |= {"file_id": f"file_{row['source_code']}", "record_number": number}
    events = [
        {"source_code": "deliveries", "file_id": "file_deliveries", "record_number": number, "event_key": f"e{number}",
         "unit_code": unit, "submitted_date": day, "is_test": test, "measure_code": "on_day", "value": kept}
        for number, (unit, day, kept, test) in enumerate(small_home.EVENTS)
    ]  # fmt: skip
    ledger = [
        {
            "source_code": "ledger",
            "file_id": "file_ledger",
            "entry_date": line.day,
            "account_code": line.account,
            "debit": line.debit,
            "credit": line.credit,
            "journal_code": line.journal,
            "piece_ref": line.piece,
            "auxiliary_code": line.auxiliary,
        }
        for line in small_home.lines()
    ]
    files = [
        {
            "kind": kind,
            "source_code": source,
            "file_id": f"file_{source}",
            "status": "accepted",
            "accepted": count,
        }
        for kind, source, count in (
            ("responses", "hr_survey", sum(answer.source_code == "hr_survey" for answer in answers)),
            ("responses", "client_survey", sum(answer.source_code == "client_survey" for answer in answers)),
            ("events", "deliveries", len(events)),
            ("measures", "partner_panel", len(small_home.MEASURES)),
            ("measures", "help_desk", len(small_home.DATED)),
            ("ledger", "ledger", len(ledger)),
        )
    ]
    tables = {
        "responses": [answer.row() for answer in answers],
        "events": events,
        "measures": measures,
        "ledger_lines": ledger,
    }
    for name, rows in {**tables, "files": files}.items():
        if name not in filled:
            continue
        keys = sorted({key for row in rows for key in row})
        connection.register("rows_now", pa.table({key: [row.get(key) for row in rows] for key in keys}))
        connection.execute(f"insert into raw.{name} by name select * from rows_now")


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    return Home.load(small_home.write_declarations(tmp_path_factory.mktemp("home")))


@pytest.fixture(scope="session")
def warehouse(home: Home, tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    """The small home's warehouse after one `dbt build`."""
    made = Warehouse(tmp_path_factory.mktemp("warehouse") / "warehouse.duckdb")
    write_sources(made.path, home, RAW)
    done = made.dbt("build")
    assert done.returncode == 0, done.stdout[-4000:]
    return made
