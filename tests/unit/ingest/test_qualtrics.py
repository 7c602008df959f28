"""Qualtrics: labels in the survey's language, columns it works out by itself, a zone written Z."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from datetime import datetime

import pytest

from pipelines.ingest import Decoded, FileProblem, ItemSpec
from pipelines.ingest.spec import ChoiceSpec

Decode = Callable[..., Decoded]
Golden = Callable[[str], bytes]
FILE = "qualtrics/labels_nps_topics.csv"
PARTS = {
    "format": "qualtrics_csv",
    "keys": {},
    "unit": "lyon",
    "items": (ItemSpec("recommend", "QID1", minimum=0, maximum=10),),
    "comments": ("QID3_TEXT",),
}
BY_TEXT = ChoiceSpec("channels", "Canaux", (), ("Téléphone", "E-mail, SMS"))
BY_CODE = ChoiceSpec("channels", "QID2", (), ("1", "2"))


def test_labels_topics_groups_and_a_trailing_empty_column(read: Decode, golden: Golden) -> None:
    decoded = read(golden(FILE), **PARTS, choices=(BY_TEXT,))
    table = decoded.table
    assert (decoded.records, decoded.accepted) == (3, 3)
    assert table["recommend"].to_pylist() == [9, 3, None]
    assert table["is_test"].to_pylist() == [False, True, False]
    assert table["is_complete"].to_pylist() == [True, True, False]
    assert table["submitted_at"].to_pylist()[0] == datetime(2026, 3, 1, 9, 5)
    assert table["choice_channels"].to_pylist() == [["Téléphone"], ["E-mail, SMS"], None]


@pytest.mark.parametrize(("choice", "first"), [(BY_TEXT, ["Téléphone"]), (BY_CODE, ["1"])])
def test_options_are_found_by_their_text_or_their_code(
    read: Decode, golden: Golden, choice: ChoiceSpec, first: list[str]
) -> None:
    assert read(golden(FILE), **PARTS, choices=(choice,)).table["choice_channels"].to_pylist()[0] == first


def test_several_codes_in_one_cell(read: Decode, golden: Golden) -> None:
    content = golden(FILE).decode().replace(",9,Téléphone,,", ',9,"1,3",,')
    one = ChoiceSpec("channels", "QID2_1", (), ("1", "2", "3"), ",")
    decoded = read(content, **PARTS | {"comments": ("QID3_TEXT", "QID2_2")}, choices=(one,))
    assert decoded.table["choice_channels"].to_pylist() == [["1", "3"], None, None]


@pytest.mark.parametrize("kind", ["qualtrics_csv", "surveymonkey_csv", "auto"])
def test_a_zip_that_wraps_the_export_is_refused_with_what_to_do(
    read: Decode, golden: Golden, kind: str
) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("survey.csv", golden(FILE))
    with pytest.raises(FileProblem, match="unpack it") as caught:
        read(packed.getvalue(), **PARTS | {"format": kind})
    assert (caught.value.reason, caught.value.status) == ("not_a_workbook", "refused")
