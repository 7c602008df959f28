"""Weights stand on published worked examples and keep their promises for any table."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.stats import norm

from pipelines.stats import effective_n
from pipelines.stats.weighting import (
    HEAVIEST,
    LIGHTEST,
    design_effect,
    post_stratified,
    raked,
    stratum_weights,
    trimmed,
)

SIZES = arrays(float, 5, elements=st.integers(1, 400).map(float))


def test_post_stratification_of_the_students_who_would_teach() -> None:
    # Lohr, Sampling: Design and Analysis: of 400 students drawn from 3,000 women and 1,000 men, 240 are women, 84 of
    # whom plan to teach, and 160 men, 40 of whom do: 1,300 in all, where the raw share says 1,240.
    shares, n = np.array([84 / 240, 40 / 160]), np.array([240.0, 160])
    found = post_stratified(shares, shares * (1 - shares) / (n - 1), n - 1, n, [3000, 1000])
    assert 4000 * found.value == pytest.approx(1300)
    assert stratum_weights(n, [3000, 1000]) == pytest.approx([0.75 / 0.6, 0.25 / 0.4])


def test_the_variance_is_that_of_a_stratified_mean() -> None:
    # Lohr, the census of agriculture by region: 300 counties, mean 295,561 acres, standard error 16,380.
    size, n = np.array([1054.0, 220, 1382, 422]), np.array([103.0, 21, 135, 41])
    means = np.array([300504.16, 97629.81, 211315.04, 662295.51])
    variances = np.array([29618183543, 7647472708, 53587487856, 396185950266]) / n * (1 - n / size)
    found = post_stratified(means, variances, np.inf, n, size)
    assert found.value == pytest.approx(295561, abs=1)
    assert (found.high - found.low) / 2 / norm.ppf(0.975) == pytest.approx(16380, abs=1)


def test_raking_of_the_table_everybody_rakes() -> None:
    # Wikipedia, Iterative proportional fitting, example 1; result as printed by ProportionalFitting.jl
    table = [[40, 30, 20, 10], [35, 50, 100, 75], [30, 80, 70, 120], [20, 30, 40, 50]]
    printed = [
        [64.5585, 46.2325, 35.3843, 3.82473],
        [49.9679, 68.1594, 156.499, 25.3742],
        [56.7219, 144.428, 145.082, 53.7673],
        [28.7516, 41.18, 63.0347, 17.0337],
    ]
    found = raked(table, [[150, 300, 400, 150], [200, 300, 400, 100]])
    assert found == pytest.approx(np.array(printed), rel=1e-5)


def test_one_margin_is_post_stratification() -> None:
    n, people = np.array([30.0, 50, 20]), np.array([400.0, 300, 300])
    assert raked(n, [people]) / n * n.sum() / people.sum() == pytest.approx(stratum_weights(n, people))


def test_the_effective_number_of_answers_is_kishs() -> None:
    weights, counts = [2.0, 0.5], [10.0, 30]
    each = np.repeat(weights, [10, 30])
    assert 40 / design_effect(weights, counts) == pytest.approx(effective_n(each))
    assert design_effect([1.0, 1.0], counts) == 1


def test_a_stratum_that_is_not_heard_leaves_nothing_decided() -> None:
    found = post_stratified([60, 70], [4, 4], [9, 9], [10, 0], [50, 50])
    assert np.isnan(found.value)
    assert np.isnan(found.design_effect)


def test_answers_of_nobody_in_the_population_are_not_used() -> None:
    found = post_stratified([60, 70, 10], [4, 4, 4], [9, 9, 9], [10, 10, 10], [50, 50, 0])
    assert found.value == pytest.approx(65)
    assert found.design_effect == 1


def test_trimmed_weights_no_longer_reach_the_population() -> None:
    n, people = [90.0, 10], [100.0, 900]
    weights = stratum_weights(n, people)
    assert weights == pytest.approx([(100 - 30) / 90, 3])
    found = post_stratified([60, 70], [1, 1], [9, 9], n, people)
    assert found.value == pytest.approx(0.7 * 60 + 0.3 * 70)


def test_the_interval_holds_the_truth_as_often_as_it_says() -> None:
    """Ten thousand samples of two strata answering unequally; the raw mean is two points off."""
    generator = np.random.default_rng(9)
    n, levels, spread = np.array([20, 60]), np.array([55.0, 65]), np.array([15.0, 22])
    means = levels + generator.normal(size=(10_000, 2)) * spread / np.sqrt(n)
    variances = spread**2 * generator.chisquare(n - 1, (10_000, 2)) / (n - 1) / n
    found = post_stratified(means, variances, n - 1, n, [500, 500])
    assert np.mean((found.low < 60) & (found.high > 60)) == pytest.approx(0.95, abs=0.007)


@settings(max_examples=100, deadline=None)
@given(SIZES, SIZES)
def test_weights_stay_in_bounds_average_one_and_keep_their_order(
    counts: np.ndarray, people: np.ndarray
) -> None:
    weights = stratum_weights(counts, people)
    assert np.average(weights, weights=counts) == pytest.approx(1)
    assert weights.min() >= LIGHTEST
    assert weights.max() <= HEAVIEST
    order = np.argsort(people / counts)
    assert (np.diff(weights[order]) >= -1e-9).all()
    assert design_effect(weights, counts) >= 1 - 1e-12
    untrimmed = people / people.sum() * counts.sum() / counts
    if untrimmed.min() > LIGHTEST and untrimmed.max() < HEAVIEST:
        assert weights == pytest.approx(untrimmed)


@settings(max_examples=60, deadline=None)
@given(
    arrays(float, (3, 4), elements=st.integers(1, 60).map(float)),
    arrays(float, (3, 4), elements=st.integers(1, 60).map(float)),
)
def test_raking_reaches_margins_and_keeps_odds(table: np.ndarray, other: np.ndarray) -> None:
    found = raked(table, [other.sum(1), other.sum(0)])
    assert found.sum(1) == pytest.approx(other.sum(1), rel=1e-6)
    assert found.sum(0) == pytest.approx(other.sum(0), rel=1e-6)
    odds = [one[0, 0] * one[1, 1] / (one[0, 1] * one[1, 0]) for one in (table, found)]
    assert odds[1] == pytest.approx(odds[0])


def test_many_cells_are_weighted_together() -> None:
    generator = np.random.default_rng(1)
    counts, people = generator.integers(5, 90, (2, 100, 20, 4))
    whole = stratum_weights(counts, people)
    assert whole.shape == counts.shape
    assert whole[7, 3] == pytest.approx(stratum_weights(counts[7, 3], people[7, 3]))


@pytest.mark.parametrize(
    ("undecidable", "said"),
    [
        (lambda: stratum_weights([-1, 2], [1, 1]), "0 or more"),
        (lambda: trimmed([1, 2], [1, 1], 1.5, 3), "either side of 1"),
        (lambda: raked([[1, 2], [3, 4]], [[5, 5]]), "a margin per axis"),
        (lambda: raked([[1, 2], [3, 4]], [[5, 5], [5, 6]]), "the same people"),
        (lambda: raked([[0, 0], [3, 4]], [[5, 5], [5, 5]]), "where nobody answered"),
        (lambda: raked([[1, 0], [0, 1]], [[2, 8], [5, 5]], rounds=50), "does not settle"),
    ],
)
def test_what_cannot_be_weighted_is_refused(undecidable: object, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        undecidable()  # type: ignore[operator]  # each is a call without arguments
