"""The publication register: what was published stays, until enough people changed it. K is 5."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from pipelines.privacy import Protected, audit, protect
from tests.unit.privacy.worlds import PERIODS, World, crowd, flat, status

WHO, WHEN = "employees", "2025-Q1"
KEYS = ["unit_code", "period_code", "stakeholder_code", "kpi_code", "dimension_code"]


class Home:
    """A world that publishes again and again, its register kept as JSON text between runs."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.register: list[str] = []
        self.last = self.publish()

    def publish(self, marts: dict[str, pl.DataFrame] | None = None) -> Protected:
        known = [json.loads(text) for text in self.register]
        done = protect(marts or self.world.marts(), self.world.rules(), known, self.world.version)
        self.register += [json.dumps(entry) for entry in done.register]
        assert audit(done.tables, self.world.rules()) == []
        self.last = done
        return done

    def late(self, unit: str, n: int, who: str = WHO) -> None:
        self.world.people[unit, who, WHEN] = self.world.people[unit, who, WHEN] + crowd(n, seed=99)

    def shown_n(self, unit: str, kpi: str = "respondents", who: str = WHO) -> int | None:
        rows = self.last.tables["fct_kpi_values"].filter(
            unit_code=unit,
            kpi_code=kpi,
            stakeholder_code=who,
            period_code=WHEN,
            dimension_code="all",
            segment_code="all",
        )
        return rows["n"][0]


def facts(done: Protected) -> pl.DataFrame:
    return done.tables["fct_kpi_values"].sort(KEYS)


def test_publishing_again_changes_and_registers_nothing() -> None:
    home = Home(flat({"a": 30, "b": 20, "c": 3}))
    first = home.last
    # periods × (units × stakeholders, and balances: c has none)
    assert len(first.register) == 2 * (4 * 2 + 3)
    second = home.publish()
    assert second.register == []
    assert second.held_cells == 0
    assert_frame_equal(facts(first), facts(second))


def test_one_late_answer_waits_in_every_cell_it_touches() -> None:
    home = Home(flat({"a": 30, "b": 20}))
    before = facts(home.last)
    home.late("a", 1)
    after = home.publish()
    assert (home.shown_n("a"), home.shown_n("all_units")) == (30, 50)
    assert_frame_equal(before, facts(after))
    assert after.register == []
    assert after.held_cells == 4  # a and the whole, their employees and their balance


def test_enough_late_answers_go_out_together() -> None:
    home = Home(flat({"a": 30, "b": 20}))
    home.late("a", 5)
    home.publish()
    assert (home.shown_n("a"), home.shown_n("all_units"), home.shown_n("b")) == (35, 55, 20)
    assert home.publish().register == []


def test_waiting_answers_go_out_once_they_are_enough() -> None:
    home = Home(flat({"a": 30, "b": 20}))
    for n, shown in ((2, 30), (2, 30), (1, 35)):
        home.late("a", n)
        home.publish()
        assert home.shown_n("a") == shown


def test_what_goes_out_is_far_from_everything_published_before() -> None:
    """Six more, then five fewer: each is enough, and the third snapshot less the first would be one respondent."""
    home = Home(flat({"a": 30, "b": 20}))
    home.late("a", 6)
    home.publish()
    assert home.shown_n("a") == 36
    home.world.people["a", WHO, WHEN] = home.world.people["a", WHO, WHEN][:-5]
    home.publish()
    assert home.shown_n("a") == 36
    home.world.people["a", WHO, WHEN] = home.world.people["a", WHO, WHEN][:-1]
    home.publish()
    assert home.shown_n("a") == 30  # what was shown before tells nothing new


def test_few_late_answers_of_one_unit_hold_back_the_many_of_another() -> None:
    """The whole less the unit with many would be the unit with few."""
    home = Home(flat({"a": 30, "b": 20}))
    home.late("a", 12)
    home.late("b", 1)
    home.publish()
    assert (home.shown_n("a"), home.shown_n("b"), home.shown_n("all_units")) == (30, 20, 50)


