"""Microsoft Forms workbooks (or their CSV re-saves): one header row, dates as workbook dates, localised own columns."""

from __future__ import annotations

import re
from dataclasses import replace

from pipelines.ingest.generic import open_grid, traits_of
from pipelines.ingest.grid import Grid
from pipelines.ingest.header import Conventions, Layout, resolve
from pipelines.ingest.reading import Traits
from pipelines.ingest.spec import SourceSpec

SYNONYMS = (
    frozenset({"id"}),
    frozenset({"start time", "heure de début", "startzeit", "hora de inicio"}),
    frozenset({"completion time", "heure de fin", "fertigstellungszeit", "hora de finalización"}),
    frozenset({"email", "adresse de messagerie", "e-mail", "correo electrónico"}),
    frozenset({"name", "nom", "nombre"}),
)
CONVENTIONS = Conventions(
    keys={"response": "ID", "submitted_at": "Completion time"},
    # Email and Name are not listed: a declaration must say that they are dropped.
    known=re.compile(
        r"(?i)id|start time|heure de début|completion time|heure de fin|last modified time"
        r"|heure de (?:la )?dernière modification|total points|total des points|quiz feedback|(?:points|feedback) - .+"
    ),
    synonyms=SYNONYMS,
)


def read(raw: bytes, spec: SourceSpec) -> tuple[Grid, Layout, Traits]:
    """A Forms export; `anonymous` in the address column is nobody."""
    grid = open_grid(raw, spec)
    traits = replace(traits_of(grid), anonymous=frozenset({"anonymous", "anonyme"}))
    return grid, resolve(grid.headers, spec, CONVENTIONS, grid.records), traits
