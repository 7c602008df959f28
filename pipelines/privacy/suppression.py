"""The one door to what is published: marts in, the same marts with protected cells emptied out.

A cell is a unit × stakeholder × period × segment. It is visible for all its KPIs or for none: a composite
beside its parts is an equation. Inside a visible cell each KPI, dimension and counterparty has its own
respondents and its own complements. A segment is shown at a unit with all its values or not at all, and only
where the total is. Whatever the reason, a protected row looks the same: no value, no n, no interval, no
change, status `protected`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from pipelines.privacy.cells import CHANGE_COLUMNS, EMPTIED_COLUMNS, IDENTITY, PROTECTED
from pipelines.privacy.headcounts import visible_units
from pipelines.privacy.mask import Mask
from pipelines.privacy.rules import Rules
from pipelines.privacy.scorecard import copy_masked


@dataclass(frozen=True)
class Suppressed:
    """Masked marts, and how many rows of each mart are protected (counts only: they may be logged)."""

    marts: dict[str, pl.DataFrame]
    protected_rows: dict[str, int]


def suppress(marts: Mapping[str, pl.DataFrame], rules: Rules, secondary: bool = True) -> Suppressed:
    """Mask fct_kpi_values, fct_finance and scorecard_unit_period; every other mart passes unchanged.

    Columns, types and row order are kept. Masking what is masked changes nothing. `secondary=False` leaves
    the complements open: it exists for the tests that must see an attack succeed. Raises MaskRefusedError
    where the mask could not be safe: an undeclared stakeholder or period, a derived KPI, a segment of too many
    values or without a name.
    """
    masked = dict(marts)
    masked["fct_kpi_values"] = mask_kpi_values(marts["fct_kpi_values"], rules, secondary)
    masked["fct_finance"] = mask_finance(marts["fct_finance"], rules, secondary)
    return finish(masked)


def finish(masked: dict[str, pl.DataFrame]) -> Suppressed:
    """Copy masked facts into the scorecard and count what is protected."""
    masked["scorecard_unit_period"] = copy_masked(
        masked["scorecard_unit_period"], masked["fct_kpi_values"], masked["fct_finance"]
    )
    counted = {
        name: int((masked[name]["status"] == PROTECTED).sum()) for name in ("fct_kpi_values", "fct_finance")
    }
    return Suppressed(masked, counted)


def mask_finance(finance: pl.DataFrame, rules: Rules, secondary: bool = True) -> pl.DataFrame:
    """Empty the headcount KPIs of units whose people are few, in all periods."""
    if finance.is_empty():
        return finance
    last_day = max(rules.end_of(period) for period in finance["period_code"].unique())
    shown = visible_units(finance["unit_code"].unique(), last_day, rules, secondary)
    hidden = pl.col("kpi_code").is_in(sorted(rules.headcount_kpis)) & ~pl.col("unit_code").is_in(
        sorted(shown)
    )
    return finance.with_columns(
        value=pl.when(hidden).then(None).otherwise(pl.col("value")),
        status=pl.when(hidden).then(pl.lit(PROTECTED)).otherwise(pl.col("status")),
    )


def mask_kpi_values(
    kpi: pl.DataFrame, rules: Rules, secondary: bool = True, margins_only: bool = False
) -> pl.DataFrame:
    """Empty the rows of fct_kpi_values that are small, or that would give a small group away.

    `margins_only`: rows of which some were masked before and hidden since; how they cross was decided then,
    and hiding more breaks nothing.
    """
    hidden = pl.Series("hidden", Mask(kpi, rules, secondary, margins_only).decide(), pl.Boolean)
    unchanged = hidden | _without_change(kpi, hidden) if secondary else hidden
    columns = [
        pl.when(unchanged if column in CHANGE_COLUMNS else hidden)
        .then(None)
        .otherwise(pl.col(column))
        .alias(column)
        for column in EMPTIED_COLUMNS
    ]
    status = pl.when(hidden).then(pl.lit(PROTECTED)).otherwise(pl.col("status")).alias("status")
    return kpi.with_columns(*columns, status)


def _without_change(kpi: pl.DataFrame, hidden: pl.Series) -> pl.Series:
    """A change is one value and another: it goes unless both are visible."""
    keys = [*IDENTITY, "compared_period_code"]
    visible = kpi.filter(~hidden).select(
        *IDENTITY, pl.col("period_code").alias("compared_period_code"), pl.lit(True).alias("is_shown")
    )
    beside = kpi.select(keys).join(visible.unique(), on=keys, how="left", maintain_order="left")
    return ~beside["is_shown"].fill_null(False)
