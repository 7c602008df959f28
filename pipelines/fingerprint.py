"""What a snapshot was made of, in one hash: two equal fingerprints would publish the same figures.

Declarations, the ledger's files, code and packages; and of today's date only what depends on it: the side of every
declared date it falls on, and which sources are late. A day that crosses nothing changes nothing.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import sys
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from pipelines.declared import Home, declared_tables
from pipelines.declared.freshness import freshness
from pipelines.ledger import Ledger

REPOSITORY = Path(__file__).resolve().parent.parent
_NOT_CODE = {"__pycache__", "target", "logs", "dbt_packages"}


def fingerprint(home: Home, ledger: Ledger, last_days: Mapping[str, dt.date]) -> str:
    """SHA-256 over all that the marts are made of; `last_days`: per source, the last day its data speak of."""
    parts = {
        "declarations": home.digest,
        "code": code_digest(REPOSITORY),
        "packages": packages_digest(),
        "files": _files(ledger),
        "dates": _dates(home),
        "freshness": {code: freshness(home, code, last_days.get(code))[1] for code in sorted(home.sources)},
        # data of days still to come could begin to count on any of them
        "as_of": home.as_of.isoformat()
        if max(last_days.values(), default=dt.date.min) > home.as_of
        else None,
    }
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


@cache
def code_digest(repository: Path) -> str:
    """Hash of what turns files into figures; read once a process, which has loaded its code by then."""
    hasher = hashlib.sha256()
    for path in _code(repository):
        hasher.update(path.relative_to(repository).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return hasher.hexdigest()


def _code(repository: Path) -> Iterator[Path]:
    for folder in ("pipelines", "dbt_project"):
        for path in sorted((repository / folder).rglob("*")):
            inner = path.relative_to(repository).parts
            if path.is_file() and not _NOT_CODE & set(inner) and not path.name.startswith("."):
                yield path


@cache
def packages_digest() -> str:
    """Hash of the installed packages' names and versions, read off their folders, and of Python's own."""
    found = {path.name for place in sys.path if place for path in Path(place).glob("*.dist-info")}
    return hashlib.sha256(repr((sys.version, sorted(found))).encode()).hexdigest()


def _files(ledger: Ledger) -> str:
    """Hash of what became of each file; when and by which run does not matter."""
    entries = [replace(entry, claimed_at="", run_id=None, message=None) for entry in ledger.files()]
    return hashlib.sha256(repr(entries).encode()).hexdigest()


def _dates(home: Home) -> str:
    """Hash of the declared tables as they read at the as-of date, and of the side of it each declared date is on."""
    hasher = hashlib.sha256()
    today = pa.scalar(home.as_of, pa.date32())
    for name, table in sorted(declared_tables(home).items()):
        for column in table.column_names:
            values = table[column]
            if (name, column) == ("organisation", "as_of_date"):
                continue
            told = values.to_pylist()
            if pa.types.is_date(values.type):
                told += pc.less_equal(values, today).to_pylist() + pc.less(values, today).to_pylist()
            hasher.update(repr((name, column, told)).encode())
    # a review that falls due changes what the register says
    reviews = [line.review_date for line in home.registers.strategy]
    hasher.update(repr([day is not None and day < home.as_of for day in reviews]).encode())
    return hasher.hexdigest()
