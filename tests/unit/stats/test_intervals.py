"""Each interval stands on a published worked example; the rest are the edges where formulas break."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats as scipy_stats

from pipelines.stats import (
    agresti_caffo,
    effective_n,
    mean_t,
    mean_t_of,
    nps_adjusted_wald,
    nps_difference,
    t_quantiles,
    welch,
    wilson,
)

# Student 1908, "extra" hours of sleep under two drugs: the `sleep` data set of R.
SLEEP_ONE = [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0]
SLEEP_TWO = [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4]


def test_quantiles_are_those_of_printed_tables() -> None:
    table = t_quantiles()
    assert table.schema.names == ["df", "t_975"]
    assert table.num_rows == 1001
    t = dict(zip(table["df"].to_pylist(), table["t_975"].to_pylist(), strict=True))
    printed = {1: 12.706, 2: 4.303, 9: 2.262, 30: 2.042, 120: 1.980, 1000: 1.962, 1_000_000: 1.960}
    assert {df: round(t[df], 3) for df in printed} == printed


def test_mean_of_students_sleep_data() -> None:
    # R: t.test(sleep$extra[11:20]): mean 2.33, 95 percent interval 0.8976775 3.7623225
    estimate = mean_t_of(SLEEP_TWO)
    assert estimate == pytest.approx((2.33, 0.8976775, 3.7623225, 9), abs=5e-8)


def test_finite_population_shrinks_the_interval_by_the_share_left_out() -> None:
    # Cochran 1977, example of section 2.9: 676 sheets, 50 drawn, Σy = 1,471, s² = 229.0, standard error of
    # the total 676·15.13/√50·√(1 − 0.0740) = 1,391.9 (the book prints 80 % limits with t = 1.28).
    free, corrected = mean_t(1471 / 50, 15.13, 50), mean_t(1471 / 50, 15.13, 50, population=676)
    error_of_total = 676 * (corrected.high - corrected.value) / scipy_stats.t.ppf(0.975, 49)
    assert error_of_total == pytest.approx(1391.9, abs=0.2)
    assert corrected.high < free.high


def test_a_census_has_no_sampling_error() -> None:
    assert mean_t(60.0, 20.0, 40, population=40)[:3] == (60.0, 60.0, 60.0)


@pytest.mark.parametrize(
    ("successes", "n", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_wilson_is_newcombes_table(successes: int, n: int, low: float, high: float) -> None:
    # Newcombe 1998, Statistics in Medicine 17:857–872, table I, method 3
    estimate = wilson(successes, n)
    assert (estimate.low, estimate.high) == pytest.approx((low, high), abs=5e-5)


def test_wilson_stays_inside_zero_and_one() -> None:
    assert wilson(0, 10).low == 0.0
    assert wilson(10, 10).high == 1.0


def test_net_promoter_score_of_19_9_8() -> None:
    value, low, high, _ = nps_adjusted_wald(19, 9, 8)
    assert (round(value, 1), round(low, 1), round(high, 1)) == (30.6, 2.9, 53.5)


def test_net_promoter_interval_is_centred_on_the_adjusted_score() -> None:
    estimate = nps_adjusted_wald(19, 9, 8)
    assert (estimate.low + estimate.high) / 2 == pytest.approx(100 * 11 / 39)


def test_unanimous_promoters_keep_an_interval() -> None:
    estimate = nps_adjusted_wald(12, 0, 0)
    assert estimate.value == 100
    assert estimate.low < 90
    assert estimate.high == 100


def test_net_promoter_difference_adds_the_two_variances() -> None:
    now, before = (19, 9, 8), (12, 11, 20)
    one, two, both = nps_adjusted_wald(*now), nps_adjusted_wald(*before), nps_difference(now, before)
    halves = [(e.high - e.low) / 2 for e in (one, two, both)]
    assert both.value == pytest.approx(one.value - two.value)
    assert halves[2] == pytest.approx(math.hypot(halves[0], halves[1]))


def test_welch_on_students_sleep_data() -> None:
    # R: t.test(extra ~ group, data = sleep): df = 17.776, interval -3.3654832 0.2054832
    one, two = np.array(SLEEP_ONE), np.array(SLEEP_TWO)
    estimate = welch(one.mean(), one.std(ddof=1), 10, two.mean(), two.std(ddof=1), 10)
    assert (estimate.low, estimate.high) == pytest.approx((-3.3654832, 0.2054832), abs=5e-8)
    assert estimate.df == pytest.approx(17.776, abs=5e-4)


def test_two_constant_samples_differ_exactly() -> None:
    assert welch(70, 0, 12, 60, 0, 12)[:3] == (10, 10, 10)


@pytest.mark.parametrize(
    ("counts", "expected"), [((56, 70, 48, 80), (5.25, 33.58)), ((9, 10, 3, 10), (16.0, 84.0))]
)
def test_difference_of_shares(counts: tuple[int, int, int, int], expected: tuple[float, float]) -> None:
    # (56 of 70) − (48 of 80) is Newcombe's first example; Agresti and Caffo 2000 illustrate theirs with 9
    # and 3 of 10
    estimate = agresti_caffo(*counts)
    assert (100 * estimate.low, 100 * estimate.high) == pytest.approx(expected, abs=0.05)


def test_effective_n() -> None:
    assert effective_n([1, 1, 1, 1]) == 4
    assert effective_n([2, 1, 1]) == pytest.approx(16 / 6)


@pytest.mark.parametrize(
    "undecidable",
    [
        lambda: mean_t(50, 10, 1),
        lambda: mean_t(50, 10, 20, population=19),
        lambda: mean_t_of([1.0]),
        lambda: wilson(3, 2),
        lambda: wilson(0, 0),
        lambda: nps_adjusted_wald(0, 0, 0),
        lambda: nps_adjusted_wald(-1, 3, 3),
        lambda: welch(1, 1, 1, 1, 1, 5),
        lambda: agresti_caffo(1, 0, 1, 2),
        lambda: effective_n([0, 0]),
    ],
)
def test_what_cannot_be_decided_is_refused(undecidable: object) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        undecidable()  # type: ignore[operator]  # each is a call without arguments
