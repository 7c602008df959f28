"""Writing a snapshot and pointing at it: one immutable DuckDB file per snapshot, described, whole, swapped
atomically.

Readers resolve the pointer CURRENT and open what it names; nothing under a name they may hold open is ever
replaced. The files keep the storage format of DuckDB 1.4, so that analysts' tools of that age open them.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NotRequired, TypedDict

import duckdb
import polars as pl
import pyarrow as pa

from pipelines.files import replacing, sync_file, sync_folder

POINTER = "CURRENT"
STORAGE_VERSION = "v1.4.0"
BLOCK_SIZE = 16384  # the default of 262,144 makes a small snapshot seventeen times larger
SNAPSHOT_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")

Described = tuple[str, str | None, str | None]


class TableComment(TypedDict):
    """What is said of a table: its description (grain first), each column's (description, unit, range), its
    key.
    """

    description: str
    columns: Mapping[str, Described]
    key: NotRequired[Sequence[str]]


Comments = dict[str, TableComment]


class PublicationError(Exception):
    """A snapshot may not be written or published; the message names the table or file and what to do."""


KEYS: dict[str, tuple[str, ...]] = {
    "fct_kpi_values": (
        "unit_code",
        "period_code",
        "stakeholder_code",
        "segment_code",
        "counterparty_code",
        "kpi_code",
        "dimension_code",
    ),
    "fct_finance": ("unit_code", "period_code", "basis", "kpi_code"),
    "scorecard_unit_period": ("unit_code", "period_code", "stakeholder_code"),
    "dim_units": ("unit_code",),
    "dim_periods": ("period_code",),
    "dim_stakeholders": ("stakeholder_code",),
    "dim_segments": ("segment_code",),
    "dim_relations": ("relation_code",),
    "dim_kpi_thresholds": ("kpi_code", "threshold_code"),
    "fct_reliability": ("stakeholder_code", "period_code", "dimension_code"),
    "fct_actions": ("action_code",),
    "fct_strategy": ("line_number",),
    "dim_breaks": ("stakeholder_code", "source_code", "starts_date"),
    "dim_kpis": ("kpi_code",),
    "dim_kpi_labels": ("kpi_code", "stakeholder_code"),
    "dim_dimensions": ("dimension_code",),
    "snapshot": ("snapshot_id",),
    "sources": ("source_code",),
    "dictionary": ("table_schema", "table_name", "column_name"),
}

META: Comments = {
    "snapshot": {
        "description": "One row: what this file is, as of when, made of which code and declarations.",
        "columns": {
            "snapshot_id": ("Identifier of the snapshot; the file is scorecard-<id>.duckdb.", "code", None),
            "created_at": ("When the snapshot was written.", "UTC timestamp", None),
            "as_of_date": ("Day the home is read at; later waves do not count.", "date", None),
            "organisation_name": ("Name of the organisation.", "text", None),
            "language": ("Language of the organisation.", "code", "fr, en"),
            "currency_code": ("Currency of every amount.", "ISO 4217", None),
            "scorecard_grain": (
                "Length of the scorecard's periods.",
                "code",
                "month, quarter, year, fiscal_year",
            ),
            "code_version": ("Version of the pipeline's code.", "text", None),
            "definition_version": ("Version of the KPI definitions (framework.yml).", "text", None),
            "declarations_hash": ("First digits of the SHA-256 of the declarations.", "hex", None),
            "run_id": ("Run that made the snapshot.", "code", None),
        },
    },
    "sources": {
        "description": "One row per declared source: who sends it, how fresh it is, whether its promises hold.",
        "columns": {
            "source_code": ("Source, as declared.", "code", None),
            "label_fr": ("Its name in French; its code where none is declared.", "text", None),
            "label_en": ("Its name in English; its code where none is declared.", "text", None),
            "kind": ("What it sends.", "code", "responses, events, measures, ledger"),
            "stakeholder_code": ("Stakeholder it asks; null for a ledger.", "code", None),
            "owner": ("Team that answers for it.", "text", None),
            "cadence": ("How often it is due.", "code", "daily to yearly"),
            "last_wave_code": ("Latest wave received; null for a continuous source.", "code", None),
            "last_wave_date": ("Last day the received data speak of.", "date", None),
            "freshness_days": ("Age beyond which it is stale.", "days", "0 and more"),
            "age_days": ("Days from the last wave to the as-of date.", "days", None),
            "freshness_status": ("Age against freshness_days.", "code", "fresh, stale, never"),
            "last_file_status": ("What became of its latest file.", "code", "accepted, held, refused"),
            "checks_passed_count": ("Checks its latest file passed.", "count", "0 and more"),
            "checks_count": ("Checks its latest file went through.", "count", "0 and more"),
            "declaration_version": ("Version of its declaration.", "count", "1 and more"),
            "disclosure": ("Whether its figures were public before.", "code", "standard, already_public"),
        },
    },
    "dictionary": {
        "description": "One row per column of this file: what it says, in which unit and range.",
        "columns": {
            "table_schema": ("Schema of the table.", "code", "mart, meta"),
            "table_name": ("Table.", "code", None),
            "column_name": ("Column.", "code", None),
            "position": ("Place of the column in its table.", "count", "1 and more"),
            "data_type": ("DuckDB type.", "code", None),
            "description": ("What the column says.", "text", None),
            "unit": ("Unit of measure.", "text", None),
            "value_range": ("Possible values.", "text", None),
        },
    },
}


def write_snapshot(
    path: Path, marts: Mapping[str, pa.Table], comments: Comments, meta: Mapping[str, pa.Table]
) -> None:
    """Write a new snapshot at `path`: schema mart from `marts`, schema meta from `meta` and the dictionary.

    Tables are ordered by their key, so equal input makes equal tables. `comments` describes each mart; the
    tables of meta describe themselves. Raises PublicationError naming the table or column when a
    description or key is missing or a key repeats. On return the file is whole, durable, read-only (0400)
    and has no .wal beside it; on an error nothing is left of it.
    """
    described = {**META, **comments}
    for name, table in [*marts.items(), *meta.items()]:
        _require_described(name, table.column_names, described)
    _remove(path)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        _write(path, {"mart": marts, "meta": meta}, described)
        os.chmod(path, 0o400)
        sync_file(path)
        sync_folder(path.parent)
    except BaseException:
        _remove(path)
        raise


def read_snapshot(path: Path) -> tuple[dict[str, pl.DataFrame], list[str]]:
    """The marts of a snapshot file, and what breaks the published contract in it (sentences; [] when
    nothing).

    Checked: it opens read-only, no .wal beside it, every table and column described, in the dictionary too,
    every key unique and never null.
    """
    problems = [f"{path.name} has a write-ahead log beside it"] if _wal(path).exists() else []
    with duckdb.connect(str(path), read_only=True) as connection:
        tables = _names(connection, "select schema_name, table_name from duckdb_tables() order by all")
        undescribed = """
            select schema_name || '.' || table_name from duckdb_tables() where coalesce(comment, '') = ''
            union all
            select schema_name || '.' || table_name || '.' || column_name from duckdb_columns()
            where not internal and coalesce(comment, '') = ''
            union all
            (select schema_name || '.' || table_name || '.' || column_name || ' (dictionary)' from duckdb_columns()
            where not internal
            except
            select table_schema || '.' || table_name || '.' || column_name || ' (dictionary)' from meta.dictionary)
            order by 1"""
        problems += [f"{name} has no description" for (name,) in _names(connection, undescribed)]
        for schema, table in tables:
            problems += _key_problems(connection, f'"{schema}"."{table}"', KEYS.get(table, ()))
        frames = {
            table: pl.DataFrame(connection.execute(f'select * from mart."{table}"').to_arrow_table())
            for schema, table in tables
            if schema == "mart"
        }
    return frames, problems


def snapshot_path(folder: Path, snapshot_id: str) -> Path:
    """Where a snapshot lives. Raises PublicationError for an id that is not a plain name."""
    if not SNAPSHOT_ID.fullmatch(snapshot_id):
        raise PublicationError(
            f"'{snapshot_id}' is not a snapshot id: letters, digits, dot, dash, underscore"
        )
    return folder / f"scorecard-{snapshot_id}.duckdb"


def snapshot_id(path: Path) -> str:
    """The id in a snapshot's file name."""
    return path.stem.removeprefix("scorecard-")


