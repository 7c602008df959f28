"""What a reader of the published table has: its rows, the tree of units at each period, and what each row says of its error."""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import duckdb

from tests.oracle.base import Key, Marts, last_day
from tests.oracle.intervals import Z, p_value, t_exact, t_table, welch_df
from tests.oracle.reading import Home
from tests.oracle.scoring import ALL

Row = dict[str, Any]
KEY = (
    "unit_code",
    "period_code",
    "stakeholder_code",
    "segment_code",
    "counterparty_code",
    "kpi_code",
    "dimension_code",
)
FIGURES = ("value", "n", "ci_low", "ci_high", "method", "status", "verdict_code")
PUBLISHED, PROTECTED, UNDECIDED = "published", "protected", "not_enough_data"


class Side(NamedTuple):
    """A figure in a difference of two."""

    centre: float
    variance: float
    df: float


class Gap(NamedTuple):
    """A difference with its 95 % and 90 % intervals."""

    value: float
    low: float
    high: float
    low_90: float
    high_90: float
    error: float
    df: float

    def proves(self, margin: float) -> str:
        """`equivalent`, `above`, `below` or `undecided`: two one-sided tests, then the 95 % interval."""
        if -margin < self.low_90 and self.high_90 < margin:
            return "equivalent"
        return "above" if self.low > 0 else "below" if self.high < 0 else "undecided"


@dataclass
class Seen:
    """Rows of one snapshot by key, and the declarations they answer to."""

    home: Home
    rows: dict[Key, Row]
    marts: Marts  # for the calendar and the declared wording alone
    made: dict[Key, Row] = field(default_factory=dict)

    @property
    def kpis(self) -> dict[str, Any]:
        return self.home.framework["kpis"]

    @cached_property
    def by_kpi(self) -> dict[str, dict[Key, Row]]:
        found: dict[str, dict[Key, Row]] = defaultdict(dict)
        for key, row in self.rows.items():
            found[key[5]][key] = row
        return found

    @cached_property
    def period_codes(self) -> list[str]:
        return sorted({key[1] for key in self.rows})

    def plain(self, kpi: str, stakeholder: str | None = None) -> dict[Key, Row]:
        """Rows of one KPI for everyone, towards nobody."""
        wanted = (ALL, ALL)
        return {
            key: row
            for key, row in self.by_kpi.get(kpi, {}).items()
            if key[3:5] == wanted and stakeholder in (None, key[2])
        }

    def under(self, unit: str, period: str) -> list[str]:
        """Leaf units at or under `unit` at the end of the period, itself left out where it is one."""
        return [leaf for leaf in self.leaves(period) if leaf != unit and unit in self.paths(period)[leaf]]

    def paths(self, period: str) -> dict[str, list[str]]:
        if period not in self._paths:
            day = last_day(period)
            units = [row["unit_code"] for row in self.home.units]
            found = {unit: self.home.ancestors(unit, day) for unit in units}
            self._paths[period] = {unit: path for unit, path in found.items() if path[0] == unit}
        return self._paths[period]

    def leaves(self, period: str) -> list[str]:
        parents = {path[1] for path in self.paths(period).values() if len(path) > 1}
        return [unit for unit in self.paths(period) if unit not in parents]

    @cached_property
    def _paths(self) -> dict[str, dict[str, list[str]]]:
        return {}

    def window(self, period: str) -> list[str]:
        """The periods of the twelve months that end with this one, latest first."""
        return [self.marts.years_before(period, steps) for steps in range(self.marts.periods_a_year)]

    def add(self, key: Key, status: str, **figures: Any) -> None:
        empty = dict.fromkeys(FIGURES)
        self.made[key] = empty | {"status": status} | (figures if status != PROTECTED else {})


def rows_of(database: Path, schema: str = "mart") -> dict[Key, Row]:
    """fct_kpi_values of a snapshot, or of a warehouse (schema `marts`), where nothing is masked."""
    with duckdb.connect(str(database), read_only=True) as connection:
        answer = connection.execute(f"select * from {schema}.fct_kpi_values")
        names = [column[0] for column in answer.description]
        rows = [dict(zip(names, row, strict=True)) for row in answer.fetchall()]
    return {tuple(row[name] for name in KEY): row for row in rows}  # type: ignore[misc]


def side_of(row: Row) -> Side:
    """What a published row brings to a difference, out of its value, n and interval alone."""
    value, n, method = row["value"], row["n"], row["method"]
    if method in ("t", "t_fpc"):
        return Side(value, ((row["ci_high"] - value) / t_table(n - 1)) ** 2, n - 1)
    if method == "wilson":
        share = (round(value * n / 100) + 1) / (n + 2)
        return Side(100 * share, 1e4 * share * (1 - share) / (n + 2), math.inf)
    centre = value * n / (n + 3)
    half = row["ci_high"] - centre if row["ci_high"] < 100 else centre - row["ci_low"]
    return Side(centre, (half / Z) ** 2, math.inf)


def gap_of(first: Side, second: Side, value: float | None = None, limit: float = math.inf) -> Gap:
    """Second less first: Welch, with the degrees of freedom as they are; `value` where the centre is an adjusted one."""
    variance, centre = first.variance + second.variance, second.centre - first.centre
    df = welch_df((first.variance, first.df), (second.variance, second.df)) if variance else math.inf
    error = math.sqrt(variance)
    halves = [t_exact(df, tail) * error for tail in (0.975, 0.95)]
    bounds = [bound for half in halves for bound in (max(-limit, centre - half), min(limit, centre + half))]
    return Gap(centre if value is None else value, *bounds, error, df)


def change_p(row: Row, now: Row, before: Row | None) -> list[float]:
    """P values of a published change: that of its interval, on the degrees of freedom of the two rows, rounded down.

    Two where these are so close to a whole number that the last digit of the published figures decides the rounding.
    """
    low, high = row["change_ci_low"], row["change_ci_high"]
    centre, half = (low + high) / 2, (high - low) / 2
    if now["method"] not in ("t", "t_fpc"):
        return [p_value(centre, half / Z, math.inf)]
    sides = [side_of(one) for one in (now, before) if one is not None]
    df = welch_df(*[(one.variance, one.df) for one in sides]) if len(sides) == 2 else sides[0].df
    near = {max(1, min(1000, math.floor(df + nudge))) for nudge in (-1e-6, 1e-6)}
    return [p_value(centre, half / t_exact(whole), whole) for whole in near]
