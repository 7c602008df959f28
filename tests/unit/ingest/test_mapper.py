"""The declared mapper: waves, tests, keys, footnotes, sums, units, choices and events, whatever tool wrote the file."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from decimal import Decimal

import pyarrow as pa
import pytest

from pipelines.ingest import Decoded, FileProblem, ItemSpec, MeasureSpec, SourceSpec, WaveSpec
from pipelines.ingest.spec import ChoiceSpec, FactSpec
from tests.unit.ingest.conftest import Decode

Shown = Callable[..., list[tuple[object, ...]]]


def shown(decoded: Decoded, *names: str) -> list[tuple[object, ...]]:
    return [tuple(row.values()) for row in decoded.table.select(list(names)).to_pylist()]


def reasons(decoded: Decoded) -> list[tuple[int | None, str, str]]:
    return [(problem.record, problem.reason, problem.found) for problem in decoded.quarantined]


KEYS = {"response": "id", "unit": "unit"}
YEARS = (WaveSpec("2023", None, "2023"), WaveSpec("2024", None, "Year 2024"))


def test_a_record_says_its_wave_and_an_unknown_one_is_named_with_the_line_to_add(read: Decode) -> None:
    decoded = read(
        "id,unit,Q1,year\n1,LY,3,2023\n2,LY,4,Year  2024\n3,LY,5,2025\n4,LY,5,\n",
        keys=KEYS | {"wave": "year"},
        waves=YEARS,
    )
    assert decoded.wave_code is None
    assert shown(decoded, "response_id", "wave_code") == [("1", "2023"), ("2", "2024")]
    assert reasons(decoded) == [(3, "unknown_wave", '"2025"'), (4, "unknown_wave", "no wave")]
    assert 'add `- {code: <wave>, value: "2025", closed: <date>}` under waves' in decoded.quarantined[0].fix


def test_a_long_text_where_a_wave_should_be_is_never_quoted(read: Decode) -> None:
    content = f"id,unit,Q1,year\n1,LY,3,{'my manager never listens ' * 3}\n"
    assert reasons(read(content, keys=KEYS | {"wave": "year"}, waves=YEARS)) == [
        (1, "unknown_wave", "withheld")
    ]


def test_excluded_records_are_kept_as_tests_and_need_no_date(read: Decode) -> None:
    decoded = read(
        "id,unit,Q1,kind,at\n1,LY,3,test,\n2,LY,4,real,2026-03-01\n3,LY,4,,\n4,LY,1,real,\n",
        exclude={"kind": ("test", "")}, keys=KEYS | {"submitted_at": "at"}, waves=None,
    )  # fmt: skip
    assert shown(decoded, "response_id", "is_test") == [("1", True), ("2", False), ("3", True)]
    assert reasons(decoded) == [(4, "missing_key", "withheld")]


def test_several_columns_together_name_a_response(read: Decode) -> None:
    decoded = read("id,visit,unit,Q1\n1,a,LY,3\n1,b,LY,3\n1,a,LY,3\n2,,LY,3\n", also=("visit",), keys=KEYS)
    assert (decoded.accepted, decoded.duplicates, reasons(decoded)) == (
        2,
        1,
        [(4, "missing_key", "withheld")],
    )
    assert len(set(decoded.table["response_id"].to_pylist())) == 2
    assert decoded.quarantined[0].column == "visit"


def test_footnotes_and_totals_are_no_records_and_are_counted(read: Decode) -> None:
    decoded = read(
        "unit,Q\nLY,3\nTotal,9\n* figures rounded,\nPA,4\n,7\n", kind="measures", items=(), keys={"unit": "unit"},
        measures=(MeasureSpec("q", "Q"),), not_records=("Total*", "[*] *", "* figures*", ""),
    )  # fmt: skip
    assert (decoded.records, decoded.accepted, decoded.quarantined) == (2, 2, [])
    assert decoded.warnings[-1].startswith("3 rows left out, which not_records (")
    narrow = read("id,unit,Q1\n1,LY,3\n2,LY\nSource: the tool\n", not_records=("Source*",))
    assert (narrow.records, narrow.accepted, reasons(narrow)) == (2, 1, [(2, "wrong_width", "2 cells")])
    with pytest.raises(FileProblem, match="no_records"):
        read("id,unit,Q1\n1,LY,3\n", not_records=("*",))


def test_a_sum_of_columns_lacks_what_any_of_them_lacks(read: Decode) -> None:
    measure = MeasureSpec("agree", "SA", (), "percent", {"--": "suppressed"}, plus=("A",))
    decoded = read(
        "unit,SA,A\nLY,25.3%,40.1%\nPA,--,40%\nLY,60%,\nPA,50.4%,50.2%\nLY,70%,45%\n",
        kind="measures", items=(), keys={"unit": "unit"}, measures=(measure,),
    )  # fmt: skip
    assert shown(decoded, "value", "missing_reason") == [
        (Decimal("65.400000"), None), (None, "suppressed"), (None, "blank"), (Decimal(100), None),
    ]  # fmt: skip
    assert reasons(decoded) == [(5, "out_of_scale", "withheld")]


def test_counts_are_whole_so_their_marks_are_of_thousands(read: Decode) -> None:
    decoded = read(
        'unit,Q,n\nLY,3,"91,085"\nPA,4,"1,204"\n', kind="measures", items=(), keys={"unit": "unit", "n": "n"},
        measures=(MeasureSpec("q", "Q"),),
    )  # fmt: skip
    assert decoded.table["n"].to_pylist() == [91085, 1204]


def test_an_unnamed_column_can_be_declared_or_dropped_by_its_position(read: Decode) -> None:
    content = "id,unit,Q1,,\n1,LY,3,4,note\n"
    items = (ItemSpec("q1", "Q1", minimum=1, maximum=5), ItemSpec("q2", "column 4", minimum=1, maximum=5))
    assert shown(read(content, items=items, drop=("column 5",)), "q1", "q2") == [(3.0, 4.0)]
    with pytest.raises(FileProblem, match='add "column 5" to `drop:`'):
        read(content, items=items)


@pytest.mark.parametrize(
    "written",
    ["St\u00a0Mary's Trust", "ST MARY\u2019S TRUST", "St Mary's  Trust.", "st mary\u2019s trust *"],
)
def test_a_unit_is_found_by_its_cleaned_name(read: Decode, written: str) -> None:
    assert read(f"id,unit,Q1\n1,{written},3\n", aliases={"St Mary's Trust": "mary"}).accepted == 1


def test_two_units_of_one_cleaned_name_are_told_apart_only_exactly(read: Decode) -> None:
    aliases = {"Nord": "north", "NORD": "top"}
    decoded = read("id,unit,Q1\n1,Nord,3\n2,NORD,3\n3,nord,3\n", aliases=aliases)
    assert decoded.table["unit_code"].to_pylist() == ["north", "top"]
    assert reasons(decoded) == [(3, "unknown_unit", '"nord"')]


def test_choices_are_lists_in_declared_order(read: Decode) -> None:
    choice = ChoiceSpec("how", "How", options=("Phone, or fax", "Mail", "*"))
    decoded = read(
        'id,unit,Q1,How\n1,LY,3,"Mail, Phone, or fax"\n2,LY,3,\n3,LY,3,Pigeon\n', choices=(choice,)
    )
    column = decoded.table["choice_how"]
    assert column.type == pa.list_(pa.string())
    assert column.to_pylist() == [["Phone, or fax", "Mail"], None, ["other"]]
    closed = ChoiceSpec("how", "How", options=("Phone, or fax", "Mail"))
    assert reasons(read("id,unit,Q1,How\n1,LY,3,Pigeon\n", choices=(closed,))) == [
        (1, "unknown_option", "withheld")
    ]


def test_measures_of_a_continuous_source_are_placed_by_their_month(read: Decode) -> None:
    decoded = read(
        "unit,Q,month\nLY,3,April 2021\nLY,4,f\u00e9vr. 2024\nLY,5,\n", kind="measures", items=(), waves=None,
        keys={"unit": "unit", "submitted_at": "month"}, measures=(MeasureSpec("q", "Q"),),
    )  # fmt: skip
    assert decoded.table["submitted_date"].to_pylist() == [dt.date(2021, 4, 30), dt.date(2024, 2, 29)]
    assert reasons(decoded) == [(3, "missing_key", "withheld")]


EVENTS = {
    "kind": "events",
    "items": (),
    "keys": {"response": "id", "unit": "unit", "counterparty": "vendor", "submitted_at": "asked"},
    "waves": None,
    "time_formats": ("%d-%b-%y", "%m/%d/%Y"),
    "facts": (
        FactSpec("on_time", promised="due", actual="done", missing={"Not Captured": "not_applicable"}),
        FactSpec("whole", column="state", values={"full": 1, "part": 0}, missing={"?": "dont_know"}),
    ),
}
DELIVERIES = """id,unit,vendor,asked,due,done,state
1,LY,Acme,1-Jun-06,2-Jun-06,6/2/2006,full
2,LY,Acme,1-Jun-06,2-Jun-06,3-Jun-06,part
3,PA,Acme,1-juin-06,Not Captured,3-Jun-06,?
4,PA,,1-Jun-06,2-Jun-06,,
5,PA,Acme,1-Jun-06,soon,3-Jun-06,full
6,PA,Acme,1-Jun-06,2-Jun-06,2-Jun-06,lost
7,ZZ,Acme,1-Jun-06,2-Jun-06,2-Jun-06,full
2,LY,Acme,1-Jun-06,2-Jun-06,3-Jun-06,part
"""


def test_an_event_has_a_row_per_fact_and_the_books_count_events(read: Decode) -> None:
    decoded = read(DELIVERIES, **EVENTS)
    assert (decoded.records, decoded.accepted, decoded.duplicates, decoded.table.num_rows) == (8, 4, 1, 8)
    assert shown(decoded, "event_id", "measure_code", "value", "missing_reason") == [
        ("1", "on_time", 1, None), ("1", "whole", 1, None),
        ("2", "on_time", 0, None), ("2", "whole", 0, None),
        ("3", "on_time", None, "not_applicable"), ("3", "whole", None, "dont_know"),
        ("4", "on_time", None, "blank"), ("4", "whole", None, "blank"),
    ]  # fmt: skip
    assert reasons(decoded) == [
        (5, "bad_date", "withheld"), (6, "unreadable_answer", "withheld"), (7, "unknown_unit", '"ZZ"'),
    ]  # fmt: skip
    assert "of fact whole" in decoded.quarantined[1].fix
    assert decoded.table.schema == pa.schema(
        [
            ("record_number", pa.int32()), ("event_id", pa.string()), ("unit_code", pa.string()),
            ("wave_code", pa.string()), ("submitted_date", pa.date32()), ("counterparty_code", pa.string()),
            ("is_test", pa.bool_()), ("measure_code", pa.string()), ("value", pa.decimal128(18, 6)),
            ("missing_reason", pa.string()),
        ]
    )  # fmt: skip


def test_events_excluded_are_kept_as_tests(read: Decode) -> None:
    decoded = read(DELIVERIES, **EVENTS, exclude={"vendor": ("Acme",)})
    assert shown(decoded, "event_id", "is_test")[::2] == [("1", True), ("2", True), ("3", True), ("4", False)]


@pytest.mark.parametrize("kind", ["responses", "measures", "events"])
def test_a_file_whose_every_record_is_refused_still_balances(
    read: Decode, survey: Callable[..., SourceSpec], kind: str
) -> None:
    parts = {
        "responses": {},
        "measures": {"items": (), "keys": {"unit": "unit"}, "measures": (MeasureSpec("q", "Q1"),)},
        "events": {"items": (), "facts": (FactSpec("f", column="Q1", values={"3": 1}),)},
    }[kind]
    decoded = read("id,unit,Q1\n1,ZZ,3\n2,ZZ,x\n", drop=("*",), kind=kind, **parts)
    assert (decoded.records, decoded.accepted, len(decoded.quarantined), decoded.table.num_rows) == (
        2,
        0,
        2,
        0,
    )
    whole = read("id,unit,Q1\n1,LY,3\n", drop=("*",), kind=kind, **parts)
    assert decoded.table.schema == whole.table.schema
