"""Where decoded rows go: kept as one table, or handed on piece by piece."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pyarrow as pa

from pipelines.ingest.model import Decoded

# A table of accepted rows and the wave of the file, if it has one.
Sink = Callable[[pa.Table, str | None], None]


def given(decoded: Decoded, sink: Sink | None) -> Decoded:
    """A file that was decoded whole: its rows to the sink, if there is one."""
    if sink is None:
        return decoded
    sink(decoded.table, decoded.wave_code)
    return replace(decoded, table=decoded.table.slice(0, 0))


class Collected:
    """Gives each piece to the sink; without a sink, keeps them."""

    def __init__(self, sink: Sink | None, wave_code: str | None) -> None:
        self._sink, self._wave = sink, wave_code
        self._tables: list[pa.Table] = []

    def add(self, table: pa.Table) -> None:
        if self._sink:
            self._sink(table, self._wave)
            table = table.slice(0, 0)
        if not self._sink or not self._tables:
            self._tables.append(table)

    def table(self) -> pa.Table:
        """All the rows; with a sink, none."""
        return pa.concat_tables(self._tables).combine_chunks()
