"""The one door to what is published: marts in, the same marts with protected cells emptied out.

A cell is a unit × stakeholder × period × segment. It is visible for all its KPIs or for none: a composite
beside its parts is an equation. Inside a visible cell each KPI and dimension has its own respondents and
its own complements. Whatever the reason, a protected row looks the same: no value, no n, no interval, no
change, status `protected`.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import polars as pl

from pipelines.privacy.cascade import View, cascade
from pipelines.privacy.headcounts import visible_units
from pipelines.privacy.rules import ALL, MaskRefusedError, Rules
from pipelines.privacy.scorecard import copy_masked

PROTECTED = "protected"
PUBLIC = "already_public"
CHANGE_COLUMNS = ("compared_period_code", "change_value", "change_ci_low", "change_ci_high", "change_label")
EMPTIED_COLUMNS = ("value", "n", "ci_low", "ci_high", "method", *CHANGE_COLUMNS)
# Their n is the cell's own or none: they are shown and hidden with the cell.
CELL_KPIS = frozenset({"respondents", "participation"})
COMPOSITES = frozenset({"rqi", "rqi_coverage"})

Row = Mapping[str, Any]


class Family(NamedTuple):
    """The cells one unit tree adds up: the same stakeholder, period, segment and counterparty."""

    stakeholder: str
    period: str
    segment: str
    counterparty: str


class Cell(NamedTuple):
    """One decision: everything published about a family in one unit."""

    unit: str
    family: Family


@dataclass(frozen=True)
class Suppressed:
    """Masked marts, and how many rows of each mart are protected (counts only: they may be logged)."""

    marts: dict[str, pl.DataFrame]
    protected_rows: dict[str, int]


def suppress(marts: Mapping[str, pl.DataFrame], rules: Rules, secondary: bool = True) -> Suppressed:
    """Mask fct_kpi_values, fct_finance and scorecard_unit_period; every other mart passes unchanged.

    Columns, types and row order are kept. Masking what is masked changes nothing. `secondary=False` leaves
    the complements open: it exists for the tests that must see an attack succeed. Raises MaskRefusedError
    where the mask could not be safe: an undeclared stakeholder or period, a cut by segment or counterparty.
    """
    masked = dict(marts)
    masked["fct_kpi_values"] = mask_kpi_values(marts["fct_kpi_values"], rules, secondary)
    masked["fct_finance"] = mask_finance(marts["fct_finance"], rules, secondary)
    return finish(masked)


def finish(masked: dict[str, pl.DataFrame]) -> Suppressed:
    """Copy masked facts into the scorecard and count what is protected."""
    masked["scorecard_unit_period"] = copy_masked(
        masked["scorecard_unit_period"], masked["fct_kpi_values"], masked["fct_finance"]
    )
    counted = {
        name: int((masked[name]["status"] == PROTECTED).sum()) for name in ("fct_kpi_values", "fct_finance")
    }
    return Suppressed(masked, counted)


def cell_of(row: Row) -> Cell:
    """The cell a row of fct_kpi_values belongs to."""
    family = Family(
        row["stakeholder_code"], row["period_code"], row["segment_code"], row["counterparty_code"]
    )
    return Cell(row["unit_code"], family)


def mask_finance(finance: pl.DataFrame, rules: Rules, secondary: bool = True) -> pl.DataFrame:
    """Empty the headcount KPIs of units whose people are few, in all periods."""
    if finance.is_empty():
        return finance
    last_day = max(rules.end_of(period) for period in finance["period_code"].unique())
    shown = visible_units(finance["unit_code"].unique(), last_day, rules, secondary)
    hidden = pl.col("kpi_code").is_in(sorted(rules.headcount_kpis)) & ~pl.col("unit_code").is_in(
        sorted(shown)
    )
    return finance.with_columns(
        value=pl.when(hidden).then(None).otherwise(pl.col("value")),
        status=pl.when(hidden).then(pl.lit(PROTECTED)).otherwise(pl.col("status")),
    )


def mask_kpi_values(kpi: pl.DataFrame, rules: Rules, secondary: bool = True) -> pl.DataFrame:
    """Empty the rows of fct_kpi_values that are small, or that would give a small group away."""
    rows = kpi.rows(named=True)
    hidden, without_change = Mask(rows, rules, secondary).decide()
    flags = pl.DataFrame(
        {"hidden": hidden, "without_change": without_change},
        schema={
            "hidden": pl.Boolean,
            "without_change": pl.Boolean,
        },  # a home may have no survey: no rows, no types
    )
    emptied, unchanged = flags["hidden"], flags["hidden"] | flags["without_change"]
    columns = [
        pl.when(unchanged if column in CHANGE_COLUMNS else emptied)
        .then(None)
        .otherwise(pl.col(column))
        .alias(column)
        for column in EMPTIED_COLUMNS
    ]
    status = pl.when(emptied).then(pl.lit(PROTECTED)).otherwise(pl.col("status")).alias("status")
    return kpi.with_columns(*columns, status)


def year_before(day: dt.date) -> dt.date:
    """The same day one year earlier (28 February for 29 February)."""
    try:
        return day.replace(year=day.year - 1)
    except ValueError:
        return day.replace(year=day.year - 1, day=28)


class Place(NamedTuple):
    """Where a row of stakeholder 'all' stands: coverage and balance of one unit and period."""

    unit: str
    period: str
    segment: str
    counterparty: str


def place_of(row: Row) -> Place:
    """The place of a row of fct_kpi_values."""
    return Place(row["unit_code"], row["period_code"], row["segment_code"], row["counterparty_code"])


def cells_behind(cells: Iterable[Cell], places: Iterable[Place], rules: Rules) -> dict[Place, list[Cell]]:
    """The cells that coverage and balance of each place are made of: the latest of each stakeholder within
    a year.
    """
    nearby: dict[tuple[str, str, str], list[tuple[dt.date, Cell]]] = defaultdict(list)
    for cell in cells:
        family = cell.family
        nearby[cell.unit, family.segment, family.counterparty].append((rules.end_of(family.period), cell))
    found: dict[Place, list[Cell]] = {}
    for place in set(places):
        end = rules.end_of(place.period)
        oldest = year_before(end)
        latest: dict[str, tuple[dt.date, Cell]] = {}
        for day, cell in nearby[place.unit, place.segment, place.counterparty]:
            kept = latest.get(cell.family.stakeholder)
            if oldest < day <= end and (kept is None or day > kept[0]):
                latest[cell.family.stakeholder] = (day, cell)
        found[place] = [cell for _, cell in latest.values()]
    return found


class Mask:
    """Decides, row by row, what is hidden. Rows of fct_kpi_values in; two lists of booleans out."""

    def __init__(self, rows: list[dict[str, Any]], rules: Rules, secondary: bool) -> None:
        self.rows, self.rules, self.secondary = rows, rules, secondary
        self.hidden = [row["status"] == PROTECTED for row in rows]
        self.cells: dict[Cell, list[int]] = defaultdict(list)
        self.totals: list[int] = []
        for index, row in enumerate(rows):
            # Coverage may be made of public and other cells: it follows them whatever it says of itself.
            if row["stakeholder_code"] == ALL:
                self.totals.append(index)
                continue
            if row["disclosure"] == PUBLIC:
                continue
            if row["segment_code"] != ALL or row["counterparty_code"] != ALL:
                raise MaskRefusedError(
                    f"fct_kpi_values has a cut by segment '{row['segment_code']}' and counterparty "
                    f"'{row['counterparty_code']}'; the mask knows the unit tree only"
                )
            self.cells[cell_of(row)].append(index)

    def decide(self) -> tuple[list[bool], list[bool]]:
        """(hidden rows, rows that lose their change)."""
        families: dict[Family, list[Cell]] = defaultdict(list)
        for cell in self.cells:
            families[cell.family].append(cell)
        for family, cells in families.items():
            self._hide_cells(family, cells)
            self._hide_rows(family, cells)
        if self.secondary:
            self._hide_totals()
        return self.hidden, self._without_change()

    def _shown(self, sizes: Mapping[str, int], family: Family) -> frozenset[str]:
        """Units of a family that stay visible, given the respondents of each candidate."""
        k = self.rules.threshold(family.stakeholder)
        trees = self.rules.trees(family.stakeholder, family.period)
        known = frozenset[str]().union(*(tree.units for tree in trees))
        # A unit outside the tree of its own fieldwork has no complement that could be checked.
        large = {unit: n for unit, n in sizes.items() if n >= k and unit in known}
        if not self.secondary:
            return frozenset(large)
        return cascade(large, [View(tree.below, large) for tree in trees], k)

    def _hide_cells(self, family: Family, cells: list[Cell]) -> None:
        sizes = {cell.unit: n for cell in cells if (n := self._respondents(cell)) is not None}
        shown = self._shown(sizes, family)
        for cell in cells:
            if cell.unit not in shown:
                for index in self.cells[cell]:
                    self.hidden[index] = True

    def _respondents(self, cell: Cell) -> int | None:
        """The cell's respondents; None when it is protected already. Without that row, the largest n of the
        cell.
        """
        indices = self.cells[cell]
        for index in indices:
            if self.rows[index]["kpi_code"] == "respondents":
                return None if self.hidden[index] else (self.rows[index]["n"] or 0)
        return max((self.rows[index]["n"] or 0 for index in indices if not self.hidden[index]), default=None)

    def _hide_rows(self, family: Family, cells: list[Cell]) -> None:
        """Inside visible cells: the n of each KPI and dimension, and its complements over the units."""
        measures: dict[tuple[str, str], dict[str, int]] = defaultdict(dict)
        for cell in cells:
            for index in self.cells[cell]:
                row = self.rows[index]
                if not self.hidden[index] and row["kpi_code"] not in CELL_KPIS and row["n"] is not None:
                    measures[row["kpi_code"], row["dimension_code"]][cell.unit] = index
        k = self.rules.threshold(family.stakeholder)
        for (kpi, _), by_unit in measures.items():
            shown = self._shown({unit: self.rows[index]["n"] for unit, index in by_unit.items()}, family)
            for unit in by_unit.keys() - shown:
                self.hidden[by_unit[unit]] = True
                # The index was computed with this dimension: beside the others it would give it back.
                if kpi == "dimension_score" and self.secondary and self.rows[by_unit[unit]]["n"] >= k:
                    self._hide_composites(Cell(unit, family))

    def _hide_composites(self, cell: Cell) -> None:
        for index in self.cells[cell]:
            if self.rows[index]["kpi_code"] in COMPOSITES:
                self.hidden[index] = True

    def _hide_totals(self) -> None:
        """Coverage and balance say something of each stakeholder: one protected part protects them."""
        places = {index: place_of(self.rows[index]) for index in self.totals}
        behind = cells_behind(self.cells, places.values(), self.rules)
        for index, place in places.items():
            if any(self._is_partly_hidden(cell) for cell in behind[place]):
                self.hidden[index] = True

    def _is_partly_hidden(self, cell: Cell) -> bool:
        """The cell or its index is protected."""
        indices = self.cells[cell]
        if all(self.hidden[index] for index in indices):
            return True
        return any(self.hidden[index] for index in indices if self.rows[index]["kpi_code"] == "rqi")

    def _without_change(self) -> list[bool]:
        """A change is one value and another: it goes unless both are visible."""
        if not self.secondary:
            return [False] * len(self.rows)
        visible = {
            _identity(row, row["period_code"])
            for row, gone in zip(self.rows, self.hidden, strict=True)
            if not gone
        }
        return [_identity(row, row["compared_period_code"]) not in visible for row in self.rows]


def _identity(row: Row, period: str | None) -> tuple[str | None, ...]:
    """The key of a row of fct_kpi_values, in another period."""
    keys = (
        "unit_code",
        "stakeholder_code",
        "segment_code",
        "counterparty_code",
        "kpi_code",
        "dimension_code",
    )
    return (period, *(row[key] for key in keys))
