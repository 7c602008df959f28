"""Workbooks and SPSS files are parsed in a child process with limits: a hostile one ends the child, not the run.

The parsers are native code over formats a few bytes of which can ask for any amount of memory.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from pipelines.ingest.grid import CODED, TEXT
from pipelines.ingest.model import FileProblem

CHILD = Path(__file__).with_name("isolated_child.py")
MEMORY = 800 << 20  # what the run itself holds comes on top: 1 GB in all
SECONDS = 30
WAIT = 120
MOST_CELLS = 8_000_000
KINDS = {"workbook": "workbook", "sav": "SPSS file"}
# One thread is enough, and each further one reserves memory that the limit would count.
ALONE = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
FIX = "export it as CSV, or in several files"


@dataclass(frozen=True)
class Column:
    """A column as distinct texts and one index per row (int32). `typed` are the texts that were numbers."""

    texts: list[str]
    codes: np.ndarray
    typed: frozenset[str] = frozenset()

    def at(self, row: int) -> str:
        return self.texts[self.codes[row]]

    def blank(self) -> np.ndarray:
        """Mask of the rows that hold nothing but spaces."""
        return np.array([not text.strip() for text in self.texts], dtype=bool)[self.codes]

    def arrow(self, kind: pa.DataType, rows: np.ndarray | None = None) -> pa.Array:
        """The column, or some of its rows, as TEXT or CODED; an empty cell is null."""
        codes = self.codes if rows is None else self.codes[rows]
        used = np.zeros(len(self.texts), dtype=bool)
        used[codes] = True
        used &= np.array([text != "" for text in self.texts], dtype=bool)
        lookup = np.cumsum(used, dtype=np.int32) - 1
        texts = [text for text, is_used in zip(self.texts, used, strict=True) if is_used]
        coded = pa.DictionaryArray.from_arrays(
            pa.array(lookup[codes], mask=~used[codes]), pa.array(texts, TEXT)
        )
        return coded if kind == CODED else coded.cast(kind)


@dataclass(frozen=True)
class Sheet:
    """One sheet, every row from the first; `merged` are ranges (first row, first column, last row, last column)."""

    name: str
    height: int
    columns: list[Column]
    merged: list[tuple[int, int, int, int]] = field(default_factory=list)


@dataclass(frozen=True)
class Parsed:
    """What a child read: all sheets' names and which of them are visible, the sheets that were read, and extras."""

    names: list[str]
    visible: list[str]
    sheets: list[Sheet]
    about: dict[str, Any] = field(default_factory=dict)


def parse(raw: bytes, what: str, **asked: object) -> Parsed:
    """Have a child parse `raw`, a `workbook` or a `sav`, as `asked`.

    Raises FileProblem: unreadable, too_large, too_slow, password_protected.
    """
    order = {"what": what, "memory": MEMORY, "seconds": SECONDS, "most_cells": MOST_CELLS, **asked}
    command = [sys.executable, "-I", str(CHILD), json.dumps(order)]
    try:
        done = subprocess.run(
            command, input=raw, capture_output=True, timeout=WAIT, check=False, env={**os.environ, **ALONE}
        )
    except subprocess.TimeoutExpired:
        raise _too_slow() from None
    head, _, body = done.stdout.partition(b"\n")
    if done.returncode or not head:
        raise _ended(done.returncode, done.stderr, KINDS[what])
    told = json.loads(head)
    if "problem" in told:
        raise _refusal(told, what)
    return Parsed(
        told["names"], told["visible"], _sheets(told["sheets"], memoryview(body)), told.get("about", {})
    )


def _sheets(told: list[Mapping[str, Any]], body: memoryview) -> list[Sheet]:
    sheets, start = [], 0
    for sheet in told:
        size = 4 * sheet["height"]
        columns = []
        for column in sheet["columns"]:
            codes = np.frombuffer(body[start : start + size], dtype=np.int32)
            start += size
            typed = frozenset(column["texts"][place] for place in column["numbers"])
            columns.append(_without_twins(column["texts"], codes, typed))
        merged = [tuple(area) for area in sheet["merged"]]
        sheets.append(Sheet(sheet["name"], sheet["height"], columns, merged))
    return sheets


def _without_twins(texts: list[str], codes: np.ndarray, typed: frozenset[str]) -> Column:
    """A number and a text may be written alike: they become one text."""
    places: dict[str, int] = {}
    lookup = [places.setdefault(text, len(places)) for text in texts]
    if len(places) == len(texts):
        return Column(texts, codes, typed)
    return Column(list(places), np.array(lookup, dtype=np.int32)[codes], typed)


def _ended(code: int, said: bytes, what: str) -> FileProblem:
    """A child that died says nothing: what killed it tells."""
    if code in (-24, -9):  # SIGXCPU, then SIGKILL
        return _too_slow()
    if b"memory" in said.lower():  # what Rust and C++ say when an allocation is refused
        return FileProblem(
            "too_large",
            expected=f"a file that can be read in {MEMORY >> 20} MB",
            found="one that asks for more",
            fix=f"delete empty formatted areas, or {FIX}",
        )
    return unreadable(what)


def _refusal(told: Mapping[str, Any], what: str) -> FileProblem:
    if told["problem"] == "too_large":
        return FileProblem(
            "too_large",
            expected=f"at most {MOST_CELLS:,} cells, read in {MEMORY >> 20} MB",
            found=told["found"],
            fix=f"delete the empty formatted area, or {FIX}",
        )
    if told["problem"] == "password_protected":
        return FileProblem(
            "password_protected",
            expected="a workbook without a password",
            found="a protected one",
            fix="save it without a password",
        )
    if told["problem"] == "missing_sheet":
        return FileProblem(
            "missing_sheet",
            expected=f'a sheet named "{told["wanted"]}"',
            found=told["found"],
            fix="correct `sheet:` in the source",
            status="held",
        )
    return unreadable(KINDS[what])


def _too_slow() -> FileProblem:
    return FileProblem(
        "too_slow", expected=f"a file read within {SECONDS} s", found="one that takes longer", fix=FIX
    )


def unreadable(what: str = "workbook") -> FileProblem:
    """The refusal of a file that cannot be opened."""
    return FileProblem(
        "unreadable",
        expected=f"a complete {what}",
        found="one that cannot be opened, as after a transfer that stopped",
        fix="send the whole file again",
    )
