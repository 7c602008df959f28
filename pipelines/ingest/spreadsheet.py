"""Workbooks (xlsx, ods, xls) as a Grid. What a file is comes from its first bytes, never from its name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import pyarrow as pa

from pipelines.ingest.archive import EPOCH_1900, check_archive
from pipelines.ingest.grid import Cells, refuse_wide
from pipelines.ingest.header import listed
from pipelines.ingest.isolated import Column, Parsed, Sheet, parse
from pipelines.ingest.model import FileProblem
from pipelines.ingest.sheets import data_sheets
from pipelines.ingest.spec import SourceSpec

ZIP, OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
EVERY = "*"


def is_workbook(raw: bytes) -> bool:
    """Whether the bytes are a zip (xlsx, ods) or a compound document (xls, or a workbook with a password)."""
    return raw.startswith((ZIP, OLE))


@dataclass(frozen=True)
class Part:
    """The records of one sheet: `columns` as the grid orders them (None: the sheet lacks it), `rows` from 0."""

    columns: Sequence[Column | None]
    rows: np.ndarray

    def read(self, place: int, kind: pa.DataType) -> pa.Array:
        column = self.columns[place]
        if column is None:
            return pa.nulls(len(self.rows), pa.string()).cast(kind)
        return column.arrow(kind, self.rows)


class Spreadsheet:
    """One sheet, the declared one or the only visible one that holds something; or, with `sheet: "*"`, every one."""

    delimiter: str | None = None
    quotes_header = False

    def __init__(self, raw: bytes, spec: SourceSpec, header_rows: int = 1) -> None:
        self.encoding = "workbook"
        self.serial_epoch, parsed = open_workbook(raw, None if spec.sheet == EVERY else spec.sheet)
        self.warnings = hidden_warning(parsed, spec.sheet)
        if spec.sheet == EVERY:
            names, found, warnings = data_sheets(parsed.sheets, spec)
            self.warnings += warnings
        else:
            sheet = _only_sheet(parsed)
            names, found = _header(sheet, spec), [(sheet, list(sheet.columns))]
        first = spec.header_row or 1
        self.headers = [names]
        if header_rows == 2 and spec.sheet != EVERY and first < sheet.height:
            self.headers.append([column.at(first) for column in sheet.columns])
            first += 1
        self._parts = [Part(columns, filled_rows(sheet, first)) for sheet, columns in found]
        self.records = sum(len(part.rows) for part in self._parts)
        if not self.records:
            raise FileProblem(
                "no_records",
                expected="records under the header",
                found="; ".join(["a header only", *hidden_warning(parsed, spec.sheet)]),
                fix="export the file again once it holds answers",
            )
        if spec.sheet == EVERY:
            self.warnings.append(_told_lines([sheet.name for sheet, _ in found], self._parts))

    def read(self, wanted: Mapping[int, pa.DataType]) -> Cells:
        columns = {
            place: pa.chunked_array([part.read(place, kind) for part in self._parts], kind)
            for place, kind in wanted.items()
        }
        typed = {
            place: frozenset[str]().union(
                *(column.typed for part in self._parts if (column := part.columns[place]) is not None)
            )
            for place in wanted
        }
        return Cells(columns, np.arange(1, self.records + 1), [], typed)

    def lines(self, records: np.ndarray) -> list[int]:
        """The row of its own sheet each record stands on."""
        rows = np.concatenate([part.rows for part in self._parts])
        return (rows[records - 1] + 1).tolist() if len(records) else []


def open_workbook(raw: bytes, sheet: str | None) -> tuple[date, Parsed]:
    """Day 0 of the workbook's dates, and its visible sheets or the one named."""
    epoch = check_archive(raw) if raw.startswith(ZIP) else EPOCH_1900
    return epoch, parse(raw, "workbook", sheet=sheet)


def hidden_warning(parsed: Parsed, sheet: str | None) -> list[str]:
    """A hidden sheet is read only where the declaration names it, and never in silence."""
    if sheet in parsed.names and sheet not in parsed.visible:
        return [f'the declared sheet "{sheet}" is hidden in the workbook']
    hidden = [name for name in parsed.names if name not in parsed.visible]
    return [f"hidden sheets are not read: {listed(hidden)}"] if hidden else []


def filled_rows(sheet: Sheet, first: int) -> np.ndarray:
    """Rows from `first` on (from 0) that hold something, as positions in the sheet."""
    filled = np.zeros(sheet.height, dtype=bool)
    for column in sheet.columns:
        if filled.all():
            break
        filled |= ~column.blank()
    return np.flatnonzero(filled[first:]) + first


def _told_lines(names: Sequence[str], parts: Sequence[Part]) -> str:
    """Where each sheet's records begin: a line number means a row of its own sheet."""
    starts, record = [], 1
    for name, part in zip(names, parts, strict=True):
        starts.append(f'"{name}" from record {record}')
        record += len(part.rows)
    more = f" and {len(starts) - 5} more" if len(starts) > 5 else ""
    return f"{len(parts)} sheets read, lines are rows of each sheet: {', '.join(starts[:5])}{more}"


def _header(sheet: Sheet, spec: SourceSpec) -> list[str]:
    first = (spec.header_row or 1) - 1
    refuse_wide(len(sheet.columns))
    names = [column.at(first) for column in sheet.columns] if first < sheet.height else []
    if not any(name.strip() for name in names):
        raise FileProblem(
            "no_header",
            expected=f"a header in row {first + 1}",
            found="an empty row",
            fix="set header_row in the declaration to the row of the column names",
            status="held",
        )
    return names


def _only_sheet(parsed: Parsed) -> Sheet:
    filled = [sheet for sheet in parsed.sheets if len(filled_rows(sheet, 0))]
    if len(filled) == 1:
        return filled[0]
    if filled:
        names = listed([sheet.name for sheet in filled])
        raise FileProblem(
            "several_sheets",
            expected="one visible sheet, or a declared one",
            found=names,
            fix=f'add `sheet: "{filled[0].name}"` (or another, or "*" for every one) to the source',
            status="held",
        )
    found = "an empty sheet" if parsed.sheets else "no visible sheet"
    raise FileProblem("empty", expected="a header and records", found=found, fix="export it again")
