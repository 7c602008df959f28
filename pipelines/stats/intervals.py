"""95 % intervals for means, shares and net promoter scores, alone and compared.

Shares are 0–1, net promoter scores are in points (−100 to 100), means keep the unit of their input. Each
function returns an `Estimate` and raises ValueError when the statistic cannot be decided (too few answers,
impossible counts).
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from pipelines.stats.quantiles import t_975

Z_975 = 1.959963984540054


class Estimate(NamedTuple):
    """A value, the bounds of its 95 % interval, and the degrees of freedom (infinite for a normal
    approximation).
    """

    value: float
    low: float
    high: float
    df: float = math.inf


def mean_t(mean: float, sd: float, n: int, population: int | None = None) -> Estimate:
    """t interval of a mean: mean ± t(n−1) · sd/√n · √(1 − n/N).

    `sd` is the sample standard deviation (divisor n − 1), `n` ≥ 2 the answers, `population` N the people
    invited, where known: the finite population correction of Cochran, Sampling Techniques, 3rd ed. 1977,
    eq. 2.20. It takes answers as missing at random.
    """
    if n < 2:
        raise ValueError(f"a mean has no interval below 2 answers, got {n}")
    if sd < 0:
        raise ValueError(f"a standard deviation is 0 or more, got {sd}")
    if population is not None and population < n:
        raise ValueError(f"{n} answers cannot come from {population} invited")
    remaining = 1.0 if population is None else 1.0 - n / population
    half = t_975(n - 1) * sd / math.sqrt(n) * math.sqrt(remaining)
    return Estimate(mean, mean - half, mean + half, n - 1)


def mean_t_of(values: ArrayLike, population: int | None = None) -> Estimate:
    """`mean_t` of a one-dimensional array of at least 2 values."""
    array = np.asarray(values, dtype=float)
    if array.size < 2:
        raise ValueError(f"a mean has no interval below 2 answers, got {array.size}")
    return mean_t(float(array.mean()), float(array.std(ddof=1)), array.size, population)


def wilson(successes: float, n: float) -> Estimate:
    """Wilson score interval of a share (0–1), without continuity correction.

    Wilson 1927, JASA 22:209–212; method 3 of Newcombe 1998, Statistics in Medicine 17:857–872.
    """
    if not (n > 0 and 0 <= successes <= n):
        raise ValueError(f"a share needs 0 ≤ successes ≤ n and n > 0, got {successes} of {n}")
    share, z2 = successes / n, Z_975**2
    centre = (share + z2 / (2 * n)) / (1 + z2 / n)
    half = Z_975 * math.sqrt(share * (1 - share) / n + z2 / (4 * n * n)) / (1 + z2 / n)
    # At 0 and n the bound is exact; rounding would leave 1e-17 on the wrong side.
    low = 0.0 if successes == 0 else centre - half
    high = 1.0 if successes == n else centre + half
    return Estimate(share, low, high)


def nps_adjusted_wald(promoters: int, passives: int, detractors: int) -> Estimate:
    """Net promoter score in points and its adjusted Wald interval, centred on the adjusted score.

    n + 3 answers of which ¾ more promoters and ¾ more detractors: Rocks 2016, The American Statistician
    70:365–372. The interval is cut at ±100, where the score itself ends.
    """
    score = _nps(promoters, passives, detractors)
    centre, variance = _adjusted_nps(promoters, passives, detractors)
    half = Z_975 * math.sqrt(variance)
    return Estimate(100 * score, max(-100.0, 100 * (centre - half)), min(100.0, 100 * (centre + half)))


def nps_difference(now: tuple[int, int, int], before: tuple[int, int, int]) -> Estimate:
    """Change of a net promoter score, `now` − `before`, each (promoters, passives, detractors), in points.

    Each sample is adjusted as for one score and the variances add: Lewis and Sauro 2021, "How to
    statistically compare two Net Promoter Scores". The interval is centred on the difference of the
    adjusted scores, cut at ±200.
    """
    difference = _nps(*now) - _nps(*before)
    (centre_now, variance_now), (centre_before, variance_before) = _adjusted_nps(*now), _adjusted_nps(*before)
    half = Z_975 * math.sqrt(variance_now + variance_before)
    centre = centre_now - centre_before
    return Estimate(100 * difference, max(-200.0, 100 * (centre - half)), min(200.0, 100 * (centre + half)))


def welch(
    mean_now: float, sd_now: float, n_now: int, mean_before: float, sd_before: float, n_before: int
) -> Estimate:
    """Difference of two means with unequal variances, `now` − `before`, in the unit of the means.

    Welch 1947, Biometrika 34:28–35, degrees of freedom of Satterthwaite 1946. Two constant samples have a
    difference without spread: the interval is then the difference itself.
    """
    if n_now < 2 or n_before < 2:
        raise ValueError(f"a difference of means needs 2 answers a side, got {n_now} and {n_before}")
    share_now, share_before = sd_now**2 / n_now, sd_before**2 / n_before
    difference, variance = mean_now - mean_before, share_now + share_before
    if variance == 0:
        return Estimate(difference, difference, difference, n_now + n_before - 2)
    df = variance**2 / (share_now**2 / (n_now - 1) + share_before**2 / (n_before - 1))
    half = t_975(df) * math.sqrt(variance)
    return Estimate(difference, difference - half, difference + half, df)


def agresti_caffo(successes_now: float, n_now: float, successes_before: float, n_before: float) -> Estimate:
    """Difference of two independent shares (0–1), `now` − `before`: one success and one failure added to
    each.

    Agresti and Caffo 2000, The American Statistician 54:280–288. Cut at ±1.
    """
    for successes, n in ((successes_now, n_now), (successes_before, n_before)):
        if not (n > 0 and 0 <= successes <= n):
            raise ValueError(f"a share needs 0 ≤ successes ≤ n and n > 0, got {successes} of {n}")
    now, before = (successes_now + 1) / (n_now + 2), (successes_before + 1) / (n_before + 2)
    half = Z_975 * math.sqrt(now * (1 - now) / (n_now + 2) + before * (1 - before) / (n_before + 2))
    difference = successes_now / n_now - successes_before / n_before
    return Estimate(difference, max(-1.0, now - before - half), min(1.0, now - before + half))


def effective_n(weights: ArrayLike) -> float:
    """Effective number of answers under weights: (Σw)²/Σw² (Kish 1965, Survey Sampling). Weights are 0 or
    more.
    """
    array = np.asarray(weights, dtype=float)
    if array.size == 0 or bool((array < 0).any()) or float(array.sum()) == 0.0:
        raise ValueError("an effective n needs weights of 0 or more that do not all vanish")
    return float(array.sum() ** 2 / (array**2).sum())


def _nps(promoters: int, passives: int, detractors: int) -> float:
    """Promoters minus detractors over all answers, −1 to 1."""
    if min(promoters, passives, detractors) < 0:
        raise ValueError("counts of promoters, passives and detractors are 0 or more")
    n = promoters + passives + detractors
    if n == 0:
        raise ValueError("a net promoter score needs at least 1 answer")
    return (promoters - detractors) / n


def _adjusted_nps(promoters: int, passives: int, detractors: int) -> tuple[float, float]:
    """Adjusted score (−1 to 1) and the variance of its estimate: (p + d − (p − d)²)/(n + 3)."""
    n = promoters + passives + detractors + 3
    up, down = (promoters + 0.75) / n, (detractors + 0.75) / n
    return up - down, (up + down - (up - down) ** 2) / n
