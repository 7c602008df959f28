"""Many changes shown together: what each one's published interval says of chance, and which survive all of them."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import stdtr, stdtrit
from scipy.stats import false_discovery_control

LEVEL = 0.05


def interval_p_values(low: ArrayLike, high: ArrayLike, df: ArrayLike) -> NDArray[np.float64]:
    """Two-sided p-value of "no difference" from 95 % intervals, centre ± t(df) · se.

    `df` is infinite for a normal approximation. Below 0.05 exactly where the interval leaves 0 out, whatever the
    rounding: the two are one statement. An interval of one point is certain of its side.
    """
    ends = np.asarray(low, float), np.asarray(high, float)
    centre, half = (ends[0] + ends[1]) / 2, (ends[1] - ends[0]) / 2
    freedom = np.asarray(df, float)
    different, which = np.unique(freedom, return_inverse=True)  # quantiles are dear, and few differ
    with np.errstate(divide="ignore", invalid="ignore"):
        statistic = np.abs(centre) / half * stdtrit(different, 1 - LEVEL / 2)[which]
    p = 2 * stdtr(freedom, -np.where(half > 0, statistic, np.where(centre == 0, 0, np.inf)))
    excluded = (ends[0] > 0) | (ends[1] < 0)
    return np.where(excluded, np.minimum(p, np.nextafter(LEVEL, 0)), np.maximum(p, LEVEL))


def discoveries(p_values: ArrayLike, reports: ArrayLike, level: float = LEVEL) -> NDArray[np.bool_]:
    """Which of the differences shown in each report are not chance, at a false-discovery rate of `level`.

    Benjamini and Hochberg 1995, J. R. Statistical Society B 57:289–300, apart in each of the `reports` (numbered
    from 0). What the differences of one report share (respondents, a parent and its units) is positive dependence,
    under which the rate holds too (Benjamini and Yekutieli 2001).
    """
    p, place = np.asarray(p_values, float), np.asarray(reports, dtype=np.int64)
    found = np.zeros(p.size, dtype=bool)
    order = np.argsort(place, kind="stable")
    for part in np.split(order, np.flatnonzero(np.diff(place[order])) + 1):
        if part.size:
            found[part] = false_discovery_control(p[part]) <= level
    return found
