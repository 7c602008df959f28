"""Whether two sets of answers to one item come from one population: the population stability index, and its noise.

PSI = Σ (p − q)·ln(p / q) over the cells of the scale. Credit scoring reads above 0.25 as a major shift, whatever the
sample; yet between two samples of one population PSI is close to (1/n + 1/m)·χ² with cells − 1 degrees of freedom
(B. Yurdakul, Statistical Properties of Population Stability Index, Western Michigan University, 2018), hence
(cells − 1)(1/n + 1/m) on average: 0.16 for two groups of fifty on five points. So a bound is never below that chance.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
from scipy.special import chdtri, ndtri

Counts = Mapping[float, int]
Moments = tuple[float, float, float, float, float, float]

MANY_VALUES = 21  # a slider is read in ten equal cells, a scale of up to 21 points value by value
NO_MOMENTS: Moments = (0.0, 0.0, 0.0, 0.0, 0.0, 0.0)


def stability_index(now: Counts, before: Counts, low: float, high: float) -> tuple[float, int]:
    """(PSI, cells) of two counts by value on a scale from `low` to `high`; a half is added to each cell."""
    values = sorted({*now, *before})
    if len(values) > MANY_VALUES:
        edges = np.linspace(min(low, values[0]), max(high, values[-1]), 11)
        pair = [
            np.histogram(list(one), edges, weights=list(one.values()))[0].tolist() for one in (now, before)
        ]
    else:
        pair = [[one.get(value, 0) for value in values] for one in (now, before)]
    n, m = (sum(cells) + 0.5 * len(cells) for cells in pair)
    shares = [((a + 0.5) / n, (b + 0.5) / m) for a, b in zip(*pair, strict=True)]
    return math.fsum((p - q) * math.log(p / q) for p, q in shares), len(shares)


def chance(n: int, m: int, cells: int, alarm: float) -> float:
    """The PSI that two samples of one population, of n and m answers, pass with probability `alarm`."""
    return float((1 / n + 1 / m) * chdtri(cells - 1, alarm)) if cells > 1 else 0.0


def mirrored(counts: Counts, low: float, high: float) -> dict[float, int]:
    """The same answers with the scale turned round."""
    return {low + high - value: count for value, count in counts.items()}


def added(moments: list[Moments]) -> Moments:
    """Moments (n, Σx, Σy, Σx², Σy², Σxy) of several groups as one: exact, whatever the split."""
    n, x, y, xx, yy, xy = (math.fsum(part) for part in zip(*moments, strict=True)) if moments else NO_MOMENTS
    return n, x, y, xx, yy, xy


def correlation(moments: Moments) -> float | None:
    """Pearson's r; None where a side does not vary."""
    n, x, y, xx, yy, xy = moments
    spread = (n * xx - x * x) * (n * yy - y * y)
    return (n * xy - x * y) / math.sqrt(spread) if n > 2 and spread > 1e-9 * n * n else None


def turned(now: Moments, before: Moments, alarm: float) -> bool:
    """Whether a correlation above 0.2 has become one below −0.2, further apart than chance (Fisher's z) would."""
    r, was = correlation(now), correlation(before)
    if r is None or was is None or r > -0.2 or was < 0.2 or min(now[0], before[0]) <= 3:
        return False
    apart = math.atanh(min(was, 0.999)) - math.atanh(max(r, -0.999))
    return bool(apart > ndtri(1 - alarm) * math.sqrt(1 / (now[0] - 3) + 1 / (before[0] - 3)))
