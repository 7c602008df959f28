"""Two sides compared: published worked examples, what must hold of any data, and simulated truths."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.stats import welch
from pipelines.stats.symmetry import (
    EQUIVALENT,
    FIRST_HIGHER,
    NOISE_OF_ONE,
    SECOND_HIGHER,
    UNDECIDED,
    concordance,
    gap,
    reciprocity,
    varies,
    verdict,
    york,
)

# Pearson's 1901 data with York's 1966 weights, as in York et al. 2004, table II.
X = np.array([0.0, 0.9, 1.8, 2.6, 3.3, 4.4, 5.2, 6.1, 6.5, 7.4])
Y = np.array([5.9, 5.4, 4.4, 4.6, 3.5, 3.7, 2.8, 2.8, 2.4, 1.5])
SE_X = np.array([1000, 1000, 500, 800, 200, 80, 60, 20, 1.8, 1]) ** -0.5
SE_Y = np.array([1, 1.8, 4, 8, 20, 20, 70, 70, 100, 500]) ** -0.5
# Bland and Altman 1986: peak expiratory flow of 17 people by two meters.
WRIGHT = [494, 395, 516, 434, 476, 557, 413, 442, 650, 433, 417, 656, 267, 478, 178, 423, 427]
MINI = [512, 430, 520, 428, 500, 600, 364, 380, 658, 445, 432, 626, 260, 477, 259, 350, 451]


def units(n: int, groups: int, between: float, scatter: float, slope: float = 1.0) -> tuple[np.ndarray, ...]:
    """(x, se, y, se, group): `n` units in each group, true scores on a line but for `scatter`, 15 to 150 answers."""
    drawn = np.random.default_rng(20_260_101)
    size = n * groups
    truth = drawn.normal(60, between, size)
    se_x, se_y = (20 / np.sqrt(drawn.integers(15, 150, size)) for _ in range(2))
    y = 5 + slope * truth + drawn.normal(0, scatter, size)
    return drawn.normal(truth, se_x), se_x, drawn.normal(y, se_y), se_y, np.repeat(np.arange(groups), n)


def test_gap_is_welchs_test_of_students_sleep_data() -> None:
    # R: t.test(extra ~ group): interval -3.3654832 0.2054832, df = 17.776
    found = gap([2.33], [2.002249 / 10**0.5], [9], [0.75], [1.78901 / 10**0.5], [9])
    assert (found.low[0], found.high[0], found.df[0]) == pytest.approx(
        (-3.3654832, 0.2054832, 17.776), abs=5e-4
    )
    alone = welch(0.75, 1.78901, 10, 2.33, 2.002249, 10)
    assert (found.value[0], found.low[0], found.high[0]) == pytest.approx(alone[:3], rel=1e-12)


def test_equivalence_is_that_of_moery_and_calin_jageman() -> None:
    # Lakens 2017, Social Psychological and Personality Science 8:355–362: bounds ±0.384, t = −2.69, p = .004
    found = gap([5.22], [0.83 / 89**0.5], [88], [5.25], [0.95 / 95**0.5], [94])
    assert (found.value[0] - 0.384) / found.se[0] == pytest.approx(-2.69, abs=0.01)
    assert verdict(found, 0.384).tolist() == [EQUIVALENT]
    assert verdict(found, 0.24).tolist() == [UNDECIDED]


sides = st.tuples(st.floats(0, 100), st.floats(0.1, 15), st.integers(4, 400))


@given(first=sides, second=sides)
def test_sides_that_change_places_change_the_verdict(
    first: tuple[float, float, int], second: tuple[float, float, int]
) -> None:
    there, back = (gap(*([part] for part in (*a, *b))) for a, b in ((first, second), (second, first)))
    assert there.low[0] == pytest.approx(-back.high[0])
    assert there.low[0] <= there.inner_low[0] <= there.value[0] <= there.inner_high[0] <= there.high[0]
    turned = {SECOND_HIGHER: FIRST_HIGHER, FIRST_HIGHER: SECOND_HIGHER}
    told, other = str(verdict(there, 5)[0]), str(verdict(back, 5)[0])
    assert other == turned.get(told, told)
    if told == EQUIVALENT:
        assert max(abs(there.inner_low[0]), abs(there.inner_high[0])) < 5


def test_a_gap_as_large_as_the_margin_is_seldom_called_equivalent() -> None:
    drawn = np.random.default_rng(3)
    n, many = 400, 40_000
    first, second = drawn.normal(60, 20 / n**0.5, many), drawn.normal(65, 20 / n**0.5, many)
    se, df = np.full(many, 20 / n**0.5), np.full(many, n - 1)
    assert (verdict(gap(first, se, df, second, se, df), 5) == EQUIVALENT).mean() < 0.053
    same = gap(first, se, df, second - 5, se, df)
    assert (verdict(same, 5) == EQUIVALENT).mean() > 0.9
    assert (verdict(same, 0.01) != UNDECIDED).mean() == pytest.approx(0.05, abs=0.005)


def test_two_sides_without_spread_differ_exactly() -> None:
    found = gap([60], [0], [11], [70], [0], [11])
    assert (found.low[0], found.high[0]) == (10, 10)


def test_york_gives_pearsons_data_yorks_line() -> None:
    line = york(X, SE_X, Y, SE_Y)
    assert (line.slope[0], line.intercept[0]) == pytest.approx((-0.480533, 5.47991), abs=5e-6)
    assert (line.se_slope[0], line.se_intercept[0]) == pytest.approx((0.0579850, 0.294971), abs=5e-7)
    assert line.mswd[0] == pytest.approx(11.8664 / 8, abs=5e-5)
    # t(8) = 2.306: the points scatter by more than their errors, and the interval says so
    assert (line.high[0] - line.low[0]) / 2 > 1.2 * 2.306 * 0.0579850


def test_without_errors_of_x_the_line_is_weighted_least_squares() -> None:
    by_numpy = np.polyfit(X, Y, 1, w=1 / SE_Y)
    line = york(X, np.zeros(10), Y, SE_Y)
    assert (line.slope[0], line.intercept[0]) == pytest.approx(tuple(by_numpy), rel=1e-9)


def test_with_equal_errors_the_line_is_the_major_axis() -> None:
    line = york(X, np.ones(10), Y, np.ones(10))
    axis = np.linalg.eigh(np.cov(X, Y))[1][:, 1]
    assert line.slope[0] == pytest.approx(axis[1] / axis[0], rel=1e-7)


def test_the_line_does_not_depend_on_which_side_is_called_x() -> None:
    x, se_x, y, se_y, group = units(12, 50, 10, 0)
    there, back = york(x, se_x, y, se_y, group), york(y, se_y, x, se_x, group)
    assert there.slope == pytest.approx(1 / back.slope, rel=1e-6)


@pytest.mark.parametrize("scattered", [False, True])
def test_many_lines_at_once_are_those_one_by_one(scattered: bool) -> None:
    x, se_x, y, se_y, group = units(9, 30, 10, 4)
    mixed = np.random.default_rng(0).permutation(x.size)
    together = york(*(part[mixed] for part in (x, se_x, y, se_y, group)), scattered=scattered)
    for place in range(30):
        inside = group == place
        alone = york(*(part[inside] for part in (x, se_x, y, se_y)), scattered=scattered)
        for name in ("slope", "se_slope", "mswd", "low", "high", "n"):
            assert getattr(together, name)[place] == pytest.approx(getattr(alone, name)[0], rel=1e-6)


def test_units_that_follow_each_other_only_roughly_do_not_make_the_line_steep() -> None:
    true = 1.0
    x, se_x, y, se_y, group = units(60, 300, 5, 4, true)
    naive, line = (york(x, se_x, y, se_y, group, scattered=one) for one in (False, True))
    holds = [((one.low <= true) & (true <= one.high)).mean() for one in (naive, line)]
    assert np.median(line.slope) == pytest.approx(true, abs=0.03)
    assert 0.9 < holds[1] < 0.98
    assert np.median(naive.slope) > 1.2, "the bias that `scattered` is there to remove"
    assert holds[0] < 0.6


@pytest.mark.parametrize(("n", "scatter"), [(5, 0.0), (5, 4.0), (8, 4.0), (20, 0.0), (20, 4.0)])
def test_the_interval_of_the_slope_holds_it(n: int, scatter: float) -> None:
    x, se_x, y, se_y, group = units(n, 1500, 8, scatter, 0.5)
    line = york(x, se_x, y, se_y, group, scattered=True)
    clear = (varies(x, se_x, group) > 3) & np.isfinite(line.slope)
    assert clear.mean() > 0.7
    assert ((line.low <= 0.5) & (line.high >= 0.5))[clear].mean() > 0.925


def test_what_has_no_line_is_not_a_number() -> None:
    x, y, group = [1.0, 1.0, 1.0, 1.0, 2.0], [1.0, 2.0, 3.0, 1.0, 2.0], [0, 0, 0, 1, 1]
    line = york(x, [1.0] * 5, y, [1.0] * 5, group)
    assert np.isnan(line.slope).all()
    assert np.isnan(line.low).all()
    assert york([], [], [], [], []).slope.size == 0


def test_units_that_are_all_the_same_vary_by_their_errors() -> None:
    x, se_x, *_, group = units(10, 3000, 0, 0)
    assert varies(x, se_x, group).mean() == pytest.approx(1, abs=0.02)
    apart, se, *_, group = units(10, 300, 10, 0)
    assert varies(apart, se, group).mean() > 5


def test_concordance_of_two_meters() -> None:
    # Lin 1989, eq. 2 written out; the interval is that of his eq. for Fisher's z, as corrected in 2000
    found = concordance(WRIGHT, MINI)
    x, y = np.array(WRIGHT, float), np.array(MINI, float)
    by_hand = 2 * np.cov(x, y, bias=True)[0, 1] / (x.var() + y.var() + (x.mean() - y.mean()) ** 2)
    assert found.value[0] == pytest.approx(by_hand, rel=1e-12)
    assert (found.value[0], found.low[0], found.high[0]) == pytest.approx((0.9427, 0.8505, 0.9787), abs=5e-5)


@given(st.lists(st.tuples(st.floats(0, 100), st.floats(0, 100)), min_size=3, max_size=30))
def test_concordance_is_no_larger_than_correlation(pairs: list[tuple[float, float]]) -> None:
    x, y = np.array(pairs).T
    if min(np.ptp(x), np.ptp(y)) < 0.1:
        return
    found = concordance(x, y)
    assert abs(found.value[0]) <= abs(np.corrcoef(x, y)[0, 1]) + 1e-9
    assert -1 <= found.low[0] <= found.value[0] + 1e-12
    assert found.value[0] - 1e-12 <= found.high[0] <= 1


def test_agreement_is_equality_and_not_only_order() -> None:
    rising = np.arange(10.0)
    group = np.repeat([0, 1, 2], 10)
    found = concordance(np.tile(rising, 3), np.concatenate([rising, rising + 20, 9 - rising]), group)
    assert found.value.tolist() == pytest.approx([1, 2 * 8.25 / (16.5 + 400), -1])
    assert (found.low[0], found.high[0]) == (1, 1)
    assert np.isnan(concordance([1, 1, 1], [2, 2, 2]).value[0])
    assert np.isnan(concordance([1, 2], [1, 2]).value[0])


def test_the_interval_of_concordance_holds_it() -> None:
    drawn = np.random.default_rng(5)
    many, n = 4000, 20
    x = drawn.normal(0, 1, many * n)
    y = 0.8 * x + drawn.normal(0.3, 0.6, many * n)
    true = 2 * 0.8 / (1 + 1 + 0.3**2)
    found = concordance(x, y, np.repeat(np.arange(many), n))
    assert ((found.low <= true) & (true <= found.high)).mean() == pytest.approx(0.95, abs=0.02)


def dimensions(gaps: list[float], rho: float, many: int = 4000, se: float = 4.0) -> tuple[np.ndarray, ...]:
    """(difference, se, df, group) of `many` relations, whose dimensions' errors go together by `rho`."""
    drawn = np.random.default_rng(7)
    shared, own = drawn.normal(size=(many, 1)), drawn.normal(size=(many, len(gaps)))
    errors = se * (np.sqrt(rho) * shared + np.sqrt(1 - rho) * own)
    size = many * len(gaps)
    return (
        (np.array(gaps) + errors).ravel(),
        np.full(size, se),
        np.full(size, 60),
        np.repeat(np.arange(many), len(gaps)),
    )


