"""Formbricks CSV or XLSX: the tool's own columns, then "1. Headline" and "1. Headline - Option ID" per question."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np

from pipelines.ingest.columns import coded, tidy_texts
from pipelines.ingest.generic import one_header, traits_of
from pipelines.ingest.grid import Grid
from pipelines.ingest.header import Conventions, Layout
from pipelines.ingest.reading import Marks, Traits
from pipelines.ingest.spec import SourceSpec

CONVENTIONS = Conventions(
    keys={"response": "Response ID", "submitted_at": "Timestamp"},
    marks={"finished": "Finished"},
    # Not listed, for a declaration must say what becomes of them: User ID, Notes, url, country, person.* and hidden
    # fields. Option IDs repeat the answer beside them.
    known=re.compile(
        r"No\.|Response ID|Timestamp|Finished|Survey ID|Formbricks ID \(internal\)|Tags|Quotas|source"
        r"|userAgent - \w+|action|[0-9]+\. .* - Option ID"
    ),
)


def read(raw: bytes, spec: SourceSpec) -> tuple[Grid, Layout, Traits]:
    """A Formbricks export; its server writes times in UTC."""
    grid, layout = one_header(raw, spec, CONVENTIONS)
    return grid, layout, replace(traits_of(grid), utc=True, flags=_flags)


def _flags(marks: Marks, rows: int) -> tuple[np.ndarray, np.ndarray]:
    test = np.zeros(rows, dtype=bool)
    if "finished" not in marks:
        return ~test, test
    finished = coded(marks["finished"])
    complete = np.array([(text or "").lower() not in ("no", "false", "0") for text in tidy_texts(finished)])
    return complete[finished.index], test
