"""SurveyMonkey: two header rows, identifiers beyond 2^53, dates that start with the month."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from datetime import datetime

import openpyxl
import pytest

from pipelines.ingest import Decoded, FileProblem, ItemSpec
from pipelines.ingest.spec import ChoiceSpec
from pipelines.ingest.surveymonkey import columns

Decode = Callable[..., Decoded]
Golden = Callable[[str], bytes]
RECOMMEND = ItemSpec("recommend", "Recommandation (0-10)", minimum=0, maximum=10)
LISTEN = ItemSpec("listen", "Votre agence - Écoute", minimum=1, maximum=5)
PARTS = {
    "format": "surveymonkey_csv",
    "keys": {"response": "Respondent ID", "unit": "Agence"},
    "items": (RECOMMEND, LISTEN, ItemSpec("delay", "Votre agence - Délais", minimum=1, maximum=5)),
    "drop": ("IP Address", "Email Address", "First Name", "Last Name", "Custom Data *"),
    "choices": (ChoiceSpec("channels", "Quels canaux ?", (), ("Téléphone", "E-mail", "*")),),
    "comments": ("Un mot ?",),
}


def test_question_texts_are_carried_over_their_options_and_rows(read: Decode, golden: Golden) -> None:
    decoded = read(golden("surveymonkey/expanded.csv"), **PARTS)
    table = decoded.table
    assert (decoded.records, decoded.accepted, decoded.encoding) == (3, 3, "utf-8-sig")
    assert table["recommend"].to_pylist() == [9, 4, None]
    assert (table["listen"].to_pylist(), table["delay"].to_pylist()) == ([4, 2, 3], [5, None, 3])
    assert table["choice_channels"].to_pylist() == [["Téléphone", "E-mail"], ["other"], None]


def test_identifiers_keep_every_digit_and_dates_start_with_the_month(read: Decode, golden: Golden) -> None:
    table = read(golden("surveymonkey/expanded.csv"), **PARTS).table
    assert table["response_id"].to_pylist() == [f"11435981234567890{n}" for n in (1, 2, 3)]
    # Every date of the file could be read day first; 12:10 AM is ten past midnight.
    assert table["submitted_at"].to_pylist() == [
        datetime(2026, 3, 1, 11, 3, 10),
        datetime(2026, 3, 2, 22, 59, 59),
        datetime(2026, 3, 2, 23, 10),
    ]
    assert [str(day) for day in table["submitted_date"].to_pylist()] == [
        "2026-03-01",
        "2026-03-02",
        "2026-03-03",
    ]


def test_a_condensed_export_joins_options_in_one_cell(read: Decode, golden: Golden) -> None:
    decoded = read(golden("surveymonkey/condensed.csv"), **PARTS | {"items": (RECOMMEND,), "comments": ()})
    assert decoded.table["choice_channels"].to_pylist() == [["Téléphone", "E-mail"], None]
    assert decoded.table["recommend"].to_pylist() == [9, 4]


def test_a_second_row_in_another_language_names_the_same_columns(read: Decode, golden: Golden) -> None:
    decoded = read(golden("surveymonkey/localised.csv"), **PARTS | {"items": (RECOMMEND,), "comments": ()})
    assert decoded.table["unit_code"].to_pylist() == ["lyon"]
    assert decoded.table["recommend"].to_pylist() == [9]


def test_names_of_columns() -> None:
    names, others = columns(["ID", "Q", "", "Q", "", ""], ["", "A", "B", "Response", "C", ""])
    assert names == ["ID", "Q - A", "Q - B", "Q", "Q - C", ""]
    assert others == ["", "", "", "", "", ""]


def test_personal_columns_must_be_dropped_by_the_declaration(read: Decode, golden: Golden) -> None:
    with pytest.raises(FileProblem) as caught:
        read(golden("surveymonkey/expanded.csv"), **PARTS | {"drop": ()})
    named = [problem.column for problem in caught.value.problems]
    assert named == ["IP Address", "Email Address", "First Name", "Last Name", "Custom Data 1"]
    assert caught.value.status == "held"


def test_a_workbook_has_the_same_two_header_rows(read: Decode, golden: Golden) -> None:
    book = openpyxl.Workbook()
    for row in csv.reader(io.StringIO(golden("surveymonkey/condensed.csv").decode(), newline="")):
        book.active.append([cell or None for cell in row])
    out = io.BytesIO()
    book.save(out)
    parts = PARTS | {"items": (RECOMMEND,), "comments": (), "format": "auto"}
    decoded = read(out.getvalue(), **parts)
    assert (decoded.format, decoded.records, decoded.table["recommend"].to_pylist()) == (
        "surveymonkey_csv",
        2,
        [9, 4],
    )
    split = openpyxl.Workbook()
    for row in csv.reader(io.StringIO(golden("surveymonkey/expanded.csv").decode("utf-8-sig"), newline="")):
        split.active.append([cell or None for cell in row])
    out = io.BytesIO()
    split.save(out)
    table = read(out.getvalue(), **PARTS).table
    assert table["response_id"].to_pylist() == [f"11435981234567890{n}" for n in (1, 2, 3)]
    assert table["listen"].to_pylist() == [4, 2, 3]


def test_dates_without_am_or_pm_that_read_both_ways_are_asked(read: Decode, golden: Golden) -> None:
    text = golden("surveymonkey/expanded.csv").decode("utf-8-sig")
    plain = text.replace(" AM", "").replace(" PM", "")
    assert plain != text
    with pytest.raises(FileProblem, match="ambiguous_dates"):
        read(plain.encode(), **PARTS)
