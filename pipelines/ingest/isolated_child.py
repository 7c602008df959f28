"""Run apart by `isolated.parse`, by its path and alone: bytes in, dictionary-coded columns of text out.

Output: one line of JSON, then the int32 codes of every column of every sheet. It imports nothing of Relier, so that it
starts in a few hundredths of a second.
"""

from __future__ import annotations

import gc
import io
import json
import resource
import sys
from array import array
from collections.abc import Iterable, Iterator
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from functools import partial
from itertools import islice
from typing import Any

WHOLE = 10**15
CELLS_AT_ONCE = 1 << 15
MOST_TEXT = 1 << 28
SPSS_EPOCH = datetime(1582, 10, 14)
SPSS_DAYS = {"DATE", "ADATE", "EDATE", "JDATE", "SDATE", "QYR", "MOYR", "WKYR"}
SPSS_MOMENTS = {"DATETIME", "YMDHMS"}
SPSS_TIMES = {"TIME", "MTIME"}


class TooLarge(Exception):
    """str() says what was found."""


def as_text(cell: object) -> str:
    """A cell as the text a CSV export of it would hold."""
    if isinstance(cell, str):
        return cell
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, datetime):
        return cell.isoformat(" ", timespec="seconds")
    if isinstance(cell, (date, time)):
        return cell.isoformat()
    if isinstance(cell, (int, float)):
        if cell - cell != 0:  # inf and nan are no numbers anybody answered
            return str(cell)
        if cell == int(cell) and abs(cell) < WHOLE:
            return str(int(cell))
        return format(Decimal(f"{cell:.15g}"), "f")
    return str(cell) if isinstance(cell, timedelta) else ""


class Places(dict[object, int]):
    """Distinct cells in the order they came; a new one takes the next number."""

    def __missing__(self, cell: object) -> int:
        place = self[cell] = len(self)
        return place


class Coder:
    """One column on its way to distinct cells and codes. True and 1 are one key to Python: booleans go in as text."""

    def __init__(self) -> None:
        self.places = Places()
        self.typed = False  # whether texts that went in were all numbers
        self.codes = array("i")

    def add(self, cells: Iterable[object]) -> None:
        cells = tuple(cells)
        if bool in map(type, cells):
            cells = tuple(as_text(cell) if isinstance(cell, bool) else cell for cell in cells)
        self.codes.extend(map(self.places.__getitem__, cells))

    def told(self) -> dict[str, Any]:
        texts = [cell if isinstance(cell, str) else as_text(cell) for cell in self.places]
        numbers = [
            place for place, cell in enumerate(self.places) if self.typed or isinstance(cell, (int, float))
        ]
        return {"texts": texts, "numbers": numbers}


