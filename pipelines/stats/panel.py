"""Whether finance follows a relation's score: two-way fixed effects over units × periods, and a verdict.

finance[unit, t] = unit + period + b · score[unit, t − lag]. Errors are clustered by unit (Liang and Zeger 1986;
Cameron and Miller 2015, J. Human Resources 50:317–372) and read with t(G − 1); below 40 units the critical value is
also that of a wild cluster bootstrap with the null imposed (Cameron, Gelbach and Miller 2008, Rev. Econ. Stat.
90:414–427; Webb's six weights up to 12 units). Association, never cause.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import stdtr, stdtrit

Array = NDArray[np.float64]

FEWEST_UNITS, FEWEST_PERIODS = 8, 6
MANY_UNITS = 40  # from here on clustered errors need no bootstrap
WEBB_UP_TO = 12
POWER = 0.8
STILL = 1e-18  # share of a sum of squares below which what is left is rounding
AT_ONCE = 250  # draws whose bootstraps are held in memory together


@dataclass(frozen=True)
class Relation:
    """One relation. Effects are in units of finance for one unit of the score, bounds are of 95 %.

    `verdict`: supported (the interval lies on the expected side of 0, a placebo lead stays inside the equivalence
    band, no unit alone makes the sign) · suggestive (the first only) · no_effect_larger_than_x (the 90 % interval lies
    inside the band) · contradicted (the interval lies on the other side) · not_enough_data (units < 8, periods < 6, a
    minimum detectable effect above the effect of interest, or nothing of all that): `more_units` and `more_periods`
    say how many are lacking. The figures are NaN where they cannot be computed.
    """

    verdict: str
    effect: float
    low: float
    high: float
    p_value: float
    smallest_detectable: float
    lead_low: float
    lead_high: float
    sign_stable: bool
    units: int
    periods: int
    more_units: int
    more_periods: int


class _Design(NamedTuple):
    """Rows of a panel that can be used, sorted by unit: their mask, first row per unit, period effects' basis."""

    rows: NDArray[np.bool_]
    starts: NDArray[np.intp]
    sizes: NDArray[np.intp]
    basis: Array
    periods: int

    @property
    def units(self) -> int:
        return len(self.starts)


def relation(
    finance: ArrayLike, score: ArrayLike, of_interest: float, *, lag: int = 1, expected: int = 1,
    resamples: int = 999, seed: int = 20_260_101,
) -> Relation:  # fmt: skip
    """The relation over (units, periods) arrays with NaN where nothing is known; periods follow each other.

    `of_interest` > 0 is the smallest effect worth knowing, `lag` ≥ 0 the one declared beforehand (in periods),
    `expected` the sign (1 or −1) that the claim gives the effect.
    """
    found = relations(
        np.asarray(finance, dtype=float)[None], np.asarray(score, dtype=float)[None], of_interest,
        lag=lag, expected=expected, resamples=resamples, seed=seed,
    )  # fmt: skip
    first = {name: values[0].item() for name, values in found.items()}
    return Relation(**first)


def relations(
    finance: ArrayLike, score: ArrayLike, of_interest: float, *, lag: int = 1, expected: int = 1,
    resamples: int = 999, seed: int = 20_260_101,
) -> dict[str, NDArray[np.generic]]:  # fmt: skip
    """Fields of `Relation`, each (draws,), of many panels (draws, units, periods) that lack the same cells."""
    y, x = np.asarray(finance, dtype=float), np.asarray(score, dtype=float)
    if y.ndim != 3 or y.shape != x.shape:
        raise ValueError(f"finance and score are draws × units × periods, got {y.shape} and {x.shape}")
    if not (of_interest > 0 and lag >= 0 and expected in (-1, 1)):
        raise ValueError("an effect of interest above 0, a lag of 0 or more and a sign of ±1 are needed")
    later, earlier = y[:, :, lag:], expected * x[:, :, : max(x.shape[2] - lag, 0)]
    design = _design(np.isfinite(later[0]) & np.isfinite(earlier[0]))
    result = _unknown(len(y), design)
    if design is None or design.units < FEWEST_UNITS or design.periods < FEWEST_PERIODS:
        return result
    own, money = _within(earlier, design), _within(later, design)
    effect, error = (found[:, 0] for found in _fit(money, own[..., None], design))
    wide, narrow, p_value = _critical(money, own, effect / error, design, resamples, seed)
    smallest = (wide + stdtrit(design.units - 1, POWER)) * error
    lead_low, lead_high = _lead(y, expected * x, lag)
    low, high = effect - wide * error, effect + wide * error
    inside = np.abs(effect) + narrow * error < of_interest
    null_lead = (lead_low > -of_interest) & (lead_high < of_interest)
    above, below = low > 0, high < 0
    stable = np.zeros(len(y), dtype=bool)
    shown = above | below
    sign = np.sign(effect[shown])[:, None, None]
    stable[shown] = _without_each(sign * later[shown], earlier[shown], design) > 0
    lacking = smallest > of_interest
    verdict = np.select(
        [lacking, above & null_lead & stable, above, below, inside],
        ["not_enough_data", "supported", "suggestive", "contradicted", "no_effect_larger_than_x"],
        "not_enough_data",
    )
    # where power is there and nothing follows: what would bring the band around this estimate, were it nought
    room = np.maximum(of_interest - np.abs(effect), 0.05 * of_interest)
    ratio = np.where(lacking, smallest / of_interest, narrow * error / room)
    more = np.nan_to_num(np.maximum(np.ceil(design.units * (ratio**2 - 1)), 1))
    turned = np.where(expected > 0, [low, high], [-high, -low])
    result |= {
        "verdict": verdict,
        "effect": expected * effect,
        "low": turned[0],
        "high": turned[1],
        "p_value": p_value,
        "smallest_detectable": smallest,
        "lead_low": lead_low if expected > 0 else -lead_high,
        "lead_high": lead_high if expected > 0 else -lead_low,
        "sign_stable": stable,
        "more_units": np.where(verdict == "not_enough_data", more, 0).astype(int),
    }
    return result


