"""Responses as the interfaces of Typeform and Formbricks page them: an answer stands under its question's reference."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import numpy as np

from pipelines.ingest.columns import as_text, coded, tidy_texts
from pipelines.ingest.grid import Grid
from pipelines.ingest.header import Conventions, Layout, resolve
from pipelines.ingest.json_grid import JsonGrid, twice
from pipelines.ingest.reading import Marks, Traits
from pipelines.ingest.spec import SourceSpec

BLANK = Traits(null_reason="blank", blank_reason="blank", utc=True)
TYPEFORM = Conventions(
    keys={"response": "token", "submitted_at": "submitted_at"},
    marks={"type": "response_type", "submitted": "submitted_at"},
    # The network id, the user agent and the referer are a person's: a declaration drops them.
    known=re.compile(
        r"token|response_id|response_type|landed_at|submitted_at|form_id|calculated\.score"
        r"|metadata\.(?:platform|browser)|thankyou_screen_ref|ending(?:\..*)?|tags|variables|outcome\..*"
    ),
)
# What the interface writes for a response nobody sent.
UNSENT = ("0001-01-01T00:00:00Z",)
FORMBRICKS = Conventions(
    keys={"response": "id", "submitted_at": "createdAt", "language": "language"},
    marks={"finished": "finished"},
    known=re.compile(
        r"id|createdAt|updatedAt|finished|surveyId|endingId|displayId|language|ttc\..*|tags|quotas|quotaLinks"
        r"|meta\.(?:source|userAgent\..*|action)"
    ),
)


def read_typeform(raw: bytes, spec: SourceSpec) -> tuple[Grid, Layout, Traits]:
    """Pages of Typeform responses: `items`, a column per `field.ref` and per `hidden.*`."""
    grid = JsonGrid(raw, spec, "items", _typeform)
    layout = resolve(grid.headers, spec, TYPEFORM, grid.records)
    return grid, layout, replace(BLANK, flags=_sent, no_date=UNSENT)


def read_formbricks(raw: bytes, spec: SourceSpec) -> tuple[Grid, Layout, Traits]:
    """Pages of Formbricks responses: `data`, a column per question, and per row of a matrix as `question.row`."""
    grid = JsonGrid(raw, spec, "data", _formbricks)
    layout = resolve(grid.headers, spec, FORMBRICKS, grid.records)
    return grid, layout, replace(BLANK, flags=_finished)


def _typeform(record: dict[str, Any]) -> dict[str, Any]:
    members = {name: value for name, value in record.items() if name != "answers"}
    for answer in record.get("answers") or []:
        if not isinstance(answer, dict):
            continue
        field = answer.get("field")
        field = field if isinstance(field, dict) else {}
        name = field.get("ref") or field.get("id")
        if not isinstance(name, str):
            continue
        value = _answer(answer)
        if members.setdefault(name, value) != value:
            raise twice("of each question")
    return members


def _answer(answer: dict[str, Any]) -> Any:
    """The value a typed answer holds: a label, labels, or the plain value. Yes and no are 1 and 0, as in the CSV."""
    value = answer.get(str(answer.get("type")))
    if isinstance(value, bool):
        return "1" if value else "0"
    if not isinstance(value, dict):
        return value
    labels = value.get("labels")
    if isinstance(labels, list) or "labels" in value:
        given = [*(labels or []), value.get("other")]
        return [label for label in given if label is not None]
    return next((value[name] for name in ("label", "other", "amount") if value.get(name) is not None), None)


def _formbricks(record: dict[str, Any]) -> dict[str, Any]:
    """Answers stand under their question's id; one that is also a member of the response is `data.<id>`."""
    members = {name: value for name, value in record.items() if name != "data"}
    answers = record.get("data")
    for name, value in answers.items() if isinstance(answers, dict) else ():
        members[f"data.{name}" if name in members else name] = value
    return members


def _sent(marks: Marks, rows: int) -> tuple[np.ndarray, np.ndarray]:
    """Complete means sent: neither partial nor without its date."""
    complete = np.ones(rows, dtype=bool)
    if "submitted" in marks:
        sent = coded(as_text(marks["submitted"]))
        complete &= np.array([bool(text) and text not in UNSENT for text in tidy_texts(sent)])[sent.index]
    if "type" in marks:
        kinds = coded(marks["type"])
        complete &= np.array([(text or "completed") == "completed" for text in tidy_texts(kinds)])[
            kinds.index
        ]
    return complete, np.zeros(rows, dtype=bool)


def _finished(marks: Marks, rows: int) -> tuple[np.ndarray, np.ndarray]:
    test = np.zeros(rows, dtype=bool)
    if "finished" not in marks:
        return ~test, test
    finished = coded(marks["finished"])
    return np.array([text != "false" for text in tidy_texts(finished)])[finished.index], test
