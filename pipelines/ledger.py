"""The ledger: what arrived, what became of it, and what was published. SQLite, beside raw, never rebuilt.

A row of `files` is the commit point of a file: bytes and Parquet are durable before it says so. Whatever happens,
records = accepted + quarantined + duplicate, enforced by the table itself.
"""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from pipelines import profiles
from pipelines.runbook import SCHEMA, RunBook
from pipelines.runbook import now as now

Status = Literal["claimed", "candidate", "accepted", "held", "duplicate", "refused", "superseded"]

_SCHEMA = """
create table if not exists files (
    name text not null, sha256 text not null, size integer not null, modified_ns integer not null,
    source text, kind text, wave text, status text not null, reason text, message text,
    records integer not null default 0, accepted integer not null default 0,
    quarantined integer not null default 0, duplicate integer not null default 0,
    sound integer not null default 0, declaration text, declaration_version integer,
    parquet text, rows_hash text, slot text,
    format text, encoding text, delimiter text, warnings text not null default '[]',
    unknown_units integer not null default 0, out_of_scale integer not null default 0,
    checks_passed integer, checks_total integer, checks_failed text not null default '[]',
    claimed_at text not null, run_id text,
    primary key (name, sha256),
    check (records = accepted + quarantined + duplicate)
);
create table if not exists quarantine (
    name text not null, sha256 text not null, record integer, line integer, column_name text,
    reason text not null, expected text not null, found text not null, fix text not null,
    records integer not null default 1
);
create index if not exists quarantine_file on quarantine (name, sha256);
create table if not exists publications (
    published_at text not null, snapshot text not null, cell text not null
);
"""


@dataclass(frozen=True)
class Entry:
    """One file of the ledger.

    `sound` is how many records passed decoding; settling decides how many of these are accepted.
    """

    name: str
    sha256: str
    size: int
    modified_ns: int
    source: str | None = None
    kind: str | None = None
    wave: str | None = None
    status: Status = "claimed"
    reason: str | None = None
    message: str | None = None
    records: int = 0
    accepted: int = 0
    quarantined: int = 0
    duplicate: int = 0
    sound: int = 0
    declaration: str | None = None
    declaration_version: int | None = None
    parquet: str | None = None
    rows_hash: str | None = None
    slot: str | None = None
    format: str | None = None
    encoding: str | None = None
    delimiter: str | None = None
    warnings: tuple[str, ...] = ()
    unknown_units: int = 0
    out_of_scale: int = 0
    checks_passed: int | None = None
    checks_total: int | None = None
    checks_failed: tuple[str, ...] = ()
    claimed_at: str = ""
    run_id: str | None = None

    @property
    def key(self) -> tuple[str, str]:
        """What tells a landed file from all others: its name and its bytes."""
        return self.name, self.sha256

    @property
    def file_id(self) -> str:
        """Names it in raw; the same bytes under two names may be two waves. First 16 hex of the SHA-256 of its key."""
        return hashlib.sha256("\0".join(self.key).encode()).hexdigest()[:16]

    @property
    def decoded(self) -> str:
        """The Parquet as decoded, before any record of it was left to a newer file."""
        return str(self.parquet).split(KEPT)[0].removesuffix(".parquet") + ".parquet"


@dataclass(frozen=True)
class Refusal:
    """Why a record (without record: a whole file) is not in raw; `found` never holds a respondent's value."""

    reason: str
    expected: str
    found: str
    fix: str
    record: int | None = None
    line: int | None = None
    column: str | None = None
    records: int = 1

    def __str__(self) -> str:
        return f"{self.reason.replace('_', ' ')}: expected {self.expected}, found {self.found}; {self.fix}"


@dataclass(frozen=True)
class Totals:
    """The balance of the books over all files."""

    files: int = 0
    records: int = 0
    accepted: int = 0
    quarantined: int = 0
    duplicate: int = 0
    by_status: Mapping[str, int] = field(default_factory=dict)


LOST = "lost_original"  # the reason of a file whose original the vault has no more
KEPT = ".kept-"  # in the name of a Parquet without the records that a newer file brings again


def read_only(path: Path, timeout_s: float = 5) -> closing[sqlite3.Connection]:
    """A ledger's file as it lies: nothing is made or written. Raises sqlite3.Error where it is no database."""
    return closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, timeout=timeout_s))


_JSON = {"warnings", "checks_failed"}
_COLUMNS = list(Entry.__dataclass_fields__)


def _entry(row: sqlite3.Row) -> Entry:
    values: dict[str, Any] = {
        name: tuple(json.loads(row[name])) if name in _JSON else row[name] for name in _COLUMNS
    }
    return Entry(**values)


class LostLedgerError(sqlite3.DatabaseError):
    """The ledger of a home that has worked is not there; str() is the end of a sentence."""


