"""Derived KPIs put into the tables that are published, and found again from them before they are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, replace

import polars as pl

from pipelines.declared import Home, declared_tables, mirrored_dimensions, surveyed
from pipelines.derive import Facts, derived
from pipelines.derive.actions import actions
from pipelines.derive.facts import NO_POPULATION
from pipelines.derive.registers import strategy
from pipelines.derive.reliability import reliability
from pipelines.privacy.scorecard import copy_masked

Tables = Mapping[str, pl.DataFrame]


def facts_of(home: Home, values: pl.DataFrame) -> Facts:
    """What derived KPIs of a home are made of; `values` are published rows of fct_kpi_values."""
    tables = declared_tables(home)
    periods = pl.DataFrame(tables["periods"]).filter(pl.col("grain") == home.organisation.scorecard_grain)
    parallel = {
        (code, one, other)
        for code, relation in home.framework.relations.items()
        for one, other, is_parallel in mirrored_dimensions(home, *relation.sides)
        if is_parallel
    }
    return Facts(
        values=values,
        closure=pl.DataFrame(tables["unit_closure"]),
        periods=periods.sort("end_date"),
        framework=home.framework,
        thresholds={group: home.privacy.k(group) for group in surveyed(home)},
        definition_version=home.framework.version,
        as_of=home.as_of,
        root=home.root,
        parallel=frozenset(parallel),
        registers=home.registers,
        population=pl.DataFrame([asdict(line) for line in home.population], schema=NO_POPULATION.schema),
    )


def with_derived(home: Home, masked: Tables) -> dict[str, pl.DataFrame]:
    """The masked tables with derived KPIs, the registers' tables, and the scorecard copied from them again."""
    facts = facts_of(home, masked["fct_kpi_values"])
    values = derived(facts)
    known = replace(facts, values=values)
    scorecard = copy_masked(masked["scorecard_unit_period"], values, masked["fct_finance"])
    return {
        **masked,
        "fct_kpi_values": values,
        "scorecard_unit_period": scorecard,
        "fct_reliability": reliability(known, masked["fct_reliability"]),
        "fct_actions": actions(known),
        "fct_strategy": strategy(known),
    }


def still_true(
    reliability: pl.DataFrame, truth: pl.DataFrame, published: pl.DataFrame, root: str
) -> pl.DataFrame:
    """Rows of fct_reliability whose dimension the whole home publishes as the warehouse has it.

    Where late answers wait, alpha of all answers beside a score without them would tell of them.
    """
    keys = ["stakeholder_code", "period_code", "dimension_code"]
    whole = (
        (pl.col("unit_code") == root)
        & (pl.col("kpi_code") == "dimension_score")
        & (pl.col("segment_code") == "all")
    )
    now, then = (table.filter(whole).select(*keys, "n", "value") for table in (truth, published))
    same = now.join(then, on=[*keys, "n", "value"], how="semi")
    return reliability.join(same, on=keys, how="semi", maintain_order="left")


def differences(home: Home, published: Tables) -> Iterator[str]:
    """Where a snapshot's derived tables are not what its own visible rows give; nothing when all are."""
    again = with_derived(home, published)
    for name in ("fct_kpi_values", "fct_reliability", "fct_actions", "fct_strategy"):
        here, there = (table[name].sort(pl.all()) for table in (again, published))
        if not here.equals(there):
            yield f"{name}: derived figures are not what the published rows give"
