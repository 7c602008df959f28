"""Changes shown together: each one's p-value is its interval's, and few of those called real are chance."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats as scipy_stats

from pipelines.derive import significance
from pipelines.stats import agresti_caffo, nps_difference, welch
from tests.unit.derive.cells import Row, facts, hidden, mean, only, promoters, row, share, table

RANGES = {"rqi": (0.0, 100.0), "csat": (0.0, 100.0), "nps": (-100.0, 100.0), "on_time": (0.0, 1.0)}
BEFORE = {"period": "2024-Q1"}


def changed(now: Row, value: float, low: float, high: float, label: str | None = None) -> Row:
    """A row with its change against a year before, labelled as the SQL does."""
    width = RANGES[now["kpi_code"]][1] - RANGES[now["kpi_code"]][0]
    large = abs(value) >= 5 * min(width / 100, 1)
    own = "noise" if low <= 0 <= high else "real_and_large" if large else "small_but_real"
    return now | {
        "compared_period_code": "2024-Q1",
        "change_value": value,
        "change_ci_low": low,
        "change_ci_high": high,
        "change_label": label or own,
    }


def moved(before: float, now: float, n: int = 100, sd: float = 20, **keys: Any) -> list[Row]:
    """An index a year before and now, with the Welch interval of its change."""
    change = welch(now, sd, n, before, sd, n)
    rows = [mean("rqi", before, sd, n, **BEFORE, **keys), mean("rqi", now, sd, n, **keys)]
    return [rows[0], changed(rows[1], *change[:3])]


def test_what_a_figure_says_of_its_error_is_what_it_was_made_of() -> None:
    rows = [
        mean("rqi", 61.3, 18, 47),
        mean("dimension_score", 61.3, 18, 4000, dimension="trust"),
        share("csat", 9, 10),
        share("on_time", 45, 60, scale=1),
        promoters((19, 9, 8)),
        promoters((40, 0, 0), unit="paris"),
        row("csat", value=70.0, method="as_reported", unit="nice"),
        hidden("rqi", unit="nice"),
    ]
    told = significance.errors(table(rows), facts([]).framework).rows(named=True)
    assert (told[0]["centre"], told[0]["variance"], told[0]["df"]) == pytest.approx((61.3, 18**2 / 47, 46))
    assert told[1]["variance"] == pytest.approx(
        18**2 / 4000, rel=0.003
    )  # the SQL's table is a little wide there
    now, then = told[2], told[3]
    by_name = agresti_caffo(9, 10, 3, 10)
    centre, variance = 100 * (4 / 12), 1e4 * (4 / 12) * (8 / 12) / 12
    half = 1.959963984540054 * math.sqrt(now["variance"] + variance)
    assert (now["centre"] - centre - half, now["centre"] - centre + half) == pytest.approx(
        (100 * by_name.low, 100 * by_name.high)
    )
    assert then["centre"] == pytest.approx(46 / 62)
    assert then["df"] == math.inf
    whole = nps_difference((19, 9, 8), (40, 0, 0))
    half = 1.959963984540054 * math.sqrt(told[4]["variance"] + told[5]["variance"])
    assert told[4]["centre"] - told[5]["centre"] - half == pytest.approx(whole.low)
    assert told[4]["centre"] - told[5]["centre"] + half == pytest.approx(whole.high)
    assert told[5]["ci_high"] == 100, "an interval cut at the end of the scale"
    assert [one["variance"] for one in told[6:]] == [None, None]


def test_the_p_value_of_a_mean_is_welchs() -> None:
    rows = [mean("rqi", 60, 15, 25, **BEFORE), mean("rqi", 68, 22, 40)]
    change = welch(68, 22, 40, 60, 15, 25)
    told = only(
        significance.tested(table([rows[0], changed(rows[1], *change[:3])]), 5, RANGES), period_code="2025-Q1"
    )
    theirs = scipy_stats.ttest_ind_from_stats(68, 22, 40, 60, 15, 25, equal_var=False).pvalue
    assert told["change_p_value"] == pytest.approx(
        theirs, rel=0.01
    )  # df 62.6 is read as 62, as the interval's was
    assert told["change_label"] == "noise"


def test_a_share_and_a_score_are_normal() -> None:
    rows = [share("csat", 48, 80, **BEFORE), share("csat", 56, 70), promoters((10, 10, 10), **BEFORE)]
    change = agresti_caffo(56, 70, 48, 80)
    score = nps_difference((30, 5, 5), (10, 10, 10))
    whole = [
        *rows,
        changed(rows[1], 20, 100 * change.low, 100 * change.high),
        changed(promoters((30, 5, 5)), *score[:3]),
    ]
    told = significance.tested(table(whole[:1] + whole[2:]), 5, RANGES).filter(
        pl.col("change_p_value").is_not_null()
    )
    for one in told.rows(named=True):
        centre = (one["change_ci_low"] + one["change_ci_high"]) / 2
        half = (one["change_ci_high"] - one["change_ci_low"]) / 2
        assert one["change_p_value"] == pytest.approx(
            2 * scipy_stats.norm.sf(abs(centre) / half * 1.959963984540054)
        )
        assert one["change_label"] == "real_and_large"


@pytest.mark.parametrize(
    ("now", "n", "label"), [(62, 100, "noise"), (63, 4000, "small_but_real"), (66, 400, "real_and_large")]
)
def test_one_change_alone_is_labelled_by_its_interval_as_the_marts_do(now: float, n: int, label: str) -> None:
    rows = moved(60, now, n)
    assert rows[1]["change_label"] == label
    assert only(significance.tested(table(rows), 5, RANGES), period_code="2025-Q1")["change_label"] == label


def test_an_interval_that_touches_zero_is_noise_even_alone() -> None:
    rows = moved(60, 70)
    told = only(
        significance.tested(table([rows[0], changed(rows[1], 5, 0.0, 10.0)]), 5, RANGES),
        period_code="2025-Q1",
    )
    assert (told["change_label"], told["change_p_value"]) == ("noise", pytest.approx(0.05))


def test_a_change_of_just_the_smallest_effect_is_large_and_a_shorter_scale_has_a_smaller_one() -> None:
    ratio = [
        share("on_time", 800, 1000, 1, **BEFORE),
        changed(share("on_time", 860, 1000, 1), 0.06, 0.02, 0.1),
    ]
    small = [
        share("on_time", 800, 1000, 1, **BEFORE),
        changed(share("on_time", 840, 1000, 1), 0.04, 0.01, 0.07),
    ]
    whole = moved(60, 65, 4000)
    unknown = [{**one, "kpi_code": "unheard"} for one in whole]
    labels = [
        only(significance.tested(table(rows), 5, RANGES), period_code="2025-Q1")["change_label"]
        for rows in (ratio, small)
    ]
    assert labels == ["real_and_large", "small_but_real"]
    for rows in (whole, unknown):
        assert (
            only(significance.tested(table(rows), 5, RANGES), period_code="2025-Q1")["change_label"]
            == "real_and_large"
        )


def test_among_many_changes_a_single_lucky_one_is_noise() -> None:
    lucky = moved(60, 66, 100, unit="lucky")
    others = [one for place in range(35) for one in moved(60, 60.5, 100, unit=f"unit_{place}")]
    alone = only(significance.tested(table(lucky), 5, RANGES), period_code="2025-Q1")
    among = only(
        significance.tested(table(lucky + others), 5, RANGES), period_code="2025-Q1", unit_code="lucky"
    )
    assert alone["change_label"] == "real_and_large"
    assert alone["change_p_value"] == among["change_p_value"]
    assert among["change_label"] == "noise"
    sure = moved(60, 75, 100, unit="sure")
    told = significance.tested(table(sure + lucky + others), 5, RANGES)
    assert only(told, period_code="2025-Q1", unit_code="sure")["change_label"] == "real_and_large"


def test_a_report_is_one_period_and_one_family_of_segments() -> None:
    lucky = moved(60, 66, 100, unit="lucky")
    many = [one for place in range(35) for one in moved(60, 60.5, 100, unit=f"unit_{place}")]
    elsewhere = [one | {"segment_code": f"age__{place % 3}"} for place, one in enumerate(many)]
    assert (
        only(
            significance.tested(table(lucky + elsewhere), 5, RANGES), period_code="2025-Q1", unit_code="lucky"
        )["change_label"]
        == "real_and_large"
    )
    inside = [one | {"segment_code": "age__under_30"} for one in lucky]
    cut = [one | {"segment_code": "age__over_30"} for one in many]
    told = significance.tested(table(inside + cut), 5, RANGES)
    assert only(told, period_code="2025-Q1", unit_code="lucky")["change_label"] == "noise"
    later = [one | {"period_code": "2025-Q2"} if one["period_code"] == "2025-Q1" else one for one in many]
    told = significance.tested(table(lucky + later), 5, RANGES)
    assert only(told, period_code="2025-Q1", unit_code="lucky")["change_label"] == "real_and_large"


def test_what_has_no_change_or_none_that_compares_stays_as_it_is() -> None:
    rows = [
        *moved(60, 75),
        row(
            "rqi",
            unit="broken",
            value=60.0,
            n=50,
            compared_period_code="2024-Q1",
            change_label="not_comparable",
        ),
        changed(mean("rqi", 70, unit="across"), 9, 5, 13, "not_comparable"),
        mean("rqi", 60, unit="new"),
        hidden("rqi", unit="small"),
        row(
            "csat",
            unit="told",
            value=60.0,
            compared_period_code="2024-Q1",
            change_value=4.0,
            method="as_reported",
        ),
    ]
    values = table(rows)
    told = significance.tested(values, 5, RANGES)
    assert values.equals(table(rows)), "what was given is not written over"
    assert told.columns == values.columns
    assert told["unit_code"].to_list() == values["unit_code"].to_list()
    assert told["change_label"].to_list() == [
        None,
        "real_and_large",
        *["not_comparable"] * 2,
        *[None] * 3,
    ]
    assert told["change_p_value"].is_null().to_list() == [True, False, *[True] * 5]
    untouched = [name for name in values.columns if name not in {"change_label", "change_p_value"}]
    assert told.select(untouched).equals(values.select(untouched))
    assert significance.tested(table([]), 5, RANGES).is_empty()
    assert significance.tested(told, 5, RANGES).equals(told), "testing what is tested changes nothing"


@given(
    st.lists(
        st.tuples(st.floats(40, 80), st.floats(40, 80), st.integers(10, 300), st.floats(5, 30)),
        min_size=1,
        max_size=12,
    )
)
def test_a_label_is_never_bolder_than_the_interval_and_never_without_the_rate(
    cells: list[tuple[float, float, int, float]],
) -> None:
    rows = [one for place, cell in enumerate(cells) for one in moved(*cell, unit=f"unit_{place}")]
    told = significance.tested(table(rows), 5, RANGES).filter(pl.col("change_p_value").is_not_null())
    p = told["change_p_value"].to_numpy()
    low, high = told["change_ci_low"].to_numpy(), told["change_ci_high"].to_numpy()
    excluded = (low > 0) | (high < 0)
    assert ((p < 0.05) == excluded).all()
    real = (told["change_label"] != "noise").to_numpy()
    assert not (real & ~excluded).any()
    order = np.sort(p)
    passing = np.flatnonzero(order <= 0.05 * np.arange(1, p.size + 1) / p.size)
    bound = order[passing[-1]] if passing.size else -1.0
    assert (real == ((p <= bound) & excluded)).all()
