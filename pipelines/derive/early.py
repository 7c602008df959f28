"""Early warning: one side of a relation falls against its own past while the other has not moved yet."""

from __future__ import annotations

import numpy as np
import polars as pl

from pipelines.declared import UNASSIGNED
from pipelines.declared.models import Kpi
from pipelines.derive.facts import ALL, PROTECTED, PUBLISHED, UNDECIDED, Facts, period_order
from pipelines.derive.significance import NOT_COMPARABLE, errors
from pipelines.stats.early import charts

INDEX = "rqi"
FIGURES = ("fall", "low", "high", "signal", "decided")


def early_warning(facts: Facts, code: str, kpi: Kpi) -> pl.DataFrame:
    """For each relation of symmetry, the smoothed deviation of its first side's index from its first four periods.

    A row wherever the first side has one: `value` in points, negative below the baseline, with an interval that holds
    sampling, the baseline's own error and ordinary movement; `n` is that of the period. Verdict: `alarm` (the first
    side signals a fall and the latest chart of the second, at most a year old, does not), `moved_together` (both do),
    `calm`, and `not_enough_data` before the fifth published period. A changed instrument starts a new baseline.
    """
    order = facts.periods.select("period_code").with_columns(
        place=pl.col("period_code").replace_strict(period_order(facts.periods), return_dtype=pl.Int64)
    )
    whole = facts.of(kpi.of or INDEX).filter(
        (pl.col("dimension_code") == ALL) & (pl.col("unit_code") != UNASSIGNED)
    )
    rows = errors(whole, facts.framework).join(order, on="period_code")
    a_year = periods_per_year(facts.periods)
    relations = [one.sides for one in facts.framework.relations.values() if one.kind == "symmetry"]
    sides = {
        side: _charted(rows.filter(pl.col("stakeholder_code") == side), kpi.false_alarm_rate, a_year)
        for side in sorted({side for pair in relations for side in pair})
    }
    made = [
        _beside(sides[first], sides[second], a_year).with_columns(
            stakeholder_code=pl.lit(first), counterparty_code=pl.lit(second), kpi_code=pl.lit(code)
        )
        for first, second in relations
        if sides[first].height and sides[second].height
    ]
    return facts.made(pl.concat(made) if made else [])


def periods_per_year(periods: pl.DataFrame) -> int:
    """12, 4 or 1: from the days of the first period."""
    if periods.is_empty():
        return 1
    days = (periods["end_date"][0] - periods["start_date"][0]).days + 1
    return 12 // max(1, round(days / 30.4))


def comparable_since(rows: pl.DataFrame, keys: list[str]) -> pl.DataFrame:
    """`rows` of one KPI with `chart`, a number that grows where the instrument changed; published rows alone.

    Rows carry `place` in time. A change said not comparable marks each period compared across the break, a year of
    them where periods are compared with the year before: the first of such a run is where it lies.
    """
    broken = pl.col("change_label").eq_missing(NOT_COMPARABLE)
    published = rows.filter(pl.col("status") == PUBLISHED).sort(*keys, "place")
    first = broken & ~broken.shift(1, fill_value=False).over(keys)
    return published.with_columns(chart=first.cum_sum().over(keys))


def _charted(rows: pl.DataFrame, rate: float, a_year: int) -> pl.DataFrame:
    """Rows of one stakeholder (one per unit and period) with the figures of their charts; null where undecided."""
    shown = comparable_since(rows, ["unit_code"]).filter(pl.col("variance").is_not_null())
    if shown.is_empty():
        return rows.with_columns(
            *(pl.lit(None, dtype=pl.Float64).alias(name) for name in FIGURES[:3]), signal=False, decided=False
        )
    # only the periods since the first measure, so that earlier empty ones cost nothing
    start = int(shown["place"].to_numpy().min())
    line = (
        shown.select(pl.struct("unit_code", "chart").rank("dense").cast(pl.Int64) - 1).to_series().to_numpy()
    )
    at = (line, shown["place"].to_numpy() - start)
    shape = (int(line.max()) + 1, int(at[1].max()) + 1)
    scores, spreads, df = (np.full(shape, np.nan) for _ in range(3))
    scores[at], spreads[at], df[at] = (
        shown["value"].to_numpy(),
        np.sqrt(shown["variance"].to_numpy()),
        shown["df"].to_numpy(),
    )
    found = charts(scores, spreads, df, rate=rate, periods_per_year=a_year)
    figures = {name: pl.Series(getattr(found, name)[at]) for name in FIGURES}
    told = shown.select("unit_code", "place", **figures).with_columns(pl.col(FIGURES[:3]).fill_nan(None))
    return rows.join(told, on=["unit_code", "place"], how="left", maintain_order="left").with_columns(
        pl.col("signal", "decided").fill_null(False)
    )


def _beside(first: pl.DataFrame, second: pl.DataFrame, a_year: int) -> pl.DataFrame:
    """Rows of the first side with the verdict that the second's latest chart allows."""
    measured = second.filter(pl.col("status") == PUBLISHED).select("unit_code", "place", moved="signal")
    both = first.sort("place", "unit_code").join_asof(
        measured.sort("place"), on="place", by="unit_code", tolerance=a_year - 1, check_sortedness=False
    )
    decided, shown = pl.col("decided"), pl.col("status") == PUBLISHED
    moved = pl.col("moved").fill_null(False)
    return both.select(
        "unit_code",
        "period_code",
        "n",
        "disclosure",
        value=pl.col("fall"),
        ci_low=pl.col("low"),
        ci_high=pl.col("high"),
        method=pl.when(decided).then(pl.lit("ewma_cusum")),
        status=pl.when(decided | (pl.col("status") == PROTECTED)).then("status").otherwise(pl.lit(UNDECIDED)),
        verdict_code=pl.when(~(decided & shown))
        .then(pl.lit(UNDECIDED))
        .when(~pl.col("signal"))
        .then(pl.lit("calm"))
        .when(moved)
        .then(pl.lit("moved_together"))
        .otherwise(pl.lit("alarm")),
    )
