"""LimeSurvey: the headings of an export, long answers, `-oth-`, the date of an undated survey, old writers."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from pipelines.ingest import Decoded, ItemSpec
from pipelines.ingest.limesurvey import codes
from pipelines.ingest.spec import ChoiceSpec

Decode = Callable[..., Decoded]
Golden = Callable[[str], bytes]
AGREE = {"A2": 2.0, "A3": 3.0, "A4": 4.0, "A5": 5.0}
TRUST = ItemSpec("trust", "G1[SQ001]", ("Trust [My manager]",), 1, 5, AGREE)
BOARD = ItemSpec("board", "G1[SQ002]", (), 1, 5, AGREE)
PARTS = {
    "format": "limesurvey_csv",
    "keys": {"unit": "G0"},
    "items": (TRUST, BOARD),
}
CHANNELS = ChoiceSpec("channels", "CAN", (), ("SQ001", "SQ002"))


def test_codes_are_found_beside_texts_and_long_answers_are_ticks(read: Decode, golden: Golden) -> None:
    decoded = read(golden("limesurvey/codetext.csv"), **PARTS, choices=(CHANNELS,))
    table = decoded.table
    assert (decoded.records, decoded.accepted) == (3, 3)
    assert table["response_id"].to_pylist() == ["1", "2", "3"]
    assert table["trust"].to_pylist() == [4, 2, 3]
    assert table["board"].to_pylist() == [5, None, None]
    assert table["board__why"].to_pylist() == [None, "not_applicable", "not_shown"]
    assert table["choice_channels"].to_pylist() == [["SQ001"], [], None]
    assert table["is_complete"].to_pylist() == [True, True, False]
    # 1980-01-01 is how an undated survey says that it was submitted.
    assert [str(day) for day in table["submitted_date"].to_pylist()] == ["2026-03-01", "None", "None"]


def test_full_headings_are_known_by_their_language(read: Decode, golden: Golden) -> None:
    table = read(golden("limesurvey/full.csv"), **PARTS | {"items": (TRUST,), "keys": {"unit": "Site"}}).table
    assert (table["response_id"].to_pylist(), table["trust"].to_pylist()) == (["1"], [4])
    assert table["language_code"].to_pylist() == ["fr"]


def test_expression_codes_are_the_same_questions(read: Decode, golden: Golden) -> None:
    table = read(golden("limesurvey/expression_codes.csv"), **PARTS).table
    assert (table["trust"].to_pylist(), table["board"].to_pylist()) == ([4], [None])


def test_an_old_writer_that_quotes_everything_tells_no_reasons(read: Decode, golden: Golden) -> None:
    table = read(golden("limesurvey/old_writer.csv"), **PARTS).table
    assert "board__why" not in table.column_names
    assert table["is_complete"].to_pylist() == [True, False]


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("Date de soumission", "submitdate"),
        ("Q1_SQ001_1", "Q1[SQ001][1]"),
        ("Q1[SQ001][1]. Satisfaction [Prix][Scale 1]", "Q1[SQ001][1]"),
        ("How old are you?", ""),
        ("id", ""),
    ],
)
def test_the_code_behind_a_heading(name: str, code: str) -> None:
    assert codes([name]) == [code]
