"""Workbooks (xlsx, ods, xls) as a Grid. What a file is comes from its first bytes, never from its name."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal

import numpy as np
import pyarrow as pa
import python_calamine as calamine

from pipelines.ingest.delimited import from_texts
from pipelines.ingest.grid import Cells
from pipelines.ingest.model import FileProblem
from pipelines.ingest.spec import SourceSpec

ZIP, OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
LARGEST_UNPACKED = 1 << 29
MOST_CELLS = 20_000_000
EPOCH_1900, EPOCH_1904 = date(1899, 12, 30), date(1904, 1, 1)
WHOLE = 10**15
CellValue = str | float | bool | datetime | date | time | timedelta


def is_workbook(raw: bytes) -> bool:
    """Whether the bytes are a zip (xlsx, ods) or a compound document (xls, or a workbook with a password)."""
    return raw.startswith((ZIP, OLE))


class Spreadsheet:
    """One sheet: the declared one, else the only visible one that holds something."""

    delimiter: str | None = None
    quotes_header = False

    def __init__(self, raw: bytes, spec: SourceSpec) -> None:
        self.warnings: list[str] = []
        self.encoding = "workbook"
        self.serial_epoch = EPOCH_1900
        if raw.startswith(ZIP):
            self.serial_epoch = _check_zip(raw)
        rows = _rows(raw, spec)
        first = (spec.header_row or 1) - 1
        if not any(_is_filled(row) for row in rows):
            raise FileProblem(
                "empty", expected="a header and records", found="an empty sheet", fix="export it again"
            )
        if len(rows) <= first or not _is_filled(rows[first]):
            raise FileProblem(
                "no_header",
                expected=f"a header in row {first + 1}",
                found="an empty row",
                fix="set header_row in the declaration to the row of the column names",
                status="held",
            )
        self.headers = [[_as_text(cell) or "" for cell in rows[first]]]
        numbered = [(number, row) for number, row in enumerate(rows, start=1) if number > first + 1]
        kept = [(number, row) for number, row in numbered if _is_filled(row)]
        self._rows = [row for _, row in kept]
        self._lines = np.array([number for number, _ in kept], dtype=np.int64)
        self.records = len(kept)
        if not kept:
            raise FileProblem(
                "no_records",
                expected="records under the header",
                found="a header only",
                fix="export the file again once it holds answers",
            )

    def read(self, wanted: Mapping[int, pa.DataType]) -> Cells:
        columns, typed = {}, {}
        for place, kind in wanted.items():
            cells = [row[place] for row in self._rows]
            columns[place] = from_texts([_as_text(cell) for cell in cells], kind)
            typed[place] = frozenset(text for cell in cells if _is_number(cell) and (text := _as_text(cell)))
        return Cells(columns, np.arange(1, self.records + 1), [], typed)

    def lines(self, records: np.ndarray) -> list[int]:
        return self._lines[records - 1].tolist() if len(records) else []


def _check_zip(raw: bytes) -> date:
    """Refuse what unpacks too large, from the zip directory alone; return day 0 of the workbook's dates."""
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            unpacked = sum(member.file_size for member in archive.infolist())
            if unpacked > LARGEST_UNPACKED:
                raise FileProblem(
                    "too_large",
                    expected=f"at most {LARGEST_UNPACKED >> 20} MB unpacked",
                    found=f"{unpacked >> 20} MB",
                    fix="export it as CSV, or in several files",
                )
            if "xl/workbook.xml" in archive.namelist():
                book = archive.read("xl/workbook.xml")
                return EPOCH_1904 if b'date1904="1"' in book or b'date1904="true"' in book else EPOCH_1900
    except (zipfile.BadZipFile, OSError, EOFError, ValueError, NotImplementedError, RuntimeError, zlib.error):
        raise _unreadable() from None
    return EPOCH_1900


def _rows(raw: bytes, spec: SourceSpec) -> list[list[CellValue]]:
    try:
        with calamine.load_workbook(io.BytesIO(raw)) as book:
            sheet = book.get_sheet_by_name(_sheet_name(book, spec))
            height, width = sheet.end or (0, 0)
            if (height + 1) * (width + 1) > MOST_CELLS:
                raise FileProblem(
                    "too_large",
                    expected=f"at most {MOST_CELLS} cells",
                    found=f"{height + 1} rows of {width + 1} columns",
                    fix="delete the empty formatted area, or export it as CSV",
                )
            return sheet.to_python(skip_empty_area=False) if sheet.end else []
    except calamine.PasswordError:
        raise FileProblem(
            "password_protected",
            expected="a workbook without a password",
            found="a protected one",
            fix="save it without a password",
        ) from None
    except (calamine.CalamineError, OSError, ValueError):
        raise _unreadable() from None


def _sheet_name(book: calamine.CalamineWorkbook, spec: SourceSpec) -> str:
    names = book.sheet_names
    if spec.sheet is not None:
        if spec.sheet in names:
            return spec.sheet
        raise FileProblem(
            "missing_sheet",
            expected=f'a sheet named "{spec.sheet}"',
            found=_quoted(names),
            fix="correct `sheet:` in the source",
            status="held",
        )
    visible = [
        meta.name
        for meta in book.sheets_metadata
        if meta.visible == calamine.SheetVisibleEnum.Visible and meta.typ == calamine.SheetTypeEnum.WorkSheet
    ]
    filled = [name for name in visible if book.get_sheet_by_name(name).end is not None]
    if len(filled) == 1 or (len(visible) == 1 and not filled):
        return (filled or visible)[0]
    raise FileProblem(
        "several_sheets" if filled else "empty",
        expected="one visible sheet, or a declared one",
        found=_quoted(filled),
        fix=f'add `sheet: "{filled[0]}"` (or another) to the source'
        if filled
        else "send the filled workbook",
        status="held" if filled else "refused",
    )


def _quoted(names: list[str]) -> str:
    return ", ".join(f'"{name}"' for name in names[:8]) or "none"


def _unreadable() -> FileProblem:
    return FileProblem(
        "unreadable",
        expected="a complete workbook",
        found="one that cannot be opened, as after a transfer that stopped",
        fix="send the whole file again",
    )


def _is_filled(row: list[CellValue]) -> bool:
    return any(cell != "" and not (isinstance(cell, str) and not cell.strip()) for cell in row)


def _is_number(cell: CellValue) -> bool:
    return isinstance(cell, (int, float)) and not isinstance(cell, bool)


def _as_text(cell: CellValue) -> str | None:
    """A cell as the text a CSV export of it would hold; None where it is empty."""
    if isinstance(cell, str):
        return cell or None
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, datetime):
        return cell.isoformat(" ", timespec="seconds")
    if isinstance(cell, (date, time)):
        return cell.isoformat()
    if isinstance(cell, timedelta):
        return str(cell)
    if cell == int(cell) and abs(cell) < WHOLE:
        return str(int(cell))
    return format(Decimal(f"{cell:.15g}"), "f")
