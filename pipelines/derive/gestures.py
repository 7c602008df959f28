"""Gesture and intention: what quality audits saw being done, against the sincerity that was felt."""

from __future__ import annotations

import numpy as np
import polars as pl

from pipelines.declared.models import Kpi
from pipelines.derive.facts import ALL, PROTECTED, PUBLISHED, UNDECIDED, Facts
from pipelines.derive.significance import errors
from pipelines.derive.symmetry import codes_of, paired
from pipelines.stats.symmetry import gap


def gesture_gap(facts: Facts, code: str, kpi: Kpi) -> pl.DataFrame:
    """Gestures kept less intention felt, in points, for the same stakeholder; the interval of two independent figures.

    Verdict, by the declared thresholds `gesture` and `intention`: `genuine` (both reached), `mechanical` (gestures
    without intention), `warm` (intention, loose gestures), `absent` (neither), `undecided` where the interval of either
    holds its threshold, or a figure has none. A stakeholder with only one of the two has no row.
    """
    rows = errors(facts.of(str(kpi.of)).filter(pl.col("dimension_code") == ALL), facts.framework)
    felt = facts.values.filter(
        pl.col("kpi_code").is_in(codes_of(facts, "pomp_mean"))
        & (pl.col("dimension_code") == kpi.dimension)
        & (pl.col("segment_code") == ALL)
        & (pl.col("counterparty_code") == ALL)
    )
    pairs = paired(facts, errors(felt, facts.framework), rows, on=("stakeholder_code",)).filter(
        pl.col("first_status").is_not_null() & pl.col("second_status").is_not_null()
    )
    arrays = (
        pairs[f"{side}_{name}"] for side in ("first", "second") for name in ("centre", "variance", "df")
    )
    felt_at, var_felt, df_felt, kept_at, var_kept, df_kept = (
        part.cast(pl.Float64).to_numpy() for part in arrays
    )
    found = gap(felt_at, np.sqrt(var_felt), df_felt, kept_at, np.sqrt(var_kept), df_kept)
    hidden = (pl.col("first_status") == PROTECTED) | (pl.col("second_status") == PROTECTED)
    value = pl.col("second_value") - pl.col("first_value")
    gesture, intention = (
        _reached("second", kpi.thresholds["gesture"]),
        _reached("first", kpi.thresholds["intention"]),
    )
    told = (
        pl.when(gesture.is_null() | intention.is_null())
        .then(pl.lit("undecided"))
        .when(gesture & intention)
        .then(pl.lit("genuine"))
        .when(gesture)
        .then(pl.lit("mechanical"))
        .when(intention)
        .then(pl.lit("warm"))
        .otherwise(pl.lit("absent"))
    )
    return facts.made(
        pairs.select(
            "unit_code",
            "period_code",
            "stakeholder_code",
            kpi_code=pl.lit(code),
            value=value,
            n=pl.sum_horizontal("first_n", "second_n"),
            ci_low=pl.Series(found.low).fill_nan(None),
            ci_high=pl.Series(found.high).fill_nan(None),
            method=pl.when(value.is_not_null()).then(pl.lit("welch")),
            status=pl.when(hidden)
            .then(pl.lit(PROTECTED))
            .when(value.is_null())
            .then(pl.lit(UNDECIDED))
            .otherwise(pl.lit(PUBLISHED)),
            verdict_code=told,
        )
    )


def _reached(side: str, threshold: float) -> pl.Expr:
    """Whether a figure is surely at or above its threshold, or surely below; null where that is open."""
    return (
        pl.when(pl.col(f"{side}_ci_low") >= threshold)
        .then(True)
        .when(pl.col(f"{side}_ci_high") < threshold)
        .then(False)
    )
