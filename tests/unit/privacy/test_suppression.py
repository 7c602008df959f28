"""The mask, decision by decision. K is 5 in these worlds."""

from __future__ import annotations

import datetime as dt

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from pipelines.privacy import Closure, Headcount, MaskRefusedError, Rules, audit, suppress
from pipelines.privacy.cells import EMPTIED_COLUMNS
from tests.unit.privacy.worlds import FOREVER, PERIODS, START, World, crowd, flat, status


def masked(world: World, secondary: bool = True, **rules: object) -> dict[str, pl.DataFrame]:
    return suppress(world.marts(), world.rules(**rules), secondary).marts


def test_a_cell_below_the_threshold_is_protected_and_a_large_one_is_not() -> None:
    world = flat({"a": 20, "b": 4, "c": 3})
    kpi = masked(world)["fct_kpi_values"]
    assert status(kpi, "a") == "published"
    assert status(kpi, "b") == status(kpi, "c") == "protected"


def test_a_protected_row_holds_nothing() -> None:
    kpi = masked(flat({"a": 20, "b": 4}))["fct_kpi_values"].filter(status="protected")
    assert kpi.height > 0
    assert kpi.select(EMPTIED_COLUMNS).null_count().sum_horizontal()[0] == kpi.height * len(EMPTIED_COLUMNS)


def test_nobody_answered_looks_like_too_few_did() -> None:
    kpi = masked(flat({"a": 20, "b": 0, "c": 4, "d": 4}))["fct_kpi_values"]
    empty, small = (kpi.filter(unit_code=unit).drop("unit_code") for unit in ("b", "c"))
    assert_frame_equal(empty, small)


def test_one_small_sibling_takes_the_next_smallest_with_it() -> None:
    kpi = masked(flat({"a": 30, "b": 20, "c": 3}))["fct_kpi_values"]
    assert [status(kpi, unit) for unit in ("all_units", "a", "b", "c")] == [
        "published",
        "published",
        "protected",
        "protected",
    ]


def test_a_remainder_of_nobody_or_of_enough_hides_nothing() -> None:
    nobody, enough = masked(flat({"a": 30, "b": 20, "c": 0})), masked(flat({"a": 30, "b": 3, "c": 4}))
    assert status(nobody["fct_kpi_values"], "b") == "published"
    assert status(enough["fct_kpi_values"], "a") == "published"


def test_people_directly_at_a_parent_are_a_remainder_too() -> None:
    kpi = masked(flat({"a": 30, "b": 20}, direct=2))["fct_kpi_values"]
    assert status(kpi, "b") == "protected"


def test_equal_sizes_are_told_apart_by_code() -> None:
    kpi = masked(flat({"b": 20, "a": 20, "c": 3}))["fct_kpi_values"]
    assert [status(kpi, unit) for unit in ("a", "b")] == ["protected", "published"]


def test_complements_are_checked_across_levels() -> None:
    """A hidden region gives its shown agencies to the root's subtraction: 40 − 16 − 20 would isolate 4."""
    parents = {"root": None, "north": "root", "n1": "north", "n2": "north", "south": "root"}
    sizes = {"n1": 16, "n2": 4, "south": 20}
    people = {
        (unit, who, period): crowd(n, seed=n)
        for unit, n in sizes.items()
        for who in ("employees", "clients")
        for period in PERIODS
    }
    world = World(parents, people)
    kpi = masked(world)["fct_kpi_values"]
    assert status(kpi, "n1") == "protected"
    assert status(kpi, "north") == status(kpi, "south") == "published"


def test_the_tree_is_that_of_the_fieldwork() -> None:
    """Agency a went south after the close: in the tree of the period's end, north less a is not to be
    seen.
    """
    parents = {"root": None, "north": "root", "a": "north", "c": "north", "south": "root"}
    people = {(unit, "employees", "2025-Q1"): crowd(n) for unit, n in {"a": 20, "c": 3, "south": 50}.items()}
    world = World(parents, people)
    moved = [
        row._replace(valid_to=dt.date(2025, 3, 20)) if row[:2] == ("north", "a") else row
        for row in [*world.rules().closure, Closure("south", "a", dt.date(2025, 3, 21), FOREVER)]
    ]
    closes = {("employees", "2025-Q1"): [dt.date(2025, 3, 15)]}
    by_close = masked(world, closure=moved, closes=closes)["fct_kpi_values"]
    by_end = masked(world, closure=moved)["fct_kpi_values"]
    assert (status(by_close, "north"), status(by_close, "a")) == ("published", "protected")
    assert (status(by_end, "north"), status(by_end, "a")) == ("published", "published")


def test_a_unit_outside_the_tree_of_its_fieldwork_is_protected() -> None:
    world = flat({"a": 20, "b": 20})
    known = [row for row in world.rules().closure if row.unit_code != "b"]
    assert status(masked(world, closure=known)["fct_kpi_values"], "b") == "protected"


