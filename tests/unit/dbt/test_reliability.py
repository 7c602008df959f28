"""fct_reliability against the same figures worked out one respondent at a time."""

from __future__ import annotations

import statistics
from collections import defaultdict

import pytest

from tests.unit.dbt import by_hand, small_home
from tests.unit.dbt.conftest import Warehouse

CLOSED = ("w1", "w2", "w3")


def trust_items(response: small_home.Response) -> list[float] | None:
    """The three trust items of the HR survey, 0-100, of who answered all of them."""
    scores = []
    for code, low, high, is_reversed in by_hand.DIMENSIONS["hr_survey"]["trust"]:
        if code not in response.answers:
            return None
        answer = response.answers[code]
        scores.append(100 * ((low + high - answer if is_reversed else answer) - low) / (high - low))
    return scores


def answers(period: str) -> list[small_home.Response]:
    return [
        response
        for response in small_home.responses()
        if response.wave_code in CLOSED
        and by_hand.WAVES[response.wave_code][1] == period
        and response.source_code == "hr_survey"
        and not response.is_test
    ]


@pytest.mark.parametrize("period", ["2024-Q1", "2025-Q1", "2025-Q2"])
def test_alpha_of_those_who_answered_every_item(warehouse: Warehouse, period: str) -> None:
    whole = [scores for response in answers(period) if (scores := trust_items(response))]
    variances = sum(statistics.variance(column) for column in zip(*whole, strict=True))
    alpha = 3 / 2 * (1 - variances / statistics.variance([sum(scores) for scores in whole]))
    (row,) = warehouse.query(
        f"select * from marts.fct_reliability where period_code = '{period}' and dimension_code = 'trust'"
        " and stakeholder_code = 'employees'"
    )
    assert (row["item_count"], row["n"]) == (3, len(whole))
    assert row["alpha"] == pytest.approx(alpha, rel=1e-9)
    assert row["is_below_usual_alpha"] == (alpha < 0.7)


def test_how_far_units_differ(warehouse: Warehouse) -> None:
    """One-way analysis of variance of the people's scores by the unit they answered in."""
    groups: dict[str, list[float]] = defaultdict(list)
    for response in answers("2025-Q1"):
        score = by_hand.dimension_scores(response).get("trust")
        if score is not None:
            groups[response.unit_code].append(float(score))
    everyone = [score for scores in groups.values() for score in scores]
    mean, n, units = statistics.fmean(everyone), len(everyone), len(groups)
    between = sum(len(s) * (statistics.fmean(s) - mean) ** 2 for s in groups.values()) / (units - 1)
    within = sum((x - statistics.fmean(s)) ** 2 for s in groups.values() for x in s) / (n - units)
    usual = (n - sum(len(s) ** 2 for s in groups.values()) / n) / (units - 1)
    (row,) = warehouse.query(
        "select * from marts.fct_reliability where period_code = '2025-Q1' and dimension_code = 'trust'"
        " and stakeholder_code = 'employees'"
    )
    assert row["unit_count"] == units
    assert row["icc_1"] == pytest.approx((between - within) / (between + (usual - 1) * within), rel=1e-6)
    assert row["icc_2"] == pytest.approx((between - within) / between, rel=1e-6)
