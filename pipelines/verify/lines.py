"""One verified number: what was expected, what was got, where the expectation comes from, and the verdict."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

HERE = Path(__file__).resolve().parent
REPOSITORY = HERE.parents[1]

OK, DRIFT, ABSENT = "ok", "drift", "input absent: not checked"


@dataclass(frozen=True)
class Inputs:
    """Where the inputs are (published examples, a survey's home, files that may not travel); draws a simulated cell."""

    reference: Path = HERE / "reference"
    survey: Path = REPOSITORY / "examples/civil_service"
    real: Path = Path(os.environ.get("RELIER_REAL", REPOSITORY.parent / "shared" / "real"))
    draws: int = 10_000


@dataclass(frozen=True)
class Line:
    """A number under its `target`, as people read it; `got` is None where its input is absent."""

    target: str
    name: str
    expected: str
    got: str | None
    source: str
    holds: bool = False

    @property
    def verdict(self) -> str:
        return ABSENT if self.got is None else OK if self.holds else DRIFT


def rounded(target: str, name: str, expected: Sequence[str], got: Sequence[float], source: str) -> Line:
    """Figures that must agree in every decimal that is published; `.73` is written as its publication does."""
    shown = []
    for text, value in zip(expected, got, strict=True):
        figure = f"{value:.{len(text.partition('.')[2])}f}"
        shown.append(figure.removeprefix("0") if text.startswith(".") else figure)
    return Line(target, name, " ".join(expected), " ".join(shown), source, shown == list(expected))


def exact(target: str, name: str, expected: str, got: Decimal | None, source: str) -> Line:
    """Money, to the cent; `expected` is written with commas between thousands."""
    shown = None if got is None else f"{got:,.2f}"
    return Line(target, name, expected, shown, source, shown == expected)


def at_most(target: str, name: str, limit: float, got: float, source: str) -> Line:
    """A rate (0–1) that must not pass its limit."""
    return Line(target, name, f"≤ {percent(limit, 0)}", percent(got), source, got <= limit)


def at_least(target: str, name: str, limit: float, got: float, source: str, where: str = "") -> Line:
    """A rate (0–1) that must reach its limit, and where its lowest value stands."""
    told = f"{percent(got)} ({where})" if where else percent(got)
    return Line(target, name, f"≥ {percent(limit, 0)}", told, source, got >= limit)


def between(target: str, name: str, low: float, high: float, got: float, source: str) -> Line:
    """A rate (0–1) with two limits."""
    return Line(
        target, name, f"{percent(low, 0)} to {percent(high, 0)}", percent(got), source, low <= got <= high
    )


def percent(share: float, decimals: int = 2) -> str:
    return f"{100 * share:.{decimals}f} %"
