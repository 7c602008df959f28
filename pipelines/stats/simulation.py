"""What the statistics promise, held against populations whose truth is known: coverage, false claims, found effects.

Every figure is the same each time: seeds are fixed. Coverage is exact, by going through every possible set of counts,
where there are few enough; else it is the share of `draws` samples. The functions judged are those that publish.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from itertools import combinations
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln, stdtrit, xlogy

from pipelines.stats.early import charts
from pipelines.stats.intervals import Estimate, mean_t, nps_adjusted_wald, wilson
from pipelines.stats.multiplicity import discoveries, interval_p_values
from pipelines.stats.panel import relations

Array = NDArray[np.float64]
Populations = dict[str, tuple[float, ...]]

SEED = 20_260_101
SIZES = (10, 20, 30, 50, 100, 300)
MOST_OUTCOMES = 50_000  # sets of counts that are gone through one by one
AT_ONCE, PANELS = 10_000, 2_000  # samples, and panels, held in memory together
POINTS = tuple(25.0 * step for step in range(5))  # POMP of the answers 1 to 5
# Shares of the answers 1 to 5 that the change tests use too: even, skewed, more skewed, two camps.
LIKERT: Populations = {
    "Likert, even": (0.2, 0.2, 0.2, 0.2, 0.2),
    "Likert, leaning": (0.02, 0.05, 0.13, 0.4, 0.4),
    "Likert, peaked": (0.005, 0.015, 0.08, 0.3, 0.6),
    "Likert, two camps": (0.35, 0.1, 0.1, 0.1, 0.35),
}
SHARES = (0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 0.8, 0.9, 0.95)
# Shares of promoters and detractors.
PROMOTERS = ((0.5, 0.2), (0.2, 0.5), (0.35, 0.35), (0.7, 0.1), (0.8, 0.05), (0.1, 0.1), (0.9, 0.03))

# One report: teams of a region by answers a wave, regions, KPIs, standard deviation of an answer in points.
TEAMS, REGIONS, KPIS, SPREAD = (12, 25, 40, 60, 120), 8, 3, 20.0


class Cell(NamedTuple):
    """Coverage (0–1) of the 95 % interval of `method` over samples of `n` answers; `draws` 0: exact."""

    method: str
    population: str
    n: int
    coverage: float
    draws: int


def grid(draws: int, seed: int = SEED) -> Iterator[Cell]:
    """Coverage of the three intervals over the declared grid: `SIZES` × populations."""
    random = np.random.default_rng(seed)
    shares: Populations = {f"share {p:g}": (p, 1 - p) for p in SHARES}
    scores: Populations = {
        f"{up:.0%} promoters, {down:.0%} detractors": (up, 1 - up - down, down) for up, down in PROMOTERS
    }
    families: list[tuple[str, Callable[..., Estimate], Populations, tuple[float, ...]]] = [
        ("t", mean_of_counts, LIKERT, POINTS),
        ("Wilson", share_of_counts, shares, (1, 0)),
        ("adjusted Wald", nps_adjusted_wald, scores, (100, 0, -100)),
    ]
    for n in SIZES:
        for name, covered in coverage_of_means(n, draws, random).items():
            yield Cell("t", name, n, covered, draws)
        for method, interval, populations, worth in families:
            found, made = coverage_of_counts(interval, n, populations, worth, draws, random)
            for name, covered in found.items():
                yield Cell(method, name, n, covered, made)


def mean_of_counts(*counts: int) -> Estimate:
    """The t interval of the mean POMP of `counts` answers 1 to 5."""
    n = sum(counts)
    mean = math.fsum(point * count for point, count in zip(POINTS, counts, strict=True)) / n
    squares = math.fsum(count * (point - mean) ** 2 for point, count in zip(POINTS, counts, strict=True))
    return mean_t(mean, math.sqrt(squares / (n - 1)), n)


def share_of_counts(successes: int, failures: int) -> Estimate:
    """Wilson's interval of `successes` among both."""
    return wilson(successes, successes + failures)


def coverage_of_means(n: int, draws: int, random: np.random.Generator) -> dict[str, float]:
    """Share of t intervals that hold the true mean, normal and skewed (exponential, skewness 2)."""
    laws: dict[str, tuple[Callable[[tuple[int, int]], Array], float]] = {
        "normal": (random.standard_normal, 0.0),
        "skewed": (random.standard_exponential, 1.0),
    }
    return {
        name: _share_holding((mean_t(mean, sd, n) for mean, sd in _moments(law, n, draws)), truth, None)
        for name, (law, truth) in laws.items()
    }


def _moments(law: Callable[[tuple[int, int]], Array], n: int, draws: int) -> Iterator[tuple[float, float]]:
    """Mean and standard deviation of each of `draws` samples."""
    for start in range(0, draws, AT_ONCE):
        values = law((min(AT_ONCE, draws - start), n))
        yield from zip(values.mean(axis=1).tolist(), values.std(axis=1, ddof=1).tolist(), strict=True)


