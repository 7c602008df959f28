"""Which rows of fct_kpi_values are hidden."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence

import numpy as np
import polars as pl

from pipelines.privacy.cascade import View, cascade
from pipelines.privacy.cells import (
    CELL_KPIS,
    COMPOSITES,
    PROTECTED,
    PUBLIC,
    RESPONDENTS,
    Cell,
    Family,
    Measure,
    cells_behind,
    measure_of,
    place_of,
)
from pipelines.privacy.rules import ALL, LEAST_ELIGIBLE, MaskRefusedError, Rules
from pipelines.privacy.segments import Counts, Cuts, Layouts, Wave, grouped

NEEDED = (
    "unit_code",
    "stakeholder_code",
    "period_code",
    "segment_code",
    "counterparty_code",
    "kpi_code",
    "dimension_code",
    "n",
    "status",
    "disclosure",
)
# Places of the rows of a cell, by what they measure.
Cells = dict[str, dict[Measure, int]]


class Mask:
    """Decides, row by row, what is hidden: fct_kpi_values in, a list of booleans out.

    Stakeholder and period by stakeholder and period: first the totals of units, then each segment where its
    unit's total is visible; first the respondents, then each measure; last what is made of stakeholders.
    """

    def __init__(self, kpi: pl.DataFrame, rules: Rules, secondary: bool, margins_only: bool = False) -> None:
        self.rules, self.secondary, self.margins_only = rules, secondary, margins_only
        self.rows = kpi.select(NEEDED).rows(named=True)
        self.given = [row["status"] == PROTECTED for row in self.rows]
        self.hidden = list(self.given)
        self.layouts = Layouts(rules)
        # By stakeholder and period, then by segment code, then by unit.
        self.waves: dict[Wave, dict[str, Cells]] = {}
        self.totals: list[int] = []
        for index, row in enumerate(self.rows):
            if row["kpi_code"] in rules.derived_kpis:
                raise MaskRefusedError(f"'{row['kpi_code']}' is derived: it is appended after the mask")
            # Coverage may be made of public and other cells: it follows them whatever it says of itself.
            if row["stakeholder_code"] == ALL:
                self.totals.append(index)
                continue
            if row["disclosure"] == PUBLIC:
                continue
            measure = measure_of(row)
            if measure.kpi in CELL_KPIS and measure.counterparty != ALL:
                raise MaskRefusedError(
                    f"fct_kpi_values has '{measure.kpi}' towards counterparty '{measure.counterparty}'; "
                    "respondents are those of a cell"
                )
            wave = self.waves.setdefault((row["stakeholder_code"], row["period_code"]), {})
            wave.setdefault(row["segment_code"], {}).setdefault(row["unit_code"], {})[measure] = index

    def decide(self) -> list[bool]:
        """Which rows are hidden."""
        for wave, by_segment in self.waves.items():
            everyone = by_segment.get(ALL, {})
            sizes = self._hide_cells(wave, everyone)
            self._hide_rows(wave, everyone)
            if self.secondary:
                self._hide_segments(wave, sizes, by_segment)
            else:
                for code in sorted(by_segment.keys() - {ALL}):
                    self._hide_cells(wave, by_segment[code])
                    self._hide_rows(wave, by_segment[code])
        if self.secondary:
            self._hide_totals()
        return self.hidden

    def _shown(self, sizes: Mapping[str, int], wave: Wave, k: int) -> frozenset[str]:
        """Units that stay visible, given the respondents of each candidate."""
        trees = self.rules.trees(*wave)
        known = frozenset[str]().union(*(tree.units for tree in trees))
        # A unit outside the tree of its own fieldwork has no complement that could be checked.
        large = {unit: n for unit, n in sizes.items() if n >= k and unit in known}
        if not self.secondary:
            return frozenset(large)
        return cascade(large, [View(tree.below, large) for tree in trees], k)

    def _hide_cells(self, wave: Wave, cells: Cells) -> dict[str, int]:
        """Hide whole cells; returns the respondents of those that stay visible."""
        sizes = {unit: n for unit, rows in cells.items() if (n := self._respondents(rows)) is not None}
        shown = self._shown(sizes, wave, self.rules.threshold(wave[0]))
        for unit in cells.keys() - shown:
            self._hide(cells[unit].values())
        return {unit: sizes[unit] for unit in shown}

    def _hide(self, indices: Collection[int]) -> None:
        for index in indices:
            self.hidden[index] = True

    def _respondents(self, rows: Mapping[Measure, int]) -> int | None:
        """The cell's respondents; None when it is protected already. Without that row, the largest n of the
        cell.
        """
        if RESPONDENTS in rows:
            index = rows[RESPONDENTS]
            return None if self.hidden[index] else (self.rows[index]["n"] or 0)
        shown = [index for index in rows.values() if not self.hidden[index]]
        return max((self.rows[index]["n"] or 0 for index in shown), default=None)

    def _counted(self, cells: Cells) -> dict[Measure, dict[str, int]]:
        """Visible rows that have respondents of their own, by measure and unit."""
        found: dict[Measure, dict[str, int]] = defaultdict(dict)
        for unit, rows in cells.items():
            for measure, index in rows.items():
                own = measure.kpi not in CELL_KPIS and self.rows[index]["n"] is not None
                if own and not self.hidden[index]:
                    found[measure][unit] = index
        return found

    def _hide_rows(self, wave: Wave, cells: Cells) -> None:
        """Inside visible cells: the n of each measure, and its complements over the units."""
        k = self.rules.threshold(wave[0])
        for measure, by_unit in self._counted(cells).items():
            sizes = {
                unit: self.rows[index]["n"]
                for unit, index in by_unit.items()
                if self._is_eligible(measure, cells[unit])
            }
            shown = self._shown(sizes, wave, self.rules.least(wave[0], measure.kpi))
            for unit in by_unit.keys() - shown:
                self.hidden[by_unit[unit]] = True
                # The index was computed with this dimension: beside the others it would give it back.
                if measure.kpi == "dimension_score" and self.secondary and sizes[unit] >= k:
                    self._hide_composites(cells[unit])

    def _is_eligible(self, measure: Measure, rows: Mapping[Measure, int]) -> bool:
        """Comments are spoken of where enough people could have left one."""
        return measure.kpi not in self.rules.comment_kpis or (self._respondents(rows) or 0) >= LEAST_ELIGIBLE

    def _hide_composites(self, rows: Mapping[Measure, int]) -> None:
        self._hide([index for measure, index in rows.items() if measure.kpi in COMPOSITES])

    def _hide_segments(self, wave: Wave, sizes: Mapping[str, int], cells: Mapping[str, Cells]) -> None:
        """A segment after the other: its respondents, then its measures, then what is made of dimensions."""
        totals = {
            measure: {unit: self.rows[index]["n"] for unit, index in by_unit.items()}
            for measure, by_unit in self._counted(cells.get(ALL, {})).items()
        }
        cuts = Cuts(
            self.layouts,
            wave,
            lambda unit: self.rules.crossed.get((*wave, unit), {}),
            margins_only=self.margins_only,
        )
        for segment in grouped(cells.keys() - {ALL}, self.rules):
            values = [cells[code] for code in segment.codes]
            people = self._people(RESPONDENTS, sizes, values)
            shown = cuts.shown(segment, RESPONDENTS, sizes, sizes, people)
            for value in values:
                for unit in value.keys() - shown:
                    self._hide(value[unit].values())
            for measure in sorted({measure for value in values for measure in self._counted(value)}):
                total = totals.get(measure, {})
                candidates = {
                    unit
                    for unit in shown & total.keys()
                    if all(self._may_speak(measure, value.get(unit, {})) for value in values)
                }
                people = self._people(measure, total, values)
                kept = cuts.shown(segment, measure, total, candidates, people)
                for unit in shown - kept:
                    self._hide([value[unit][measure] for value in values if measure in value.get(unit, {})])
            for unit in shown:
                self._hide_made([value[unit] for value in values if unit in value], wave)

    def _people(self, measure: Measure, totals: Mapping[str, int], values: Sequence[Cells]) -> Counts:
        """People (units of `totals` in order × values and none) of a measure; NaN where it was masked before."""
        found = np.zeros((len(totals), len(values) + 1))
        for place, unit in enumerate(sorted(totals)):
            for column, value in enumerate(values):
                index = value[unit].get(measure) if unit in value else None
                if index is not None:
                    found[place, column] = np.nan if self.given[index] else self.rows[index]["n"] or 0
            found[place, -1] = totals[unit] - found[place].sum()
        return found

    def _may_speak(self, measure: Measure, rows: Mapping[Measure, int]) -> bool:
        """A value nobody commented on, or one of whom enough could have."""
        n = self.rows[rows[measure]]["n"] if measure in rows else None
        return not n or self._is_eligible(measure, rows)

    def _hide_made(self, values: Sequence[Mapping[Measure, int]], wave: Wave) -> None:
        """An index of a value was computed with the dimensions enough people scored: one of them hidden hides
        the index of the whole segment.
        """
        k = self.rules.threshold(wave[0])
        inside = (
            index for rows in values for measure, index in rows.items() if measure.kpi == "dimension_score"
        )
        if any(self.hidden[index] and (self.rows[index]["n"] or 0) >= k for index in inside):
            for rows in values:
                self._hide_composites(rows)

    def _hide_totals(self) -> None:
        """Coverage and balance say something of each stakeholder: one protected part protects them."""
        behind_rows = {
            Cell(unit, Family(*wave, code)): rows
            for wave, by_segment in self.waves.items()
            for code, cells in by_segment.items()
            for unit, rows in cells.items()
        }
        places = {index: place_of(self.rows[index]) for index in self.totals}
        behind = cells_behind(behind_rows, places.values(), self.rules)
        for index, place in places.items():
            if any(self._is_partly_hidden(behind_rows[cell]) for cell in behind[place]):
                self.hidden[index] = True

    def _is_partly_hidden(self, rows: Mapping[Measure, int]) -> bool:
        """The cell or its index is protected."""
        if all(self.hidden[index] for index in rows.values()):
            return True
        return any(self.hidden[index] for measure, index in rows.items() if measure.kpi == "rqi")
