"""Typeform CSV or XLSX: `#` is the response's token, the last columns are the tool's own, their dates in UTC.

A question with several answers is one cell joined by " / ", or, in older forms, one column per option headed by the
option alone. Yes and no are 1 and 0.
"""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np

from pipelines.ingest.columns import coded, tidy_texts
from pipelines.ingest.generic import one_header, traits_of
from pipelines.ingest.grid import Grid
from pipelines.ingest.header import Conventions, Layout
from pipelines.ingest.reading import Marks, Traits, is_filled
from pipelines.ingest.spec import SourceSpec

CONVENTIONS = Conventions(
    keys={"response": "#", "submitted_at": "Submit Date (UTC)"},
    marks={"type": "Response Type", "submitted": "Submit Date (UTC)"},
    # The network id is a pseudonym of the respondent's address: a declaration drops it.
    known=re.compile(r"#|Response Type|(?:Start|Stage|Submit) Date \(UTC\)|Tags|Ending"),
)


def read(raw: bytes, spec: SourceSpec) -> tuple[Grid, Layout, Traits]:
    """A Typeform export; partial responses are incomplete."""
    grid, layout = one_header(raw, spec, CONVENTIONS)
    return grid, layout, replace(traits_of(grid), utc=True, flags=_flags)


def _flags(marks: Marks, rows: int) -> tuple[np.ndarray, np.ndarray]:
    complete = is_filled(marks, "submitted", rows)
    if "type" in marks:
        kinds = coded(marks["type"])
        done = np.array([(text or "completed") == "completed" for text in tidy_texts(kinds)])
        complete = complete & done[kinds.index]
    return complete, np.zeros(rows, dtype=bool)
