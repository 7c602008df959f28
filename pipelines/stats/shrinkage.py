"""Values drawn towards their mean by how little is known of each: to put units in order, never to be shown."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from pipelines.stats.symmetry import Floats

ROUNDS, PRECISION = 100, 1e-10


def between_variance(values: ArrayLike, variances: ArrayLike) -> float:
    """Variance of the true values, from at least 2 estimates and their sampling variances (> 0).

    The estimator of Paule and Mandel 1982, by the steps of DerSimonian and Kacker 2007, Contemporary Clinical Trials
    28:105–114, which approach it from below; the first of them is DerSimonian and Laird's where weights are equal.
    """
    y, known = np.asarray(values, float), np.asarray(variances, float)
    found = 0.0
    for _ in range(ROUNDS):
        weight = 1 / (known + found)
        left = weight * (y - (weight * y).sum() / weight.sum()) ** 2
        over = float(left.sum()) - (y.size - 1)
        if over <= PRECISION:
            break
        found += over / float((weight * left).sum())
    return found


def shrunken(values: ArrayLike, variances: ArrayLike) -> Floats:
    """Empirical-Bayes values: μ + τ²/(τ² + v)·(y − μ), μ the weighted mean, τ² the variance between units.

    Efron and Morris 1975, JASA 70:311–319; Paule and Mandel's τ². A variance of 0 (all answered alike) is an accident
    of few answers: it counts as the smallest other one. Where nobody's answers vary the values are exact and stay.
    """
    y, known = np.asarray(values, float), np.asarray(variances, float)
    if not (known > 0).any():
        return y
    known = np.where(known > 0, known, known[known > 0].min())
    tau2 = between_variance(y, known)
    weight = 1 / (known + tau2)
    mean = (weight * y).sum() / weight.sum()
    return np.asarray(mean + tau2 / (tau2 + known) * (y - mean))
