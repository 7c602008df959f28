"""A question asked in some waves only: absent from the others by declaration, never by accident."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from pipelines.ingest import FileProblem, ItemSpec, SourceSpec, WaveSpec, decode

SPEC = SourceSpec(
    "s", "responses", "table", "*", {"response": "id"}, "u",
    items=(ItemSpec("a", "A", minimum=1, maximum=5), ItemSpec("nps", "NPS", minimum=0, maximum=10)),
    waves=(WaveSpec("w1", "w1*"), WaveSpec("w2", "w2*")),
    asked={"nps": ("w2",)},
)  # fmt: skip


def read(tmp_path: Path, name: str, text: str, spec: SourceSpec = SPEC) -> set[str]:
    path = tmp_path / name
    path.write_text(text)
    return set(decode(path, name, spec).table.column_names)


def test_a_wave_that_did_not_ask_has_no_column(tmp_path: Path) -> None:
    assert "nps" not in read(tmp_path, "w1.csv", "id,A\n1,5\n")
    assert "nps" in read(tmp_path, "w2.csv", "id,A,NPS\n1,5,9\n")


def test_a_question_that_disappears_is_held_with_the_line_to_add(tmp_path: Path) -> None:
    with pytest.raises(FileProblem) as held:
        read(tmp_path, "w1.csv", "id,A\n1,5\n", replace(SPEC, asked={}))
    assert (held.value.reason, held.value.status) == ("missing_column", "held")
    assert "`waves: [" in held.value.fix


def test_a_question_that_comes_back_undeclared_is_held(tmp_path: Path) -> None:
    with pytest.raises(FileProblem) as held:
        read(tmp_path, "w1.csv", "id,A,NPS\n1,5,9\n")
    assert held.value.reason == "undeclared_column"
