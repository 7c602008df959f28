"""What the ledger remembers of running: runs, files to decode again, what was last published, who was told what.

The other half of `Ledger`: same SQLite file, same transactions.
"""

from __future__ import annotations

import datetime as dt
import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SCHEMA = """
create table if not exists runs (
    run_id text primary key, started_at text not null, finished_at text, outcome text, reason text, snapshot text,
    seconds text not null default '{}'
);
create table if not exists replays (
    name text not null, sha256 text not null, asked_at text not null, primary key (name, sha256)
);
create table if not exists published (
    snapshot text primary key, published_at text not null, fingerprint text not null, size integer not null,
    as_of text not null, last_days text not null
);
create table if not exists alerts (
    kind text not null, subject text not null, told_at text not null, problem text, primary key (kind, subject)
);
create table if not exists facts (name text primary key, value text not null);
"""

COPIES = "copies"  # folder of the ledger's daily copies, in the restricted zone
COPIES_KEPT = 3
_IN_FLIGHT = "not known to be delivered"


def now() -> str:
    return dt.datetime.now(dt.UTC).isoformat(timespec="seconds")


@dataclass(frozen=True)
class Published:
    """What the last snapshot was made of; `last_days`: per source, the last day its data speak of."""

    snapshot: str
    fingerprint: str
    size: int
    as_of: dt.date
    last_days: Mapping[str, dt.date]


