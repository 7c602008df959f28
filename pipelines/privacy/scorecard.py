"""scorecard_unit_period is a copy of the facts: it is written again from the masked ones, so that the two
products can never disagree. A disagreement would be a leak even where each of them is masked.
"""

from __future__ import annotations

import polars as pl

COPIED = (
    "value",
    "n",
    "ci_low",
    "ci_high",
    "method",
    "status",
    "compared_period_code",
    "change_value",
    "change_ci_low",
    "change_ci_high",
    "change_label",
    "change_p_value",
    "verdict_code",
    "ranking_value",
)
# Columns that end in `_value` and are not a KPI's own.
NOT_VALUES = ("change_value", "change_p_value", "ranking_value")
ROLLING = "_rolling_12m"
CHANGE = "_rolling_12m_change"
PROTECTED = "protected"


def copy_masked(scorecard: pl.DataFrame, kpi: pl.DataFrame, finance: pl.DataFrame) -> pl.DataFrame:
    """The scorecard with every KPI and finance column overwritten from the masked facts; columns and order
    kept.

    A KPI column is the row of its unit, stakeholder and `measured_period_code` (null where there is none);
    `participation_share` is that percent over 100; a finance column is the row of its unit and period. A
    rolling change stays only where the rolling value is not protected. `finance_status` is `protected`
    where a figure is.
    """
    columns = scorecard.columns
    filled = _copy_kpis(scorecard, kpi)
    filled = _copy_finance(filled, finance)
    return filled.select(pl.col(column).cast(scorecard.schema[column]) for column in columns)


def kpi_prefixes(scorecard: pl.DataFrame) -> list[str]:
    """KPIs copied with their interval and change: `headline` and each `<kpi>_value`."""
    return [
        name.removesuffix("_value")
        for name in scorecard.columns
        if name.endswith("_value") and not name.endswith(NOT_VALUES)
    ]


def finance_kpis(scorecard: pl.DataFrame) -> list[str]:
    """Finance KPIs of the scorecard: each `<kpi>` beside its `<kpi>_rolling_12m`."""
    return [name.removesuffix(ROLLING) for name in scorecard.columns if name.endswith(ROLLING)]


def _copy_kpis(scorecard: pl.DataFrame, kpi: pl.DataFrame) -> pl.DataFrame:
    whole = kpi.filter(
        (pl.col("segment_code") == "all")
        & (pl.col("counterparty_code") == "all")
        & (pl.col("dimension_code") == "all")
    )
    for prefix in kpi_prefixes(scorecard):
        code = pl.col("headline_kpi_code") if prefix == "headline" else pl.lit(prefix)
        wanted = {f"{prefix}_{name}": name for name in COPIED if f"{prefix}_{name}" in scorecard.columns}
        scorecard = _overwrite(scorecard, whole, code, wanted)
    for target, source, of_kpi in (
        ("respondents_count", "n", "respondents"),
        ("participation_share", "value", "participation"),
    ):
        if target in scorecard.columns:
            scorecard = _overwrite(scorecard, whole, pl.lit(of_kpi), {target: source})
    if "participation_share" in scorecard.columns:
        scorecard = scorecard.with_columns(pl.col("participation_share") / 100)
    return scorecard


def _overwrite(
    scorecard: pl.DataFrame, facts: pl.DataFrame, code: pl.Expr, wanted: dict[str, str]
) -> pl.DataFrame:
    """Replace the columns of `wanted` (scorecard column → fact column) by the measured period's row of KPI
    `code`.
    """
    keys = ["unit_code", "period_code", "stakeholder_code", "kpi_code"]
    right = facts.select(*keys, *(pl.col(source).alias(target) for target, source in wanted.items()))
    return (
        scorecard.drop(list(wanted))
        .with_columns(code.alias("copied_kpi_code"))
        .join(
            right,
            left_on=["unit_code", "measured_period_code", "stakeholder_code", "copied_kpi_code"],
            right_on=keys,
            how="left",
            validate="m:1",
            maintain_order="left",
        )
        .drop("copied_kpi_code")
    )


def _copy_finance(scorecard: pl.DataFrame, finance: pl.DataFrame) -> pl.DataFrame:
    """A period's own figure, else (a calendar year that is not the fiscal one) its twelve rolling months."""
    keys = ["unit_code", "period_code"]
    rolling = pl.col("basis") == "rolling_12m"
    for code in finance_kpis(scorecard):
        row = finance.filter(pl.col("kpi_code") == code)
        for name, facts in (("own", row.filter(~rolling)), ("rolling", row.filter(rolling))):
            right = facts.select(*keys, pl.col("value", "status").name.prefix(f"{name}_"))
            scorecard = scorecard.join(right, on=keys, how="left", validate="m:1", maintain_order="left")
        own = pl.when(pl.col("own_status").is_null()).then("rolling_value").otherwise("own_value")
        copied = [own.alias(code), pl.col("rolling_value").alias(f"{code}{ROLLING}")]
        if f"{code}{CHANGE}" in scorecard.columns:
            visible = pl.col("rolling_status").ne_missing(PROTECTED)
            copied.append(pl.when(visible).then(f"{code}{CHANGE}").alias(f"{code}{CHANGE}"))
        temporary = ["own_value", "own_status", "rolling_value", "rolling_status"]
        scorecard = scorecard.with_columns(copied).drop(temporary)
    hidden = finance.filter(pl.col("status") == PROTECTED).select(keys).unique()
    hidden = hidden.with_columns(pl.lit(PROTECTED).alias("hidden_status"))
    status = pl.coalesce("hidden_status", "finance_status").alias("finance_status")
    joined = scorecard.join(hidden, on=keys, how="left", maintain_order="left")
    return joined.with_columns(status).drop("hidden_status")
