"""The warehouse file: written by one process at a time, disposable, rebuilt from raw and declarations.

`raw` holds views over Parquet, a branch per source and schema with its explicit list of files, so that thousands of
files open at once and no file counts unless the ledger says so. `declared` holds the home's declarations as tables.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.declared import Home, declared_tables
from pipelines.ledger import Entry, Ledger, Status

VIEWS = {"responses": "responses", "events": "events", "measures": "measures", "ledger": "ledger_lines"}

_COLUMNS: dict[str, dict[str, str]] = {
    "responses": {
        "source_code": "varchar",
        "file_id": "varchar",
        "record_number": "integer",
        "response_key": "varchar",
        "respondent_key": "varchar",
        "unit_code": "varchar",
        "wave_code": "varchar",
        "submitted_at": "timestamp",
        "submitted_date": "date",
        "language_code": "varchar",
        "channel_code": "varchar",
        "counterparty_code": "varchar",
        "weight": "decimal(12,6)",
        "is_complete": "boolean",
        "is_test": "boolean",
        "records": "integer",
    },
    "events": {
        "source_code": "varchar",
        "file_id": "varchar",
        "record_number": "integer",
        "event_key": "varchar",
        "unit_code": "varchar",
        "wave_code": "varchar",
        "submitted_date": "date",
        "counterparty_code": "varchar",
        "is_test": "boolean",
        "measure_code": "varchar",
        "value": "decimal(18,6)",
        "missing_reason": "varchar",
    },
    "measures": {
        "source_code": "varchar",
        "file_id": "varchar",
        "record_number": "integer",
        "unit_code": "varchar",
        "wave_code": "varchar",
        "submitted_date": "date",
        "measure_code": "varchar",
        "value": "decimal(18,6)",
        "n": "integer",
        "missing_reason": "varchar",
    },
    "ledger": {
        "source_code": "varchar",
        "file_id": "varchar",
        "record_number": "integer",
        "company_code": "varchar",
        "closing_date": "date",
        "journal_code": "varchar",
        "entry_number": "varchar",
        "entry_date": "date",
        "account_code": "varchar",
        "auxiliary_code": "varchar",
        "piece_ref": "varchar",
        "piece_date": "date",
        "debit": "decimal(18,2)",
        "credit": "decimal(18,2)",
        "lettering_code": "varchar",
        "lettering_date": "date",
        "validation_date": "date",
    },
}

_FILES: dict[str, pa.DataType] = {
    "source_code": pa.string(),
    "kind": pa.string(),
    "file_id": pa.string(),
    "wave_code": pa.string(),
    "status": pa.string(),
    "records": pa.int64(),
    "accepted": pa.int64(),
    "quarantined": pa.int64(),
    "duplicate": pa.int64(),
    "unknown_unit_count": pa.int64(),
    "out_of_scale_count": pa.int64(),
}


def path_of(home: Home) -> Path:
    return home.restricted / "warehouse.duckdb"


def _open(path: Path, patience_s: float = 120, pause_s: float = 0.5) -> duckdb.DuckDBPyConnection:
    """Open for writing; a damaged file is made again, and one still held (dbt outlives a killed run) is waited for."""
    waited = 0.0
    while True:
        try:
            return duckdb.connect(str(path))
        except (duckdb.SerializationException, duckdb.FatalException, duckdb.InternalException):
            damaged = True
        except duckdb.IOException as error:
            damaged = "not a valid DuckDB database" in str(error)
            if not damaged and ("lock" not in str(error) or waited >= patience_s):
                raise
        if damaged:
            for left in (path, path.with_name(path.name + ".wal")):
                left.unlink(missing_ok=True)
        else:
            time.sleep(pause_s)
            waited += pause_s


@contextmanager
def writing(home: Home) -> Iterator[duckdb.DuckDBPyConnection]:
    """The one writing connection; a damaged file is made again, for it holds nothing of its own."""
    path = path_of(home)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    connection = _open(path)
    path.chmod(0o600)
    try:
        yield connection
    finally:
        connection.close()


@contextmanager
def reading(home: Home) -> Iterator[duckdb.DuckDBPyConnection]:
    connection = duckdb.connect(str(path_of(home)), read_only=True)
    try:
        yield connection
    finally:
        connection.close()


def write_raw(home: Home, ledger: Ledger, *statuses: Status) -> dict[str, int]:
    """Point raw.* at the files of `statuses`; returns rows per view."""
    # a source that is no longer declared keeps its files in the ledger and leaves the marts
    entries = [entry for entry in ledger.files(*statuses) if entry.source in home.sources]
    with writing(home) as connection:
        connection.execute("create schema if not exists raw")
        for kind, view in VIEWS.items():
            mine = [entry for entry in entries if entry.kind == kind and entry.parquet]
            connection.execute(f"create or replace view raw.{view} as {_view(home, kind, mine)}")
        connection.register("files_now", _files_table(home, ledger))
        connection.execute("create or replace table raw.files as select * from files_now")
        return {view: _count(connection, f"raw.{view}") for view in VIEWS.values()}


def write_declared(home: Home) -> int:
    """Write every `declared` table; returns how many."""
    tables = declared_tables(home)
    with writing(home) as connection:
        connection.execute("create schema if not exists declared")
        for name, table in tables.items():
            connection.register("table_now", table)
            connection.execute(f"create or replace table declared.{name} as select * from table_now")
            connection.unregister("table_now")
    return len(tables)


def _count(connection: duckdb.DuckDBPyConnection, table: str) -> int:
    row = connection.execute(f"select count(*) from {table}").fetchone()
    return int(row[0]) if row else 0


def _view(home: Home, kind: str, entries: Sequence[Entry]) -> str:
    """A typed empty branch (so the view always exists with its columns), then one branch per source and schema."""
    columns = dict(_COLUMNS[kind])
    groups: dict[tuple[str, str], list[str]] = defaultdict(list)
    known: set[str] = set()
    for entry in entries:
        path = home.restricted / str(entry.parquet)
        schema = pq.read_schema(path)
        fingerprint = "|".join(f"{field.name}:{field.type}" for field in schema)
        groups[(str(entry.source), fingerprint)].append(str(path))
        known |= set(schema.names)
    # a question that no file here asked has a column all the same: what a source promises can be checked
    sent = {entry.source for entry in entries}
    for code, declared in home.sources.items():
        if declared.kind == kind == "responses" and code in sent:
            asked = (f"{code}__{item.code}" for item in declared.items)
            columns |= dict.fromkeys((name for name in asked if name not in known), "double")
    branches = [
        f"select {', '.join(f'null::{kind_} as {name}' for name, kind_ in columns.items())} where false"
    ]
    for (source, _), paths in sorted(groups.items()):
        listed = ", ".join("'" + path.replace("'", "''") + "'" for path in sorted(paths))
        branches.append(
            f"select * replace ('{source}' as source_code) from read_parquet([{listed}], hive_partitioning = false)"
        )
    return " union all by name ".join(branches)


def _files_table(home: Home, ledger: Ledger) -> pa.Table:
    rows = [
        {
            "source_code": entry.source,
            "kind": entry.kind,
            "file_id": entry.file_id,
            "wave_code": entry.wave,
            "status": entry.status,
            "records": entry.records,
            "accepted": entry.accepted,
            "quarantined": entry.quarantined,
            "duplicate": entry.duplicate,
            "unknown_unit_count": entry.unknown_units,
            "out_of_scale_count": entry.out_of_scale,
        }
        for entry in ledger.files()
        # the rest has nothing in raw
        if entry.status in {"candidate", "accepted"} and entry.source in home.sources
    ]
    return pa.Table.from_pylist(rows, schema=pa.schema(list(_FILES.items())))
