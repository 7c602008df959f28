"""Derived figures of a home: made from its visible rows, and found out where they are anything else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest

from pipelines.declared import Home
from pipelines.deriving import differences, still_true, with_derived
from tests.unit.declared.homes import write_home
from tests.unit.derive.cells import SCHEMA

KEYS = ("segment_code", "counterparty_code", "dimension_code")
STRATEGY = "stakeholder,owner,objective,kpi,target,review_date,domain,weight\n"


def row(unit: str, **more: Any) -> dict[str, Any]:
    cell = {"unit_code": unit, "period_code": "2025-Q1", "stakeholder_code": "employees", "kpi_code": "rqi"}
    said = {"status": "published", "disclosure": "standard", "definition_version": "1", "method": "t"}
    figures = {"value": 62.0, "n": 40, "ci_low": 58.0, "ci_high": 66.0}
    return dict.fromkeys(SCHEMA) | dict.fromkeys(KEYS, "all") | cell | said | figures | more


def tables(*rows: dict[str, Any]) -> dict[str, pl.DataFrame]:
    card = [
        "unit_code",
        "period_code",
        "stakeholder_code",
        "measured_period_code",
        "headline_kpi_code",
        "finance_status",
    ]
    money = ["unit_code", "period_code", "basis", "kpi_code", "status"]
    words = dict.fromkeys(("stakeholder_code", "period_code", "dimension_code"), pl.String)
    counts = {"item_count": pl.Int32, "n": pl.Int32}
    figures = {"alpha": pl.Float64, "is_below_usual_alpha": pl.Boolean, "unit_count": pl.Int32}
    reliable = {**words, **counts, **figures, "icc_1": pl.Float64, "icc_2": pl.Float64}
    none = [None] * 4
    return {
        "fct_kpi_values": pl.DataFrame(rows, schema=SCHEMA),
        "scorecard_unit_period": pl.DataFrame(schema=dict.fromkeys(card, pl.String)),
        "fct_finance": pl.DataFrame(schema={**dict.fromkeys(money, pl.String), "value": pl.Float64}),
        "fct_reliability": pl.DataFrame(
            [("employees", "2025-Q1", code, 2, 38, 0.7241, *none) for code in ("trust", "care")],
            schema=reliable,
            orient="row",
        ),
    }


@pytest.fixture
def home(tmp_path: Path) -> Home:
    line = "employees,Ana,Listen,rqi,70,2026-06-30,relation,1\n"
    return Home.load(write_home(tmp_path, {"registers/strategy.csv": STRATEGY + line}))


def links(made: dict[str, pl.DataFrame]) -> list[tuple[str, str | None, str]]:
    rows = made["fct_kpi_values"].filter(pl.col("kpi_code") == "link").sort("unit_code")
    return list(rows.select("unit_code", "verdict_code", "status").iter_rows())


def test_what_is_hidden_enters_nothing(home: Home) -> None:
    nothing = dict.fromkeys(("value", "n", "ci_low", "ci_high", "method"))
    made = with_derived(home, tables(row("essai"), row("sud", status="protected", **nothing)))
    assert links(made) == [("essai", "holds", "published"), ("sud", None, "protected")]


def test_the_order_of_rows_changes_nothing(home: Home) -> None:
    rows = [row("essai"), row("sud", value=61.3, ci_low=55.1), row("nord", value=70.9, ci_high=73.3)]
    one, other = (with_derived(home, tables(*order))["fct_kpi_values"] for order in (rows, rows[::-1]))
    assert one.equals(other)


def test_a_derived_figure_that_is_not_what_the_rows_give_is_found(home: Home) -> None:
    made = with_derived(home, tables(row("essai"), row("sud")))
    assert list(differences(home, made)) == []
    altered = pl.when(pl.col("kpi_code") == "link").then(pl.lit("apart")).otherwise("verdict_code")
    values = made["fct_kpi_values"].with_columns(verdict_code=altered)
    assert any("fct_kpi_values" in said for said in differences(home, {**made, "fct_kpi_values": values}))
    register = made["fct_strategy"].with_columns(is_overdue=~pl.col("is_overdue"))
    assert any("fct_strategy" in said for said in differences(home, {**made, "fct_strategy": register}))


def test_reliability_is_told_of_what_the_whole_home_shows(home: Home) -> None:
    shown = {"kpi_code": "dimension_score", "dimension_code": "trust"}
    made = with_derived(
        home,
        tables(
            row("essai", **shown), row("essai", **shown | {"dimension_code": "care", "status": "protected"})
        ),
    )
    (told,) = made["fct_reliability"].rows(named=True)
    assert (told["dimension_code"], told["n"], told["alpha"]) == ("trust", 40, 0.72)


def test_alpha_waits_with_the_answers_it_is_made_of() -> None:
    shown = {"kpi_code": "dimension_score", "dimension_code": "trust"}
    then, now = (tables(row("essai", **shown, **late)) for late in ({}, {"n": 41, "value": 61.9}))
    kept = [
        still_true(now["fct_reliability"], now["fct_kpi_values"], seen["fct_kpi_values"], "essai").height
        for seen in (then, now)
    ]
    assert kept == [0, 1]
