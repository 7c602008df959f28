"""What the marts must hold for the small home, worked out in plain Python from its answers and lines.

Nothing here is shared with the SQL: exact fractions, one respondent at a time, formulas of CONTRACT.md and MEASURES.md.
"""

from __future__ import annotations

import datetime as dt
import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from statistics import NormalDist

from scipy import stats

from tests.unit.dbt import small_home
from tests.unit.dbt.small_home import Response

K = 10
AS_OF = dt.date(2026, 1, 15)
Z = NormalDist().inv_cdf(0.975)
Key = tuple[str, str, str, str, str]  # unit, period, stakeholder, kpi, dimension
Scores = Mapping[str, Fraction]

WAVES = {
    "w1": (dt.date(2024, 3, 28), "2024-Q1", 60),
    "w2": (dt.date(2025, 3, 28), "2025-Q1", 70),
    "w3": (dt.date(2025, 6, 27), "2025-Q2", None),
    "w4": (dt.date(2026, 3, 28), "2026-Q1", None),
}
QUARTER_ENDS = {
    "2024-Q1": dt.date(2024, 3, 31),
    "2025-Q1": dt.date(2025, 3, 31),
    "2025-Q2": dt.date(2025, 6, 30),
}
LAST_YEAR = {"2025-Q1": "2024-Q1", "2025-Q2": "2024-Q2"}
UNITS = ("group", "south", "north", "lyon", "lens")
WEIGHTS = {"trust": 2, "listening": 1, "care": 1, "ease": 1}
ASKED_OF = {"employees": ("trust", "listening", "care", "ease"), "clients": ("trust", "listening", "care")}
# dimension -> items as (code, low, high, reversed)
DIMENSIONS = {
    "hr_survey": {
        "trust": [("q1", 1, 5, False), ("q2", 1, 5, True), ("q3", 0, 10, False)],
        "listening": [("q4", 1, 5, False)],
        "care": [("q5", 1, 5, False)],
        "ease": [("q6", 1, 5, False)],
    },
    "client_survey": {"trust": [("q1", 1, 7, False)], "listening": [("q2", 1, 7, False)]},
}
STAKEHOLDERS = {"hr_survey": "employees", "client_survey": "clients"}


@dataclass(frozen=True)
class Figure:
    """A KPI's value with its interval, and its side of a difference: centre, variance, degrees of freedom."""

    value: float | None
    n: int
    low: float | None = None
    high: float | None = None
    method: str | None = None
    centre: float | None = None
    variance: float | None = None
    df: int | None = None


@dataclass
class Cell:
    """The responses of one unit, stakeholder and period."""

    responses: list[Response] = field(default_factory=list)

    def scores(self) -> list[Scores]:
        return [dimension_scores(response) for response in self.responses]

    def answers(self, item: str) -> list[int]:
        return [response.answers[item] for response in self.responses if item in response.answers]


def ancestors(unit: str, day: dt.date) -> tuple[str, ...]:
    """The unit and those above it on `day`: Lens moved from south to north with 2025."""
    regions = {"lyon": "south", "lens": "south" if day.year < 2025 else "north"}
    above = (regions[unit],) if unit in regions else ()
    return (unit, *above, "group") if unit != "group" else ("group",)


def dimension_scores(response: Response) -> Scores:
    """Score of each dimension the respondent answered at least half of, 0-100."""
    found = {}
    for dimension, items in DIMENSIONS[response.source_code].items():
        shares = []
        for code, low, high, is_reversed in items:
            if code in response.answers:
                answer = response.answers[code]
                shares.append(Fraction((low + high - answer if is_reversed else answer) - low, high - low))
        if shares and 2 * len(shares) >= len(items):
            found[dimension] = 100 * sum(shares) / len(shares)
    return found


def cells() -> dict[tuple[str, str, str], Cell]:
    """(unit, period, stakeholder) -> its responses, closed waves only, testers out; silent units included."""
    found: dict[tuple[str, str, str], Cell] = {}
    for response in small_home.responses():
        if response.wave_code:
            close, period, _ = WAVES[response.wave_code]
        else:
            assert response.submitted_date
            period = f"{response.submitted_date.year}-Q{(response.submitted_date.month + 2) // 3}"
            close = QUARTER_ENDS[period]
        if response.is_test or close > AS_OF:
            continue
        for unit in ancestors(response.unit_code, close):
            key = unit, period, STAKEHOLDERS[response.source_code]
            found.setdefault(key, Cell()).responses.append(response)
    for stakeholder in ("employees", "clients"):
        known = {unit for unit, _, group in found if group == stakeholder}
        for period in {period for _, period, group in found if group == stakeholder}:
            for unit in known:
                found.setdefault((unit, period, stakeholder), Cell())
    return found


def t_975(df: float) -> float:
    """The quantile the warehouse uses: degrees of freedom rounded down."""
    return float(stats.t.ppf(0.975, math.floor(df)))


def variance(values: Sequence[Fraction]) -> float:
    mean = sum(values) / Fraction(len(values))
    return float(sum((value - mean) ** 2 for value in values) / (len(values) - 1))


