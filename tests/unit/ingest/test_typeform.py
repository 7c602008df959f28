"""Typeform CSV: tokens, times in UTC, several answers in one cell or in a column per option."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import pytest

from pipelines.ingest import Decoded, FileProblem, ItemSpec
from pipelines.ingest.spec import ChoiceSpec

Decode = Callable[..., Decoded]
Golden = Callable[[str], bytes]
RECOMMEND = ItemSpec("recommend", "Recommandation", minimum=0, maximum=10)
CHANNELS = ChoiceSpec("channels", "Canaux", (), ("Téléphone", "E-mail", "Agence"), " / ")
PARTS = {
    "format": "typeform_csv",
    "keys": {"response": "#", "unit": "Agence"},
    "items": (RECOMMEND, ItemSpec("call", "Recontacter ?", minimum=0, maximum=1)),
    "choices": (CHANNELS,),
    "drop": ("Network ID", "entity"),
    "comments": ("Un mot ?",),
}


def test_joined_answers_partial_responses_and_times_in_utc(read: Decode, golden: Golden) -> None:
    table = read(golden("typeform/joined.csv"), **PARTS).table
    assert table["response_id"].to_pylist()[0] == "hq8fkd2ls0a1"
    assert table["submitted_at"].to_pylist()[0] == datetime(2026, 3, 1, 23, 30)
    assert str(table["submitted_date"].to_pylist()[0]) == "2026-03-02"  # past midnight in Paris
    assert table["is_complete"].to_pylist() == [True, True, False]
    assert table["call"].to_pylist() == [1, 0, None]
    assert table["choice_channels"].to_pylist() == [["Téléphone", "E-mail"], ["Agence"], None]


def test_an_older_form_heads_a_column_with_each_option(read: Decode, golden: Golden) -> None:
    older = PARTS | {"items": (RECOMMEND,), "comments": (), "drop": ("Network ID", "Other")}
    table = read(golden("typeform/one_column_per_option.csv"), **older).table
    assert table["choice_channels"].to_pylist() == [["Téléphone", "E-mail"], None]


def test_the_network_identifier_must_be_dropped(read: Decode, golden: Golden) -> None:
    with pytest.raises(FileProblem, match="Network ID"):
        read(golden("typeform/joined.csv"), **PARTS | {"drop": ("entity",)})
