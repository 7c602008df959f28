"""Delimited text as a Grid: header rows by the exact scanner, cells by Arrow, the two counts compared."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import islice

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv

from pipelines.ingest.grid import CODED, Cells
from pipelines.ingest.model import WITHHELD, FileProblem, Problem
from pipelines.ingest.scan import QUOTE, SAMPLE, Count, Row, Unterminated, count, detect_delimiter, scan
from pipelines.ingest.text import Text

BLOCK = 1 << 24
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
        top = _line_start(text.data, first_row)
        self.delimiter = detect_delimiter(text.data[top : top + 2 * SAMPLE], quoted=quoted)
        self._quoted, self._trailing_mark = quoted, trailing_mark
        if names is None:
            self.headers, self._start, self.quotes_header = self._read_headers(header_rows, top)
        else:
            self.headers, self._start, self.quotes_header = [list(names)], 0, False
        if trailing_mark or names is not None:
            self._fit_header()
        self._count = self._count_records()
        self.records = self._count.records
        self._rows = None if self._count.regular else self._scan_rows()
        if self.records == 0:
            raise FileProblem(
                "no_records",
                expected="records under the header",
                found="a header only",
                fix="export the file again once it holds answers",
            )
        self._refuse_cut_record()

    def _read_headers(self, header_rows: int, top: int) -> tuple[list[list[str]], int, bool]:
        try:
            scanner = scan(self._data, self.delimiter, quoted=self._quoted, start=top)
            rows = list(islice(scanner, header_rows))
        except Unterminated as problem:
            raise truncated(problem.records) from None
        if len(rows) < header_rows:
            raise FileProblem(
                "no_header",
                expected=f"{header_rows} header rows",
                found=f"{len(rows)}",
                fix="export the file again, or correct header_row in the declaration",
            )
        width = max(len(row.cells) for row in rows)
        headers = [[cell or "" for cell in row.cells] + [""] * (width - len(row.cells)) for row in rows]
        return headers, rows[-1].end, self._data[rows[0].start : rows[0].start + 1] == b'"'

    def _fit_header(self) -> None:
        """Give the header the width of the first record where a trailing delimiter or unnamed columns differ."""
        first = next(scan(self._data, self.delimiter, quoted=self._quoted, start=self._start), None)
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
        return found

    def _scan_rows(self) -> list[Row]:
        """Quotes out of place: the parity count means nothing, the exact scanner decides what a record is."""
        rows: list[Row] = []
        try:
            rows.extend(scan(self._data, self.delimiter, start=self._start))
        except Unterminated:
            raise truncated(len(rows) + 1) from None
        ends = np.array([row.end for row in rows], dtype=np.int64)
        last = rows[-1].start if rows else self._start
        self._count = Count(len(rows), last, False, False, ends)
        self.records = len(rows)
        return rows

    def _refuse_cut_record(self) -> None:
        """A last record that is short and has no line end: the transfer stopped there."""
        last = next(scan(self._data, self.delimiter, quoted=self._quoted, start=self._count.last_start))
        if last.end == len(self._data) and len(last.cells) < len(self.headers[0]):
            raise truncated(self.records)

    def read(self, wanted: Mapping[int, pa.DataType]) -> Cells:
        cells = self._read_scanned(wanted) if self._rows is not None else self._read_arrow(wanted)
        return self._without_blank(cells)

    def _read_arrow(self, wanted: Mapping[int, pa.DataType]) -> Cells:
        table, invalid = self._parse(wanted, threads=True)
        if invalid:  # threads know no record number: read once more without them
            table, invalid = self._parse(wanted, threads=False)
        found = table.num_rows + len(invalid)
        if found != self.records:
            raise FileProblem(
                "count_mismatch",
                expected=f"{self.records} records, counted in the text",
                found=f"{found} read",
                fix="export the file again with every cell quoted",
                records=self.records,
            )
        numbers = np.arange(1, self.records + 1)
        numbers = np.delete(numbers, [row.number - 1 for row in invalid])
        columns = {index: table.column(f"c{index}") for index in wanted}
        mended = [row for row in invalid if self._is_mendable(row)]
        wrong = [(row.number, row.actual_columns) for row in invalid if not self._is_mendable(row)]
        return self._with_mended(Cells(columns, numbers, self._wrong_width(wrong)), mended)

    def _is_mendable(self, row: pacsv.InvalidRow) -> bool:
        """One cell too many, and it is the nothing after a trailing delimiter."""
        extra = row.actual_columns - len(self.headers[0])
        return self._trailing_mark and extra == 1 and row.text.rstrip("\r\n").endswith(self.delimiter or "\n")

    def _with_mended(self, cells: Cells, mended: list[pacsv.InvalidRow]) -> Cells:
        if not mended:
            return cells
        rows = [row.text.rstrip("\r\n").split(self.delimiter) for row in mended]
        numbers = np.concatenate([cells.numbers, [row.number for row in mended]])
        order = pa.array(np.argsort(numbers))
        columns = {}
        for index, column in cells.columns.items():
            added = from_texts([row[index] or None for row in rows], column.type)
            columns[index] = (
                pa.chunked_array([*column.chunks, *added.chunks]).unify_dictionaries().take(order)
            )
        return Cells(columns, np.sort(numbers), cells.problems)

    def _parse(
        self, wanted: Mapping[int, pa.DataType], threads: bool
    ) -> tuple[pa.Table, list[pacsv.InvalidRow]]:
        invalid: list[pacsv.InvalidRow] = []

        def set_aside(row: pacsv.InvalidRow) -> str:
            invalid.append(row)
            return "skip"

        quotes = self._quoted and QUOTE in self._data
        names = [f"c{index}" for index in range(len(self.headers[0]))]
        body = pa.py_buffer(self._data).slice(self._start)
        parsing = pacsv.ParseOptions(
            delimiter=self.delimiter or "\x1f",
            quote_char='"' if quotes else False,
            newlines_in_values=quotes,
            invalid_row_handler=set_aside,
        )
        converting = pacsv.ConvertOptions(
            include_columns=[f"c{index}" for index in wanted],
            column_types={f"c{index}": kind for index, kind in wanted.items()},
            null_values=[""],
            strings_can_be_null=True,
            quoted_strings_can_be_null=False,
        )
        for block in (BLOCK, len(self._data) + 1):  # a record longer than a block needs them all in one
            reading = pacsv.ReadOptions(
                column_names=names, use_threads=threads, block_size=min(block, 2**31 - 1)
            )
            try:
                return pacsv.read_csv(body, reading, parsing, converting), invalid
            except pa.ArrowInvalid:
                invalid.clear()
        raise FileProblem(
            "unreadable",
            expected="delimited text",
            found="text that cannot be cut into records",
            fix="export the file again",
            records=self.records,
        )

    def _read_scanned(self, wanted: Mapping[int, pa.DataType]) -> Cells:
        rows = self._rows or []
        width = len(self.headers[0])
        kept, numbers, bad, stray = [], [], [], []
        for number, row in enumerate(rows, start=1):
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

    def _without_blank(self, cells: Cells) -> Cells:
        """Drop records made of delimiters only (spreadsheets write them): they are lines, not records."""
        empty = np.ones(len(cells.numbers), dtype=bool)
        for column in cells.columns.values():
            if not empty.any():
                return cells
            empty &= np.asarray(column.is_null())
        blank = np.array(
            [i for i in np.flatnonzero(empty) if self._is_blank(int(cells.numbers[i]))], dtype=np.int64
        )
        if not len(blank):
            return cells
        keep = pa.array(np.delete(np.arange(len(cells.numbers)), blank))
        self.records -= len(blank)
        self.warnings.append(f"{len(blank)} blank lines left out")
        columns = {index: column.take(keep) for index, column in cells.columns.items()}
        return Cells(columns, np.delete(cells.numbers, blank), cells.problems, cells.typed)

    def _is_blank(self, number: int) -> bool:
        low, high = self._bounds(number)
        return not self._data[low:high].strip(BLANK + (self.delimiter or "").encode())

    def _bounds(self, number: int) -> tuple[int, int]:
        ends = self._count.ends
        low = int(ends[number - 2]) if number > 1 else self._start
        return low, int(ends[number - 1])

    def lines(self, records: np.ndarray) -> list[int]:
        if not len(records):
            return []
        mark = b"\n" if b"\n" in self._data else b"\r"
        breaks = np.flatnonzero(np.frombuffer(self._data, dtype=np.uint8) == ord(mark))
        starts = []
        for number in records:
            low, high = self._bounds(int(number))
            body = self._data[low:high]
            starts.append(low + len(body) - len(body.lstrip(b"\r\n")))
        return (np.searchsorted(breaks, starts) + 1).tolist()


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
