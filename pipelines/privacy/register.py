"""The publication register: what was published of a wave stays as it was, until enough people changed it.

A late answer published alone is the difference of two snapshots. So the first publication freezes the cells
of a wave: a stakeholder and period, over the unit tree and every segment. Later figures wait, and go out
together once every touched cell, in every measure, changed by at least k respondents, and so did what is left
of it beside its parts. Of a segment only what is shown has to: its hidden cells are known by nothing but the
margins, so the late respondents by unit and value are looked at as the answers themselves were (see
`segments`). Three more consequences: a row once protected while somebody had answered stays protected, since
its answers would be the difference between what was and what is visible; a segment that a wave was first
published without joins it only if the wave never changed, since late answers crossed with it would be new
cells; and a change is shown towards what is published, never towards figures that wait.

The register is append-only, the last entry of a cell wins, and every entry is plain JSON. It holds true
counts and fingerprints beside what was published: it belongs to the restricted zone. Public rows and
finance are never frozen.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import numpy as np
import polars as pl

from pipelines.privacy.cascade import is_safe
from pipelines.privacy.cells import (
    CHANGE_COLUMNS,
    COMPOSITES,
    IDENTITY,
    PROTECTED,
    PUBLIC,
    RESPONDENTS,
    Cell,
    Family,
    Measure,
    cell_of,
    cells_behind,
    measure_of,
    place_of,
    segment_name,
)
from pipelines.privacy.entries import (
    Crossing,
    Entry,
    Frozen,
    Known,
    Published,
    Register,
    cell_key,
    fingerprint,
    from_json,
    is_same,
    make_entry,
    read,
    to_json,
)
from pipelines.privacy.rules import ALL, Rules
from pipelines.privacy.segments import Cuts, Layouts, Segment, Wave, grouped
from pipelines.privacy.suppression import mask_kpi_values

# Participation tells how many were invited. An index is made of its dimensions, which are compared; its own n
# jumps when one more of them has enough answers.
NOT_COMPARED = COMPOSITES | {"participation"}
NEEDED = ("period_code", *IDENTITY, "status", "disclosure", "compared_period_code")


class Outcome(NamedTuple):
    """What `freeze` decides; `held_cells` counts the cells whose new figures wait."""

    rows: pl.DataFrame
    entries: list[Entry]
    held_cells: int


def freeze(
    masked: pl.DataFrame,
    truth: pl.DataFrame,
    register_rows: Iterable[Entry],
    rules: Rules,
    definition_version: str,
) -> Outcome:
    """Rows of fct_kpi_values to publish, entries to append to the register, and how many cells wait.

    `masked` is `mask_kpi_values(truth)`; `truth` the warehouse's own rows, read for their respondents only.
    The result is masked again: an old row beside new ones must keep its complements, else it is hidden.
    Under a new definition figures may differ for the same respondents and go out; cells whose respondents
    wait keep their old rows and their old `definition_version`.
    """
    return _Freeze(masked, truth, read(register_rows), rules, definition_version).run()


class _Freeze:
    def __init__(
        self,
        masked: pl.DataFrame,
        truth: pl.DataFrame,
        register: Register,
        rules: Rules,
        definition_version: str,
    ) -> None:
        self.masked, self.rules = masked, rules
        self.register, self.moved, self.earlier = register
        self.definition_version = definition_version
        self.truth: dict[Cell, dict[Measure, Known]] = defaultdict(dict)
        for row in truth.select(*NEEDED, "n", "value", "ci_low", "ci_high").rows(named=True):
            if row["disclosure"] != PUBLIC:
                self.truth[cell_of(row)][measure_of(row)] = Known(row["n"], fingerprint(row))
        self.shown: dict[Cell, set[Measure]] = defaultdict(set)
        for row in masked.filter(pl.col("status") != PROTECTED).select(NEEDED).rows(named=True):
            self.shown[cell_of(row)].add(measure_of(row))
        self.layouts = Layouts(rules)
        self.held = self._held_cells()

    def run(self) -> Outcome:
        merged = mask_kpi_values(self._merge(), self.rules, margins_only=True)
        return Outcome(merged, self._entries(merged), len(self.held))

    def _held_cells(self) -> frozenset[Cell]:
        """Cells whose new figures wait: those of a wave that changed by too few, then what is made of them."""
        waves: dict[Wave, set[Cell]] = defaultdict(set)
        for cell in self.truth:
            waves[_wave_of(cell)].add(cell)
        # A segment that left the warehouse altogether was withdrawn: nothing of it is published again.
        present = {(_wave_of(cell), segment_name(cell.family.segment)) for cell in self.truth}
        for cell in self.register:
            if (_wave_of(cell), segment_name(cell.family.segment)) in present:
                waves[_wave_of(cell)].add(cell)
        held: set[Cell] = set()
        for wave, cells in waves.items():
            frozen = {segment_name(cell.family.segment) for cell in cells & self.register.keys()}
            if wave[0] == ALL or not frozen:
                continue
            joining = {cell for cell in cells if segment_name(cell.family.segment) not in frozen}
            changes = {cell: change for cell in cells - joining if (change := self._change(cell))}
            if changes and not self._may_go_out(wave, changes):
                # the values of a segment are shown together, so they wait together
                held |= changes.keys() | {cell for cell in cells - joining if cell.family.segment != ALL}
            if changes or wave in self.moved:
                held |= joining
        return frozenset(held | self._held_totals(held))

    def _change(self, cell: Cell) -> dict[Measure, int]:
        """Respondents gained or lost, per row that differs from the register; empty when nothing does."""
        old, new = self.register.get(cell), self.truth.get(cell, {})
        if old is None:
            return {measure: known.n for measure, known in new.items() if known.n}
        if not new:
            return {measure: -known.n for measure, known in old.known.items() if known.n}
        found = {}
        for measure in old.known.keys() & new.keys():
            before, after = old.known[measure], new[measure]
            if measure.kpi in NOT_COMPARED or (before.n is None and after.n is None):
                continue
            gained = (after.n or 0) - (before.n or 0)
            same_words = old.definition_version == self.definition_version
            if gained or (same_words and before.fingerprint != after.fingerprint):
                found[measure] = gained
        return found

    def _may_go_out(self, wave: Wave, changes: Mapping[Cell, Mapping[Measure, int]]) -> bool:
        """Every touched row, and what is left of it beside its parts, changed by at least k respondents."""
        gained: dict[Measure, dict[str, int]] = defaultdict(dict)
        for cell, change in changes.items():
            is_total = cell.family.segment == ALL
            if self._is_near_an_earlier_one(cell):
                return False
            for measure, people in change.items():
                few = abs(people) < self.rules.least(wave[0], measure.kpi)
                if few and (is_total or measure in self.shown[cell]):
                    return False
                if is_total:
                    gained[measure][cell.unit] = people
        for measure, by_unit in gained.items():
            k = self.rules.least(wave[0], measure.kpi)
            for tree in self.rules.trees(*wave):
                for unit in tree.units:
                    own = by_unit.get(unit, 0) - sum(by_unit.get(part, 0) for part in tree.children(unit))
                    if not is_safe(abs(own), k):
                        return False
        return self._may_segments_go_out(wave)

    def _is_near_an_earlier_one(self, cell: Cell) -> bool:
        """Fewer than k respondents away from figures published before the last: any two snapshots can be compared."""
        new, nothing = self.truth.get(cell, {}), Known(None, "")
        for version, known in self.earlier.get(cell, ()):
            for measure in known.keys() & (new.keys() if cell.family.segment == ALL else self.shown[cell]):
                before, after = known[measure], new.get(measure, nothing)
                gained = abs((after.n or 0) - (before.n or 0))
                moved = gained or (
                    version == self.definition_version and before.fingerprint != after.fingerprint
                )
                few = gained < self.rules.least(cell.family.stakeholder, measure.kpi)
                if moved and few and measure.kpi not in NOT_COMPARED:
                    return True
        return False

    def _may_segments_go_out(self, wave: Wave) -> bool:
        """Late respondents by unit and value of a segment, where it is shown, isolate nobody."""
        codes = {cell.family.segment for cell in self.shown if _wave_of(cell) == wave} - {ALL}
        everyone = {cell for cell in self.shown if cell.family == Family(*wave, ALL)}
        cuts = Cuts(self.layouts, wave, lambda unit: self._gained_crossing(wave, unit), signed=True)
        for segment in grouped(codes, self.rules):
            by_measure: dict[Measure, set[str]] = defaultdict(set)
            for code in segment.codes:
                for unit in (cell.unit for cell in everyone):
                    for measure in self.shown.get(Cell(unit, Family(*wave, code)), set()):
                        by_measure[measure].add(unit)
            shown = by_measure.pop(RESPONDENTS, set())
            for measure in [RESPONDENTS, *sorted(by_measure)]:
                if measure.kpi in NOT_COMPARED:
                    continue
                units = sorted(cell.unit for cell in everyone if measure in self.shown[cell])
                people = self._gained_people(wave, segment, measure, units)
                where = frozenset(by_measure.get(measure, shown)) & frozenset(units)
                if not cuts.is_safe(segment, measure, units, where, people):
                    return False
        return True

    def _gained_people(self, wave: Wave, segment: Segment, measure: Measure, units: list[str]) -> Any:
        """Respondents gained (units × values and none)."""
        found = np.zeros((len(units), len(segment.codes) + 1))
        for row, unit in enumerate(units):
            total, *values = (
                self._gain(Cell(unit, Family(*wave, code)), measure) for code in (ALL, *segment.codes)
            )
            found[row] = [*values, total - sum(values)]
        return found

    def _gain(self, cell: Cell, measure: Measure) -> int:
        nothing: dict[Measure, Known] = {}
        old = self.register[cell].known if cell in self.register else nothing
        after, before = (rows.get(measure) for rows in (self.truth.get(cell, nothing), old))
        return ((after.n if after else None) or 0) - ((before.n if before else None) or 0)

    def _crossing(self, cell: Cell) -> Crossing:
        """How the segments of a whole cell cross, by the warehouse: each pair of codes once."""
        if cell.family.segment != ALL:
            return {}
        pairs = self.rules.crossed.get((*_wave_of(cell), cell.unit), {})
        return {pair: people for pair, people in pairs.items() if pair[0] < pair[1]}

    def _gained_crossing(self, wave: Wave, unit: str) -> Crossing:
        """Late respondents by two segments; empty where it was not known before."""
        cell = Cell(unit, Family(*wave, ALL))
        now, old = self._crossing(cell), self.register.get(cell)
        if old is not None and not old.crossing:
            return {}
        before = old.crossing if old else {}
        gained = {pair: now.get(pair, 0) - before.get(pair, 0) for pair in now.keys() | before.keys()}
        return gained | {(other, one): people for (one, other), people in gained.items()}

    def _held_totals(self, held: set[Cell]) -> set[Cell]:
        """Coverage and balance made of a cell that waits, wait with it."""
        totals = {cell: place_of(cell_key(cell)) for cell in self.truth if cell.family.stakeholder == ALL}
        parts = [cell for cell in self.truth if cell.family.stakeholder != ALL]
        behind = cells_behind([*parts, *held], totals.values(), self.rules)
        return {cell for cell, place in totals.items() if not held.isdisjoint(behind[place])}

    def _is_sticky(self, row: Mapping[str, Any]) -> bool:
        """Published as protected although somebody had answered: a row, or a dimension this index is made
        of.
        """
        old = self.register.get(cell_of(row))
        if old is None or row["disclosure"] == PUBLIC or row["stakeholder_code"] == ALL:
            return False
        if row["kpi_code"] in COMPOSITES:
            inside = [measure for measure in old.known if measure.kpi == "dimension_score"]
            present = self.truth[cell_of(row)]
            k = self.rules.threshold(row["stakeholder_code"])
            if any(
                _was_protected(old, code) and (present[code].n or 0) >= k
                for code in inside
                if code in present
            ):
                return True
        return _was_protected(old, measure_of(row))

    def _merge(self) -> pl.DataFrame:
        """New rows where they may go out, the registered ones where they wait."""
        kept, protected, waiting_change, old_change = [], [], [], []
        for row in self.masked.select(NEEDED).rows(named=True):
            public, cell = row["disclosure"] == PUBLIC, cell_of(row)
            old = self.register.get(cell)
            waits = not public and cell in self.held
            # What is made of others and was never published has no old row: it is protected until they are out.
            is_part = cell.family.stakeholder == ALL or cell.family.segment != ALL
            is_new = waits and old is None and is_part
            kept.append(not waits or is_new)
            protected.append(is_new or self._is_sticky(row))
            compared = Cell(cell.unit, cell.family._replace(period=row["compared_period_code"] or ""))
            waiting_change.append(not public and compared in self.held)
            old_change.append(self._old_change(row) if waiting_change[-1] else {})
        flags = pl.DataFrame({"kept": kept, "protected": protected, "old": waiting_change}).cast(pl.Boolean)
        changes = {name: self.masked.schema[name] for name in CHANGE_COLUMNS}
        before = pl.DataFrame(
            [{name: old.get(name) for name in changes} for old in old_change], schema=changes
        )
        new = self.masked.with_columns(
            pl.when(flags["protected"]).then(pl.lit(PROTECTED)).otherwise(pl.col("status")).alias("status"),
            *(
                pl.when(flags["old"]).then(before[name]).otherwise(pl.col(name)).alias(name)
                for name in CHANGE_COLUMNS
            ),
        ).filter(flags["kept"])
        return pl.concat([new, self._frozen_rows()])

    def _old_change(self, row: Mapping[str, Any]) -> Published:
        """The change a row was published with, if its own figures are the same since; else none is shown."""
        cell, measure = cell_of(row), measure_of(row)
        old = self.register.get(cell)
        if old is None or old.definition_version != self.definition_version:
            return {}
        return old.published.get(measure, {}) if old.known.get(measure) == self.truth[cell][measure] else {}

    def _frozen_rows(self) -> pl.DataFrame:
        """The rows that cells which wait were last published with."""
        rows = [
            from_json(cell_key(cell) | published, self.masked.schema)
            for cell in sorted(self.held & self.register.keys())
            for published in self.register[cell].published.values()
        ]
        # an older day on them alone would tell where answers wait
        days = self.masked["as_of_date"].drop_nulls()
        today = pl.lit(days[0] if len(days) else None, dtype=self.masked.schema["as_of_date"])
        return pl.DataFrame(rows, schema=self.masked.schema).with_columns(as_of_date=today)

    def _entries(self, merged: pl.DataFrame) -> list[Entry]:
        """An entry for each cell that is published for the first time, or otherwise than it was."""
        published: dict[Cell, dict[Measure, Published]] = defaultdict(dict)
        for row in merged.rows(named=True):
            if row["disclosure"] != PUBLIC:
                published[cell_of(row)][measure_of(row)] = to_json(row)
        entries = []
        for cell in sorted(published):
            old = self.register.get(cell)
            if cell in self.held and old is None:
                continue
            waits = old if cell in self.held else None
            known = waits.known if waits else self.truth[cell]
            version = waits.definition_version if waits else self.definition_version
            crossing = waits.crossing if waits else self._crossing(cell)
            counted = {measure: known[measure] for measure in published[cell]}
            new = Frozen(version, counted, published[cell], crossing)
            if old is None or not is_same(old, new):
                entries.append(make_entry(cell, new))
        return entries


def _was_protected(old: Frozen, measure: Measure) -> bool:
    """Published as protected although somebody had answered."""
    row, known = old.published.get(measure), old.known.get(measure)
    return row is not None and known is not None and row["status"] == PROTECTED and bool(known.n)


def _wave_of(cell: Cell) -> Wave:
    return (cell.family.stakeholder, cell.family.period)
