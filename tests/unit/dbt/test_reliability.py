"""fct_reliability against the same figures worked out one respondent at a time."""

from __future__ import annotations

import statistics

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
