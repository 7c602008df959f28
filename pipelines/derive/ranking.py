"""What puts units in order: their values, drawn towards the mean of their like by how little is known of each."""

from __future__ import annotations

import polars as pl

from pipelines.declared.models import Framework
from pipelines.derive.facts import ALL, PUBLISHED
from pipelines.derive.significance import errors
from pipelines.stats.shrinkage import shrunken

RANKED_METHODS = frozenset({"weighted_index", "pomp_mean", "net_promoter", "top_box", "outcome_mean"})
LIKE = ("period_code", "stakeholder_code", "kpi_code", "dimension_code")
FEWEST = 3


def ranked(values: pl.DataFrame, tree: pl.DataFrame, framework: Framework) -> pl.DataFrame:
    """fct_kpi_values with `ranking_value` filled for leaf units, from at least 3 that are shown.

    Empirical Bayes inside each period, stakeholder, KPI and dimension, over everyone's answers (no segment), for KPIs
    that are scores, shares or net promoter scores of answers. `tree` is that of `Facts`. The ranking value orders units
    and is never shown: what is shown is the value and its interval. Row order is kept.
    """
    codes = [code for code, kpi in framework.kpis.items() if kpi.method in RANKED_METHODS]
    leaves = tree.filter(pl.col("is_leaf")).select("period_code", "unit_code").unique()
    numbered = values.with_row_index("at")
    shown = numbered.filter(
        (pl.col("status") == PUBLISHED)
        & (pl.col("segment_code") == ALL)
        & (pl.col("counterparty_code") == ALL)
        & pl.col("kpi_code").is_in(codes)
    ).join(leaves, on=["period_code", "unit_code"], how="semi")
    known = errors(shown, framework).filter(pl.col("variance").is_not_null()).sort("unit_code")
    made = [
        group.select("at", told=pl.Series(shrunken(group["value"].to_numpy(), group["variance"].to_numpy())))
        for group in known.partition_by(LIKE)
        if group.height >= FEWEST
    ]
    empty = pl.DataFrame(schema={"at": numbered.schema["at"], "told": pl.Float64})
    return (
        numbered.join(pl.concat([empty, *made]), on="at", how="left", maintain_order="left")
        .with_columns(ranking_value=pl.col("told"))
        .select(values.columns)
    )
