"""Formbricks CSV and XLSX: unfinished responses, option ids beside answers, the hour 24 of JavaScript."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from datetime import datetime

import openpyxl
import pytest

from pipelines.ingest import Decoded, FileProblem, ItemSpec
from pipelines.ingest.spec import ChoiceSpec

Decode = Callable[..., Decoded]
Golden = Callable[[str], bytes]
PARTS = {
    "format": "formbricks_csv",
    "keys": {"response": "Response ID", "unit": "agence"},
    "items": (
        ItemSpec("recommend", "1. Recommandation", minimum=0, maximum=10),
        ItemSpec("manager", "3. Qualité - Manager", minimum=1, maximum=5),
    ),
    "choices": (ChoiceSpec("channels", "2. Canaux", (), ("Agence", "E-mail")),),
    "drop": ("User ID", "url", "person.*", "3. Qualité - Délais"),
}


@pytest.mark.parametrize("container", ["csv", "xlsx"])
def test_an_export_in_either_container(read: Decode, golden: Golden, container: str) -> None:
    content = golden("formbricks/export.csv")
    if container == "xlsx":
        book = openpyxl.Workbook()
        for row in csv.reader(io.StringIO(content.decode())):
            book.active.append(row)
        out = io.BytesIO()
        book.save(out)
        content = out.getvalue()
    table = read(content, **PARTS).table
    assert table["response_id"].to_pylist() == ["cmA", "cmB"]
    assert table["is_complete"].to_pylist() == [True, False]
    assert table["submitted_at"].to_pylist() == [datetime(2026, 3, 1, 9), datetime(2026, 3, 1, 0, 5, 6)]
    assert table["choice_channels"].to_pylist() == [["Agence", "E-mail"], None]
    assert table["manager"].to_pylist() == [4, None]


def test_who_answered_must_be_dropped_by_the_declaration(read: Decode, golden: Golden) -> None:
    with pytest.raises(FileProblem) as caught:
        read(golden("formbricks/export.csv"), **PARTS | {"drop": ()})
    assert [problem.column for problem in caught.value.problems] == [
        "User ID", "url", "3. Qualité - Délais", "person.email",
    ]  # fmt: skip