def test_late_answers_at_the_parent_itself_count() -> None:
    home = Home(flat({"a": 30, "b": 20}, direct=6))
    home.late("a", 6)
    home.late("all_units", 1)
    home.publish()
    assert (home.shown_n("a"), home.shown_n("all_units")) == (30, 56)


def test_a_dimension_with_few_of_the_late_answers_holds_the_cell() -> None:
    home = Home(flat({"a": 30, "b": 20}))
    home.world.people["a", WHO, WHEN] = home.world.people["a", WHO, WHEN] + crowd(6, seed=1, skip={"joy": 4})
    home.publish()
    assert home.shown_n("a") == 30


def test_other_waves_go_on() -> None:
    home = Home(flat({"a": 30, "b": 20}))
    home.late("a", 1)
    home.late("a", 7, who="clients")
    home.publish()
    assert (home.shown_n("a"), home.shown_n("a", who="clients")) == (30, 37)


def test_a_corrected_answer_waits_for_a_new_definition() -> None:
    home = Home(flat({"a": 30, "b": 20}))
    before = facts(home.last)
    home.world.people["a", WHO, WHEN][0] |= {"trust": 50.5}
    assert_frame_equal(facts(home.publish()), before)
    home.world.version = "2"
    after = home.publish()
    assert after.held_cells == 0
    assert set(facts(after)["definition_version"]) == {"2"}
    assert not facts(after)["value"].equals(before["value"])


def test_under_a_new_definition_waiting_cells_keep_their_old_words() -> None:
    home = Home(flat({"a": 30, "b": 20}))
    home.world.version = "2"
    home.late("a", 1)
    rows = facts(home.publish()).filter(stakeholder_code=WHO, period_code=WHEN, kpi_code="rqi")
    assert dict(rows.select("unit_code", "definition_version").iter_rows()) == {
        "a": "1",
        "all_units": "1",
        "b": "2",
    }


def test_what_was_protected_stays_protected() -> None:
    """c had 3 answers: published with 15, and the whole before and after, it would give its first 3 away."""
    home = Home(flat({"a": 30, "b": 20, "c": 3}))
    home.late("c", 12)
    kpi = home.publish().tables["fct_kpi_values"]
    assert home.shown_n("all_units") == 65
    assert status(kpi, "c") == status(kpi, "b") == "protected"


def test_a_dimension_that_stays_protected_takes_the_index_made_of_it() -> None:
    world = flat({"a": 30, "b": 20})
    for unit, n in (("a", 30), ("b", 20)):
        world.people[unit, WHO, WHEN] = crowd(n, seed=3, skip={"joy": n - 3})
    home = Home(world)
    assert status(home.last.tables["fct_kpi_values"], "a") == "published"
    home.late("a", 12)
    kpi = home.publish().tables["fct_kpi_values"]
    assert home.shown_n("a") == 42
    assert status(kpi, "a", "dimension_score", dimension_code="joy") == "protected"
    assert status(kpi, "a", "rqi") == "protected"


def test_a_unit_where_nobody_had_answered_may_appear() -> None:
    home = Home(flat({"a": 30, "b": 20, "c": 0}))
    home.late("c", 12)
    home.publish()
    assert home.shown_n("c") == 12


def test_what_is_made_of_a_waiting_cell_waits_with_it() -> None:
    home = Home(flat({"a": 30, "b": 20}))
    before = facts(home.last).filter(kpi_code="balance")
    home.late("a", 1)
    home.late("a", 9, who="clients")
    after = facts(home.publish()).filter(kpi_code="balance")
    assert_frame_equal(before, after)


def test_a_change_towards_figures_that_wait_is_not_shown() -> None:
    world = flat({"a": 30, "b": 20}, periods=["2025-Q1"])
    home = Home(world)
    home.late("a", 1)
    later = flat({"a": 30, "b": 20}).people
    world.people |= {key: people for key, people in later.items() if key[2] == "2025-Q2"}
    rows = facts(home.publish()).filter(period_code="2025-Q2", kpi_code="rqi")
    shown = {
        (row["unit_code"], row["stakeholder_code"]): row["change_value"] for row in rows.rows(named=True)
    }
    assert [shown[unit, WHO] is None for unit in ("a", "all_units", "b")] == [True, True, False]
    assert all(shown[unit, "clients"] is not None for unit in ("a", "all_units", "b"))


