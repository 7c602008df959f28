"""Qualtrics CSV or TSV: three header rows (export tags, question text, ImportId in JSON), or two in legacy exports.

A declared column is looked for among ImportIds first, then export tags, then question texts: tags can be edited
and repeated, texts are translated.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable

import numpy as np

from pipelines.ingest.archive import check_archive
from pipelines.ingest.columns import coded, tidy_texts
from pipelines.ingest.delimited import truncated
from pipelines.ingest.generic import open_grid
from pipelines.ingest.grid import Grid
from pipelines.ingest.header import Conventions, Layout, resolve
from pipelines.ingest.model import FileProblem
from pipelines.ingest.reading import Marks, Traits
from pipelines.ingest.scan import Unterminated, detect_delimiter, scan
from pipelines.ingest.spec import SourceSpec
from pipelines.ingest.spreadsheet import ZIP, is_workbook
from pipelines.ingest.text import read_text

SEEN_UNANSWERED = {"-99": "seen_unanswered"}
CONVENTIONS = Conventions(
    keys={
        "response": "ResponseId",
        "submitted_at": "RecordedDate",
        "language": "UserLanguage",
        "channel": "DistributionChannel",
    },
    marks={"status": "Status", "finished": "Finished", "channel": "DistributionChannel"},
    # Of Qualtrics' own columns these say nothing of a person; the others must be dropped by the declaration.
    known=re.compile(
        r"startDate|endDate|status|progress|duration|finished|recordedDate|_recordId|distributionChannel"
        r"|userLanguage|ResponseSet|ResponseID|StartDate|EndDate|Status|Finished|LocationAccuracy"
        # What Qualtrics works out of an answer beside it: the NPS group, topics and sentiment of a text.
        r"|QID[0-9]+(?:_[0-9]+)?_NPS_GROUP|QID\w+(?:Topics|Sentiment\w*|ParentTopics)"
    ),
    synonyms=(frozenset({"responseid", "_recordid"}), frozenset({"recordeddate", "enddate"})),
)
# Preview, test and spam, alone or combined with "offline" and "imported"; and the words a text export uses.
TESTS = {"1", "2", "8", "9", "12", "17"}
TEST_WORDS = ("preview", "spam", "test", "aperçu", "indésirable", "vorschau", "vista previa")
LEGACY = re.compile(r"V[0-9]+")
UNFINISHED = {"0", "false", "no", "faux", "non", "falsch", "nein", "falso"}


def read(raw: bytes, spec: SourceSpec) -> tuple[Grid, Layout, Traits]:
    """A Qualtrics export with its two or three header rows."""
    if is_workbook(raw):
        if raw.startswith(ZIP):
            check_archive(raw)  # an API export is a zip that holds the CSV: the refusal says to unpack it
        raise FileProblem(
            "wrong_container",
            expected="a CSV or TSV export",
            found="a workbook",
            fix="export the responses from Qualtrics as CSV",
        )
    grid = open_grid(raw, spec, header_rows=_header_rows(raw))
    if len(grid.headers) == 2:
        return grid, resolve(grid.headers, spec, CONVENTIONS, grid.records), _traits(None)
    tags, questions, imports = grid.headers
    parsed = [import_id(cell) for cell in imports]
    layout = resolve([[name for name, _ in parsed], tags, questions], spec, CONVENTIONS, grid.records)
    place = layout.keys.get("submitted_at")
    return grid, layout, _traits(None if place is None else parsed[place][1])


def _traits(zone: str | None) -> Traits:
    return Traits(null_reason="blank", blank_reason="blank", implied=SEEN_UNANSWERED, flags=_flags, zone=zone)


def _header_rows(raw: bytes) -> int:
    """3 where the third row holds ImportIds, 2 in a legacy export."""
    data = read_text(raw).head
    rows: list[list[str]] = []
    try:
        for row in scan(data, detect_delimiter(data)):
            rows.append([cell or "" for cell in row.cells])
            if len(rows) == 3:
                break
    except Unterminated as problem:
        raise truncated(problem.records) from None
    if len(rows) == 3 and any(import_id(cell)[0] for cell in rows[2]):
        return 3
    if len(rows) >= 2 and any(LEGACY.fullmatch(cell) for cell in rows[0]) and "ResponseID" in rows[1]:
        return 2
    raise FileProblem(
        "header_not_recognised",
        expected="three header rows, the third with ImportIds, or the two of a legacy export",
        found="neither",
        fix="export from Qualtrics with all header rows, or declare `format: table`",
        status="held",
    )


def import_id(cell: str) -> tuple[str, str | None]:
    """ImportId with its choice, and the time zone of a date, of a third-row cell; ("", None) if it is none."""
    try:
        parsed = json.loads(cell)
    except ValueError:
        return "", None
    if not isinstance(parsed, dict) or not isinstance(parsed.get("ImportId"), str):
        return "", None
    choice, zone = parsed.get("choiceId"), parsed.get("timeZone")
    name = parsed["ImportId"] if choice is None else f"{parsed['ImportId']}_{choice}"
    if zone == "Z":
        zone = "UTC"
    return name, zone if isinstance(zone, str) else None


def _flags(marks: Marks, rows: int) -> tuple[np.ndarray, np.ndarray]:
    """Complete unless said unfinished; a test if the status or the channel says preview, test or spam."""
    complete = ~_where(marks, "finished", rows, lambda text: text in UNFINISHED)
    status = _where(marks, "status", rows, _is_test)
    channel = _where(marks, "channel", rows, lambda text: text in ("preview", "test"))
    return complete, status | channel


def _is_test(text: str) -> bool:
    return text in TESTS or any(word in text for word in TEST_WORDS)


def _where(marks: Marks, mark: str, rows: int, holds: Callable[[str], bool]) -> np.ndarray:
    if mark not in marks:
        return np.zeros(rows, dtype=bool)
    column = coded(marks[mark])
    return np.array([bool(text) and holds((text or "").lower()) for text in tidy_texts(column)])[column.index]