def coverage_of_counts(
    interval: Callable[..., Estimate],
    n: int,
    populations: Populations,
    worth: Sequence[float],
    draws: int,
    random: np.random.Generator,
) -> tuple[dict[str, float], int]:
    """Coverage by population of an interval of counts, and the draws it took: 0 where every outcome was gone through.

    `populations` give the shares of each answer, `worth` what an answer is worth in the unit of the interval.
    """
    kinds = len(worth)
    truths = {name: float(np.dot(shares, worth)) for name, shares in populations.items()}
    if math.comb(n + kinds - 1, kinds - 1) <= MOST_OUTCOMES:
        outcomes = _outcomes(n, kinds)
        bounds = [interval(*counts) for counts in outcomes.tolist()]
        ways = gammaln(n + 1) - gammaln(outcomes + 1).sum(axis=1)
        chances = {
            name: np.exp(ways + xlogy(outcomes, shares).sum(axis=1)) for name, shares in populations.items()
        }
        return {name: _share_holding(bounds, truths[name], chances[name]) for name in populations}, 0
    found = {}
    for name, shares in populations.items():
        outcomes, times = np.unique(random.multinomial(n, shares, size=draws), axis=0, return_counts=True)
        bounds = [interval(*counts) for counts in outcomes.tolist()]
        found[name] = _share_holding(bounds, truths[name], times / draws)
    return found, draws


def _outcomes(n: int, kinds: int) -> NDArray[np.int64]:
    """Every way of sharing `n` answers out among `kinds`, a row each."""
    bars = np.array(list(combinations(range(n + kinds - 1), kinds - 1)), dtype=np.int64)
    edges = np.column_stack([np.full(len(bars), -1), bars, np.full(len(bars), n + kinds - 1)])
    return np.diff(edges, axis=1) - 1


def _share_holding(bounds: Iterator[Estimate] | list[Estimate], truth: float, chances: Array | None) -> float:
    """Probability that an interval holds the truth; a bound that equals it but for rounding does."""
    held = np.array([found.low - 1e-9 <= truth <= found.high + 1e-9 for found in bounds])
    return float(held.mean() if chances is None else held @ chances)


# ---- false claims ------------------------------------------------------------------------------------------


class Claims(NamedTuple):
    """Shares (0–1) of the draws that end in each verdict on a relation, and the share whose p value is below 5 %."""

    supported: float
    contradicted: float
    not_enough: float
    rejected: float


def claims(
    units: int, periods: int, persistence: float, effect: float, uneven: bool, draws: int, seed: int = SEED
) -> Claims:
    """Verdicts on panels where finance and score each follow an AR(1) of variance 1 around unit and period effects.

    `effect` is what one point of score adds to finance a period later (0: nothing to find); half a standard deviation
    is the effect of interest, a whole one where `uneven`: the noise of units then runs from a half to twice, and one
    cell in ten is missing.
    """
    random = np.random.default_rng([seed, units, round(100 * persistence), round(100 * abs(effect)), uneven])
    verdicts, p_values = [], []
    for start in range(0, draws, PANELS):
        panels = _panels(min(PANELS, draws - start), units, periods, persistence, effect, uneven, random)
        found = relations(*panels, 0.5 * (1 + uneven), resamples=399, seed=seed)
        verdicts.append(found["verdict"])
        p_values.append(found["p_value"].astype(float))
    told = [
        float((np.concatenate(verdicts) == one).mean())
        for one in ("supported", "contradicted", "not_enough_data")
    ]
    return Claims(told[0], told[1], told[2], float((np.concatenate(p_values) <= 0.05).mean()))


def _panels(
    draws: int,
    units: int,
    periods: int,
    persistence: float,
    effect: float,
    uneven: bool,
    random: np.random.Generator,
) -> tuple[Array, Array]:
    """Finance and score, (draws, units, periods + 1): the first period has no score before it."""
    shape = (draws, units, periods + 1)
    score, noise = _persistent(shape, persistence, random), _persistent(shape, persistence, random)
    if uneven:
        noise *= np.geomspace(0.5, 2, units)[:, None]
    finance = (
        noise + random.standard_normal((draws, units, 1)) + random.standard_normal((draws, 1, periods + 1))
    )
    finance[:, :, 1:] += effect * score[:, :, :-1]
    if uneven:
        finance[:, random.random(shape[1:]) < 0.1] = math.nan
    return finance, score


def _persistent(shape: tuple[int, ...], persistence: float, random: np.random.Generator) -> Array:
    """AR(1) of variance 1 along the last axis, started from its own law."""
    series = random.standard_normal(shape)
    for now in range(1, shape[-1]):
        series[..., now] = (
            persistence * series[..., now - 1] + math.sqrt(1 - persistence**2) * series[..., now]
        )
    return series


