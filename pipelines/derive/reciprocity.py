"""Reciprocity: how far both sides of a relation see it alike, once what noise alone would part is taken off."""

from __future__ import annotations

import numpy as np
import polars as pl

from pipelines.declared.models import Kpi, Relation
from pipelines.derive.facts import ALL, PROTECTED, PUBLISHED, UNDECIDED, Facts
from pipelines.derive.symmetry import ONE_SIDE, gaps
from pipelines.stats.symmetry import reciprocity as reciprocity_of

CELL = ("unit_code", "period_code")


def reciprocity(facts: Facts, code: str, kpi: Kpi) -> pl.DataFrame:
    """100 − (mean |gap| over the mirrored dimensions − what noise alone would give), 0–100, with its interval.

    Verdict: `mutual` (the mean gap is below the smallest effect, one-sided at 5 %); else, where the gap on the whole is
    real, who is the more demanding and gives the lower score: `one_sided_stakeholder` or `one_sided_counterparty`; else
    `undecided`. A dimension that is protected on either side protects the row; one that only one side was asked counts
    for nothing.
    """
    made = [
        _of(facts, name, relation)
        for name, relation in facts.framework.relations.items()
        if relation.kind == (kpi.kind or "reciprocity")
    ]
    return facts.made(pl.concat(made, how="diagonal").with_columns(kpi_code=pl.lit(code)) if made else [])


def _of(facts: Facts, name: str, relation: Relation) -> pl.DataFrame:
    compared = gaps(facts, name, relation)
    parts = compared.filter((pl.col("dimension_code") != ALL) & (pl.col("verdict_code").ne_missing(ONE_SIDE)))
    status = pl.col("status")
    cells = (
        parts.group_by(CELL)
        .agg(
            hidden=(status == PROTECTED).any(),
            shown=(status == PUBLISHED).sum(),
            n=pl.col("n").max(),
        )
        .sort(CELL)
    )
    counted = cells.filter(~pl.col("hidden") & (pl.col("shown") > 0)).with_row_index("place")
    points = parts.filter(status == PUBLISHED).join(counted.select(*CELL, "place"), on=CELL)
    points = points.sort("place", "dimension_code")  # sums of floats: in one order, whoever computes them
    arrays = (points[column].to_numpy() for column in ("value", "se", "df", "place"))
    found = reciprocity_of(*arrays)
    mutual = found.least >= 100 - facts.framework.smallest_effect
    figures = counted.select(
        *CELL,
        value=pl.Series(found.value),
        ci_low=pl.Series(found.low),
        ci_high=pl.Series(found.high),
        mutual=pl.Series(mutual.astype(np.bool_)),
    )
    whole = compared.filter(pl.col("dimension_code") == ALL).select(*CELL, whole="verdict_code")
    side = pl.col("whole").replace_strict(
        {"counterparty_higher": "one_sided_stakeholder", "stakeholder_higher": "one_sided_counterparty"},
        default="undecided",
        return_dtype=pl.String,
    )
    known = pl.col("value").is_not_null()
    return (
        cells.join(figures, on=CELL, how="left", maintain_order="left")
        .join(whole, on=CELL, how="left", maintain_order="left")
        .with_columns(
            status=pl.when(pl.col("hidden"))
            .then(pl.lit(PROTECTED))
            .when(known)
            .then(pl.lit(PUBLISHED))
            .otherwise(pl.lit(UNDECIDED)),
            method=pl.when(known).then(pl.lit("folded_normal")),
            verdict_code=pl.when(pl.col("mutual").fill_null(False))
            .then(pl.lit("mutual"))
            .when(known)
            .then(side)
            .otherwise(pl.lit("undecided")),
            stakeholder_code=pl.lit(relation.sides[0]),
            counterparty_code=pl.lit(relation.sides[1]),
        )
    )
