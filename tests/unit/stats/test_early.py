"""The charts keep their rate of false alarms and find what they are for, in worlds whose truth is known."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.stats import norm

from pipelines.stats.early import (
    BASELINE,
    LEAST_MOVEMENT,
    SMOOTHING,
    charts,
    excess_variance,
    simulate,
)

# NIST/SEMATECH e-Handbook of Statistical Methods, 6.3.2.4: an EWMA chart of target 50 and weight 0.3.
NIST_DATA = [
    52.0,
    47.0,
    53.0,
    49.3,
    50.1,
    47.0,
    51.0,
    50.1,
    51.2,
    50.5,
    49.6,
    47.6,
    49.9,
    51.3,
    47.8,
    51.2,
    52.6,
    52.4,
]
NIST_EWMA = [
    50.60,
    49.52,
    50.56,
    50.18,
    50.16,
    49.21,
    49.75,
    49.85,
    50.26,
    50.33,
    50.11,
    49.36,
    49.52,
    50.05,
    49.38,
]


def test_the_smoothing_is_the_handbooks() -> None:
    scores = [[50.0] * BASELINE + NIST_DATA]
    found = charts(scores, np.full((1, len(scores[0])), 2.0))
    # the handbook starts from the target as from a point; here its weight is left out
    started = 1 - (1 - SMOOTHING) ** np.arange(1, len(NIST_EWMA) + 1)
    ewma = 50 + found.fall[0, BASELINE:][: len(NIST_EWMA)] * started
    assert ewma == pytest.approx(NIST_EWMA, abs=0.011)


def test_a_mean_of_four_points_is_the_baseline() -> None:
    found = charts([[60.0, 62, 58, 60, 52]], np.full((1, 5), 2.0))
    assert found.decided.tolist() == [[False] * 4 + [True]]
    # the first later point alone: 52 − 60; its variance holds both errors and both ordinary movements
    assert found.fall[0, 4] == pytest.approx(-8)
    half = norm.ppf(0.975) * np.sqrt((4 + LEAST_MOVEMENT**2) * (1 + 1 / BASELINE))
    assert found.high[0, 4] - found.fall[0, 4] >= half


def test_the_fall_is_a_moving_average_that_counts_missing_periods() -> None:
    gone = float("nan")
    found = charts([[60.0, gone, 60, 60, 60, 50, gone, 54]], np.full((1, 8), 2.0))
    old, new = (1 - SMOOTHING) ** 2, 1.0
    assert found.fall[0, 7] == pytest.approx((-10 * old - 6 * new) / (old + new))
    assert np.isnan(found.fall[0, 6])


def test_few_answers_widen_the_interval_by_students_t() -> None:
    scores, errors = [[60.0, 62, 58, 60, 52]], np.full((1, 5), 4.0)
    wide, narrow = charts(scores, errors, np.full((1, 5), 9.0)), charts(scores, errors)
    assert wide.high[0, 4] > narrow.high[0, 4]


def test_a_fall_of_sixteen_points_is_found_within_two_quarters() -> None:
    # errors of 1.4 to 2.8 points, true scores of twelve periods that move by nothing or by 2 points
    found = simulate(
        draws=1200, sizes=(50, 100, 200), lengths=(12,), movements=(0.0, 2.0), persistences=(0.5,)
    )
    within = {(one.n, one.movement): (one.within_one, one.within_two) for one in found}
    assert within[50, 0.0] >= (0.9, 0.98)
    for n in (100, 200):
        assert within[n, 0.0] == (1.0, 1.0)
        assert within[n, 2.0] >= (0.9, 0.98)


@pytest.mark.parametrize(("rate", "sizes", "lengths"), [(0.05, (10, 100), (12,)), (0.2, (30,), (8,))])
def test_false_alarms_stay_below_the_declared_rate(
    rate: float, sizes: tuple[int, ...], lengths: tuple[int, ...]
) -> None:
    """Ten thousand units a cell: few answers and many, one and two years after the first, movement that lasts or not."""
    grid = simulate(10_000, sizes, lengths, movements=(0.0, 3.0), persistences=(0.0, 0.8), rate=rate)
    assert max(one.false_alarms for one in grid) <= rate
    assert np.mean([one.false_alarms for one in grid]) >= rate / 10, (
        "a chart that never signals proves nothing"
    )


def test_a_small_home_has_no_more_false_alarms_than_a_large_one() -> None:
    """One and five units alone: ordinary movement rests on very few pairs and the allowance is wide."""
    generator = np.random.default_rng(11)
    for units, homes in ((1, 200), (5, 50)):
        alarms = []
        for _ in range(homes):
            scores = 60 + generator.normal(size=(units, 12)) * np.hypot(3, 2)
            alarms.append(charts(scores, np.full(scores.shape, 2.0)).signal)
        years = np.concatenate(alarms)[:, BASELINE:].reshape(-1, 4).any(1)
        assert years.mean() <= 0.05


def test_an_alarm_lasts_where_every_unit_falls() -> None:
    """What has signalled is no ordinary movement: a fall does not become its own excuse."""
    scores = 60 + np.random.default_rng(3).normal(size=(40, 14)) * 2
    scores[:, 8:] -= 16
    signal = charts(scores, np.full(scores.shape, 2.0)).signal
    assert signal[:, :8].mean() < 0.02
    assert signal[:, 8:].mean() > 0.98


def test_a_slow_decline_is_found_by_accumulation() -> None:
    scores = 60 + np.random.default_rng(4).normal(size=(400, 16)) * 2
    scores[:20, 6:] -= 1.5 * np.arange(1, 11)
    signal = charts(scores, np.full(scores.shape, 2.0)).signal
    assert signal[:20, -1].mean() > 0.9


def test_the_excess_variance_is_that_of_true_scores() -> None:
    generator = np.random.default_rng(5)
    sampling = generator.uniform(2, 40, 20_000)
    squares = generator.normal(size=20_000) ** 2 * (sampling + 9)
    assert excess_variance(squares, sampling) == pytest.approx(9, abs=1)
    squares[::20] *= 400  # one in twenty fell
    assert excess_variance(squares, sampling) < 14
    assert excess_variance(np.zeros(100), np.full(100, 4.0)) == 0


@settings(max_examples=50, deadline=None)
@given(arrays(float, (3, 9), elements=st.floats(0, 100)), st.floats(0.5, 8), st.floats(-20, 20))
def test_moving_every_score_moves_nothing(scores: np.ndarray, error: float, shift: float) -> None:
    errors = np.full(scores.shape, error)
    here, there = charts(scores, errors), charts(scores + shift, errors)
    assert there.fall == pytest.approx(here.fall, abs=1e-6, nan_ok=True)
    assert there.low == pytest.approx(here.low, abs=1e-2, nan_ok=True)


@settings(max_examples=50, deadline=None)
@given(arrays(float, (3, 9), elements=st.floats(0, 100)), st.permutations(range(3)), st.integers(5, 9))
def test_neither_the_order_of_units_nor_a_later_period_matters(
    scores: np.ndarray, order: list[int], length: int
) -> None:
    errors = np.full(scores.shape, 2.0)
    whole = charts(scores, errors)
    assert (charts(scores[order], errors).signal == whole.signal[order]).all()
    assert (charts(scores[:, :length], errors[:, :length]).signal == whole.signal[:, :length]).all()


@pytest.mark.parametrize(
    ("scores", "errors", "more"),
    [
        ([1.0, 2.0], [1.0, 1.0], {}),
        ([[1.0, 2.0]], [[1.0]], {}),
        ([[1.0]], [[1.0]], {"rate": 0.0}),
        ([[1.0]], [[1.0]], {"periods_per_year": 0}),
    ],
)
def test_what_makes_no_chart_is_refused(scores: object, errors: object, more: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=r"got"):
        charts(scores, errors, **more)  # type: ignore[arg-type]  # wrong shapes are the point
