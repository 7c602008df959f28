"""Google Forms, as the form's own CSV or as a sheet saved in CSV or XLSX: one header row, the time stamp first.

Headers repeat and hold line breaks: a second `Question` is `Question (2)`. A grid has a column `Question [Row]` per
row. There is no identifier: declare `keys: {response: "@record"}`, or a column of yours.
"""

from __future__ import annotations

import re
from dataclasses import replace

from pipelines.ingest.generic import one_header, traits_of
from pipelines.ingest.grid import Grid
from pipelines.ingest.header import Conventions, Layout, tidy
from pipelines.ingest.reading import Traits
from pipelines.ingest.spec import SourceSpec

# Languages whose sheets write the day before the month.
DAY_FIRST = frozenset(
    {
        "horodateur",
        "zeitstempel",
        "marca temporal",
        "informazioni cronologiche",
        "carimbo de data/hora",
        "tijdstempel",
    }
)
STAMP = DAY_FIRST | {"timestamp"}
CONVENTIONS = Conventions(
    keys={"submitted_at": "Timestamp"},
    # The e-mail address is not listed: a declaration drops it, or makes it the respondent.
    known=re.compile(r"(?i)timestamp|score|note obtenue|" + "|".join(map(re.escape, sorted(DAY_FIRST)))),
    synonyms=(
        STAMP,
        frozenset({"email address", "email", "adresse e-mail", "nom d'utilisateur", "username"}),
    ),
)


def read(raw: bytes, spec: SourceSpec) -> tuple[Grid, Layout, Traits]:
    """A Google Forms export. Under `Timestamp` dates that read both ways stay a question for the declaration."""
    grid, layout = one_header(raw, spec, CONVENTIONS)
    stamp = layout.keys.get("submitted_at")
    known = stamp is not None and tidy(grid.headers[0][stamp]).lower() in DAY_FIRST
    return grid, layout, replace(traits_of(grid), day_first=True if known else None)
