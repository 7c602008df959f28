"""Empirical Bayes for ranking: published between-unit variances, and what drawing towards the mean must do."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.stats.shrinkage import between_variance, shrunken

# The CLASP example: low-dose aspirin in pregnancy, events of treated and controls
TREATED, OF = np.array([5, 5, 12, 69, 9, 313]), np.array([156, 303, 565, 1570, 103, 4659])
CONTROLS, BESIDE = np.array([8, 17, 9, 94, 11, 352]), np.array([74, 303, 477, 1565, 105, 4650])


def test_between_variance_of_the_clasp_trials() -> None:
    # DerSimonian and Kacker 2007, tables 3 and 4: Paule and Mandel's τ 0.3681, mean −0.3811, standard error 0.2060
    cells = (TREATED, OF - TREATED, CONTROLS, BESIDE - CONTROLS)
    log_odds = np.log(cells[0] * cells[3] / (cells[1] * cells[2]))
    variance = sum(1 / cell for cell in cells)
    tau2 = between_variance(log_odds, variance)
    weight = 1 / (variance + tau2)
    assert tau2**0.5 == pytest.approx(0.3681, abs=5e-5)
    assert (weight * log_odds).sum() / weight.sum() == pytest.approx(-0.3811, abs=5e-5)
    assert weight.sum() ** -0.5 == pytest.approx(0.2060, abs=5e-5)


def test_eight_schools_are_all_one() -> None:
    # Rubin 1981: the effects differ by less than their errors; complete pooling gives 7.7 (Gelman et al., BDA, 5.5)
    effects, errors = [28, 8, -3, 7, -1, 1, 18, 12], np.array([15, 10, 16, 11, 9, 11, 10, 18])
    assert shrunken(effects, errors**2) == pytest.approx([7.7] * 8, abs=0.05)


values = st.lists(st.tuples(st.floats(-100, 100), st.floats(0.01, 200)), min_size=3, max_size=40)


@given(values)
def test_a_value_moves_towards_the_mean_and_never_past_it(given_values: list[tuple[float, float]]) -> None:
    y, variance = np.array(given_values).T
    moved = shrunken(y, variance)
    tau2 = between_variance(y, variance)
    weight = 1 / (variance + tau2)
    mean = (weight * y).sum() / weight.sum()
    assert (np.abs(moved - mean) <= np.abs(y - mean) + 1e-6).all()
    assert ((moved - mean) * (y - mean) >= -1e-6).all()


def test_the_less_is_known_the_more_it_moves() -> None:
    moved = shrunken([40.0, 60.0, 80.0, 80.0], [4.0, 4.0, 4.0, 100.0])
    assert moved[2] > moved[3]
    assert moved[2] > 78


def test_ranks_by_drawn_values_are_nearer_the_truth() -> None:
    drawn = np.random.default_rng(2)
    truth = drawn.normal(60, 5, 3000)
    se = np.where(np.arange(3000) % 2, 8.0, 2.0)
    seen = drawn.normal(truth, se)
    moved = shrunken(seen, se**2)
    assert ((moved - truth) ** 2).mean() < 0.6 * ((seen - truth) ** 2).mean()
    top_seen, top_moved = (np.argsort(values)[-30:] for values in (seen, moved))
    assert truth[top_moved].mean() > truth[top_seen].mean() + 2


def test_answers_that_are_all_alike_are_an_accident_of_few() -> None:
    assert shrunken([90.0, 60.0, 62.0, 58.0], [0.0, 9.0, 9.0, 9.0]).tolist() == pytest.approx(
        shrunken([90.0, 60.0, 62.0, 58.0], [9.0] * 4).tolist()
    )
    assert shrunken([90.0, 60.0, 30.0], [0.0] * 3).tolist() == [90, 60, 30]
    assert shrunken([50.0] * 3, [4.0] * 3).tolist() == [50] * 3
