"""What moved since an action began, beside what moved without it: difference in differences with one treated unit.

The treated unit's change is one draw; the changes of comparable units show how much such draws differ when nothing was
tried. One case is held against a small sample by s²·(1 + 1/m), s² the variance of the m changes, on Student's t
(Crawford and Howell 1998, The Clinical Neuropsychologist 12:482-486; the same idea in Conley and Taber 2011, Review of
Economics and Statistics 93:113-125). The treated unit's own sampling variance, which may be far above theirs, is added;
being known well, it also spares the few comparable units some of the doubt: degrees of freedom of Satterthwaite 1946.
Where the changes happen to differ by less than their own sampling explains, s² is that. Nothing done is then called a
difference in 0.3 to 5 % of cases for any m from 2 while true scores move by up to 8 points between the two measures.

The counterfactual is that without the action the unit would have moved as the others did: an association, never a
proof of cause.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from scipy.special import stdtrit

from pipelines.stats.intervals import Estimate
from pipelines.stats.quantiles import t_975

FEWEST_COMPARED = 2  # units: one alone says nothing of how units differ


def change(
    before: float,
    variance_before: float,
    df_before: float,
    after: float,
    variance_after: float,
    df_after: float,
) -> Estimate:
    """`after` − `before` of independent samples, each with the variance of its estimate and the degrees of
    freedom of that (infinite for shares): Welch 1947, as `welch`.
    """
    variance = variance_before + variance_after
    if min(variance_before, variance_after) < 0 or min(df_before, df_after) < 1:
        raise ValueError("variances are 0 or more and have 1 degree of freedom at least")
    difference = after - before
    if variance == 0:
        return Estimate(difference, difference, difference, df_before + df_after)
    doubt = variance_before**2 / df_before + variance_after**2 / df_after
    df = variance**2 / doubt if doubt else math.inf
    half = t_975(df) * variance**0.5
    return Estimate(difference, difference - half, difference + half, df)


def effect(
    treated: float, treated_variance: float, compared: npt.ArrayLike, compared_variances: npt.ArrayLike
) -> Estimate:
    """Change of the treated unit less the mean change of comparable ones, with its 95 % interval.

    `treated`: its change in points, `treated_variance`: the sampling variance of that; `compared` and
    `compared_variances`: the same of each comparable unit, two at least.
    """
    changes, variances = np.asarray(compared, dtype=float), np.asarray(compared_variances, dtype=float)
    if changes.size < FEWEST_COMPARED or changes.shape != variances.shape:
        raise ValueError(f"an effect needs {FEWEST_COMPARED} comparable units, got {changes.size}")
    if treated_variance < 0 or bool((variances < 0).any()):
        raise ValueError("variances are 0 or more")
    m, sampled = changes.size, float(variances.mean())
    between = max(float(changes.var(ddof=1)), sampled) * (1 + 1 / m)
    variance = treated_variance + between
    value = treated - float(changes.mean())
    if variance == 0:
        return Estimate(value, value, value, m - 1)
    df = (m - 1) * (variance / between) ** 2 if between else math.inf
    half = t_975(df) * variance**0.5
    return Estimate(value, value - half, value + half, df)


def verdict(found: Estimate, smallest_effect: float) -> str:
    """`moved_up` or `moved_down` where the 95 % interval leaves 0 out; `no_difference` where the 90 % interval lies
    within ± `smallest_effect` (equivalence: two one-sided tests, Schuirmann 1987); else `undecided`.
    """
    if found.low > 0:
        return "moved_up"
    if found.high < 0:
        return "moved_down"
    half = (found.high - found.value) * float(stdtrit(found.df, 0.95) / stdtrit(found.df, 0.975))
    return "no_difference" if abs(found.value) + half <= smallest_effect else "undecided"
