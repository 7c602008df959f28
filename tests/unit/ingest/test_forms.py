"""Microsoft Forms: quiz columns, CSV re-saves in American and French spreadsheets, languages not listed."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from pipelines.ingest import Decoded, ItemSpec
from pipelines.ingest.spec import ChoiceSpec

Decode = Callable[..., Decoded]
Golden = Callable[[str], bytes]
PARTS = {
    "format": "forms_xlsx",
    "keys": {"unit": "Agence"},
    "items": (ItemSpec("recommend", "Recommanderiez-vous ?", minimum=0, maximum=10),),
    "choices": (ChoiceSpec("channels", "Quels canaux ?", (), ("Téléphone", "E-mail", "Agence"), ";"),),
    "drop": ("Email", "Name", "Adresse de messagerie", "Nom", "E-post", "Namn"),
}


def test_a_quiz_saved_as_csv_by_an_american_spreadsheet(read: Decode, golden: Golden) -> None:
    decoded = read(golden("forms/quiz_resave.csv"), **PARTS)
    table = decoded.table
    assert (decoded.accepted, table["recommend"].to_pylist()) == (3, [9, 4, 7])
    assert table["choice_channels"].to_pylist() == [["Téléphone", "E-mail"], ["Agence"], None]
    assert [str(day) for day in table["submitted_date"].to_pylist()] == [
        "2026-03-01",
        "2026-03-01",
        "2026-03-02",
    ]
    assert table["response_id"].to_pylist() == ["1", "2", "3"]


def test_whoever_is_anonymous_is_nobody(read: Decode, golden: Golden) -> None:
    keyed = PARTS | {"keys": {"unit": "Agence", "respondent": "Email"}, "drop": ("Name",)}
    table = read(golden("forms/quiz_resave.csv"), **keyed).table
    assert table["respondent_id"].to_pylist() == [None, None, "a@example.org"]


@pytest.mark.parametrize("name", ["semicolon_fr.csv", "unlisted_language.csv"])
def test_other_languages_and_encodings(read: Decode, golden: Golden, name: str) -> None:
    parts = PARTS if "fr" in name else PARTS | {"choices": ()}
    decoded = read(golden(f"forms/{name}"), **parts)
    assert decoded.accepted == decoded.records
    assert decoded.encoding == ("cp1252" if "fr" in name else "utf-8")
    assert str(decoded.table["submitted_at"].to_pylist()[0]) in ("2026-03-13 08:03:00", "2026-03-01 08:03:00")
    assert decoded.table["response_id"].to_pylist()[0] == "1"
