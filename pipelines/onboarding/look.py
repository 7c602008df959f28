"""One look at an export before anything is declared of it: format, container, header, and what each column is like."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field, replace
from itertools import islice

from pipelines.ingest import READERS, FileProblem, SourceSpec
from pipelines.ingest.fec import decode_fec
from pipelines.ingest.generic import PAGES
from pipelines.ingest.grid import CODED, Grid
from pipelines.ingest.header import VALUE_LIKE, Layout, tidy
from pipelines.ingest.keys import ADDRESS
from pipelines.ingest.recognise import recognise
from pipelines.ingest.scan import SAMPLE, Unterminated, detect_delimiter, scan
from pipelines.ingest.spreadsheet import is_workbook
from pipelines.ingest.text import read_text
from pipelines.onboarding.profile import Column, profile
from pipelines.onboarding.sheets import Sheets, header_row_of, sheets_of

LARGEST = 1 << 26  # bytes profiled; a larger file is looked at through its beginning
WHY = {
    "fec": "the eighteen columns of an accounting entries file",
    "qualtrics_csv": "a third row of ImportIds, or V1..V10 over ResponseID",
    "limesurvey_csv": "id, submitdate, lastpage and startlanguage, question codes as headings",
    "surveymonkey_csv": "two header rows, Respondent ID and Collector ID first",
    "google_forms": "a first column of timestamps under Google's own name",
    "forms_xlsx": "Microsoft Forms' own columns ID, Start time, Completion time",
    "typeform_csv": "the token column # first, Start Date (UTC) and Network ID last",
    "typeform_json": "items with answers, a token or landed_at",
    "formbricks_json": "responses with a surveyId and their data by question",
    "glint_csv": "Survey Cycle dates, and _COMMENT columns after each question",
    "formbricks_csv": "Response ID, Survey ID and numbered headlines",
    "spss_sav": "the mark of an SPSS file",
    "partner_workbook": "the sheets of the partner template",
    "pnl": "an account column and a column per month",
}


@dataclass(frozen=True)
class Look:
    """What one look tells. Texts of cells stay inside `columns`, for the draft; no report shows them."""

    format: str
    why: str
    encoding: str
    delimiter: str | None
    records: int
    columns: tuple[Column, ...]
    sheet: str | None = None
    header_row: int | None = None
    path: str | None = None  # to the records of a JSON file
    alike: dict[str, str] = field(default_factory=dict)  # sheets of one layout, with the title of each
    extra: tuple[str, ...] = ()  # columns that only some of these sheets have
    keys: dict[str, str] = field(default_factory=dict)  # the format's own
    warnings: tuple[str, ...] = ()

    def named(self, name: str) -> Column | None:
        return next((column for column in self.columns if column.name == name), None)


@dataclass(frozen=True)
class Opened:
    """A file opened with everything dropped: its grid, the names of its columns, and how it was opened."""

    format: str
    grid: Grid
    layout: Layout
    spec: SourceSpec
    book: Sheets | None = None

    def names(self, place: int) -> tuple[str, ...]:
        """The names of a column, the surest first; an unnamed one is called by its position."""
        others = [
            row[place] for row in self.grid.headers if place < len(row) and not row[place].startswith("{")
        ]
        told = [tidy(name) for name in (self.layout.names[place], *others) if tidy(name)]
        return tuple(dict.fromkeys(told)) or (f"column {place + 1}",)


def opened(raw: bytes, form: str | None = None, declared: SourceSpec | None = None) -> Opened:
    """Open an export, with the sheet, header row and records path of `declared` where given, else with those found.

    Raises FileProblem where it cannot be read at all.
    """
    if not raw or raw.isspace():
        raise FileProblem(
            "empty", expected="a header and records", found="no bytes", fix="export the file again"
        )
    if raw.lstrip()[:9].lower().startswith(PAGES):
        raise FileProblem(
            "not_a_table", expected="a table", found="a web page or a document",
            fix="export the file from the tool and give that",
        )  # fmt: skip
    known = form or recognise(raw)
    known = "table" if known in {"pnl", "partner_workbook"} else known  # looked at as what they are made of
    spec, book = SourceSpec("look", "responses", known, "*", drop=("*",)), None
    if declared is not None:
        sheet = sheets_of(raw).sheet if declared.sheet == "*" else declared.sheet
        spec = replace(spec, sheet=sheet, header_row=declared.header_row, records=declared.records)
    elif known == "table" and (path := _records_path(raw)) is not None:
        spec = replace(spec, records=path)
    elif known == "table" and is_workbook(raw):
        book = sheets_of(raw)
        spec = replace(spec, sheet=book.sheet, header_row=book.header_row)
    elif known == "table":
        spec = replace(spec, header_row=_header_row(raw))
    grid, layout, _ = READERS[known](raw if is_workbook(raw) else head_of(raw, LARGEST), spec)
    found = Opened(known, grid, layout, spec, book)
    _refuse_headless([found.names(place) for place in range(len(layout.names))])
    return found


def look_at(raw: bytes, name: str, form: str | None = None) -> Look:
    """Look at the bytes of an export. Raises FileProblem where they cannot be read at all."""
    known = form or recognise(raw)
    if known == "fec":
        return _ledger(raw, name)
    found = opened(raw, form)
    grid, spec, book = found.grid, found.spec, found.book
    columns = _columns(found)
    return Look(
        known,
        "JSON records"
        if spec.records is not None
        else WHY.get(known, "no tool's own layout was recognised: a plain table"),
        grid.encoding,
        grid.delimiter,
        grid.records,
        columns,
        sheet=None if book is None or len(book.names) < 2 else "*" if book.alike else book.sheet,
        header_row=spec.header_row if (spec.header_row or 1) > 1 else None,
        path=spec.records,
        extra=book.extra if book else (),
        alike={name: book.titles.get(name, "") for name in book.alike} if book else {},
        keys={key: columns[place].name for key, place in found.layout.keys.items()},
        warnings=(*grid.warnings, *(["only its first 64 MB were looked at"] if len(raw) > LARGEST else [])),
    )


def _ledger(raw: bytes, name: str) -> Look:
    decoded = decode_fec(raw, name, SourceSpec("look", "ledger", "fec", "*"))
    return Look(
        "fec", WHY["fec"], decoded.encoding, decoded.delimiter, decoded.records, (), warnings=tuple(decoded.warnings)
    )  # fmt: skip


def _columns(found: Opened) -> tuple[Column, ...]:
    width = len(found.layout.names)
    cells = found.grid.read(dict.fromkeys(range(width), CODED))
    names = [found.names(place) for place in range(width)]
    times = Counter(given[0] for given in names)
    return tuple(
        profile(place, given[0], max(given, key=len), given, cells.columns[place], times[given[0]] > 1)
        for place, given in enumerate(names)
    )


def _refuse_headless(names: list[tuple[str, ...]]) -> None:
    """A first row of values is no header, and may not be shown."""
    like = [
        given for given in names if all(VALUE_LIKE.fullmatch(name) and not _is_year(name) for name in given)
    ]
    if names and (len(like) > len(names) / 3 or any(ADDRESS.search(given[0]) for given in names)):
        raise FileProblem(
            "header_not_recognised",
            expected="a first row of column names",
            found="a first row that looks like answers",
            fix="export the file with its header, or give header_row in the declaration",
            status="held",
        )


def _is_year(text: str) -> bool:
    return len(text) == 4 and text.isdigit()


def _header_row(raw: bytes) -> int | None:
    """The row of the header where lines of a title stand above it; None for the first."""
    text = read_text(head_of(raw, SAMPLE * 4)).data
    data = text[: len(text)]
    lines: list[tuple[int, list[object]]] = []
    try:
        for row in islice(scan(data, detect_delimiter(data)), 30):
            line = data.count(b"\n" if b"\n" in data else b"\r", 0, row.start) + 1
            lines.append((line, [cell or "" for cell in row.cells]))
    except Unterminated:
        pass
    place = header_row_of([cells for _, cells in lines])
    return lines[place][0] if place else None


def head_of(raw: bytes, size: int) -> bytes:
    """The beginning of a file, cut at a line end; the whole of a smaller one."""
    if len(raw) <= size:
        return raw
    head = raw[:size]
    return head[: head.rfind(b"\n") + 1] or head


def _records_path(raw: bytes) -> str | None:
    """The dotted path to the longest list of objects of a JSON document, "" at its top; None where it is no JSON."""
    if raw.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] not in (b"{", b"["):
        return None
    try:
        document = json.loads(raw.decode("utf-8-sig"))
    except (ValueError, UnicodeDecodeError, RecursionError):
        return None
    found: list[tuple[int, str]] = []

    def walk(node: object, path: str, depth: int) -> None:
        if isinstance(node, list) and node and all(isinstance(one, dict) for one in node):
            found.append((len(node), path))
        elif isinstance(node, dict) and depth < 4:
            for key, value in node.items():
                walk(value, f"{path}.{key}" if path else str(key), depth + 1)

    walk(document, "", 0)
    return max(found, default=(0, None), key=lambda pair: pair[0])[1]