def publish(folder: Path, snapshot_id: str) -> Path:
    """Point CURRENT at a snapshot that is in `folder`, atomically and durably; returns its path.

    The file and its name are made durable before the pointer that names them. Readers see the old pointer
    or the new.
    """
    path = snapshot_path(folder, snapshot_id)
    if not path.is_file():
        raise PublicationError(f"{path.name} is not in {folder}; write it before publishing it")
    if _wal(path).exists():
        raise PublicationError(f"{path.name} has a write-ahead log beside it; it was not closed")
    sync_file(path)
    sync_folder(folder)
    with replacing(folder / POINTER) as draft:
        draft.write_text(f"{snapshot_id}\n", encoding="utf-8")
    return path


def current(folder: Path) -> Path | None:
    """The published snapshot file; None when nothing is published, or what is named is not there."""
    try:
        path = snapshot_path(folder, (folder / POINTER).read_text(encoding="utf-8").strip())
    except (OSError, UnicodeDecodeError, PublicationError):
        return None  # no pointer, or a damaged one: the next run writes it anew
    return path if path.is_file() else None


def prune(folder: Path, keep: int = 3) -> list[Path]:
    """Remove all but the `keep` newest snapshots, never the published one; returns what was removed.

    A reader that holds a removed file open keeps reading it: only the name goes.
    """
    published = current(folder)
    if published is None:
        return []
    newest = sorted(folder.glob("scorecard-*.duckdb"), key=lambda path: (path.stat().st_mtime_ns, path.name))
    kept = {published, *newest[max(0, len(newest) - keep) :]}
    removed = [path for path in newest if path not in kept]
    for path in removed:
        path.unlink()
    return removed


