"""Whether units differ, from the units that are shown alone."""

from __future__ import annotations

import statistics

import polars as pl
import pytest

from pipelines.derive.reliability import reliability
from tests.unit.derive.cells import facts, hidden, mean

ANSWERS = {"lyon": [40.0, 60, 70, 90], "lille": [10.0, 30, 20], "nice": [80.0, 85, 95, 100, 70]}
PARENTS = {"group": None, **dict.fromkeys([*ANSWERS, "brest"], "group")}
SCHEMA = {
    **dict.fromkeys(("stakeholder_code", "period_code", "dimension_code"), pl.String),
    "item_count": pl.Int32, "n": pl.Int32, "alpha": pl.Float64, "is_below_usual_alpha": pl.Boolean,
    "unit_count": pl.Int32, "icc_1": pl.Float64, "icc_2": pl.Float64,
}  # fmt: skip


def score(unit: str, answers: list[float]) -> dict[str, object]:
    figures = {"sd": statistics.stdev(answers), "n": len(answers)}
    return mean("dimension_score", statistics.fmean(answers), unit=unit, dimension="trust", **figures)


def alphas(*rows: tuple[object, ...]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")


def test_units_that_are_shown_tell_how_far_units_differ() -> None:
    """One-way analysis of variance of the very answers, of which only n, mean and interval were published."""
    everyone = [answer for answers in ANSWERS.values() for answer in answers]
    rows = [score("group", everyone), *(score(unit, answers) for unit, answers in ANSWERS.items())]
    rows.append(hidden("dimension_score", unit="brest", dimension="trust"))
    (found,) = reliability(facts(rows, PARENTS), alphas()).rows(named=True)
    n, grand = len(everyone), statistics.fmean(everyone)
    between = sum(len(a) * (statistics.fmean(a) - grand) ** 2 for a in ANSWERS.values()) / 2
    within = sum((x - statistics.fmean(a)) ** 2 for a in ANSWERS.values() for x in a) / (n - 3)
    usual = (n - sum(len(a) ** 2 for a in ANSWERS.values()) / n) / 2
    assert found["unit_count"] == 3
    assert found["icc_1"] == pytest.approx((between - within) / (between + (usual - 1) * within))
    assert found["icc_2"] == pytest.approx((between - within) / between)


def test_alpha_is_told_where_the_whole_home_shows_the_dimension() -> None:
    told = alphas(
        ("clients", "2025-Q1", "trust", 2, 11, 0.6849, None, None, None, None),
        ("clients", "2025-Q1", "care", 2, 11, 0.9, None, None, None, None),
    )
    rows = [score("group", [40.0, 60, 70]), hidden("dimension_score", unit="group", dimension="care")]
    (found,) = reliability(facts(rows, PARENTS), told).rows(named=True)
    assert (found["dimension_code"], found["n"], found["alpha"]) == ("trust", 3, 0.68)
    assert found["is_below_usual_alpha"] is True
    assert found["unit_count"] is None


def test_it_can_be_computed_again_from_itself() -> None:
    told = alphas(("clients", "2025-Q1", "trust", 2, 11, 0.6849, None, None, None, None))
    rows = [score("group", [40.0, 60, 70]), *(score(unit, answers) for unit, answers in ANSWERS.items())]
    world = facts(rows, PARENTS)
    once = reliability(world, told)
    assert reliability(world, once).equals(once)
