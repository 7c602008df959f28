"""A weighted score says what the published groups say of the people they stand for, and nothing where one is hidden."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.declared.models import Kpi
from pipelines.derive.weights import design_effect, post_stratified
from pipelines.stats import weighting
from tests.unit.derive.cells import Row, facts, hidden, kpi, mean, only, share

ADJUSTED = Kpi.model_validate(kpi("post_stratified", of="rqi", segment="channel", stakeholders=["clients"]))
EARLY, LATE = dt.date(2020, 1, 1), dt.date(2025, 2, 1)


def population(**people: int) -> list[dict[str, Any]]:
    return [
        {"unit_code": "lyon", "segment_code": f"channel__{code}", "people": count, "valid_from": EARLY}
        for code, count in people.items()
    ]


def groups(**scores: tuple[float, int]) -> list[Row]:
    return [mean("rqi", value, n=n, segment=f"channel__{code}") for code, (value, n) in scores.items()]


def weighted(rows: list[Row], lines: list[dict[str, Any]], declared: Kpi = ADJUSTED) -> pl.DataFrame:
    return post_stratified(replace(facts(rows), population=pl.DataFrame(lines)), "rqi_adjusted", declared)


def test_each_group_counts_as_its_people() -> None:
    row = only(weighted(groups(digital=(50, 80), human=(70, 20)), population(digital=500, human=500)))
    assert row["value"] == pytest.approx(60)
    # 400/80 and 400/20 square points, half of each
    assert row["ci_high"] - row["value"] == pytest.approx(2 * (5 / 4 + 20 / 4) ** 0.5, rel=0.05)
    assert (row["n"], row["method"], row["status"], row["verdict_code"]) == (
        100,
        "poststratified",
        "published",
        None,
    )
    assert (row["kpi_code"], row["segment_code"], row["period_code"]) == ("rqi_adjusted", "all", "2025-Q1")
    effect = only(
        design_effect(
            replace(
                facts(groups(digital=(50, 80), human=(70, 20))),
                population=pl.DataFrame(population(digital=500, human=500)),
            ),
            "deff",
            ADJUSTED,
        )
    )
    assert (effect["method"], effect["ci_low"]) == ("point", None)
    assert effect["value"] == pytest.approx(100 * (80 * 0.625**2 + 20 * 2.5**2) / 100**2)


@pytest.mark.parametrize(
    ("third", "status"),
    [
        (hidden("rqi", segment="channel__both"), "protected"),
        (hidden("rqi", segment="channel__both") | {"status": "not_enough_data", "n": 11}, "not_enough_data"),
        (None, "not_enough_data"),
    ],
)
def test_a_group_that_is_not_shown_leaves_nothing_to_show(third: Row | None, status: str) -> None:
    rows = [*groups(digital=(50, 80), human=(70, 20)), *([third] if third else [])]
    row = only(weighted(rows, population(digital=500, human=500, both=1)))
    assert row["status"] == status
    assert [row[name] for name in ("value", "n", "ci_low", "ci_high", "method")] == [None] * 5


def test_a_group_without_people_needs_no_answer_and_gives_none() -> None:
    rows = groups(digital=(50, 80), human=(70, 20), other=(0, 30))
    row = only(weighted(rows, population(digital=500, human=500, both=0)))
    assert (row["value"], row["n"]) == (pytest.approx(60), 100)


def test_the_headcount_of_the_period_holds() -> None:
    later = [
        {**line, "people": people, "valid_from": LATE}
        for line, people in zip(population(digital=1, human=1), (900, 300), strict=True)
    ]
    rows = groups(digital=(50, 80), human=(70, 20))
    before = [{**row, "period_code": "2024-Q4"} for row in rows]
    made = weighted(rows + before, population(digital=500, human=500) + later)
    assert only(made, period_code="2024-Q4")["value"] == pytest.approx(60)
    assert only(made, period_code="2025-Q1")["value"] == pytest.approx(55)


def test_only_declared_stakeholders_segments_and_units_with_people() -> None:
    rows = groups(digital=(50, 80), human=(70, 20))
    theirs = [{**row, "stakeholder_code": "employees"} for row in rows]
    elsewhere = [{**row, "unit_code": "group"} for row in rows]
    cut = [mean("rqi", 20, n=40, segment="decile__low")]
    assert weighted(rows + theirs + elsewhere + cut, population(digital=500, human=500)).height == 1
    assert weighted(
        rows, [{**line, "segment_code": "decile__low"} for line in population(digital=5)]
    ).is_empty()


def test_every_dimension_and_a_share_are_weighted_too() -> None:
    rows = [
        mean("dimension_score", score, n=50, dimension=name, segment=f"channel__{code}")
        for name, score in (("trust", 40), ("care", 80))
        for code in ("digital", "human")
    ]
    declared = Kpi.model_validate(kpi("post_stratified", of="dimension_score", segment="channel"))
    made = weighted(rows, population(digital=300, human=100), declared)
    assert dict(made.select("dimension_code", "value").iter_rows()) == pytest.approx(
        {"trust": 40, "care": 80}
    )
    shares = [
        share("csat", 40, 50, segment="channel__digital"),
        share("csat", 10, 50, segment="channel__human"),
    ]
    declared = Kpi.model_validate(kpi("post_stratified", of="csat", segment="channel"))
    row = only(weighted(shares, population(digital=300, human=100), declared))
    assert row["value"] == pytest.approx(65)
    assert row["ci_low"] < 65 < row["ci_high"]


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(st.floats(0, 100), st.integers(10, 300), st.integers(1, 900)), min_size=3, max_size=3)
)
def test_the_mean_is_that_of_the_statistics_and_lies_among_its_groups(
    strata: list[tuple[float, int, int]],
) -> None:
    names = ("digital", "human", "both")
    rows = groups(**{name: (score, n) for name, (score, n, _) in zip(names, strata, strict=True)})
    row = only(
        weighted(
            rows, population(**{name: people for name, (_, _, people) in zip(names, strata, strict=True)})
        )
    )
    scores, counts, people = (list(one) for one in zip(*strata, strict=True))
    found = weighting.post_stratified(
        scores, [400 / n for n in counts], [n - 1 for n in counts], counts, people
    )
    assert (row["value"], row["ci_low"]) == (
        pytest.approx(float(found.value)),
        pytest.approx(float(found.low), abs=1e-2),
    )
    assert min(scores) - 1e-9 <= row["value"] <= max(scores) + 1e-9