def test_a_change_appears_when_the_past_arrives_after_the_present() -> None:
    world = flat({"a": 30, "b": 20}, periods=["2025-Q2"])
    home = Home(world)
    assert facts(home.last)["change_value"].null_count() == facts(home.last).height
    past = flat({"a": 30, "b": 20}).people
    world.people |= {key: people for key, people in past.items() if key[2] == "2025-Q1"}
    rows = facts(home.publish()).filter(period_code="2025-Q2", kpi_code="rqi")
    assert rows["change_value"].null_count() == 0


def test_a_withdrawn_wave_is_not_published_again() -> None:
    home = Home(flat({"a": 30, "b": 20}))
    for unit in ("a", "b", "all_units"):
        del home.world.people[unit, WHO, WHEN]
    rows = facts(home.publish()).filter(stakeholder_code=WHO, period_code=WHEN)
    assert rows.is_empty()


def test_a_unit_that_vanishes_from_a_wave_waits() -> None:
    home = Home(flat({"a": 30, "b": 20, "c": 7}))
    marts = home.world.marts()
    marts["fct_kpi_values"] = marts["fct_kpi_values"].filter(
        (pl.col("unit_code") != "a") | (pl.col("stakeholder_code") != WHO) | (pl.col("period_code") != WHEN)
    )
    home.late("b", 1)
    marts["fct_kpi_values"] = home.world.marts()["fct_kpi_values"].filter(
        (pl.col("unit_code") != "a") | (pl.col("stakeholder_code") != WHO) | (pl.col("period_code") != WHEN)
    )
    home.publish(marts)
    assert (home.shown_n("a"), home.shown_n("b")) == (30, 20)


def test_finance_and_public_rows_are_never_frozen() -> None:
    world = flat({"a": 30})
    home = Home(world)
    marts = world.marts()
    public = pl.col("stakeholder_code") != "all"
    marts["fct_kpi_values"] = (
        marts["fct_kpi_values"].filter(public).with_columns(disclosure=pl.lit("already_public"))
    )
    marts["fct_finance"] = marts["fct_finance"].with_columns(pl.col("value") * 2)
    done = protect(marts, world.rules(), [json.loads(text) for text in home.register], world.version)
    assert done.register == []
    doubled = done.tables["fct_finance"]["value"].sum()
    assert doubled == 2 * world.finance()["value"].sum()


def test_old_entries_fit_the_columns_of_today() -> None:
    home = Home(flat({"a": 30, "b": 20}))
    home.late("a", 1)
    marts = home.world.marts()
    marts["fct_kpi_values"] = marts["fct_kpi_values"].with_columns(note=pl.lit("new")).drop("change_label")
    with pytest.raises(pl.exceptions.ColumnNotFoundError):
        home.publish(marts)
    marts["fct_kpi_values"] = marts["fct_kpi_values"].with_columns(change_label=pl.lit(None, pl.String))
    rows = (
        home.publish(marts)
        .tables["fct_kpi_values"]
        .filter(unit_code="a", period_code=WHEN, stakeholder_code=WHO)
    )
    assert rows["note"].null_count() == rows.height


def test_an_entry_is_plain_json_with_counts_and_no_person() -> None:
    home = Home(flat({"a": 30, "b": 3}))
    entry: dict[str, Any] = json.loads(home.register[0])
    assert set(entry) == {
        "unit_code",
        "period_code",
        "stakeholder_code",
        "segment_code",
        "definition_version",
        "rows",
    }
    keys = {"kpi_code", "dimension_code", "counterparty_code", "n", "fingerprint", "published"}
    assert all(set(row) == keys for row in entry["rows"])
    dates = {row["published"]["as_of_date"] for row in entry["rows"]}
    assert dates == {dt.date(2025, 7, 31).isoformat()}
    assert len(PERIODS) == 2
