"""One file on its way from text to values, and what its format says beyond its cells."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date

import numpy as np
import pyarrow as pa

from pipelines.ingest.columns import Faults
from pipelines.ingest.grid import Cells, Grid
from pipelines.ingest.header import Layout
from pipelines.ingest.spec import SourceSpec

Marks = dict[str, pa.ChunkedArray]


@dataclass(frozen=True)
class Traits:
    """What a format says beyond its cells.

    `null_reason`, `blank_reason`: why an unquoted or quoted empty cell is empty. `implied`: codes of the format for a
    missing answer. `flags` tells, from the format's own columns, which rows are complete and which are tests.
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


@dataclass
class Reading:
    """One file on its way from text to values."""

    grid: Grid
    cells: Cells
    layout: Layout
    spec: SourceSpec
    traits: Traits
    faults: Faults

    @property
    def rows(self) -> int:
        return len(self.cells.numbers)

    def key(self, name: str) -> pa.ChunkedArray | None:
        place = self.layout.keys.get(name)
        return None if place is None else self.cells.columns[place]

    def key_name(self, name: str) -> str | None:
        place = self.layout.keys.get(name)
        return None if place is None else self.layout.names[place]
