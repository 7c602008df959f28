"""Delimited text as a Grid: header rows by the exact scanner, cells by Arrow, the two counts compared."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from itertools import islice

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv

from pipelines.ingest.grid import CODED, TEXT, Cells, refuse_wide
from pipelines.ingest.model import MOST_PROBLEMS, WITHHELD, FileProblem, Problem, too_many
from pipelines.ingest.parallel import in_order
from pipelines.ingest.scan import (
    SAMPLE,
    Count,
    Piece,
    Row,
    Unterminated,
    count,
    detect_delimiter,
    record_bounds,
    refuse_swallowed,
    scan,
    scan_all,
)
from pipelines.ingest.short_cells import coded_cells
from pipelines.ingest.text import Text

BLOCK = 1 << 20
BLANK = b" \t\r\n\"'\xc2\xa0"


class Delimited:
    """One delimited file: `header_rows` header records, the first of them on line `first_row` (from 1).

    With `names` the file has no header. With `trailing_mark` a delimiter after the last cell is no further cell.
    """

    def __init__(
        self,
        text: Text,
        *,
        header_rows: int = 1,
        first_row: int = 1,
        quoted: bool = True,
        trailing_mark: bool = False,
        names: Sequence[str] | None = None,
    ) -> None:
        self._data, self.encoding = text.data, text.encoding
        self.warnings = list(text.warnings)
        top = _line_start(text.head, first_row)
        self.delimiter = detect_delimiter(text.data[top : top + 2 * SAMPLE], quoted=quoted)
        self._quoted, self._trailing_mark = quoted, trailing_mark
        if names is None:
            self.headers, self._start, self.quotes_header = self._read_headers(header_rows, top)
        else:
            self.headers, self._start, self.quotes_header = [list(names)], 0, False
        if trailing_mark or names is not None:
            self._fit_header()
        refuse_wide(len(self.headers[0]))
        self._count = self._count_records()
        self.records = self._count.records
        if self.records == 0:
            raise FileProblem(
                "no_records",
                expected="records under the header",
                found="a header only",
                fix="export the file again once it holds answers",
            )
        self._refuse_cut_record()
        self._short = self._short_columns()

    def _short_columns(self) -> set[int]:
        """Columns whose first cells are a character at most. Only how fast they are read depends on it."""
        start = self._start
        with contextlib.suppress(Unterminated):
            rows = self._first(min(self.records, 50), start)
            cells = zip(*(row.cells for row in rows), strict=False)
            return {place for place, texts in enumerate(cells) if all(len(text or "") < 2 for text in texts)}
        return set()

    def _read_headers(self, header_rows: int, top: int) -> tuple[list[list[str]], int, bool]:
        try:
            rows = self._first(header_rows, top)
        except Unterminated as problem:
            raise truncated(problem.records) from None
        if len(rows) < header_rows:
            raise FileProblem(
                "no_header",
                expected=f"{header_rows} header rows",
                found=f"{len(rows)}",
                fix="export the file again, or correct header_row in the declaration",
            )
        refuse_swallowed(self._data[top : top + rows[-1].end], rows)
        width = max(len(row.cells) for row in rows)
        headers = [[cell or "" for cell in row.cells] + [""] * (width - len(row.cells)) for row in rows]
        first = top + rows[0].start
        return headers, top + rows[-1].end, self._data[first : first + 1] == b'"'

    def _first(self, wanted: int, start: int) -> list[Row]:
        """The first records from a byte on, their offsets counted from it. Raises Unterminated."""
        size = 4 * SAMPLE
        while True:
            sample = self._data[start : start + size]
            whole = start + len(sample) >= len(self._data)
            try:
                rows = list(islice(scan(sample, self.delimiter, quoted=self._quoted), wanted))
                if whole or (len(rows) == wanted and rows[-1].end < len(sample) - 1):
                    return rows
            except Unterminated:
                if whole:
                    raise
            size *= 4

    def _fit_header(self) -> None:
        """Give the header the width of the first record where a trailing delimiter or unnamed columns differ."""
        first = next(iter(self._first(1, self._start)), None)
        if first is None:
            return
        header = self.headers[0]
        while len(header) < len(first.cells) and first.cells[len(header)] is None:
            header.append("")
        if len(header) == len(first.cells) + 1 and not header[-1]:
            header.pop()

    def _count_records(self) -> Count:
        found = count(self._data, self.delimiter, quoted=self._quoted, start=self._start)
        if found.regular and found.unterminated:
            raise truncated(found.records)
        if found.regular:
            return found
        try:  # quotes out of place: parity means nothing, the exact scanner decides what a record is
            return scan_all(self._data, self.delimiter, self._start)
        except Unterminated as problem:
            raise truncated(problem.records + 1) from None

    def _refuse_cut_record(self) -> None:
        """A last record that is short and has no line end: the transfer stopped there."""
        rest = self._data[self._count.last_start :]
        last = next(scan(rest, self.delimiter, quoted=self._quoted))
        if last.end == len(rest) and len(last.cells) < len(self.headers[0]):
            raise truncated(self.records)

    def read(self, wanted: Mapping[int, pa.DataType]) -> Cells:
        """All the pieces in one."""
        parts = list(self.pieces(wanted))
        columns = {
            index: pa.chunked_array([chunk for part in parts for chunk in part.columns[index].chunks], kind)
            for index, kind in wanted.items()
        }
        numbers = np.concatenate([part.numbers for part in parts])
        return Cells(columns, numbers, [problem for part in parts for problem in part.problems])

    def pieces(self, wanted: Mapping[int, pa.DataType]) -> Iterator[Cells]:
        """The cells piece by piece, in order. `records` and `warnings` are final once all are read."""
        found = blank = 0
        for cells, read, left_out in in_order(partial(self._piece, wanted), self._count.pieces):
            found, blank = found + read, blank + left_out
            yield cells
        if found != self._count.records:
            raise FileProblem(
                "count_mismatch",
                expected=f"{self._count.records} records, counted in the text",
                found=f"{found} read",
                fix="export the file again with every cell quoted",
                records=self._count.records,
            )
        if blank and self.records == self._count.records:
            self.records -= blank
            self.warnings.append(f"{blank} blank lines left out")

    def _piece(self, wanted: Mapping[int, pa.DataType], piece: Piece) -> tuple[Cells, int, int]:
        """The cells of a piece, how many records were read, and how many of them were blank."""
        text = self._data[piece.low : piece.high]
        if self._count.regular:
            cells, read = self._read_arrow(wanted, piece, text)
        else:
            cells, read = self._read_scanned(wanted, piece, text), piece.records
        if read != piece.records:
            return cells, read, 0
        kept = self._without_blank(cells, piece, text)
        return kept, read, len(cells.numbers) - len(kept.numbers)

    def _read_arrow(self, wanted: Mapping[int, pa.DataType], piece: Piece, text: bytes) -> tuple[Cells, int]:
        table, invalid = self._parse(wanted, text)
        found = table.num_rows + len(invalid)
        numbers = np.arange(piece.before + 1, piece.before + found + 1)
        numbers = np.delete(numbers, [row.number - 1 for row in invalid])
        columns = {index: table.column(f"c{index}") for index in wanted}
        for index in self._short & wanted.keys():
            if wanted[index] == CODED:
                columns[index] = coded_cells(columns[index])
        mended = [row for row in invalid if self._is_mendable(row)]
        wrong = [
            (piece.before + row.number, row.actual_columns) for row in invalid if not self._is_mendable(row)
        ]
        problems = self._wrong_width(wrong) if found == piece.records else []
        return self._with_mended(Cells(columns, numbers, problems), mended, piece.before), found

    def _is_mendable(self, row: pacsv.InvalidRow) -> bool:
        """One cell too many, and it is the nothing after a trailing delimiter."""
        extra = row.actual_columns - len(self.headers[0])
        return self._trailing_mark and extra == 1 and row.text.rstrip("\r\n").endswith(self.delimiter or "\n")

    def _with_mended(self, cells: Cells, mended: list[pacsv.InvalidRow], before: int) -> Cells:
        if not mended:
            return cells
        rows = [row.text.rstrip("\r\n").split(self.delimiter) for row in mended]
        numbers = np.concatenate([cells.numbers, [before + row.number for row in mended]])
        order = pa.array(np.argsort(numbers))
        columns = {}
        for index, column in cells.columns.items():
            added = from_texts([row[index] or None for row in rows], column.type)
            columns[index] = (
                pa.chunked_array([*column.chunks, *added.chunks]).unify_dictionaries().take(order)
            )
        return Cells(columns, np.sort(numbers), cells.problems)

    def _parse(
        self, wanted: Mapping[int, pa.DataType], text: bytes
    ) -> tuple[pa.Table, list[pacsv.InvalidRow]]:
        """One piece by one thread, so that Arrow knows the number of a record it sets aside."""
        invalid: list[pacsv.InvalidRow] = []

        def set_aside(row: pacsv.InvalidRow) -> str:
            invalid.append(row)
            return "skip" if len(invalid) <= MOST_PROBLEMS else "error"

        quotes = self._quoted and b'"' in text
        names = [f"c{index}" for index in range(len(self.headers[0]))]
        parsing = pacsv.ParseOptions(
            delimiter=self.delimiter or "\x1f",
            quote_char='"' if quotes else False,
            newlines_in_values=quotes,
            invalid_row_handler=set_aside,
        )
        converting = pacsv.ConvertOptions(
            check_utf8=False,  # read_text has checked every byte
            include_columns=[f"c{index}" for index in wanted],
            column_types={
                f"c{index}": TEXT if index in self._short else kind for index, kind in wanted.items()
            },
            null_values=[""],
            strings_can_be_null=True,
            quoted_strings_can_be_null=False,
        )
        for block in (BLOCK, len(text) + 1):  # a record longer than a block needs them all in one
            reading = pacsv.ReadOptions(
                column_names=names, use_threads=False, block_size=min(block, 2**31 - 1)
            )
            try:
                return pacsv.read_csv(pa.py_buffer(text), reading, parsing, converting), invalid
            except pa.ArrowInvalid:
                if len(invalid) > MOST_PROBLEMS:
                    raise too_many(len(invalid), "wrong_width") from None
                invalid.clear()
        raise FileProblem(
            "unreadable",
            expected="delimited text",
            found="text that cannot be cut into records",
            fix="export the file again",
            records=self.records,
        )

    def _read_scanned(self, wanted: Mapping[int, pa.DataType], piece: Piece, text: bytes) -> Cells:
        width = len(self.headers[0])
        kept, numbers, bad, stray = [], [], [], []
        for number, row in enumerate(scan(text, self.delimiter), start=piece.before + 1):
            if row.damaged:
                stray.append(number)
            elif len(row.cells) != width:
                bad.append((number, len(row.cells)))
            else:
                kept.append(row.cells)
                numbers.append(number)
        columns = {
            index: from_texts([cells[index] for cells in kept], kind) for index, kind in wanted.items()
        }
        problems = self._wrong_width(bad)
        problems += [
            Problem(
                number,
                line,
                None,
                "stray_quote",
                "quotes inside a cell written twice",
                WITHHELD,
                "export the file again from the tool, or double the quotes inside this record's cells",
            )
            for number, line in zip(stray, self.lines(np.array(stray, dtype=np.int64)), strict=True)
        ]
        return Cells(columns, np.array(numbers, dtype=np.int64), problems)

    def _wrong_width(self, invalid: list[tuple[int, int]]) -> list[Problem]:
        width = len(self.headers[0])
        lines = self.lines(np.array([number for number, _ in invalid], dtype=np.int64))
        return [
            Problem(
                number,
                line,
                None,
                "wrong_width",
                f"{width} cells",
                f"{cells} cells",
                "correct the record in the tool and export again",
            )
            for (number, cells), line in zip(invalid, lines, strict=True)
        ]

    def _without_blank(self, cells: Cells, piece: Piece, text: bytes) -> Cells:
        """Drop records made of delimiters only (spreadsheets write them): they are lines, not records."""
        empty = np.ones(len(cells.numbers), dtype=bool)
        for column in cells.columns.values():
            if not column.null_count or not empty.any():
                return cells
            empty &= np.asarray(column.is_null())
        starts, ends = self._bounds(piece, text)
        nothing = BLANK + (self.delimiter or "").encode()
        at = cells.numbers - piece.before - 1
        blank = [
            row for row in np.flatnonzero(empty) if not text[starts[at[row]] : ends[at[row]]].strip(nothing)
        ]
        if not blank:
            return cells
        keep = np.delete(np.arange(len(cells.numbers)), blank)
        columns = {index: column.take(pa.array(keep)) for index, column in cells.columns.items()}
        return Cells(columns, cells.numbers[keep], cells.problems, cells.typed)

    def _bounds(self, piece: Piece, text: bytes) -> tuple[np.ndarray, np.ndarray]:
        """Where each record of a piece starts and ends in its text."""
        if self._count.regular:
            return record_bounds(text, self.delimiter, quoted=self._quoted)
        rows = [(row.start, row.end) for row in scan(text, self.delimiter)]
        return np.array([start for start, _ in rows]), np.array([end for _, end in rows])

    def lines(self, records: np.ndarray) -> list[int]:
        """The line each record starts on, from 1; the records in order."""
        lines: list[int] = []
        pieces = self._count.pieces
        places = np.searchsorted([piece.before for piece in pieces], records) - 1
        for place in np.unique(places):
            piece = pieces[place]
            text = self._data[piece.low : piece.high]
            breaks = np.flatnonzero(np.frombuffer(text, dtype=np.uint8) == self._count.line_end)
            starts = self._bounds(piece, text)[0][records[places == place] - piece.before - 1]
            lines += (np.searchsorted(breaks, starts) + piece.breaks + 1).tolist()
        return lines

    def openings(self, records: np.ndarray) -> list[str]:
        """The first cell of each record, whatever its width; the records in order."""
        cells: list[str] = []
        pieces = self._count.pieces
        places = np.searchsorted([piece.before for piece in pieces], records) - 1
        for place, number in zip(places, records, strict=True):
            piece = pieces[place]
            text = self._data[piece.low : piece.high]
            start = int(self._bounds(piece, text)[0][number - piece.before - 1])
            first = next(scan(text, self.delimiter, quoted=self._quoted, start=start), None)
            cells.append((first.cells[0] if first else None) or "")
        return cells


def _line_start(data: bytes, line: int) -> int:
    """Offset of a line (from 1); the end of the text where there are fewer."""
    mark = b"\n" if b"\n" in data else b"\r"
    position = 0
    for _ in range(line - 1):
        position = data.find(mark, position) + 1
        if position == 0:
            return len(data)
    return position


def from_texts(values: list[str | None], kind: pa.DataType) -> pa.ChunkedArray:
    """Python texts as a column of the wanted kind."""
    column = pa.chunked_array([pa.array(values, pa.string())])
    return column.dictionary_encode() if kind == CODED else column


def truncated(records: int) -> FileProblem:
    """The refusal of a file that stops before its end."""
    return FileProblem(
        "truncated",
        expected="a complete file",
        found="a last record that stops before its end",
        fix="send the whole file again",
        records=records,
    )
