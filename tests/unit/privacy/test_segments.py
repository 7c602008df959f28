"""Segments beside the totals of units, decision by decision and against brute force. K is 5 in these worlds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import product

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from pipelines.privacy import MaskRefusedError, audit, suppress
from pipelines.privacy.segments import smallest_cuts
from tests.unit.privacy.lattice import groups_of, isolates, kinds_of
from tests.unit.privacy.worlds import SEGMENTS, K, Person, World, company, crowd

WHO, WHEN = "employees", "2025-Q1"
WAVE = {"stakeholder_code": WHO, "period_code": WHEN}


def people(values: dict[str, int], seed: int = 0, segment: str = "age", **more: str | None) -> list[Person]:
    """So many people of each value, with the same values of other segments."""
    some = crowd(sum(values.values()), seed)
    held = [value for value, n in values.items() for _ in range(n)]
    return [person | more | {segment: value} for person, value in zip(some, held, strict=True)]


def cut_world(cells: dict[str, list[Person]], parents: dict[str, str | None] | None = None) -> World:
    """Employees of one quarter, directly in the units named; the root is `root`."""
    tree = parents or {"root": None, **{unit: "root" for unit in cells if unit != "root"}}
    return World(tree, {(unit, WHO, WHEN): some for unit, some in cells.items()}, segments=SEGMENTS)


def shown_values(world: World, segment: str, secondary: bool = True, **rules: object) -> dict[str, set[str]]:
    """Values whose respondents are shown, by unit; a unit without any is left out."""
    kpi = suppress(world.marts(), world.rules(**rules), secondary).marts["fct_kpi_values"]
    found: dict[str, set[str]] = {}
    rows = kpi.filter(kpi_code="respondents", **WAVE).filter(pl.col("n") > 0)
    for unit, code in rows.select("unit_code", "segment_code").iter_rows():
        if code.split("__")[0] == segment:
            found.setdefault(unit, set()).add(code.split("__")[1])
    return found


def test_a_segment_is_shown_whole_or_not_at_all() -> None:
    world = cut_world({"a": people({"young": 10, "old": 10}), "b": people({"young": 17, "old": 3})})
    assert shown_values(world, "age", secondary=False)["b"] == {"young"}
    # b hides; what is left of the root beside a is b, whose values would come out by subtraction
    assert shown_values(world, "age") == {"root": {"young", "old"}}


def test_a_value_nobody_has_is_no_obstacle_and_follows() -> None:
    world = cut_world({"a": people({"young": 10, "old": 10}), "b": people({"young": 20})})
    kpi = suppress(world.marts(), world.rules()).marts["fct_kpi_values"]
    rows = kpi.filter(unit_code="b", segment_code="age__old", kpi_code="respondents", **WAVE)
    assert (rows["status"][0], rows["n"][0]) == ("not_enough_data", 0)


def test_a_hidden_unit_hides_its_segments() -> None:
    world = cut_world({"a": people({"young": 20}), "b": people({"young": 7}), "c": people({"young": 3})})
    assert shown_values(world, "age") == {"root": {"young"}, "a": {"young"}}


def test_a_value_that_lives_in_one_unit_alone_is_not_told_beside_that_unit() -> None:
    """All 18 old people are among the 20 of a, whose ages are hidden: 20 − 18 would be the 2 young ones of a."""
    world = cut_world({"a": people({"young": 2, "old": 18}), "b": people({"young": 20})})
    kpi = suppress(world.marts(), world.rules()).marts["fct_kpi_values"]
    assert kpi.filter(unit_code="a", segment_code="all", kpi_code="respondents", **WAVE)["n"][0] == 20
    assert shown_values(world, "age") == {"b": {"young"}}


def test_a_lower_unit_gives_its_values_up_for_the_whole() -> None:
    """Among a's people and b's, a's 2 young ones come out. With those of c, whose values go, they do not."""
    world = cut_world(
        {
            "a": people({"young": 2, "old": 18}),
            "b": people({"young": 20}),
            "c": people({"young": 15, "old": 15}),
        }
    )
    assert shown_values(world, "age") == {"root": {"young", "old"}, "b": {"young"}}


def test_a_dimension_has_tables_of_its_own() -> None:
    """Everybody is counted by age, but only 3 of the old ones scored joy."""
    world = cut_world({"a": people({"young": 20, "old": 20}), "b": people({"young": 20, "old": 20}, seed=1)})
    for person in world.people["a", WHO, WHEN][23:]:
        person["joy"] = None
    kpi = suppress(world.marts(), world.rules()).marts["fct_kpi_values"]
    rows = kpi.filter(unit_code="a", segment_code="age__young", **WAVE)
    shown = dict(
        rows.select(pl.concat_str("kpi_code", "dimension_code", separator="/"), "status").iter_rows()
    )
    assert shown["dimension_score/trust"] == "published"
    # its own 20 answers are enough, but an index made of them would give them back
    assert shown["dimension_score/joy"] == shown["rqi/all"] == shown["rqi_coverage/all"] == "protected"
    assert kpi.filter(unit_code="a", segment_code="all", kpi_code="rqi", **WAVE)["status"][0] == "published"


