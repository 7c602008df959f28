"""What derived KPIs are made of: the published rows, the unit tree over time, the declared framework.

Everything here was masked before: a KPI that is a function of it can reveal nothing that it does not.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import polars as pl

from pipelines.declared.models import Framework
from pipelines.declared.registers import NO_REGISTERS, Registers

ALL = "all"
PUBLISHED, PROTECTED, UNDECIDED = "published", "protected", "not_enough_data"
KEY = (
    "unit_code",
    "period_code",
    "stakeholder_code",
    "segment_code",
    "counterparty_code",
    "kpi_code",
    "dimension_code",
)
Row = dict[str, Any]
NO_POPULATION = pl.DataFrame(
    schema={"unit_code": pl.String, "segment_code": pl.String, "people": pl.Int64, "valid_from": pl.Date}
)


@dataclass(frozen=True)
class Facts:
    """Published rows of fct_kpi_values and what their keys mean.

    `values`: fct_kpi_values after the mask, its columns and types. `closure`: ancestor_code, unit_code, depth,
    valid_from, valid_to (dates, both included). `periods`: rows of dim_periods of the scorecard's grain in time
    order. `thresholds`: smallest group by stakeholder. `definition_version` and `as_of` are stamped on what is made.
    `parallel`: (relation, dimension of its first side, dimension of its second) asked of both in parallel wording.
    `registers`: what leadership declared. `population`: people by unit_code, segment_code (age_band__under_30) and
    valid_from, where a home says how many there are.
    """

    values: pl.DataFrame
    closure: pl.DataFrame
    periods: pl.DataFrame
    framework: Framework
    thresholds: Mapping[str, int]
    definition_version: str
    as_of: dt.date
    root: str
    parallel: frozenset[tuple[str, str, str]] = frozenset()
    registers: Registers = NO_REGISTERS
    population: pl.DataFrame = field(default_factory=NO_POPULATION.clone)

    def of(self, kpi_code: str, segment: str | None = ALL, counterparty: str | None = ALL) -> pl.DataFrame:
        """Rows of one KPI, for everyone and towards nobody unless said; None lifts the filter."""
        wanted = pl.col("kpi_code") == kpi_code
        if segment is not None:
            wanted &= pl.col("segment_code") == segment
        if counterparty is not None:
            wanted &= pl.col("counterparty_code") == counterparty
        return self.values.filter(wanted)

    @cached_property
    def tree(self) -> pl.DataFrame:
        """(period_code, ancestor_code, unit_code, depth, is_leaf): who stood under whom at each period's end.

        `is_leaf` is of `unit_code`. `unassigned` is no unit to compare with others: it is left out.
        """
        known = self.closure.filter(pl.col("unit_code") != "unassigned")
        pairs = self.periods.select("period_code", "end_date").join(known, how="cross")
        now = pairs.filter(pl.col("end_date").is_between("valid_from", "valid_to"))
        above = now.filter(pl.col("depth") > 0).select(
            "period_code", pl.col("ancestor_code").alias("unit_code")
        )
        parents = above.unique().with_columns(is_leaf=pl.lit(False))
        columns = ("period_code", "ancestor_code", "unit_code", "depth")
        return (
            now.select(columns)
            .join(parents, on=["period_code", "unit_code"], how="left")
            .with_columns(pl.col("is_leaf").fill_null(True))
        )

    def made(self, rows: Iterable[Row] | pl.DataFrame) -> pl.DataFrame:
        """Derived rows in the columns and types of `values`; keys not given are `all`, figures not given null.

        A row needs unit_code, period_code, stakeholder_code, kpi_code and status. A protected row keeps its key alone.
        """
        given = rows if isinstance(rows, pl.DataFrame) else pl.DataFrame(list(rows), infer_schema_length=None)
        schema = self.values.schema
        if given.is_empty():
            return pl.DataFrame(schema=schema)
        stamped: dict[str, Any] = {
            **dict.fromkeys(("segment_code", "counterparty_code", "dimension_code"), ALL),
            "disclosure": "standard",
            "definition_version": self.definition_version,
            "as_of_date": self.as_of,
        }
        absent = [
            pl.lit(stamped.get(name), dtype=kind).alias(name)
            for name, kind in schema.items()
            if name not in given.columns
        ]
        whole = given.with_columns(absent).select(pl.col(name).cast(kind) for name, kind in schema.items())
        kept = {*KEY, "status", "disclosure", "definition_version", "as_of_date"}
        hidden = pl.col("status") == PROTECTED
        emptied = [
            pl.when(hidden).then(None).otherwise(pl.col(name)).alias(name)
            for name in schema
            if name not in kept
        ]
        return whole.with_columns(emptied)


def period_order(periods: pl.DataFrame) -> dict[str, int]:
    """Place of each period of the scorecard in time, from 0."""
    ordered: Sequence[str] = periods.sort("end_date")["period_code"].to_list()
    return {code: place for place, code in enumerate(ordered)}
