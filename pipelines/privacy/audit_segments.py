"""The audit of segments: what the published rows and the rules alone say of the values beside the totals.

It repeats no decision of the mask. Whether a hidden crossing of units and values can be found is asked of the
published counts themselves: which unknowns do the equations fix (linear algebra, for every measure), and
which does nobody being less than 0 fix as well (one linear programme, for the respondents)?
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.optimize import linprog

from pipelines.privacy.cascade import is_safe
from pipelines.privacy.cells import PROTECTED, RESPONDENTS, Cell, Family, Measure, measure_of, segment_name
from pipelines.privacy.rules import ALL, LEAST_COMMENTERS, LEAST_ELIGIBLE, Rules, Tree, topmost

Row = dict[str, Any]
Matrix = npt.NDArray[np.float64]
# Larger tables are not solved: units × values here, published sets × crossings of segments there.
MOST_UNKNOWNS = 600
MOST_CROSSINGS = 2_000_000
TINY = 1e-7


class Published(NamedTuple):
    """Counts of one measure of one stakeholder, period and segment: of units, and of (unit, value)."""

    totals: dict[str, int]
    values: dict[tuple[str, str], int]
    codes: tuple[str, ...]


class Equations(NamedTuple):
    """What the counts of a pattern say: `matrix` (counts × unknowns); `solved` gives the unknowns `fixed`."""

    matrix: Matrix
    fixed: npt.NDArray[np.intp]
    solved: Matrix


class SegmentAudit:
    """Checks of fct_kpi_values by stakeholder and period; `cells` holds the rows of each cell."""

    def __init__(self, cells: Mapping[Cell, Sequence[Row]], rules: Rules) -> None:
        self.rules = rules
        self.rows: dict[Cell, dict[Measure, Row]] = {
            cell: {measure_of(row): row for row in rows} for cell, rows in cells.items()
        }
        self.families: dict[Family, list[str]] = defaultdict(list)
        self.waves: dict[tuple[str, str], dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
        for cell in cells:
            self.families[cell.family].append(cell.unit)
        for family in sorted(self.families):
            if family.segment != ALL:
                self.waves[family.stakeholder, family.period][segment_name(family.segment)].append(
                    family.segment
                )
        self._solved: dict[tuple[Any, ...], Equations | None] = {}

    def violations(self) -> Iterator[str]:
        """Sentences with codes and counts of units, never a figure."""
        for (stakeholder, period), segments in self.waves.items():
            cutting: dict[Measure, list[str]] = defaultdict(list)
            for name, codes in segments.items():
                where = f"{stakeholder}, {period}, {name}"
                by_measure = self._by_measure(stakeholder, period, codes)
                for measure, parts in by_measure.items():
                    told = f"{where}, {measure.kpi}/{measure.dimension}"
                    yield from self._whole(told, stakeholder, period, measure, parts)
                    published = self._published(stakeholder, period, measure, codes, parts)
                    if _is_cut(published):
                        cutting[measure].append(name)
                        yield from self._solve(told, stakeholder, period, measure, published)
            known = any(key[:2] == (stakeholder, period) for key in self.rules.crossed)
            for measure, names in cutting.items():
                if len(names) > (2 if known else 1):
                    yield (
                        f"{stakeholder}, {period}, {measure.kpi}/{measure.dimension}: "
                        f"{len(names)} segments are shown together though how they cross is not known"
                    )
            if known and len(cutting[RESPONDENTS]) > 1:
                yield from self._contained(
                    stakeholder, period, [segments[name] for name in cutting[RESPONDENTS]]
                )

    def _by_measure(
        self, stakeholder: str, period: str, codes: Sequence[str]
    ) -> dict[Measure, dict[str, dict[str, Row]]]:
        """Rows by measure, unit and segment code."""
        found: dict[Measure, dict[str, dict[str, Row]]] = defaultdict(lambda: defaultdict(dict))
        for code in codes:
            family = Family(stakeholder, period, code)
            for unit in self.families[family]:
                for measure, row in self.rows[Cell(unit, family)].items():
                    found[measure][unit][code] = row
        return found

    def _total(self, unit: str, stakeholder: str, period: str, measure: Measure) -> Row | None:
        return self.rows.get(Cell(unit, Family(stakeholder, period, ALL)), {}).get(measure)

    def _whole(
        self,
        told: str,
        stakeholder: str,
        period: str,
        measure: Measure,
        parts: Mapping[str, Mapping[str, Row]],
    ) -> Iterator[str]:
        """All values or none, under a shown total, which they make up but for nobody or k."""
        k = self.rules.least(stakeholder, measure.kpi)
        for unit, rows in parts.items():
            shown = [row for row in rows.values() if row["status"] != PROTECTED]
            if not shown:
                continue
            if len(shown) < len(rows):
                yield f"{unit}, {told}: {len(shown)} of {len(rows)} values are shown"
            total = self._total(unit, stakeholder, period, measure)
            counted = [row["n"] for row in shown if row["n"] is not None]
            hidden = total["status"] == PROTECTED if total else bool(counted)
            if hidden:
                yield f"{unit}, {told}: {len(shown)} values are shown though their total is not"
            elif total and total["n"] is not None and counted and not is_safe(total["n"] - sum(counted), k):
                yield f"{unit}, {told}: the total less its values isolates fewer than {k} respondents"
            yield from self._comments(f"{unit}, {told}", measure, rows, unit, stakeholder, period)

    def _comments(
        self, told: str, measure: Measure, rows: Mapping[str, Row], unit: str, stakeholder: str, period: str
    ) -> Iterator[str]:
        if measure.kpi not in self.rules.comment_kpis:
            return
        for code, row in rows.items():
            cell = self.rows[Cell(unit, Family(stakeholder, period, code))]
            eligible = cell[RESPONDENTS]["n"] if RESPONDENTS in cell else row["n"]
            if row["n"] and ((eligible or 0) < LEAST_ELIGIBLE or row["n"] < LEAST_COMMENTERS):
                yield f"{told}: comments of too few are spoken of"

    def _published(
        self,
        stakeholder: str,
        period: str,
        measure: Measure,
        codes: Sequence[str],
        parts: Mapping[str, Mapping[str, Row]],
    ) -> Published:
        totals = {}
        for unit in self.families[Family(stakeholder, period, ALL)]:
            row = self._total(unit, stakeholder, period, measure)
            if row is not None and row["n"] is not None:
                totals[unit] = row["n"]
        values = {
            (unit, code): row["n"]
            for unit, rows in parts.items()
            for code, row in rows.items()
            if row["n"] is not None and unit in totals
        }
        # values that are shown nowhere are told from none nowhere
        return Published(totals, values, tuple(code for code in codes if any(code == at[1] for at in values)))

    def _solve(
        self, told: str, stakeholder: str, period: str, measure: Measure, published: Published
    ) -> Iterator[str]:
        k = self.rules.least(stakeholder, measure.kpi)
        for tree in self.rules.trees(stakeholder, period):
            key = (id(tree), frozenset(published.totals), frozenset(published.values), published.codes)
            if key not in self._solved:
                self._solved[key] = _equations(published, tree)
            equations = self._solved[key]
            if equations is None:
                continue
            counts = np.array([*_sorted(published.totals), *_sorted(published.values)], float)
            found = equations.solved @ counts
            if ((found > 0.5) & (found < k - 0.5)).any():
                yield f"{told}: the published counts give a hidden crossing of fewer than {k} respondents"
            elif measure == RESPONDENTS and _narrowest(equations.matrix, counts, k):
                yield f"{told}: nobody being less than 0 gives a hidden crossing of fewer than {k} respondents"

    def _contained(self, stakeholder: str, period: str, segments: Sequence[Sequence[str]]) -> Iterator[str]:
        """Published groups inside one another, by what is known of how two segments cross."""
        first, second = segments[:2]
        k = self.rules.threshold(stakeholder)
        for tree in self.rules.trees(stakeholder, period):
            units = sorted(unit for unit in tree.units if (stakeholder, period, unit) in self.rules.crossed)
            if len(units) ** 2 * (len(first) + len(second)) * len(first) * len(second) > MOST_CROSSINGS:
                continue
            pooled = np.array(
                [
                    [
                        self.rules.crossed[stakeholder, period, unit].get((a, b), 0)
                        for a in first
                        for b in second
                    ]
                    for unit in units
                ],
                float,
            ).reshape(len(units), -1)
            own = _own(units, tree) @ pooled
            names, members = [], []
            for unit in units:
                at = np.array([other == unit or other in tree.below.get(unit, ()) for other in units])
                for code in (ALL, *first, *second):
                    row = self.rows.get(Cell(unit, Family(stakeholder, period, code)), {}).get(RESPONDENTS)
                    if row is not None and row["n"]:
                        chosen = np.array([code in (ALL, a, b) for a in first for b in second])
                        names.append((unit, code, row["n"]))
                        members.append((at[:, None] & chosen[None, :]).ravel())
            inside = np.array(members, float).reshape(len(names), own.size)
            sizes = inside @ own.ravel()
            if (own < 0).any() or not np.array_equal(sizes, [n for _, _, n in names]):
                continue  # the register keeps older figures than the warehouse has: they were looked at then
            common = (inside * own.ravel()) @ inside.T
            rest = sizes[None, :] - sizes[:, None]
            for small, large in np.argwhere((common == sizes[:, None]) & (rest > 0) & (rest < k)):
                yield (
                    f"{names[large][0]}/{names[large][1]}, {stakeholder}, {period}: less "
                    f"{names[small][0]}/{names[small][1]} it isolates fewer than {k} respondents"
                )


def _sorted(counts: Mapping[Any, int]) -> list[int]:
    return [counts[key] for key in sorted(counts)]


def _is_cut(published: Published) -> bool:
    """More than one group is told apart somewhere."""
    return any(0 < n < published.totals.get(unit, 0) for (unit, _), n in published.values.items())


def _own(units: Sequence[str], tree: Tree) -> Matrix:
    """(units × units): each unit less the topmost others below it."""
    found = np.eye(len(units))
    place = {unit: index for index, unit in enumerate(units)}
    for unit in units:
        for part in topmost(tree.below.get(unit, frozenset()) & place.keys(), tree.below):
            found[place[unit], place[part]] = -1
    return found


def _equations(published: Published, tree: Tree) -> Equations | None:
    """Unknowns are people by (own people of a shown unit, value or none); None where they are too many."""
    units, width = sorted(published.totals), len(published.codes) + 1
    if len(units) * width > MOST_UNKNOWNS:
        return None
    place = {unit: index for index, unit in enumerate(units)}
    rows = []
    for unit, code in [*((unit, None) for unit in units), *sorted(published.values)]:
        row = np.zeros((len(units), width))
        below = tree.below.get(unit, frozenset())
        column = slice(None) if code is None else published.codes.index(code)
        row[[place[other] for other in units if other == unit or other in below], column] = 1
        rows.append(row.ravel())
    matrix = np.array(rows)
    inverse: Matrix = np.asarray(np.linalg.pinv(matrix), np.float64)
    # an unknown is fixed where the equations say it as it is
    fixed = np.flatnonzero(np.abs(inverse @ matrix - np.eye(matrix.shape[1])).max(axis=1) < TINY)
    return Equations(matrix, fixed, inverse[fixed])


def _narrowest(matrix: Matrix, counts: Matrix, k: int) -> bool:
    """Whether an unknown has one possible value above 0 and below k, once none is less than 0.

    One linear programme finds every unknown that can be above 0: y = s·x with s ≥ 1, each t ≤ min(y, 1), and
    the most of Σ t. The others are 0; what remains is fixed by the equations or not at all.
    """
    size = matrix.shape[1]
    equal = np.hstack([matrix, np.zeros_like(matrix), -counts[:, None]])
    less = np.hstack([-np.eye(size), np.eye(size), np.zeros((size, 1))])
    bounds = [(0, None)] * size + [(0, 1)] * size + [(1, None)]
    aim = np.concatenate([np.zeros(size), -np.ones(size), [0.0]])
    done = linprog(aim, A_ub=less, b_ub=np.zeros(size), A_eq=equal, b_eq=np.zeros(len(counts)), bounds=bounds)
    if not done.success:
        return False  # the counts contradict each other: `_whole` and the remainders say where
    free = done.x[size : 2 * size] > TINY
    rest = matrix[:, free]
    inverse = np.linalg.pinv(rest)
    fixed = np.abs(inverse @ rest - np.eye(rest.shape[1])).max(axis=1, initial=0.0) < TINY
    found = (inverse @ counts)[fixed]
    return bool(((found > 0.5) & (found < k - 0.5)).any())
