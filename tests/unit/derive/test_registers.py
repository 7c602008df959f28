"""What the registers say is counted as they say it: a line without an owner is no strategy."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.declared.models import Kpi
from pipelines.declared.registers import Body, Objective, Registers
from pipelines.derive.facts import Facts
from pipelines.derive.registers import SCHEMA, register_share, relational_weight, strategy
from tests.unit.derive.cells import AS_OF, facts, hidden, kpi, mean, quarters

STRATEGY = Kpi.model_validate(kpi("register_share", "percent", register="strategy"))
BODIES = Kpi.model_validate(kpi("register_share", "percent", register="bodies"))
WEIGHT = Kpi.model_validate(kpi("relational_weight", "percent"))
CLIENTS = Objective(2, "clients", "Ana", "Keep promises", "rqi", 72.5, AS_OF, "relation", 2)
SALES = Objective(3, "all", "Bo", "Sell more", "revenue", None, None, "sales", 6)
WORLD = facts(
    [
        mean("rqi", 61, unit="group", period="2025-Q2"),
        mean("rqi", 64, unit="group", period="2025-Q3"),
        hidden("rqi", unit="group", period="2025-Q4"),
        mean("rqi", 99, unit="lyon", period="2025-Q4"),
        mean("rqi", 98, unit="group", period="2025-Q4", segment="channel__human"),
    ],
    periods=quarters(2024, 2026),
)
SURVEYED = replace(WORLD, thresholds={"employees": 10, "clients": 10, "partners": 10, "buyers": 10})


def holding(registers: Registers) -> Facts:
    return replace(SURVEYED, registers=registers)


def share(*lines: Objective) -> list[dict[str, Any]]:
    return register_share(holding(Registers(strategy=lines)), "strategy_share", STRATEGY).rows(named=True)


def test_a_line_is_shown_with_where_its_kpi_stands() -> None:
    made = strategy(replace(WORLD, registers=Registers(strategy=(CLIENTS, SALES))))
    assert made.schema == pl.Schema(SCHEMA)
    first, second = made.rows(named=True)
    assert first == {
        "line_number": 2,
        "stakeholder_code": "clients",
        "objective": "Keep promises",
        "owner": "Ana",
        "kpi_code": "rqi",
        "target_value": 72.5,
        "current_value": 64,  # the latest published, of the whole, for everyone
        "review_date": AS_OF,
        "is_complete": True,
        "is_overdue": False,
        "domain": "relation",
        "weight_share": 0.25,
    }
    assert (second["current_value"], second["is_complete"], second["weight_share"]) == (None, False, 0.75)


def test_what_is_not_written_is_null() -> None:
    (row,) = strategy(
        replace(WORLD, registers=Registers(strategy=(replace(CLIENTS, owner="", weight=0),)))
    ).rows(named=True)
    assert (row["owner"], row["is_complete"], row["weight_share"]) == (None, False, None)
    assert strategy(WORLD).schema == pl.Schema(SCHEMA)


def test_the_share_of_stakeholders_with_a_strategy() -> None:
    (row,) = share(CLIENTS, SALES)
    # employees, clients and partners; buyers are the other side of partners
    assert row["value"] == pytest.approx(100 / 3)
    assert (row["unit_code"], row["stakeholder_code"], row["period_code"]) == ("group", "all", "2026-Q1")
    assert (row["method"], row["status"], row["ci_low"], row["n"]) == ("point", "published", None, None)


@pytest.mark.parametrize(
    "changed",
    [
        {"owner": ""},
        {"objective": ""},
        {"kpi": None},
        {"target": None},
        {"review_date": None},
        {"review_date": AS_OF - dt.timedelta(days=1)},
        {"domain": "sales"},
        {"stakeholder": "all"},
        {"stakeholder": "buyers"},
    ],
)
def test_a_line_that_lacks_something_does_not_count(changed: dict[str, Any]) -> None:
    (row,) = share(replace(CLIENTS, **changed))
    assert row["value"] == 0


def test_a_home_without_a_register_has_no_figure() -> None:
    assert share() == []
    assert register_share(SURVEYED, "agenda_share", BODIES).is_empty()
    assert relational_weight(SURVEYED, "weight", WEIGHT).is_empty()
    unweighed = Registers(strategy=(replace(CLIENTS, weight=0),))
    assert relational_weight(holding(unweighed), "weight", WEIGHT).is_empty()


def test_no_period_holds_the_day_and_nothing_is_said() -> None:
    before = replace(SURVEYED, periods=quarters(2024, 2025))
    assert register_share(
        replace(before, registers=Registers(strategy=(CLIENTS,))), "strategy_share", STRATEGY
    ).is_empty()


def test_the_share_of_bodies_with_relations_on_their_agenda() -> None:
    bodies = tuple(Body(f"b{place}", "x", "x", "monthly", place == 0) for place in range(4))
    made = register_share(holding(Registers(bodies=bodies)), "agenda_share", BODIES)
    assert made["value"].to_list() == [25]


@given(st.lists(st.floats(0, 1e6), max_size=6), st.lists(st.floats(0.001, 1e6), min_size=1, max_size=6))
def test_relational_and_other_weights_make_a_hundred(relation: list[float], profit: list[float]) -> None:
    ours = [replace(CLIENTS, weight=one) for one in relation]
    theirs = [replace(SALES, domain="profit", weight=one) for one in profit]
    swapped = [replace(one, domain="relation") for one in theirs] + [
        replace(one, domain="sales") for one in ours
    ]
    value, rest = (
        relational_weight(holding(Registers(strategy=tuple(lines))), "weight", WEIGHT)["value"][0]
        for lines in (ours + theirs, swapped)
    )
    assert 0 <= value <= 100
    assert value + rest == pytest.approx(100)
