"""Long files: a row per answer becomes a response per respondent, and every row is accounted for."""

from __future__ import annotations

import random

import pytest

from pipelines.ingest import Decoded, FileProblem, ItemSpec, MeasureSpec
from pipelines.ingest.spec import ChoiceSpec, LongSpec
from tests.unit.ingest.conftest import Decode

ITEMS = (
    ItemSpec("q1", "Q1", minimum=1, maximum=5),
    ItemSpec("q2", "Second question", ("Q2",), minimum=0, maximum=10, missing={"skip": "refused"}),
)
LONG = {"long": LongSpec("question", "answer", "why"), "items": ITEMS, "drop": ("Free*",)}
HEADER = "id,unit,question,answer,why\n"


def shown(decoded: Decoded, *names: str) -> list[tuple[object, ...]]:
    return [tuple(row.values()) for row in decoded.table.select(list(names)).to_pylist()]


def told(decoded: Decoded) -> list[tuple[int | None, int | None, str | None, str]]:
    return [(one.record, one.line, one.column, one.reason) for one in decoded.quarantined]


def test_rows_make_responses_and_tell_not_asked_from_not_answered(read: Decode) -> None:
    rows = ["1,LY,Q1,4,", "2,PA,Q2,9,", "1,LY,Q2,,skip", "3,PA,Q1,,", "3,PA,Free text,hello,"]
    decoded = read(HEADER + "\n".join(rows) + "\n", **LONG)
    assert (decoded.records, decoded.accepted, decoded.table.num_rows) == (5, 5, 3)
    assert shown(decoded, "record_number", "response_id", "q1", "q1__why", "q2", "q2__why") == [
        (1, "1", 4, None, None, "refused"),
        (2, "2", None, "not_shown", 9, None),
        (4, "3", None, "blank", None, "not_shown"),
    ]
    assert "hello" not in str(decoded.table.to_pylist())


def test_a_response_with_one_bad_answer_is_refused_with_all_its_rows(read: Decode) -> None:
    rows = ["1,LY,Q1,4,", "2,PA,Q1,9,", "2,PA,Q2,9,", "1,LY,Q2,3,"]
    decoded = read(HEADER + "\n".join(rows) + "\n", **LONG)
    assert (decoded.records, decoded.accepted, decoded.table.num_rows) == (4, 2, 1)
    assert told(decoded) == [(2, 3, "Q1", "out_of_scale"), (3, 4, "Q1", "out_of_scale")]


def test_rows_that_disagree_are_refused_and_rows_sent_twice_are_duplicates(read: Decode) -> None:
    rows = [
        "1,LY,Q1,4,",
        "1,LY,Q1,4,",
        "2,LY,Q1,4,",
        "2,PA,Q2,4,",
        "3,LY,Q1,1,",
        "3,LY,Q1,2,",
        ",LY,Q1,1,",
        "4,LY,,1,",
    ]
    decoded = read(HEADER + "\n".join(rows) + "\n", **LONG)
    assert (decoded.records, decoded.accepted, decoded.duplicates) == (8, 1, 1)
    assert told(decoded) == [
        (3, 4, "unit", "conflicting_rows"), (4, 5, "unit", "conflicting_rows"),
        (5, 6, "answer", "conflicting_rows"), (6, 7, "answer", "conflicting_rows"),
        (7, 8, "id", "missing_key"), (8, 9, "question", "missing_key"),
    ]  # fmt: skip


def test_an_undeclared_question_holds_the_file_by_name(read: Decode) -> None:
    with pytest.raises(FileProblem, match='add "Q3" to `drop:` of the source') as caught:
        read(HEADER + "1,LY,Q1,4,\n1,LY,Q3,4,\n", **LONG)
    assert (caught.value.status, caught.value.records) == ("held", 2)


def test_a_column_that_holds_no_question_is_never_quoted(read: Decode) -> None:
    with pytest.raises(FileProblem, match="header_not_recognised") as caught:
        read(HEADER + "1,LY,my manager shouts,4,\n", **LONG)
    assert "shouts" not in str(caught.value)


def test_choices_of_a_long_file(read: Decode) -> None:
    choice = ChoiceSpec("how", "How", options=("Phone", "Mail"))
    decoded = read(HEADER + '1,LY,Q1,4,\n1,LY,How,"Mail, Phone",\n', **LONG, choices=(choice,))
    assert decoded.table["choice_how"].to_pylist() == [["Phone", "Mail"]]


def test_a_long_file_gives_the_table_of_its_wide_twin_in_any_order(read: Decode) -> None:
    chance = random.Random(7)
    people = [
        (str(n), chance.choice(["LY", "PA"]), chance.randint(0, 6), chance.randint(0, 10)) for n in range(40)
    ]
    wide = read("id,unit,Q1,Q2\n" + "".join(f"{i},{u},{a},{b}\n" for i, u, a, b in people), items=ITEMS)
    rows = [f"{i},{u},{q},{x}," for i, u, a, b in people for q, x in (("Q1", a), ("Q2", b))]
    chance.shuffle(rows)
    long = read(HEADER + "\n".join(rows) + "\n", **LONG)
    names = ["response_id", "unit_code", "q1", "q2"]
    assert sorted(shown(wide, *names)) == sorted(shown(long, *names))
    assert (long.accepted, len(long.quarantined)) == (2 * wide.accepted, 2 * len(wide.quarantined))
    assert long.quarantined


def test_long_measures_take_their_name_from_the_question(read: Decode) -> None:
    decoded = read(
        "unit,question,answer,n\nLY,Pay,62%,1 204\nPA,Pay,31,5\nPA,Engaged,7,5\nLY,Other,7,5\nPA,Engaged,x,5\n",
        kind="measures", items=(), keys={"unit": "unit", "n": "n"}, long=LongSpec("question", "answer"),
        drop=("Other",),
        measures=(MeasureSpec("pay", "Pay", (), "percent"), MeasureSpec("engaged", "Engaged")),
    )  # fmt: skip
    assert (decoded.records, decoded.accepted) == (5, 4)
    assert shown(decoded, "record_number", "unit_code", "measure_code", "value", "n") == [
        (1, "lyon", "pay", 62, 1204), (2, "paris", "pay", 31, 5), (3, "paris", "engaged", 7, 5),
        (4, "lyon", None, None, 5),  # dropped: a record without a figure
    ]  # fmt: skip
    assert told(decoded) == [(5, 6, "answer", "unreadable_answer")]
