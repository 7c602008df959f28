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
from pipelines.declared import Home, decoding_digest, source_spec
from pipelines.expectations import judge_all
from pipelines.files import TRIAL, sha256_of
from pipelines.ingest import FileProblem
from pipelines.judging import judged, source_checks
from pipelines.ledger import Entry, Ledger, Refusal, now, read_only
from pipelines.loading import decode_one, key_of, reads_otherwise, regression
from pipelines.privacy import load_or_make_key
from pipelines.settling import settle
from pipelines.warehouse import path_of, write_raw


@dataclass(frozen=True)
class Rehearsal:
    """The file as a run would leave it. `as_before`: the ledger says just that of it today.

    `rows`: its records as raw would have them, where it can be decoded. `others`: the files that would count for more
    or fewer records, as they would be after. `without_books`: the ledger cannot be read.
    """

    entry: Entry
    refusals: list[Refusal]
    as_before: bool
    rows: Path | None
    others: list[Entry]
    without_books: bool


@contextmanager
def rehearsed(home: Home, path: Path, code: str) -> Iterator[Rehearsal]:
    """Claim, decode, judge and settle `path` as a file of source `code`; `rows` are gone when the block ends.

    Raises FileProblem where the file cannot be taken, RegressionError where it was accepted before, KeyRefusedError.
    """
    with _apart(home) as trial:
        sound = _copy_books(home, trial, code)
        with Ledger(trial.restricted / "ledger.sqlite") as ledger:
            key = _key(home, trial, ledger)
            before = {entry.key: entry for entry in ledger.files()}
            name, seen = name_in(home.landing, path.parent.resolve() / path.name), path.stat()
            entry = Entry(name, sha256_of(path), seen.st_size, seen.st_mtime_ns, claimed_at=now())
            entry = claimed_by(trial, ledger, entry, code)
            _link_raw(home, trial, ledger)
            _link(path.resolve(), trial.vault / "originals" / entry.sha256)
            if _to_decode(trial, entry):
                _decode(trial, ledger, entry, key)
            settle(trial, ledger)
            after = {one.key: one for one in ledger.files()}
            others = [
                after[key]
                for key, other in before.items()
                if key != entry.key and after[key].accepted != other.accepted
            ]
            last = after[entry.key]
            known = before.get(entry.key)
            as_before = known is not None and _state(known) == _state(last)
            told = [one for _, one in ledger.refusals(last)]
            rows = trial.restricted / last.decoded if last.parquet else None
            yield Rehearsal(last, told, as_before, rows, others, not sound)


def _state(entry: Entry) -> tuple[str, int, str | None]:
    return entry.status, entry.accepted, entry.message


def _to_decode(trial: Home, entry: Entry) -> bool:
    if entry.status in {"claimed", "duplicate"}:
        return entry.status == "claimed"
    return reads_otherwise(trial, entry, decoding_digest(source_spec(trial, str(entry.source))))


def _decode(trial: Home, ledger: Ledger, entry: Entry, key: bytes) -> None:
    """Decode the file and judge it, as a run does."""
    try:
        decoded, refusals = decode_one(trial, entry, key)
    except FileProblem as problem:
        if entry.status == "accepted":
            raise regression([f"{entry.name}: {problem}".rstrip(".")]) from None
        raise
    ledger.record(decoded, refusals)
    write_raw(trial, ledger, "candidate")
    (verdict,) = judge_all(path_of(trial), [(source_checks(trial, str(entry.source)), [decoded.file_id])])
    ledger.record_all([judged(trial, ledger, decoded, verdict)])


@contextmanager
def _apart(home: Home) -> Iterator[Home]:
    """The same declarations over an empty data folder, in the restricted zone where there is one: it holds answers."""
    private = home.restricted if os.access(home.restricted, os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix=TRIAL, dir=private, ignore_cleanup_errors=True) as folder:
        yield replace(home, path=Path(folder) / home.path.name)


def _copy_books(home: Home, trial: Home, code: str) -> bool:
    """Copy what the ledger says of this source; False where it is damaged: a file can be tried without."""
    real, copy = home.restricted / "ledger.sqlite", trial.restricted / "ledger.sqlite"
    copy.parent.mkdir(parents=True, mode=0o700)
    if not real.exists():
        return True
    try:
        with read_only(real) as books, closing(sqlite3.connect(copy)) as target:
            books.backup(target)
            target.execute("delete from files where source is not ?", (code,))
            target.commit()
            if target.execute("pragma quick_check").fetchone() == ("ok",):
                return True
    except sqlite3.Error:
        pass
    for left in copy.parent.glob("ledger.sqlite*"):
        left.unlink()
    return False


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


def _key(home: Home, trial: Home, ledger: Ledger) -> bytes:
    """The home's own pseudonym key, so that people are recognised; any other for somebody who may not read it."""
    own = home.vault / "key"
    if (not own.exists() and not ledger.fact("key")) or (own.exists() and not os.access(own, os.R_OK)):
        return load_or_make_key(trial.vault / "key")
    return key_of(ledger, own)[0]
