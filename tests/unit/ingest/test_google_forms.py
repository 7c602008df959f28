"""Google Forms: a localised time stamp, headers that repeat or hold line breaks, offsets such as UTC+2."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import polars as pl
import pytest

from pipelines.ingest import Decoded, FileProblem, ItemSpec
from pipelines.ingest.dates import read_moments
from pipelines.ingest.naming import numbered
from pipelines.ingest.spec import ChoiceSpec

Decode = Callable[..., Decoded]
Golden = Callable[[str], bytes]
OVERALL = ItemSpec("overall", "Note globale (0-10)", minimum=0, maximum=10)
PARTS = {
    "format": "google_forms",
    "keys": {"unit": "Agence"},
    "items": (OVERALL,),
    "drop": ("Adresse e-mail", "Email Address"),
}
SHEET = PARTS | {
    "items": (
        OVERALL,
        ItemSpec("listen", "Qualité [Écoute]", minimum=1, maximum=5),
        ItemSpec("delay", "Qualité [Délais]", minimum=1, maximum=5),
    ),
    "choices": (
        ChoiceSpec("channels", "Canaux", (), ("Téléphone", "E-mail", "Agence", "Sur place, à l'agence")),
    ),
    "comments": ("Commentaires", "Commentaires (2)"),
}


def test_a_french_sheet_has_the_day_first_and_a_header_on_two_lines(read: Decode, golden: Golden) -> None:
    decoded = read(golden("google_forms/sheet_fr.csv"), **SHEET)
    table = decoded.table
    assert (decoded.records, decoded.accepted) == (3, 3)
    # 01/10 reads both ways: the language of the time stamp's own header settles it.
    assert table["submitted_at"].to_pylist()[0] == datetime(2026, 10, 1, 16, 12, 5)
    assert (table["overall"].to_pylist(), table["delay"].to_pylist()) == ([9, 4, 7], [5, None, 3])
    assert table["choice_channels"].to_pylist() == [
        ["Téléphone", "E-mail"],
        ["Agence"],
        ["Téléphone", "Sur place, à l'agence"],
    ]
    assert not any("Comment" in name or "mail" in name for name in table.column_names)


def test_a_repeated_question_must_be_settled_by_its_number(read: Decode, golden: Golden) -> None:
    with pytest.raises(FileProblem) as caught:
        read(golden("google_forms/sheet_fr.csv"), **SHEET | {"comments": ("Commentaires",)})
    assert [problem.column for problem in caught.value.problems] == ["Commentaires (2)"]


def test_the_forms_own_download_writes_offsets(read: Decode, golden: Golden) -> None:
    table = read(golden("google_forms/download.csv"), **PARTS).table
    assert table["submitted_at"].to_pylist() == [
        datetime(2026, 7, 29, 11, 8, 24),
        datetime(2026, 7, 30, 2, 30),
    ]
    assert [str(day) for day in table["submitted_date"].to_pylist()] == ["2026-07-29", "2026-07-30"]


def test_under_timestamp_a_date_that_reads_both_ways_is_asked(read: Decode, golden: Golden) -> None:
    with pytest.raises(FileProblem, match="time_formats") as caught:
        read(golden("google_forms/sheet_en.csv"), **PARTS)
    assert (caught.value.reason, caught.value.records) == ("ambiguous_dates", 2)
    table = read(golden("google_forms/sheet_en.csv"), **PARTS, time_formats=("%m/%d/%Y %H:%M:%S",)).table
    assert [str(day) for day in table["submitted_date"].to_pylist()] == ["2026-01-10", "2026-02-10"]


def test_the_address_must_be_dropped_or_made_the_respondent(read: Decode, golden: Golden) -> None:
    with pytest.raises(FileProblem, match="Adresse e-mail"):
        read(golden("google_forms/sheet_fr.csv"), **SHEET | {"drop": ()})
    keyed = SHEET | {"drop": (), "keys": {"unit": "Agence", "respondent": "Email Address"}}
    table = read(golden("google_forms/sheet_fr.csv"), **keyed).table
    assert table["respondent_id"].to_pylist() == ["a@example.org", "b@example.org", None]


def test_numbers_are_given_once_each() -> None:
    assert numbered(["Q", "Q (2)", "Q", "", "Q", ""]) == ["Q", "Q (2)", "Q (3)", "", "Q (4)", ""]


@pytest.mark.parametrize(
    ("text", "utc"),
    [
        ("2026/07/29 1:08:24 PM UTC+2", datetime(2026, 7, 29, 11, 8, 24)),
        ("2026/07/29 1:08:24 AM UTC-5:30", datetime(2026, 7, 29, 6, 38, 24)),
        ("2026/07/29 12:00:00 AM GMT+10", datetime(2026, 7, 28, 14)),
        ("2026/07/29 1:08:24 PM UTC", datetime(2026, 7, 29, 13, 8, 24)),
    ],
)
def test_offsets_of_one_or_two_digits(text: str, utc: datetime) -> None:
    assert read_moments(pl.Series([text]), "Europe/Paris").utc.to_list() == [utc]


def test_in_any_table_columns_of_one_name_are_told_apart_by_their_number(read: Decode) -> None:
    content = "id,unit,Q1,Q1\n1,LY,3,4\n"
    item = ItemSpec("q1", "Q1 (2)", minimum=1, maximum=5)
    assert read(content, items=(item,), drop=("Q1 (1)",)).table["q1"].to_pylist() == [4]
    with pytest.raises(FileProblem, match=r'declare it as "Q1 \(1\)" or "Q1 \(2\)"'):
        read(content)
