"""Early warning: has a score fallen against its own past by more than sampling and ordinary movement explain?

Three charts over the deviations from a baseline, the mean of the first published points: EWMA (Roberts 1959,
Technometrics 1:239-250; weights decay by period, so a missing one costs nothing), CUSUM (Page 1954, Biometrika
41:100-115) and the latest point alone, without which both are slow to see a large fall (Lucas 1982, Journal of Quality
Technology 14:51-59). Their limits hold three errors: that of each point, that of the baseline, and the ordinary
movement of true scores, which the earlier points of all units show.

Every limit is a closed form. EWMA and latest point are contrasts of the points, judged on Student's t with the degrees
of freedom of Satterthwaite 1946. The CUSUM passes h only where one of its partial sums does, each a contrast too: the
sum of their tail probabilities bounds its own. Each chart has a third of `rate` over the periods of a year. So the
chance that a unit without a fall signals at all in a year is at most `rate`, whatever the pattern of n, of missing
periods and of correlation between periods; `simulate` finds 0.001 to 0.033 where 0.05 is declared.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.optimize import brentq
from scipy.special import ndtr, stdtr, stdtrit

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

FALSE_ALARM_RATE = 0.05  # per unit and year
SMOOTHING = 0.3  # weight of the latest point in the EWMA
SLACK = 0.5  # standard deviations a point may lie below the baseline before it counts in the CUSUM
BASELINE = 4  # published points
LEAST_MOVEMENT = 1.0  # points: the standard deviation of ordinary movement is never taken below it
_LAGS = 8  # periods between the two points of a pair that shows ordinary movement, at most
_FALLING = 4_000  # units of a simulated world in which some fall, at most
_PERSISTENCES = np.linspace(0, 0.95, 20)
# Huber's proposal 2 (Robust Statistics, 1981): beyond _CUT standard deviations a difference weighs no more.
_CUT = 1.345
_DENSITY = float(np.exp(-(_CUT**2) / 2) / np.sqrt(2 * np.pi))
_INSIDE = float(2 * ndtr(_CUT) - 1)
_SQUARE_INSIDE = _INSIDE - 2 * _CUT * _DENSITY  # E[z²; |z| < _CUT]
_EXPECTED = _SQUARE_INSIDE + _CUT**2 * (1 - _INSIDE)  # E[min(z², _CUT²)]
_FOURTH = 3 * _INSIDE - 2 * _CUT * (3 + _CUT**2) * _DENSITY + _CUT**4 * (1 - _INSIDE)
_SPREAD = float(np.sqrt(_FOURTH - _EXPECTED**2))  # standard deviation of min(z², _CUT²)


@dataclass(frozen=True)
class Charts:
    """(units × periods) arrays; NaN and False where a point is missing or belongs to the baseline.

    `fall`: smoothed deviation from the baseline in points, negative below it; `low`, `high`: its 95 % interval, all
    three errors in it. `signal`: a fall beyond the limits.
    """

    fall: Floats
    low: Floats
    high: Floats
    signal: Flags

    @property
    def decided(self) -> Flags:
        """Where there is a baseline and a later point."""
        return ~np.isnan(self.fall)


class Movement(NamedTuple):
    """Ordinary movement of true scores around a level: variance in points², correlation `persistence`^periods."""

    variance: float
    persistence: float

    def covariance(self, periods: int) -> Floats:
        places = np.arange(periods)
        return self.variance * self.persistence ** np.abs(places[:, None] - places)


class _Points(NamedTuple):
    """(units × periods): scores, sampling variances and their degrees of freedom, weights in the baseline (they sum
    to 1), and which points are later than it. Unpublished points are 0.
    """

    y: Floats
    variance: Floats
    df: Floats
    base: Floats
    later: Flags

    def of(self, units: npt.NDArray[np.intp], now: int) -> _Points:
        """What is known of `units` at period `now`."""
        seen = np.s_[units, : now + 1]
        return _Points(self.y[seen], self.variance[seen], self.df[seen], self.base[seen], self.later[seen])


def charts(
    scores: npt.ArrayLike,
    errors: npt.ArrayLike,
    df: npt.ArrayLike | None = None,
    *,
    rate: float = FALSE_ALARM_RATE,
    periods_per_year: int = 4,
) -> Charts:
    """Charts of `scores` (units × periods in time order, NaN where nothing is published).

    `errors` are their standard errors (0 or more, NaN as scores), `df` the degrees of freedom of those (infinite
    unless given), `rate` (0-1) the false alarms allowed per unit and year. What is said of a period rests on that
    period and those before alone: a later one never changes it.
    """
    y, e = np.array(scores, dtype=float), np.array(errors, dtype=float)
    if y.ndim != 2 or y.shape != e.shape:
        raise ValueError(f"scores and errors are two tables of one shape, got {y.shape} and {e.shape}")
    if not (0 < rate < 1 and periods_per_year > 0):
        raise ValueError(
            f"a rate lies between 0 and 1, a year has periods, got {rate} and {periods_per_year}"
        )
    known = ~(np.isnan(y) | np.isnan(e))
    rank = known.cumsum(1)
    points = _Points(
        y=np.where(known, y, 0.0),
        variance=np.where(known, e * e, 0.0),
        df=np.full(y.shape, np.inf) if df is None else np.where(known, np.array(df, dtype=float), np.inf),
        base=(known & (rank <= BASELINE)) / BASELINE,
        later=known & (rank > BASELINE),
    )
    fall, low, high = np.full((3, *y.shape), np.nan)
    made = Charts(fall, low, high, np.zeros(y.shape, dtype=bool))
    past = _Past()
    for now in range(y.shape[1]):
        units = np.flatnonzero(points.later[:, now])
        if units.size:
            _judge(
                made,
                units,
                now,
                points.of(units, now),
                past.movement(now),
                rate / periods_per_year / 3,
            )
        # what has already signalled is no ordinary movement
        past.add(points, known & ~made.signal, now)
    return made


def _judge(
    made: Charts, units: npt.NDArray[np.intp], now: int, points: _Points, movement: Movement, alpha: float
) -> None:
    """Fill period `now` of `units`; each of the three charts signals with probability `alpha` at most."""
    y, variance, df_of, base, later = points
    places = np.arange(now + 1)
    moved = movement.covariance(now + 1)
    to_base = base @ moved
    of_base = (to_base * base).sum(1) + (variance * base**2).sum(1)
    # The deviations of two later points from the baseline have covariance moved[i, j] − to_base[i] − to_base[j]
    # + of_base, and variance[i] more for one and itself: sums of it need no table of pairs for each unit.
    own = np.where(later, np.diag(moved) - 2 * to_base + of_base[:, None] + variance, 1.0)
    deviation = (y - (y * base).sum(1)[:, None]) * later

    weights = (1 - SMOOTHING) ** (now - places) * later
    weights /= weights.sum(1)[:, None]
    fall = (weights * deviation).sum(1)
    spread2 = ((weights @ moved) * weights - 2 * weights * to_base + weights**2 * variance).sum(1) + of_base
    doubt = ((weights**2 + base**2) ** 2 * variance**2 / df_of).sum(1)
    df = spread2**2 / np.maximum(doubt, spread2**2 / 1e9)
    spread = np.sqrt(spread2)
    half = stdtrit(df, 0.975) * spread
    made.fall[units, now], made.low[units, now], made.high[units, now] = fall, fall - half, fall + half

    sd = np.sqrt(own)
    latest = deviation[:, now] / sd[:, now]
    steps = np.where(later, -deviation / sd - SLACK, 0.0)
    scaled = later / sd
    # all three from each start to now: the partial sums, their variances, the points in them
    sums = _from_each(steps)
    whole = _from_each(scaled)
    pairs = scaled * (scaled * np.diag(moved) + 2 * (scaled @ np.triu(moved, 1).T) + scaled * variance)
    variances = _from_each(pairs) - 2 * whole * _from_each(scaled * to_base) + of_base[:, None] * whole**2
    lengths = _from_each(later)
    cusum = np.maximum(sums.max(1), 0.0)[:, None]
    tails = stdtr(df[:, None], -(cusum + SLACK * lengths) / np.sqrt(np.where(later, variances, 1.0)))
    by_cusum = (tails * later).sum(1) <= alpha
    made.signal[units, now] = by_cusum | (stdtr(df, fall / spread) <= alpha) | (stdtr(df, latest) <= alpha)


def _from_each(table: npt.NDArray[np.generic]) -> Floats:
    """Sums from each column to the last."""
    sums: Floats = table[:, ::-1].astype(float).cumsum(1)[:, ::-1]
    return sums


class _Past:
    """Pairs of points of one unit, by the periods between them: squared differences and their sampling variances."""

    def __init__(self) -> None:
        self.squares: list[list[Floats]] = [[] for _ in range(_LAGS)]
        self.sampling: list[list[Floats]] = [[] for _ in range(_LAGS)]

    def add(self, points: _Points, usable: Flags, now: int) -> None:
        """The pairs that end with period `now`."""
        for lag in range(1, min(_LAGS, now) + 1):
            both = usable[:, now] & usable[:, now - lag]
            ends = points.y[both, now] - points.y[both, now - lag]
            self.squares[lag - 1].append(ends**2)
            self.sampling[lag - 1].append(points.variance[both, now] + points.variance[both, now - lag])

    def movement(self, periods: int) -> Movement:
        """Least squares, lags weighted by their pairs: half the true variance of differences against
        variance·(1 − persistence^lag).

        Lags beyond half of the past are left out: there one fall is in every pair.
        """
        lags, counts, halves = [], [], []
        for lag in range(1, max(1, min(_LAGS, periods // 2)) + 1):
            squares = np.concatenate([*self.squares[lag - 1], np.empty(0)])
            if squares.size:
                lags.append(lag)
                counts.append(squares.size)
                halves.append(excess_variance(squares, np.concatenate(self.sampling[lag - 1])) / 2)
        if not lags:
            return Movement(LEAST_MOVEMENT**2, 0.0)
        shapes = 1 - _PERSISTENCES[:, None] ** np.array(lags)
        weights, half = np.array(counts), np.array(halves)
        scales = (weights * shapes * half).sum(1) / (weights * shapes**2).sum(1)
        best = (weights * (half - scales[:, None] * shapes) ** 2).sum(1).argmin()
        return Movement(max(float(scales[best]), LEAST_MOVEMENT**2), float(_PERSISTENCES[best]))


def excess_variance(squares: Floats, sampling: Floats) -> float:
    """Variance of differences beyond what sampling explains, one standard error above its robust estimate, 0 or more.

    `squares`: squared differences, `sampling`: their sampling variances. Solves Huber's proposal 2 for v: the mean of
    min(d²/(sampling + v), 1.345²) is what normal differences give. Few pairs so make a wide allowance.
    """
    limit = _CUT**2

    def gap(v: float) -> float:
        return float(np.minimum(squares / (sampling + v), limit).mean()) - _EXPECTED

    low, high = 1e-6 - 0.9 * float(sampling.min()), float(squares.max()) / _EXPECTED
    v = float(brentq(gap, low, high, xtol=1e-3)) if high > low and gap(low) > 0 else low
    # neighbouring differences share a point: three squares tell as much as two
    error = _SPREAD * np.sqrt(1.5 / squares.size) / (_SQUARE_INSIDE * float((1 / (sampling + v)).mean()))
    return max(v + float(error), 0.0)


class Found(NamedTuple):
    """What the charts said of one simulated world: `false_alarms` per unit and year, and the share of falls of
    `fall` points that signal within one and two periods.
    """

    n: int
    periods: int
    movement: float
    persistence: float
    fall: float
    false_alarms: float
    within_one: float
    within_two: float


def simulate(
    draws: int = 10_000,
    sizes: Sequence[int] = (10, 30, 100, 300),
    lengths: Sequence[int] = (8, 12, 20),
    movements: Sequence[float] = (0.0, 2.0, 4.0),
    persistences: Sequence[float] = (0.0, 0.5, 0.9),
    fall: float = 16.0,
    rate: float = FALSE_ALARM_RATE,
    seed: int = 20_250_101,
) -> list[Found]:
    """False alarms and power on a grid: `draws` units each, n answers of standard deviation 20 a quarter (the error
    estimated from them), true scores moving as AR(1), quarters after the first four in years. For power, one in twenty
    of the first units falls in the last quarter but one.
    """
    generator = np.random.default_rng(seed)
    grid = [
        (n, length, movement, persistence)
        for n in sizes
        for length in lengths
        for movement in movements
        for persistence in (persistences if movement else (0.0,))
    ]
    found = []
    for n, length, movement, persistence in grid:
        steps = generator.normal(size=(draws, length)) * movement
        steps[:, 1:] *= np.sqrt(1 - persistence**2)
        for period in range(1, length):
            steps[:, period] += persistence * steps[:, period - 1]
        scores = 65 + steps + generator.normal(size=steps.shape) * 20 / np.sqrt(n)
        errors = 20 * np.sqrt(generator.chisquare(n - 1, steps.shape) / (n - 1) / n)
        df = np.full(steps.shape, n - 1.0)
        calm = charts(scores, errors, df, rate=rate).signal
        years = [calm[:, start : start + 4].any(1) for start in range(BASELINE, length - 3, 4)]
        few = np.s_[:_FALLING]
        scores[:_FALLING:20, -2:] -= fall
        seen = charts(scores[few], errors[few], df[few], rate=rate).signal[::20]
        shares = (float(np.mean(years)), float(seen[:, -2].mean()), float(seen[:, -2:].any(1).mean()))
        found.append(Found(n, length, movement, persistence, fall, *shares))
    return found
