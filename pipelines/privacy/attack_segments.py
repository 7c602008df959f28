"""The attacker against segments: values beside totals, over units, beside another segment, and what is derived.

As in `attack`, no code of the mask is used: published rows, the unit tree, and what colleagues know anyway,
which is who is where (the roster: which values somebody of a unit has).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from itertools import combinations
from typing import Any, NamedTuple

Row = dict[str, Any]
Roster = Collection[tuple[str, str, str, frozenset[str]]]
# All sets of more values than this are not tried: their number doubles with each.
MOST_VALUES = 12


class Isolated(NamedTuple):
    """Where a group was isolated, and how many people are in it."""

    place: str
    people: int


class Made(NamedTuple):
    """What a derived KPI is made of: rows of `kpis` in the same unit and period.

    `segment`: of the values of this segment, of the same stakeholder. Without it: of the stakeholder and of
    the counterparty, in the same dimension.
    """

    kpis: frozenset[str]
    segment: str | None = None


class Cut(NamedTuple):
    """Counts shown of one measure and segment: of units, and by unit of each value that is shown."""

    stakeholder: str
    period: str
    segment: str
    measure: tuple[str, ...]
    totals: Mapping[str, int]
    values: Mapping[str, Mapping[str, int]]

    def place(self, unit: str) -> str:
        """How a leak is named."""
        return "/".join((unit, self.stakeholder, self.period, self.segment, *self.measure))


def cuts(rows: Iterable[Row]) -> list[Cut]:
    """Every measure with a segment, from the rows whose n is shown."""
    totals: dict[tuple[Any, ...], dict[str, int]] = defaultdict(dict)
    values: dict[tuple[Any, ...], dict[str, dict[str, int]]] = defaultdict(lambda: defaultdict(dict))
    for row in rows:
        wave = (row["stakeholder_code"], row["period_code"])
        measure = (row["kpi_code"], row["dimension_code"], row["counterparty_code"])
        if row["segment_code"] == "all":
            totals[wave, measure][row["unit_code"]] = row["n"]
        else:
            segment = row["segment_code"].split("__")[0]
            values[wave, segment, measure][row["unit_code"]][row["segment_code"]] = row["n"]
    return [
        Cut(stakeholder, period, segment, measure, totals[(stakeholder, period), measure], shown)
        for ((stakeholder, period), segment, measure), shown in values.items()
    ]


def less_values(found: Iterable[Cut], thresholds: Mapping[str, int]) -> Iterator[Isolated | None]:
    """A unit less those of its values that are shown."""
    for cut in found:
        for unit, values in cut.values.items():
            if unit in cut.totals:
                rest = cut.totals[unit] - sum(values.values())
                small = rest != 0 and rest < thresholds[cut.stakeholder]
                yield Isolated(cut.place(unit), rest) if small else None


def crossed(
    found: Iterable[Cut], below: Callable[[str], set[str]], thresholds: Mapping[str, int], roster: Roster
) -> Iterator[Isolated | None]:
    """Some units less some values, where the roster says that one of the two lies inside the other.

    Rows are what is shown of units less what is shown below them; columns the values of a segment over the
    same people. A set of values lies inside the rows where somebody has one of them; rows where nobody has
    another value lie inside it.
    """
    known: dict[tuple[str, str], dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for unit, stakeholder, period, codes in roster:
        known[stakeholder, period][unit] |= codes
    for cut in found:
        here = known[cut.stakeholder, cut.period]
        k = thresholds[cut.stakeholder]
        for unit in cut.values:
            if unit not in cut.totals:
                continue
            lower = {part for part in below(unit) if part in cut.values and part in cut.totals}
            hidden_under = {code for part in lower for code in below(part)} | lower
            top = {part for part in lower if not any(part in below(other) for other in lower)}
            columns = _less(cut.values[unit], [cut.values[part] for part in top])
            if columns is None:
                continue
            rows = {}
            for row in ({unit} | below(unit)) - hidden_under:
                if row in cut.totals:
                    rows[row] = _own(row, cut.totals, below, here)
            yield from _subsets(cut.place(unit), rows, columns, k)


def between(
    found: Iterable[Cut], below: Callable[[str], set[str]], thresholds: Mapping[str, int], roster: Roster
) -> Iterator[Isolated | None]:
    """The same with the values of one segment as rows and those of another as columns, unit by unit."""
    met: dict[tuple[str, str], dict[str, set[frozenset[str]]]] = defaultdict(lambda: defaultdict(set))
    for unit, stakeholder, period, codes in roster:
        met[stakeholder, period][unit].add(codes)
    by_measure: dict[tuple[Any, ...], list[Cut]] = defaultdict(list)
    for cut in found:
        by_measure[cut.stakeholder, cut.period, cut.measure].append(cut)
    for (stakeholder, period, _), group in by_measure.items():
        for one, other in combinations(group, 2):
            for unit in one.values.keys() & other.values.keys():
                people = [codes for code in {unit} | below(unit) for codes in met[stakeholder, period][code]]
                rows = {
                    value: (n, {code for codes in people if value in codes for code in codes})
                    for value, n in one.values[unit].items()
                }
                yield from _subsets(one.place(unit), rows, other.values[unit], thresholds[stakeholder])


def _less(whole: Mapping[str, int], parts: list[Mapping[str, int]]) -> dict[str, int] | None:
    """Values of a unit less those of lower ones; None where one of them is not shown everywhere."""
    if any(code not in part for part in parts for code in whole):
        return None
    return {code: n - sum(part[code] for part in parts) for code, n in whole.items()}


def _own(
    unit: str, totals: Mapping[str, int], below: Callable[[str], set[str]], known: Mapping[str, set[str]]
) -> tuple[int, set[str]]:
    """People of a shown unit who are in no shown unit below it, and the values the roster knows among them."""
    lower = {part for part in below(unit) if part in totals}
    top = {part for part in lower if not any(part in below(other) for other in lower)}
    inside = ({unit} | below(unit)) - top.union(*(below(part) for part in top))
    codes = set[str]().union(*(known[code] for code in inside if code in known))
    return totals[unit] - sum(totals[part] for part in top), codes


def _subsets(
    place: str, rows: Mapping[str, tuple[int, set[str]]], columns: Mapping[str, int], k: int
) -> Iterator[Isolated | None]:
    """Every set of columns against the rows it lies in, and against the rows that lie in it."""
    codes = sorted(columns)
    if not codes or len(codes) > MOST_VALUES:
        return
    segment = codes[0].split("__")[0]
    known = {
        row: {code for code in values if code.split("__")[0] == segment} for row, (_, values) in rows.items()
    }
    for size in range(1, len(codes) + 1):
        for chosen in combinations(codes, size):
            inside = set(chosen)
            n = sum(columns[code] for code in chosen)
            touched = sum(people for row, (people, _) in rows.items() if known[row] & inside)
            filled = sum(people for row, (people, _) in rows.items() if known[row] <= inside)
            for rest in (touched - n, n - filled):
                yield Isolated(place, abs(rest)) if 0 < abs(rest) < k else None


def through_parts(
    kpi: Iterable[Row], derived: Iterable[Row], made: Mapping[str, Made]
) -> Iterator[Isolated | None]:
    """A derived figure that is shown though a row it is made of is protected: solved for that row."""
    protected: set[tuple[Any, ...]] = set()
    for row in kpi:
        if row["status"] == "protected":
            where = (row["unit_code"], row["period_code"], row["stakeholder_code"], row["kpi_code"])
            segment = row["segment_code"]
            if segment == "all":
                protected.add((*where, row["dimension_code"], row["counterparty_code"]))
            else:
                protected.add((*where, segment.split("__")[0]))
    for row in derived:
        if row["value"] is None or row["kpi_code"] not in made:
            continue
        rule = made[row["kpi_code"]]
        sides = (row["stakeholder_code"], row["counterparty_code"])
        parts: list[tuple[Any, ...]] = []
        for code in rule.kpis:
            if rule.segment is not None:
                parts.append((row["unit_code"], row["period_code"], sides[0], code, rule.segment))
                continue
            for side, other in (sides, sides[::-1]):
                at = (row["unit_code"], row["period_code"], side, code, row["dimension_code"])
                parts += [(*at, other), (*at, "all")]
        place = "/".join(
            str(row[name]) for name in ("unit_code", "period_code", "kpi_code", "dimension_code")
        )
        yield Isolated(place, 0) if protected.intersection(parts) else None
