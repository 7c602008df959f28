"""Derived KPIs of one stakeholder: gestures, channels, siblings, attention, links, crises, orders."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import polars as pl
import pytest
from scipy import stats as scipy_stats

from pipelines.derive.attention import concentration
from pipelines.derive.channels import better_together
from pipelines.derive.correlation import rank_correlation, spearman_interval
from pipelines.derive.crisis import crisis_share
from pipelines.derive.gestures import gesture_gap
from pipelines.derive.links import link
from pipelines.derive.pushed import sibling_excess
from pipelines.stats import agresti_caffo
from pipelines.stats.concentration import concentration as concentration_of
from tests.unit.derive.cells import Row, facts, hidden, leaves, mean, only, promoters, row, share

CODES: dict[Callable[..., pl.DataFrame], str] = {
    gesture_gap: "gesture_gap",
    better_together: "together_gain",
    sibling_excess: "promoter_excess",
    concentration: "attention",
    link: "link",
    crisis_share: "crisis",
    rank_correlation: "in_order",
}


def told(
    method: Callable[..., pl.DataFrame], rows: list[Row], parents: Any = None, **changed: Any
) -> pl.DataFrame:
    of = facts(rows, parents, **changed)
    made = method(of, CODES[method], of.framework.kpis[CODES[method]])
    assert made.schema == of.values.schema
    empty = made.filter(pl.col("status") == "protected").select(
        "value", "n", "ci_low", "ci_high", "verdict_code"
    )
    assert empty.null_count().row(0) == (empty.height,) * 5
    return made


@pytest.mark.parametrize("method", list(CODES))
def test_nothing_comes_of_nothing(method: Callable[..., pl.DataFrame]) -> None:
    assert told(method, []).is_empty()


# -- gestures


@pytest.mark.parametrize(
    ("kept", "felt", "verdict"),
    [
        (180, 80, "genuine"),
        (180, 50, "mechanical"),
        (100, 80, "warm"),
        (100, 50, "absent"),
        (142, 80, "undecided"),
        (180, 66, "undecided"),
    ],
)
def test_gestures_beside_intention(kept: int, felt: float, verdict: str) -> None:
    rows = [
        share("script_compliance", kept, 200),
        mean("dimension_score", felt, 20, 200, dimension="sincerity"),
    ]
    made = only(told(gesture_gap, rows))
    assert (made["verdict_code"], made["status"], made["n"]) == (verdict, "published", 400)
    assert made["value"] == pytest.approx(kept / 2 - felt)
    centre, variance = 100 * (kept + 1) / 202, 1e4 * (kept + 1) * (201 - kept) / 202**3
    half = 1.96 * math.sqrt(variance + 400 / 200)
    assert (made["ci_low"], made["ci_high"]) == pytest.approx(
        (centre - felt - half, centre - felt + half), abs=0.05
    )


def test_gestures_of_some_and_intention_of_others_are_not_compared() -> None:
    kept, felt = share("script_compliance", 180, 200), mean("dimension_score", 50, dimension="sincerity")
    assert told(gesture_gap, [kept, felt | {"stakeholder_code": "employees"}]).is_empty()
    assert told(gesture_gap, [kept, felt | {"dimension_code": "trust"}]).is_empty()
    assert (
        only(told(gesture_gap, [kept, hidden("dimension_score", dimension="sincerity")]))["status"]
        == "protected"
    )
    assert only(told(gesture_gap, [hidden("script_compliance"), felt]))["status"] == "protected"
    later = told(gesture_gap, [kept | {"period_code": "2024-Q3"}, felt])
    assert dict(later.select("period_code", "verdict_code").iter_rows()) == {"2025-Q1": "mechanical"}
    bare = row("script_compliance", value=90.0, method="as_reported")
    made = only(told(gesture_gap, [bare, felt]))
    assert (made["value"], made["ci_low"], made["verdict_code"]) == (40, None, "undecided")


# -- channels


def channels(both: int, digital: int, human: int, n: int = 200) -> list[Row]:
    cells = {"both": both, "digital": digital, "human": human, "other": 3}
    return [share("csat", good, n, segment=f"channel__{name}") for name, good in cells.items()]


@pytest.mark.parametrize(
    ("counts", "verdict"),
    [
        ((160, 110, 120), "reinforce"),
        ((90, 150, 80), "weaken"),
        ((125, 110, 120), "undecided"),
        ((160, 110, 155), "undecided"),
    ],
)
def test_both_channels_beside_the_better_single_one(counts: tuple[int, int, int], verdict: str) -> None:
    made = only(told(better_together, channels(*counts)))
    assert made["value"] == pytest.approx((counts[0] - max(counts[1:])) / 2)
    assert (made["verdict_code"], made["n"], made["segment_code"]) == (verdict, 600, "all")
    lows = [100 * agresti_caffo(counts[0], 200, one, 200).low for one in counts[1:]]
    assert made["ci_low"] == pytest.approx(min(lows))
    assert made["ci_low"] < made["value"] < made["ci_high"]


def test_every_channel_is_needed_and_one_protected_protects() -> None:
    rows = channels(160, 110, 120)
    assert told(better_together, rows[:2]).is_empty()
    assert (
        only(told(better_together, [*rows[:2], hidden("csat", segment="channel__human")]))["status"]
        == "protected"
    )
    assert told(better_together, [one | {"segment_code": "all"} for one in rows[:1]]).is_empty()


def test_the_better_of_two_equal_channels_is_not_beaten_by_chance() -> None:
    drawn = np.random.default_rng(8)
    good = drawn.binomial(150, [0.7, 0.7, 0.7], (1500, 3))
    rows = [
        share("csat", int(count), 150, segment=f"channel__{name}", unit=f"unit_{place:04d}")
        for place, counts in enumerate(good)
        for name, count in zip(("both", "digital", "human"), counts, strict=True)
    ]
    made = told(better_together, rows, leaves(1))
    assert made.height == 1500
    assert ((made["ci_low"] <= 0) & (made["ci_high"] >= 0)).mean() > 0.95
    assert (made["verdict_code"] == "reinforce").mean() < 0.025


# -- siblings


def pushed(counts: dict[str, tuple[int, int]]) -> list[Row]:
    return [share("promoter_share", good, n, unit=unit) for unit, (good, n) in counts.items()]


def test_a_unit_beside_its_siblings_pooled() -> None:
    rows = pushed({"unit_000": (90, 100), "unit_001": (50, 100), "unit_002": (100, 250), "group": (240, 450)})
    made = told(sibling_excess, rows, leaves(3))
    first = only(made, unit_code="unit_000")
    by_hand = agresti_caffo(90, 100, 150, 350)
    assert (first["value"], first["ci_low"], first["ci_high"]) == pytest.approx(
        tuple(100 * part for part in by_hand[:3])
    )
    assert (first["verdict_code"], first["n"], first["method"]) == ("above_siblings", 100, "agresti_caffo")
    assert only(made, unit_code="unit_002")["verdict_code"] == "below_siblings"
    assert "group" not in set(made["unit_code"]), "the root has no siblings"


def test_like_siblings_takes_many_answers_and_few_leave_it_open() -> None:
    many, few = ({"unit_000": (5 * n, 10 * n), "unit_001": (5 * n, 10 * n)} for n in (1000, 10))
    assert set(told(sibling_excess, pushed(many), leaves(2))["verdict_code"]) == {"like_siblings"}
    assert set(told(sibling_excess, pushed(few), leaves(2))["verdict_code"]) == {"undecided"}


def test_protected_siblings_are_left_out_of_the_pool() -> None:
    parents = {
        "group": None,
        "north": "group",
        "south": "group",
        **{f"unit_00{at}": "north" for at in range(3)},
        "unit_003": "south",
    }
    rows = pushed({"unit_000": (90, 100), "unit_001": (50, 100), "unit_003": (1, 100)})
    made = told(sibling_excess, [*rows, hidden("promoter_share", unit="unit_002")], parents)
    assert only(made, unit_code="unit_000")["value"] == pytest.approx(40)
    assert only(made, unit_code="unit_002")["status"] == "protected"
    assert made.filter(unit_code="unit_003").is_empty()
    alone = told(sibling_excess, [rows[0], hidden("promoter_share", unit="unit_001")], parents)
    left = only(alone, unit_code="unit_000")
    assert (left["status"], left["value"], left["n"]) == ("not_enough_data", None, 100)
    elsewhere = [one | {"stakeholder_code": "partners"} for one in rows[1:]]
    assert told(sibling_excess, [rows[0], *elsewhere[:1]], parents).is_empty()


# -- attention


def contacts(means: tuple[float, float, float], n: int = 60, sd: float = 2) -> list[Row]:
    return [
        mean("client_contacts", one, sd, n, segment=f"decile__{name}")
        for name, one in zip(("low", "middle", "high"), means, strict=True)
    ]


@pytest.mark.parametrize(
    ("means", "n", "verdict"),
    [
        ((2, 4, 9), 60, "towards_richest"),
        ((9, 4, 2), 60, "towards_poorest"),
        ((4, 4, 4), 300, "even"),
        ((4, 4, 4.6), 6, "undecided"),
    ],
)
def test_whose_attention_it_is(means: tuple[float, float, float], n: int, verdict: str) -> None:
    rows = [
        *contacts(means, n),
        mean("client_contacts", 400, segment="decile__other"),
        mean("client_contacts", 5),
    ]
    made = only(told(concentration, rows[::-1]))
    by_hand = concentration_of(means, [4] * 3, [n] * 3, [0] * 3)
    assert (made["value"], made["ci_low"], made["ci_high"]) == pytest.approx(
        (by_hand.value[0], by_hand.low[0], by_hand.high[0]), abs=1e-9
    )
    assert (made["verdict_code"], made["n"], made["method"]) == (verdict, 3 * n, "kakwani")


def test_a_protected_decile_protects_and_one_decile_decides_nothing() -> None:
    rows = contacts((2, 4, 9))
    assert (
        only(told(concentration, [*rows[:2], hidden("client_contacts", segment="decile__high")]))["status"]
        == "protected"
    )
    one = only(told(concentration, rows[:1]))
    assert (one["status"], one["value"], one["n"]) == ("not_enough_data", None, 60)
    parts = [*rows, *(part | {"unit_code": "group"} for part in contacts((9, 4, 2)))]
    assert set(told(concentration, parts)["verdict_code"]) == {"towards_richest", "towards_poorest"}


# -- links


@pytest.mark.parametrize(("value", "verdict"), [(70, "holds"), (30, "apart"), (51, "undecided")])
def test_a_link_is_judged_by_its_whole_interval(value: float, verdict: str) -> None:
    source = mean("rqi", value)
    made = only(
        told(
            link,
            [source, mean("rqi", 10, stakeholder="employees"), source | {"segment_code": "channel__both"}],
        )
    )
    assert (made["dimension_code"], made["verdict_code"]) == ("company_clients", verdict)
    assert [made[name] for name in ("value", "ci_low", "ci_high", "n", "method")] == [
        source[name] for name in ("value", "ci_low", "ci_high", "n", "method")
    ]


def test_a_link_keeps_the_status_of_its_figure() -> None:
    assert only(told(link, [hidden("rqi")]))["status"] == "protected"
    few = row("rqi", n=14) | {"status": "not_enough_data"}
    made = only(told(link, [few]))
    assert (made["status"], made["n"], made["verdict_code"]) == ("not_enough_data", 14, "undecided")


# -- crises


def test_relations_in_crisis_are_low_for_sure_or_really_falling() -> None:
    falling = {"change_value": -8.0, "change_label": "real_and_large"}
    rows = [
        mean("rqi", 40, unit="unit_000"),  # low
        mean("rqi", 49, unit="unit_001"),  # its interval reaches 50
        mean("rqi", 70, unit="unit_002") | falling,
        mean("rqi", 70, unit="unit_003") | falling | {"change_label": "noise"},
        mean("rqi", 70, unit="unit_004") | falling | {"change_value": 8.0},
        mean("rqi", 30, unit="unit_000", stakeholder="employees"),
        mean("rqi", 30, unit="unit_000", stakeholder="buyers"),  # a side, no relation of its own
        mean("rqi", 30, unit="unit_001", segment="channel__both"),
        hidden("rqi", unit="unit_005"),
        mean("rqi", 10, unit="group"),  # not a leaf
    ]
    made = only(told(crisis_share, rows, leaves(6)), unit_code="group")
    assert (made["value"], made["n"]) == (pytest.approx(50), 6)
    assert (made["stakeholder_code"], made["status"], made["ci_low"]) == ("all", "published", None)


def test_crises_need_three_units_and_figures_of_a_year() -> None:
    two = [
        mean("rqi", 30, unit=unit, stakeholder=side)
        for unit in ("unit_000", "unit_001")
        for side in ("clients", "employees")
    ]
    made = only(told(crisis_share, two, leaves(3)), unit_code="group")
    assert (made["status"], made["value"], made["n"]) == ("not_enough_data", None, 4)
    old = [mean("rqi", 30, unit=f"unit_{at:03d}", period="2024-Q1") for at in range(3)]
    new = [mean("rqi", 70, unit="unit_003", period=period) for period in ("2024-Q4", "2025-Q1")]
    by_period = dict(
        told(crisis_share, [*old, *new], leaves(4))
        .filter(unit_code="group")
        .select("period_code", "n")
        .iter_rows()
    )
    assert by_period == {"2024-Q1": 3, "2024-Q4": 4, "2025-Q1": 1}
    values = (
        told(crisis_share, [*old, *new], leaves(4))
        .filter(unit_code="group")
        .sort("period_code")["value"]
        .to_list()
    )
    assert values == [100, 75, None]


# -- orders


def test_spearman_of_the_worked_example() -> None:
    # R, statpsych::ci.spear: 0.8699639, 0.5840951 to 0.9638297
    y = [21, 4, 9, 12, 35, 18, 10, 22, 24, 1, 6, 8, 13, 16, 19]
    x = [67, 28, 30, 28, 52, 40, 25, 37, 44, 10, 14, 20, 28, 40, 51]
    rows = [
        one
        for place, (first, second) in enumerate(zip(x, y, strict=True))
        for one in (
            mean("rqi", first, stakeholder="employees", unit=f"unit_{place:03d}"),
            share("csat", second, 100, unit=f"unit_{place:03d}"),
        )
    ]
    made = only(told(rank_correlation, rows, leaves(15)), unit_code="group")
    assert (made["value"], made["ci_low"], made["ci_high"]) == pytest.approx(
        (0.8699639, 0.5840951, 0.9638297), abs=5e-8
    )
    assert (made["stakeholder_code"], made["counterparty_code"], made["n"]) == ("employees", "clients", 15)
    assert (made["method"], made["verdict_code"]) == ("bonett_wright", None)
    few = only(told(rank_correlation, rows[:6], leaves(15)), unit_code="group")
    assert (few["status"], few["n"], few["value"]) == ("not_enough_data", 3, None)
    four = only(told(rank_correlation, rows[:8], leaves(15)), unit_code="group")
    assert (four["status"], four["n"]) == ("published", 4)
    alike = [one | {"value": 50.0} if one["kpi_code"] == "rqi" else one for one in rows]
    assert only(told(rank_correlation, alike, leaves(15)), unit_code="group")["status"] == "not_enough_data"


def test_spearman_is_scipys_and_its_interval_holds_the_order() -> None:
    drawn = np.random.default_rng(6)
    many, n = 2000, 40
    x = drawn.normal(size=(many, n))
    y = 0.6 * x + 0.8 * drawn.normal(size=(many, n))
    r = np.array([scipy_stats.spearmanr(a, b).statistic for a, b in zip(x, y, strict=True)])
    _, low, high = spearman_interval(r, np.full(many, n))
    true = 6 / math.pi * math.asin(0.6 / 2)
    assert ((low <= true) & (true <= high)).mean() == pytest.approx(0.95, abs=0.015)


def test_promoters_are_not_a_share_of_answers() -> None:
    assert told(sibling_excess, [promoters((5, 3, 2)) | {"kpi_code": "promoter_share"}], leaves(2)).is_empty()
