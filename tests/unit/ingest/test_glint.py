"""Viva Glint: people invited who did not answer, comments beside their question, dd-mm-yyyy."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import pytest

from pipelines.ingest import Decoded, FileProblem, ItemSpec

Decode = Callable[..., Decoded]
Golden = Callable[[str], bytes]
PARTS = {
    "format": "glint_csv",
    "keys": {"response": "EMP ID", "unit": "Site"},
    "items": (ItemSpec("listen", "Écoute", minimum=1, maximum=5),),
    "drop": ("First Name", "Last Name", "Email", "Manager ID"),
}


def test_invitations_without_an_answer_are_incomplete(read: Decode, golden: Golden) -> None:
    table = read(golden("glint/survey.csv"), **PARTS).table
    assert table["listen"].to_pylist() == [4, 2, 5, None]
    assert table["is_complete"].to_pylist() == [True, True, True, False]
    assert table["respondent_id"].to_pylist() == ["E1", "E2", "E3", "E4"]
    assert table["submitted_at"].to_pylist()[0] == datetime(2026, 3, 6, 8, 34)  # 6 March, not 3 June
    assert not any("COMMENT" in name for name in table.column_names)


def test_a_continuous_source_takes_invitations_too(read: Decode, golden: Golden) -> None:
    assert read(golden("glint/survey.csv"), **PARTS, waves=None).accepted == 4


def test_names_and_managers_must_be_dropped_by_the_declaration(read: Decode, golden: Golden) -> None:
    with pytest.raises(FileProblem) as caught:
        read(golden("glint/survey.csv"), **PARTS | {"drop": ()})
    named = [problem.column for problem in caught.value.problems]
    assert named == ["First Name", "Last Name", "Email", "Manager ID"]
