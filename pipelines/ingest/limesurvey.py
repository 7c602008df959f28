"""LimeSurvey CSV: a null (not shown, not reached) is an empty cell without quotes, a blank answer is `""`."""

from __future__ import annotations

import re

import numpy as np

from pipelines.ingest.columns import as_text
from pipelines.ingest.generic import open_grid
from pipelines.ingest.grid import Grid
from pipelines.ingest.header import Conventions, Layout, resolve
from pipelines.ingest.reading import Marks, Traits
from pipelines.ingest.spec import SourceSpec

CONVENTIONS = Conventions(
    keys={"response": "id", "submitted_at": "submitdate", "language": "startlanguage"},
    marks={"submitted": "submitdate"},
    # Not listed, for a declaration must say what becomes of them: token, ipaddr, refurl.
    known=re.compile(
        r"id|submitdate|lastpage|startlanguage|startdate|datestamp|seed"
        r"|interviewtime|(?:group|question)Time[0-9]+|[GQ]\w*[0-9]Time"
    ),
)
# The date of a survey that records none.
NO_DATE = ("1980-01-01 00:00:00",)


def read(raw: bytes, spec: SourceSpec) -> tuple[Grid, Layout, Traits]:
    """A LimeSurvey CSV. Reasons are told apart only by writers that quote every value but null."""
    grid = open_grid(raw, spec)
    layout = resolve(grid.headers, spec, CONVENTIONS, grid.records)
    apart = grid.quotes_header
    return (
        grid,
        layout,
        Traits(
            null_reason="not_shown" if apart else "blank",
            blank_reason="blank",
            tells_reasons=apart,
            flags=_flags,
            no_date=NO_DATE,
        ),
    )


def _flags(marks: Marks, rows: int) -> tuple[np.ndarray, np.ndarray]:
    """Complete means submitted; LimeSurvey exports no test responses."""
    submitted = marks.get("submitted")
    complete = np.ones(rows, dtype=bool) if submitted is None else ~np.asarray(as_text(submitted).is_null())
    return complete, np.zeros(rows, dtype=bool)
