"""Which predictors carry the explained variance of an outcome: shares of R², with their interval and their rank.

Shares are 0–1 and sum to R². Up to 12 predictors they are LMG (Lindeman, Merenda and Gold 1980: the gain in R² of
a predictor averaged over all orders of entry, which is its Shapley value; Grömping 2006, J. Stat. Software 17:1);
above, Johnson's relative weights (Johnson 2000, Multivariate Behavioral Research 35:1–19).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from math import comb

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]

MOST_FOR_LMG = 12
COLLINEAR = 1e-9  # a predictor that keeps less of its variance than this, given others, adds nothing to them


@dataclass(frozen=True)
class Drivers:
    """Shares of R² of each predictor, in the order given; `enough` false: no claim, and the figures are empty.

    `low` and `high` bound the bootstrap's 95 % percentile interval; `rank` is 1 for the largest share; `rank_kept` is
    the share (0–1) of the resamples that give the predictor the same rank. `n` counts rows without a gap, `needed` is
    the smallest n for a claim.
    """

    method: str
    n: int
    needed: int
    enough: bool
    r_squared: float | None
    shares: tuple[float, ...] = ()
    low: tuple[float, ...] = ()
    high: tuple[float, ...] = ()
    rank: tuple[int, ...] = ()
    rank_kept: tuple[float, ...] = ()


def drivers(
    predictors: ArrayLike, outcome: ArrayLike, resamples: int = 1000, seed: int = 20_260_101
) -> Drivers:
    """Shares of R² over rows (n × p predictors, n outcomes), for a claim: n ≥ max(50, 10 p), else `enough` is false.

    Rows with a gap are left out. A predictor, or an outcome, that does not vary cannot be shared out: ValueError.
    """
    x, y = np.asarray(predictors, dtype=float), np.asarray(outcome, dtype=float)
    if x.ndim != 2 or y.shape != x.shape[:1]:
        raise ValueError(f"rows of predictors and as many outcomes are needed, got {x.shape} and {y.shape}")
    data = np.column_stack([x, y])
    data = data[np.isfinite(data).all(axis=1)]
    n, p = data.shape[0], x.shape[1]
    method, shares_of = ("lmg", lmg) if p <= MOST_FOR_LMG else ("johnson", johnson)
    needed = max(50, 10 * p)
    if n < needed:
        return Drivers(method, n, needed, False, None)
    shares = shares_of(np.corrcoef(data, rowvar=False))
    drawn = shares_of(_resampled(data, resamples, seed))
    low, high = np.percentile(drawn, [2.5, 97.5], axis=0)
    rank = _ranks(shares)
    return Drivers(
        method,
        n,
        needed,
        True,
        float(shares.sum()),
        tuple(shares.tolist()),
        tuple(low.tolist()),
        tuple(high.tolist()),
        tuple(rank.tolist()),
        tuple((_ranks(drawn) == rank).mean(axis=0).tolist()),
    )


def lmg(correlations: ArrayLike) -> Array:
    """LMG shares (…, p) of correlation matrices (…, p + 1, p + 1), the outcome last; p is 1 to 12."""
    matrix, p = _matrix(correlations)
    if p > MOST_FOR_LMG:
        raise ValueError(f"LMG goes through 2^p models: {MOST_FOR_LMG} predictors at most, got {p}")
    return r_squared_of_subsets(matrix) @ _entry_weights(p)


def johnson(correlations: ArrayLike) -> Array:
    """Johnson's relative weights (…, p) of correlation matrices (…, p + 1, p + 1), the outcome last."""
    matrix, _ = _matrix(correlations)
    values, vectors = np.linalg.eigh(matrix[..., :-1, :-1])
    roots = np.sqrt(np.clip(values, 0, None))
    root = (vectors * roots[..., None, :]) @ np.swapaxes(vectors, -1, -2)
    # a direction without variance takes no part: its weight is nought, not infinite
    solid = roots > np.sqrt(COLLINEAR)
    inverse = np.where(solid, 1 / np.where(solid, roots, 1), 0)
    towards = np.swapaxes(vectors, -1, -2) @ matrix[..., :-1, -1:]
    beta = vectors @ (inverse[..., :, None] * towards)
    shares: Array = ((root**2) @ (beta**2))[..., 0]
    return shares


def r_squared_of_subsets(correlations: ArrayLike) -> Array:
    """R² (…, 2^p) of the outcome (last) on every subset of the p others; bit p − 1 − j of the place is predictor j.

    Each predictor in turn is swept out (Schur complement) or left out, so that the work halves as the count doubles.
    """
    matrix, p = _matrix(correlations)
    left = matrix[..., None, :, :]
    for _ in range(p):
        pivot = left[..., :1, :1]
        column, rest = left[..., 1:, :1], left[..., 1:, 1:]
        solid = pivot > COLLINEAR
        swept = rest - np.where(solid, column * np.swapaxes(column, -1, -2) / np.where(solid, pivot, 1), 0)
        both = np.stack([rest, swept], axis=-3)
        left = both.reshape(*both.shape[:-4], -1, *both.shape[-2:])
    found: Array = 1 - left[..., 0, 0]
    return found


@lru_cache(maxsize=MOST_FOR_LMG)
def _entry_weights(p: int) -> Array:
    """(2^p, p): what the R² of a subset weighs in each predictor's share: 1 / (p · C(p − 1, those before it))."""
    member = (np.arange(2**p)[:, None] >> np.arange(p)[::-1]) & 1
    size = member.sum(axis=1, keepdims=True)
    chance = np.array([1 / (p * comb(p - 1, before)) for before in range(p)])
    entered, absent = chance[np.clip(size - 1, 0, p - 1)], chance[np.clip(size, 0, p - 1)]
    weights: Array = np.where(member == 1, entered, -absent)
    return weights


def _matrix(correlations: ArrayLike) -> tuple[Array, int]:
    matrix = np.asarray(correlations, dtype=float)
    if matrix.ndim < 2 or matrix.shape[-1] != matrix.shape[-2] or matrix.shape[-1] < 2:
        raise ValueError(f"a square matrix of 2 or more variables is needed, got {matrix.shape}")
    if not np.isfinite(matrix).all():
        raise ValueError("a variable that does not vary has no correlation")
    return matrix, matrix.shape[-1] - 1


def _resampled(data: Array, resamples: int, seed: int) -> Array:
    """Correlation matrices (resamples, p + 1, p + 1) of rows drawn again with replacement."""
    n, random = data.shape[0], np.random.default_rng(seed)
    times = random.multinomial(n, np.full(n, 1 / n), size=resamples).astype(float)
    centred = data - data.mean(axis=0)
    first = times @ centred / n
    pairs = centred[:, :, None] * centred[:, None, :]
    second = (times @ pairs.reshape(n, -1) / n).reshape(resamples, *pairs.shape[1:])
    covariance = second - first[:, :, None] * first[:, None, :]
    spread = np.sqrt(np.clip(np.diagonal(covariance, axis1=1, axis2=2), 0, None))
    # a resample may hold one value only: what does not vary explains nothing
    scale = np.where(spread > 0, spread, np.inf)
    found: Array = covariance / (scale[:, :, None] * scale[:, None, :])
    places = np.arange(data.shape[1])
    found[:, places, places] = 1
    return found


def _ranks(shares: Array) -> NDArray[np.int64]:
    return (-shares).argsort(axis=-1).argsort(axis=-1) + 1