def test_a_dimension_few_answered_is_protected_alone() -> None:
    world = flat({"a": 20, "b": 20})
    world.people["a", "employees", "2025-Q1"] = crowd(20, skip={"joy": 17})
    world.people["b", "employees", "2025-Q1"] = crowd(20, skip={"joy": 20})
    kpi = masked(world)["fct_kpi_values"]
    assert status(kpi, "a", "dimension_score", dimension_code="joy") == "protected"
    assert status(kpi, "a", "dimension_score", dimension_code="trust") == "published"
    assert status(kpi, "a") == "published"


def test_a_dimension_hidden_for_its_complement_hides_the_index_made_of_it() -> None:
    world = flat({"a": 20, "b": 20})
    world.people["b", "employees", "2025-Q1"] = crowd(20, skip={"joy": 17})
    kpi = masked(world)["fct_kpi_values"]
    assert status(kpi, "a", "dimension_score", dimension_code="joy") == "protected"
    assert status(kpi, "a", "rqi") == status(kpi, "a", "rqi_coverage") == "protected"
    assert status(kpi, "a", "dimension_score", dimension_code="trust") == "published"
    assert status(kpi, "a", "balance", stakeholder_code="all") == "protected"


def test_balance_goes_when_one_of_its_groups_does() -> None:
    world = flat({"a": 20, "b": 20})
    world.people["b", "clients", "2025-Q1"] = crowd(2)
    kpi = masked(world)["fct_kpi_values"]
    assert status(kpi, "a", "balance", stakeholder_code="all") == "protected"
    assert status(kpi, "all_units", "balance", stakeholder_code="all") == "published"


def test_balance_looks_back_a_year_and_no_further() -> None:
    """Clients were last asked in Q1, and too few of them answered: Q2's coverage and balance would say so."""
    world = flat({"a": 20, "b": 20})
    for unit in ("a", "b"):
        del world.people[unit, "clients", "2025-Q2"]
    world.people["a", "clients", "2025-Q1"] = crowd(1)
    del world.people["all_units", "clients", "2025-Q2"]
    marts = world.marts()
    row = world._row(("a", "2025-Q2", "all"), "coverage", "all", 50.0, None)
    kpi = marts["fct_kpi_values"]
    marts["fct_kpi_values"] = pl.concat([kpi, pl.DataFrame([row], schema=kpi.schema)])
    where = {"period_code": "2025-Q2", "stakeholder_code": "all"}
    near = suppress(marts, world.rules()).marts["fct_kpi_values"]
    far_ends = {"2025-Q1": dt.date(2024, 3, 31), "2025-Q2": dt.date(2025, 6, 30)}
    far = suppress(marts, world.rules(period_ends=far_ends)).marts["fct_kpi_values"]
    assert status(near, "a", "coverage", **where) == "protected"
    assert status(far, "a", "coverage", **where) == "published"


def test_a_change_needs_both_its_sides() -> None:
    world = flat({"a": 20, "b": 20, "c": 20})
    world.people["a", "employees", "2025-Q1"] = crowd(2)
    kpi = masked(world)["fct_kpi_values"].filter(
        period_code="2025-Q2", kpi_code="rqi", stakeholder_code="employees"
    )
    changes = dict(kpi.select("unit_code", "change_value").iter_rows())
    labels = dict(kpi.select("unit_code", "compared_period_code").iter_rows())
    # b goes with a in Q1: both lose their change, both keep their value of Q2
    assert {unit for unit, change in changes.items() if change is None} == {"a", "b"}
    assert (labels["a"], labels["c"]) == (None, "2025-Q1")
    assert kpi["value"].null_count() == 0


def test_public_rows_pass_untouched() -> None:
    marts = flat({"a": 20, "b": 2}).marts()
    public = marts["fct_kpi_values"].with_columns(disclosure=pl.lit("already_public"))
    marts["fct_kpi_values"] = public.filter(pl.col("stakeholder_code") != "all")
    out = suppress(marts, flat({"a": 20, "b": 2}).rules()).marts["fct_kpi_values"]
    assert_frame_equal(out, marts["fct_kpi_values"])


def test_not_enough_data_keeps_its_n() -> None:
    world = flat({"a": 20, "b": 20})
    world.people["a", "employees", "2025-Q1"] = crowd(20, skip={"joy": 20, "care": 20})
    world.people["b", "employees", "2025-Q1"] = crowd(20, skip={"joy": 20, "care": 20})
    row = masked(world)["fct_kpi_values"].filter(
        unit_code="a", kpi_code="rqi", stakeholder_code="employees", period_code="2025-Q1"
    )
    assert (row["status"][0], row["value"][0], row["n"][0]) == ("not_enough_data", None, 20)