def both(ages_of_jobs: dict[str, dict[str, int]], seed: int = 0) -> list[Person]:
    return [
        person for job, ages in ages_of_jobs.items() for person in people(ages, seed + ord(job[0]), job=job)
    ]


def test_two_segments_need_to_be_known_together() -> None:
    world = cut_world({"root": both({"sales": {"young": 15, "old": 15}, "staff": {"young": 15, "old": 15}})})
    assert shown_values(world, "age") == {"root": {"young", "old"}}
    assert shown_values(world, "job") == {"root": {"sales", "staff"}}
    assert shown_values(world, "job", overlaps=()) == {}
    assert shown_values(world, "age", overlaps=(), segments=("job", "age")) == {}
    assert shown_values(world, "job", overlaps=(), segments=("job", "age")) == {"root": {"sales", "staff"}}


def test_a_segment_that_is_nearly_another_is_not_shown_beside_it() -> None:
    """All 20 of staff are old, and 22 are old: staff less old would be 2 people."""
    world = cut_world({"root": both({"sales": {"young": 20, "old": 2}, "staff": {"old": 20}})})
    assert shown_values(world, "age") == {"root": {"young", "old"}}
    assert shown_values(world, "job") == {}


def test_those_who_did_not_answer_may_all_be_where_two_segments_cross() -> None:
    """Everybody crosses well, but of those who scored joy, staff less the old are 2 people."""
    world = cut_world({"root": both({"sales": {"young": 10, "old": 10}, "staff": {"young": 10, "old": 10}})})
    some = world.people["root", WHO, WHEN]
    few = [p for p in some if (p["job"], p["age"]) == ("staff", "young")]
    for person in [*few[2:], *(p for p in some if (p["job"], p["age"]) == ("sales", "old"))]:
        person["joy"] = None
    kpi = suppress(world.marts(), world.rules()).marts["fct_kpi_values"]
    rows = kpi.filter(unit_code="root", segment_code="job__staff", kpi_code="dimension_score", **WAVE)
    assert dict(rows.select("dimension_code", "n").iter_rows()) == {"trust": 20, "care": 20, "joy": None}


def test_a_segment_of_other_people_takes_no_room() -> None:
    """A list nobody was asked for has jobs and no ages: its jobs are shown, whatever is known of the survey."""
    world = cut_world({"root": people({"young": 20, "old": 20}, job=None)})
    kpi = world.kpi_values()
    row = kpi.filter(unit_code="root", segment_code="all", kpi_code="respondents", **WAVE)
    listed = [
        row.with_columns(
            kpi_code=pl.lit("client_contacts"),
            segment_code=pl.lit(code),
            n=pl.lit(n, pl.Int32),
            value=pl.lit(3.0),
        )
        for code, n in (("all", 70), ("job__sales", 40), ("job__staff", 30), ("age__other", 70))
    ]
    marts = world.marts() | {"fct_kpi_values": pl.concat([kpi, *listed])}
    masked = suppress(marts, world.rules(overlaps=())).marts
    rows = masked["fct_kpi_values"].filter(kpi_code="client_contacts")
    shown = dict(rows.select("segment_code", "n").iter_rows())
    assert shown == {"all": 70, "job__sales": 40, "job__staff": 30, "age__other": 70}
    assert audit(masked, world.rules(overlaps=())) == []


def test_comments_need_twenty_who_could_and_ten_who_did() -> None:
    def told(n: int, commented: int) -> str:
        world = cut_world({"root": people({"young": n})})
        world.comments = True
        for index, person in enumerate(world.people["root", WHO, WHEN]):
            person["tone"] = 1.0 if index < commented else None
        kpi = suppress(world.marts(), world.rules()).marts["fct_kpi_values"]
        return str(kpi.filter(segment_code="all", kpi_code="tone_balance", **WAVE)["status"][0])

    assert [told(20, 10), told(19, 10), told(20, 9)] == ["published", "protected", "protected"]


def test_comments_of_a_segment_are_spoken_of_where_each_value_has_enough() -> None:
    def told(young: int, old: int) -> set[str]:
        world = cut_world({"root": people({"young": young, "old": old})})
        world.comments = True
        for person in world.people["root", WHO, WHEN]:
            person["tone"] = 1.0
        kpi = suppress(world.marts(), world.rules()).marts["fct_kpi_values"]
        rows = kpi.filter(kpi_code="tone_balance", **WAVE).filter(
            pl.col("segment_code").str.starts_with("age")
        )
        return set(rows.filter(pl.col("n") > 0)["segment_code"])

    assert told(30, 20) == {"age__young", "age__old"}
    assert told(30, 19) == set()


