"""The publication register and segments: what waits, waits together. K is 5."""

from __future__ import annotations

import json
import random
from collections import Counter
from typing import Any

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from pipelines.privacy import attack_between, audit, protect, suppress
from tests.unit.privacy.lattice import groups_of, isolates, kinds_of
from tests.unit.privacy.test_register import Home
from tests.unit.privacy.test_segments import WAVE, WHEN, WHO, both, cut_world, one_wave, people
from tests.unit.privacy.worlds import SEGMENTS, K, World, company

EVEN = {"sales": {"young": 10, "old": 10}, "staff": {"young": 10, "old": 10}}


def shown(home: Home, segment: str, unit: str = "root") -> dict[str, int]:
    """Respondents by value of a segment, where anybody is shown."""
    rows = home.last.tables["fct_kpi_values"].filter(unit_code=unit, kpi_code="respondents", **WAVE)
    found = rows.filter(pl.col("segment_code").str.starts_with(segment) & (pl.col("n") > 0))
    return {code.split("__")[-1]: n for code, n in found.select("segment_code", "n").iter_rows()}


def add(home: Home, some: list[dict[str, Any]], unit: str = "root") -> None:
    home.world.people[unit, WHO, WHEN] = home.world.people[unit, WHO, WHEN] + some
    home.publish()


def test_late_answers_of_one_value_hold_back_all_of_the_wave() -> None:
    home = Home(cut_world({"root": both(EVEN)}))
    add(home, people({"young": 8}, job="sales") + people({"old": 2}, job="staff"))
    assert (shown(home, "age"), home.shown_n("root")) == ({"young": 20, "old": 20}, 40)


def test_late_answers_enough_everywhere_go_out_in_every_segment() -> None:
    home = Home(cut_world({"root": both(EVEN)}))
    add(home, both(EVEN, seed=5))
    assert home.shown_n("root") == 80
    assert shown(home, "age") == {"young": 40, "old": 40}
    assert shown(home, "job") == {"sales": 40, "staff": 40}
    assert home.publish().register == []


def test_late_answers_that_cross_in_few_people_wait() -> None:
    """10 late by age and 10 late by job, but the young of staff are 1: the late young less the late sales."""
    home = Home(cut_world({"root": both(EVEN)}))
    add(home, both({"sales": {"young": 9}, "staff": {"young": 1, "old": 10}}, seed=5))
    assert home.shown_n("root") == 40
    assert shown(home, "job") == {"sales": 20, "staff": 20}


def test_a_corrected_age_waits() -> None:
    home = Home(cut_world({"root": both(EVEN)}))
    home.world.people["root", WHO, WHEN][0] |= {"age": "old"}
    home.publish()
    assert shown(home, "age") == {"young": 20, "old": 20}


def test_two_ages_exchanged_wait() -> None:
    """Nobody is counted otherwise, but what each age says would change by one person."""
    home = Home(cut_world({"root": both(EVEN)}))
    before = home.last.tables["fct_kpi_values"]
    young, *_, old = home.world.people["root", WHO, WHEN]
    assert young["trust"] != old["trust"]
    young["age"], old["age"] = old["age"], young["age"]
    young["job"], old["job"] = old["job"], young["job"]
    keys = ["unit_code", "period_code", "stakeholder_code", "segment_code", "kpi_code", "dimension_code"]
    assert_frame_equal(home.publish().tables["fct_kpi_values"].sort(keys), before.sort(keys))


def test_values_that_nobody_joined_stay_as_they_are_shown() -> None:
    """2 late people of an age nobody had would hide all ages, if they were published."""
    home = Home(cut_world({"root": both(EVEN)}))
    add(home, people({"middle": 2}, job="sales"))
    assert shown(home, "age") == {"young": 20, "old": 20}