def _blank(path: Path) -> bool:
    """Whether there is no ledger at `path`, or one without a table."""
    if not path.exists() or not path.stat().st_size:
        return True
    with closing(sqlite3.connect(path, timeout=60)) as connection:
        return not connection.execute("select count(*) from sqlite_master").fetchone()[0]


def _worked(data: Path) -> bool:
    """Whether the home of this `data/` folder ever took or published a file."""
    originals = data / "vault" / "originals"
    return (data / "published" / "CURRENT").exists() or (originals.is_dir() and any(originals.iterdir()))


class Ledger(RunBook, profiles.ProfileBook):
    """Open with `Ledger(path)`; every public method is one transaction, durable when it returns.

    Raises LostLedgerError where a home that has worked has none: a new one would forget what was published.
    """

    def __init__(self, path: Path) -> None:
        if _blank(path) and _worked(path.parent.parent):
            raise LostLedgerError("it is lost or empty, and this home has worked with one")
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._connection = sqlite3.connect(path, timeout=60, isolation_level=None)
        self._connection.row_factory = sqlite3.Row
        self._connection.execute("pragma journal_mode = wal")
        self._connection.execute("pragma synchronous = full")
        self._connection.executescript(_SCHEMA + SCHEMA + profiles.SCHEMA)
        os.chmod(path, 0o600)

    def close(self) -> None:
        self._connection.close()

    def __enter__(self) -> Ledger:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def files(self, *statuses: Status, kind: str | None = None) -> list[Entry]:
        """Entries in a stable order, optionally of some statuses and one kind."""
        found = [
            _entry(row)
            for row in self._connection.execute("select * from files order by source, name, sha256")
        ]
        return [
            entry
            for entry in found
            if (not statuses or entry.status in statuses) and (kind is None or entry.kind == kind)
        ]

    def refusals(self, entry: Entry | None = None) -> list[tuple[str, Refusal]]:
        """(file name, refusal) in file and record order; of one file only, when given."""
        rows = self._connection.execute(
            "select * from quarantine where ?1 is null or (name = ?1 and sha256 = ?2) order by name, record, line",
            entry.key if entry else (None, None),
        )
        return [
            (
                row["name"],
                Refusal(
                    row["reason"],
                    row["expected"],
                    row["found"],
                    row["fix"],
                    row["record"],
                    row["line"],
                    row["column_name"],
                    row["records"],
                ),
            )
            for row in rows
        ]

    def record(self, entry: Entry, refusals: Iterable[Refusal] | None = None) -> None:
        """Insert or replace one entry; `refusals`, when given, replace those of the file."""
        self.record_all([(entry, refusals)])

    def record_all(self, changes: Sequence[tuple[Entry, Iterable[Refusal] | None]]) -> None:
        """Several entries at one commit point: all or none."""
        marks = ", ".join("?" for _ in _COLUMNS)
        with self._transaction() as connection:
            for entry, refusals in changes:
                values = [
                    json.dumps(getattr(entry, name)) if name in _JSON else getattr(entry, name)
                    for name in _COLUMNS
                ]
                connection.execute(
                    f"insert or replace into files ({', '.join(_COLUMNS)}) values ({marks})", values
                )
                if refusals is None:
                    continue
                connection.execute("delete from quarantine where name = ? and sha256 = ?", entry.key)
                connection.execute(  # what was asked to be decoded again has been, at this same commit
                    "delete from replays where name = ? and sha256 = ?", entry.key
                )
                connection.executemany(
                    "insert into quarantine values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    [
                        (
                            entry.name,
                            entry.sha256,
                            r.record,
                            r.line,
                            r.column,
                            r.reason,
                            r.expected,
                            r.found,
                            r.fix,
                            r.records,
                        )
                        for r in refusals
                    ],
                )

    def totals(self) -> Totals:
        """Counts over every file; the table's own check keeps them in balance."""
        by_status = dict(
            self._connection.execute(
                "select status, count(*) from files group by status order by status"
            ).fetchall()
        )
        row = self._connection.execute(
            "select count(*), coalesce(sum(records), 0), coalesce(sum(accepted), 0), coalesce(sum(quarantined), 0), "
            "coalesce(sum(duplicate), 0) from files"
        ).fetchone()
        files, records, accepted, quarantined, duplicate = row
        return Totals(files, records, accepted, quarantined, duplicate, by_status)

    def publications(self) -> list[dict[str, Any]]:
        """Every cell ever published, oldest first: the register."""
        return [
            json.loads(row["cell"])
            for row in self._connection.execute("select cell from publications order by rowid")
        ]

    def publish(self, snapshot: str, cells: Iterable[Mapping[str, Any]]) -> None:
        """Append to the register; nothing is ever changed or removed there."""
        with self._transaction() as connection:
            connection.executemany(
                "insert into publications values (?, ?, ?)",
                [(now(), snapshot, json.dumps(cell, sort_keys=True)) for cell in cells],
            )
