"""The effect of one action stands on a published worked example and keeps its level where nothing was done."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import t, ttest_ind

from pipelines.stats import welch
from pipelines.stats.experiments import change, effect, verdict

# Crawford and Howell 1998, p. 483: a case of 33 against fifteen controls of mean 50 and standard deviation 10.
APART = 10 * 7**0.5
CONTROLS = [50 - APART, *[50.0] * 13, 50 + APART]


def test_one_case_against_a_small_sample() -> None:
    assert (np.mean(CONTROLS), np.std(CONTROLS, ddof=1)) == pytest.approx((50, 10))
    found = effect(33, 0, CONTROLS, np.zeros(15))
    assert (found.value, found.df) == (-17, 14)
    # t(14) = −17/(10·√(16/15)) = −1.646, two-tailed p = .122
    statistic = found.value / ((found.high - found.low) / 2 / t.ppf(0.975, 14))
    assert statistic == pytest.approx(-1.646, abs=5e-4)
    assert verdict(found, 5) == "undecided"
    assert verdict(found, 60) == "no_difference"
    assert statistic == pytest.approx(ttest_ind([33], CONTROLS).statistic)


def test_a_change_is_welchs() -> None:
    found = change(60, 20**2 / 40, 39, 66, 15**2 / 90, 89)
    assert found == pytest.approx(welch(66, 15, 90, 60, 20, 40))
    assert change(60, 0, 9, 61, 0, 9)[:3] == (1, 1, 1)
    of_shares = change(60, 4, math.inf, 66, 5, math.inf)
    assert of_shares.high - of_shares.value == pytest.approx(1.959964 * 3)


@pytest.mark.parametrize(("shift", "said"), [(30, "moved_up"), (-30, "moved_down"), (0, "undecided")])
def test_a_verdict_needs_an_interval_without_zero(shift: float, said: str) -> None:
    found = effect(shift, 4, [1.0, -1, 2, -2, 0], np.full(5, 4.0))
    assert verdict(found, 5) == said
    # 2.9 standard errors of 2.9 points lie within 10: nothing done, and surely little
    assert verdict(found, 10) == (said if shift else "no_difference")


@pytest.mark.parametrize("units", [2, 3, 5, 12])
@pytest.mark.parametrize("movement", [0.0, 4.0, 8.0])
def test_nothing_done_is_seldom_called_a_difference(units: int, movement: float) -> None:
    """Two and a half thousand draws: sizes differ, the treated unit's too, and true scores move or stand still."""
    generator = np.random.default_rng([units, int(movement)])
    draws = 2_500
    variances = 2 * 20**2 / generator.choice([20, 60, 200], (draws, units + 1))
    changes = generator.normal(size=variances.shape) * np.sqrt(variances + 2 * movement**2)
    found = [
        effect(one[0], spread[0], one[1:], spread[1:]) for one, spread in zip(changes, variances, strict=True)
    ]
    assert np.mean([verdict(one, 5) in {"moved_up", "moved_down"} for one in found]) <= 0.065


def test_a_planted_effect_is_found() -> None:
    generator = np.random.default_rng(8)
    variance = 2 * 20**2 / 150
    changes = generator.normal(size=(2000, 9)) * variance**0.5
    found = [effect(12 + one[0], variance, one[1:], np.full(8, variance)) for one in changes]
    assert np.mean([verdict(one, 5) == "moved_up" for one in found]) > 0.95


@settings(max_examples=100, deadline=None)
@given(
    st.floats(-50, 50),
    st.lists(st.floats(-50, 50), min_size=2, max_size=8),
    st.floats(-20, 20),
    st.floats(0, 30),
)
def test_what_moves_everybody_is_no_effect(
    treated: float, others: list[float], tide: float, variance: float
) -> None:
    spread = np.full(len(others), 3.0)
    calm = effect(treated, variance, others, spread)
    moved = effect(treated + tide, variance, [one + tide for one in others], spread)
    assert moved == pytest.approx(calm, abs=1e-6)
    assert calm.low <= calm.value <= calm.high


@pytest.mark.parametrize(
    "undecidable",
    [
        lambda: effect(1, 1, [2.0], [1.0]),
        lambda: effect(1, -1, [2.0, 3.0], [1.0, 1.0]),
        lambda: change(1, -1, 9, 2, 1, 9),
        lambda: change(1, 1, 0, 2, 1, 9),
    ],
)
def test_what_cannot_be_decided_is_refused(undecidable: object) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        undecidable()  # type: ignore[operator]  # each is a call without arguments
