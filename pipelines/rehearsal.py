"""A run's own work on one file, in a folder apart: what would become of it, before anything does.

The books are a copy, what is in raw is linked, and nothing of the home is written.
"""

from __future__ import annotations

import os
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from pipelines.claims import claimed_by, name_in
from pipelines.declared import Home
from pipelines.expectations import judge_all
from pipelines.files import TRIAL, sha256_of
from pipelines.judging import judged, source_checks
from pipelines.ledger import Entry, Ledger, Refusal, now, read_only
from pipelines.loading import decode_one
from pipelines.privacy import load_or_make_key
from pipelines.settling import settle
from pipelines.warehouse import path_of, write_raw


@dataclass(frozen=True)
class Rehearsal:
    """The file as a run would leave it. `rows`: its records as raw would have them, None where it is known already.

    `others`: files that were accepted, as they would be after, where that is something else.
    """

    entry: Entry
    refusals: list[Refusal]
    rows: Path | None
    others: list[Entry]


@contextmanager
def rehearsed(home: Home, path: Path, code: str) -> Iterator[Rehearsal]:
    """Claim, decode, judge and settle `path` as a file of source `code`; `rows` are gone when the block ends.

    Raises FileProblem where the file cannot be taken.
    """
    with _apart(home) as trial:
        _copy_books(home, trial, code)
        with Ledger(trial.restricted / "ledger.sqlite") as ledger:
            name, seen = name_in(home.landing, path.absolute()), path.stat()
            entry = Entry(name, sha256_of(path), seen.st_size, seen.st_mtime_ns, claimed_at=now())
            entry = claimed_by(trial, ledger, entry, code)
            if entry.status != "claimed":
                yield Rehearsal(entry, [one for _, one in ledger.refusals(entry)], None, [])
                return
            _link_raw(home, trial, ledger)
            _link(path.resolve(), trial.vault / "originals" / entry.sha256)
            decoded, refusals = decode_one(trial, entry, _key(home, trial))
            ledger.record(decoded, refusals)
            write_raw(trial, ledger, "candidate")
            (verdict,) = judge_all(path_of(trial), [(source_checks(trial, code), [decoded.file_id])])
            ledger.record_all([judged(trial, ledger, decoded, verdict)])
            before = {one.key: one.accepted for one in ledger.files("accepted") if one.key != entry.key}
            settle(trial, ledger)
            after = {one.key: one for one in ledger.files()}
            others = [after[key] for key, accepted in before.items() if after[key].accepted != accepted]
            last = after[entry.key]
            told = [one for _, one in ledger.refusals(last)]
            yield Rehearsal(last, told, trial.restricted / str(decoded.parquet), others)


@contextmanager
def _apart(home: Home) -> Iterator[Home]:
    """The same declarations over an empty data folder, in the restricted zone where there is one: it holds answers."""
    private = home.restricted if os.access(home.restricted, os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix=TRIAL, dir=private, ignore_cleanup_errors=True) as folder:
        yield replace(home, path=Path(folder) / home.path.name)


def _copy_books(home: Home, trial: Home, code: str) -> None:
    """What the ledger says of this source; damaged books are the doctor's, and a file can be tried without."""
    real, copy = home.restricted / "ledger.sqlite", trial.restricted / "ledger.sqlite"
    copy.parent.mkdir(parents=True, mode=0o700)
    if not real.exists():
        return
    try:
        with read_only(real) as books, closing(sqlite3.connect(copy)) as target:
            books.backup(target)
            target.execute("delete from files where source is not ?", (code,))
            target.commit()
    except sqlite3.Error:
        copy.unlink(missing_ok=True)


def _link_raw(home: Home, trial: Home, ledger: Ledger) -> None:
    for entry in ledger.files():
        if not entry.parquet:
            continue
        parts = {str(entry.parquet), entry.decoded}
        if all((home.restricted / part).exists() for part in parts):
            for part in parts:
                _link((home.restricted / part).resolve(), trial.restricted / part)
        else:  # a run would decode it again first
            ledger.record(replace(entry, parquet=None))


def _link(target: Path, link: Path) -> None:
    link.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with suppress(FileExistsError):  # two names of the same bytes
        link.symlink_to(target)


def _key(home: Home, trial: Home) -> bytes:
    """The home's own pseudonym key, so that people are recognised; any other where there is none to read."""
    own = home.vault / "key"
    place = own if os.access(own, os.R_OK) else trial.vault / "key"
    return load_or_make_key(place)
