"""Which units' payroll and results may be shown: one decision per unit for all periods.

Months, quarters and rolling years overlap, so a unit shown in one period and hidden in the next would be
found by subtracting; hence a unit that was small on any day is small throughout.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping

from pipelines.privacy.cascade import View, cascade
from pipelines.privacy.rules import UNASSIGNED, Headcount, Rules, Tree


def visible_units(
    units: Iterable[str], last_day: dt.date, rules: Rules, secondary: bool = True
) -> frozenset[str]:
    """Those of `units` whose headcount KPIs may be shown, given what is declared up to `last_day`.

    Shown: a headcount of at least the finance threshold on every day, a root of unknown headcount, and
    `unassigned`: it is nobody's team but the lines no rule places, and the root less its parts says it anyway.
    Hidden: fewer people on some day, an unknown headcount; then the cascade over the tree of every day. A home
    that has nothing but its root and declares no headcount shows everything: there is no team in it to
    recognise.
    """
    wanted = frozenset(units)
    views = headcount_views(last_day, rules)
    if _is_single_unit(rules):
        return wanted
    shown = frozenset(unit for unit in wanted if unit == UNASSIGNED or _is_large(unit, views, rules))
    return cascade(shown, list(views.values()), rules.finance_threshold) if secondary else shown


def headcount_views(last_day: dt.date, rules: Rules) -> dict[dt.date, View]:
    """The tree and the people of each unit on every day up to `last_day` when either changes."""
    starts = {row.valid_from for row in rules.headcounts} | {row.valid_from for row in rules.closure}
    starts |= {row.valid_to + dt.timedelta(days=1) for row in rules.closure if row.valid_to < last_day}
    declared = _by_unit(rules.headcounts)
    views = {}
    for day in sorted(start for start in starts if start <= last_day):
        tree = rules.tree(day)
        if not _exists_any_unit(day, rules):
            continue  # before the first unit there is nobody to recognise
        counts: dict[str, int] = {}
        for unit in sorted(tree.units, key=lambda code: len(tree.below.get(code, ()))):
            counts[unit] = _people(unit, day, tree, declared, counts)
        views[day] = View(tree.below, counts)
    return views


def _exists_any_unit(day: dt.date, rules: Rules) -> bool:
    """Whether a unit of people is valid that day; `unassigned` always is, and makes its root appear."""
    return any(
        row.ancestor_code == row.unit_code != UNASSIGNED and row.valid_from <= day <= row.valid_to
        for row in rules.closure
    )


def is_known(unit: str, tree: Tree, declared: Iterable[str]) -> bool:
    """Declared itself, or made of units that all are."""
    if unit == UNASSIGNED or unit in frozenset(declared):
        return True
    parts = tree.children(unit) - {UNASSIGNED}
    return bool(parts) and all(is_known(part, tree, declared) for part in parts)


def _is_single_unit(rules: Rules) -> bool:
    units = {row.unit_code for row in rules.closure} - frozenset(rules.roots) - {UNASSIGNED}
    return not rules.headcounts and not units


def _is_large(unit: str, views: Mapping[dt.date, View], rules: Rules) -> bool:
    """At least the threshold on every day the unit exists, by known headcounts; or a root of unknown
    headcount.
    """
    days = [day for day, view in views.items() if unit in view.counts]
    declared = frozenset(row.unit_code for row in rules.headcounts)
    if not all(is_known(unit, rules.tree(day), declared) for day in days):
        return unit in rules.roots
    return bool(days) and all(views[day].counts[unit] >= rules.finance_threshold for day in days)


def _people(
    unit: str, day: dt.date, tree: Tree, declared: Mapping[str, list[Headcount]], counts: Mapping[str, int]
) -> int:
    """People at or under a unit on a day: what is declared, at least the sum of its parts.

    An undeclared leaf counts 1: its number is unknown, but it is somebody, so it may not vanish from a
    remainder.
    """
    if unit == UNASSIGNED:
        return 0
    inside = sum(counts[part] for part in tree.children(unit))
    known = declared.get(unit)
    if known is None:
        return max(inside, 1)
    # Before its first row a unit is taken to have been as large as that row says.
    current = next((row for row in reversed(known) if row.valid_from <= day), known[0])
    return max(current.headcount, inside)


def _by_unit(rows: Iterable[Headcount]) -> dict[str, list[Headcount]]:
    """Headcounts of each unit in the order of time."""
    found: dict[str, list[Headcount]] = {}
    for row in sorted(rows, key=lambda row: (row.unit_code, row.valid_from)):
        found.setdefault(row.unit_code, []).append(row)
    return found