def _require_described(name: str, columns: Sequence[str], comments: Mapping[str, TableComment]) -> None:
    comment = comments.get(name)
    if comment is None or not comment["description"].strip():
        raise PublicationError(f"table '{name}' has no description; write one, it starts with its grain")
    for column in columns:
        described = comment["columns"].get(column)
        if described is None or not (described[0] or "").strip():
            raise PublicationError(
                f"column '{name}.{column}' has no description; write what it says and its unit"
            )
    if not (comment.get("key") or KEYS.get(name)):
        raise PublicationError(
            f"table '{name}' has no declared key; give the columns that tell its rows apart"
        )


def _write(
    path: Path, schemas: Mapping[str, Mapping[str, pa.Table]], comments: Mapping[str, TableComment]
) -> None:
    with contextlib.closing(duckdb.connect()) as connection:
        target = str(path).replace("'", "''")
        connection.execute(
            f"attach '{target}' as snap (storage_version '{STORAGE_VERSION}', block_size {BLOCK_SIZE})"
        )
        for schema, tables in schemas.items():
            connection.execute(f"create schema snap.{schema}")
            for name, table in tables.items():
                _create(connection, schema, name, table, comments[name])
        _create(connection, "meta", "dictionary", _dictionary(connection, comments), comments["dictionary"])
        connection.execute("checkpoint snap")
        connection.execute("detach snap")
    if _wal(path).exists():
        raise PublicationError(f"{path.name} was closed with a write-ahead log beside it")


def _create(
    connection: duckdb.DuckDBPyConnection, schema: str, name: str, table: pa.Table, comment: TableComment
) -> None:
    """One table with its comments, in the order of its key, which must tell its rows apart."""
    key = tuple(comment.get("key") or KEYS[name])
    target = f"snap.{schema}.{_quoted(name)}"
    connection.register("incoming", table)
    order = ", ".join(map(_quoted, key))
    connection.execute(f"create table {target} as select * from incoming order by {order}")
    connection.unregister("incoming")
    problems = _key_problems(connection, target, key)
    if problems:
        raise PublicationError(problems[0])
    connection.execute(f"comment on table {target} is {_text(comment['description'])}")
    for column in table.column_names:
        connection.execute(
            f"comment on column {target}.{_quoted(column)} is {_text(_sentence(comment['columns'][column]))}"
        )


def _dictionary(connection: duckdb.DuckDBPyConnection, comments: Mapping[str, TableComment]) -> pa.Table:
    """A row per column, those of the dictionary itself included."""
    rows = connection.execute(
        """select schema_name, table_name, column_name, column_index, data_type from duckdb_columns()
        where database_name = 'snap' and not internal"""
    ).fetchall()
    own = [
        ("meta", "dictionary", column, position, "INTEGER" if column == "position" else "VARCHAR")
        for position, column in enumerate(META["dictionary"]["columns"], start=1)
    ]
    columns = list(META["dictionary"]["columns"])
    values = [(*row, *comments[row[1]]["columns"][row[2]]) for row in [*rows, *own]]
    return pa.table(
        {
            name: pa.array([row[index] for row in values], pa.int32() if name == "position" else pa.string())
            for index, name in enumerate(columns)
        }
    )


def _key_problems(connection: duckdb.DuckDBPyConnection, table: str, key: Sequence[str]) -> list[str]:
    """Whether the key tells the rows apart; the sentence counts rows and shows none."""
    if not key:
        return [f"{table} has no declared key"]
    columns = ", ".join(map(_quoted, key))
    nulls = " or ".join(f"{_quoted(column)} is null" for column in key)
    repeated, empty = connection.execute(
        f"""select (select count(*) from (select 1 from {table} group by {columns} having count(*) > 1)),
        (select count(*) from {table} where {nulls})"""
    ).fetchall()[0]
    problems = []
    if repeated:
        problems.append(f"{table}: {repeated} values of its key ({', '.join(key)}) are there more than once")
    if empty:
        problems.append(f"{table}: {empty} rows have a null in the key ({', '.join(key)})")
    return problems


def _sentence(described: Described) -> str:
    """A column's comment: description, unit, range."""
    description, unit, values = described
    parts = [description.strip(), f"Unit: {unit}." if unit else "", f"Range: {values}." if values else ""]
    return " ".join(part for part in parts if part)


def _names(connection: duckdb.DuckDBPyConnection, query: str) -> list[tuple[str, ...]]:
    return connection.execute(query).fetchall()


def _quoted(identifier: str) -> str:
    return '"' + identifier.replace('"', '""') + '"'


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def _wal(path: Path) -> Path:
    return path.with_name(f"{path.name}.wal")


def _remove(path: Path) -> None:
    path.unlink(missing_ok=True)
    _wal(path).unlink(missing_ok=True)