def test_noise_alone_does_not_part_two_sides() -> None:
    difference, se, df, group = dimensions([0.0] * 8, 0.0)
    naive = 100 - np.abs(difference).reshape(-1, 8).mean(axis=1)
    assert naive.mean() == pytest.approx(100 - NOISE_OF_ONE * 4, abs=0.05)
    found = reciprocity(difference, se, df, group)
    assert found.value.mean() > 99.5
    assert found.high.mean() == 100


@pytest.mark.parametrize("rho", [0.0, 0.6, 1.0])
@pytest.mark.parametrize("gaps", [[0.0] * 6, [8.0] * 6, [0, 0, 0, 12, -12, 3], [15, -15, 15, -15, 15, -15]])
def test_the_interval_of_reciprocity_holds_it_however_dimensions_go_together(
    rho: float, gaps: list[float]
) -> None:
    true = 100 - float(np.abs(gaps).mean())
    found = reciprocity(*dimensions(gaps, rho))
    assert ((found.low <= true) & (true <= found.high)).mean() > 0.945
    assert (found.least <= true).mean() > 0.945


@given(st.lists(st.tuples(st.floats(-100, 100), st.floats(0, 60)), min_size=1, max_size=12))
def test_reciprocity_stays_on_its_scale(given_gaps: list[tuple[float, float]]) -> None:
    difference, se = np.array(given_gaps).T
    found = reciprocity(difference, se, np.full(se.size, 9), np.zeros(se.size, int))
    ends = [float(part[0]) for part in (found.low, found.value, found.high)]
    assert 0 <= ends[0] <= ends[1] <= ends[2] <= 100
    assert found.low[0] <= found.least[0] <= found.value[0]
