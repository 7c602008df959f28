"""Many changes at once: the example of Benjamini and Hochberg, and what their rate promises."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.stats.multiplicity import discoveries, interval_p_values

# Benjamini and Hochberg 1995, section 4.1: 15 hypotheses on a treatment of myocardial infarction
THEIRS = [
    0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1,
]  # fmt: skip


def test_their_example_finds_four_where_bonferroni_finds_three() -> None:
    found = discoveries(THEIRS, [0] * 15)
    assert found.tolist() == [True] * 4 + [False] * 11
    assert sum(p <= 0.05 / 15 for p in THEIRS) == 3


def test_each_report_is_judged_by_itself_and_in_any_order() -> None:
    order = np.random.default_rng(0).permutation(16)
    p, report = np.array([*THEIRS, 0.04])[order], np.array([0] * 15 + [7])[order]
    found = discoveries(p, report)
    assert found[np.argsort(order)].tolist() == [True] * 4 + [False] * 11 + [True]
    assert not discoveries([*THEIRS, 0.04], [0] * 16)[15]
    assert discoveries([], []).size == 0


def test_p_value_of_students_sleep_data() -> None:
    # R: t.test(extra ~ group): p-value = 0.07939, 95 percent interval -3.3654832 0.2054832, df = 17.776
    assert interval_p_values([-3.3654832], [0.2054832], [17.776])[0] == pytest.approx(0.07939, abs=5e-6)
    z = 1.959963984540054
    assert interval_p_values([3 - z], [3 + z], [math.inf])[0] == pytest.approx(0.0026998, abs=5e-7)


ends = st.floats(-200, 200).flatmap(lambda low: st.tuples(st.just(low), st.floats(low, 201)))


@given(interval=ends, df=st.one_of(st.integers(1, 2000).map(float), st.just(math.inf)))
def test_a_p_value_and_its_interval_never_disagree(interval: tuple[float, float], df: float) -> None:
    low, high = interval
    p = interval_p_values([low], [high], [df])[0]
    assert 0 <= p <= 1
    assert (p < 0.05) == (low > 0 or high < 0)


@pytest.mark.parametrize(("low", "high"), [(0.0, 10.0), (-10.0, 0.0)])
def test_an_interval_that_touches_zero_holds_it(low: float, high: float) -> None:
    assert interval_p_values([low], [high], [20])[0] == pytest.approx(0.05, abs=1e-12)
    assert interval_p_values([low], [high], [20])[0] >= 0.05


def test_an_interval_of_one_point_is_certain() -> None:
    assert interval_p_values([4, 0], [4, 0], [20, 20]).tolist() == [0, 1]


def test_false_discoveries_stay_under_their_rate_where_single_tests_do_not() -> None:
    drawn = np.random.default_rng(11)
    reports, tests, real = 3000, 36, 6
    truth = np.zeros((reports, tests))
    truth[:, :real] = 3.5
    z = drawn.normal(truth)
    half = 1.959963984540054
    p = interval_p_values((z - half).ravel(), (z + half).ravel(), np.full(z.size, math.inf))
    found = discoveries(p, np.repeat(np.arange(reports), tests)).reshape(z.shape)

    def false_share(taken: np.ndarray) -> float:
        return float((taken[:, real:].sum(axis=1) / np.maximum(taken.sum(axis=1), 1)).mean())

    assert false_share(found) < 0.05
    assert found[:, :real].mean() > 0.6, "what is planted is found"
    assert false_share(p.reshape(z.shape) < 0.05) > 0.15
