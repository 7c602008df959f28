"""Ranking values: for leaf units only, from their like only, towards their mean."""

from __future__ import annotations

import polars as pl
import pytest

from pipelines.derive.ranking import ranked
from pipelines.stats.shrinkage import shrunken
from tests.unit.derive.cells import Row, facts, hidden, leaves, mean, only, promoters, row, share


def told(rows: list[Row], count: int = 4) -> pl.DataFrame:
    of = facts(rows, leaves(count))
    made = ranked(of.values, of.tree, of.framework)
    assert made.drop("ranking_value").equals(of.values.drop("ranking_value"))
    return made


def scores(values: list[float], n: list[int], **keys: str) -> list[Row]:
    return [
        mean("rqi", one, 20, m, unit=f"unit_{at:03d}", **keys)
        for at, (one, m) in enumerate(zip(values, n, strict=True))
    ]


def test_leaf_units_are_drawn_towards_each_other() -> None:
    rows = [*scores([50.0, 60.0, 90.0], [100, 100, 10]), mean("rqi", 99, unit="group")]
    made = told(rows)
    assert made["ranking_value"].to_list()[:3] == pytest.approx(
        shrunken([50, 60, 90], [4, 4, 40]).tolist(), rel=1e-9
    )
    assert made["ranking_value"][3] is None, "a parent is not ranked among its own units"
    left = [abs(one - 68) for one in made["ranking_value"].to_list()[:3]]
    assert left[2] / 22 < left[0] / 18, "the unit with ten answers moves most"


def test_only_the_like_are_ranked_together() -> None:
    rows = scores([50.0, 60.0, 70.0], [50] * 3)
    other = [one | {"period_code": "2025-Q2", "value": one["value"] + 20} for one in rows[:2]]
    strange = [
        *scores([10.0, 20.0, 90.0], [50] * 3, stakeholder="employees"),
        *scores([10.0, 20.0, 90.0], [50] * 3, segment="channel__both"),
        hidden("rqi", unit="unit_003"),
    ]
    alone, among = told(rows), told([*rows, *other, *strange])
    assert among["ranking_value"].to_list()[:3] == alone["ranking_value"].to_list()
    assert among.filter(period_code="2025-Q2")["ranking_value"].to_list() == [None, None], "two are too few"
    assert among.filter(segment_code="channel__both")["ranking_value"].null_count() == 3
    assert only(among, unit_code="unit_003")["ranking_value"] is None


def test_shares_and_scores_are_ranked_and_what_is_only_reported_is_not() -> None:
    units = [f"unit_{at:03d}" for at in range(3)]
    rows = [
        *(share("csat", good, 40, unit=unit) for good, unit in zip((10, 20, 40), units, strict=True)),
        *(
            promoters(counts, unit=unit)
            for counts, unit in zip(((5, 5, 5), (9, 3, 3), (15, 0, 0)), units, strict=True)
        ),
        *(row("csat", unit=unit, value=50.0, method="as_reported", period="2025-Q2") for unit in units),
        *(share("script_compliance", 20, 40, unit=unit) for unit in units),
    ]
    made = told(rows)["ranking_value"].to_list()
    assert made[:3] == sorted(made[:3])
    assert 25 < made[0] < made[2] < 100
    assert made[5] < 100
    assert made[6:] == [None] * 6
