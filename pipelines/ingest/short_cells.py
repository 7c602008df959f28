"""Columns of cells of one character, which most answers are: coded without a hash table, at the speed of a copy."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from pipelines.ingest.grid import CODED


def coded_cells(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """A column of text as CODED, whatever the length of its cells."""
    whole = column.combine_chunks()  # a step for each of Arrow's small blocks would cost more than the copy
    return pa.chunked_array([_by_byte(whole) if _is_short(whole) else whole.dictionary_encode()], CODED)


def _offsets(chunk: pa.Array) -> np.ndarray:
    return np.frombuffer(chunk.buffers()[1], dtype=np.int32)[chunk.offset : chunk.offset + len(chunk) + 1]


def _is_short(chunk: pa.Array) -> bool:
    """Whether no cell is longer than a byte; of UTF-8, a byte alone is a character of ASCII."""
    return len(chunk) > 0 and chunk.offset == 0 and int(np.diff(_offsets(chunk)).max()) <= 1


def _by_byte(chunk: pa.Array) -> pa.Array:
    offsets = _offsets(chunk)
    bitmap, _, text = chunk.buffers()
    cells = np.frombuffer(text, dtype=np.uint8)[offsets[0] : offsets[-1]] if text else np.empty(0, np.uint8)
    present = _present(cells)
    texts = [chr(byte) for byte in present]
    blank = len(cells) + chunk.null_count < len(chunk)
    if len(cells):
        # An empty cell takes the code of the next one: under a null, nobody looks at it.
        codes = np.take(cells, offsets[:-1] - offsets[0], mode="clip")
        if present[-1] - present[0] < len(present):
            codes -= np.uint8(present[0])
        else:
            lookup = np.zeros(256, dtype=np.uint8)
            lookup[present] = np.arange(len(present))
            codes = lookup[codes]
    else:
        codes = np.zeros(len(chunk), dtype=np.uint8)
    if blank:
        codes[offsets[1:] == offsets[:-1]] = len(texts)
        texts.append("")
    indices = pa.Array.from_buffers(pa.int32(), len(chunk), [bitmap, pa.py_buffer(codes.astype(np.int32))])
    return pa.DictionaryArray.from_arrays(indices, pa.array(texts, pa.string()), safe=False)


def _present(cells: np.ndarray) -> list[int]:
    """The bytes there are, in order."""
    if not len(cells):
        return []
    own = cells.tobytes()
    return [byte for byte in range(int(cells.min()), int(cells.max()) + 1) if byte in own]
