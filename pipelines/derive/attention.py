"""Attention is not bought: whether contacts go to the clients who bring most."""

from __future__ import annotations

import numpy as np
import polars as pl

from pipelines.declared.models import Kpi
from pipelines.derive.facts import PROTECTED, PUBLISHED, UNDECIDED, Facts
from pipelines.derive.significance import errors
from pipelines.stats.concentration import concentration as concentration_of

CELL = ["unit_code", "period_code", "stakeholder_code", "counterparty_code", "dimension_code"]


def concentration(facts: Facts, code: str, kpi: Kpi) -> pl.DataFrame:
    """Concentration index of a KPI over the groups of a segment, which the framework lists from the poorest up.

    −1 to 1, times 100 unless the KPI is a ratio; those of no declared group count for nothing. Verdict:
    `towards_richest` (95 % interval above 0), `towards_poorest` (below), `even` (90 % interval inside ± the smallest
    effect, as for any KPI of that range), `undecided`. One protected group protects the row.
    """
    segment = str(kpi.segment)
    declared = facts.framework.segments.get(segment)
    if declared is None:  # a home that does not cut so has no such figure
        return facts.made([])
    ranks = {f"{segment}__{value}": rank for rank, value in enumerate(declared.values)}
    rows = facts.of(str(kpi.of), segment=None, counterparty=None).filter(
        pl.col("segment_code").is_in(list(ranks))
    )
    groups = errors(rows, facts.framework).with_columns(
        rank=pl.col("segment_code").replace_strict(ranks, return_dtype=pl.Int64)
    )
    usable = (pl.col("status") == PUBLISHED) & pl.col("variance").is_not_null()
    cells = (
        groups.group_by(CELL)
        .agg(
            hidden=(pl.col("status") == PROTECTED).any(),
            usable=usable.all() & (pl.len() > 1),
            n=pl.col("n").sum(),
        )
        .sort(CELL)
    )
    counted = cells.filter(~pl.col("hidden") & pl.col("usable")).with_row_index("place")
    points = groups.join(counted.select(*CELL, "place"), on=CELL).sort("place", "rank")
    size = points["n"].cast(pl.Float64).to_numpy()
    found = concentration_of(
        points["value"].to_numpy(), size * points["variance"].to_numpy(), size, points["place"].to_numpy()
    )
    scale = 1.0 if kpi.unit == "ratio" else 100.0
    margin = facts.framework.smallest_effect / scale * min(2 * scale / 100, 1)
    told = np.select(
        [(found.inner_low > -margin) & (found.inner_high < margin), found.low > 0, found.high < 0],
        ["even", "towards_richest", "towards_poorest"],
        "undecided",
    )
    figures = counted.select(
        *CELL,
        value=scale * pl.Series(found.value).fill_nan(None),
        ci_low=scale * pl.Series(found.low).fill_nan(None),
        ci_high=scale * pl.Series(found.high).fill_nan(None),
        told=pl.Series(told, dtype=pl.String),
    )
    known = pl.col("value").is_not_null()
    return facts.made(
        cells.join(figures, on=CELL, how="left", maintain_order="left").with_columns(
            kpi_code=pl.lit(code),
            method=pl.when(known).then(pl.lit("kakwani")),
            status=pl.when(pl.col("hidden"))
            .then(pl.lit(PROTECTED))
            .when(known)
            .then(pl.lit(PUBLISHED))
            .otherwise(pl.lit(UNDECIDED)),
            verdict_code=pl.when(known).then(pl.col("told")).otherwise(pl.lit("undecided")),
        )
    )
