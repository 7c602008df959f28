"""Microsoft Forms workbooks (or their CSV re-saves): one header row, dates as workbook dates, localised own columns.

The first three columns are the identifier and the two times in every language: where their names are in a language not
listed here they are known by their place.
"""

from __future__ import annotations

import re
from dataclasses import replace

from pipelines.ingest.generic import open_grid, traits_of
from pipelines.ingest.grid import Grid
from pipelines.ingest.header import Conventions, Layout, resolve, tidy
from pipelines.ingest.naming import numbered
from pipelines.ingest.reading import Traits
from pipelines.ingest.spec import SourceSpec
from pipelines.ingest.spreadsheet import is_workbook
from pipelines.ingest.text import read_text

PLACES = ("ID", "Start time", "Completion time")
SYNONYMS = (
    frozenset({"id"}),
    frozenset({"start time", "heure de début", "startzeit", "hora de inicio", "ora di inizio", "begintijd"}),
    frozenset(
        {
            "completion time",
            "heure de fin",
            "fertigstellungszeit",
            "hora de finalización",
            "ora di completamento",
            "tijd van voltooien",
        }
    ),
    frozenset({"email", "adresse de messagerie", "e-mail", "correo electrónico", "posta elettronica"}),
    frozenset({"name", "nom", "nombre", "nome", "naam"}),
)
CONVENTIONS = Conventions(
    keys={"response": "ID", "submitted_at": "Completion time"},
    # Email and Name are not listed: a declaration must say that they are dropped.
    known=re.compile(
        "(?i)"
        + "|".join(re.escape(name) for names in SYNONYMS[:3] for name in sorted(names))
        + r"|last modified time|heure de (?:la )?dernière modification|total points|total des points"
        r"|quiz feedback|commentaires sur le quiz|(?:points|feedback|commentaires) [-–] .+"
    ),
    synonyms=SYNONYMS,
)
# An English Excel writes 3/1/26 9:00 when it saves as CSV; others write four digits of the year, or dots.
AMERICAN = re.compile(rb"[,;\t]\"?[0-9]{1,2}/[0-9]{1,2}/[0-9]{2} [0-9]{1,2}:[0-9]{2}")


def read(raw: bytes, spec: SourceSpec) -> tuple[Grid, Layout, Traits]:
    """A Forms export; `anonymous` in the address column is nobody."""
    grid = open_grid(raw, spec)
    names = numbered(grid.headers[0])
    layout = resolve([names, by_place(names)], spec, CONVENTIONS, grid.records)
    american = not is_workbook(raw) and AMERICAN.search(read_text(raw).head) is not None
    traits = replace(
        traits_of(grid),
        anonymous=frozenset({"anonymous", "anonyme", "anonym", "anónimo", "anonimo"}),
        day_first=False if american else None,
    )
    return grid, layout, traits


def by_place(names: list[str]) -> list[str]:
    """English names for the three first columns where the file's own are in no listed language."""
    listed = frozenset().union(*SYNONYMS)
    own = [tidy(name).lower() for name in names[:3]]
    if len(own) < 3 or own[0] != "id" or own[1] in listed or own[2] in listed:
        return [""] * len(names)
    return [*PLACES, *[""] * (len(names) - 3)]
