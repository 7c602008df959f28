"""Intervals at 95 %, written from the papers MEASURES.md names; a figure and its side of a difference."""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

from scipy import stats

Z = NormalDist().inv_cdf(0.975)


@dataclass
class Figure:
    """A value, its interval and method; `centre`, `variance` and `df` are what it brings to a difference of two."""

    value: float | None
    n: float | None
    low: float | None = None
    high: float | None = None
    method: str | None = None
    centre: float | None = None
    variance: float | None = None
    df: float = math.inf
    bounds: tuple[float, float] = (-math.inf, math.inf)  # where an interval of a difference is cut


@functools.cache
def t_exact(df: float, tail: float = 0.975) -> float:
    return (
        Z
        if df == math.inf and tail == 0.975
        else float(stats.t.ppf(tail, df))
        if df < math.inf
        else NormalDist().inv_cdf(tail)
    )


def t_table(df: float) -> float:
    """The quantile the scorecard says it takes: degrees of freedom rounded down, those beyond 1,000 as 1,000."""
    if df == math.inf:
        return Z
    return t_exact(table_df(df))


def table_df(df: float) -> float:
    if df == math.inf:
        return df
    return 1_000_000 if df >= 1_000_000 else max(1, min(1000, math.floor(df)))


def spread(values: Sequence[float]) -> tuple[float, float]:
    """Mean and variance (divisor n − 1)."""
    mean = math.fsum(values) / len(values)
    return mean, math.fsum((value - mean) ** 2 for value in values) / max(1, len(values) - 1)


def mean_figure(values: Sequence[float], invited: int | None = None) -> Figure:
    """Mean and its t interval; Cochran's finite population correction where the people invited are known."""
    n = len(values)
    if n == 0:
        return Figure(None, 0)
    mean, variance = spread(values)
    method = "t_fpc" if invited else "t"
    if n == 1:
        return Figure(mean, 1, method=method)
    half = t_table(n - 1) * math.sqrt(variance / n * (1 - n / invited if invited else 1))
    return Figure(mean, n, mean - half, mean + half, method, mean, variance / n, n - 1)


def share_figure(successes: float, n: float) -> Figure:
    """Percent and Wilson's interval; its side of a difference is Agresti and Caffo's."""
    if not n:
        return Figure(None, 0)
    share, z2 = successes / n, Z * Z
    centre = (share + z2 / (2 * n)) / (1 + z2 / n)
    half = Z * math.sqrt(share * (1 - share) / n + z2 / (4 * n * n)) / (1 + z2 / n)
    other = (successes + 1) / (n + 2)
    return Figure(
        100 * share, n, 100 * (centre - half), 100 * (centre + half), "wilson",
        100 * other, 1e4 * other * (1 - other) / (n + 2), bounds=(-100, 100),
    )  # fmt: skip


def promoter_figure(promoters: int, detractors: int, n: int) -> Figure:
    """Net promoter score in points and its adjusted Wald interval (n + 3, ¾ more of each)."""
    if not n:
        return Figure(None, 0)
    up, down = (promoters + 0.75) / (n + 3), (detractors + 0.75) / (n + 3)
    centre, variance = 100 * (up - down), 1e4 * (up + down - (up - down) ** 2) / (n + 3)
    half = Z * math.sqrt(variance)
    return Figure(
        100 * (promoters - detractors) / n, n, max(-100.0, centre - half), min(100.0, centre + half), "adjusted_wald",
        centre, variance, bounds=(-200, 200),
    )  # fmt: skip


def welch_df(a: tuple[float, float], b: tuple[float, float]) -> float:
    """Satterthwaite's degrees of freedom of a sum of two variances, each (variance, df)."""
    parts = sum(variance**2 / df for variance, df in (a, b) if df < math.inf)
    return (a[0] + b[0]) ** 2 / parts if parts else math.inf


@dataclass
class Change:
    """Now less before; its interval, two where the degrees of freedom are a whole number that rounding down may miss."""

    value: float
    intervals: list[tuple[float, float]]


def change(now: Figure, before: Figure) -> Change | None:
    """The change between two figures; of means by Welch, of shares and scores by adding adjusted variances."""
    if now.value is None or before.value is None:
        return None
    if now.variance is None or before.variance is None:
        return Change(now.value - before.value, [])
    variance, centre = now.variance + before.variance, now.centre - before.centre
    df = welch_df((now.variance, now.df), (before.variance, before.df)) if variance else math.inf
    quantiles = {t_table(df * nudge) for nudge in (1 - 1e-12, 1 + 1e-12)}
    bounds = [(centre - t * math.sqrt(variance), centre + t * math.sqrt(variance)) for t in quantiles]
    cut = [(max(now.bounds[0], low), min(now.bounds[1], high)) for low, high in bounds]
    return Change(now.value - before.value, cut)


def p_value(centre: float, error: float, df: float) -> float:
    if error == 0:
        return 1.0 if centre == 0 else 0.0
    tail = abs(centre) / error
    return float(2 * (stats.norm.sf(tail) if df == math.inf else stats.t.sf(tail, df)))


def discovered(p_values: Sequence[float], level: float = 0.05) -> list[bool]:
    """Benjamini and Hochberg 1995: which are below the largest p that is at most level · rank / number."""
    ordered = sorted(p_values)
    passing = [p for rank, p in enumerate(ordered, 1) if p <= level * rank / len(ordered)]
    return [bool(passing) and p <= passing[-1] for p in p_values]