def code(rows: Iterator[list[object]], width: int, margin: int = 0) -> list[Coder]:
    """Columns of rows that are `width` wide, after `margin` empty columns on the left."""
    coders = [Coder() for _ in range(margin + width)]
    at_once = max(1, CELLS_AT_ONCE // max(1, width))
    while chunk := list(islice(rows, at_once)):
        for coder in coders[:margin]:
            coder.add([""] * len(chunk))
        for coder, cells in zip(coders[margin:], zip(*chunk, strict=True), strict=True):
            coder.add(cells)
    return coders


def answer(head: dict[str, Any], columns: Iterable[Coder] = ()) -> None:
    out = sys.stdout.buffer
    text = json.dumps(head)
    if len(text) > MOST_TEXT:
        raise TooLarge("more text than that")
    out.write(text.encode())
    out.write(b"\n")
    for column in columns:
        out.write(column.codes)
    out.flush()


def workbook(raw: bytes, order: dict[str, Any]) -> None:
    """The sheet asked for by name, or every visible worksheet."""
    import python_calamine as calamine

    try:
        with calamine.load_workbook(io.BytesIO(raw)) as book:
            visible = [
                meta.name
                for meta in book.sheets_metadata
                if meta.visible == calamine.SheetVisibleEnum.Visible
                and meta.typ == calamine.SheetTypeEnum.WorkSheet
            ]
            head: dict[str, Any] = {"names": book.sheet_names, "visible": visible, "sheets": []}
            if order["sheet"] is not None and order["sheet"] not in book.sheet_names:
                found = ", ".join(f'"{name}"' for name in book.sheet_names[:8]) or "none"
                answer({"problem": "missing_sheet", "wanted": order["sheet"], "found": found})
                return
            coders: list[Coder] = []
            cells = 0
            for name in visible if order["sheet"] is None else [order["sheet"]]:
                sheet = book.get_sheet_by_name(name)
                height, width = (sheet.end[0] + 1, sheet.end[1] + 1) if sheet.end else (0, 0)
                cells += height * width
                if cells > order["most_cells"]:
                    raise TooLarge(f"{height:,} rows of {width:,} columns")
                columns = read_sheet(sheet)
                if any(len(column.codes) != height for column in columns):
                    raise ValueError("the sheet says that it has other rows than it gives")
                coders += columns
                merged = [[*first, *last] for first, last in sheet.merged_cell_ranges or []]
                told = [column.told() for column in columns]
                head["sheets"].append({"name": name, "height": height, "merged": merged, "columns": told})
            answer(head, coders)
    except calamine.PasswordError:
        answer({"problem": "password_protected"})
    except (calamine.CalamineError, OSError, ValueError):
        answer({"problem": "unreadable"})


def read_sheet(sheet: Any) -> list[Coder]:
    """Every row from row 1 and every column from A: calamine's own iterator leaves out columns before the first."""
    if sheet.end is None:
        return []
    margin = sheet.start[1]
    return code(sheet.iter_rows(), sheet.end[1] + 1 - margin, margin)


def sav(raw: bytes, order: dict[str, Any]) -> None:
    """The variables of an SPSS file, and its cases unless only `metadata` is asked for. Labels are not applied."""
    import pyreadstat

    try:
        table, meta = pyreadstat.read_sav(
            io.BytesIO(raw),
            metadataonly=order["metadata"],
            user_missing=True,
            disable_datetime_conversion=True,
            output_format="dict",
        )
    except (pyreadstat.ReadstatError, pyreadstat.PyreadstatError, UnicodeError, ValueError, OverflowError):
        answer({"problem": "unreadable"})
        return
    told, coders = [], []
    ranges: dict[str, Any] = meta.missing_ranges
    for name in meta.column_names:
        labels = meta.variable_value_labels.get(name, {})
        told.append(
            {
                "name": name,
                "label": meta.column_names_to_labels.get(name) or "",
                "labels": {spss_text(code): str(label) for code, label in labels.items()},
                "missing": [[spss_text(area["lo"]), spss_text(area["hi"])] for area in ranges.get(name, [])],
            }
        )
        if not order["metadata"]:
            coders.append(spss_column(table[name], meta.original_variable_types.get(name) or ""))
    height = len(coders[0].codes) if coders else 0
    if height * len(coders) > order["most_cells"]:
        raise TooLarge(f"{height:,} cases of {len(coders):,} variables")
    about = {"variables": told, "encoding": meta.file_encoding or "", "cases": meta.number_rows}
    sheet = {"name": "", "height": height, "merged": [], "columns": [column.told() for column in coders]}
    answer({"names": [], "visible": [], "sheets": [sheet], "about": about}, coders)


def spss_text(value: object) -> str:
    """A code, a text or nothing; SPSS pads texts with spaces."""
    if isinstance(value, str):
        return value.rstrip()
    return "" if value is None or value != value else as_text(value)


def spss_column(values: Any, form: str) -> Coder:
    """Days, moments and times of day are seconds, from the first day of the Gregorian calendar or from midnight."""
    coder = Coder()
    kind = form.rstrip("0123456789.").upper()
    read = spss_text
    if kind in SPSS_DAYS or kind in SPSS_MOMENTS or kind in SPSS_TIMES:
        read = partial(spss_time, kind)
    known: dict[object, str] = {}
    cells = []
    for value in values:
        if value not in known:
            known[value] = read(value)
        cells.append(known[value])
    coder.add(cells)
    coder.typed = not (read is not spss_text or any(isinstance(value, str) for value in known))
    return coder


def spss_time(kind: str, value: object) -> str:
    if not isinstance(value, (int, float)) or value != value:
        return ""
    try:
        moment = SPSS_EPOCH + timedelta(seconds=value)
    except OverflowError:
        return as_text(value)  # no day of any calendar: the reader refuses its record
    if kind in SPSS_DAYS:
        return moment.date().isoformat()
    return moment.time().isoformat("seconds") if kind in SPSS_TIMES else moment.isoformat(" ", "seconds")


def main() -> None:
    gc.disable()  # millions of cells and no cycle among them
    order = json.loads(sys.argv[1])
    for limit, value in (
        (resource.RLIMIT_AS, order["memory"]),
        (resource.RLIMIT_CPU, order["seconds"]),
        (resource.RLIMIT_CORE, 0),
    ):
        hard = resource.getrlimit(limit)[1]
        resource.setrlimit(limit, (value, hard))
    raw = sys.stdin.buffer.read()
    try:
        {"workbook": workbook, "sav": sav}[order["what"]](raw, order)
    except TooLarge as problem:
        answer({"problem": "too_large", "found": str(problem)})
    except MemoryError:
        answer({"problem": "too_large", "found": "one that asks for more"})
    except BaseException as problem:
        if type(problem).__name__ != "PanicException":
            raise
        answer({"problem": "unreadable"})


if __name__ == "__main__":
    main()
