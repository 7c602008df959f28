"""Which sheet of a workbook holds the records, and on which row its header is."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from pipelines.ingest import FileProblem
from pipelines.ingest.header import tidy
from pipelines.ingest.isolated import Sheet
from pipelines.ingest.spreadsheet import open_workbook

ROWS = 60  # looked at in each sheet
ALIKE = 3  # sheets of one header are a question each
NEARLY = 0.6  # of its columns, for another sheet to be one of them


@dataclass(frozen=True)
class Sheets:
    """The sheet to look at, its header's row (from 1), all visible names; `alike` are sheets of the same header.

    `titles` is the text above each one's header: where a sheet is a question, its wording. `extra` are columns that
    only some of these sheets have.
    """

    sheet: str
    header_row: int
    names: tuple[str, ...]
    alike: tuple[str, ...] = ()
    titles: dict[str, str] = field(default_factory=dict)
    extra: tuple[str, ...] = ()


def sheets_of(raw: bytes) -> Sheets:
    """Look into a workbook. Raises FileProblem where it cannot be opened or holds no table."""
    _, parsed = open_workbook(raw, None)
    found: dict[str, tuple[int, int, tuple[str, ...]]] = {}
    titles: dict[str, str] = {}
    for sheet in parsed.sheets:
        rows = _rows(sheet)
        place = header_row_of(rows)
        if place is not None:
            header = tuple(tidy(str(cell)) for cell in rows[place])
            found[sheet.name] = (sheet.height - place, place + 1, header)
            above = [tidy(str(cell)) for row in rows[:place] for cell in row]
            titles[sheet.name] = next((text for text in above if text[:1] == "(" or text.endswith("?")), "")[
                :300
            ]
    if not found:
        raise FileProblem(
            "empty",
            expected="a sheet with a header and records",
            found="none",
            fix="export the workbook again",
        )
    alike: dict[object, list[str]] = defaultdict(list)
    for name, (_, row, header) in found.items():
        alike[row, header].append(name)
    largest = max(alike.values(), key=len)
    if len(largest) >= ALIKE and len(largest) > len(found) / 3:
        return _many(largest[0], found, tuple(parsed.visible), titles)
    best = max(
        found,
        key=lambda name: (found[name][0] > 1, len([cell for cell in found[name][2] if cell]), found[name][0]),
    )
    return Sheets(best, found[best][1], tuple(parsed.visible))


def _many(
    first: str,
    found: dict[str, tuple[int, int, tuple[str, ...]]],
    names: tuple[str, ...],
    titles: dict[str, str],
) -> Sheets:
    """All sheets whose header, on the same row, has most of the columns of `first`."""
    _, row, header = found[first]
    usual = {cell for cell in header if cell}
    near = [
        name
        for name, (_, own, cells) in found.items()
        if own == row and len(usual & {*cells}) >= NEARLY * len(usual)
    ]
    extra = dict.fromkeys(cell for name in near for cell in found[name][2] if cell and cell not in usual)
    return Sheets(first, row, names, tuple(near), titles, tuple(extra))


def _rows(sheet: Sheet) -> list[list[object]]:
    """The first rows, a number as a float."""
    return [
        [float("nan") if column.at(row) in column.typed else column.at(row) for column in sheet.columns]
        for row in range(min(sheet.height, ROWS))
    ]


def header_row_of(rows: Sequence[Sequence[object]]) -> int | None:
    """Place of the first row that names most columns below it: texts, nearly all different. None in an empty sheet."""
    filled = [[cell for cell in row if str(cell).strip()] for row in rows]
    widths = sorted((len(cells) for cells in filled if cells), reverse=True)
    if not widths:
        return None
    usual = widths[len(widths) // 4]  # a title and footnotes are narrow, a stray wide row is rare
    for place, cells in enumerate(filled):
        texts = [cell for cell in cells if isinstance(cell, str)]
        if (
            len(cells) >= max(2, 0.6 * usual)
            and len(texts) >= 0.7 * len(cells)
            and len(set(texts)) >= 0.7 * len(texts)
        ):
            return place
    return next(place for place, cells in enumerate(filled) if cells)
