"""Run a home as a person would, on a copy, and read what it published."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest

REPO = Path(__file__).resolve().parents[2]
REAL = Path(os.environ.get("RELIER_REAL", REPO.parent / "shared" / "real"))
HOMES = REPO / "tests" / "homes"

real = [
    pytest.mark.real,
    pytest.mark.skipif(
        not REAL.is_dir(), reason=f"the real files are not here: {REAL} (RELIER_REAL names them)"
    ),
]


def publish(
    home: Path, work: Path, *landed: Path | tuple[Path, str], declare: Callable[[Path], None] | None = None
) -> Path:
    """Copy `home` into `work`, land the files (some under another name), run the pipeline; the path of its snapshot.

    `declare` completes the declarations of the copy, whose folder it is given.
    """
    copy = work / home.name
    shutil.copytree(home, copy, ignore=shutil.ignore_patterns("data"))
    (copy / "landing").mkdir(exist_ok=True)
    if declare:
        declare(copy / "declarations")
    for file in landed:
        source, name = file if isinstance(file, tuple) else (file, file.name)
        shutil.copyfile(source, copy / "landing" / name)
    relier(copy, "run")
    return Path(relier(copy, "snapshot").strip())


def relier(home: Path, command: str) -> str:
    """Standard output of one command, which must succeed; 600 s is twenty times what a run takes."""
    done = subprocess.run(
        [sys.executable, "-m", "pipelines.cli", "--home", str(home), command],
        cwd=REPO, capture_output=True, text=True, timeout=600,
    )  # fmt: skip
    assert done.returncode == 0, f"relier {command} on {home.name}:\n{done.stdout}\n{done.stderr}"
    return done.stdout


def rows(snapshot: Path, query: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(snapshot), read_only=True) as connection:
        return connection.execute(query).fetchall()


def books(snapshot: Path) -> dict[str, tuple[int, int, int, int]]:
    """Of each source of the home that published `snapshot`: records, accepted, quarantined, duplicate."""
    ledger = snapshot.parents[1] / "restricted" / "ledger.sqlite"
    with sqlite3.connect(ledger) as connection:
        found = connection.execute(
            "select source, sum(records), sum(accepted), sum(quarantined), sum(duplicate) from files group by source"
        ).fetchall()
    return {source: tuple(counts) for source, *counts in found}