def test_a_mirrored_index_is_hidden_as_the_index_is() -> None:
    world = cut_world({"a": people({"young": 20}), "b": people({"young": 20}, seed=1)})
    world.mirrored = True
    for person in world.people["b", WHO, WHEN][3:]:
        person["trust"] = None
    kpi = suppress(world.marts(), world.rules()).marts["fct_kpi_values"]
    rows = kpi.filter(unit_code="a", segment_code="all", **WAVE)
    shown = {
        (row["kpi_code"], row["dimension_code"], row["counterparty_code"]): row["status"]
        for row in rows.rows(named=True)
    }
    assert shown["dimension_score", "trust", "all"] == "protected"
    assert shown["mirrored_index", "all", "clients"] == shown["rqi", "all", "all"] == "protected"
    assert shown["dimension_score", "care", "all"] == "published"


def test_too_many_values_and_derived_rows_are_refused() -> None:
    wide = World(
        {"root": None}, {("root", WHO, WHEN): crowd(300)}, segments={"age": [f"v{i}" for i in range(12)]}
    )
    with pytest.raises(MaskRefusedError, match="segment 'age' has 13 values; at most 12"):
        suppress(wide.marts(), wide.rules())
    world = cut_world({"root": people({"young": 20})})
    with pytest.raises(MaskRefusedError, match="'rqi' is derived"):
        suppress(world.marts(), world.rules(derived_kpis=frozenset({"rqi"})))


@pytest.mark.parametrize("seed", range(3))
def test_masking_twice_changes_nothing_and_the_order_of_rows_decides_nothing(seed: int) -> None:
    world = company(seed)
    rules, marts = world.rules(), world.marts()
    once = suppress(marts, rules).marts
    assert_frame_equal(suppress(once, rules).marts["fct_kpi_values"], once["fct_kpi_values"])
    marts["fct_kpi_values"] = marts["fct_kpi_values"].reverse()
    assert_frame_equal(suppress(marts, rules).marts["fct_kpi_values"].reverse(), once["fct_kpi_values"])


@settings(max_examples=150, deadline=None, derandomize=True)
@given(st.lists(st.lists(st.integers(0, 6), min_size=3, max_size=3), min_size=2, max_size=3))
def test_the_smallest_cut_is_what_no_weighted_sum_can_undercut(table: Sequence[Sequence[int]]) -> None:
    """Rows and columns of a table published, its inside not: margins and cuts together say what is isolated."""
    rows = np.array(table, float)
    cells = {(i, j): table[i][j] for i, j in product(range(len(table)), range(3))}
    groups = [[(i, j) for j in range(3)] for i in range(len(table))]
    groups += [[(i, j) for i in range(len(table))] for j in range(3)]
    sums = np.concatenate([smallest_cuts(rows), rows.sum(axis=0), rows.sum(axis=1)])
    assert isolates(cells, groups, K) == bool(((sums > 0) & (sums < K)).any())


def one_wave(world: World) -> World:
    """The same company, its employees of one quarter alone."""
    world.people = {key: some for key, some in world.people.items() if key[1:] == (WHO, WHEN)}
    return world


MEASURES = {"respondents": None, "joy": "joy"}


def test_no_weighted_sum_of_what_is_published_isolates_anybody() -> None:
    """Units × ages × jobs of random companies, all published groups at once, against brute force."""
    found: Counter[tuple[bool, bool]] = Counter()
    cut: Counter[str] = Counter()
    for seed in range(40):
        world = one_wave(company(seed, 2, 2, (6, 12, 20, 30)))
        for secondary in (True, False):
            kpi = suppress(world.marts(), world.rules(), secondary).marts["fct_kpi_values"]
            for name, dimension in MEASURES.items():
                code = (
                    {"kpi_code": "dimension_score", "dimension_code": name}
                    if dimension
                    else {"kpi_code": name}
                )
                kinds = kinds_of(world, WHO, WHEN, dimension)
                found[secondary, isolates(kinds, groups_of(world, kpi, kinds, WAVE | code), K)] += 1
                if secondary:
                    codes = kpi.filter(**WAVE, **code).filter(pl.col("n") > 0)["segment_code"]
                    cut["+".join(sorted({text.split("__")[0] for text in codes}))] += 1
    assert found[True, True] == 0
    assert found[False, True] > 60
    # it is not safe by showing nothing
    assert cut["age+all+job"] > 20
    assert cut["age+all"] > 10


def test_how_much_is_hidden() -> None:
    """Of the values that are large enough by themselves, most stay visible beside the totals of units."""
    large = shown = 0
    for seed in range(12):
        world = one_wave(company(seed, sizes=(30, 60, 90)))
        truth = world.kpi_values()
        kpi = suppress(world.marts(), world.rules()).marts["fct_kpi_values"]
        some = kpi.with_columns(truth=truth["n"]).filter(
            (pl.col("kpi_code") == "respondents") & (pl.col("segment_code") != "all") & (pl.col("truth") >= K)
        )
        large += some.height
        shown += int(some["n"].is_not_null().sum())
    assert shown > 0.5 * large, f"{shown} of {large}"