def test_without_a_respondents_row_the_largest_n_stands_for_it() -> None:
    marts = flat({"a": 20, "b": 3}).marts()
    marts["fct_kpi_values"] = marts["fct_kpi_values"].filter(pl.col("kpi_code") != "respondents")
    kpi = suppress(marts, flat({"a": 20, "b": 3}).rules()).marts["fct_kpi_values"]
    assert (status(kpi, "all_units"), status(kpi, "a"), status(kpi, "b")) == (
        "published",
        "protected",
        "protected",
    )


def test_masking_twice_changes_nothing() -> None:
    world = flat({"a": 30, "b": 20, "c": 3})
    once = suppress(world.marts(), world.rules()).marts
    twice = suppress(once, world.rules()).marts
    for name in ("fct_kpi_values", "fct_finance", "scorecard_unit_period"):
        assert_frame_equal(once[name], twice[name])


def test_columns_types_and_order_are_kept() -> None:
    world = flat({"a": 30, "b": 3})
    before, after = world.marts(), masked(world)
    keys = ["unit_code", "period_code", "stakeholder_code", "kpi_code", "dimension_code"]
    for name in before:
        assert before[name].schema == after[name].schema
    assert_frame_equal(before["fct_kpi_values"].select(keys), after["fct_kpi_values"].select(keys))


def test_the_order_of_rows_decides_nothing() -> None:
    world = flat({"a": 20, "b": 20, "c": 3, "d": 4})
    marts = world.marts()
    straight = suppress(marts, world.rules()).marts["fct_kpi_values"]
    marts["fct_kpi_values"] = marts["fct_kpi_values"].reverse()
    assert_frame_equal(suppress(marts, world.rules()).marts["fct_kpi_values"].reverse(), straight)


@pytest.mark.parametrize(
    ("column", "value", "told"),
    [
        ("segment_code", "age_20_29", "segment 'age_20_29'"),
        ("counterparty_code", "acme", "counterparty 'acme'"),
        ("stakeholder_code", "unions", "'unions' has no threshold"),
        ("period_code", "1999", "'1999' is not among"),
    ],
)
def test_what_the_mask_does_not_know_is_refused(column: str, value: str, told: str) -> None:
    marts = flat({"a": 20}).marts()
    marts["fct_kpi_values"] = marts["fct_kpi_values"].with_columns(pl.lit(value).alias(column))
    with pytest.raises(MaskRefusedError, match=told):
        suppress(marts, flat({"a": 20}).rules())


def test_a_threshold_below_five_is_refused() -> None:
    with pytest.raises(MaskRefusedError, match="threshold 4 for clients"):
        flat({"a": 20}).rules(thresholds={"employees": 10, "clients": 4})


def payroll(world: World, **rules: object) -> dict[str, set[str]]:
    """Statuses of payroll per unit."""
    finance = masked(world, **rules)["fct_finance"].filter(kpi_code="payroll")
    return {unit: set(finance.filter(unit_code=unit)["status"]) for unit in world.parents}


def test_payroll_of_a_small_team_goes_with_its_complement_and_revenue_stays() -> None:
    world = flat({"a": 30, "b": 20, "c": 3})
    assert payroll(world) == {
        "all_units": {"published"},
        "a": {"published"},
        "b": {"protected"},
        "c": {"protected"},
    }
    finance = masked(world)["fct_finance"]
    assert set(finance.filter(kpi_code="revenue")["status"]) == {"published"}
    assert (
        finance.filter(status="protected")["value"].null_count() == finance.filter(status="protected").height
    )


def test_a_team_once_small_is_small_in_all_periods() -> None:
    world = flat({"a": 30, "b": 20, "c": 9})
    grown = [
        *world.rules().headcounts,
        Headcount("c", dt.date(2025, 5, 1), dt.date(2025, 5, 31), 2),
        Headcount("c", dt.date(2025, 6, 1), FOREVER, 9),
    ]
    later = [*world.rules().headcounts, Headcount("c", dt.date(2025, 8, 1), FOREVER, 2)]
    assert payroll(world)["c"] == {"published"}
    assert payroll(world, headcounts=grown)["c"] == {"protected"}
    assert payroll(world, headcounts=later)["c"] == {"published"}, (
        "headcounts of later periods do not count yet"
    )


def test_remainders_are_those_of_each_day_not_of_the_smallest_numbers() -> None:
    """b never falls below 20, and the root less a never below 20 by the minima; on 1 May they leave 2
    people.
    """
    world = flat({"a": 30, "b": 20, "c": 9})
    day = dt.date(2025, 5, 1)
    head = [
        Headcount("all_units", START, FOREVER, 50),
        Headcount("a", START, day - dt.timedelta(days=1), 20),
        Headcount("a", day, FOREVER, 28),
        Headcount("b", START, FOREVER, 20),
    ]
    world.parents.pop("c")
    assert payroll(world, headcounts=head[:2] + head[3:])["b"] == {"published"}
    assert payroll(world, headcounts=head)["b"] == {"protected"}


