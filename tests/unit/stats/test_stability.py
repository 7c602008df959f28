"""The population stability index and what chance alone makes of it."""

from __future__ import annotations

import numpy as np
import pytest

from pipelines.ingest.scales import looks_like
from pipelines.stats.stability import (
    NO_MOMENTS,
    added,
    chance,
    correlation,
    mirrored,
    stability_index,
    turned,
)

FLAT, LEANING, PEAKED = [0.2] * 5, [0.02, 0.05, 0.13, 0.4, 0.4], [0.005, 0.015, 0.08, 0.3, 0.6]
TEN = [0.01, 0.01, 0.01, 0.02, 0.02, 0.05, 0.08, 0.2, 0.3, 0.2, 0.1]


def counts(*numbers: int) -> dict[float, int]:
    return {float(value): count for value, count in enumerate(numbers, start=1)}


def test_equal_shares_have_no_distance_and_the_index_is_the_formula() -> None:
    assert stability_index(counts(10, 20, 30), counts(10, 20, 30), 1, 3) == (0, 3)
    p, q = np.array([0.2, 0.8]), np.array([0.5, 0.5])
    by_hand = float(((p - q) * np.log(p / q)).sum())
    told, cells = stability_index(counts(200_000, 800_000), counts(500_000, 500_000), 1, 2)
    assert (told, cells) == (pytest.approx(by_hand, abs=1e-4), 2)


def test_a_slider_is_read_in_ten_cells() -> None:
    slider = {float(value): 3 for value in range(101)}
    assert stability_index(slider, slider, 0, 100) == (0, 10)


@pytest.mark.parametrize("shares", [FLAT, LEANING, PEAKED, TEN])
@pytest.mark.parametrize(("n", "m"), [(50, 50), (50, 500), (300, 3000)])
def test_chance_alone_alarms_no_more_often_than_said(shares: list[float], n: int, m: int) -> None:
    drawn = np.random.default_rng(20_260_101)
    trials, alarm, cells = 20_000, 0.01, len(shares)
    now, before = drawn.multinomial(n, shares, trials) + 0.5, drawn.multinomial(m, shares, trials) + 0.5
    p, q = now / now.sum(axis=1, keepdims=True), before / before.sum(axis=1, keepdims=True)
    index = ((p - q) * np.log(p / q)).sum(axis=1)
    assert (index > chance(n, m, cells, alarm)).mean() < 0.0125  # 0.01, and 3.5 standard errors of the trials
    assert index.mean() < (cells - 1) * (1 / n + 1 / m) * 1.05
    # the convention alone cries wolf on small groups: the bound is there for that
    if (n, m, shares) == (50, 50, FLAT):
        assert (index > 0.25).mean() > 0.1


def moments(x: np.ndarray, y: np.ndarray) -> tuple[float, float, float, float, float, float]:
    return len(x), x.sum(), y.sum(), (x * x).sum(), (y * y).sum(), (x * y).sum()


def test_a_correlation_is_pearsons_and_pools_exactly() -> None:
    drawn = np.random.default_rng(1)
    x = drawn.normal(size=400)
    y = 0.5 * x + drawn.normal(size=400)
    parts = [moments(x[:130], y[:130]), moments(x[130:], y[130:])]
    assert correlation(added(parts)) == pytest.approx(np.corrcoef(x, y)[0, 1])
    assert correlation(NO_MOMENTS) is None
    assert correlation(moments(np.ones(9), y[:9])) is None


def test_only_a_clear_turn_counts_as_turned() -> None:
    drawn = np.random.default_rng(2)
    x = drawn.normal(size=300)
    y = x + drawn.normal(size=300)
    assert turned(moments(-x, y), moments(x, y), 0.0001)
    assert not turned(moments(x, y), moments(x, y), 0.0001)
    y = x + 3 * drawn.normal(size=300)
    assert turned(moments(-x, y), moments(x, y), 0.0001)
    assert not turned(moments(-x[:8], y[:8]), moments(x, y), 0.0001)  # eight answers tell nothing


def test_a_mirror_turns_the_scale_round() -> None:
    assert mirrored(counts(1, 2, 3), 1, 3) == counts(3, 2, 1)


@pytest.mark.parametrize(
    ("answers", "scale"),
    [
        (counts(5, 5, 5, 5, 5), "1-5"),
        ({float(value): 9 for value in range(1, 11)}, "1-10"),
        ({float(value): 9 for value in range(11)}, "0-10"),
        ({float(value): 9 for value in range(5)}, "0-4"),
        ({1.0: 5, 1.5: 5, 4.5: 5}, "1-5 by fractions"),
        ({**counts(500, 500, 500, 500, 500), 99.0: 1}, "1-5"),
        ({1e9: 5}, None),
        ({}, None),
    ],
)
def test_a_set_of_numbers_looks_like_a_scale(answers: dict[float, int], scale: str | None) -> None:
    assert looks_like(answers) == scale
