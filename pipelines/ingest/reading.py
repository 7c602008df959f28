"""One file on its way from text to values, and what its format says beyond its cells."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from pipelines.ingest.columns import Fault, Faults, Scale, as_text, coded, read_scale
from pipelines.ingest.grid import Cells, Grid
from pipelines.ingest.header import Layout
from pipelines.ingest.spec import SourceSpec
from pipelines.ingest.spool import Spool

Marks = dict[str, pa.ChunkedArray]


@dataclass(frozen=True)
class Traits:
    """What a format says beyond its cells.

    `null_reason`, `blank_reason`: why an unquoted or quoted empty cell is empty. `implied`: codes of the format for a
    missing answer. `flags` tells, from the format's own columns, which rows are complete and which are tests.
    `day_first` settles dates that read both ways (None: nothing does). `utc`: moments are written in UTC, whatever the
    time zone of the people who answered.
    """

    null_reason: str | None = None
    blank_reason: str | None = None
    implied: dict[str, str] = field(default_factory=dict)
    tells_reasons: bool = False
    flags: Callable[[Marks, int], tuple[np.ndarray, np.ndarray]] | None = None
    zone: str | None = None
    no_date: tuple[str, ...] = ()
    anonymous: frozenset[str] = frozenset()
    serial_epoch: date | None = None
    day_first: bool | None = None
    utc: bool = False


def is_filled(marks: Marks, name: str, rows: int) -> np.ndarray:
    """Which of the `rows` have something in a format's own column; all of them where the file lacks it."""
    return np.asarray(as_text(marks[name]).is_valid()) if name in marks else np.ones(rows, dtype=bool)


@dataclass
class Reading:
    """One piece of a file on its way from text to values; `whole` answers what concerns all of the file."""

    grid: Grid
    cells: Cells
    layout: Layout
    spec: SourceSpec
    traits: Traits
    faults: Faults
    whole: Spool

    @property
    def rows(self) -> int:
        return len(self.cells.numbers)

    def key(self, name: str) -> pa.ChunkedArray | None:
        place = self.layout.keys.get(name)
        return None if place is None else self.cells.columns[place]

    def key_name(self, name: str) -> str | None:
        place = self.layout.keys.get(name)
        return None if place is None else self.layout.names[place]

    def identity(self) -> dict[str, pa.ChunkedArray]:
        """The columns that together tell a response or an event from the others, by name; none where undeclared."""
        place = self.layout.keys.get("response")
        if place is None:
            return {}
        places = [place, *(self.layout.named[column] for column in self.spec.also)]
        return {self.layout.names[place]: self.cells.columns[place] for place in places}


class ColumnRead(NamedTuple):
    """One column read: its numbers, why some are missing (None if not asked), and the faults by distinct text."""

    values: pa.Array
    reasons: pa.Array | None
    faults: list[Fault | None]
    places: np.ndarray


def read_column(reading: Reading, place: int, scale: Scale, reasons: bool) -> ColumnRead:
    """Read one column on a scale; its faults are returned, for the caller knows in which order they count."""
    column = coded(reading.cells.columns[place])
    typed = reading.cells.typed.get(place, frozenset())
    verdicts = reading.whole.once((place, repr(scale)), lambda: read_scale(scale, column.texts, typed))
    return ColumnRead(
        column.spread(value for value, _, _ in verdicts),
        column.spread_text([reason for _, reason, _ in verdicts]) if reasons else None,
        [fault for _, _, fault in verdicts],
        column.index,
    )