def test_an_unknown_headcount_is_protected_unless_it_is_the_root() -> None:
    world = flat({"a": 30, "b": 20})
    some = [row for row in world.rules().headcounts if row.unit_code == "a"]
    assert payroll(world, headcounts=some) == {
        "all_units": {"published"},
        "a": {"protected"},
        "b": {"protected"},
    }
    assert payroll(world, headcounts=[])["a"] == {"protected"}


def test_a_region_is_as_large_as_its_agencies_where_it_is_not_declared() -> None:
    world = flat({"a": 30, "b": 20})
    leaves = [row for row in world.rules().headcounts if row.unit_code != "all_units"]
    assert set().union(*payroll(world, headcounts=leaves).values()) == {"published"}


def test_unassigned_has_nobody_and_takes_nobody_along() -> None:
    world = flat({"a": 30, "unassigned": 0})
    assert payroll(world) == {"all_units": {"published"}, "a": {"published"}, "unassigned": {"published"}}


def test_a_home_that_is_one_unit_shows_its_finance() -> None:
    world = flat({"unassigned": 0})
    assert set().union(*payroll(world, headcounts=[]).values()) == {"published"}


def test_the_scorecard_is_written_again_from_the_masked_facts() -> None:
    world = flat({"a": 30, "b": 20, "c": 3})
    marts = masked(world)
    card = marts["scorecard_unit_period"].filter(stakeholder_code="employees", period_code="2025-Q1")
    a, c = (card.row(by_predicate=pl.col("unit_code") == unit, named=True) for unit in ("a", "c"))
    fact = marts["fct_kpi_values"].row(
        by_predicate=(pl.col("unit_code") == "a")
        & (pl.col("kpi_code") == "rqi")
        & (pl.col("stakeholder_code") == "employees")
        & (pl.col("period_code") == "2025-Q1"),
        named=True,
    )
    assert (a["headline_value"], a["rqi_n"], a["respondents_count"]) == (fact["value"], 30, 30)
    assert (a["finance_status"], float(a["payroll"])) == ("published", 30 * 12000 + 77)
    assert (c["headline_value"], c["rqi_n"], c["respondents_count"], c["rqi_status"]) == (
        None,
        None,
        None,
        "protected",
    )
    assert (c["payroll"], c["payroll_rolling_12m"], c["payroll_rolling_12m_change"]) == (None, None, None)
    assert (c["finance_status"], float(c["revenue"])) == ("protected", 3 * 27000 + 1000)


def test_a_period_without_a_measure_shows_none() -> None:
    world = flat({"a": 30})
    marts = world.marts()
    marts["scorecard_unit_period"] = marts["scorecard_unit_period"].with_columns(
        measured_period_code=pl.lit(None, pl.String)
    )
    card = suppress(marts, world.rules()).marts["scorecard_unit_period"]
    assert card["headline_value"].null_count() == card.height
    assert card["revenue"].null_count() == 0


def test_participation_is_a_share_in_the_scorecard() -> None:
    world = flat({"a": 30})
    marts = world.marts()
    row = world._row(("a", "2025-Q1", "employees"), "participation", "all", 62.5, 30)
    kpi = marts["fct_kpi_values"]
    marts["fct_kpi_values"] = pl.concat([kpi, pl.DataFrame([row], schema=kpi.schema)])
    marts["scorecard_unit_period"] = marts["scorecard_unit_period"].with_columns(
        participation_share=pl.lit(9.0)
    )
    card = suppress(marts, world.rules()).marts["scorecard_unit_period"]
    assert card.filter(pl.col("participation_share").is_not_null())["participation_share"].to_list() == [
        0.625
    ]


def test_the_audit_passes_the_mask_and_stops_its_absence() -> None:
    world = flat({"a": 30, "b": 20, "c": 3})
    assert audit(masked(world), world.rules()) == []
    open_door = audit(masked(world, secondary=False), world.rules())
    assert any("isolates fewer than 5 respondents" in told for told in open_door)
    assert any("isolates fewer than 5 people" in told for told in open_door)
    bare = audit(world.marts(), world.rules())
    assert any("below 5" in told for told in bare)
    assert any("disagree with the facts" in told for told in bare)


def test_rules_need_nothing_but_plain_rows() -> None:
    rules = Rules(
        {"employees": 5}, 5, [("r", "r", START, FOREVER)], PERIODS, ["r"], [("r", START, FOREVER, 9)]
    )  # type: ignore[list-item]  # declared tables yield tuples
    assert rules.closure[0].ancestor_code == "r"
    assert rules.headcounts[0].headcount == 9
