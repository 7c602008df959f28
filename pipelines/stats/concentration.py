"""Whether something goes to the richest or to the poorest: the concentration index of grouped data."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtri

from pipelines.stats.symmetry import Floats, sums


class Concentration(NamedTuple):
    """The index per population, −1 (all to the poorest) to 1 (all to the richest), 0 where all get the same; its
    standard error, and its 95 % and 90 % intervals.
    """

    value: Floats
    se: Floats
    low: Floats
    high: Floats
    inner_low: Floats
    inner_high: Floats


def concentration(
    mean: ArrayLike, variance: ArrayLike, size: ArrayLike, population: ArrayLike
) -> Concentration:
    """Concentration index of groups ordered from the poorest, with the variance between people inside each group.

    `mean` (≥ 0), `variance` (≥ 0) and `size` (≥ 1) by group, in order of rank inside each `population` (numbered from
    0). C = (2/μ)·Σ f·μ_t·R_t − 1 and its variance for grouped data with known variances: Kakwani, Wagstaff and van
    Doorslaer 1997, Journal of Econometrics 77:87–103, eqs. 6 and 14. A population of one group or with a mean of 0 is
    NaN.
    """
    mu, spread, n = (np.asarray(part, float) for part in (mean, variance, size))
    place = np.asarray(population, dtype=np.int64)
    order = np.argsort(place, kind="stable")
    mu, spread, n, place = mu[order], spread[order], n[order], place[order]
    groups = np.bincount(place)
    first = (np.cumsum(groups) - groups)[place]

    def total(values: Floats) -> Floats:
        return sums(place, values, groups.size)

    def running(values: Floats) -> Floats:
        summed = np.concatenate([[0.0], np.cumsum(values)])
        return summed[1:] - summed[first]

    with np.errstate(divide="ignore", invalid="ignore"):
        people = total(n)
        f = n / people[place]
        whole = np.where((total(f * mu) > 0) & (groups > 1), total(f * mu), np.nan)
        relative = mu / whole[place]
        rank, curve = running(f) - f / 2, running(f * relative)
        value = 2 * total(f * relative * rank) - 1
        away = 2 * rank - 1 - value[place]
        a = relative * away + 2 - (curve - f * relative) - curve
        between = total(f * a**2) - (1 + value) ** 2
        inside = total(f * spread / whole[place] ** 2 * away**2)
        se = np.sqrt(np.maximum(between, 0) + inside) / np.sqrt(people)
    outer, inner = ndtri(0.975) * se, ndtri(0.95) * se
    ends = (value - outer, value + outer, value - inner, value + inner)
    return Concentration(value, se, *(np.clip(end, -1, 1) for end in ends))
