"""A score brought to the people it stands for: the published groups of a segment weighted by their headcounts."""

from __future__ import annotations

import numpy as np
import polars as pl

from pipelines.declared.models import Kpi
from pipelines.derive.facts import PROTECTED, PUBLISHED, UNDECIDED, Facts
from pipelines.derive.significance import errors
from pipelines.stats import weighting

CELL = ["unit_code", "period_code", "stakeholder_code", "dimension_code"]


def post_stratified(facts: Facts, code: str, kpi: Kpi) -> pl.DataFrame:
    """`kpi.of` as it would be had every group of `kpi.segment` answered alike, with its t interval.

    The latest line of `population.csv` for each unit and group at a period's end holds; a unit without a line has no
    row. Published only where every group with people is: protected where one is protected, not_enough_data where one
    is missing. `n` counts the answers used; answers of a group without people are not.
    """
    return _made(facts, code, kpi, "poststratified", ("value", "low", "high"))


def design_effect(facts: Facts, code: str, kpi: Kpi) -> pl.DataFrame:
    """Kish's design effect of the weights of `post_stratified`; 2 costs as much as losing half of the answers."""
    return _made(facts, code, kpi, "point", ("design_effect",))


def _made(facts: Facts, code: str, kpi: Kpi, method: str, figures: tuple[str, ...]) -> pl.DataFrame:
    if facts.population.is_empty():
        return facts.made([])
    strata = _strata(facts, kpi)
    if strata.is_empty():
        return facts.made([])
    shown = (pl.col("status") == PUBLISHED) & pl.col("variance").is_not_null()
    status = (
        pl.when((pl.col("status") == PROTECTED).any())
        .then(pl.lit(PROTECTED))
        .when(shown.fill_null(False).all())
        .then(pl.lit(PUBLISHED))
        .otherwise(pl.lit(UNDECIDED))
    )
    cells = strata.group_by(CELL, maintain_order=True).agg(status=status, n=pl.col("n").sum())
    at = (
        strata.select(pl.struct(CELL).rle_id()).to_series().to_numpy(),
        strata.select(pl.col("segment_code").rank("dense") - 1).to_series().to_numpy(),
    )
    shape = (cells.height, int(at[1].max()) + 1)
    tables = {
        name: np.full(shape, fill) for name, fill in (("value", 0.0), ("variance", 0.0), ("df", np.inf))
    }
    tables |= {name: np.zeros(shape) for name in ("n", "people")}
    for name, table in tables.items():
        table[at] = strata[name].cast(pl.Float64).fill_null(0).to_numpy()
    found = weighting.post_stratified(
        tables["value"], tables["variance"], tables["df"], tables["n"], tables["people"]
    )
    published = pl.col("status") == PUBLISHED
    names = dict(zip(("value", "ci_low", "ci_high"), figures, strict=False))
    return facts.made(
        cells.with_columns(
            pl.when(published).then("n").alias("n"),
            kpi_code=pl.lit(code),
            method=pl.when(published).then(pl.lit(method)),
            **{
                name: pl.when(published).then(pl.Series(getattr(found, figure)))
                for name, figure in names.items()
            },
        )
    )


def _strata(facts: Facts, kpi: Kpi) -> pl.DataFrame:
    """A row per cell and group with people, sorted by cell: people, and the group's figures where it has a row."""
    prefix = f"{kpi.segment}__"
    lines = facts.population.filter(pl.col("segment_code").str.starts_with(prefix)).sort("valid_from")
    groups = lines.select("unit_code", "segment_code").unique()
    people = (
        facts.periods.select("period_code", "end_date")
        .join(groups, how="cross")
        .sort("end_date")
        .join_asof(
            lines,
            left_on="end_date",
            right_on="valid_from",
            by=["unit_code", "segment_code"],
            check_sortedness=False,
        )
        .filter(pl.col("people") > 0)
        .select("unit_code", "period_code", "segment_code", "people")
    )
    rows = facts.of(str(kpi.of), segment=None).filter(pl.col("segment_code").str.starts_with(prefix))
    if kpi.stakeholders != "all":
        rows = rows.filter(pl.col("stakeholder_code").is_in(kpi.stakeholders))
    figures = errors(rows, facts.framework).select(
        *CELL, "segment_code", "status", "value", "n", "variance", "df"
    )
    cells = rows.select(CELL).unique().join(people, on=["unit_code", "period_code"])
    return cells.join(figures, on=[*CELL, "segment_code"], how="left").sort(*CELL, "segment_code")