def _unknown(draws: int, design: _Design | None) -> dict[str, NDArray[np.generic]]:
    """What is said before anything is computed: not enough, and how much is lacking."""
    units, periods = (design.units, design.periods) if design else (0, 0)
    fields: dict[str, object] = {"verdict": "not_enough_data"}
    fields |= dict.fromkeys(
        ("effect", "low", "high", "p_value", "smallest_detectable", "lead_low", "lead_high"), math.nan
    )
    fields |= {"sign_stable": False, "units": units, "periods": periods}
    fields |= {"more_units": max(FEWEST_UNITS - units, 0), "more_periods": max(FEWEST_PERIODS - periods, 0)}
    return {name: np.full(draws, value) for name, value in fields.items()}


def _design(known: NDArray[np.bool_]) -> _Design | None:
    """Rows of units seen at least twice; None where nothing is left. `known`: (units, periods)."""
    known = known & (known.sum(axis=1, keepdims=True) > 1)
    sizes = known.sum(axis=1)
    sizes = sizes[sizes > 0]
    if not len(sizes):
        return None
    starts = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    period = np.nonzero(known)[1]
    dummies = (period[:, None] == np.unique(period)).astype(float)
    centred = dummies - np.repeat(np.add.reduceat(dummies, starts) / sizes[:, None], sizes, axis=0)
    left, strength, _ = np.linalg.svd(centred, full_matrices=False)
    return _Design(known, starts, sizes, left[:, strength > 1e-9], dummies.shape[1])


def _centred(panel: Array, design: _Design) -> Array:
    """(draws, rows): the known cells of a panel (draws, units, periods) less the mean of their unit."""
    values = panel[:, design.rows]
    left: Array = values - np.repeat(_sums(values, design) / design.sizes, design.sizes, axis=-1)
    return left


def _within(panel: Array, design: _Design) -> Array:
    """(draws, rows): what is left of a panel (draws, units, periods) after unit and period means, not its rounding."""
    centred = _centred(panel, design)
    left = centred - (centred @ design.basis) @ design.basis.T
    whole = panel[:, design.rows]
    moved = (left**2).sum(axis=1) > STILL * (whole**2).sum(axis=1)
    return np.where(moved[:, None], left, 0)


def _sums(values: Array, design: _Design) -> Array:
    """Sums by unit over the last axis: (…, rows) becomes (…, units)."""
    sums: Array = np.add.reduceat(values, design.starts, axis=-1)
    return sums


def _fit(money: Array, scores: Array, design: _Design) -> tuple[Array, Array]:
    """(draws, K) effects and errors of `money` (draws, rows) on `scores` (draws, rows, K), both within.

    Errors are clustered by unit, CR1. NaN where finance or the scores do not move within units and periods.
    """
    gram = np.swapaxes(scores, 1, 2) @ scores
    still = (np.linalg.matrix_rank(gram) < scores.shape[2]) | ~money.any(axis=1)
    bread = np.linalg.inv(np.where(still[:, None, None], np.eye(scores.shape[2]), gram))
    effect = (bread @ (np.swapaxes(scores, 1, 2) @ money[..., None]))[..., 0]
    residual = money - (scores @ effect[..., None])[..., 0]
    moments = _sums(np.swapaxes(scores, 1, 2) * residual[:, None, :], design)
    spread = np.diagonal(bread @ (moments @ np.swapaxes(moments, 1, 2)) @ bread, axis1=1, axis2=2)
    error = np.sqrt(_small(design, scores.shape[2]) * spread)
    return np.where(still[:, None], math.nan, effect), np.where(still[:, None], math.nan, error)


def _small(design: _Design, regressors: int) -> float:
    """Correction for few units: G/(G−1) · (N−1)/(N−K); unit effects are nested in the clusters and not counted."""
    units, rows = design.units, int(design.sizes.sum())
    return units / (units - 1) * (rows - 1) / (rows - regressors - design.basis.shape[1] - 1)