class Discoveries(NamedTuple):
    """`false_rate`: mean share (0–1) of false ones among the changes not labelled noise; `found`: share of the planted
    changes that are not, by answers a wave.
    """

    false_rate: float
    found: dict[int, float]


def false_discoveries(planted: float, draws: int, seed: int = SEED) -> Discoveries:
    """Labels of the 147 changes of one report: 3 KPIs, 49 units (8 regions of 5 teams, under one), SD 20 points.

    Changes are correlated: KPIs share half the variance of a respondent's answers, regions pool their teams. The teams
    of one region rise by `planted` points and those of another fall as much; everything else, the whole included, has
    not moved. Labels are the scorecard's: p values of Welch's intervals, then Benjamini–Hochberg over the report.
    """
    random = np.random.default_rng([seed, round(10 * planted)])
    sizes = np.tile(TEAMS, REGIONS)
    moved = np.zeros(REGIONS)
    moved[:2] = planted, -planted
    truth = np.concatenate([np.repeat(moved, len(TEAMS)), moved, [0.0]])[:, None]
    rates, found = [], []
    for start in range(0, draws, 500):
        before = _wave(np.zeros(len(sizes)), sizes, min(500, draws - start), random)
        now = _wave(np.repeat(moved, len(TEAMS)), sizes, min(500, draws - start), random)
        told = _told(
            now, before, np.concatenate([sizes, np.full(REGIONS, sum(TEAMS)), [sizes.sum()]])[:, None]
        )
        false = (told & (truth == 0)).sum(axis=(1, 2))
        rates.append(false / np.maximum(told.sum(axis=(1, 2)), 1))
        found.append(told[:, : 2 * len(TEAMS)].mean(axis=(0, 2)).reshape(2, -1).mean(axis=0))
    return Discoveries(
        float(np.concatenate(rates).mean()), dict(zip(TEAMS, np.mean(found, axis=0).tolist(), strict=True))
    )


def _wave(
    level: Array, sizes: NDArray[np.int64], draws: int, random: np.random.Generator
) -> tuple[Array, Array]:
    """Means and variances (draws, units, KPIs) of teams, then of regions, then of all, as pooled answers give them."""
    shape = (draws, len(sizes), KPIS)
    shared, own = random.standard_normal((*shape[:2], 1)), random.standard_normal(shape)
    n = sizes[:, None].astype(float)
    means = level[:, None] + SPREAD * (shared + own) / np.sqrt(2 * n)
    squares = SPREAD**2 * random.chisquare(np.broadcast_to(n - 1, shape))
    pooled = [(means, squares / (n - 1))]
    for units in (REGIONS, 1):
        cut = (draws, units, -1, KPIS)
        part, weight = means.reshape(cut), n.reshape(units, -1, 1)
        total = weight.sum(axis=1)
        mean = (weight * part).sum(axis=2) / total
        between = (weight * (part - mean[:, :, None]) ** 2).sum(axis=2)
        pooled.append((mean, (squares.reshape(cut).sum(axis=2) + between) / (total - 1)))
    return np.concatenate([one for one, _ in pooled], axis=1), np.concatenate(
        [one for _, one in pooled], axis=1
    )


def _told(now: tuple[Array, Array], before: tuple[Array, Array], n: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which changes (draws, units, KPIs) are not labelled noise."""
    difference = now[0] - before[0]
    one, other = now[1] / n, before[1] / n
    df = (one + other) ** 2 / ((one**2 + other**2) / (n - 1))
    half = stdtrit(df, 0.975) * np.sqrt(one + other)
    p_values = interval_p_values(difference - half, difference + half, df).reshape(len(df), -1)
    reports = np.repeat(np.arange(len(df)), p_values.shape[1])
    return discoveries(p_values.ravel(), reports).reshape(df.shape)


def false_alarms(persistence: float, movement: float, rate: float, panels: int, seed: int = SEED) -> float:
    """Share of unit-years with an alarm where no score falls: `panels` of 60 units over 12 quarters, SD 20 points.

    True scores move around their level with standard deviation `movement` points and AR(1) `persistence` by quarter;
    units answer 12 to 200 times. The first year is baseline: two years are judged.
    """
    random = np.random.default_rng([seed, round(100 * persistence), round(10 * movement)])
    n = np.geomspace(12, 200, 60).round()[:, None]
    alarms = []
    for _ in range(panels):
        level = 60 + movement * _persistent((60, 12), persistence, random)
        scores = level + 20 / np.sqrt(n) * random.standard_normal(level.shape)
        errors = 20 / np.sqrt(n) * np.sqrt(random.chisquare(np.broadcast_to(n - 1, level.shape)) / (n - 1))
        signal = charts(
            scores, errors, np.broadcast_to(n - 1, level.shape), rate=rate, periods_per_year=4
        ).signal
        alarms.append(signal[:, 4:].reshape(60, 2, 4).any(axis=2))
    return float(np.mean(alarms))
