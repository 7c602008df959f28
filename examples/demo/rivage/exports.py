"""How tools write what they export: LimeSurvey's CSV, a spreadsheet saved as CSV, a workbook."""

from __future__ import annotations

import csv
import datetime as dt
import io
import zipfile
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from openpyxl import Workbook

NBSP = "\u00a0"
ZIP_TIME = (1980, 1, 1, 0, 0, 0)


def limesurvey(lines: Iterable[Sequence[str | None]]) -> bytes:
    """`;`, BOM, every value quoted, None bare, CRLF and a blank last line."""
    texts = [
        ";".join("" if value is None else '"' + value.replace('"', '""') + '"' for value in values)
        for values in lines
    ]
    return ("\r\n".join(texts) + "\r\n\r\n").encode("utf-8-sig")


def spreadsheet_csv(rows: Iterable[Sequence[object]], encoding: str) -> bytes:
    """As a French Excel saves it: `;`, CRLF, quotes where they are needed."""
    out = io.StringIO()
    csv.writer(out, delimiter=";", lineterminator="\r\n").writerows(rows)
    return out.getvalue().encode(encoding)


def french(day: dt.date) -> str:
    """31/12/2025."""
    return day.strftime("%d/%m/%Y")


class Look(NamedTuple):
    """Who made a workbook, and the format of the columns that hold dates (numbers from 1)."""

    creator: str
    dates: tuple[int, ...]
    written: str


FORMS = Look("Microsoft Forms", (2, 3), "m/d/yy h:mm:ss")


def workbook(title: str, rows: Iterable[Sequence[object]], made_on: dt.datetime, look: Look) -> bytes:
    """An XLSX of one sheet that depends on its content only: openpyxl stamps the clock, so it is packed again."""
    book = Workbook()
    sheet = book.active
    sheet.title = title
    for row in rows:
        sheet.append(list(row))
    for cells in sheet.iter_rows(min_row=2):
        for cell in cells:
            if cell.column in look.dates and isinstance(cell.value, dt.date):
                cell.number_format = look.written
    book.properties.creator = look.creator
    book.properties.created = made_on
    first, last = io.BytesIO(), io.BytesIO()
    book.save(first)
    stamp = book.properties.modified.strftime("%Y-%m-%dT%H:%M:%SZ").encode()
    with zipfile.ZipFile(first) as packed, zipfile.ZipFile(last, "w", zipfile.ZIP_DEFLATED) as fixed:
        for name in sorted(packed.namelist(), key=lambda part: (part != "[Content_Types].xml", part)):
            content = packed.read(name)
            if name == "docProps/core.xml":
                content = content.replace(stamp, made_on.strftime("%Y-%m-%dT%H:%M:%SZ").encode())
            fixed.writestr(zipfile.ZipInfo(name, ZIP_TIME), content, zipfile.ZIP_DEFLATED, 9)
    return last.getvalue()
