"""The publication register: what was published of a wave stays as it was, until enough people changed it.

A late answer published alone is the difference of two snapshots. So the first publication freezes the cells
of a wave (a stakeholder and period over the unit tree). Later figures wait, and go out together once every
touched cell, in every KPI and dimension, changed by at least k respondents, and so did what is left of it
beside its parts. Two more consequences: a row once protected while somebody had answered stays protected,
since its answers would be the difference between what was and what is visible; and a change is shown
towards what is published, never towards figures that wait.

The register is append-only, the last entry of a cell wins, and every entry is plain JSON. It holds true
counts and fingerprints beside what was published: it belongs to the restricted zone. Public rows and
finance are never frozen.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import polars as pl

from pipelines.privacy.cascade import is_safe
from pipelines.privacy.rules import ALL, Rules
from pipelines.privacy.suppression import (
    CHANGE_COLUMNS,
    COMPOSITES,
    PROTECTED,
    PUBLIC,
    Cell,
    Family,
    cell_of,
    cells_behind,
    mask_kpi_values,
    place_of,
)

CELL_KEY = ("unit_code", "stakeholder_code", "period_code", "segment_code", "counterparty_code")
Measure = tuple[str, str]
Entry = dict[str, Any]
Published = dict[str, Any]
# Participation tells how many were invited. An index is made of its dimensions, which are compared; its own n
# jumps when one more of them has enough answers.
NOT_COMPARED = COMPOSITES | {"participation"}


class Outcome(NamedTuple):
    """What `freeze` decides; `held_cells` counts the cells whose new figures wait."""

    rows: pl.DataFrame
    entries: list[Entry]
    held_cells: int


class Known(NamedTuple):
    """What a register entry or the warehouse says of one row: respondents, fingerprint of its figures."""

    n: int | None
    fingerprint: str


class Frozen(NamedTuple):
    """The last register entry of a cell."""

    definition_version: str
    known: dict[Measure, Known]
    published: dict[Measure, Published]


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
    return _Freeze(masked, truth, _read(register_rows), rules, definition_version).run()


def fingerprint(row: Mapping[str, Any]) -> str:
    """16 hex digits that change with the figures of a row beyond 9 significant digits."""
    figures = [row[name] for name in ("value", "ci_low", "ci_high")]
    text = "|".join("" if figure is None else f"{figure:.9g}" for figure in figures)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


class _Freeze:
    def __init__(
        self,
        masked: pl.DataFrame,
        truth: pl.DataFrame,
        register: dict[Cell, Frozen],
        rules: Rules,
        definition_version: str,
    ) -> None:
        self.masked, self.register, self.rules = masked, register, rules
        self.definition_version = definition_version
        self.truth: dict[Cell, dict[Measure, Known]] = defaultdict(dict)
        for row in truth.rows(named=True):
            if row["disclosure"] != PUBLIC:
                measure = (row["kpi_code"], row["dimension_code"])
                self.truth[cell_of(row)][measure] = Known(row["n"], fingerprint(row))
        self.held = self._held_cells()

    def run(self) -> Outcome:
        merged = mask_kpi_values(self._merge(), self.rules)
        return Outcome(merged, self._entries(merged), len(self.held))

    def _held_cells(self) -> frozenset[Cell]:
        """Cells whose new figures wait: those of a family that changed by too few, then what is made of
        them.
        """
        families: dict[Family, set[Cell]] = defaultdict(set)
        for cell in self.truth:
            families[cell.family].add(cell)
        # A family that left the warehouse altogether was withdrawn: nothing of it is published again.
        for cell in self.register:
            if cell.family in families:
                families[cell.family].add(cell)
        held: set[Cell] = set()
        for family, cells in families.items():
            if family.stakeholder == ALL or not any(cell in self.register for cell in cells):
                continue
            changes = {cell: change for cell in cells if (change := self._change(cell))}
            if not self._may_go_out(family, changes):
                held |= changes.keys()
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
            if measure[0] in NOT_COMPARED or (before.n is None and after.n is None):
                continue
            gained = (after.n or 0) - (before.n or 0)
            same_words = old.definition_version == self.definition_version
            if gained or (same_words and before.fingerprint != after.fingerprint):
                found[measure] = gained
        return found

    def _may_go_out(self, family: Family, changes: Mapping[Cell, Mapping[Measure, int]]) -> bool:
        """Every touched row, and what is left of it beside its parts, changed by at least k respondents."""
        k = self.rules.threshold(family.stakeholder)
        gained: dict[Measure, dict[str, int]] = defaultdict(dict)
        for cell, change in changes.items():
            for measure, people in change.items():
                if abs(people) < k:
                    return False
                gained[measure][cell.unit] = people
        for tree in self.rules.trees(family.stakeholder, family.period):
            for by_unit in gained.values():
                for unit in tree.units:
                    own = by_unit.get(unit, 0) - sum(by_unit.get(part, 0) for part in tree.children(unit))
                    if not is_safe(abs(own), k):
                        return False
        return True

    def _held_totals(self, held: set[Cell]) -> set[Cell]:
        """Coverage and balance made of a cell that waits, wait with it."""
        totals = {cell: place_of(_cell_key(cell)) for cell in self.truth if cell.family.stakeholder == ALL}
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
            inside = [measure for measure in old.known if measure[0] == "dimension_score"]
            present = self.truth[cell_of(row)]
            k = self.rules.threshold(row["stakeholder_code"])
            if any(
                _was_protected(old, code) and (present[code].n or 0) >= k
                for code in inside
                if code in present
            ):
                return True
        return _was_protected(old, (row["kpi_code"], row["dimension_code"]))

    def _merge(self) -> pl.DataFrame:
        """New rows where they may go out, the registered ones where they wait."""
        kept, protected, waiting_change, old_change = [], [], [], []
        for row in self.masked.rows(named=True):
            public, cell = row["disclosure"] == PUBLIC, cell_of(row)
            old = self.register.get(cell)
            waits = not public and cell in self.held
            # A total that was never published has no old row: it is protected until its parts are out.
            new_total = waits and old is None and cell.family.stakeholder == ALL
            kept.append(not waits or new_total)
            protected.append(new_total or self._is_sticky(row))
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
        cell, measure = cell_of(row), (row["kpi_code"], row["dimension_code"])
        old = self.register.get(cell)
        if old is None or old.definition_version != self.definition_version:
            return {}
        return old.published.get(measure, {}) if old.known.get(measure) == self.truth[cell][measure] else {}

    def _frozen_rows(self) -> pl.DataFrame:
        """The rows that cells which wait were last published with."""
        rows = [
            _from_json(_cell_key(cell) | published, self.masked.schema)
            for cell in sorted(self.held & self.register.keys())
            for published in self.register[cell].published.values()
        ]
        return pl.DataFrame(rows, schema=self.masked.schema)

    def _entries(self, merged: pl.DataFrame) -> list[Entry]:
        """An entry for each cell that is published for the first time, or otherwise than it was."""
        published: dict[Cell, dict[Measure, Published]] = defaultdict(dict)
        for row in merged.rows(named=True):
            if row["disclosure"] != PUBLIC:
                published[cell_of(row)][row["kpi_code"], row["dimension_code"]] = _to_json(row)
        entries = []
        for cell in sorted(published):
            old = self.register.get(cell)
            if cell in self.held and old is None:
                continue
            waits = old if cell in self.held else None
            known = waits.known if waits else self.truth[cell]
            version = waits.definition_version if waits else self.definition_version
            new = Frozen(version, {measure: known[measure] for measure in published[cell]}, published[cell])
            if old is None or not _same(old, new):
                entries.append(_entry(cell, new))
        return entries


def _was_protected(old: Frozen, measure: Measure) -> bool:
    """Published as protected although somebody had answered."""
    row, known = old.published.get(measure), old.known.get(measure)
    return row is not None and known is not None and row["status"] == PROTECTED and bool(known.n)


def _cell_key(cell: Cell) -> dict[str, Any]:
    family = cell.family
    return dict(
        zip(
            CELL_KEY,
            (cell.unit, family.stakeholder, family.period, family.segment, family.counterparty),
            strict=True,
        )
    )


def _same(old: Frozen, new: Frozen) -> bool:
    """Nothing but the as-of date differs."""

    def dateless(rows: Mapping[Measure, Published]) -> dict[Measure, Published]:
        return {
            measure: {name: value for name, value in row.items() if name != "as_of_date"}
            for measure, row in rows.items()
        }

    same_words = old.definition_version == new.definition_version
    return same_words and old.known == new.known and dateless(old.published) == dateless(new.published)


def _entry(cell: Cell, new: Frozen) -> Entry:
    rows = [
        {
            "kpi_code": kpi,
            "dimension_code": dimension,
            **new.known[kpi, dimension]._asdict(),
            "published": published,
        }
        for (kpi, dimension), published in sorted(new.published.items())
    ]
    return {
        **_cell_key(cell),
        "definition_version": new.definition_version,
        "rows": rows,
    }


def _read(entries: Iterable[Entry]) -> dict[Cell, Frozen]:
    """The last entry of each cell, in the order they were appended."""
    found = {}
    for entry in entries:
        rows: Sequence[dict[str, Any]] = entry["rows"]
        known = {
            (row["kpi_code"], row["dimension_code"]): Known(row["n"], row["fingerprint"]) for row in rows
        }
        published = {(row["kpi_code"], row["dimension_code"]): row["published"] for row in rows}
        found[cell_of(entry)] = Frozen(entry["definition_version"], known, published)
    return found


def _to_json(row: Mapping[str, Any]) -> Published:
    """A row without its nulls and its cell's own key, which the entry has: a third of the size."""
    return {
        name: value.isoformat() if isinstance(value, dt.date) else value
        for name, value in row.items()
        if value is not None and name not in CELL_KEY
    }


def _from_json(row: Published, schema: pl.Schema) -> dict[str, Any]:
    """A published row in the columns of today: a column of later is null, a column of then is dropped."""
    readers = {pl.Date: dt.date.fromisoformat, pl.Datetime: dt.datetime.fromisoformat}
    found: dict[str, Any] = {}
    for name, kind in schema.items():
        value, reader = row.get(name), readers.get(kind.base_type())
        found[name] = reader(value) if reader and value is not None else value
    return found
