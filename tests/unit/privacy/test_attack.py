"""The attacker against random organisations: it finds nothing behind the mask, and plenty without
complements.
"""

from __future__ import annotations

import random

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipelines.privacy import Leak, attack, attack_between, audit, protect, suppress
from tests.unit.privacy.worlds import DIMENSIONS, PERIODS, STAKEHOLDERS, K, World, crowd, flat

SLOW = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True
)


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """Up to 9 units in any tree, 0 to 14 people each, half of them leaving dimensions out."""
    count = draw(st.integers(2, 9))
    names = [f"u{index}" for index in range(count)]
    parents: dict[str, str | None] = {"u0": None}
    for index in range(1, count):
        parents[names[index]] = names[draw(st.integers(0, index - 1))]
    people = {}
    for unit in names:
        for stakeholder in STAKEHOLDERS:
            for period in PERIODS:
                n = draw(st.integers(0, 14))
                skip = {code: draw(st.integers(0, n)) for code in DIMENSIONS if draw(st.booleans())}
                people[unit, stakeholder, period] = crowd(n, draw(st.integers(0, 1000)), skip)
    return World(parents, people, {unit: draw(st.integers(0, 14)) for unit in names})


def attacked(world: World, secondary: bool = True, report: object = None) -> list[Leak]:
    published = suppress(world.marts(), world.rules(), secondary).marts
    headcounts = {unit: world.headcount(unit) for unit in world.parents}
    return attack(published, headcounts, K, report or (lambda told: None))  # type: ignore[arg-type]  # a sink


@SLOW
@given(worlds())
def test_nothing_is_found_behind_the_mask(world: World) -> None:
    assert attacked(world) == []


@SLOW
@given(worlds())
def test_the_audit_agrees_with_the_attacker(world: World) -> None:
    assert audit(suppress(world.marts(), world.rules()).marts, world.rules()) == []
    leaks = {leak.channel for leak in attacked(world, secondary=False)}
    if leaks - {"dimension through index"}:
        assert audit(suppress(world.marts(), world.rules(), secondary=False).marts, world.rules())


def random_world(seed: int) -> World:
    """A company as they are: regions of agencies, some of them tiny, some answers left out."""
    source = random.Random(seed)
    parents: dict[str, str | None] = {"root": None}
    sizes = {}
    for region in range(3):
        parents[f"r{region}"] = "root"
        for agency in range(4):
            parents[f"r{region}a{agency}"] = f"r{region}"
            sizes[f"r{region}a{agency}"] = source.choice([2, 3, 4, 6, 9, 15, 30])
    people = {}
    for unit, size in sizes.items():
        for who in STAKEHOLDERS:
            for period in PERIODS:
                n = source.randint(size // 2, size)
                skip = {"joy": source.randint(0, n)}
                people[unit, who, period] = crowd(n, source.randint(0, 999), skip)
    return World(parents, people, sizes)


def test_without_complements_the_attacker_succeeds(capsys: pytest.CaptureFixture[str]) -> None:
    """A door left open on purpose: an attack that finds nothing here is a broken test."""
    found: set[str] = set()
    for seed in range(15):
        found |= {leak.channel for leak in attacked(random_world(seed), secondary=False, report=print)}
    assert found == {
        "parent less siblings",
        "value through change",
        "finance of a team",
    }
    assert "tried" in capsys.readouterr().out


def test_without_any_mask_the_plain_channels_leak_too() -> None:
    world = flat({"a": 30, "b": 3})
    masked, bare = suppress(world.marts(), world.rules()).marts, world.marts()
    mixed = masked | {"scorecard_unit_period": bare["scorecard_unit_period"]}
    assert {leak.channel for leak in attack(mixed, {}, K, lambda told: None)} == {"two products"}
    assert "small cell" in {leak.channel for leak in attack(bare, {}, K, lambda told: None)}


@pytest.mark.parametrize(
    ("kpi", "channel"), [("rqi", "dimension through index"), ("balance", "group through balance")]
)
def test_a_composite_left_beside_a_hidden_part_is_found(kpi: str, channel: str) -> None:
    """Dimension joy of a is hidden for b's sake, and a's index with it: put back what was made of them."""
    world = flat({"a": 20, "b": 20})
    world.people["b", "employees", "2025-Q1"] = crowd(20, skip={"joy": 17})
    marts = suppress(world.marts(), world.rules()).marts
    part = pl.col("kpi_code") == kpi
    if kpi == "rqi":
        part &= pl.col("unit_code") == "a"
    put_back = world.marts()["fct_kpi_values"].filter(part)
    mixed = marts | {"fct_kpi_values": pl.concat([marts["fct_kpi_values"].filter(~part), put_back])}
    assert attack(marts, {}, K, lambda told: None) == []
    assert channel in {leak.channel for leak in attack(mixed, {}, K, lambda told: None)}


def test_a_ratio_left_beside_a_hidden_amount_is_found() -> None:
    world = flat({"a": 30, "b": 3})
    only_amounts = world.rules(headcount_kpis=frozenset({"payroll"}))
    masked = suppress(world.marts(), only_amounts).marts
    found = {leak.channel for leak in attack(masked, {}, K, lambda told: None)}
    assert found == {"finance through ratio or period"}


def test_a_report_holds_no_figure() -> None:
    told: list[str] = []
    leaks = attacked(random_world(3), secondary=False, report=told.append)
    assert leaks
    assert all(line.startswith("attack, ") for line in told)
    values = {f"{value:.6f}" for value in random_world(3).marts()["fct_kpi_values"]["value"].drop_nulls()}
    assert not any(value in repr(leaks) for value in values)


def published(world: World, register: list[dict[str, object]]) -> dict[str, pl.DataFrame]:
    done = protect(world.marts(), world.rules(), register, world.version)
    register += done.register
    return done.tables


@settings(SLOW, max_examples=40)
@given(worlds(), st.data())
def test_nothing_is_found_between_two_snapshots(world: World, data: st.DataObject) -> None:
    """Answers come late to any units, a few or many; what is published stays safe, alone and beside what
    was.
    """
    register: list[dict[str, object]] = []
    before = published(world, register)
    for key in sorted(world.people):
        world.people[key] = world.people[key] + crowd(
            data.draw(st.sampled_from([0, 0, 0, 1, 4, 6, 12])), seed=7
        )
    after = published(world, register)
    headcounts = {unit: world.headcount(unit) for unit in world.parents}
    assert attack_between(before, after, lambda told: None) == []
    assert audit(after, world.rules()) == []
    assert attack(after, headcounts, K, lambda told: None) == []


def test_without_the_register_two_snapshots_leak() -> None:
    world = flat({"a": 30, "b": 20})
    before = suppress(world.marts(), world.rules()).marts
    world.people["a", "employees", "2025-Q1"] += crowd(1, seed=7)
    after = suppress(world.marts(), world.rules()).marts
    assert attack_between(before, after, lambda told: None)
