"""What a record is in delimited text: an exact scanner, and a fast independent count that agrees with it.

A record ends at a line end (LF, CR, CRLF or CR CR LF) outside quotes; an empty line is not a record. A quote opens a
cell only as its first character and is literal anywhere else. The count is made from the bytes with numpy,
never by the engine that loads them, so that a loader that loses rows is caught.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

DELIMITERS = (",", ";", "\t", "|", "$")
SAMPLE = 1 << 18
CHUNK = 1 << 20
QUOTE, CR, LF = 34, 13, 10


@dataclass(frozen=True)
class Row:
    """One scanned record: byte offsets, cells (None = empty and unquoted), and whether a quote was out of place."""

    start: int
    end: int
    cells: list[str | None]
    damaged: bool


@dataclass(frozen=True)
class Count:
    """`ends[i]` is where record i ends, `last_start` where the last begins; `regular`: every quote opens or closes."""

    records: int
    last_start: int
    regular: bool
    unterminated: bool
    ends: np.ndarray


class Unterminated(Exception):
    """A quote was opened and never closed; `records` were complete before it."""

    def __init__(self, records: int) -> None:
        super().__init__("unterminated quote")
        self.records = records


def scan(data: bytes, delimiter: str | None, *, quoted: bool = True, start: int = 0) -> Iterator[Row]:
    """Every record from byte `start`, cell by cell. Raises Unterminated."""
    mark = delimiter or ""
    cell_text = re.compile(b"[^" + re.escape(mark.encode()) + b"\r\n]*")
    position, size, seen = start, len(data), 0
    while True:
        while position < size and data[position] in (CR, LF):
            position += 1
        if position >= size:
            return
        begin, damaged = position, False
        cells: list[str | None] = []
        while True:
            if quoted and data[position : position + 1] == b'"':
                closing, clean = _closing_quote(data, position, mark)
                if closing < 0:
                    raise Unterminated(seen)
                cells.append(_text(data[position + 1 : closing]).replace('""', '"'))
                damaged = damaged or not clean
                position = closing + 1
            else:
                match = cell_text.match(data, position)
                end = match.end() if match else position
                cells.append(_text(data[position:end]) or None)
                position = end
            if mark and data[position : position + 1] == mark.encode():
                position += 1
            else:
                break
        seen += 1
        yield Row(begin, position, cells, damaged)


def _text(cell: bytes) -> str:
    return cell.decode("utf-8", "replace")


def _closing_quote(data: bytes, opening: int, mark: str) -> tuple[int, bool]:
    """Offset of the quote that closes the cell (-1: none), and whether no stray quote lay on the way."""
    ends = (b"", b"\r", b"\n", mark.encode())
    clean, position = True, opening + 1
    while True:
        position = data.find(b'"', position)
        if position < 0:
            return -1, clean
        following = data[position + 1 : position + 2]
        if following in ends:
            return position, clean
        clean = clean and following == b'"'
        position += 2 if following == b'"' else 1


def detect_delimiter(data: bytes, *, quoted: bool = True) -> str | None:
    """The mark that cuts the first 20 records into one same number of cells, at least 2; None where none does.

    Where no mark gives a constant width, the one whose header most records agree with is taken.
    """
    sample = data[:SAMPLE]
    best: tuple[float, int, str] | None = None
    for mark in DELIMITERS:
        rows = _first_rows(sample, mark, quoted, whole=len(data) <= SAMPLE)
        if not rows or len(rows[0].cells) < 2:
            continue
        width = len(rows[0].cells)
        fitting = sum(len(row.cells) == width and not row.damaged for row in rows) / len(rows)
        if best is None or (fitting, width) > best[:2]:
            best = (fitting, width, mark)
    return best[2] if best else None


def _first_rows(sample: bytes, mark: str, quoted: bool, whole: bool) -> list[Row]:
    rows: list[Row] = []
    scanner = scan(sample, mark, quoted=quoted)
    while len(rows) < 20:
        try:
            row = next(scanner)
        except (StopIteration, Unterminated):
            break
        if row.end >= len(sample) and not whole and rows:
            break  # the sample, not the file, cut this record
        rows.append(row)
    return rows


def count(data: bytes, delimiter: str | None, *, quoted: bool = True, start: int = 0) -> Count:
    """Independent count of the records from byte `start`, in a few passes of numpy over chunks of the bytes."""
    codes = np.frombuffer(data, dtype=np.uint8)
    mark = ord(delimiter or "\n") if quoted and data.find(b'"', start) >= 0 else None
    returns = data.find(b"\r", start) >= 0
    lows = range(start, len(data), CHUNK)
    with ThreadPoolExecutor(2) as pool:
        inside = [0] * len(lows)
        if mark is not None:
            quotes = np.cumsum(
                list(pool.map(lambda low: np.count_nonzero(codes[low : low + CHUNK] == QUOTE), lows))
            )
            inside = [0, *(quotes & 1).tolist()]
        parts = list(
            pool.map(lambda i: _chunk(codes, start, lows[i], returns, mark, inside[i]), range(len(lows)))
        )
    ends = np.concatenate([part[0] for part in parts]) if parts else np.empty(0, dtype=np.int64)
    lines = np.concatenate([[start - 1], ends, [len(data)]])
    filled = np.flatnonzero(np.diff(lines) > 1)
    last = int(lines[filled[-1]]) + 1 if len(filled) else start
    return Count(
        len(filled), last, all(part[1] for part in parts), bool(inside and inside[-1]), lines[filled + 1]
    )


def _chunk(
    codes: np.ndarray, start: int, low: int, returns: bool, mark: int | None, inside: int
) -> tuple[np.ndarray, bool]:
    """Line ends of one chunk that lie outside quotes, and whether each of its quotes stands where a quote may."""
    # One byte of the neighbouring chunks is taken along, to see what stands beside a quote at the border.
    left, right = min(low - start, 1), low + CHUNK + 1
    piece = codes[low - left : right]
    own = slice(left, left + CHUNK)
    ends = piece == LF
    if returns:
        ends |= piece == CR
    if mark is None:
        return np.flatnonzero(ends[own]) + low, True
    quotes = piece == QUOTE
    allowed = ends | quotes
    allowed |= piece == mark
    open_after = np.cumsum(quotes[own], dtype=np.uint8)
    open_after += np.uint8(inside)
    open_after &= np.uint8(1)
    opened = open_after.view(bool)
    opening, closing = quotes[own] & opened, quotes[own] & ~opened
    width = len(opened)
    # Before the first byte and after the last one, a quote may stand.
    before = np.ones(width, dtype=bool)
    before[1 - left :] = allowed[: width - 1 + left]
    after = np.ones(width, dtype=bool)
    beyond = allowed[left + 1 : left + 1 + width]
    after[: len(beyond)] = beyond
    regular = not ((opening & ~before).any() or (closing & ~after).any())
    return np.flatnonzero(ends[own] & ~opened) + low, regular
