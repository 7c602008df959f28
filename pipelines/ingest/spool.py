"""The cells of a whole file, piece by piece, in little memory.

What concerns a whole column (its decimal mark, the order of day and month, whether any cell is null) is decided from
the whole column, so that the answer never depends on where a big file is cut into pieces: the text is read once, its
cells are kept as small codes, beyond some size in a file without a name, and read back as often as needed.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, TypeVar

import numpy as np
import polars as pl
import pyarrow as pa

from pipelines.ingest.columns import as_text
from pipelines.ingest.delimited import Delimited
from pipelines.ingest.grid import CODED, TEXT, Cells, Grid
from pipelines.ingest.model import Problem

IN_MEMORY = 1 << 27
NUMBERS = "numbers"
Found = TypeVar("Found")


class Shelf:
    """Tables put away and read back in order: in memory up to some size, beyond it in a file without a name."""

    def __init__(self) -> None:
        self._places: list[pa.RecordBatch | tuple[int, int]] = []
        self._file: Any = None
        self._size = 0

    def put(self, table: pa.Table | pa.RecordBatch) -> None:
        """Keep one more."""
        columns = {
            name: _one(table.column(name), table.schema.field(name).type) for name in table.schema.names
        }
        batch = pa.record_batch(columns)
        if self._size + batch.nbytes <= IN_MEMORY:
            self._size += batch.nbytes
            self._places.append(batch)
            return
        if self._file is None:
            self._file = tempfile.TemporaryFile()  # noqa: SIM115 - it lives as long as the shelf
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, batch.schema) as writer:
            writer.write_batch(batch)
        low = self._file.tell()
        self._file.write(sink.getvalue())
        self._file.flush()
        self._places.append((low, self._file.tell()))

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        for place in self._places:
            yield self._read(*place) if isinstance(place, tuple) else place

    def _read(self, low: int, high: int) -> pa.RecordBatch:
        body = os.pread(self._file.fileno(), high - low, low)
        with pa.ipc.open_stream(pa.py_buffer(body)) as reader:
            return reader.read_next_batch()


class _Kept(NamedTuple):
    """What is no column of a piece."""

    problems: list[Problem]
    typed: dict[int, frozenset[str]]
    hashes: np.ndarray | None


class Piece(NamedTuple):
    """Cells, and a hash of the identity of each row where there is one: equal identities have equal hashes."""

    cells: Cells
    hashes: np.ndarray | None


class Spool:
    """Every piece of a file, with one dictionary per coded column for the whole of it. `rows` is how many there are.

    `identity` are the columns whose texts together name a record.
    """

    def __init__(
        self, pieces: Iterator[Cells], wanted: Mapping[int, pa.DataType], identity: Sequence[int] = ()
    ) -> None:
        self._wanted, self._identity = wanted, identity
        self._texts: dict[int, dict[str, int]] = {
            place: {} for place, kind in wanted.items() if kind == CODED
        }
        self._nulls: set[int] = set()
        self._told: dict[Any, Any] = {}
        self._shelf = Shelf()
        self._kept: list[_Kept] = []
        self.rows = 0
        for cells in pieces:
            self._add(cells)
        self._dictionaries = {place: pa.array(list(texts), TEXT) for place, texts in self._texts.items()}

    def _add(self, cells: Cells) -> None:
        columns: dict[str, pa.Array] = {NUMBERS: pa.array(cells.numbers, pa.int64())}
        for place, column in cells.columns.items():
            if column.null_count:
                self._nulls.add(place)
            columns[str(place)] = self._codes(place, column) if place in self._texts else _one(column, TEXT)
        batch = pa.record_batch(columns)
        self.rows += batch.num_rows
        self._shelf.put(batch)
        self._kept.append(_Kept(cells.problems, cells.typed, self._hashes(cells)))

    def _codes(self, place: int, column: pa.ChunkedArray) -> pa.Array:
        """The column as places in the dictionary of the whole file, in as few bytes as will do so far."""
        texts = self._texts[place]
        if not pa.types.is_dictionary(column.type):
            column = column.dictionary_encode()
        lookups = [
            [texts.setdefault(text, len(texts)) for text in chunk.dictionary.to_pylist()]
            for chunk in column.chunks
        ]
        kind = code_type(len(texts))
        chunks = [
            chunk.indices.cast(kind, safe=False)
            if lookup == list(range(len(lookup)))
            else _spread(np.array(lookup, dtype=kind.to_pandas_dtype()), chunk.indices, kind)
            for lookup, chunk in zip(lookups, column.chunks, strict=True)
        ]
        return _one(pa.chunked_array(chunks, kind), kind)

    def _hashes(self, cells: Cells) -> np.ndarray | None:
        if not self._identity:
            return None
        texts = [pl.Series(_one(as_text(cells.columns[place]), TEXT)) for place in self._identity]
        hashes = np.zeros(len(cells.numbers), dtype=np.uint64)
        for number, text in enumerate(texts):
            hashes ^= np.asarray(text.hash(seed=number))
        return hashes

    def _column(self, place: int, batch: pa.RecordBatch) -> pa.ChunkedArray:
        column = batch.column(str(place))
        if place in self._texts:
            kind = code_type(len(self._texts[place]))
            column = column if column.type == kind else column.cast(kind)
            column = pa.DictionaryArray.from_arrays(column, self._dictionaries[place], safe=False)
        return pa.chunked_array([column])

    def __iter__(self) -> Iterator[Piece]:
        for kept, batch in zip(self._kept, self._shelf, strict=True):
            columns = {place: self._column(place, batch) for place in self._wanted}
            numbers = batch.column(NUMBERS).to_numpy()
            yield Piece(Cells(columns, numbers, kept.problems, kept.typed), kept.hashes)

    def column(self, place: int) -> Iterator[pa.ChunkedArray]:
        """One column of the whole file, piece after piece."""
        return (self._column(place, batch) for batch in self._shelf)

    def texts(self, place: int) -> list[str]:
        """The distinct texts of a coded column in the whole file."""
        return list(self._texts.get(place, ()))

    def typed(self, place: int) -> frozenset[str]:
        """Texts of a column that were numbers in a workbook."""
        return frozenset().union(*(kept.typed.get(place, frozenset()) for kept in self._kept))

    def has_null(self, place: int) -> bool:
        """Whether any cell of the column, in the whole file, is empty and unquoted."""
        return place in self._nulls

    def doubtful(self) -> np.ndarray:
        """Hashes that two records or more share, in order: the only ones whose records may be the same."""
        parts = [kept.hashes for kept in self._kept if kept.hashes is not None]
        if not parts:
            return np.empty(0, dtype=np.uint64)
        hashes = np.sort(np.concatenate(parts))
        return np.unique(hashes[1:][hashes[1:] == hashes[:-1]])

    def once(self, key: object, find: Callable[[], Found]) -> Found:
        """What `find` says, found once for the whole file under `key`."""
        if key not in self._told:
            self._told[key] = find()
        return self._told[key]


def pieces_of(grid: Grid, wanted: Mapping[int, pa.DataType]) -> Iterator[Cells]:
    """The cells of a grid; only delimited text comes in more than one piece."""
    if isinstance(grid, Delimited):
        return grid.pieces(wanted)
    return iter([grid.read(wanted)])


def together(parts: Sequence[Cells], wanted: Mapping[int, pa.DataType]) -> Cells:
    """Several pieces as one."""
    columns = {
        place: pa.chunked_array([chunk for part in parts for chunk in part.columns[place].chunks], kind)
        for place, kind in wanted.items()
    }
    typed: dict[int, frozenset[str]] = {}
    for part in parts:
        typed |= {place: typed.get(place, frozenset()) | texts for place, texts in part.typed.items()}
    problems = [problem for part in parts for problem in part.problems]
    return Cells(columns, np.concatenate([part.numbers for part in parts]), problems, typed)


def code_type(texts: int) -> pa.DataType:
    """The smallest type that holds a code per text and one more, which stands for null."""
    return pa.uint8() if texts < 1 << 8 else pa.uint16() if texts < 1 << 16 else pa.int32()


def _spread(lookup: np.ndarray, indices: pa.Array, kind: pa.DataType) -> pa.Array:
    """lookup[indices], null where the index is."""
    plain = pa.Array.from_buffers(
        indices.type, len(indices), [None, indices.buffers()[1]], offset=indices.offset
    )
    # what stands under a null may be anything
    codes = np.take(lookup, plain.to_numpy(), mode="clip")
    if not indices.null_count:
        return pa.array(codes, kind)
    if indices.offset:
        return pa.array(codes, kind, mask=np.asarray(indices.is_null()))
    return pa.Array.from_buffers(kind, len(codes), [indices.buffers()[0], pa.py_buffer(codes)])


def _one(column: pa.ChunkedArray | pa.Array, kind: pa.DataType) -> pa.Array:
    """The column in one piece, as the kind asked for."""
    if isinstance(column, pa.Array):
        return column.cast(kind)
    if column.num_chunks == 1:
        return column.chunk(0).cast(kind)
    return (
        pa.concat_arrays([chunk.cast(kind) for chunk in column.chunks])
        if column.num_chunks
        else pa.array([], kind)
    )
