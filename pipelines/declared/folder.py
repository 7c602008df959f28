"""The files of a declarations folder: which may stand there, and their hash."""

from __future__ import annotations

import difflib
import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path

from pipelines.declared.lines import Problem

_KNOWN = (
    "organisation.yml",
    "units.csv",
    "unit_aliases.csv",
    "headcounts.csv",
    "population.csv",
    "framework.yml",
    "finance.yml",
    "privacy.yml",
    "verbatims.yml",
    "registers/strategy.csv",
    "registers/bodies.csv",
    "registers/actions.csv",
)


def strangers(folder: Path, shown: Callable[[str], str]) -> Iterator[Problem]:
    """A misspelt file would be ignored in silence, and its thresholds with it."""
    for path in sorted(folder.rglob("*")):
        relative = path.relative_to(folder).as_posix()
        if path.is_dir() or path.name.startswith(".") or relative in _KNOWN:
            continue
        if not (path.parent.name == "sources" and path.suffix == ".yml"):
            close = difflib.get_close_matches(relative, _KNOWN, n=1)
            known = f"known files are {', '.join(_KNOWN)}, sources/*.yml"
            hint = f"did you mean '{close[0]}'?" if close else known
            yield Problem(shown(relative), None, f"is not a declaration; {hint}")


def digest(folder: Path) -> str:
    """SHA-256 over every declaration file, names included: two homes that say the same have the same digest."""
    hasher = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            hasher.update(path.relative_to(folder).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return hasher.hexdigest()
