"""Whether two figures put units in the same order."""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import ArrayLike

from pipelines.declared.models import Kpi, Side
from pipelines.derive.facts import ALL, Facts
from pipelines.derive.significance import errors
from pipelines.derive.symmetry import across, paired, said
from pipelines.stats.intervals import Z_975


def rank_correlation(facts: Facts, code: str, kpi: Kpi) -> pl.DataFrame:
    """Spearman's correlation of two KPIs over the leaf units shown under a unit, keyed by the stakeholders of x and y.

    It needs 4 units that are not all alike on either side, and not all in one order. No verdict: a correlation is not
    a cause.
    """
    if kpi.x is None or kpi.y is None:
        return facts.made([])
    points, groups = across(facts, paired(facts, _side(facts, kpi.x), _side(facts, kpi.y)))
    found = (
        points.group_by("place")
        .agg(n=pl.len(), r=pl.corr("first_value", "second_value", method="spearman"))
        .sort("place")
    )
    r, low, high = spearman_interval(found["r"].to_numpy(), found["n"].to_numpy())
    figures = {"value": r, "ci_low": low, "ci_high": high}
    sides = (kpi.x.stakeholder, kpi.y.stakeholder)
    return facts.made(
        said(groups, figures, np.isfinite(low), "bonett_wright", sides).with_columns(kpi_code=pl.lit(code))
    )


def spearman_interval(r: ArrayLike, n: ArrayLike) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(r, low, high) of Spearman's correlations of `n` pairs, −1 to 1; NaN below 4 pairs and at ±1.

    Fisher's z with the variance (1 + r²/2)/(n − 3): Bonett and Wright 2000, Psychometrika 65:23–28.
    """
    rho, pairs = np.asarray(r, float), np.asarray(n, float)
    with np.errstate(divide="ignore", invalid="ignore"):
        # three of four units in one order say too little of a perfect one: no interval at ±1
        half = np.where(
            (pairs > 3) & (np.abs(rho) < 1), Z_975 * np.sqrt((1 + rho**2 / 2) / (pairs - 3)), np.nan
        )
        low, high = np.tanh(np.arctanh(rho) - half), np.tanh(np.arctanh(rho) + half)
    return rho, low, high


def _side(facts: Facts, side: Side) -> pl.DataFrame:
    """Rows of one side, one per unit and period."""
    rows = facts.of(side.kpi).filter(
        (pl.col("stakeholder_code") == side.stakeholder) & (pl.col("dimension_code") == ALL)
    )
    return errors(rows, facts.framework)
