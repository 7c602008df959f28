"""Whether a dimension's items agree, and whether units differ in it enough to be told apart."""

from __future__ import annotations

import numpy as np
import polars as pl

from pipelines.derive.facts import ALL, PUBLISHED, Facts
from pipelines.derive.significance import errors
from pipelines.stats.reliability import LOW_ALPHA, intraclass

KEYS = ["stakeholder_code", "period_code", "dimension_code"]
DECIMALS = 2  # of alpha: it is made of answers, and is given no finer than it is read


def reliability(facts: Facts, alphas: pl.DataFrame) -> pl.DataFrame:
    """Mart fct_reliability: alpha where the whole home shows the dimension, ICC over the leaf units it shows.

    `alphas`: KEYS, item_count, n, alpha. Units that are protected enter no figure: their mean could be solved for.
    `unit_count` are those that are shown; ICC(1) and ICC(2) are null below two.
    """
    codes = [code for code, kpi in facts.framework.kpis.items() if kpi.method == "pomp_mean"]
    scores = facts.values.filter(
        pl.col("kpi_code").is_in(codes)
        & (pl.col("segment_code") == ALL)
        & (pl.col("counterparty_code") == ALL)
        & (pl.col("status") == PUBLISHED)
    )
    at_root = scores.filter(pl.col("unit_code") == facts.root).select(*KEYS, "n")
    leaves = facts.tree.filter(
        (pl.col("ancestor_code") == facts.root) & (pl.col("depth") > 0) & pl.col("is_leaf")
    ).select("period_code", "unit_code")
    shown = errors(scores, facts.framework).filter(pl.col("variance").is_not_null())
    units = shown.join(leaves, on=["period_code", "unit_code"]).join(at_root, on=KEYS, how="semi")
    # those who answered every item are not counted apart from those who answered some
    known = alphas.select(*KEYS, "item_count", pl.col("alpha").round(DECIMALS)).join(at_root, on=KEYS)
    known = known.filter(pl.col("alpha").is_not_null())
    found = _between(units.sort(*KEYS, "unit_code"))
    return (
        known.join(found, on=KEYS, how="full", coalesce=True)
        .with_columns(is_below_usual_alpha=pl.col("alpha") < LOW_ALPHA)
        .select(pl.col(name).cast(kind) for name, kind in alphas.schema.items())
        .sort(KEYS)
    )


def _between(units: pl.DataFrame) -> pl.DataFrame:
    """unit_count, icc_1 and icc_2 by KEYS, from each unit's n, mean and standard error."""
    groups = units.select(KEYS).unique(maintain_order=True)
    if groups.is_empty():
        icc = dict.fromkeys(("icc_1", "icc_2"), pl.Float64)
        return groups.with_columns(pl.lit(None, pl.Int32).alias("unit_count")).with_columns(
            pl.lit(None, kind).alias(name) for name, kind in icc.items()
        )
    group = units.select(pl.struct(KEYS).rle_id()).to_series().to_numpy()
    place = units.select(pl.int_range(pl.len()).over(KEYS)).to_series().to_numpy()
    shape = (groups.height, int(place.max()) + 1)
    n, sums, squares = (np.zeros(shape) for _ in range(3))
    count, mean = units["n"].to_numpy().astype(float), units["value"].to_numpy()
    n[group, place], sums[group, place] = count, count * mean
    # the variance of the mean is that of the answers over their number
    squares[group, place] = (count - 1) * count * units["variance"].to_numpy() + count * mean**2
    found = intraclass(n, sums, squares)
    return groups.with_columns(
        unit_count=pl.Series((n > 0).sum(1), dtype=pl.Int32),
        icc_1=pl.Series(found.single).fill_nan(None),
        icc_2=pl.Series(found.mean).fill_nan(None),
    )
