"""The last look before publication: is what is about to be published safe, judged from itself?

It reads published marts and the rules, never the warehouse, and repeats none of the decisions: it checks
what they promise. Its sentences hold codes and counts, never a figure.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

import polars as pl

from pipelines.privacy.audit_segments import SegmentAudit
from pipelines.privacy.cascade import View, is_safe, remainders
from pipelines.privacy.cells import (
    CELL_KPIS,
    CHANGE_COLUMNS,
    EMPTIED_COLUMNS,
    IDENTITY,
    PROTECTED,
    PUBLIC,
    Cell,
    Family,
    Measure,
    cell_of,
    cells_behind,
    identity,
    measure_of,
    place_of,
)
from pipelines.privacy.headcounts import headcount_views, is_known
from pipelines.privacy.rules import ALL, LEAST_ELIGIBLE, UNASSIGNED, Rules
from pipelines.privacy.scorecard import copy_masked

Row = dict[str, Any]
FIGURES_OF_CHANGE = tuple(
    name for name in CHANGE_COLUMNS if name not in {"compared_period_code", "change_label"}
)
NEEDED = ("period_code", *IDENTITY, "n", "status", "disclosure", "compared_period_code", *FIGURES_OF_CHANGE)


def audit(published: Mapping[str, pl.DataFrame], rules: Rules) -> list[str]:
    """Violations of the privacy promises in fct_kpi_values, fct_finance and scorecard_unit_period; [] when
    none.

    Checked: protected rows are empty; a cell is hidden whole; every shown n is at least k; every remainder
    over the unit tree is 0 or at least k; a segment is shown whole, under its total, and no hidden crossing
    of it can be computed; comments have enough authors; coverage and balance have no protected part; a change
    has two visible sides; derived rows are empty where they are protected, and else made of what is checked
    here; headcount KPIs are shown for large units only, in all periods or none; the scorecard says
    what the facts say.
    """
    kpi, finance = published["fct_kpi_values"], published["fct_finance"]
    return [
        *_empty(kpi, EMPTIED_COLUMNS, "fct_kpi_values"),
        *_empty(finance, ("value",), "fct_finance"),
        *_Audit(kpi.filter(~pl.col("kpi_code").is_in(sorted(rules.derived_kpis))), rules).violations(),
        *_finance(finance, rules),
        *_disagreements(published["scorecard_unit_period"], kpi, finance),
    ]


def _empty(mart: pl.DataFrame, columns: tuple[str, ...], name: str) -> Iterator[str]:
    filled = mart.filter((pl.col("status") == PROTECTED) & pl.any_horizontal(pl.col(columns).is_not_null()))
    if filled.height:
        yield f"{name}: {filled.height} protected rows still hold a figure"


class _Audit:
    """Checks of fct_kpi_values."""

    def __init__(self, kpi: pl.DataFrame, rules: Rules) -> None:
        self.rules = rules
        self.rows = kpi.select(NEEDED).rows(named=True)
        self.cells: dict[Cell, list[Row]] = defaultdict(list)
        for row in self.rows:
            if row["stakeholder_code"] != ALL and row["disclosure"] != PUBLIC:
                self.cells[cell_of(row)].append(row)

    def violations(self) -> Iterator[str]:
        yield from self._whole_cells()
        yield from self._measures()
        yield from SegmentAudit(self.cells, self.rules).violations()
        yield from self._totals()
        yield from self._changes()

    def _whole_cells(self) -> Iterator[str]:
        """A cell whose respondents are protected shows nothing; a cell that shows something has k
        respondents.
        """
        for cell, rows in self.cells.items():
            k = self.rules.threshold(cell.family.stakeholder)
            shown = [row for row in rows if row["status"] != PROTECTED]
            respondents = [row for row in rows if row["kpi_code"] == "respondents"]
            people = max((row["n"] or 0 for row in (respondents or shown)), default=0)
            is_total = cell.family.segment == ALL
            if shown and any(row["status"] == PROTECTED for row in respondents):
                yield f"{_name(cell)}: {len(shown)} rows are shown though the cell is protected"
            # beside the other values of its segment, a value may be shown to be nobody's
            if shown and people < k and (is_total or people):
                yield f"{_name(cell)}: {len(shown)} rows are shown with fewer than {k} respondents"
            small = [row for row in shown if row["n"] is not None and (is_total or row["n"])]
            least = [self.rules.least(cell.family.stakeholder, row["kpi_code"]) for row in small]
            few = sum(row["n"] < most for row, most in zip(small, least, strict=True))
            if few:
                yield f"{_name(cell)}: {few} rows are shown with an n below {k}"
            comments = [row for row in small if row["kpi_code"] in self.rules.comment_kpis]
            if is_total and comments and people < LEAST_ELIGIBLE:
                yield f"{_name(cell)}: {len(comments)} rows speak of comments few could leave"

    def _measures(self) -> Iterator[str]:
        """Remainders over the tree, for the respondents of cells and for each KPI and dimension."""
        measures: dict[tuple[Family, Measure], dict[str, int]] = defaultdict(dict)
        for cell, rows in self.cells.items():
            for row in rows:
                follows = row["kpi_code"] in CELL_KPIS - {"respondents"}
                if row["status"] != PROTECTED and row["n"] is not None and not follows:
                    measures[cell.family, measure_of(row)][cell.unit] = row["n"]
        for (family, measure), sizes in measures.items():
            k = self.rules.least(family.stakeholder, measure.kpi)
            for tree in self.rules.trees(family.stakeholder, family.period):
                for rest in remainders(sizes, View(tree.below, sizes)):
                    if not is_safe(rest.people, k):
                        yield (
                            f"{_name(Cell(rest.unit, family))}, {measure.kpi}/{measure.dimension}: "
                            f"less its {len(rest.parts)} shown parts it isolates fewer than {k} respondents"
                        )

    def _totals(self) -> Iterator[str]:
        totals = [row for row in self.rows if row["stakeholder_code"] == ALL and row["status"] != PROTECTED]
        behind = cells_behind(self.cells, map(place_of, totals), self.rules)
        for row in totals:
            hidden = [cell for cell in behind[place_of(row)] if self._is_partly_hidden(cell)]
            if hidden:
                yield f"{_name(cell_of(row))}, {row['kpi_code']}: {len(hidden)} of its parts are protected"

    def _is_partly_hidden(self, cell: Cell) -> bool:
        rows = self.cells[cell]
        hidden = [row for row in rows if row["status"] == PROTECTED]
        return len(hidden) == len(rows) or any(row["kpi_code"] == "rqi" for row in hidden)

    def _changes(self) -> Iterator[str]:
        shown = {identity(row, row["period_code"]) for row in self.rows if row["status"] != PROTECTED}
        for row in self.rows:
            told = any(row[name] is not None for name in FIGURES_OF_CHANGE)
            if told and identity(row, row["compared_period_code"]) not in shown:
                yield f"{_name(cell_of(row))}, {row['kpi_code']}: a change towards a hidden figure is shown"


def _finance(finance: pl.DataFrame, rules: Rules) -> Iterator[str]:
    """Headcount KPIs, by the people behind them on every day."""
    rows = finance.filter(pl.col("kpi_code").is_in(sorted(rules.headcount_kpis)))
    if rows.is_empty():
        return
    hidden = set(rows.filter(pl.col("status") == PROTECTED)["unit_code"])
    shown = set(rows.filter(pl.col("status") != PROTECTED)["unit_code"])
    for unit in sorted(hidden & shown):
        yield f"fct_finance, {unit}: headcount figures are shown in some rows and protected in others"
    if not rules.headcounts and shown | hidden <= {*rules.roots, UNASSIGNED}:
        return
    k = rules.finance_threshold
    declared = frozenset(row.unit_code for row in rules.headcounts)
    found = set()
    for day, view in headcount_views(max(map(rules.end_of, finance["period_code"].unique())), rules).items():
        tree = rules.tree(day)
        for unit in (shown & tree.units) - {UNASSIGNED}:
            known = is_known(unit, tree, declared)
            if (known and view.counts[unit] < k) or (not known and unit not in rules.roots):
                found.add(f"fct_finance, {unit}: headcount figures are shown for fewer than {k} known people")
        for rest in remainders(shown, view):
            if not is_safe(rest.people, k):
                found.add(f"fct_finance, {rest.unit}: less its shown parts it isolates fewer than {k} people")
    yield from sorted(found)


def _disagreements(scorecard: pl.DataFrame, kpi: pl.DataFrame, finance: pl.DataFrame) -> Iterator[str]:
    """The scorecard beside a fresh copy of the facts."""
    copied = copy_masked(scorecard, kpi, finance)
    for name in scorecard.columns:
        different = int((~scorecard[name].eq_missing(copied[name])).sum())
        if different:
            yield f"scorecard_unit_period, {name}: {different} rows disagree with the facts"


def _name(cell: Cell) -> str:
    names = [cell.unit, cell.family.stakeholder, cell.family.period]
    return ", ".join(names if cell.family.segment == ALL else [*names, cell.family.segment])
