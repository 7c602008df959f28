"""A hash of a table's rows that does not depend on their order, so that it can be taken piece by piece."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

# Odd constants of splitmix64; what matters is that they stay the same.
FIRST, SECOND, STEP = (
    np.uint64(value) for value in (0xBF58476D1CE4E5B9, 0x94D049BB133111EB, 0x9E3779B97F4A7C15)
)
NULL = np.uint64(0xD1B54A32D192ED03)
BETWEEN = "\x1f"


class RowsHash:
    """Two sums, modulo 2^64, of a hash of each row; equal for equal rows in any order and in any pieces."""

    def __init__(self, leaving_out: Sequence[str] = ()) -> None:
        self._out = set(leaving_out)
        self._sums = [0, 0, 0]
        self._columns: dict[str, str] = {}

    def add(self, table: pa.Table) -> None:
        """Count these rows in."""
        rows = np.zeros(table.num_rows, dtype=np.uint64)
        with np.errstate(over="ignore"):
            for name in sorted(set(table.column_names) - self._out):
                self._columns[name] = str(table.schema.field(name).type)
                salt = np.uint64(
                    int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest(), "big")
                )
                parts = [_bits(chunk) for chunk in table[name].chunks]
                if parts:
                    rows += _mixed((np.concatenate(parts) if len(parts) > 1 else parts[0]) ^ salt)
            sums = (int(_mixed(rows).sum()), int(_mixed(rows ^ STEP).sum()), len(rows))
        self._sums = [(old + new) % 2**64 for old, new in zip(self._sums, sums, strict=True)]

    def hexdigest(self) -> str:
        """SHA-256 of the sums, the number of rows, and the names and types of the columns."""
        return hashlib.sha256(repr((self._sums, sorted(self._columns.items()))).encode()).hexdigest()


def _mixed(bits: np.ndarray) -> np.ndarray:
    """splitmix64's finish: every bit of the result depends on every bit given."""
    bits = (bits ^ (bits >> np.uint64(30))) * FIRST
    bits ^= bits >> np.uint64(27)
    bits *= SECOND
    bits ^= bits >> np.uint64(31)
    return bits


def _bits(column: pa.Array) -> np.ndarray:
    """64 bits per value."""
    if pa.types.is_list(column.type):
        joined = pc.binary_join(column, BETWEEN)
        column = pc.if_else(pc.is_null(column), pa.scalar(None, pa.string()), joined)
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if pa.types.is_string(column.type):
        bits = _text_bits(column.fill_null(""))
    elif pa.types.is_decimal(column.type):
        whole = column if not column.offset else pa.concat_arrays([column])
        halves = np.frombuffer(whole.buffers()[1], dtype=np.uint64)[: 2 * len(whole)].reshape(-1, 2)
        bits = _mixed(halves[:, 0] + STEP) + halves[:, 1]
    elif pa.types.is_floating(column.type):
        bits = column.fill_null(0.0).to_numpy(zero_copy_only=False).view(np.uint64)
    else:
        whole = column.cast(pa.int64() if pa.types.is_timestamp(column.type) else pa.int32())
        bits = whole.fill_null(0).to_numpy().astype(np.int64).view(np.uint64)
    if not column.null_count:
        return bits
    return np.where(np.asarray(column.is_null()), NULL, bits)


def _text_bits(column: pa.Array) -> np.ndarray:
    """Each text as a polynomial of its bytes; the number of its bytes is its last term."""
    if not len(column):
        return np.empty(0, dtype=np.uint64)
    whole = pa.concat_arrays([column]) if column.offset else column
    offsets = np.frombuffer(whole.buffers()[1], dtype=np.int32)[: len(whole) + 1].astype(np.int64)
    lengths = np.diff(offsets)
    text = np.frombuffer(whole.buffers()[2] or b"", dtype=np.uint8)[offsets[0] : offsets[-1]]
    powers = np.cumprod(np.full(int(lengths.max()) + 1, STEP, dtype=np.uint64))
    at = np.arange(len(text)) - np.repeat(offsets[:-1] - offsets[0], lengths)
    sums = np.concatenate([[np.uint64(0)], np.cumsum((text + np.uint64(1)) * powers[at], dtype=np.uint64)])
    places = offsets - offsets[0]
    return sums[places[1:]] - sums[places[:-1]] + powers[lengths]
