"""Viva Glint CSV: a row per person invited; a question, its comment, the comment's topics and flag side by side.

The identifier's header is the customer's own (`EMP ID` unless declared). A person without a completion date was
invited and has not answered.
"""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np

from pipelines.ingest.generic import one_header, traits_of
from pipelines.ingest.grid import Grid
from pipelines.ingest.header import Conventions, Layout
from pipelines.ingest.reading import Marks, Traits, is_filled
from pipelines.ingest.spec import SourceSpec

COMPLETED = "Survey Cycle Completion Date"
CONVENTIONS = Conventions(
    keys={"respondent": "EMP ID", "submitted_at": COMPLETED},
    marks={"completed": COMPLETED},
    # Names, e-mail and Manager ID are not listed: a declaration must drop them. Comments are known and not kept.
    known=re.compile(
        r"EMP ID|Status|Survey Cycle (?:Completion|Sent|Creation) Date|Survey Cycle Title"
        r"|.+_COMMENT(?:_TOPICS)?|.+_SENSITIVE_COMMENT_FLAG"
    ),
)


def read(raw: bytes, spec: SourceSpec) -> tuple[Grid, Layout, Traits]:
    """A Glint export; its dates are dd-mm-yyyy."""
    grid, layout = one_header(raw, spec, CONVENTIONS)
    return grid, layout, replace(traits_of(grid), day_first=True, flags=_flags)


def _flags(marks: Marks, rows: int) -> tuple[np.ndarray, np.ndarray]:
    return is_filled(marks, "completed", rows), np.zeros(rows, dtype=bool)
