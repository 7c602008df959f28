"""What a record is in delimited text: an exact scanner, and a fast independent count that agrees with it.

A record ends at a line end (LF, CR, CRLF or CR CR LF) outside quotes; an empty line is not a record. A quote opens a
cell only as its first character and is literal anywhere else. The count is made from the bytes with numpy,
never by the engine that loads them, so that a loader that loses rows is caught.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple

import numpy as np

from pipelines.ingest.model import FileProblem
from pipelines.ingest.stored import WINDOW, Data

DELIMITERS = (",", ";", "\t", "|", "$")
SAMPLE = 1 << 18
CHUNK = 1 << 20
# How many bytes of text are decoded at once: a row group of some hundred thousand answers.
PIECE = 1 << 24
QUOTE, CR, LF = 34, 13, 10


@dataclass(frozen=True)
class Row:
    """One scanned record: byte offsets, cells (None = empty and unquoted), and whether a quote was out of place."""

    start: int
    end: int
    cells: list[str | None]
    damaged: bool


class Piece(NamedTuple):
    """Consecutive records: bytes low to high, how many records and how many line ends lie before, how many records."""

    low: int
    high: int
    before: int
    breaks: int
    records: int


@dataclass(frozen=True)
class Count:
    """The records, cut into `pieces`; `last_start` is where the last begins; `regular`: every quote opens or closes.

    `line_end` is the byte that ends the lines of an editor: LF, or CR in a text without any LF.
    """

    records: int
    pieces: list[Piece]
    last_start: int
    regular: bool
    unterminated: bool
    line_end: int = LF


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


# Possessive: a cell of millions of quotes costs neither steps of Python nor memory.
DOUBLED = re.compile(rb'[^"]*+(?:""[^"]*+)*+')


@cache
def _strays(mark: bytes) -> re.Pattern[bytes]:
    """What may lie before the quote that closes a cell in which quotes are out of place."""
    return re.compile(rb'[^"]*+(?:(?:""|"(?![\r\n%s]|\Z))[^"]*+)*+' % re.escape(mark))


def _closing_quote(data: bytes, opening: int, mark: str) -> tuple[int, bool]:
    """Offset of the quote that closes the cell (-1: none), and whether no stray quote lay on the way."""
    ends = (b"", b"\r", b"\n", mark.encode())
    position = _past(DOUBLED, data, opening + 1)
    clean = data[position + 1 : position + 2] in ends
    if not clean:
        position = _past(_strays(mark.encode()), data, position)
    return (position if position < len(data) else -1), clean


def _past(inside: re.Pattern[bytes], data: bytes, position: int) -> int:
    found = inside.match(data, position)
    return found.end() if found else position


def refuse_swallowed(text: bytes, rows: Sequence[Row]) -> None:
    """Raise FileProblem where a quote out of place makes a header of several lines: it may have swallowed answers, so
    none of it is quoted. `rows` are the header's, at their place in `text`.
    """
    if any(row.damaged and b"\n" in text[row.start : row.end] for row in rows):
        raise FileProblem(
            "stray_quote",
            expected="quotes inside a name written twice",
            found="a header with a quote out of place, which runs over several lines",
            fix="export the file again from the tool",
        )


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


def count(data: Data, delimiter: str | None, *, quoted: bool = True, start: int = 0) -> Count:
    """Independent count of the records from byte `start`, in a few passes of numpy over chunks of the bytes."""
    mark, inside, regular = ord(delimiter or "\n"), 0, True
    cutter = _Cutter(data, start)
    with ThreadPoolExecutor(2) as pool:
        for low in range(start, len(data), WINDOW):
            lead = min(low - start, 1)
            window = data[low - lead : low + WINDOW + 1]
            lows = range(lead, lead + min(WINDOW, len(data) - low), CHUNK)
            found, inside = _line_ends_of(window, lows, quoted, mark, inside, pool.map)
            cutter.add(np.concatenate([ends for ends, _ in found]) + (low - lead))
            regular = regular and all(part for _, part in found)
    cutter.add(np.array([len(data)]))
    return cutter.done(regular, bool(inside))


def _line_ends_of(
    window: bytes, lows: range, quoted: bool, mark: int, inside: int, each: Callable[..., Iterator[Any]]
) -> tuple[list[tuple[np.ndarray, bool]], int]:
    """Line ends outside quotes (offsets in the window) and regularity, by chunk; and whether a quote stays open."""
    codes = np.frombuffer(window, dtype=np.uint8)
    highs = [min(low + CHUNK, lows.stop) for low in lows]
    returns = b"\r" in window
    if not quoted or (not inside and b'"' not in window):
        ends = each(lambda low, high: _line_ends(codes[low:high], returns) + low, lows, highs)
        return [(found, True) for found in ends], 0
    opened = each(lambda low, high: np.count_nonzero(codes[low:high] == QUOTE), lows, highs)
    states = (np.cumsum([inside, *opened]) & 1).tolist()
    chunks = each(
        lambda low, high, state: _chunk(codes, low, high, returns, mark, state), lows, highs, states[:-1]
    )
    return list(chunks), states[-1]


def record_bounds(text: bytes, delimiter: str | None, *, quoted: bool) -> tuple[np.ndarray, np.ndarray]:
    """Where each record of a piece of regular text starts and ends."""
    found, _ = _line_ends_of(text, range(0, len(text), CHUNK), quoted, ord(delimiter or "\n"), 0, map)
    lines = np.concatenate([[-1], *(ends for ends, _ in found), [len(text)]])
    filled = np.flatnonzero(np.diff(lines) > 1)
    return lines[filled] + 1, lines[filled + 1]


def _line_ends(codes: np.ndarray, returns: bool) -> np.ndarray:
    ends = codes == LF
    if returns:
        ends |= codes == CR
    return np.flatnonzero(ends)


def _chunk(
    codes: np.ndarray, low: int, high: int, returns: bool, mark: int, inside: int
) -> tuple[np.ndarray, bool]:
    """Line ends of one chunk that lie outside quotes, and whether each of its quotes stands where a quote may."""
    # One byte on each side is taken along, to see what stands beside a quote at the border.
    left = min(low, 1)
    piece = codes[low - left : high + 1]
    width = high - low
    own = slice(left, left + width)
    ends = piece == LF
    if returns:
        ends |= piece == CR
    quotes = piece == QUOTE
    allowed = ends | quotes
    allowed |= piece == mark
    open_after = np.cumsum(quotes[own], dtype=np.uint8)
    open_after += np.uint8(inside)
    open_after &= np.uint8(1)
    opened = open_after.view(bool)
    opening, closing = quotes[own] & opened, quotes[own] & ~opened
    # Before the first byte and after the last one, a quote may stand.
    before = np.ones(width, dtype=bool)
    before[1 - left :] = allowed[: width - 1 + left]
    after = np.ones(width, dtype=bool)
    beyond = allowed[left + 1 : left + 1 + width]
    after[: len(beyond)] = beyond
    regular = not ((opening & ~before).any() or (closing & ~after).any())
    return np.flatnonzero(ends[own] & ~opened) + low, regular


def scan_all(data: Data, delimiter: str | None, start: int) -> Count:
    """The count of the exact scanner, for text with quotes out of place. Raises Unterminated."""
    cutter, position, size, records = _Cutter(data, start), start, 4 * SAMPLE, 0
    while position < len(data):
        window = data[position : position + size]
        whole = position + len(window) >= len(data)
        ends = []
        try:
            for row in scan(window, delimiter):
                if not whole and row.end >= len(window) - 1:
                    break  # the window, not the file, may have cut this record
                ends.append(row.end)
        except Unterminated:
            if whole:
                raise Unterminated(records + len(ends)) from None
        records += len(ends)
        cutter.add(np.array(ends, dtype=np.int64) + position)
        if whole:
            break
        size = 4 * SAMPLE if ends else 2 * size
        position += ends[-1] if ends else 0
    return cutter.done(False, False)


class _Cutter:
    """Gathers where records end, window after window, and cuts the text between records into pieces."""

    def __init__(self, data: Data, start: int) -> None:
        self._data, self._low = data, start
        self._line, self._last = start - 1, start  # the last line end, and where the last record starts
        self._records = self._before = 0
        self._marks = _breaks(data, 0, start)
        self._pieces: list[tuple[Piece, int]] = []

    def add(self, ends: np.ndarray) -> None:
        """Line ends outside quotes, in order; two that follow each other hold no record between them."""
        lines = np.concatenate([[self._line], ends])
        filled = np.flatnonzero(np.diff(lines) > 1)
        if len(ends):
            self._line = int(ends[-1])
        if not len(filled):
            return
        self._last = int(lines[filled[-1]]) + 1
        closed = ends[filled]
        while True:
            place = int(np.searchsorted(closed, self._low + PIECE))
            if place == len(closed):
                break
            self._cut(int(closed[place]), self._records + place + 1)
        self._records += len(filled)

    def _cut(self, high: int, records: int) -> None:
        lf, cr = self._marks
        self._pieces.append((Piece(self._low, high, self._before, lf, records - self._before), cr))
        more_lf, more_cr = _breaks(self._data, self._low, high)
        self._marks = lf + more_lf, cr + more_cr
        self._low, self._before = high, records

    def done(self, regular: bool, unterminated: bool) -> Count:
        if self._records > self._before:
            self._cut(len(self._data), self._records)
        lf = self._marks[0] + _breaks(self._data, self._low, len(self._data))[0]
        pieces = [piece if lf else piece._replace(breaks=cr) for piece, cr in self._pieces]
        return Count(self._records, pieces, self._last, regular, unterminated, LF if lf else CR)


def _breaks(data: Data, low: int, high: int) -> tuple[int, int]:
    """How many LF and CR lie between two bytes."""
    lf = cr = 0
    for start in range(low, high, WINDOW):
        part = data[start : min(start + WINDOW, high)]
        lf, cr = lf + part.count(b"\n"), cr + part.count(b"\r")
    return lf, cr
