"""The simulations themselves: exact where they say so, and able to see a statistic that is broken."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.special import ndtri

from pipelines.stats import Estimate, mean_t_of, panel, simulation, wilson
from pipelines.stats.simulation import (
    SIZES,
    claims,
    coverage_of_counts,
    coverage_of_means,
    false_alarms,
    false_discoveries,
    grid,
    mean_of_counts,
    share_of_counts,
)

HALF = {"half": (0.5, 0.5)}


def random() -> np.random.Generator:
    return np.random.default_rng(5)


def test_every_outcome_is_gone_through_once() -> None:
    outcomes = simulation._outcomes(6, 4)
    assert outcomes.shape == (math.comb(9, 3), 4)
    assert len(np.unique(outcomes, axis=0)) == len(outcomes)
    assert (outcomes.sum(axis=1) == 6).all()
    assert outcomes.min() == 0


def test_exact_coverage_is_the_binomial_sum() -> None:
    # Wilson holds a half of ten for 2 to 8 successes, not for 1 or 9: 1002 of the 1024 outcomes
    assert wilson(1, 10).high < 0.5 < wilson(2, 10).high
    found, draws = coverage_of_counts(share_of_counts, 10, HALF, (1, 0), 0, random())
    assert (found["half"], draws) == (pytest.approx(1002 / 1024, abs=1e-12), 0)


def test_samples_agree_with_the_exact_figure(monkeypatch: pytest.MonkeyPatch) -> None:
    exact, _ = coverage_of_counts(share_of_counts, 30, HALF, (1, 0), 0, random())
    monkeypatch.setattr(simulation, "MOST_OUTCOMES", 0)
    sampled, draws = coverage_of_counts(share_of_counts, 30, HALF, (1, 0), 20_000, random())
    assert (sampled["half"], draws) == (pytest.approx(exact["half"], abs=0.006), 20_000)


def test_an_interval_of_counts_is_that_of_the_answers() -> None:
    answers = [0.0] * 2 + [25.0] + [75.0] * 4 + [100.0] * 3
    assert mean_of_counts(2, 1, 0, 4, 3) == pytest.approx(mean_t_of(answers))


def test_the_t_interval_is_nominal_on_normal_samples_and_short_on_skewed_ones() -> None:
    found = coverage_of_means(10, 20_000, random())
    assert found["normal"] == pytest.approx(0.95, abs=0.005)
    assert found["skewed"] == pytest.approx(0.90, abs=0.007)  # as printed for the exponential law at n = 10


def test_a_narrow_interval_is_seen() -> None:
    def wald(successes: int, failures: int) -> Estimate:
        n = successes + failures
        share = successes / n
        half = 1.96 * math.sqrt(share * (1 - share) / n)
        return Estimate(share, share - half, share + half)

    found, _ = coverage_of_counts(wald, 10, {"few": (0.05, 0.95)}, (1, 0), 0, random())
    assert found["few"] == pytest.approx(
        1 - 0.95**10, abs=0.01
    )  # without a success it is a point, and misses


def test_the_grid_is_whole_and_the_same_every_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(simulation, "SIZES", SIZES[:2])
    cells = list(grid(300))
    assert len(cells) == 2 * (2 + len(simulation.LIKERT) + len(simulation.SHARES) + len(simulation.PROMOTERS))
    assert {cell.method for cell in cells} == {"t", "Wilson", "adjusted Wald"}
    assert cells == list(grid(300))


class TestLabels:
    def test_false_ones_stay_rare_and_large_moves_are_found(self) -> None:
        found = false_discoveries(15.0, 1000)
        assert found.false_rate < 0.05
        assert found.found[12] < found.found[40] < found.found[120]
        assert found.found[120] > 0.95

    def test_labels_by_each_p_value_alone_are_seen(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(simulation, "discoveries", lambda p_values, reports: p_values <= 0.05)
        assert false_discoveries(15.0, 200).false_rate > 0.1
        assert false_discoveries(0.0, 200).false_rate > 0.9

    def test_regions_and_the_whole_are_their_teams_pooled(self) -> None:
        sizes = np.tile(simulation.TEAMS, simulation.REGIONS)
        level = np.repeat(np.linspace(-30, 30, simulation.REGIONS), len(simulation.TEAMS))
        means, variances = simulation._wave(level, sizes, 400, random())
        assert means.shape == variances.shape == (400, 49, 3)
        assert means[:, 0].mean() == pytest.approx(-30, abs=1)
        pooled = means[0, :5].T @ np.array(simulation.TEAMS) / sum(simulation.TEAMS)
        assert means[0, 40] == pytest.approx(pooled)
        # an answer's own spread, and that of the regions' levels
        assert variances[:, 48].mean() == pytest.approx(20**2 + level.var(), rel=0.02)
        assert means[:, 4].var(axis=0) == pytest.approx(20**2 / 120, rel=0.25)


class TestRelations:
    @pytest.mark.parametrize(("units", "uneven"), [(8, True), (12, False), (30, True)])
    def test_nothing_there_is_seldom_supported(self, units: int, uneven: bool) -> None:
        found = claims(units, 12, 0.8, 0.0, uneven, 1000)
        assert found.supported < 0.05
        assert found.rejected < 0.075  # 5 %, and 3.5 standard errors of a thousand panels

    def test_what_is_planted_is_found(self) -> None:
        assert claims(30, 12, 0.8, 0.75, False, 300).supported > 0.9
        assert claims(30, 12, 0.8, -0.75, False, 300).contradicted > 0.9

    def test_clustered_errors_read_with_the_normal_law_are_seen(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        honest = claims(8, 12, 0.8, 0.0, True, 2000)
        assert honest.supported + honest.contradicted < 0.065
        monkeypatch.setattr(panel, "MANY_UNITS", 0)  # no bootstrap
        monkeypatch.setattr(panel, "stdtrit", lambda df, level: float(ndtri(level)))
        broken = claims(8, 12, 0.8, 0.0, True, 2000)
        assert broken.supported + broken.contradicted > 0.08

    def test_a_path_keeps_its_variance_and_its_memory(self) -> None:
        series = simulation._persistent((50_000, 6), 0.8, random())
        assert series.var(axis=0) == pytest.approx(np.ones(6), abs=0.03)
        assert np.corrcoef(series[:, 2], series[:, 3])[0, 1] == pytest.approx(0.8, abs=0.01)


def test_alarms_stay_below_their_declared_rate() -> None:
    assert false_alarms(0.6, 3.0, 0.05, 30) < 0.05
    assert false_alarms(0.6, 3.0, 0.5, 30) > false_alarms(0.6, 3.0, 0.05, 30)
