"""Words that the mask, the register and the audit share: cells, families, measures, and what is emptied."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from pipelines.privacy.rules import ALL, MaskRefusedError, Rules

PROTECTED = "protected"
PUBLIC = "already_public"
CHANGE_COLUMNS = (
    "compared_period_code",
    "change_value",
    "change_ci_low",
    "change_ci_high",
    "change_label",
    "change_p_value",
)
EMPTIED_COLUMNS = (
    "value",
    "n",
    "ci_low",
    "ci_high",
    "method",
    "verdict_code",
    "ranking_value",
    *CHANGE_COLUMNS,
)
# Their n is the cell's own or none: they are shown and hidden with the cell.
CELL_KPIS = frozenset({"respondents", "participation"})
# Indices made of the dimensions of their cell.
COMPOSITES = frozenset({"rqi", "rqi_coverage", "mirrored_index"})
IDENTITY = (
    "unit_code",
    "stakeholder_code",
    "segment_code",
    "counterparty_code",
    "kpi_code",
    "dimension_code",
)

Row = Mapping[str, Any]


class Family(NamedTuple):
    """The cells one unit tree adds up: the same stakeholder, period and value of a segment."""

    stakeholder: str
    period: str
    segment: str


class Cell(NamedTuple):
    """One decision: everything published about a family in one unit."""

    unit: str
    family: Family


class Measure(NamedTuple):
    """What a row of a cell measures."""

    kpi: str
    dimension: str
    counterparty: str


class Place(NamedTuple):
    """Where a row of stakeholder 'all' stands: coverage and balance of one unit and period."""

    unit: str
    period: str
    segment: str


RESPONDENTS = Measure("respondents", ALL, ALL)


def cell_of(row: Row) -> Cell:
    """The cell a row of fct_kpi_values belongs to."""
    return Cell(row["unit_code"], Family(row["stakeholder_code"], row["period_code"], row["segment_code"]))


def measure_of(row: Row) -> Measure:
    """What a row of fct_kpi_values measures inside its cell."""
    return Measure(row["kpi_code"], row["dimension_code"], row["counterparty_code"])


def place_of(row: Row) -> Place:
    """The place of a row of fct_kpi_values."""
    return Place(row["unit_code"], row["period_code"], row["segment_code"])


def segment_name(code: str) -> str:
    """The segment of a `segment_code`: 'all', or what stands before the value in '<segment>__<value>'."""
    name, mark, value = code.partition("__")
    if code != ALL and not (name and mark and value):
        raise MaskRefusedError(
            f"fct_kpi_values has a cut by segment '{code}', which is not '<segment>__<value>'"
        )
    return name


def identity(row: Row, period: str | None) -> tuple[str | None, ...]:
    """The key of a row of fct_kpi_values, in another period."""
    return (period, *(row[key] for key in IDENTITY))


def year_before(day: dt.date) -> dt.date:
    """The same day one year earlier (28 February for 29 February)."""
    try:
        return day.replace(year=day.year - 1)
    except ValueError:
        return day.replace(year=day.year - 1, day=28)


def cells_behind(cells: Iterable[Cell], places: Iterable[Place], rules: Rules) -> dict[Place, list[Cell]]:
    """The cells that coverage and balance of each place are made of: the latest of each stakeholder within
    a year.
    """
    nearby: dict[tuple[str, str], list[tuple[dt.date, Cell]]] = defaultdict(list)
    for cell in cells:
        nearby[cell.unit, cell.family.segment].append((rules.end_of(cell.family.period), cell))
    found: dict[Place, list[Cell]] = {}
    for place in set(places):
        end = rules.end_of(place.period)
        oldest = year_before(end)
        latest: dict[str, tuple[dt.date, Cell]] = {}
        for day, cell in nearby[place.unit, place.segment]:
            kept = latest.get(cell.family.stakeholder)
            if oldest < day <= end and (kept is None or day > kept[0]):
                latest[cell.family.stakeholder] = (day, cell)
        found[place] = [cell for _, cell in latest.values()]
    return found
