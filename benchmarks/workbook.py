"""A workbook to coded columns: Relier's reader, its child process included, against calamine's own rows."""

from __future__ import annotations

import random
import zipfile
from pathlib import Path

import python_calamine as calamine

from benchmarks.measuring import Comparison, medians
from pipelines.ingest import ItemSpec, SourceSpec
from pipelines.ingest.grid import CODED
from pipelines.ingest.spreadsheet import Spreadsheet

ROWS, WIDTH = 200_000, 20
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
WORDS = ("Lyon", "Paris", "Très bien à l'écoute", "Agence; E-mail")


def compare(scratch: Path, rows: int = ROWS) -> Comparison:
    """Both sides read every cell of one sheet, from bytes in memory."""
    file = scratch / "survey.xlsx"
    write(file, rows)
    raw = file.read_bytes()
    items = tuple(ItemSpec(f"q{place}", f"Q{place}") for place in range(WIDTH - 2))
    spec = SourceSpec("survey", "responses", "table", "*", items=items)

    def ours() -> None:
        grid = Spreadsheet(raw, spec)
        cells = grid.read(dict.fromkeys(range(WIDTH), CODED))
        if len(cells.numbers) != rows or len(cells.columns[WIDTH - 1]) != rows:
            raise AssertionError("rows were lost")

    def theirs() -> None:
        with calamine.CalamineWorkbook.from_path(file) as book:
            if len(book.get_sheet_by_index(0).to_python()) != rows + 1:
                raise AssertionError("rows were lost")

    seconds = medians({"ours": ours, "theirs": theirs})
    return Comparison(
        f"a workbook of {rows:,} rows × {WIDTH} columns",
        ("coded columns, parsed in a child", seconds["ours"]),
        ("calamine `to_python`", seconds["theirs"]),
        aim=1.3,
    )


def write(path: Path, rows: int) -> None:
    """A sheet of identifiers, units, scores and words, as a survey tool exports it."""
    draw = random.Random(1)
    columns = [chr(ord("A") + place) for place in range(WIDTH)]
    strings = ["id", "unit", *(f"Q{place}" for place in range(WIDTH - 2)), *WORDS]
    head = '<?xml version="1.0" encoding="UTF-8"?>'
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as book:
        book.writestr("[Content_Types].xml", head + _types())
        book.writestr("_rels/.rels", head + _links(("officeDocument", "xl/workbook.xml")))
        book.writestr(
            "xl/workbook.xml",
            f'{head}<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}"><sheets>'
            '<sheet name="Responses" sheetId="1" r:id="rId1"/></sheets></workbook>',
        )
        parts = (("worksheet", "worksheets/sheet1.xml"), ("sharedStrings", "sharedStrings.xml"))
        book.writestr("xl/_rels/workbook.xml.rels", head + _links(*parts))
        texts = "".join(f"<si><t>{text}</t></si>" for text in strings)
        book.writestr("xl/sharedStrings.xml", f'{head}<sst xmlns="{MAIN}">{texts}</sst>')
        with book.open("xl/worksheets/sheet1.xml", "w") as sheet:
            sheet.write(f'{head}<worksheet xmlns="{MAIN}"><sheetData><row r="1">'.encode())
            names = [f'<c r="{column}1" t="s"><v>{place}</v></c>' for place, column in enumerate(columns)]
            sheet.write(("".join(names) + "</row>").encode())
            for row in range(2, rows + 2):
                cells = [
                    f'<c r="A{row}" t="inlineStr"><is><t>R_{row:08d}</t></is></c>',
                    f'<c r="B{row}" t="s"><v>{WIDTH + row % 2}</v></c>',
                ]
                for place in range(2, WIDTH):
                    kind, value = (
                        (' t="s"', WIDTH + 2 + row % 2) if place % 5 == 4 else ("", draw.randint(1, 5))
                    )
                    cells.append(f'<c r="{columns[place]}{row}"{kind}><v>{value}</v></c>')
                sheet.write(f'<row r="{row}">{"".join(cells)}</row>'.encode())
            sheet.write(b"</sheetData></worksheet>")


def _types() -> str:
    book = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    return (
        f'<Types xmlns="{PACKAGE}/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Default Extension="xml" ContentType="application/xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{book}.sheet.main+xml"/>'
        f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{book}.worksheet+xml"/>'
        f'<Override PartName="/xl/sharedStrings.xml" ContentType="{book}.sharedStrings+xml"/></Types>'
    )


def _links(*parts: tuple[str, str]) -> str:
    links = "".join(
        f'<Relationship Id="rId{number}" Type="{OFFICE}/{kind}" Target="{target}"/>'
        for number, (kind, target) in enumerate(parts, start=1)
    )
    return f'<Relationships xmlns="{PACKAGE}/relationships">{links}</Relationships>'
