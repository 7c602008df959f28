"""Relations in crisis: how many of the relations under a unit are low for sure, or really falling."""

from __future__ import annotations

import polars as pl

from pipelines.declared.models import Kpi
from pipelines.derive.facts import ALL, PUBLISHED, UNDECIDED, Facts
from pipelines.derive.significance import LARGE, SMALL
from pipelines.derive.symmetry import FEWEST, codes_of

LOW = 50.0  # points of an index of 0–100


def crisis_share(facts: Facts, code: str, _kpi: Kpi) -> pl.DataFrame:
    """Share, in percent, of the visible cells (leaf unit × stakeholder) under a unit whose index is in crisis.

    A cell is in crisis when the upper end of its interval is below 50, or when its index fell by more than chance
    (`change_label` as `tested` leaves it). Each cell is taken at its latest row of the twelve months that end with the
    period: a protected one is not replaced by an older figure. n: cells. Fewer than three leaf units, not enough data.
    A count of what is shown: it has no interval. Groups that speak of another (`about`) are sides of its relation, not
    cells of their own.
    """
    known = [name for name, said in facts.framework.stakeholders.items() if said.about is None]
    rows = facts.values.filter(
        pl.col("kpi_code").is_in(codes_of(facts, "weighted_index"))
        & (pl.col("segment_code") == ALL)
        & (pl.col("counterparty_code") == ALL)
        & pl.col("stakeholder_code").is_in(known)
    )
    fell = pl.col("change_label").is_in([SMALL, LARGE]) & (pl.col("change_value") < 0)
    cells = rows.select(
        "unit_code",
        "stakeholder_code",
        "period_code",
        shown=pl.col("status") == PUBLISHED,
        crisis=(pl.col("ci_high") < LOW).fill_null(False) | fell.fill_null(False),
    ).join(
        facts.periods.select("period_code", measured_start="start_date", end_date="end_date"),
        on="period_code",
    )
    shown_at = facts.periods.join(cells.select("period_code").unique(), on="period_code", how="semi").select(
        "period_code", "end_date"
    )
    above = facts.tree.filter(pl.col("is_leaf") & (pl.col("depth") > 0))
    under = (
        shown_at.join(above, on="period_code")
        .join(cells.select("unit_code", "stakeholder_code").unique(), on="unit_code")
        .sort("end_date")
        .join_asof(
            cells.drop("period_code").sort("end_date"),
            on="end_date",
            by=["unit_code", "stakeholder_code"],
            check_sortedness=False,
        )
        .filter(pl.col("measured_start") > pl.col("end_date").dt.offset_by("-12mo"))
    )
    shown, crisis = pl.col("shown"), pl.col("crisis")
    enough = pl.col("units") >= FEWEST
    return facts.made(
        under.group_by(pl.col("ancestor_code").alias("unit_code"), "period_code")
        .agg(
            n=shown.sum(),
            units=pl.col("unit_code").filter(shown).n_unique(),
            value=100.0 * (shown & crisis).sum() / shown.sum(),
        )
        .sort("unit_code", "period_code")
        .with_columns(
            stakeholder_code=pl.lit(ALL),
            kpi_code=pl.lit(code),
            value=pl.when(enough).then(pl.col("value")),
            method=pl.when(enough).then(pl.lit("count")),
            status=pl.when(enough).then(pl.lit(PUBLISHED)).otherwise(pl.lit(UNDECIDED)),
        )
    )
