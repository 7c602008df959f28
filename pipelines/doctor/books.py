"""The ledger: whole, in balance, its runs closed; and the way back from a damaged one."""

from __future__ import annotations

import datetime as dt
import shutil
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from pipelines.doctor.finding import Finding, Places
from pipelines.files import replacing
from pipelines.ledger import Entry, Ledger, read_only
from pipelines.publication import current, snapshot_id
from pipelines.runbook import COPIES

Register = list[tuple[str, str, str]]


def damage(path: Path) -> str | None:
    """What SQLite finds wrong with a ledger file; None when it is sound."""
    if not path.exists():
        return "it is missing"
    try:
        with read_only(path, timeout_s=60) as connection:
            said = connection.execute("pragma integrity_check(1)").fetchone()[0]
            connection.execute("select count(*) from files").fetchone()
    except sqlite3.DatabaseError as error:
        return str(error)
    return None if said == "ok" else str(said).splitlines()[0]


def ledger(places: Places) -> Iterator[Finding]:
    """A damaged or lost ledger, and the day's copy that can stand in for it."""
    wrong = damage(places.ledger)
    worked = (places.vault / "originals").is_dir()
    if wrong is None or (wrong == "it is missing" and not worked):
        return
    where, what = places.show(places.ledger), f"the ledger is damaged: {wrong}"
    copies = sorted((places.restricted / COPIES).glob("ledger-*.sqlite"), reverse=True)
    sound = next((copy for copy in copies if damage(copy) is None), None)
    if sound is None:
        yield Finding(
            where,
            what,
            "put back a copy of your own; without the register of publications a new one could show what was protected",
        )
        return
    register = _register(places.ledger)
    if register is None and not _nothing_published_since(sound, places):
        yield Finding(
            where,
            f"{what}, and the register of what was published since {sound.stem[7:]} cannot be read",
            f"put back a copy of your own, or {places.show(sound)} if you may publish late answers twice",
        )
        return
    yield Finding(
        where,
        what,
        f"put back the copy {places.show(sound)}; files claimed since are claimed again",
        mend=lambda: _restore(places, sound, register or []),
    )


def _register(path: Path) -> Register | None:
    """Every row of the register, oldest first, if the damage has left them readable."""
    try:
        with read_only(path) as connection:
            return connection.execute(
                "select published_at, snapshot, cell from publications order by rowid"
            ).fetchall()
    except sqlite3.DatabaseError:
        return None


def _nothing_published_since(copy: Path, places: Places) -> bool:
    """The copy knows the snapshot that people see."""
    shown = current(places.published)
    if shown is None:
        return True
    with read_only(copy) as connection:
        known = {row[0] for row in connection.execute("select snapshot from runs where snapshot is not null")}
    return snapshot_id(shown) in known


def _restore(places: Places, copy: Path, register: Register) -> str:
    """Set the damaged ledger aside, put the copy in its place, and add what was published since."""
    stamp = f"{dt.datetime.now(dt.UTC):%Y%m%dT%H%M%SZ}"
    for suffix in ("", "-wal", "-shm"):
        old = places.ledger.with_name(places.ledger.name + suffix)
        if old.exists():
            old.rename(old.with_name(f"damaged-{stamp}-{old.name}"))
    with replacing(places.ledger) as temporary:
        shutil.copyfile(copy, temporary)
        with closing(sqlite3.connect(temporary)) as connection, connection:
            known = connection.execute("select count(*) from publications").fetchone()[0]
            connection.executemany("insert into publications values (?, ?, ?)", register[known:])
    return f"the copy of {copy.stem[7:]} is in place, with the whole register; what was damaged is beside it"


def runs(places: Places, ledger: Ledger) -> Iterator[Finding]:
    """Runs that never ended; nobody holds the lock, so they are dead."""
    left = ledger.unfinished()
    if left:
        yield Finding(
            places.show(places.ledger),
            f"{len(left)} run(s) never ended, the last begun at {left[-1]['started_at']}",
            "start `relier run`, which takes up what they left",
            mend=lambda: f"{len(ledger.close_interrupted())} closed as interrupted",
        )


def balance(places: Places, ledger: Ledger) -> Iterator[Finding]:
    """records = accepted + quarantined + duplicate, and every quarantined record has its reason."""
    explained: Counter[tuple[str, str]] = Counter(ledger.quarantined_counts())
    for entry in ledger.files():
        if entry.records != entry.accepted + entry.quarantined + entry.duplicate:
            yield _again(places, ledger, entry, "its records do not add up")
        elif entry.quarantined != explained[entry.key]:
            told = explained[entry.key]
            what = f"{entry.quarantined} of its records are in quarantine and {told} have a reason there"
            yield _again(places, ledger, entry, what)


def _again(places: Places, ledger: Ledger, entry: Entry, what: str) -> Finding:
    def mend() -> str:
        ledger.ask_replay([entry.key])
        return "the next run decodes it again"

    where = f"{places.home.name}/landing/{entry.name}"
    return Finding(where, what, f"run: relier replay --file {entry.name}", mend=mend)
