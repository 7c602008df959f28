"""What the mask needs to know of a home: thresholds, the unit tree over time, headcounts. Plain rows in, no
engine.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

UNASSIGNED = "unassigned"
ALL = "all"
LOWEST_THRESHOLD = 5
HEADCOUNT_KPIS = frozenset(
    {"payroll", "payroll_ratio", "ebe", "operating_result", "operating_margin", "net_result"}
)
# What is made of comments: the least respondents a cell must have, and the least who left a comment.
COMMENT_KPIS = frozenset({"theme_share", "tone_balance"})
LEAST_ELIGIBLE = 20
LEAST_COMMENTERS = 10


class Closure(NamedTuple):
    """`unit_code` stood at or under `ancestor_code` from `valid_from` to `valid_to`, both included."""

    ancestor_code: str
    unit_code: str
    valid_from: dt.date
    valid_to: dt.date


class Headcount(NamedTuple):
    """People working at or under a unit from `valid_from` to `valid_to`, both included."""

    unit_code: str
    valid_from: dt.date
    valid_to: dt.date
    headcount: int


class Overlap(NamedTuple):
    """People at or under a unit who have a value of one segment and a value of another; 0 needs no row."""

    unit_code: str
    stakeholder_code: str
    period_code: str
    segment_code_a: str
    segment_code_b: str
    people: int


class Tree(NamedTuple):
    """The unit tree of one day: the units, and for each the units strictly below it."""

    units: frozenset[str]
    below: Mapping[str, frozenset[str]]

    def children(self, unit: str) -> frozenset[str]:
        """Units directly below `unit`."""
        return topmost(self.below.get(unit, frozenset()), self.below)


class MaskRefusedError(ValueError):
    """The marts or the rules cannot be masked safely; the message says which and why, without values."""


@dataclass(frozen=True)
class Rules:
    """Everything the mask decides with.

    `thresholds`: smallest group that may be shown, per stakeholder. `finance_threshold`: the same for the
    headcount behind payroll and results. `period_ends`: last day of each period. `closes`: last days of
    fieldwork of a (stakeholder, period), where they are known; the tree of those days is the one the marts
    pooled by, else the tree of the period's end. `headcount_kpis`: finance KPIs that tell a small team's pay.
    `comment_kpis`: KPIs made of comments. `derived_kpis`: KPIs that are functions of published rows, appended
    after the mask. `segments`: names in declared order, which is the order they are shown in; others follow by
    name. `overlaps`: how the segments of the same respondents cross; without it only one of them is shown.
    """

    thresholds: Mapping[str, int]
    finance_threshold: int
    closure: Sequence[Closure]
    period_ends: Mapping[str, dt.date]
    roots: Collection[str]
    headcounts: Sequence[Headcount] = ()
    headcount_kpis: frozenset[str] = HEADCOUNT_KPIS
    closes: Mapping[tuple[str, str], Sequence[dt.date]] = field(default_factory=dict)
    comment_kpis: frozenset[str] = COMMENT_KPIS
    derived_kpis: frozenset[str] = frozenset()
    segments: Sequence[str] = ()
    overlaps: Sequence[Overlap] = ()

    def __post_init__(self) -> None:
        # Rows come as plain tuples from declared tables.
        object.__setattr__(self, "closure", tuple(Closure(*row) for row in self.closure))
        object.__setattr__(self, "headcounts", tuple(Headcount(*row) for row in self.headcounts))
        object.__setattr__(self, "roots", frozenset(self.roots))
        object.__setattr__(self, "overlaps", tuple(Overlap(*row) for row in self.overlaps))
        for name, k in [*self.thresholds.items(), ("finance", self.finance_threshold)]:
            if k < LOWEST_THRESHOLD:
                raise MaskRefusedError(f"threshold {k} for {name} is below {LOWEST_THRESHOLD}, the least")

    def threshold(self, stakeholder: str) -> int:
        """Smallest group of a declared stakeholder."""
        if stakeholder not in self.thresholds:
            raise MaskRefusedError(f"stakeholder '{stakeholder}' has no threshold; declare it in privacy.yml")
        return self.thresholds[stakeholder]

    def end_of(self, period: str) -> dt.date:
        """Last day of a period."""
        if period not in self.period_ends:
            raise MaskRefusedError(f"period '{period}' is not among the declared periods")
        return self.period_ends[period]

    def tree(self, day: dt.date) -> Tree:
        """The unit tree of one day."""
        if day not in self._trees:
            self._trees[day] = _tree(row for row in self.closure if row.valid_from <= day <= row.valid_to)
        return self._trees[day]

    def trees(self, stakeholder: str, period: str) -> list[Tree]:
        """Trees that the cells of a stakeholder and period were pooled by; one, unless it has several
        closes.
        """
        days = self.closes.get((stakeholder, period)) or [self.end_of(period)]
        return [self.tree(day) for day in sorted(set(days))]

    def least(self, stakeholder: str, kpi: str) -> int:
        """Smallest group that a row of this KPI may describe."""
        k = self.threshold(stakeholder)
        return max(k, LEAST_COMMENTERS) if kpi in self.comment_kpis else k

    def in_order(self, segments: Iterable[str]) -> list[str]:
        """Segments in the order they are shown in: as declared, the others after them by name."""
        place = {name: index for index, name in enumerate(self.segments)}
        return sorted(set(segments), key=lambda name: (place.get(name, len(place)), name))

    @cached_property
    def crossed(self) -> Mapping[tuple[str, str, str], Mapping[tuple[str, str], int]]:
        """People by (stakeholder, period, unit), then by the two segment codes, in either order."""
        found: dict[tuple[str, str, str], dict[tuple[str, str], int]] = {}
        for row in self.overlaps:
            pairs = found.setdefault((row.stakeholder_code, row.period_code, row.unit_code), {})
            pairs[row.segment_code_a, row.segment_code_b] = row.people
            pairs[row.segment_code_b, row.segment_code_a] = row.people
        return found

    @cached_property
    def _trees(self) -> dict[dt.date, Tree]:
        return {}


def topmost(units: Iterable[str], below: Mapping[str, frozenset[str]]) -> frozenset[str]:
    """Those of `units` that stand under no other of them."""
    chosen = frozenset(units)
    covered = [below.get(unit, frozenset()) for unit in chosen]
    return chosen.difference(*covered)


def _tree(rows: Iterable[Closure]) -> Tree:
    """Group the closure rows of one day by ancestor."""
    below: dict[str, set[str]] = {}
    for row in rows:
        strictly = below.setdefault(row.ancestor_code, set())
        if row.unit_code != row.ancestor_code:
            strictly.add(row.unit_code)
    units = frozenset(below) | frozenset(unit for inside in below.values() for unit in inside)
    return Tree(units, {unit: frozenset(inside) for unit, inside in below.items()})
