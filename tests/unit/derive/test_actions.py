"""An action is judged on what moved in its unit less what moved without it, and only on what is shown."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import polars as pl
import pytest

from pipelines.declared.registers import Action, Registers
from pipelines.derive.actions import SCHEMA, actions
from pipelines.stats import welch
from pipelines.stats.experiments import effect
from tests.unit.derive.cells import Row, facts, hidden, mean, quarters

PARENTS: dict[str, str | None] = {
    "group": None,
    **dict.fromkeys(("south", "north"), "group"),
    **dict.fromkeys(("lyon", "nice", "arles", "dijon"), "south"),
    **dict.fromkeys(("lille", "rouen"), "north"),
}
HUDDLE = Action("huddle", "lyon", "clients", None, dt.date(2025, 2, 10), "trial", "Point", "Huddle", ())
BEFORE, DURING, AFTER, LATEST = "2024-Q4", "2025-Q1", "2025-Q2", "2025-Q3"
OTHERS = ("nice", "arles", "dijon")


def world(lyon: float = 12, n: int = 200, **others: float) -> list[Row]:
    """The index of every unit before, during and after; Lyon rises by `lyon`, its siblings by a point or so."""
    rises = {"lyon": lyon, "nice": 1.0, "arles": -1.0, "dijon": 0.5, "lille": 9.0, "rouen": 10.0, **others}
    return [
        mean("rqi", 60 + (rise if period > DURING else 0), n=n, unit=unit, period=period)
        for unit, rise in rises.items()
        for period in (BEFORE, DURING, AFTER)
    ]


def told(rows: list[Row], action: Action = HUDDLE, *more: Action) -> Row:
    made = actions(
        replace(facts(rows, PARENTS, periods=quarters()), registers=Registers(actions=(action, *more)))
    )
    assert made.schema == pl.Schema(SCHEMA)
    return made.row(0, named=True)


def test_the_effect_is_the_change_less_that_of_the_siblings() -> None:
    row = told(world())
    assert (row["action_code"], row["dimension_code"], row["design"], row["status"]) == (
        *("huddle", "all", "trial", "published"),
    )
    assert (row["before_period_code"], row["after_period_code"]) == (BEFORE, AFTER)
    own = welch(72, 20, 200, 60, 20, 200)
    found = tuple(row[f"change_{name}"] for name in ("value", "ci_low", "ci_high"))
    assert found == pytest.approx(own[:3], abs=1e-3)
    expected = effect(12, 4, [1, -1, 0.5], [4, 4, 4])
    assert (row["compared_unit_count"], row["compared_change_value"]) == (3, pytest.approx(0.5 / 3))
    found = tuple(row[f"effect_{name}"] for name in ("value", "ci_low", "ci_high"))
    assert found == pytest.approx(expected[:3], abs=1e-6)
    assert row["verdict_code"] == "moved_up"


@pytest.mark.parametrize(("lyon", "said"), [(-14, "moved_down"), (2, "undecided"), (14, "moved_up")])
def test_the_verdict_is_that_of_the_effect(lyon: float, said: str) -> None:
    assert told(world(lyon))["verdict_code"] == said


def test_units_that_rise_with_it_leave_no_effect() -> None:
    row = told(world(12, nice=12, arles=11, dijon=13))
    assert row["change_ci_low"] > 0
    assert row["verdict_code"] == "undecided"


def test_declared_units_stand_in_for_siblings() -> None:
    row = told(world(), replace(HUDDLE, compared_with=("lille", "rouen")))
    assert (row["compared_unit_count"], row["compared_change_value"]) == (2, 9.5)


def test_a_sibling_with_an_action_of_its_own_is_not_compared() -> None:
    own = replace(HUDDLE, code="own", unit="nice", starts=dt.date(2025, 3, 1))
    assert told(world(), HUDDLE, own)["compared_unit_count"] == 2
    old = replace(own, starts=dt.date(2024, 3, 1))
    other_group = replace(own, stakeholder="partners")
    assert told(world(), HUDDLE, old, other_group)["compared_unit_count"] == 3


def test_a_dimension_is_judged_on_its_own_score() -> None:
    rows = [{**row, "kpi_code": "dimension_score", "dimension_code": "trust"} for row in world(8)]
    row = told(world(-20) + rows, replace(HUDDLE, dimension="trust"))
    assert (row["dimension_code"], row["change_value"]) == ("trust", 8)


def test_the_latest_period_is_the_one_after() -> None:
    rows = world() + [mean("rqi", 50, n=200, unit=unit, period=LATEST) for unit in ("lyon", *OTHERS)]
    row = told(rows)
    assert (row["after_period_code"], row["change_value"]) == (LATEST, -10)


def test_nothing_measured_since_is_too_early() -> None:
    row = told([one for one in world() if one["period_code"] <= DURING])
    assert (row["verdict_code"], row["status"]) == ("too_early", "not_enough_data")
    assert (row["before_value"], row["after_value"], row["change_value"]) == (60, None, None)


def test_nothing_measured_before_is_not_enough() -> None:
    row = told([one for one in world() if one["period_code"] > BEFORE])
    assert (row["verdict_code"], row["before_value"], row["after_value"]) == ("not_enough_data", None, 72)


@pytest.mark.parametrize("period", [BEFORE, AFTER])
def test_a_protected_side_hides_every_figure(period: str) -> None:
    kept = [one for one in world() if (one["unit_code"], one["period_code"]) != ("lyon", period)]
    row = told([*kept, hidden("rqi", unit="lyon", period=period)])
    assert (row["verdict_code"], row["status"]) == ("protected", "protected")
    figures = [name for name, kind in SCHEMA.items() if kind == pl.Float64]
    assert [row[name] for name in figures] == [None] * len(figures)


def test_a_protected_sibling_counts_for_nothing() -> None:
    kept = [one for one in world() if (one["unit_code"], one["period_code"]) != ("nice", AFTER)]
    assert told([*kept, hidden("rqi", unit="nice", period=AFTER)])["compared_unit_count"] == 2


def test_one_comparable_unit_is_not_enough_and_the_change_is_given_alone() -> None:
    row = told([one for one in world() if one["unit_code"] in ("lyon", "nice")])
    assert (row["verdict_code"], row["status"], row["compared_unit_count"]) == (
        "not_enough_data",
        "published",
        1,
    )
    assert (row["change_value"], row["effect_value"], row["compared_change_value"]) == (12, None, None)


def test_two_instruments_are_not_compared() -> None:
    rows = world()
    for one in rows:
        if one["period_code"] == AFTER:
            one["change_label"] = "not_comparable"
    row = told(rows)
    assert (row["verdict_code"], row["change_value"], row["after_value"]) == ("not_enough_data", None, 72)


def test_an_empty_register_is_an_empty_mart() -> None:
    made = actions(facts(world(), PARENTS))
    assert made.is_empty()
    assert made.schema == pl.Schema(SCHEMA)
