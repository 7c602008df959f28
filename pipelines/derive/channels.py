"""Digital and human: whether those who used both are better off than those who used the better of the two alone."""

from __future__ import annotations

import numpy as np
import polars as pl
from scipy.special import stdtrit

from pipelines.declared.models import Kpi
from pipelines.derive.facts import PROTECTED, PUBLISHED, UNDECIDED, Facts
from pipelines.derive.significance import errors
from pipelines.stats.symmetry import gap

CELL = ["unit_code", "period_code", "stakeholder_code", "counterparty_code", "dimension_code"]


def better_together(facts: Facts, code: str, kpi: Kpi) -> pl.DataFrame:
    """The KPI among those who used the channels together, less the better of those who used one alone.

    The gain over the better one is the smallest of the gains over each. So its lower end is the smallest of their lower
    ends (an intersection-union test: Berger 1982, Technometrics 24:295–300), and its upper end the smallest of their
    upper ends, each at 2.5 % over the number of channels (Bonferroni): whichever turns out better, 95 % hold. Verdict:
    `reinforce` (above 0), `weaken` (below 0), `undecided`. One row where every channel has one.
    """
    groups = {name: f"{kpi.segment}__{name}" for name in (str(kpi.together), *kpi.alone)}
    rows = errors(facts.of(str(kpi.of), segment=None, counterparty=None), facts.framework)
    parts = [rows.filter(pl.col("segment_code") == segment) for segment in groups.values()]
    figures = ("value", "n", "status", "centre", "variance", "df")
    cells = parts[0].select(*CELL, *(pl.col(name).alias(f"{name}_0") for name in figures))
    for place, part in enumerate(parts[1:], start=1):
        cells = cells.join(
            part.select(*CELL, *(pl.col(name).alias(f"{name}_{place}") for name in figures)), on=CELL
        )
    cells = cells.sort(CELL)
    columns = {
        (name, place): cells[f"{name}_{place}"].cast(pl.Float64).to_numpy()
        for name in ("centre", "variance", "df")
        for place in range(len(parts))
    }
    lows, highs = [], []
    for place in range(1, len(parts)):
        alone, together = (
            (columns["centre", one], np.sqrt(columns["variance", one]), columns["df", one])
            for one in (place, 0)
        )
        gain = gap(*alone, *together)
        lows.append(gain.low)
        wider = stdtrit(gain.df, 1 - 0.025 / len(kpi.alone)) * gain.se
        highs.append((gain.low + gain.high) / 2 + wider)
    low, high = np.min(lows, axis=0), np.min(highs, axis=0)
    every = range(len(parts))
    hidden = pl.any_horizontal(pl.col(f"status_{place}") == PROTECTED for place in every)
    known = (
        pl.all_horizontal(pl.col(f"status_{place}") == PUBLISHED for place in every)
        & pl.col("ci_low").is_not_null()
    )
    best = pl.max_horizontal(f"value_{place}" for place in every if place)
    bounded = cells.with_columns(ci_low=pl.Series(low).fill_nan(None), ci_high=pl.Series(high).fill_nan(None))
    shown = {name: pl.when(known).then(pl.col(name)) for name in ("ci_low", "ci_high")}
    return facts.made(
        bounded.select(
            *CELL,
            kpi_code=pl.lit(code),
            value=pl.when(known).then(pl.col("value_0") - best),
            n=pl.sum_horizontal(f"n_{place}" for place in every),
            **shown,
            method=pl.when(known).then(pl.lit("intersection_union")),
            status=pl.when(hidden)
            .then(pl.lit(PROTECTED))
            .when(known)
            .then(pl.lit(PUBLISHED))
            .otherwise(pl.lit(UNDECIDED)),
            verdict_code=pl.when(known & (pl.col("ci_low") > 0))
            .then(pl.lit("reinforce"))
            .when(known & (pl.col("ci_high") < 0))
            .then(pl.lit("weaken"))
            .otherwise(pl.lit("undecided")),
        )
    )
