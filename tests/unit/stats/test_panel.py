"""The test of a relation against finance: its fit, its bootstrap, its verdicts."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.special import stdtrit

from pipelines.stats import panel
from pipelines.stats.panel import relation


def worked(units: int = 9, periods: int = 8) -> tuple[np.ndarray, np.ndarray]:
    """Finance and score without chance in them, three cells missing; anybody can type them again elsewhere."""
    g, t = np.arange(units)[:, None], np.arange(periods)[None, :]
    score = np.sin(1.7 * g + 0.9 * t * t) + 0.3 * np.cos(g * t)
    finance = 0.5 * np.roll(score, 1, axis=1) + 0.8 * np.cos(2.3 * g * t + g) + 0.1 * g + 0.05 * t * t
    score, finance = score.round(3), finance.round(3)
    finance[2, 3] = score[4, 5] = finance[7, 1] = np.nan
    return finance, score


def drawn(
    units: int = 20, periods: int = 12, effect: float = 0.0, seed: int = 1
) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    score = random.normal(size=(units, periods))
    finance = (
        0.5 * random.normal(size=score.shape) + random.normal(size=(units, 1)) + random.normal(size=periods)
    )
    finance[:, 1:] += effect * score[:, :-1]
    return finance, score


def test_effects_and_errors_are_those_of_linearmodels() -> None:
    # linearmodels 7.1, PanelOLS of the worked panel with both effects, clustered by entity: the score of the period
    # before, then with the next one beside it. It also counts unit effects as parameters, which are nested in the
    # clusters: N/(N − K − G − T + 1) there, G/(G − 1) · (N − 1)/(N − K − T) here.
    found = relation(*worked(), of_interest=0.5)
    assert (found.units, found.periods, found.effect) == (9, 7, pytest.approx(0.42657969, abs=1e-8))
    error = 0.09942383 * math.sqrt((9 / 8 * 59 / 52) / (60 / 44))
    power = error * stdtrit(8, 0.8)
    assert found.smallest_detectable - power == pytest.approx(found.high - found.effect, abs=1e-7)
    assert (found.high - found.effect) / error > stdtrit(8, 0.975)  # the bootstrap is the more careful here
    assert (found.lead_low + found.lead_high) / 2 == pytest.approx(-0.04361817, abs=1e-8)
    lead_error = 0.10770725 * math.sqrt((9 / 8 * 49 / 42) / (50 / 34))
    assert (found.lead_high - found.lead_low) / 2 == pytest.approx(lead_error * stdtrit(8, 0.95), abs=1e-7)


class Rows:
    """The worked panel as a table with its dummies: everything by plain least squares."""

    def __init__(self) -> None:
        finance, score = worked()
        self.finance, self.score = finance[:, 1:], score[:, :-1]
        self.design = panel._design(np.isfinite(self.finance) & np.isfinite(self.score))
        assert self.design is not None
        self.unit, period = np.nonzero(self.design.rows)
        dummies = [self.unit[:, None] == np.arange(9), period[:, None] == np.arange(7)]
        self.dummies = np.concatenate(dummies, axis=1).astype(float)
        self.x, self.y = self.score[self.design.rows], self.finance[self.design.rows]

    def within(self, values: np.ndarray, rows: np.ndarray) -> np.ndarray:
        dummies = self.dummies[rows]
        left: np.ndarray = values[rows] - dummies @ np.linalg.lstsq(dummies, values[rows], rcond=None)[0]
        return left


def test_the_bootstrap_is_that_of_resamples_formed_and_refitted() -> None:
    rows = Rows()
    assert rows.design is not None
    everything = np.ones(len(rows.y), dtype=bool)
    x, under_null = rows.within(rows.x, everything), rows.within(rows.y, everything)
    weights = panel._weights(9, 40, np.random.default_rng(3))
    by_hand = []
    for weight in weights.T:
        # unit and period means of the null stay, its residuals change sign and size by unit
        resample = rows.within(rows.y - under_null + weight[rows.unit] * under_null, everything)
        effect = x @ resample / (x @ x)
        left = x * (resample - effect * x)
        moments = np.array([left[rows.unit == unit].sum() for unit in range(9)])
        by_hand.append(abs(effect) * (x @ x) / math.sqrt(panel._small(rows.design, 1) * (moments @ moments)))
    fast = panel._bootstrap(under_null[None], x[None], rows.design, weights)
    assert fast[0] == pytest.approx(by_hand, abs=1e-10)


def test_leaving_a_unit_out_is_refitting_without_it() -> None:
    rows = Rows()
    assert rows.design is not None
    effects = []
    for unit in range(9):
        kept = rows.unit != unit
        x, y = rows.within(rows.x, kept), rows.within(rows.y, kept)
        effects.append(x @ y / (x @ x))
    found = panel._without_each(rows.finance[None], rows.score[None], rows.design)
    assert found[0] == pytest.approx(min(effects), abs=1e-10)


def test_the_weights_have_mean_nought_and_variance_one() -> None:
    for units, values in ((12, 6), (13, 2)):
        weights = panel._weights(units, 20_000, np.random.default_rng(1))
        assert len(np.unique(weights)) == values
        assert (weights.mean(), weights.var()) == (pytest.approx(0, abs=0.01), pytest.approx(1, abs=0.01))


def test_a_planted_effect_is_supported_and_its_opposite_contradicts() -> None:
    finance, score = drawn(effect=0.5)
    found = relation(finance, score, 0.3)
    assert (found.verdict, found.sign_stable, found.more_units) == ("supported", True, 0)
    assert found.low < 0.5 < found.high
    other = relation(finance, score, 0.3, expected=-1)
    assert (other.verdict, other.effect) == ("contradicted", pytest.approx(found.effect))
    assert (other.low, other.high) == pytest.approx((found.low, found.high))
    assert (other.lead_low, other.lead_high) == pytest.approx((found.lead_low, found.lead_high))
    assert relation(-finance, score, 0.3, expected=-1).verdict == "supported"


def test_nothing_there_is_said_in_the_size_that_was_asked() -> None:
    finance, score = drawn(units=40)
    assert relation(finance, score, 0.2).verdict == "no_effect_larger_than_x"
    # the same data cannot exclude a twentieth of that: how many more units would
    tiny = relation(finance, score, 0.01)
    assert (tiny.verdict, tiny.smallest_detectable > 0.01) == ("not_enough_data", True)
    assert tiny.more_units == math.ceil(40 * ((tiny.smallest_detectable / 0.01) ** 2 - 1))


def test_a_score_that_only_follows_finance_is_no_cause_of_it() -> None:
    finance, score = drawn(units=40, periods=14, effect=0.4)
    score[:, 1:] += 1.5 * finance[:, :-1]
    told = relation(finance, score, 0.3)
    assert (told.verdict, told.low > 0) == ("suggestive", True)
    assert told.lead_high > 0.3


def test_a_sign_that_rests_on_one_unit_is_only_suggestive() -> None:
    # 44 units lean the other way; the last one's score moves thirty times as much and drags them all along
    finance, score = drawn(units=45, effect=-0.15)
    score[0] *= 30
    finance[0, 1:] = 0.15 * score[0, :-1]
    found = relation(finance, score, 2.0)
    assert (found.verdict, found.low > 0, found.sign_stable) == ("suggestive", True, False)
    finance, score = drawn(units=45, effect=0.2)
    assert relation(finance, score, 2.0).sign_stable


@pytest.mark.parametrize(
    ("units", "periods", "more"), [(7, 12, (1, 0)), (20, 6, (0, 1)), (3, 3, (5, 4)), (20, 7, (0, 0))]
)
def test_below_eight_units_or_six_periods_nothing_is_said(
    units: int, periods: int, more: tuple[int, int]
) -> None:
    found = relation(*drawn(units, periods, effect=3.0), of_interest=1.0)
    assert (found.verdict == "not_enough_data") == (more != (0, 0))
    assert (found.more_units, found.more_periods) == more
    assert math.isnan(found.effect) == (more != (0, 0))


def test_a_unit_seen_once_and_a_panel_of_gaps_count_for_nothing() -> None:
    finance, score = drawn(units=9, effect=0.5)
    finance[8, 2:] = np.nan
    assert relation(finance, score, 0.5).units == 8
    empty = relation(np.full((9, 8), np.nan), np.ones((9, 8)), 0.5)
    assert (empty.verdict, empty.units, empty.more_units, empty.more_periods) == ("not_enough_data", 0, 8, 6)
    assert relation(finance, score, 0.5, lag=20).verdict == "not_enough_data"


def test_the_lag_is_the_one_declared() -> None:
    finance, score = drawn(effect=0.5)
    later = np.roll(finance, 1, axis=1)
    later[:, 0] = np.nan
    assert relation(later, score, 0.3, lag=2).effect == pytest.approx(
        relation(finance[:, :-1], score[:, :-1], 0.3).effect
    )
    assert abs(relation(finance, score, 0.3, lag=2).effect) < 0.2


@pytest.mark.parametrize("still", ["score", "finance"])
def test_what_does_not_move_within_units_and_periods_has_no_effect(still: str) -> None:
    finance, score = drawn(effect=0.5)
    fixed = np.arange(20.0)[:, None] * 1e4 + np.arange(12.0)
    given = (finance, fixed) if still == "score" else (fixed, score)
    found = relation(*given, of_interest=0.5)
    assert (found.verdict, found.more_units, math.isnan(found.effect)) == ("not_enough_data", 0, True)


def test_units_periods_and_scale_do_not_matter() -> None:
    finance, score = drawn(effect=0.5)
    found = relation(finance, score, 0.3)
    shifted = relation(
        100 * finance + 1e3 * np.arange(20)[:, None] - 7.0 * np.arange(12), 10 * score + 50, 3.0, lag=1
    )
    for name in ("effect", "low", "high", "smallest_detectable"):
        assert getattr(shifted, name) == pytest.approx(10 * getattr(found, name), rel=1e-9)
    assert (shifted.verdict, shifted.p_value) == (found.verdict, found.p_value)


def test_many_units_are_quick_and_take_no_bootstrap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(panel, "_bootstrap", None)
    found = relation(*drawn(units=2000, periods=20, effect=0.5), of_interest=0.2)
    assert (found.verdict, found.sign_stable) == ("supported", True)


def test_what_is_asked_must_make_sense() -> None:
    finance, score = drawn()
    for wrong in ({"of_interest": 0.0}, {"of_interest": 1.0, "lag": -1}, {"of_interest": 1.0, "expected": 0}):
        with pytest.raises(ValueError, match="effect of interest above 0"):
            relation(finance, score, **wrong)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="draws × units × periods"):
        relation(finance, score[:, 1:], 1.0)