def mean_figure(values: Sequence[Fraction], invited: int | None) -> Figure:
    """Mean with its t interval, narrowed where the number of people invited is known."""
    n = len(values)
    if n == 0:
        return Figure(None, 0)
    mean = float(sum(values) / Fraction(n))
    method = "t_fpc" if invited else "t"
    if n == 1:
        return Figure(mean, 1, method=method)
    error = variance(values) / n
    half = t_975(n - 1) * math.sqrt(error * (1 - n / invited if invited else 1))
    return Figure(mean, n, mean - half, mean + half, method, mean, error, n - 1)


def nps_figure(answers: Sequence[int]) -> Figure:
    n = len(answers)
    if n == 0:
        return Figure(None, 0)
    up, down = sum(a >= 9 for a in answers), sum(a <= 6 for a in answers)
    p, d = (up + 0.75) / (n + 3), (down + 0.75) / (n + 3)
    centre, error = 100 * (p - d), 10_000 * (p + d - (p - d) ** 2) / (n + 3)
    half = Z * math.sqrt(error)
    bounds = max(-100.0, centre - half), min(100.0, centre + half)
    return Figure(100 * (up - down) / n, n, *bounds, "adjusted_wald", centre, error)


def share_figure(successes: int, n: int) -> Figure:
    """Percentage with Wilson's interval; Agresti and Caffo's side of a difference."""
    if n == 0:
        return Figure(None, 0)
    share = successes / n
    centre = (share + Z * Z / (2 * n)) / (1 + Z * Z / n)
    half = Z * math.sqrt(share * (1 - share) / n + Z * Z / (4 * n * n)) / (1 + Z * Z / n)
    other = (successes + 1) / (n + 2)
    error = 10_000 * other * (1 - other) / (n + 2)
    return Figure(100 * share, n, 100 * (centre - half), 100 * (centre + half), "wilson", 100 * other, error)


def present(cell: Cell, stakeholder: str) -> set[str]:
    """Dimensions asked of the stakeholder with enough answers to be published."""
    counts = {d: sum(d in scores for scores in cell.scores()) for d in ASKED_OF[stakeholder]}
    return {dimension for dimension, count in counts.items() if count >= K}


def index_figure(cell: Cell, stakeholder: str, dimensions: Iterable[str]) -> Figure:
    """The relational quality index of CONTRACT.md on `dimensions`."""
    chosen = sorted(dimensions)
    everyone = sum(bool(scores) for scores in cell.scores())
    if 2 * len(chosen) < len(ASKED_OF[stakeholder]):
        return Figure(None, everyone)
    return restricted_index(cell, stakeholder, chosen)


def restricted_index(cell: Cell, stakeholder: str, dimensions: Iterable[str]) -> Figure:
    """The same weighted mean on a few dimensions, however many."""
    chosen = sorted(dimensions)
    scored = [s for s in cell.scores() if any(d in s for d in chosen)]
    total, n = sum(WEIGHTS[d] for d in chosen), len(scored)
    counts = {d: sum(d in s for s in scored) for d in chosen}
    means = {d: sum(s[d] for s in scored if d in s) / Fraction(counts[d]) for d in chosen}
    psi = [
        sum(Fraction(WEIGHTS[d] * n, total * counts[d]) * (s[d] - means[d]) for d in chosen if d in s)
        for s in scored
    ]
    index = float(sum(WEIGHTS[d] * means[d] for d in chosen) / total)
    error = float(sum(value**2 for value in psi) / (n - 1) / n)
    half = t_975(n - 1) * math.sqrt(error)
    return Figure(index, n, index - half, index + half, "t", index, error, n - 1)


def change(now: Figure, before: Figure) -> tuple[float, float, float] | None:
    """(difference, low, high) of two independent figures; Welch where both have degrees of freedom."""
    if None in (now.value, before.value, now.variance, before.variance):
        return None
    error = now.variance + before.variance
    if now.df is None or before.df is None:
        quantile = Z
    else:
        quantile = t_975(error**2 / (now.variance**2 / now.df + before.variance**2 / before.df))
    middle, half = now.centre - before.centre, quantile * math.sqrt(error)
    return now.value - before.value, middle - half, middle + half


def money(unit: str, month: dt.date) -> dict[str, Decimal]:
    """Additive finance figures of one unit and month, by the rules and chart of the small home."""
    found: dict[str, Decimal] = defaultdict(Decimal)
    for line in small_home.lines():
        if line.day.replace(day=1) != month:
            continue
        if line.account[0] == "7" and line.piece.startswith("LY-"):
            owner = "lyon"
        elif line.account.startswith("64") and line.journal == "PA":
            owner = {"CC1": "lyon", "CC2": "lens"}[str(line.auxiliary)]
        else:
            owner = "unassigned"
        if unit not in (*ancestors(owner, line.day), "group"):
            continue
        net = line.credit - line.debit
        if line.account.startswith("70") and not line.account.startswith("709"):
            found["revenue"] += net
        if line.account.startswith("64"):
            found["payroll"] -= net
        if line.account[0] in "67":
            found["net_result"] += net
    return found
