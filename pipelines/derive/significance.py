"""What published figures say of their own error, and which of the changes shown together are more than chance."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import polars as pl
from numpy.typing import NDArray

from pipelines.declared.models import Framework
from pipelines.derive.facts import KEY, PUBLISHED
from pipelines.stats.intervals import Z_975
from pipelines.stats.multiplicity import discoveries, interval_p_values
from pipelines.stats.quantiles import LARGEST_EXACT_DF, NORMAL_LIKE_DF, t_quantiles

MEANS = ("t", "t_fpc")
NOISE, SMALL, LARGE, NOT_COMPARABLE = "noise", "small_but_real", "real_and_large", "not_comparable"
_T_975 = np.concatenate([[np.nan], t_quantiles()["t_975"].to_numpy()])  # by row: df 1 to 1000, then 1,000,000


def errors(rows: pl.DataFrame, framework: Framework) -> pl.DataFrame:
    """Rows of fct_kpi_values with `centre`, `variance` and `df`: what each is in a difference of two figures.

    Everything comes back out of the published value, n and interval. Means and indices: the value, the square of its
    standard error, n − 1. Shares: one success and one failure added (Agresti and Caffo 2000). Net promoter scores: the
    adjusted Wald interval, its centre being value·n/(n + 3). Shares and scores are normal: `df` infinite. Null where a
    row has no interval.
    """
    ratios = [code for code, kpi in framework.kpis.items() if kpi.unit == "ratio"]
    value, n, method = pl.col("value"), pl.col("n").cast(pl.Float64), pl.col("method")
    scale = pl.when(pl.col("kpi_code").is_in(ratios)).then(1.0).otherwise(100.0)
    share = ((value * n / scale).round() + 1) / (n + 2)
    score = value * n / (n + 3)
    reach = pl.max_horizontal(
        score - pl.col("ci_low"), pl.col("ci_high") - score
    )  # one end may be cut at the range
    exact = pl.Series("quantile", _quantile(rows["n"].cast(pl.Float64).to_numpy() - 1))
    return rows.with_columns(
        centre=pl.when(method.is_in(MEANS))
        .then(value)
        .when(method == "wilson")
        .then(scale * share)
        .when(method == "adjusted_wald")
        .then(score),
        variance=pl.when(method.is_in(MEANS))
        .then(((pl.col("ci_high") - value) / exact).pow(2))
        .when(method == "wilson")
        .then(scale.pow(2) * share * (1 - share) / (n + 2))
        .when(method == "adjusted_wald")
        .then((reach / Z_975).pow(2)),
        df=pl.when(method.is_in(MEANS)).then(n - 1).otherwise(np.inf),
    ).with_columns(pl.col("centre", "variance").fill_nan(None))


def tested(
    values: pl.DataFrame, smallest_effect: float, ranges: Mapping[str, tuple[float, float]]
) -> pl.DataFrame:
    """fct_kpi_values with `change_p_value` filled and `change_label` held against the other changes of its report.

    A report is all the changes of one period and one family of segments (everyone, or one cut of them). A change has
    the p-value of its own interval: Welch's degrees of freedom from the two published rows of a mean (those of its own
    row where the other is not there), normal for shares and net promoter scores. It is `noise` unless it is found at a
    false-discovery rate of 5 % and its interval leaves 0 out; else small or large by `smallest_effect`, which is for a
    range of 100 and smaller on a shorter one. `ranges`: (lowest, highest) of KPIs that have one. Row order is kept.
    """
    unchanged = values.with_columns(change_p_value=pl.lit(None, dtype=pl.Float64))
    is_judged = values.select(
        (pl.col("status") == PUBLISHED)
        & pl.col("change_ci_low").is_not_null()
        & pl.col("change_ci_high").is_not_null()
        & pl.col("change_label").ne_missing(NOT_COMPARABLE)
    ).to_series()
    judged = values.filter(is_judged)
    if judged.is_empty():
        return unchanged
    low, high = (judged[name].to_numpy() for name in ("change_ci_low", "change_ci_high"))
    p_values = interval_p_values(low, high, _freedom(judged, values))
    family = pl.col("segment_code").str.split("__").list.first()
    report = judged.select(
        pl.concat_str("period_code", family, separator=" ").cast(pl.Categorical).to_physical()
    )
    found = discoveries(p_values, report.to_series().to_numpy()) & ((low > 0) | (high < 0))
    widths = pl.col("kpi_code").replace_strict({code: b - a for code, (a, b) in ranges.items()}, default=None)
    least = smallest_effect * pl.min_horizontal(widths.cast(pl.Float64) / 100, 1.0)
    real = pl.when(pl.col("change_value").abs() >= least).then(pl.lit(LARGE)).otherwise(pl.lit(SMALL))
    labels = judged.select(pl.when(pl.Series(found)).then(real).otherwise(pl.lit(NOISE))).to_series()
    at = is_judged.arg_true()
    return unchanged.with_columns(
        change_p_value=unchanged["change_p_value"].scatter(at, p_values),
        change_label=values["change_label"].scatter(at, labels),
    )


def _freedom(judged: pl.DataFrame, values: pl.DataFrame) -> NDArray[np.float64]:
    """Degrees of freedom of each change, as the row of the table its interval took."""
    means = values.filter(pl.col("method").is_in(MEANS) & pl.col("ci_high").is_not_null())
    others = [name for name in KEY if name != "period_code"]
    before = means.select(
        *others,
        pl.col("period_code").alias("compared_period_code"),
        _n=pl.col("n"),
        _half=_half(),
        _seen=True,
    )
    sides = judged.select(*others, "compared_period_code", "n", "method", half=_half()).join(
        before, on=[*others, "compared_period_code"], how="left", maintain_order="left"
    )
    pairs = (
        (sides[n].cast(pl.Float64).to_numpy() - 1, sides[half].to_numpy())
        for n, half in (("n", "half"), ("_n", "_half"))
    )
    (df, now), (df_before, then) = ((df, (half / _quantile(df)) ** 2) for df, half in pairs)
    with np.errstate(divide="ignore", invalid="ignore"):
        welch = (now + then) ** 2 / (now**2 / df + then**2 / df_before)
    welch = np.where(now + then > 0, welch, df + df_before)
    is_mean = sides["method"].is_in(MEANS).fill_null(False).to_numpy()
    return np.where(is_mean, _in_table(np.where(np.isnan(welch), df, welch)), np.inf)


def _half() -> pl.Expr:
    return pl.col("ci_high") - pl.col("value")


def _in_table(df: NDArray[np.float64]) -> NDArray[np.float64]:
    """Degrees of freedom of the table's row that the SQL takes: rounded down, at least 1."""
    exact = np.clip(np.floor(df * (1 + 1e-12)), 1, LARGEST_EXACT_DF)
    return np.where(df >= NORMAL_LIKE_DF, NORMAL_LIKE_DF, exact)


def _quantile(df: NDArray[np.float64]) -> NDArray[np.float64]:
    """The 97.5 % quantile the SQL took for `df`; NaN where there is none."""
    row = np.minimum(_in_table(df), LARGEST_EXACT_DF + 1)
    return np.where(df >= 1, _T_975[np.where(np.isnan(row), 0, row).astype(int)], np.nan)
