"""An alarm is said where one side falls and the other has not, and nowhere else."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.declared.models import Kpi
from pipelines.derive.early import early_warning, periods_per_year
from tests.unit.derive.cells import facts, hidden, kpi, mean, only, quarters, row

EARLY = Kpi.model_validate(kpi("early_warning", "points", false_alarm_rate=0.05))
PERIODS = quarters(2023, 2025)
CODES = PERIODS["period_code"].to_list()
FALLEN = [70.0, 71, 69, 70, 70, 71, 54, 53]
STEADY = [66.0, 65, 66, 67, 66, 65, 66, 66]


def side(
    stakeholder: str, scores: list[float | None], unit: str = "lyon", **more: object
) -> list[dict[str, object]]:
    """The index of one side over the first periods; None where nothing was measured."""
    return [
        mean("rqi", score, n=120, unit=unit, stakeholder=stakeholder, period=code, **more)
        for code, score in zip(CODES, scores, strict=False)
        if score is not None
    ]


def warned(*rows: list[dict[str, object]], **changed: object) -> pl.DataFrame:
    return early_warning(
        facts([one for some in rows for one in some], periods=PERIODS, **changed), "early", EARLY
    )


def verdicts(made: pl.DataFrame, unit: str = "lyon") -> list[str]:
    return made.filter(pl.col("unit_code") == unit).sort("period_code")["verdict_code"].to_list()


def test_a_fall_of_one_side_is_an_alarm_at_once() -> None:
    made = warned(side("employees", FALLEN), side("clients", STEADY))
    assert verdicts(made) == [*["not_enough_data"] * 4, "calm", "calm", "alarm", "alarm"]
    last = only(made, period_code=CODES[7])
    assert (last["stakeholder_code"], last["counterparty_code"]) == ("employees", "clients")
    assert (last["kpi_code"], last["method"], last["n"], last["status"]) == (
        "early",
        "ewma_cusum",
        120,
        "published",
    )
    assert last["ci_low"] < last["value"] < last["ci_high"] < 0
    first = only(made, period_code=CODES[3])
    assert (first["status"], first["n"], first["value"], first["method"]) == (
        "not_enough_data",
        120,
        None,
        None,
    )


def test_two_sides_that_fall_have_moved_together() -> None:
    assert verdicts(warned(side("employees", FALLEN), side("clients", FALLEN)))[-1] == "moved_together"


def test_a_fall_of_the_other_side_alone_is_no_early_warning() -> None:
    assert verdicts(warned(side("employees", STEADY), side("clients", FALLEN)))[-1] == "calm"


def test_a_rise_is_calm() -> None:
    risen = [140 - score for score in FALLEN]
    last = only(warned(side("employees", risen), side("clients", STEADY)), period_code=CODES[7])
    assert (last["verdict_code"], last["value"] > 0) == ("calm", True)


def test_the_other_side_is_read_up_to_a_year_back() -> None:
    early_fall: list[float | None] = [70, 71, 69, 70, 54, None, None, None]
    slow: list[float] = [70, 71, 69, 70, 70, 70, 70, 54]
    assert verdicts(warned(side("employees", slow), side("clients", early_fall)))[-1] == "moved_together"
    # five quarters later nobody knows any more how clients are
    late: list[float] = [70, 71, 69, 70, 70, 70, 70, 70, 54]
    assert verdicts(warned(side("employees", late), side("clients", early_fall)))[-1] == "alarm"


def test_what_is_protected_stays_so_and_a_gap_costs_nothing() -> None:
    rows = side("employees", FALLEN)
    rows[5] = hidden("rqi", stakeholder="employees", period=CODES[5])
    rows[7] = hidden("rqi", stakeholder="employees", period=CODES[7])
    made = warned(rows, side("clients", STEADY))
    told = only(made, period_code=CODES[7])
    assert told["status"] == "protected"
    assert [told[name] for name in ("value", "n", "ci_low", "ci_high", "method", "verdict_code")] == [
        None
    ] * 6
    assert only(made, period_code=CODES[6])["verdict_code"] == "alarm"


def test_an_index_that_cannot_be_decided_is_said_to_lack_data() -> None:
    undecided = row("rqi", stakeholder="employees", period=CODES[8], n=40) | {"status": "not_enough_data"}
    made = only(warned(side("employees", FALLEN), [undecided], side("clients", STEADY)), period_code=CODES[8])
    assert (made["status"], made["n"], made["verdict_code"]) == ("not_enough_data", 40, "not_enough_data")


def test_a_changed_instrument_starts_a_new_baseline() -> None:
    rows = side("employees", FALLEN)
    for one in rows[6:]:
        one["change_label"] = "not_comparable"
    assert verdicts(warned(rows, side("clients", STEADY)))[-2:] == ["not_enough_data"] * 2


def test_a_relation_with_one_side_has_no_row_and_reciprocity_is_another_matter() -> None:
    assert warned(side("employees", FALLEN)).is_empty()
    assert warned(side("buyers", FALLEN), side("partners", STEADY)).is_empty()
    assert early_warning(facts([], periods=PERIODS), "early", EARLY).is_empty()


@pytest.mark.parametrize(
    ("first", "last", "found"), [(0, 30, 12), (0, 27, 12), (0, 91, 4), (0, 89, 4), (0, 364, 1)]
)
def test_a_year_has_as_many_periods_as_its_first_lasts(first: int, last: int, found: int) -> None:
    start = PERIODS["start_date"][0]
    frame = pl.DataFrame({"start_date": [start], "end_date": [start]}).with_columns(
        pl.col("end_date") + pl.duration(days=last - first)
    )
    assert periods_per_year(frame) == found


@settings(max_examples=25, deadline=None)
@given(scores=st.lists(st.none() | st.floats(30, 90), min_size=6, max_size=12), cut=st.integers(1, 12))
def test_a_later_period_never_changes_what_was_said(scores: list[float | None], cut: int) -> None:
    other = side("clients", STEADY)
    whole = warned(side("employees", scores), other)
    before = warned(side("employees", scores[:cut]), other)
    assert before.equals(whole.filter(pl.col("period_code").is_in(CODES[:cut])))
