"""What every container gives the typed readers, whether text or workbook: headers, a count, and columns of text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import pyarrow as pa

from pipelines.ingest.model import FileProblem, Problem

TEXT = pa.string()
CODED = pa.dictionary(pa.int32(), pa.string())
MOST_COLUMNS = 16_384


@dataclass(frozen=True)
class Cells:
    """Columns of text keyed by position (null = empty and unquoted, "" = empty and quoted), one row per record kept.

    `numbers[i]` is the record number of row i, from 1. `problems` are records of the wrong width. `typed` holds, per
    column, the texts that were numbers in a workbook, where a dot is always the decimal mark.
    """

    columns: dict[int, pa.ChunkedArray]
    numbers: np.ndarray
    problems: list[Problem] = field(default_factory=list)
    typed: dict[int, frozenset[str]] = field(default_factory=dict)


class Grid(Protocol):
    """`headers` are the header rows, of one width. `records` counts data records, without blank ones after `read`."""

    headers: list[list[str]]
    records: int
    encoding: str
    delimiter: str | None
    warnings: list[str]
    quotes_header: bool

    def read(self, wanted: Mapping[int, pa.DataType]) -> Cells:
        """The wanted columns as TEXT or CODED."""
        ...

    def lines(self, records: np.ndarray) -> list[int]:
        """The line (or sheet row) each record number starts on, from 1."""
        ...


def refuse_wide(columns: int) -> None:
    """Raise FileProblem where a file has more columns than any sheet: looking each up would take for ever."""
    if columns > MOST_COLUMNS:
        raise FileProblem(
            "too_wide",
            expected=f"at most {MOST_COLUMNS:,} columns, as many as a sheet may have",
            found=f"{columns:,}",
            fix="export the answers with one row per answer, or only the columns that are needed",
        )
