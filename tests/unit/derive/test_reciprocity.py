"""Reciprocity from the gaps of its dimensions, and who is the more demanding side."""

from __future__ import annotations

import math
from typing import Any

import polars as pl
import pytest

from pipelines.derive.reciprocity import reciprocity
from tests.unit.derive.cells import Row, facts, hidden, mean, only

FRAMED = ("buyers", "partners")


def sides(trust: tuple[float, float], care: tuple[float, float], n: int = 100, **keys: Any) -> list[Row]:
    rows = [
        mean("dimension_score", value, 20, n, stakeholder=side, dimension=dimension, **keys)
        for dimension, pair in (("trust", trust), ("care", care))
        for side, value in zip(FRAMED, pair, strict=True)
    ]
    whole = [(trust[at] + care[at]) / 2 for at in (0, 1)]
    return [
        *rows,
        mean("mirrored_index", whole[0], 16, n, stakeholder="buyers", towards="partners", **keys),
        mean("mirrored_index", whole[1], 16, n, stakeholder="partners", towards="buyers", **keys),
    ]


def told(rows: list[Row]) -> pl.DataFrame:
    of = facts(rows)
    return reciprocity(of, "reciprocity", of.framework.kpis["reciprocity"])


def test_noise_is_taken_off_the_mean_gap() -> None:
    row = only(told(sides((60, 70), (62, 56))))
    se = 20 * math.sqrt(2 / 100)
    assert row["value"] == pytest.approx(100 - ((10 + 6) / 2 - se * math.sqrt(2 / math.pi)))
    assert (row["stakeholder_code"], row["counterparty_code"], row["dimension_code"]) == (*FRAMED, "all")
    assert (row["status"], row["method"], row["n"]) == ("published", "folded_normal", 200)
    assert row["ci_low"] < 92 < row["ci_high"]


def test_gaps_that_cancel_are_still_gaps() -> None:
    assert only(told(sides((60, 80), (80, 60), 1000)))["value"] == pytest.approx(80.7, abs=0.1)


@pytest.mark.parametrize(
    ("trust", "care", "n", "verdict"),
    [
        ((60, 60.5), (60, 59.5), 2000, "mutual"),
        ((60, 75), (60, 75), 200, "one_sided_stakeholder"),
        ((75, 60), (75, 60), 200, "one_sided_counterparty"),
        ((60, 80), (80, 60), 200, "undecided"),
        ((60, 61), (60, 61), 30, "undecided"),
    ],
)
def test_who_is_the_more_demanding(trust: Any, care: Any, n: int, verdict: str) -> None:
    assert only(told(sides(trust, care, n)))["verdict_code"] == verdict


def test_a_protected_dimension_protects_the_row() -> None:
    rows = [
        one
        for one in sides((60, 70), (60, 70))
        if (one["stakeholder_code"], one["dimension_code"]) != ("buyers", "care")
    ]
    row = only(told([*rows, hidden("dimension_score", stakeholder="buyers", dimension="care")]))
    assert (row["status"], row["value"], row["n"], row["verdict_code"]) == ("protected", None, None, None)


def test_a_dimension_asked_of_one_side_only_counts_for_nothing() -> None:
    rows = [
        one
        for one in sides((60, 70), (0, 100))
        if (one["stakeholder_code"], one["dimension_code"]) != ("buyers", "care")
    ]
    assert only(told(rows))["value"] == pytest.approx(
        100 - 10 + 20 * math.sqrt(2 / 100) * math.sqrt(2 / math.pi)
    )
    assert told([one for one in rows if one["stakeholder_code"] == "partners"]).is_empty()


def test_units_and_periods_are_apart() -> None:
    rows = [
        *sides((60, 70), (60, 70)),
        *sides((60, 60), (60, 60), unit="group"),
        *sides((60, 90), (60, 90), period="2025-Q2"),
    ]
    made = told(rows)
    assert made.height == 3
    assert (
        only(made, unit_code="lyon", period_code="2025-Q1").items()
        >= only(told(sides((60, 70), (60, 70)))).items()
    )