def _critical(
    money: Array, score: Array, t: Array, design: _Design, resamples: int, seed: int
) -> tuple[Array, Array, Array]:
    """Critical values of |t| for 95 % and 90 %, (draws,) each, and the p value: the more careful of the two methods."""
    df = design.units - 1
    wide, narrow = np.full(len(t), stdtrit(df, 0.975)), np.full(len(t), stdtrit(df, 0.95))
    p_value = 2 * stdtr(df, -np.abs(t))
    if design.units >= MANY_UNITS:
        return wide, narrow, p_value
    random = np.random.default_rng(seed)
    for start in range(0, len(t), AT_ONCE):
        part = slice(start, start + AT_ONCE)
        weights = _weights(design.units, resamples, random)
        drawn = np.sort(_bootstrap(money[part], score[part], design, weights))
        for level, bound in ((0.95, wide), (0.90, narrow)):
            place = min(math.ceil(level * (resamples + 1)), resamples) - 1
            bound[part] = np.maximum(bound[part], drawn[:, place])
        beyond = (drawn >= np.abs(t[part])[:, None]).sum(axis=1)
        p_value[part] = np.maximum(p_value[part], (1 + beyond) / (1 + resamples))
    return wide, narrow, p_value


def _weights(units: int, resamples: int, random: np.random.Generator) -> Array:
    """(units, resamples) draws of mean 0 and variance 1: Webb's six points where two signs give too few samples."""
    points = np.sqrt([0.5, 1, 1.5]) if units <= WEBB_UP_TO else np.ones(1)
    return random.choice(np.concatenate([-points, points]), size=(units, resamples))


def _bootstrap(money: Array, score: Array, design: _Design, weights: Array) -> Array:
    """|t| (draws, resamples) of the wild cluster bootstrap under no effect.

    With w a unit's weight, u the residual under the null and x the score, both within, a resample is w·u less its
    period effects. The unit sums of x · (refitted residual) are then linear in the weights, C·w with
    C = diag(s) − (x'Q)(Q'u) − q s'/Σq, where s = Σ x·u and q = Σ x² by unit and Q spans the period effects: no
    resample is ever formed.
    """
    moment, size = _sums(score * money, design), _sums(score**2, design)
    towards = _sums(score[:, None, :] * design.basis.T, design)
    residual = _sums(money[:, None, :] * design.basis.T, design)
    total = np.where(size.any(axis=1), size.sum(axis=1), 1)[:, None, None]
    linear = -np.swapaxes(towards, 1, 2) @ residual - size[:, :, None] * moment[:, None, :] / total
    places = np.arange(design.units)
    linear[:, places, places] += moment
    spread = ((linear @ weights) ** 2).sum(axis=1) * _small(design, 1)
    t: Array = np.abs(moment @ weights) / np.sqrt(np.where(spread > 0, spread, np.inf))
    return t


def _lead(y: Array, x: Array, lag: int) -> tuple[Array, Array]:
    """90 % bounds of next period's score beside the declared one: finance cannot follow what has not happened."""
    last = y.shape[2] - 1
    money, own, next_one = y[:, :, lag:last], x[:, :, : last - lag], x[:, :, lag + 1 :]
    design = _design(np.isfinite(money[0]) & np.isfinite(own[0]) & np.isfinite(next_one[0]))
    if design is None or design.units < FEWEST_UNITS or design.periods < 3:
        nothing = np.full(len(y), math.nan)
        return nothing, nothing
    both = np.stack([_within(own, design), _within(next_one, design)], axis=-1)
    effect, error = (found[:, 1] for found in _fit(_within(money, design), both, design))
    half = stdtrit(design.units - 1, 0.95) * error
    return effect - half, effect + half


def _without_each(money: Array, score: Array, design: _Design) -> Array:
    """The smallest effect found when each unit in turn is left out, (draws,).

    Sums over units of cross products, period effects included, are taken less each unit's own, so that a refit is
    a small system whatever the number of units.
    """
    known = design.rows[design.rows.any(axis=1)][:, design.rows.any(axis=0)].astype(float)
    size = known.sum(axis=1)[:, None, None]
    own = known[:, :, None] * np.eye(known.shape[1]) - known[:, :, None] * known[:, None, :] / size
    inverse = np.linalg.pinv(own.sum(axis=0) - own, rcond=1e-10, hermitian=True)
    x, y = _centred(score, design), _centred(money, design)
    dummies = np.eye(known.shape[1])[np.nonzero(known)[1]]
    with_x, with_y = (_others(np.swapaxes(_sums(v[:, None, :] * dummies.T, design), 1, 2)) for v in (x, y))
    both, square = _others(_sums(x * y, design)), _others(_sums(x**2, design))
    along = np.einsum("gst,dgt->dgs", inverse, with_x)
    top, bottom = both - (along * with_y).sum(axis=2), square - (along * with_x).sum(axis=2)
    moving = bottom > STILL * square
    # nothing moves without that unit: the sign rests on it alone
    effects = np.where(moving, top / np.where(moving, bottom, 1), -math.inf)
    smallest: Array = effects.min(axis=1)
    return smallest


def _others(by_unit: Array) -> Array:
    """Sums over all units but each, from values by unit along the second axis."""
    return by_unit.sum(axis=1, keepdims=True) - by_unit
