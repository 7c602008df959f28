"""LimeSurvey CSV: a null (not shown, not reached) is an empty cell without quotes, a blank answer is `""`.

Its own columns have codes (`submitdate`), names in the survey's language (`Date submitted`) or both
(`submitdate. Date submitted`), by the heading chosen at export; so have questions, of which the code is preferred.
"""

from __future__ import annotations

import re

import numpy as np

from pipelines.ingest.generic import open_grid
from pipelines.ingest.grid import Grid
from pipelines.ingest.header import Conventions, Layout, resolve, tidy
from pipelines.ingest.naming import numbered
from pipelines.ingest.reading import Marks, Traits, is_filled
from pipelines.ingest.spec import SourceSpec

# The tool's own columns: code, then its names by language.
OWN = {
    "id": ("response id", "id de la réponse", "antwort id", "id de respuesta"),
    "submitdate": ("date submitted", "date de soumission", "datum abgeschickt", "fecha de envío"),
    "lastpage": ("last page", "dernière page", "letzte seite", "última página"),
    "startlanguage": (
        "start language",
        "langue de départ",
        "start-sprache",
        "startsprache",
        "lenguaje inicial",
    ),
    "startdate": ("date started", "date de lancement", "datum gestartet", "fecha de inicio"),
    "datestamp": ("date last action", "date de la dernière action", "datum letzte aktivität"),
    "seed": ("seed", "tête de série", "zufallsstartwert"),
    "interviewtime": ("total time", "temps total", "gesamtzeit"),
}
CONVENTIONS = Conventions(
    keys={"response": "id", "submitted_at": "submitdate", "language": "startlanguage"},
    marks={"submitted": "submitdate"},
    # Not listed, for a declaration must say what becomes of them: token, ipaddr, refurl. The words beside a closed
    # question ([other], [comment]) are known and not kept.
    known=re.compile("|".join(OWN) + r"|\w+Time[0-9]*|.+\[other\]|.+comment\]"),
)
# The date of a survey that records none.
NO_DATE = ("1980-01-01 00:00:00",)
# "-oth-" points at the words in [other]; "N/A" is how long answers write a null.
IMPLIED = {"-oth-": "not_applicable", "N/A": "not_shown"}
CODE = re.compile(r"([A-Za-z]\w*(?:\[[^\]]*\])*)\. .+")


def read(raw: bytes, spec: SourceSpec) -> tuple[Grid, Layout, Traits]:
    """A LimeSurvey CSV. Reasons are told apart only by writers that quote every value but null."""
    grid = open_grid(raw, spec)
    names = numbered(grid.headers[0])
    layout = resolve([names, codes(names)], spec, CONVENTIONS, grid.records)
    apart = grid.quotes_header
    return (
        grid,
        layout,
        Traits(
            null_reason="not_shown" if apart else "blank",
            blank_reason="blank",
            implied=IMPLIED,
            tells_reasons=apart,
            flags=_flags,
            no_date=NO_DATE,
        ),
    )


def codes(names: list[str]) -> list[str]:
    """What `heading: code` would have called each column, "" where that is its name already or cannot be told."""
    own = {name: code for code, names in OWN.items() for name in names}
    taken, out = set(names), []
    for name in names:
        told = CODE.fullmatch(name)
        code = told.group(1) if told else own.get(tidy(name).lower(), "")
        if not code and re.fullmatch(r"[A-Za-z][A-Za-z0-9]*(?:_[A-Za-z0-9]+)+", name):
            first, *rest = name.split("_")  # expression manager codes; LimeSurvey's own hold no underscore
            code = first + "".join(f"[{part}]" for part in rest)
        out.append(code if code not in taken else "")
    return out


def _flags(marks: Marks, rows: int) -> tuple[np.ndarray, np.ndarray]:
    """Complete means submitted; LimeSurvey exports no test responses."""
    return is_filled(marks, "submitted", rows), np.zeros(rows, dtype=bool)
