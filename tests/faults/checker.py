"""What must be true of a home after a run was stopped, and after the next one went through.

Reads the files themselves, with SQLite, Arrow and DuckDB, and not through the code that wrote them.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq

Marts = Mapping[str, list[tuple[Any, ...]]]


def wounds(home: Path) -> list[str]:
    """What a stopped run may never leave behind; one sentence each."""
    return [*_published(home), *_books(home)]


def _published(home: Path) -> list[str]:
    """The pointer names a whole snapshot, or there is none yet."""
    folder = home / "data" / "published"
    pointer = folder / "CURRENT"
    if not pointer.exists():
        return []
    snapshot = folder / f"scorecard-{pointer.read_text().strip()}.duckdb"
    if not snapshot.exists():
        return [f"the pointer names {snapshot.name}, which is not there"]
    if snapshot.with_name(snapshot.name + ".wal").exists():
        return [f"{snapshot.name} has a write-ahead log beside it"]
    try:
        with closing(duckdb.connect(str(snapshot), read_only=True)) as connection:
            told = connection.execute("select snapshot_id from meta.snapshot").fetchall()
            tables = connection.execute("select schema_name, table_name from duckdb_tables()").fetchall()
            for schema, table in tables:
                connection.execute(f'select * from "{schema}"."{table}"').fetchall()
    except duckdb.Error as error:
        return [f"{snapshot.name} cannot be read: {type(error).__name__}"]
    if told != [(pointer.read_text().strip(),)]:
        return [f"{snapshot.name} says that it is another snapshot"]
    return [] if len(tables) > 10 else [f"{snapshot.name} holds {len(tables)} tables"]


def _books(home: Path) -> list[str]:
    """Every row of the ledger balances and what it names exists, with as many rows as it says."""
    path = home / "data" / "restricted" / "ledger.sqlite"
    if not path.exists():
        return []
    found = []
    with closing(sqlite3.connect(path)) as connection:
        connection.row_factory = sqlite3.Row
        if connection.execute("pragma integrity_check").fetchone()[0] != "ok":
            return ["the ledger is damaged"]
        if not connection.execute("select 1 from sqlite_master where name = 'publications'").fetchall():
            return []  # stopped while it was made: nothing is recorded yet
        rows = connection.execute("select * from files").fetchall()
        refused = dict(
            connection.execute(
                "select name || '/' || sha256, sum(records) from quarantine group by 1"
            ).fetchall()
        )
        if (home / "data" / "published" / "CURRENT").exists() and not connection.execute(
            "select count(*) from publications"
        ).fetchone()[0]:
            found.append("a snapshot is published and the register knows no cell of it")
    for row in rows:
        if row["quarantined"] != refused.get(f"{row['name']}/{row['sha256']}", 0):
            found.append(f"{row['name']}: the quarantine does not hold the records it refused")
        if row["records"] != row["accepted"] + row["quarantined"] + row["duplicate"]:
            found.append(f"{row['name']}: the books do not balance")
        original = home / "data" / "vault" / "originals" / row["sha256"]
        if row["source"] and _sha256(original) != row["sha256"]:
            found.append(f"{row['name']}: the vault has no such original")
        if row["status"] in {"candidate", "accepted"}:
            found += _parquet(home / "data" / "restricted" / str(row["parquet"]), row)
    return found


def _parquet(path: Path, row: sqlite3.Row) -> list[str]:
    try:
        metadata = pq.read_metadata(path)
        pq.read_table(path)
    except (OSError, ValueError):
        return [f"{row['name']}: {row['status']}, and its Parquet cannot be read"]
    if row["kind"] in {"responses", "ledger"} and metadata.num_rows != row["accepted"]:
        return [f"{row['name']}: {row['accepted']} accepted, {metadata.num_rows} in its Parquet"]
    return []


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.exists() else ""


def marts(home: Path) -> Marts:
    """Every cell of every mart of the warehouse, in a stable order."""
    path = home / "data" / "restricted" / "warehouse.duckdb"
    with closing(duckdb.connect(str(path), read_only=True)) as connection:
        names = connection.execute(
            "select table_name from information_schema.tables where table_schema = 'marts' order by 1"
        ).fetchall()
        return {
            name: connection.execute(f'select * from marts."{name}" order by all').fetchall()
            for (name,) in names
        }


def books(home: Path) -> list[tuple[Any, ...]]:
    """What the ledger says became of each file: the same whatever happened on the way."""
    with closing(sqlite3.connect(home / "data" / "restricted" / "ledger.sqlite")) as connection:
        return connection.execute(
            "select name, status, records, accepted, quarantined, duplicate from files order by name, sha256"
        ).fetchall()


def differences(
    home: Path, reference: tuple[Marts, list[tuple[Any, ...]]], same_files: bool = True
) -> list[str]:
    """How a recovered home differs from one that never met a fault; without `same_files` only marts are compared."""
    found = wounds(home)
    now, wanted = marts(home), reference[0]
    found += [f"mart {name} differs" for name in sorted({*now, *wanted}) if now.get(name) != wanted.get(name)]
    if same_files and books(home) != reference[1]:
        found.append("the ledger says something else of the files")
    if left := [path.name for path in (home / "data").rglob(".*.part")]:
        found.append(f"{len(left)} half-written files are left")
    return found