def test_few_late_answers_in_hidden_values_hold_nothing_back() -> None:
    """The ages of a are hidden: that 2 of its late answers are old is nowhere to be seen."""
    home = Home(cut_world({"root": people({"young": 40, "old": 40}), "a": people({"young": 18, "old": 2})}))
    before = shown(home, "age")
    add(home, people({"young": 13, "old": 2}, seed=1), unit="a")
    assert shown(home, "age", "a") == {}
    assert home.shown_n("a") == 20, "but the old of root would be 2 more"
    assert shown(home, "age") == before
    add(home, people({"old": 8}, seed=2), unit="a")
    assert (home.shown_n("a"), home.shown_n("root")) == (43, 123)
    assert shown(home, "age") == {"young": 71, "old": 52}


def without_segments(world: World) -> World:
    return World(world.parents, world.people, world.staff)


@pytest.mark.parametrize(("late", "joins"), [(0, True), (1, False), (12, False)])
def test_a_segment_joins_a_wave_that_never_changed(late: int, joins: bool) -> None:
    world = cut_world({"root": both(EVEN)})
    home = Home(without_segments(world))
    home.late("root", late)
    home.world.segments = SEGMENTS
    home.publish()
    assert shown(home, "age") == ({"young": 20, "old": 20} if joins else {})
    home.publish()
    assert shown(home, "age") == ({"young": 20, "old": 20} if joins else {}), "nor later"
    assert home.shown_n("root") == (52 if late == 12 else 40)


def test_entries_of_before_segments_are_understood() -> None:
    home = Home(without_segments(cut_world({"root": both(EVEN)})))
    old = []
    for text in home.register:
        entry = json.loads(text)
        entry["counterparty_code"] = "all"
        for row in entry["rows"]:
            del row["counterparty_code"], row["published"]["counterparty_code"]
        old.append(json.dumps(entry))
    home.register = old
    again = home.publish()
    assert (again.register, again.held_cells) == ([], 0)
    home.late("root", 1)
    rows = home.publish().tables["fct_kpi_values"]
    assert home.shown_n("root") == 40
    assert set(rows["counterparty_code"]) == {"all"}


def later(world: World, source: random.Random) -> World:
    """Some answers come twice: of whole units, or one by one."""
    more: dict[tuple[str, str, str], list[dict[str, Any]]] = {}
    whole = source.random() < 0.8
    for key in sorted(world.people):
        if key[1:] == (WHO, WHEN):
            some = world.people[key]
            again = some if source.random() < 0.8 else []
            more[key] = [dict(person) for person in (again if whole else again[: source.choice([1, 6, 12])])]
    return World(world.parents, more, segments=world.segments)


def test_no_weighted_sum_over_two_snapshots_isolates_anybody() -> None:
    """Published groups of before and after, and late answers told from the others, against brute force."""
    found: Counter[tuple[str, bool]] = Counter()
    for seed in range(30):
        source = random.Random(seed)
        world = one_wave(company(seed, 2, 2, (12, 20, 30, 45)))
        first = protect(world.marts(), world.rules(), [], "1")
        late = later(world, source)
        before = kinds_of(world, WHO, WHEN, None)
        kinds = before + kinds_of(late, WHO, WHEN, None, epoch=1)
        was = first.tables["fct_kpi_values"]
        where = WAVE | {"kpi_code": "respondents"}
        groups = groups_of(world, was, before, where)
        for key, some in late.people.items():
            world.people[key] = world.people[key] + some
        marts = world.marts()
        frozen = protect(marts, world.rules(), first.register, "1").tables
        assert attack_between(first.tables, frozen, lambda told: None, late.roster()) == []
        assert audit(frozen, world.rules()) == []
        naked = suppress(marts, world.rules()).marts
        for name, tables in (("frozen", frozen), ("naked", naked)):
            now = tables["fct_kpi_values"].filter(**where)
            pairs = now.join(was.filter(**where), on=["unit_code", "segment_code"])
            moved = pairs.filter(pl.col("n") != pl.col("n_right")).height > 0
            again = groups_of(world, now, kinds, where, epochs=2 if moved else 1)
            found[name, isolates(kinds, groups + again, K)] += 1
            found[f"{name} moved", moved] += 1
            if name == "naked":
                found[
                    "attacked", bool(attack_between(first.tables, naked, lambda told: None, late.roster()))
                ] += 1
    assert found["frozen", True] == 0
    assert found["frozen moved", True] > 3
    assert found["naked", True] > 5
    assert found["attacked", True] > 5
