"""Gaps, tested changes and lines of 5,000 units × 20 periods, beside the library calls they rest on.

Theirs are the quantiles, probabilities and false-discovery control of scipy on arrays that somebody has already laid
out: no key is matched, nothing is labelled, and York's line, which scipy has not, is in ours alone.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy import optimize, special, stats

from benchmarks.measuring import Comparison, medians
from pipelines.declared.models import Framework, Kpi
from pipelines.derive.early import early_warning
from pipelines.derive.facts import ALL, Facts
from pipelines.derive.significance import tested
from pipelines.derive.symmetry import mirrored_gap, york_slope

UNITS, PERIODS, PARENTS, ANSWERS = 5_000, 20, 500, 60
SIDES = ("employees", "clients")
SAID = {"fr": "…", "en": "…"}
FRAMEWORK = Framework.model_validate(
    {
        "version": "1",
        "stakeholders": dict.fromkeys(SIDES, SAID),
        "dimensions": {"trust": SAID},
        "relations": {"sides": {**SAID, "sides": SIDES, "kind": "symmetry"}},
        "kpis": {
            "rqi": {
                **SAID,
                "method": "weighted_index",
                "unit": "score",
                "definition": SAID,
                "formula": "…",
            },
            "mirrored": {
                **SAID,
                "method": "mirrored_index",
                "unit": "score",
                "definition": SAID,
                "formula": "…",
            },
        },
    }
)
KPI = Kpi.model_validate(
    {
        **SAID,
        "method": "mirrored_gap",
        "kind": "symmetry",
        "unit": "points",
        "definition": SAID,
        "formula": "…",
    }
)


EARLY = Kpi.model_validate(
    {**SAID, "method": "early_warning", "unit": "points", "definition": SAID, "formula": "…"}
)


def ratio() -> Comparison:
    """Ours end to end on published rows; theirs on arrays of the same size."""
    facts = _facts()
    rows = facts.values.filter(pl.col("change_ci_low").is_not_null())
    low, high = rows["change_ci_low"].to_numpy(), rows["change_ci_high"].to_numpy()
    half, df = (high - low) / 2, np.full(rows.height, 2.0 * ANSWERS - 2)
    report = np.unique(rows["period_code"].to_numpy(), return_inverse=True)[1]

    def ours() -> None:
        mirrored_gap(facts, "gap", KPI)
        tested(facts.values, 5, {"mirrored": (0.0, 100.0)})
        york_slope(facts, "slope", KPI)

    def theirs() -> None:
        for level in (0.975, 0.95):
            stats.t.ppf(level, np.full(UNITS * PERIODS, 2.0 * ANSWERS - 2))
        p = 2 * stats.t.sf(np.abs(low + high) / 2 / half * stats.t.ppf(0.975, df), df)
        for place in range(report.max() + 1):
            stats.false_discovery_control(p[report == place])

    seconds = medians({"ours": ours, "theirs": theirs})
    return Comparison(
        f"gaps, changes and lines of {UNITS:,} units × {PERIODS} periods",
        ("`pipelines.derive`", seconds["ours"]),
        ("scipy on bare arrays", seconds["theirs"]),
        aim=3.0,
    )


def early() -> Comparison:
    """Early warning of every unit and period; theirs are the library calls of its charts on bare arrays."""
    facts = _facts()
    index = facts.values.with_columns(
        kpi_code=pl.lit("rqi"), counterparty_code=pl.lit(ALL), change_ci_low=pl.lit(None, dtype=pl.Float64)
    )
    facts = replace(facts, values=index.select(facts.values.columns))
    drawn = np.random.default_rng(1)
    squares, df = drawn.chisquare(1, UNITS * PERIODS), np.full((UNITS, 1), ANSWERS - 1.0)
    sums = drawn.normal(0, 1, (UNITS, PERIODS))

    def ours() -> None:
        early_warning(facts, "early", EARLY)

    def theirs() -> None:
        """Of two sides, from the fifth period on: tails of every partial sum, quantiles, roots of the variogram."""
        for now in 2 * list(range(4, PERIODS)):
            special.stdtr(df, sums[:, : now + 1])
            special.stdtrit(df[:, 0], 0.975)
            for lag in range(1, min(8, now // 2) + 1):
                pairs = squares[: UNITS * (now - lag + 1)]
                optimize.brentq(_excess, 1e-6, 100.0, args=(pairs,), xtol=1e-3)

    seconds = medians({"ours": ours, "theirs": theirs})
    return Comparison(
        f"early warning of {UNITS:,} units × {PERIODS} periods",
        ("`pipelines.derive.early`", seconds["ours"]),
        ("its tails, quantiles and roots, scipy on bare arrays", seconds["theirs"]),
        aim=3.0,
    )


def _excess(variance: float, squares: NDArray[np.float64]) -> float:
    """Huber's proposal 2, as the charts' allowance for ordinary movement solves it."""
    return float(np.minimum(squares / (0.5 + variance), 1.8).mean()) - 0.7


def _facts() -> Facts:
    drawn = np.random.default_rng(20_260_101)
    ends = [dt.date(2005 + at, 12, 31) for at in range(PERIODS)]
    periods = pl.DataFrame(
        {
            "period_code": [str(end.year) for end in ends],
            "start_date": [dt.date(end.year, 1, 1) for end in ends],
            "end_date": ends,
        }
    )
    units = [f"unit_{at:05d}" for at in range(UNITS)]
    truth = drawn.normal(60, 8, UNITS)
    size, half = UNITS * PERIODS, 5.1
    sides = []
    for side, other in (SIDES, SIDES[::-1]):
        value = np.repeat(truth, PERIODS) + drawn.normal(0, 2.6, size)
        change = drawn.normal(0, 4, size)
        sides.append(
            pl.DataFrame(
                {"unit_code": np.repeat(units, PERIODS), "value": value, "change_value": change}
            ).with_columns(
                pl.Series("period_code", periods["period_code"].to_list() * UNITS),
                stakeholder_code=pl.lit(side),
                counterparty_code=pl.lit(other),
            )
        )
    changed = pl.col("period_code") > periods["period_code"][0]
    values = pl.concat(sides).with_columns(
        pl.lit(ALL).alias("segment_code"),
        pl.lit("mirrored").alias("kpi_code"),
        pl.lit(ALL).alias("dimension_code"),
        n=pl.lit(ANSWERS, dtype=pl.Int32),
        ci_low=pl.col("value") - half,
        ci_high=pl.col("value") + half,
        method=pl.lit("t"),
        status=pl.lit("published"),
        compared_period_code=pl.when(changed).then(
            (pl.col("period_code").cast(pl.Int32) - 1).cast(pl.String)
        ),
        change_value=pl.when(changed).then(pl.col("change_value")),
        change_ci_low=pl.when(changed).then(pl.col("change_value") - 7.2),
        change_ci_high=pl.when(changed).then(pl.col("change_value") + 7.2),
        change_label=pl.when(changed).then(pl.lit("noise")),
        change_p_value=pl.lit(None, dtype=pl.Float64),
        verdict_code=pl.lit(None, dtype=pl.String),
        ranking_value=pl.lit(None, dtype=pl.Float64),
        disclosure=pl.lit("standard"),
        definition_version=pl.lit("1"),
        as_of_date=pl.lit(dt.date(2025, 1, 1)),
    )
    of_parent = [f"parent_{at * PARENTS // UNITS:04d}" for at in range(UNITS)]
    pairs = [
        *zip(units, units, [0] * UNITS, strict=True),
        *zip(of_parent, units, [1] * UNITS, strict=True),
        *zip(["root"] * UNITS, units, [2] * UNITS, strict=True),
        *(("root", parent, 1) for parent in sorted(set(of_parent))),
    ]
    closure = pl.DataFrame(pairs, schema=["ancestor_code", "unit_code", "depth"], orient="row").with_columns(
        valid_from=pl.date(2000, 1, 1), valid_to=pl.date(9999, 12, 31)
    )
    return Facts(values, closure, periods, FRAMEWORK, {}, "1", dt.date(2025, 1, 1), "root")
