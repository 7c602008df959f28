"""A small home whose files are in the books as a run leaves them, without the minute that Dagster and dbt take."""

from __future__ import annotations

import datetime as dt
import os
from dataclasses import replace
from pathlib import Path

from pipelines.claims import claim
from pipelines.declared import Home
from pipelines.fingerprint import fingerprint
from pipelines.ledger import Ledger
from pipelines.loading import load
from pipelines.runbook import Published
from tests.unit.declared.homes import FILES, write_home

KEY = b"k" * 32
SNAPSHOT = "20260101T000000Z-abcdef"
NEXT_WAVE = '  - {code: 2025-Q2, file: "hr_2025Q2*", opened: 2025-06-02, closed: 2025-06-27}\n'
TWO_WAVES = {"sources/hr_survey.yml": FILES["sources/hr_survey.yml"].replace("keys:", f"{NEXT_WAVE}keys:")}


def answers(first: int, count: int = 12, *, strays: bool = True) -> bytes:
    """`count` answers numbered from `first`; with `strays`, every seventh is of an agency nobody declared."""
    agencies = ("AG99" if strays and n % 7 == 0 else "AG1" for n in range(first, first + count))
    rows = [f"{n},{agency},{n % 5 + 1},{n % 11}" for n, agency in enumerate(agencies, start=first)]
    return ("id,agency,Q1,NPS\n" + "\n".join(rows) + "\n").encode()


def put(home: Home, name: str, content: bytes, age_s: int = 3600) -> Path:
    path = home.landing / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    then = dt.datetime(2026, 1, 1, tzinfo=dt.UTC).timestamp() - age_s
    os.utime(path, (then, then))
    return path


def ledger_of(home: Home) -> Ledger:
    return Ledger(home.restricted / "ledger.sqlite")


def worked_home(folder: Path, changes: dict[str, str | None] | None = None, count: int = 12) -> Home:
    """Two waves and a copy of the first, decoded and accepted; nothing published."""
    home = Home.load(write_home(folder, {**TWO_WAVES, **(changes or {})}))
    put(home, "hr_2025Q1.csv", answers(1, count))
    put(home, "hr_2025Q1 (1).csv", answers(1, count))
    put(home, "hr_2025Q2.csv", answers(50, count))
    with ledger_of(home) as ledger:
        work(home, ledger)
    return home


def work(home: Home, ledger: Ledger, run_id: str = "run-1") -> None:
    """Claim, decode and accept, as a run does."""
    claim(home, ledger, run_id, wait=lambda _: None)
    for kind in {source.kind for source in home.sources.values()}:
        load(home, ledger, kind, KEY, run_id)
    ledger.record_all([(replace(entry, status="accepted"), None) for entry in ledger.files("candidate")])


def publish(home: Home, ledger: Ledger) -> Published:
    """A file where the snapshot would be, and the ledger's record of what it was made of."""
    home.published.mkdir(parents=True, exist_ok=True)
    snapshot = home.published / f"scorecard-{SNAPSHOT}.duckdb"
    snapshot.write_bytes(b"figures")
    (home.published / "CURRENT").write_text(f"{SNAPSHOT}\n")
    days = {"hr_survey": dt.date(2025, 6, 27)}
    made = Published(SNAPSHOT, fingerprint(home, ledger, days), snapshot.stat().st_size, home.as_of, days)
    ledger.remember_published(made)
    return made
