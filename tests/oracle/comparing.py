"""What two tables say differently, key by key, in words that name the cell."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from tests.oracle.base import Key
from tests.oracle.intervals import Change, Figure

FIGURE = {"value": "value", "n": "n", "low": "ci_low", "high": "ci_high", "method": "method"}
CLOSE = 1e-9


def same(found: Any, wanted: Any, close: float = CLOSE) -> bool:
    """Equal, or as near as `close`, absolute below 1 and relative above."""
    if found is None or wanted is None or isinstance(wanted, str):
        return found == wanted
    return abs(found - wanted) <= close * max(1, abs(wanted))


def of_figure(key: Key, wanted: Figure, row: Mapping[str, Any]) -> Iterable[str]:
    """Where a row is not the figure that the oracle has; counts are exact."""
    for name, column in FIGURE.items():
        value = getattr(wanted, name)
        if not same(row[column], value, 0 if name == "n" else CLOSE):
            yield f"{' '.join(key)}: {column} is {row[column]}, the oracle has {value}"


def of_change(key: Key, wanted: tuple[str, Change] | None, row: Mapping[str, Any]) -> Iterable[str]:
    """Where the change of a row is not the one that the oracle has."""
    period, told = wanted or (None, None)
    found = row["change_ci_low"], row["change_ci_high"]
    intervals = (told.intervals if told else None) or [(None, None)]
    near = any(all(same(a, b) for a, b in zip(found, one, strict=True)) for one in intervals)
    if (
        row["compared_period_code"] != period
        or not same(row["change_value"], told and told.value)
        or not near
    ):
        shown = row["compared_period_code"], row["change_value"], *found
        yield f"{' '.join(key)}: the change is {shown}, the oracle has {wanted}"


def of_rows(
    key: Key, wanted: Mapping[str, Any], row: Mapping[str, Any], close: float = CLOSE
) -> Iterable[str]:
    """Where a derived row is not the one that the oracle made."""
    for column, value in wanted.items():
        if not same(row[column], value, close):
            yield f"{' '.join(key)}: {column} is {row[column]}, the oracle has {value}"


def told(lines: Iterable[str]) -> str:
    """The first of many differences, and how many there are."""
    found = list(lines)
    return "\n".join([f"{len(found)} differences", *found[:10]]) if found else ""
