"""Answers brought to the people they stand for: post-stratification, raking, trimmed weights, what weighting costs.

A weight is relative to an equal one: 1 on average over the answers. Trimming keeps every weight in [0.3, 3]: a few
people never speak for many, at the price of not quite reaching the population.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.special import stdtrit

Floats = npt.NDArray[np.float64]

LIGHTEST, HEAVIEST = 0.3, 3.0
_HALVINGS = 60


class Weighted(NamedTuple):
    """A weighted mean with its 95 % interval, in the unit of the means; `design_effect` is 1 or more."""

    value: Floats
    low: Floats
    high: Floats
    df: Floats
    design_effect: Floats


def stratum_weights(
    counts: npt.ArrayLike, people: npt.ArrayLike, lightest: float = LIGHTEST, heaviest: float = HEAVIEST
) -> Floats:
    """Weight of one answer of each stratum (..., strata): its share of `people` over its share of answers, trimmed.

    `counts`: answers, `people`: population, 0 or more each; a stratum without people has weight 0 (its answers are not
    used). NaN where a stratum with people has no answer: nobody speaks for it.
    """
    n, population = np.broadcast_arrays(np.asarray(counts, dtype=float), np.asarray(people, dtype=float))
    if bool((n < 0).any() or (population < 0).any()):
        raise ValueError("answers and people are 0 or more")
    used = np.where(population > 0, n, 0.0)
    answers, everybody = used.sum(-1, keepdims=True), population.sum(-1, keepdims=True)
    unheard = ((population > 0) & (n == 0)).any(-1, keepdims=True) | (everybody == 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        raw = np.where(used > 0, population / everybody * answers / used, 0.0)
    return np.where(unheard, np.nan, trimmed(raw, used, lightest, heaviest))


def trimmed(
    weights: npt.ArrayLike, counts: npt.ArrayLike, lightest: float = LIGHTEST, heaviest: float = HEAVIEST
) -> Floats:
    """Weights (..., cells) in [lightest, heaviest] that average 1 over `counts` answers; cells of weight 0 stay out.

    They are min(max(c·weight)), c being the one factor that makes the average 1: what is cut off the heavy is given to
    all the others alike, so the order and the ratios of untouched weights stay.
    """
    if not 0 <= lightest <= 1 <= heaviest:
        raise ValueError(f"bounds of weights lie on either side of 1, got {lightest} and {heaviest}")
    w, n = np.broadcast_arrays(np.asarray(weights, dtype=float), np.asarray(counts, dtype=float))
    used = (w > 0) & (n > 0)
    n = np.where(used, n, 0.0)
    total = np.maximum(n.sum(-1, keepdims=True), 1e-300)
    with np.errstate(divide="ignore"):
        logs = np.log(np.where(used, w, 1.0))
    # on a log scale the factor that brings every weight to a bound is at most the range of the weights away
    low = np.log(lightest or 1e-9) - logs.max(-1, keepdims=True) - 1
    high = np.log(heaviest) - logs.min(-1, keepdims=True) + 1
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        mean = (n * np.clip(np.exp(logs + middle), lightest, heaviest)).sum(-1, keepdims=True) / total
        low, high = np.where(mean < 1, middle, low), np.where(mean < 1, high, middle)
    return np.where(used, np.clip(np.exp(logs + (low + high) / 2), lightest, heaviest), 0.0)


def design_effect(weights: npt.ArrayLike, counts: npt.ArrayLike) -> Floats:
    """Kish 1965, Survey Sampling: n·Σw²/(Σw)², 1 + the squared variation of weights, over answers used (w > 0)."""
    w, n = np.asarray(weights, dtype=float), np.asarray(counts, dtype=float)
    n = np.where(w > 0, n, 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        effect: Floats = n.sum(-1) * (n * w**2).sum(-1) / (n * w).sum(-1) ** 2
    return effect


def post_stratified(
    means: npt.ArrayLike,
    variances: npt.ArrayLike,
    df: npt.ArrayLike,
    counts: npt.ArrayLike,
    people: npt.ArrayLike,
) -> Weighted:
    """Mean of the population from the means of its strata (..., strata), given how many answered in each.

    ΣW·ȳ with variance ΣW²·v, W the share of the stratum in the weighted answers (its share of `people` unless weights
    are trimmed), `variances` v those of the means: Holt and Smith 1979, JRSS A 142:33-46. t interval, degrees of
    freedom of Satterthwaite 1946 from `df` of each variance (infinite allowed). NaN where a stratum with people is
    missing.
    """
    weights = stratum_weights(counts, people)
    n = np.where(weights > 0, np.asarray(counts, dtype=float), 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        shares = weights * n / (weights * n).sum(-1, keepdims=True)
        used = shares > 0
        value = np.where(used, shares * np.asarray(means, dtype=float), 0.0).sum(-1)
        parts = np.where(used, shares**2 * np.asarray(variances, dtype=float), 0.0)
        variance = parts.sum(-1)
        doubt = np.where(used, parts**2 / np.asarray(df, dtype=float), 0.0).sum(-1)
        freedom = np.where(doubt > 0, variance**2 / doubt, np.inf)
        # beyond a billion Student's t is the normal law, which SciPy does not reach at infinity
        half = stdtrit(np.minimum(freedom, 1e9), 0.975) * np.sqrt(variance)
        effect = design_effect(weights, n)
    known = ~np.isnan(weights).any(-1)
    found = [np.where(known, one, np.nan) for one in (value, value - half, value + half, freedom, effect)]
    return Weighted(*found)


def raked(
    table: npt.ArrayLike, margins: Sequence[npt.ArrayLike], tolerance: float = 1e-9, rounds: int = 1000
) -> Floats:
    """`table` (answers by cell, one axis per variable) scaled until the sums along each axis are `margins`.

    Iterative proportional fitting: Deming and Stephan 1940, Annals of Mathematical Statistics 11:427-444. The weight of
    a cell is the result over the answers. Raises ValueError where margins do not have one total, a margin has people
    where the table has no answer, or the rounds do not suffice.
    """
    fitted = np.array(table, dtype=float)
    wanted = [np.asarray(one, dtype=float) for one in margins]
    totals = [float(one.sum()) for one in wanted]
    if [one.shape for one in wanted] != [(size,) for size in fitted.shape]:
        raise ValueError(f"a table of shape {fitted.shape} needs a margin per axis, of its length")
    if not np.allclose(totals, totals[0], rtol=1e-9) or not totals[0] > 0:
        raise ValueError(f"margins count the same people, got totals {totals}")
    for _ in range(rounds):
        worst = 0.0
        for axis, margin in enumerate(wanted):
            others = tuple(other for other in range(fitted.ndim) if other != axis)
            sums = fitted.sum(others)
            if bool(((sums == 0) & (margin > 0)).any()):
                raise ValueError(f"a margin of axis {axis} has people where nobody answered")
            worst = max(worst, float(np.abs(sums - margin).max()) / totals[0])
            factors = np.divide(margin, sums, out=np.zeros_like(margin), where=sums > 0)
            fitted *= factors.reshape([-1 if other == axis else 1 for other in range(fitted.ndim)])
        if worst < tolerance:
            return fitted
    raise ValueError(f"raking does not settle within {rounds} rounds: the margins contradict empty cells")
