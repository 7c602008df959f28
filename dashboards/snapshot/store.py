"""Opening the published snapshot: which file, read-only, with every door to the machine locked."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import streamlit as st

Row = dict[str, Any]
ROOT = Path(__file__).resolve().parents[2]
ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
# read_only alone still reads any file of the machine from SQL: these settings close that door and lock it
LOCKED: dict[str, Any] = {
    "enable_external_access": False,
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
    "allow_community_extensions": False,
    "python_enable_replacements": False,
    "memory_limit": "512MB",
    "threads": 1,
    "lock_configuration": True,
}


@dataclass(frozen=True)
class Snapshot:
    """An immutable published file. `is_last_good` says that the current one could not be read."""

    snapshot_id: str
    path: str
    is_last_good: bool = False

    def rows(self, sql: str, *values: Any) -> list[Row]:
        """Run one parametrised query; each `?` takes the next of `values`."""
        return _rows(self.snapshot_id, self.path, sql, values)


class NoSnapshotError(Exception):
    """Nothing was ever published in this home."""


@st.cache_data(max_entries=1000, show_spinner=False)
def _rows(snapshot_id: str, path: str, sql: str, values: tuple[Any, ...]) -> list[Row]:
    """The id is an argument so that a new snapshot is never answered from the cache of an old one."""
    with duckdb.connect(path, read_only=True, config=LOCKED) as base:
        result = base.execute(sql, list(values))
        names = [column[0] for column in result.description or []]
        return [dict(zip(names, row, strict=True)) for row in result.fetchall()]


def published_folder() -> Path:
    """Where snapshots of the home live: RELIER_HOME, else the shipped demo."""
    return Path(os.environ.get("RELIER_HOME") or ROOT / "examples" / "demo") / "data" / "published"


def _is_readable(snapshot: Snapshot) -> bool:
    try:
        return bool(snapshot.rows("SELECT snapshot_id FROM meta.snapshot"))
    except (duckdb.Error, OSError):
        return False


def open_current() -> Snapshot:
    """The snapshot CURRENT points to; if it cannot be read, the newest that can; else NoSnapshotError.

    Called on every rerun: the pointer is replaced atomically while people look at the pages.
    """
    folder = published_folder()
    try:
        named = (folder / "CURRENT").read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        named = ""
    if ID.fullmatch(named):
        current = Snapshot(named, str(folder / f"scorecard-{named}.duckdb"))
        if Path(current.path).is_file() and _is_readable(current):
            return current
    for path in sorted(
        folder.glob("scorecard-*.duckdb"), key=lambda file: file.stat().st_mtime, reverse=True
    ):
        older = Snapshot(path.stem.removeprefix("scorecard-"), str(path), is_last_good=True)
        if _is_readable(older):
            return older
    raise NoSnapshotError
