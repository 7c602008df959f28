"""Shares of explained variance, on published examples and against every order of entry."""

from __future__ import annotations

from itertools import permutations
from pathlib import Path

import numpy as np
import pytest

from pipelines.stats.drivers import MOST_FOR_LMG, drivers, johnson, lmg, r_squared_of_subsets

REFERENCE = Path(__file__).parents[3] / "pipelines" / "verify" / "reference"


def correlated(p: int, n: int, seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """`p` predictors that share a factor, and an outcome that leans on the later ones."""
    random = np.random.default_rng(seed)
    x = random.normal(size=(n, p)) + random.normal(size=(n, 1))
    return x, x @ np.arange(p) + 3 * random.normal(size=n)


def test_attitude_has_its_published_shares() -> None:
    table = np.loadtxt(REFERENCE / "attitude.csv", delimiter=",", skiprows=1)
    shares = lmg(np.corrcoef(np.column_stack([table[:, 1:], table[:, 0]]), rowvar=False))
    assert shares.round(4).tolist() == [0.3708, 0.0509, 0.1558, 0.1203, 0.0066, 0.0282]
    assert shares.sum() == pytest.approx(0.7326, abs=5e-5)


def test_johnson_has_the_weights_of_the_documented_example() -> None:
    matrix = np.loadtxt(REFERENCE / "johnson_weights.csv", delimiter=",", skiprows=1)
    assert johnson(matrix).round(8).tolist() == [0.24066119, 0.05492664, 0.12143476, 0.28158189]


def r_squared(x: np.ndarray, y: np.ndarray, chosen: list[int]) -> float:
    design = np.column_stack([np.ones(len(y)), x[:, chosen]])
    left = y - design @ np.linalg.lstsq(design, y, rcond=None)[0]
    return 1 - float(left @ left) / float(((y - y.mean()) ** 2).sum())


def test_lmg_is_the_mean_gain_over_every_order_of_entry() -> None:
    x, y = correlated(4, 80)
    gains = np.zeros(4)
    for order in permutations(range(4)):
        for place, one in enumerate(order):
            gains[one] += r_squared(x, y, list(order[: place + 1])) - r_squared(x, y, list(order[:place]))
    matrix = np.corrcoef(np.column_stack([x, y]), rowvar=False)
    assert lmg(matrix) == pytest.approx(gains / 24, abs=1e-12)


def test_subsets_are_the_least_squares_of_each() -> None:
    x, y = correlated(3, 60)
    found = r_squared_of_subsets(np.corrcoef(np.column_stack([x, y]), rowvar=False))
    wanted = [r_squared(x, y, [j for j in range(3) if place >> (2 - j) & 1]) for place in range(8)]
    assert found == pytest.approx(wanted, abs=1e-12)


@pytest.mark.parametrize("shares_of", [lmg, johnson])
def test_shares_sum_to_r_squared_and_follow_a_change_of_order(shares_of: object) -> None:
    x, y = correlated(6, 300)
    matrix = np.corrcoef(np.column_stack([x, y]), rowvar=False)
    shares = shares_of(matrix)  # type: ignore[operator]
    assert shares.sum() == pytest.approx(r_squared(x, y, list(range(6))), abs=1e-10)
    turned = [5, 4, 3, 2, 1, 0, 6]
    assert shares_of(matrix[np.ix_(turned, turned)]) == pytest.approx(shares[::-1], abs=1e-10)  # type: ignore[operator]


@pytest.mark.parametrize("shares_of", [lmg, johnson])
def test_twins_share_alike_and_what_is_independent_keeps_its_own(shares_of: object) -> None:
    twins = np.array([[1, 1, 0, 0.6], [1, 1, 0, 0.6], [0, 0, 1, 0.3], [0.6, 0.6, 0.3, 1]])
    assert shares_of(twins) == pytest.approx([0.18, 0.18, 0.09], abs=1e-9)  # type: ignore[operator]


def test_below_fifty_rows_or_ten_a_predictor_nothing_is_claimed() -> None:
    x, y = correlated(3, 50)
    assert drivers(x, y, resamples=50).enough
    x[7, 1] = np.nan
    found = drivers(x, y)
    assert (found.n, found.needed, found.enough, found.shares, found.r_squared) == (49, 50, False, (), None)
    assert drivers(*correlated(8, 79)).needed == 80


def test_the_bootstrap_is_the_one_of_rows_drawn_again() -> None:
    x, y = correlated(3, 120)
    found = drivers(x, y, resamples=2000)
    random = np.random.default_rng(9)
    drawn = []
    for _ in range(2000):
        rows = random.integers(0, 120, 120)
        drawn.append(lmg(np.corrcoef(np.column_stack([x[rows], y[rows]]), rowvar=False)))
    assert found.low == pytest.approx(np.percentile(drawn, 2.5, axis=0), abs=0.02)
    assert found.high == pytest.approx(np.percentile(drawn, 97.5, axis=0), abs=0.02)
    assert found.rank == (3, 2, 1)
    kept = (np.array(drawn).argmax(axis=1) == 2).mean()
    assert found.rank_kept[2] == pytest.approx(kept, abs=0.03)
    assert found == drivers(x, y, resamples=2000)


def test_ranks_of_like_predictors_are_not_stable_and_say_so() -> None:
    random = np.random.default_rng(3)
    x = random.normal(size=(200, 3))
    y = x[:, 0] + x[:, 1] + 0.1 * x[:, 2] + random.normal(size=200)
    first, second, third = drivers(x, y, resamples=500).rank_kept
    assert (first < 0.9, second < 0.9, third > 0.99) == (True, True, True)


def test_above_twelve_predictors_johnson_takes_over() -> None:
    x, y = correlated(MOST_FOR_LMG + 1, 200)
    found = drivers(x, y, resamples=20)
    assert (found.method, drivers(x[:, 1:], y, resamples=20).method) == ("johnson", "lmg")
    with pytest.raises(ValueError, match="12 predictors at most"):
        lmg(np.corrcoef(np.column_stack([x, y]), rowvar=False))


def test_what_does_not_vary_cannot_be_shared_out() -> None:
    x, y = correlated(2, 60)
    with np.errstate(invalid="ignore"), pytest.raises(ValueError, match="does not vary"):
        drivers(np.column_stack([x, np.ones(60)]), y)
