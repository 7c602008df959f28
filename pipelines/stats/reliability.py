"""Whether the items of a dimension measure one thing, and whether the answers of a unit agree: α, ICC(1), ICC(2).

Everything is computed from sums that SQL can take; the functions work on any number of groups of items or of people at
once (leading axes of the arrays).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.special import fdtri

Floats = npt.NDArray[np.float64]

LOW_ALPHA = 0.70  # below it the items of a dimension are said to hold badly together


class Alpha(NamedTuple):
    """Cronbach's α of the items as they are (`raw`, 95 % interval `low` to `high`) and brought to one variance."""

    raw: Floats
    standardised: Floats
    low: Floats
    high: Floats


class Icc(NamedTuple):
    """`single`: ICC(1), share of the variance of one answer that lies between units. `mean`: ICC(2), reliability of the
    units' means. `size`: answers a unit, the average that unequal sizes amount to. `f`: ratio of the mean squares.
    """

    single: Floats
    mean: Floats
    size: Floats
    f: Floats


def cronbach_alpha(n: npt.ArrayLike, sums: npt.ArrayLike, products: npt.ArrayLike) -> Alpha:
    """α from the answers of people who answered every item: Cronbach 1951, Psychometrika 16:297-334.

    `n` (...): people, `sums` (..., items): sum of each item, `products` (..., items, items): sums of x_i·x_j. Items are
    already flipped where reversed. The interval is Feldt's 1965, Psychometrika 30:357-370. NaN below 2 items or
    people, and where nobody differs.
    """
    people = np.asarray(n, dtype=float)
    total, crossed = np.asarray(sums, dtype=float), np.asarray(products, dtype=float)
    items = total.shape[-1]
    if crossed.shape != (*total.shape, items) or people.shape != total.shape[:-1]:
        raise ValueError(
            f"n {people.shape}, sums {total.shape} and products {crossed.shape} do not belong together"
        )
    with np.errstate(divide="ignore", invalid="ignore"):
        centred = crossed - total[..., :, None] * total[..., None, :] / people[..., None, None]
        # what rounding leaves of a constant item is no variance
        own = np.diagonal(centred, axis1=-2, axis2=-1)
        own = np.where(own > 1e-9 * np.diagonal(crossed, axis1=-2, axis2=-1), own, 0.0)
        whole = centred.sum((-2, -1))
        raw = (
            items / (items - 1.0) * (1 - own.sum(-1) / whole) if items > 1 else np.full(people.shape, np.nan)
        )
        spread = np.sqrt(own)
        correlations = centred / (spread[..., :, None] * spread[..., None, :])
        common = (correlations.sum((-2, -1)) - items) / (items * max(items - 1, 1))
        standardised = items * common / (1 + (items - 1) * common) if items > 1 else raw
        enough = (people > 1) & (own.sum(-1) > 0) & (whole > 0)
        df = np.where(enough, people - 1, 1)
        bounds = [1 - (1 - raw) * fdtri(df, df * max(items - 1, 1), p) for p in (0.975, 0.025)]
    found = [np.where(enough, one, np.nan) for one in (raw, standardised, *bounds)]
    return Alpha(*found)


def intraclass(counts: npt.ArrayLike, sums: npt.ArrayLike, squares: npt.ArrayLike) -> Icc:
    """ICC(1) and ICC(2) of units of any sizes, from one-way analysis of variance.

    Shrout and Fleiss 1979, Psychological Bulletin 86:420-428, their case 1; Bliese 2000 (in Klein and Kozlowski,
    Multilevel Theory, Research, and Methods in Organizations, 349-381). The size of unequal units is
    (N − Σn²/N)/(units − 1). `counts`, `sums`, `squares` (..., units): answers, Σx, Σx² of each; 0 answers: no unit.
    NaN below 2 units, without a unit of 2 answers, or where nobody differs. Both can be negative: units that differ
    less than chance would make them.
    """
    n, total, square = (np.asarray(one, dtype=float) for one in (counts, sums, squares))
    if not n.shape == total.shape == square.shape:
        raise ValueError(f"counts {n.shape}, sums {total.shape} and squares {square.shape} are of one shape")
    with np.errstate(divide="ignore", invalid="ignore"):
        units, people = (n > 0).sum(-1), n.sum(-1)
        grand = total.sum(-1) / people
        means = np.where(n > 0, total / n, grand[..., None])
        between = (n * (means - grand[..., None]) ** 2).sum(-1) / (units - 1)
        within = np.maximum(square - n * means**2, 0).sum(-1) / (people - units)
        size = (people - (n**2).sum(-1) / people) / (units - 1)
        enough = (units > 1) & (people > units) & (between + within > 0)
        single = (between - within) / (between + (size - 1) * within)
        mean = np.where(between > 0, (between - within) / between, np.nan)
        f = np.where(within > 0, between / within, np.inf)
    found = [np.where(enough, one, np.nan) for one in (single, mean, size, f)]
    return Icc(*found)
