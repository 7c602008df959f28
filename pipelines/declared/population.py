"""How many people there are, group by group: `population.csv` of a home, which answers can be weighted by."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pipelines.declared.lines import DeclarationError, Problem, read_csv
from pipelines.declared.models import Segment

COLUMNS = ["unit_code", "segment", "value", "people", "valid_from"]


@dataclass(frozen=True)
class People:
    """People of a unit, those under it included, in one group of a segment from `valid_from` on."""

    unit_code: str
    segment_code: str
    people: int
    valid_from: dt.date


def read_population(
    path: Path, shown: str, units: set[str], segments: Mapping[str, Segment]
) -> tuple[tuple[People, ...], list[Problem]]:
    """Lines of `population.csv` and every problem found; an absent file is an empty one."""
    if not path.exists():
        return (), []
    try:
        rows = read_csv(path, shown, COLUMNS)
    except DeclarationError as error:
        return (), list(error.problems)
    found: dict[tuple[str, str, dt.date], People] = {}
    problems = []
    for line, row in rows:
        said = _wrong(row, units, segments)
        if not said:
            day = dt.date.fromisoformat(row["valid_from"]) if row["valid_from"] else dt.date(1900, 1, 1)
            one = People(row["unit_code"], f"{row['segment']}__{row['value']}", int(row["people"]), day)
            if found.setdefault((one.unit_code, one.segment_code, day), one) is not one:
                said = f"unit '{one.unit_code}' has two lines for '{one.segment_code}' from {day}; keep one"
        if said:
            problems.append(Problem(shown, line, said))
    return tuple(found.values()), problems


def _wrong(row: Mapping[str, str], units: set[str], segments: Mapping[str, Segment]) -> str | None:
    """What a line says that cannot be."""
    segment = segments.get(row["segment"])
    if row["unit_code"] not in units:
        return f"unit '{row['unit_code']}' is not in units.csv"
    if segment is None:
        known = ", ".join(segments) or "none yet"
        return f"segment '{row['segment']}' is not under segments: of framework.yml; it has {known}"
    if row["value"] not in (*segment.values, "other"):
        return f"'{row['value']}' is not a value of segment '{row['segment']}'; it has {', '.join(segment.values)}"
    if not re.fullmatch("[0-9]{1,9}", row["people"]):
        return f"people '{row['people']}' must be a whole number"
    try:
        dt.date.fromisoformat(row["valid_from"] or "1900-01-01")
    except ValueError:
        return f"valid_from '{row['valid_from']}' must be a date such as 2025-01-31"
    return None
