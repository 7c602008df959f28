"""Recommendation earned or pushed: a unit's share beside that of its siblings under one parent."""

from __future__ import annotations

import numpy as np
import polars as pl

from pipelines.declared.models import Kpi
from pipelines.derive.facts import ALL, PROTECTED, PUBLISHED, UNDECIDED, Facts
from pipelines.stats.symmetry import EQUIVALENT, FIRST_HIGHER, SECOND_HIGHER, gap, verdict

FAMILY = ["ancestor_code", "period_code", "stakeholder_code"]
VERDICTS = {EQUIVALENT: "like_siblings", SECOND_HIGHER: "above_siblings", FIRST_HIGHER: "below_siblings"}


def sibling_excess(facts: Facts, code: str, kpi: Kpi) -> pl.DataFrame:
    """A unit's share less that of its visible siblings pooled, in points; the interval of Agresti and Caffo 2000.

    `of` is a share with a number of answers (method wilson). Verdict: `like_siblings` (90 % interval inside ± the
    smallest effect), `above_siblings` or `below_siblings` (95 % interval on one side of 0), `undecided`. A unit whose
    siblings are all protected has not enough data; one without any has no row.
    """
    of = facts.framework.kpis.get(str(kpi.of))
    if of is None:  # the home has removed what it would be an excess of
        return facts.made([])
    scale = 1.0 if of.unit == "ratio" else 100.0
    parents = facts.tree.filter(pl.col("depth") == 1).select("period_code", "unit_code", "ancestor_code")
    rows = facts.of(str(kpi.of)).filter(
        (pl.col("dimension_code") == ALL) & (pl.col("method").is_null() | (pl.col("method") == "wilson"))
    )
    n = pl.col("n").cast(pl.Float64)
    shown = pl.col("status") == PUBLISHED
    counted = (
        rows.select("unit_code", "period_code", "stakeholder_code", "status", "value", "n")
        .join(parents, on=["unit_code", "period_code"])
        .with_columns(
            answers=pl.when(shown).then(n).otherwise(0.0),
            successes=pl.when(shown).then((pl.col("value") * n / scale).round()).otherwise(0.0),
        )
        .with_columns(
            family=pl.len().over(FAMILY),
            other_answers=pl.col("answers").sum().over(FAMILY) - pl.col("answers"),
            other_successes=pl.col("successes").sum().over(FAMILY) - pl.col("successes"),
        )
        .filter(pl.col("family") > 1)
        .sort("unit_code", "period_code", "stakeholder_code")
    )
    mine, others = _side(counted, ""), _side(counted, "other_")
    found = gap(others[0], others[1], np.inf, mine[0], mine[1], np.inf)
    told = pl.Series(verdict(found, facts.framework.smallest_effect / 100), dtype=pl.String).replace(VERDICTS)
    enough = shown & (pl.col("other_answers") > 0)
    share = pl.col("successes") / pl.col("answers") - pl.col("other_successes") / pl.col("other_answers")
    return facts.made(
        counted.select(
            "unit_code",
            "period_code",
            "stakeholder_code",
            kpi_code=pl.lit(code),
            value=pl.when(enough).then(scale * share),
            n=pl.col("n"),
            ci_low=pl.when(enough).then(scale * pl.Series(np.maximum(found.low, -1))),
            ci_high=pl.when(enough).then(scale * pl.Series(np.minimum(found.high, 1))),
            method=pl.when(enough).then(pl.lit("agresti_caffo")),
            status=pl.when(pl.col("status") == PROTECTED)
            .then(pl.lit(PROTECTED))
            .when(enough)
            .then(pl.lit(PUBLISHED))
            .otherwise(pl.lit(UNDECIDED)),
            verdict_code=pl.when(enough).then(told).otherwise(pl.lit("undecided")),
        )
    )


def _side(counted: pl.DataFrame, prefix: str) -> tuple[np.ndarray, np.ndarray]:
    """Adjusted share and its standard error, 0–1."""
    successes, n = (counted[f"{prefix}{name}"].to_numpy() for name in ("successes", "answers"))
    share = (successes + 1) / (n + 2)
    return share, np.sqrt(share * (1 - share) / (n + 2))
