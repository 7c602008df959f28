"""What must hold together: a declared link stands while its KPI stays above its level."""

from __future__ import annotations

import polars as pl

from pipelines.declared.models import Kpi
from pipelines.derive.facts import ALL, PUBLISHED, Facts

COPIED = ("value", "n", "ci_low", "ci_high", "method", "status")


def link(facts: Facts, code: str, _kpi: Kpi) -> pl.DataFrame:
    """Every declared link, with the figure of its own KPI; `dimension_code` is the link.

    Verdict: `holds` (the whole 95 % interval at or above `holds_from`), `apart` (the whole of it below), `undecided`
    (it holds the level, or there is none).
    """
    made = []
    for name, declared in facts.framework.links.items():
        rows = facts.of(declared.kpi, counterparty=None).filter(
            (pl.col("stakeholder_code") == declared.stakeholder) & (pl.col("dimension_code") == ALL)
        )
        shown = pl.col("status") == PUBLISHED
        made.append(
            rows.select(
                "unit_code",
                "period_code",
                "stakeholder_code",
                "counterparty_code",
                *COPIED,
                "disclosure",
                kpi_code=pl.lit(code),
                dimension_code=pl.lit(name),
                verdict_code=pl.when(shown & (pl.col("ci_low") >= declared.holds_from))
                .then(pl.lit("holds"))
                .when(shown & (pl.col("ci_high") < declared.holds_from))
                .then(pl.lit("apart"))
                .otherwise(pl.lit("undecided")),
            )
        )
    return facts.made(pl.concat(made) if made else [])