class RunBook:
    """Methods over the connection that `Ledger` opens; each is one transaction."""

    _connection: sqlite3.Connection

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        self._connection.execute("begin immediate")
        try:
            yield self._connection
        except BaseException:
            self._connection.execute("rollback")
            raise
        self._connection.execute("commit")

    # ---- runs ------------------------------------------------------------------------------------------------

    def begin(self, run_id: str) -> None:
        with self._transaction() as connection:
            connection.execute(
                "insert or ignore into runs (run_id, started_at) values (?, ?)", (run_id, now())
            )

    def finish(
        self,
        run_id: str,
        outcome: str,
        reason: str | None,
        snapshot: str | None,
        seconds: Mapping[str, float],
    ) -> None:
        """Close a run; the first outcome `published` stays, whatever is said after."""
        with self._transaction() as connection:
            connection.execute(
                "update runs set finished_at = ?, outcome = case when outcome = 'published' then outcome else ? end,"
                " reason = ?, snapshot = coalesce(?, snapshot), seconds = ? where run_id = ?",
                (now(), outcome, reason, snapshot, json.dumps(dict(seconds)), run_id),
            )

    def unfinished(self) -> list[dict[str, Any]]:
        """Runs that began and never ended, oldest first; whoever holds the run lock knows they are dead."""
        rows = self._connection.execute("select * from runs where finished_at is null order by started_at")
        return [dict(row) for row in rows]

    def close_interrupted(self, alive: str | None = None) -> list[dict[str, Any]]:
        """Close what a kill left open, except `alive`; only the holder of the run lock may call it."""
        left = [run for run in self.unfinished() if run["run_id"] != alive]
        for run in left:
            self.finish(run["run_id"], "interrupted", "it was stopped before its end", None, {})
        return left

    def last_run(self) -> dict[str, Any] | None:
        row = self._connection.execute(
            "select * from runs order by started_at desc, rowid desc limit 1"
        ).fetchone()
        return {**dict(row), "seconds": json.loads(row["seconds"])} if row else None

    def run_started(self, run_id: str) -> str | None:
        """When the run whose id begins with `run_id` started; None when no run, or several, do."""
        rows = self._connection.execute(
            "select started_at from runs where substr(run_id, 1, ?) = ?", (len(run_id), run_id)
        ).fetchall()
        return rows[0]["started_at"] if len(rows) == 1 else None

    # ---- files to decode again -------------------------------------------------------------------------------

    def ask_replay(self, files: Iterable[tuple[str, str]]) -> None:
        """Mark (name, sha256) to be decoded again; the mark goes in the transaction that records the answer."""
        with self._transaction() as connection:
            connection.executemany(
                "insert or replace into replays values (?, ?, ?)",
                [(name, sha256, now()) for name, sha256 in files],
            )

    def replays(self) -> dict[tuple[str, str], str]:
        """(name, sha256) of the files that wait to be decoded again, and since when."""
        rows = self._connection.execute("select name, sha256, asked_at from replays order by name, sha256")
        return {(row["name"], row["sha256"]): row["asked_at"] for row in rows}

    # ---- what was published ----------------------------------------------------------------------------------

    def remember_published(self, told: Published) -> None:
        with self._transaction() as connection:
            connection.execute("delete from published")
            connection.execute(
                "insert into published values (?, ?, ?, ?, ?, ?)",
                (
                    told.snapshot,
                    now(),
                    told.fingerprint,
                    told.size,
                    told.as_of.isoformat(),
                    json.dumps({code: day.isoformat() for code, day in sorted(told.last_days.items())}),
                ),
            )

    def published(self) -> Published | None:
        """The last publication; None before the first, or when a crash came between it and its record."""
        row = self._connection.execute("select * from published").fetchone()
        if row is None:
            return None
        days = {code: dt.date.fromisoformat(day) for code, day in json.loads(row["last_days"]).items()}
        return Published(
            row["snapshot"], row["fingerprint"], row["size"], dt.date.fromisoformat(row["as_of"]), days
        )

    def snapshots(self) -> set[str]:
        """Every snapshot that a run published, hence audited."""
        rows = self._connection.execute("select snapshot from runs where outcome = 'published'")
        return {row["snapshot"] for row in rows if row["snapshot"]}

    def quarantined_counts(self) -> dict[tuple[str, str], int]:
        """(name, sha256) -> records with a reason in quarantine."""
        rows = self._connection.execute(
            "select name, sha256, sum(records) as n from quarantine group by 1, 2"
        )
        return {(row["name"], row["sha256"]): row["n"] for row in rows}

    # ---- who was told what -----------------------------------------------------------------------------------

    def take_alert(self, kind: str, subject: str) -> bool:
        """Whether this alert is still to be sent; taking it keeps a second teller from sending it too."""
        with self._transaction() as connection:
            row = connection.execute(
                "select problem from alerts where kind = ? and subject = ?", (kind, subject)
            ).fetchone()
            if row and row["problem"] is None:
                return False
            connection.execute(
                "insert or replace into alerts values (?, ?, ?, ?)", (kind, subject, now(), _IN_FLIGHT)
            )
            return True

    def alert_sent(self, kind: str, subject: str, problem: str | None) -> None:
        """What became of an alert taken; with a problem it is tried again when it is next due."""
        with self._transaction() as connection:
            connection.execute(
                "update alerts set told_at = ?, problem = ? where kind = ? and subject = ?",
                (now(), problem, kind, subject),
            )

    def undelivered(self) -> list[dict[str, Any]]:
        """The last alerts, when they did not arrive; a later one that did says the way is open again."""
        rows = self._connection.execute("select * from alerts order by told_at desc, rowid desc limit 3")
        found = []
        for row in rows:
            if row["problem"] is None:
                break
            found.append(dict(row))
        return found

    # ---- facts and copies ------------------------------------------------------------------------------------

    def fact(self, name: str) -> str | None:
        row = self._connection.execute("select value from facts where name = ?", (name,)).fetchone()
        return row["value"] if row else None

    def remember(self, name: str, value: str) -> None:
        with self._transaction() as connection:
            connection.execute("insert or replace into facts values (?, ?)", (name, value))

    def daily_copy(self, folder: Path) -> None:
        """Copy the ledger unless today's copy is there; each publication renews it."""
        if not (folder / f"ledger-{dt.datetime.now(dt.UTC):%Y-%m-%d}.sqlite").exists():
            self.back_up(folder)

    def back_up(self, folder: Path) -> Path:
        """Copy the ledger to `folder`/ledger-<day>.sqlite, whole or not at all, keeping the last three days."""
        from pipelines.files import private_folder, replacing

        target = private_folder(folder) / f"ledger-{dt.datetime.now(dt.UTC):%Y-%m-%d}.sqlite"
        with replacing(target) as temporary, closing(sqlite3.connect(temporary)) as copy:
            self._connection.backup(copy)
            copy.execute("pragma journal_mode = delete")
        for old in sorted(folder.glob("ledger-*.sqlite"))[:-COPIES_KEPT]:
            old.unlink()
        return target
