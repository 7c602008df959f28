"""The arithmetic of complements: what is left when the visible parts of a visible whole are taken away.

Visible cells over a unit tree are nested sets. Every group that subtraction can isolate is then a union of
*remainders*: a visible unit less its topmost visible descendants. If each remainder holds 0 or at least k
people, no subtraction isolates fewer than k. Hiding one more cell merges two remainders, so it can never
break what holds.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from pipelines.privacy.rules import topmost


class View(NamedTuple):
    """One tree and the people counted in each unit by it; a date of headcounts or the close of a wave."""

    below: Mapping[str, frozenset[str]]
    counts: Mapping[str, int]


class Remainder(NamedTuple):
    """People in visible `unit` that are in none of its topmost visible descendants `parts`."""

    unit: str
    people: int
    parts: frozenset[str]


def remainders(visible: Collection[str], view: View) -> Iterator[Remainder]:
    """The remainder of each visible unit that has a visible descendant, in the order of unit codes."""
    shown = frozenset(visible)
    for unit in sorted(shown & view.counts.keys()):
        parts = topmost(shown & view.below.get(unit, frozenset()) & view.counts.keys(), view.below)
        if parts:
            yield Remainder(unit, view.counts[unit] - sum(view.counts[part] for part in parts), parts)


def is_safe(people: int, k: int) -> bool:
    """Nobody, or a group of at least k. Below 0 the counts overlap and nothing can be said: unsafe."""
    return people == 0 or people >= k


def cascade(visible: Iterable[str], views: Sequence[View], k: int) -> frozenset[str]:
    """The units that stay visible once every remainder is 0 or at least k, in every view.

    While one is not, the smallest of its visible parts is hidden (ties: the first by code): its people join
    the remainder. Every round hides a unit, so it ends.
    """
    shown = frozenset(visible)
    while True:
        small = next(
            (
                (view, rest)
                for view in views
                for rest in remainders(shown, view)
                if not is_safe(rest.people, k)
            ),
            None,
        )
        if small is None:
            return shown
        view, rest = small
        shown -= {min(rest.parts, key=lambda part: (view.counts[part], part))}
