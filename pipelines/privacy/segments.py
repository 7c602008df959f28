"""Where the values of a segment may stand beside the totals of units: the arithmetic of crossed cuts.

What is published of one measure of one stakeholder and period falls into independent tables. A unit whose
total is shown, less the topmost ones shown below it, is an *atom*: its people are known by subtraction. Where
a segment is shown at a unit, its values are known for the unit's *region*: the atoms of the unit that are
under no lower unit where the segment is shown too. So a region is a table of atoms × values with both margins
known and nothing else: every sum an attacker can form gives the people of atom i and value j the weight
a_i + b_j. Those who keep a weight are the edges between some atoms and values and all the others, in the graph
whose edges are the inhabited crossings. Hence nobody's answers can be isolated, even by somebody who knows
which crossings are empty, if every such cut holds nobody or at least k people; for a set J of values, the
smallest cut is the sum over atoms of the lesser of the people inside and outside J.

A second segment of the same people is shown where each of its sets J cuts at least k people in the finer
table (atom, value of the first) × values of the second. Then a sum that gives its values different weights
keeps at least k people, and one that does not is a sum of the first segment's table, which is safe. A third
is not shown: how three segments cross is not known.

Hiding merges atoms or regions. It takes sums away and adds none, so it never breaks what holds.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from pipelines.privacy.cells import RESPONDENTS, Measure, segment_name
from pipelines.privacy.rules import MaskRefusedError, Rules, Tree, topmost

# 2 to this power sets of values are looked at.
MOST_VALUES = 12
# Atoms looked at together: what bounds the memory.
ATOMS_AT_ONCE = 1024
Counts = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Crossed = Mapping[tuple[str, str], int]
Wave = tuple[str, str]


class Segment(NamedTuple):
    """A segment and the codes of its values, in order."""

    name: str
    codes: tuple[str, ...]


class Region(NamedTuple):
    """A unit where a segment is shown, the topmost lower ones, and the places of the atoms between them."""

    unit: str
    parts: tuple[str, ...]
    atoms: tuple[int, ...]


class Layout:
    """How the units whose total is shown lie in one tree. `units` are sorted; a table has a row for each."""

    def __init__(self, units: Iterable[str], tree: Tree) -> None:
        chosen = frozenset(units)
        self.units = sorted(chosen)
        self._at = {unit: index for index, unit in enumerate(self.units)}
        self._below = {unit: chosen & tree.below.get(unit, frozenset()) for unit in self.units}
        self.own: Counts = np.eye(len(self.units))
        for unit in self.units:
            for part in topmost(self._below[unit], self._below):
                self.own[self._at[unit], self._at[part]] = -1
        self._known: dict[frozenset[str], tuple[list[Region], Counts]] = {}

    def regions(self, shown: frozenset[str]) -> tuple[list[Region], Counts]:
        """Regions of a segment shown at these units, and the matrix (regions × units) of their people."""
        if shown not in self._known:
            found = list(self._regions(shown))
            people = np.zeros((len(found), len(self.units)))
            for row, region in enumerate(found):
                people[row, self._at[region.unit]] = 1
                for part in region.parts:
                    people[row, self._at[part]] = -1
            self._known[shown] = (found, people)
        return self._known[shown]

    def _regions(self, shown: frozenset[str]) -> Iterator[Region]:
        for unit in sorted(shown):
            parts = topmost(shown & self._below[unit], self._below)
            lower = parts.union(*(self._below[part] for part in parts))
            inside = ({unit} | self._below[unit]) - lower
            yield Region(unit, tuple(sorted(parts)), tuple(sorted(self._at[code] for code in inside)))


class Layouts:
    """Layouts by tree and units, each made once."""

    def __init__(self, rules: Rules) -> None:
        self.rules = rules
        self._made: dict[tuple[int, frozenset[str]], Layout] = {}

    def of(self, stakeholder: str, period: str, units: Iterable[str]) -> list[Layout]:
        """One layout for each tree that the cells of a stakeholder and period were pooled by."""
        chosen = frozenset(units)
        found = []
        for tree in self.rules.trees(stakeholder, period):  # trees live as long as the rules
            key = (id(tree), chosen)
            if key not in self._made:
                self._made[key] = Layout(chosen, tree)
            found.append(self._made[key])
        return found


class Table:
    """People (units × values) of one segment and measure; the last column is those without a value.

    `people`: rows in the order of the layouts' units; a row with NaN was masked before and is not decided
    again. `fine`: people (units × values of the first segment × values) where this is the second segment.
    `signed`: the people are a difference of two counts, and may be less than 0. `margins_only`: how the margins
    cross was decided before.
    """

    def __init__(
        self,
        people: Counts,
        layouts: Sequence[Layout],
        k: int,
        fine: Counts | None = None,
        signed: bool = False,
        margins_only: bool = False,
    ) -> None:
        self._unknown: Flags = np.asarray(np.isnan(people).any(axis=1), np.bool_)
        self._people = np.where(self._unknown[:, None], 0.0, people)
        # rows whose crossings were masked before, and are not looked at again
        self._dark: Flags = self._unknown if fine is None else self._unknown | np.isnan(fine).any(axis=(1, 2))
        self._fine = None if fine is None else np.where(self._dark[:, None, None], 0.0, fine)
        self._layouts, self._k, self._signed = layouts, k, signed
        self.is_cut = int((self._people != 0).any(axis=0).sum()) > 1
        self._crosses = self.is_cut and not margins_only

    def shown(self, candidates: Iterable[str]) -> frozenset[str]:
        """The units among `candidates` where the whole segment may be shown, and no part of it elsewhere."""
        good = ~self._unknown & self._is_safe(self._people).all(axis=1)
        units = self._layouts[0].units
        first = frozenset(candidates) & {unit for unit, fits in zip(units, good, strict=True) if fits}
        shown = first
        while (unit := self.fault(shown)) is not None:
            shown -= {unit}
        # what went for the sake of something that went as well may come back, the largest first
        totals = dict(zip(units, self._people.sum(axis=1), strict=True))
        for unit in sorted(first - shown, key=lambda unit: (-totals[unit], unit)):
            if self.fault(shown | {unit}) is None:
                shown |= {unit}
        return shown

    def holds(self, shown: frozenset[str]) -> bool:
        """Whether a segment shown at these units isolates nobody."""
        places = [place for place, unit in enumerate(self._layouts[0].units) if unit in shown]
        return bool(self._is_safe(self._people[places]).all()) and self.fault(shown) is None

    def fault(self, shown: frozenset[str]) -> str | None:
        """A unit to hide the segment at, where a group smaller than k could be isolated; None when safe."""
        return next(
            (unit for layout in self._layouts if (unit := self._fault(layout, shown)) is not None), None
        )

    def _fault(self, layout: Layout, shown: frozenset[str]) -> str | None:
        regions, matrix = layout.regions(shown)
        unsafe = ~self._is_safe(matrix @ self._people)
        totals = dict(zip(layout.units, self._people.sum(axis=1), strict=True))
        if unsafe.any():
            row, column = np.argwhere(unsafe)[0]
            region = regions[row]
            here = dict(zip(layout.units, self._people[:, column] != 0, strict=True))
            # its smallest part that has somebody of this value: their people join the remainder
            joining = [part for part in region.parts if here[part]] or list(region.parts) or [region.unit]
            return min(joining, key=lambda part: (totals[part], part))
        if not self._crosses:
            return None
        atoms, unknown = layout.own @ self._people, np.abs(layout.own) @ self._dark > 0
        fine = None if self._fine is None else np.tensordot(layout.own, self._fine, axes=1)
        below = {region.unit: region for region in regions}
        for region in regions:
            if self._is_region_safe(list(region.atoms), atoms, unknown, fine):
                continue
            # a lower unit that gives its people to this one costs less than this one
            for part in sorted(region.parts, key=lambda part: (totals[part], part)):
                joined = [*region.atoms, *below[part].atoms]
                if self._is_region_safe(joined, atoms, unknown, fine):
                    return part
            return region.unit
        return None

    def _is_region_safe(self, places: list[int], atoms: Counts, unknown: Flags, fine: Counts | None) -> bool:
        if unknown[places].any() or (fine is None and len(places) < 2):
            return True
        rows = atoms[places]
        if self._signed:
            rows = np.abs(rows)
        if fine is None:
            return bool((rows >= 0).all() and self._is_safe(smallest_cuts(rows)).all())
        active = rows.sum(axis=0) > 0
        finer = fine[places].reshape(-1, rows.shape[1])[:, active]
        if self._signed:
            finer = np.abs(finer)
        # those who did not answer this measure may all stand in the cut
        silent = finer.sum(axis=0) - rows.sum(axis=0)[active]
        if (rows < 0).any() or (finer < 0).any() or (silent < 0).any():
            return False
        return bool((smallest_cuts(finer) >= self._k + silent.sum()).all())

    def _is_safe(self, people: Counts) -> Flags:
        """Nobody, or at least k; below 0 the counts overlap and nothing can be said, unless they are signed."""
        size = np.abs(people) if self._signed else people
        return (size == 0) | (size >= self._k)


def smallest_cuts(rows: Counts) -> Counts:
    """For each set J of inhabited columns and its complement, the least people that a sum of margins with
    different weights for the two sides keeps: Σ over rows of min(people inside J, people outside J).

    `rows`: people (rows × columns). Empty where fewer than two columns are inhabited.
    """
    rows = rows[:, rows.sum(axis=0) > 0]
    if rows.shape[1] < 2:
        return np.zeros(0)
    sets = _sets(rows.shape[1])
    kept = np.zeros(sets.shape[1])
    for start in range(0, len(rows), ATOMS_AT_ONCE):
        some = rows[start : start + ATOMS_AT_ONCE]
        inside = some @ sets
        kept += np.minimum(inside, some.sum(axis=1, keepdims=True) - inside).sum(axis=0)
    return kept


@cache
def _sets(columns: int) -> Counts:
    """Every set of columns without the last one, as columns of 0 and 1: (columns × 2^(columns − 1) − 1)."""
    numbers = np.arange(1, 2 ** (columns - 1))
    return (numbers[None, :] >> np.arange(columns)[:, None] & 1).astype(float)


def fine_table(
    crossed: Sequence[Crossed], first: Sequence[str], second: Sequence[str], one: Counts, other: Counts
) -> Counts | None:
    """Respondents (units × values of the first segment × values of the second), the last value of each being
    none; None where what is known of the crossings does not make the margins.

    `crossed`: for each unit, people by the two segment codes. `one`, `other`: people (units × values) of each
    segment.
    """
    inner = np.array([[[pairs.get((a, b), 0) for b in second] for a in first] for pairs in crossed], float)
    inner = inner.reshape(len(crossed), len(first), len(second))
    found = np.zeros((len(crossed), len(first) + 1, len(second) + 1))
    found[:, :-1, :-1] = inner
    found[:, :-1, -1] = one[:, :-1] - inner.sum(axis=2)
    found[:, -1, :-1] = other[:, :-1] - inner.sum(axis=1)
    found[:, -1, -1] = one[:, -1] - found[:, -1, :-1].sum(axis=1)
    masked = np.isnan(found).any(axis=(1, 2))
    silent = np.array([not pairs for pairs in crossed], bool) & (one != 0).any(axis=1) & ~masked
    return None if silent.any() else found


class Cuts:
    """Decides segments of one stakeholder and period, one after the other in the order they are to be shown.

    `crossed`: people of a unit by two segment codes. `signed`, `margins_only`: as of a `Table`.
    """

    def __init__(
        self,
        layouts: Layouts,
        wave: Wave,
        crossed: Callable[[str], Crossed],
        signed: bool = False,
        margins_only: bool = False,
    ) -> None:
        self._layouts, self._wave, self._crossed = layouts, wave, crossed
        self._signed, self._margins_only = signed, margins_only
        # Segments that cut a measure already; and each segment's values, units and respondents.
        self._taken: dict[Measure, list[str]] = defaultdict(list)
        self._respondents: dict[str, tuple[Sequence[str], list[str], Counts]] = {}
        self._made: dict[tuple[str, str], Counts | None] = {}

    def shown(
        self,
        segment: Segment,
        measure: Measure,
        totals: Iterable[str],
        candidates: Collection[str],
        people: Counts,
    ) -> frozenset[str]:
        """The units among `candidates` that show a segment of a measure; respondents come first.

        `people`: (units of `totals` in order × values and none).
        """
        table = self._table(segment, measure, sorted(totals), people)
        shown = frozenset[str]() if table is None else table.shown(candidates)
        # What is shown of one measure could be a part of another: a segment counts where it may be shown.
        if table is not None and table.is_cut and (shown if measure == RESPONDENTS else candidates):
            self._taken[measure].append(segment.name)
        return shown

    def is_safe(
        self,
        segment: Segment,
        measure: Measure,
        totals: Iterable[str],
        shown: frozenset[str],
        people: Counts,
    ) -> bool:
        """Whether a segment that is shown at these units isolates nobody of `people`."""
        table = self._table(segment, measure, sorted(totals), people)
        if table is not None and table.is_cut and shown:
            self._taken[measure].append(segment.name)
        return table is not None and table.holds(shown)

    def _table(self, segment: Segment, measure: Measure, units: list[str], people: Counts) -> Table | None:
        """The table of a segment; None where there is no room for it beside the others."""
        if measure == RESPONDENTS:
            self._respondents[segment.name] = (segment.codes, units, people)
        layouts = self._layouts.of(*self._wave, units)
        k = self._layouts.rules.least(self._wave[0], measure.kpi)
        table = Table(people, layouts, k, None, self._signed, self._margins_only)
        taken = self._taken[measure]
        if not taken or not table.is_cut or self._margins_only:
            return table
        fine = self._fine(taken[0], segment.name) if len(taken) == 1 else None
        if fine is None:
            return None
        place = {unit: index for index, unit in enumerate(self._respondents[segment.name][1])}
        if not place.keys() >= set(units):
            return None  # a measure of somebody who is not among the respondents
        return Table(people, layouts, k, fine[[place[unit] for unit in units]], self._signed)

    def _fine(self, first: str, second: str) -> Counts | None:
        """Respondents of units by both segments."""
        if (first, second) not in self._made:
            first_codes, units, one = self._respondents[first]
            second_codes, _, other = self._respondents[second]
            crossed = [self._crossed(unit) for unit in units]
            self._made[first, second] = fine_table(crossed, first_codes, second_codes, one, other)
        return self._made[first, second]


def grouped(codes: Iterable[str], rules: Rules) -> list[Segment]:
    """Segment codes by segment, in the order they are shown in. Refuses more values than can be looked at."""
    by_name: dict[str, list[str]] = defaultdict(list)
    for code in sorted(codes):
        by_name[segment_name(code)].append(code)
    for name, values in by_name.items():
        if len(values) > MOST_VALUES:
            raise MaskRefusedError(
                f"segment '{name}' has {len(values)} values; at most {MOST_VALUES} can be shown safely: "
                "declare fewer, or cut by it no longer"
            )
    return [Segment(name, tuple(by_name[name])) for name in rules.in_order(by_name)]
