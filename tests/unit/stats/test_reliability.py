"""Reliability stands on the data sets its authors printed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from pipelines.stats.reliability import Alpha, Icc, cronbach_alpha, intraclass

# Shrout and Fleiss 1979, table 2: four ratings of six targets.
RATINGS = [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]]
# Snedecor and Cochran, Statistical Methods: percent of conceptions to artificial insemination, six bulls.
BULLS = [
    [46, 31, 37, 62, 30],
    [70, 59],
    [52, 44, 57, 40, 67, 64, 70],
    [47, 21, 70, 46, 14],
    [42, 64, 50, 69, 77, 81, 87],
    [35, 68, 59, 38, 57, 76, 57, 29, 60],
]


def alpha_of(answers: np.ndarray) -> Alpha:
    return cronbach_alpha(len(answers), answers.sum(0), answers.T @ answers)


def icc_of(groups: list[list[float]]) -> Icc:
    return intraclass(
        *([f(np.array(one, dtype=float)) for one in groups] for f in (len, np.sum, lambda x: (x**2).sum()))
    )


@pytest.mark.real
def test_alpha_of_the_attitude_data(real: Path) -> None:
    # R data set attitude: raw .8431, standardised .8391
    found = alpha_of(np.genfromtxt(real / "reference" / "attitude.csv", delimiter=",", skip_header=1))
    assert (found.raw, found.standardised) == (
        pytest.approx(0.8431, abs=5e-5),
        pytest.approx(0.8391, abs=5e-5),
    )


def test_alpha_of_two_items_is_that_of_spearman_and_brown() -> None:
    answers = np.random.default_rng(1).normal(size=(50, 2)) @ np.array([[1.0, 0.6], [0, 0.8]])
    r = np.corrcoef(answers.T)[0, 1]
    assert alpha_of(answers).standardised == pytest.approx(2 * r / (1 + r))


def test_feldts_interval_holds_the_truth_as_often_as_it_says() -> None:
    """Four items with loading 0.7: α = 4r/(1 + 3r), r = 0.49. Two thousand samples of 40 people, all at once."""
    generator = np.random.default_rng(2)
    answers = 0.7 * generator.normal(size=(2000, 40, 1)) + np.sqrt(0.51) * generator.normal(
        size=(2000, 40, 4)
    )
    found = cronbach_alpha(np.full(2000, 40), answers.sum(1), np.einsum("spi,spj->sij", answers, answers))
    truth = 4 * 0.49 / (1 + 3 * 0.49)
    assert np.mean((found.low < truth) & (truth < found.high)) == pytest.approx(0.95, abs=0.015)


def test_agreement_of_shrout_and_fleiss() -> None:
    found = icc_of(RATINGS)  # type: ignore[arg-type]  # whole numbers will do
    # BMS 11.24, WMS 6.26: ICC(1,1) = .17, ICC(1,4) = .44
    assert (found.single, found.mean) == (pytest.approx(0.17, abs=5e-3), pytest.approx(0.44, abs=5e-3))
    assert (found.f, found.size) == (pytest.approx(11.24 / 6.26, abs=2e-3), 4)


def test_units_of_unequal_sizes() -> None:
    found = icc_of(BULLS)  # type: ignore[arg-type]  # whole numbers will do
    # mean squares 664 and 248, average size 5.67, components 53… between and 248 within
    assert found.size == pytest.approx(5.67, abs=5e-3)
    assert found.f == pytest.approx(664.41 / 248.29, abs=2e-3)
    between = (664.41 - 248.29) / 5.67
    assert found.single == pytest.approx(between / (between + 248.29), abs=1e-3)


def test_both_coefficients_as_published_of_nursing_units() -> None:
    # BMC Health Services Research 2011, 11:251, table 3 (support for innovative ideas): mean squares 2.3405 and .6401
    # give ICC(1) .0918 and ICC(2) .7265 with 26.3 nurses a unit (from its first row).
    size, units = 26.3, 500
    between, within = 2.3405, 0.6401
    means = np.linspace(-1, 1, units)
    means *= np.sqrt(between * (units - 1) / size / (means**2).sum())
    squares = size * means**2 + within * (size - 1)
    found = intraclass(np.full(units, size), size * means, squares)
    assert (found.single, found.mean) == (pytest.approx(0.0918, abs=2e-4), pytest.approx(0.7265, abs=1e-4))


def test_units_that_do_not_differ_have_no_agreement() -> None:
    generator = np.random.default_rng(3)
    answers = generator.normal(size=(400, 60, 10))
    found = intraclass(np.full((400, 60), 10.0), answers.sum(2), (answers**2).sum(2))
    assert np.mean(found.single) == pytest.approx(0, abs=0.003)


@pytest.mark.parametrize("groups", [[[1.0, 2.0]], [[1.0], [2.0]], [[3.0, 3.0], [3.0, 3.0]], [[], [1.0, 2.0]]])
def test_what_cannot_be_decided_is_nan(groups: list[list[float]]) -> None:
    assert np.isnan(icc_of(groups).single)


@pytest.mark.parametrize("answers", [[[3.0], [4.0]], [[3.0, 4.0]], [[3.0, 3.0], [3.0, 3.0], [3.0, 3.0]]])
def test_one_item_one_person_or_one_answer_have_no_alpha(answers: list[list[float]]) -> None:
    assert np.isnan(alpha_of(np.array(answers)).raw)


@settings(max_examples=60, deadline=None)
@given(arrays(float, (12, 3), elements=st.integers(1, 5).map(float)), st.floats(0.5, 20), st.floats(-50, 50))
def test_the_scale_changes_no_reliability(answers: np.ndarray, stretch: float, shift: float) -> None:
    here, there = alpha_of(answers), alpha_of(answers * stretch + shift)
    assert there.raw == pytest.approx(here.raw, abs=1e-5, nan_ok=True)
    assert np.isnan(here.raw) or here.low <= here.raw <= here.high <= 1
    groups = [list(one) for one in answers]
    moved = [list(one) for one in answers * stretch + shift]
    assert icc_of(moved).single == pytest.approx(icc_of(groups).single, abs=1e-4, nan_ok=True)


def test_tables_that_do_not_belong_together_are_refused() -> None:
    with pytest.raises(ValueError, match="do not belong together"):
        cronbach_alpha(3, [1, 2], [[1, 2, 3]])
    with pytest.raises(ValueError, match="of one shape"):
        intraclass([1, 2], [1], [1, 2])
