"""JSON as a table: pages, lines, numbers as written, and what is refused."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.ingest import Decoded, FileProblem, ItemSpec, WaveSpec
from pipelines.ingest.json_grid import is_json
from pipelines.ingest.json_scan import Elements, Records, count_documents
from pipelines.ingest.spec import ChoiceSpec
from tests.unit.ingest.conftest import Decode

GOLDEN = Path(__file__).parent / "golden" / "json"
RECORDS = [
    {
        "id": 12345678901234567890,
        "unit": {"code": "LY"},
        "Q1": 4,
        "tags": ["a", 1, None],
        "x": {"deep": None},
    },
    {"id": "2", "unit": {"code": "PA"}, "Q1": None, "x": None, "list": [{"a": 1}]},
    {"id": 3.50, "unit": {"code": "PA"}},
]
PARTS = {"keys": {"response": "id", "unit": "unit.code"}, "drop": ("x*", "tags", "list")}
ROWS = [("12345678901234567890", "lyon", 4.0), ("2", "paris", None), ("3.5", "paris", None)]


def shown(decoded: Decoded, *names: str) -> list[tuple[object, ...]]:
    return [tuple(row.values()) for row in decoded.table.select(list(names)).to_pylist()]


@pytest.mark.parametrize(
    ("content", "records"),
    [
        (json.dumps(RECORDS), None),
        (json.dumps(RECORDS), ""),
        (json.dumps({"meta": {"n": 3}, "data": RECORDS}, indent=1), "data"),
        (json.dumps({"a": {"b": RECORDS}, "c": [1]}), "a.b"),
        (json.dumps([{"data": RECORDS[:1]}, {"data": []}, {"data": RECORDS[1:]}]), "data"),
        ("\n".join(json.dumps({"data": [record]}) for record in RECORDS), "data"),
        ("\r\n".join(json.dumps(record) for record in RECORDS) + "\n", None),
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_one_document_pages_or_lines(read: Decode, content: str, records: str | None, encoding: str) -> None:
    decoded = read(content.encode(encoding), records=records, **PARTS)
    assert (decoded.records, decoded.accepted) == (3, 3)
    assert shown(decoded, "response_id", "unit_code", "q1") == ROWS


def test_a_record_is_named_by_its_number(read: Decode) -> None:
    content = json.dumps([{"id": 1, "unit": "LY", "Q1": 3}, {"id": 2, "unit": "LY", "Q1": 9}])
    problem = read(content).quarantined[0]
    assert (problem.record, problem.line, problem.reason) == (2, 2, "out_of_scale")


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        ('{"id": 9, "unit": "LY", "Q1": 1, "Q1": 2}', "duplicate_key"),
        ('{"id": 9, "unit": "LY", "Q1": 1, "a.b": 1, "a": {"b": 2}}', "duplicate_key"),
        ('{"id": 9, "unit": "LY", "Q1": 1, "c": "\\ud800"}', "damaged_characters"),
        ('[1, "LY", 3]', "not_a_record"),
        ("null", "not_a_record"),
    ],
)
def test_one_damaged_record_is_quarantined_alone(read: Decode, record: str, reason: str) -> None:
    decoded = read(f'[{{"id": 1, "unit": "LY", "Q1": 3}},{record}]', drop=("a*", "c"))
    assert (decoded.records, decoded.accepted) == (2, 1)
    assert [(one.record, one.reason) for one in decoded.quarantined] == [(2, reason)]
    alone = read(f"[{record}]", drop=("a*", "c"), records="")
    assert (alone.records, alone.accepted, alone.table.num_rows) == (1, 0, 0)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ('{"data":[{"id":1,"unit":"LY","Q1":NaN}]}', "unreadable: .*NaN, which JSON does not have"),
        ('{"data":[{"id":1,"unit":"LY","Q1":-Infinity}]}', "unreadable: .*Infinity"),
        ('{"data":[{"id":1,"unit":"LY","Q1":3}', "truncated"),
        ('{"data":[{"id":1,"unit":"L', "truncated"),
        ('{"data":[{"id":1,"unit":"LY" "Q1":3}]}', "unreadable: .*line 1"),
        ('{"data":[{"id":1},]}', "unreadable"),
        ('{"data":[]}', "no_records"),
        ('{"date":[{"id":1}]}', "missing_records.*set `records: date` in the source"),
        ('{"data":null}', "missing_records"),
        ('{"data":[{"id":1}],"data":[{"id":2}]}', "duplicate_key"),
        ("[" * 100_000, "too_deep|missing_records"),
        ('{"data":[{"id":' + "[" * 100_000, "too_deep"),
        ('{"data":[{"id":1,"unit":' + '{"a":' * 200 + "1" + "}" * 200 + "}]}", "too_deep"),
        ('{"data":[{' + ",".join(f'"m{n}":1' for n in range(6000)) + "}]}", "too_wide"),
    ],
)
def test_what_is_no_table_of_records_is_refused_with_a_sentence(
    read: Decode, content: str, said: str
) -> None:
    with pytest.raises(FileProblem, match=said):
        read(content, records="data")


def test_without_a_path_the_lists_of_the_file_are_offered(read: Decode) -> None:
    with pytest.raises(FileProblem, match="set `records: data` in the source") as caught:
        read(json.dumps({"data": RECORDS, "meta": {}}))
    assert caught.value.status == "held"


def test_an_object_that_is_null_everywhere_has_empty_members_and_a_renamed_one_holds(read: Decode) -> None:
    parts = {"items": (ItemSpec("q", "rating.score", minimum=1, maximum=5),)}
    decoded = read('[{"id": 1, "unit": "LY", "rating": null}]', **parts)
    assert decoded.table["q"].to_pylist() == [None]
    with pytest.raises(FileProblem, match="missing_column"):
        read('[{"id": 1, "unit": "LY", "ratings": {"score": 3}}]', **parts)


def test_a_number_is_read_as_written(read: Decode) -> None:
    items = (ItemSpec("q", "q", minimum=0, maximum=2000),)
    content = '[{"id": 1, "unit": "LY", "q": 1.5e3}, {"id": 2, "unit": "LY", "q": 1.234}, {"id": 3, "unit": "LY", "q": 1e99}]'
    decoded = read(content, items=items)
    assert decoded.table["q"].to_pylist() == [1500, 1.234]
    assert [one.record for one in decoded.quarantined] == [3]


@pytest.mark.parametrize("header", ["[Q1],id\n1,2\n", "{x};y\n1;2\n", "id,unit\n"])
def test_a_delimited_header_in_brackets_is_no_json(header: str) -> None:
    assert not is_json(header.encode())


WORDS = st.text(alphabet='ab"\\,[]{}:é\n ', max_size=8)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | WORDS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(WORDS, inner, max_size=4),
    max_leaves=12,
)


@given(st.lists(VALUES, max_size=8), st.sampled_from([None, 1]))
def test_the_count_from_brackets_agrees_with_the_reader(values: list[object], indent: int | None) -> None:
    text = json.dumps(values, indent=indent)
    count = Elements()
    count.add(text.encode())
    assert count.total == len(values)
    found = Records(text, "")
    assert (len(list(found)), found.given, found.counted) == (len(values),) * 3


@given(st.lists(st.dictionaries(WORDS, VALUES, max_size=4), min_size=1, max_size=6))
def test_documents_are_counted_from_brackets_too(values: list[dict[str, object]]) -> None:
    text = "\n".join(json.dumps(value) for value in values)
    assert count_documents(text.encode()) == len(values)


def test_typeform_pages(read: Decode) -> None:
    decoded = read(
        (GOLDEN / "typeform_responses.json").read_bytes(), format="typeform_json", keys={"unit": "hidden.entity"},
        items=(
            ItemSpec("nps", "nps", minimum=0, maximum=10), ItemSpec("again", "again", values={"1": 1, "0": 0}),
            ItemSpec("one", "one", values={"Très bien": 4}), ItemSpec("never", "unasked", minimum=1, maximum=5),
        ),
        choices=(ChoiceSpec("how", "canaux", options=("Agence", "Téléphone, E-mail", "*")),),
        drop=("metadata.*", "mail"), comments=("verb",), aliases={"Lyon": "lyon", "Paris": "paris"},
    )  # fmt: skip
    assert (decoded.records, decoded.accepted, decoded.format) == (3, 3, "typeform_json")
    assert shown(decoded, "response_id", "unit_code", "nps", "again", "one", "never", "is_complete", "submitted_date") == [
        ("a1", "lyon", 9, 1, 4, None, True, dt.date(2026, 3, 2)),
        ("a2", "paris", 0, 0, None, None, True, dt.date(2026, 3, 2)),
        ("a3", "paris", 5, None, None, None, False, None),
    ]  # fmt: skip
    assert decoded.table["choice_how"].to_pylist() == [["Agence", "Téléphone, E-mail", "other"], None, None]


def test_typeform_personal_members_must_be_declared_dropped(read: Decode) -> None:
    parts = {"keys": {"unit": "hidden.entity"}, "items": (ItemSpec("nps", "nps", minimum=0, maximum=10),)}
    with pytest.raises(FileProblem, match=r"metadata\.user_agent"):
        read((GOLDEN / "typeform_responses.json").read_bytes(), format="typeform_json", **parts)


def test_formbricks_pages(read: Decode) -> None:
    decoded = read(
        (GOLDEN / "formbricks_responses.json").read_bytes(), format="formbricks_json", keys={}, unit="lyon",
        items=(
            ItemSpec("nps", "nps", minimum=0, maximum=10), ItemSpec("boss", "ecoute.Manager", minimum=1, maximum=5),
            ItemSpec("top", "ecoute.Direction", minimum=1, maximum=5),
        ),
        choices=(ChoiceSpec("how", "canaux", options=("Agence", "E-mail, courrier")),),
        drop=("contactId", "meta.*", "variables*"), comments=("verb",), waves=(WaveSpec("w1", "*"),),
    )  # fmt: skip
    assert (decoded.records, decoded.accepted) == (2, 2)
    assert shown(
        decoded, "response_id", "nps", "boss", "top", "language_code", "is_complete", "submitted_date"
    ) == [
        ("cmA", 9, 4, 2, "fr", True, dt.date(2026, 3, 2)),
        ("cmB", 3, None, None, "en", False, dt.date(2026, 3, 2)),
    ]
    assert decoded.table["choice_how"].to_pylist() == [["Agence", "E-mail, courrier"], None]
