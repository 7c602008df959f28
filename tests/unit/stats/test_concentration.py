"""The concentration index of grouped data: a published table, the formula for individuals, simulated errors."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.stats.concentration import concentration


def test_under_five_mortality_in_india() -> None:
    # O'Donnell, van Doorslaer, Wagstaff and Lindelow 2008, Analyzing Health Equity Using Household Survey Data, World
    # Bank, table 8.1: births and deaths per 1,000 by wealth group, 1982–92; concentration index −0.1694
    births, deaths = [29_939, 28_776, 26_528, 24_689, 19_739], [154.7, 152.9, 119.5, 86.9, 54.3]
    found = concentration(deaths, np.zeros(5), births, np.zeros(5, int))
    assert found.value[0] == pytest.approx(-0.1694, abs=5e-5)


def test_groups_of_one_person_give_the_index_of_individuals() -> None:
    drawn = np.random.default_rng(1)
    contacts = drawn.poisson(4, 200).astype(float)
    rank = (np.arange(200) + 0.5) / 200
    found = concentration(contacts, np.zeros(200), np.ones(200), np.zeros(200, int))
    assert found.value[0] == pytest.approx(
        2 * np.cov(contacts, rank, bias=True)[0, 1] / contacts.mean(), rel=1e-12
    )


groups = st.lists(
    st.tuples(st.floats(0.1, 50), st.floats(0, 100), st.integers(10, 500)), min_size=2, max_size=10
)


@given(groups)
def test_ranks_turned_round_turn_the_index_round(given_groups: list[tuple[float, float, int]]) -> None:
    mean, variance, size = np.array(given_groups).T
    place = np.zeros(mean.size, int)
    there = concentration(mean, variance, size, place)
    back = concentration(mean[::-1], variance[::-1], size[::-1], place)
    assert there.value[0] == pytest.approx(-back.value[0], abs=1e-9)
    assert there.se[0] == pytest.approx(back.se[0], rel=1e-6, abs=1e-9)
    assert -1 <= there.low[0] <= there.value[0] <= there.high[0] <= 1
    doubled = concentration(2 * mean, 4 * variance, size, place)
    assert (doubled.value[0], doubled.se[0]) == pytest.approx((there.value[0], there.se[0]), abs=1e-7)


def test_populations_are_apart_and_may_be_mixed() -> None:
    mean = np.array([1.0, 5.0, 3.0, 2.0, 5.0, 9.0])
    place = np.array([0, 1, 0, 1, 0, 1])
    found = concentration(mean, np.ones(6), np.full(6, 20), place)
    for population in (0, 1):
        inside = place == population
        alone = concentration(mean[inside], np.ones(3), np.full(3, 20), np.zeros(3, int))
        assert (found.value[population], found.se[population]) == pytest.approx((alone.value[0], alone.se[0]))


def test_what_cannot_be_decided_is_not_a_number() -> None:
    assert np.isnan(concentration([4.0], [1.0], [20], [0]).value[0])
    assert np.isnan(concentration([0.0, 0.0], [0.0, 0.0], [20, 20], [0, 0]).low[0])
    assert concentration([3.0, 3.0], [0.0, 0.0], [20, 20], [0, 0]).value[0] == 0


@pytest.mark.parametrize("rise", [0.0, 0.3, -0.09])
def test_the_interval_holds_the_index(rise: float) -> None:
    drawn = np.random.default_rng(4)
    many, each = 3000, 20
    means = 1 + rise * np.arange(10)
    contacts = drawn.poisson(means[:, None], (many, 10, each))
    place = np.repeat(np.arange(many), 10)
    size = np.full(many * 10, each)
    found = concentration(contacts.mean(axis=2).ravel(), contacts.var(axis=2, ddof=1).ravel(), size, place)
    true = 2 * (means / means.sum() * (np.arange(10) + 0.5) / 10).sum() - 1
    assert ((found.low <= true) & (true <= found.high)).mean() == pytest.approx(0.955, abs=0.015)
