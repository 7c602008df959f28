"""The digest of a declaration changes with everything that could make the same bytes decode differently."""

from __future__ import annotations

from dataclasses import fields, replace

import pytest

from pipelines.declared import decoding_digest
from pipelines.ingest.spec import (
    ChoiceSpec,
    FactSpec,
    ItemSpec,
    LongSpec,
    MeasureSpec,
    SourceSpec,
    StatementSpec,
    WaveSpec,
)
from pipelines.verbatims import Additions

PLAIN = SourceSpec("s", "responses", "table", "*")
FULL = {
    "code": "t", "kind": "events", "format": "auto", "files": "a*", "keys": {"response": "id"}, "unit": "u",
    "items": (ItemSpec("q", "Q"),), "measures": (MeasureSpec("m", "M"),), "facts": (FactSpec("f", "F"),),
    "choices": (ChoiceSpec("c", "C"),), "segments": {"a": "A"}, "drop": ("x",), "comments": ("y",), "verbatims": Additions(),
    "waves": (WaveSpec("w"),), "aliases": {"a": "u"}, "time_zone": "Europe/Paris", "time_formats": ("unix",),
    "sheet": "S", "header_row": 2, "ledger_aliases": frozenset({"a"}), "records": "", "long": LongSpec("q", "a"),
    "statement": StatementSpec("a"), "not_records": ("*",), "exclude": {"a": ("",)}, "also": ("b",),
    "fiscal_start_month": 4, "asked": {"q": ("w",)}, "renamed": {"Q": ("R",)},
}  # fmt: skip


@pytest.mark.parametrize("name", [field.name for field in fields(SourceSpec)])
def test_every_part_of_a_declaration_is_in_its_digest(name: str) -> None:
    assert decoding_digest(replace(PLAIN, **{name: FULL[name]})) != decoding_digest(PLAIN)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"measures": (MeasureSpec("m", "M"),)}, {"measures": (MeasureSpec("m", "M", plus=("N",)),)}),
        ({"facts": (FactSpec("f", "F", {"a": 1}),)}, {"facts": (FactSpec("f", "F", {"a": 0}),)}),
        (
            {"choices": (ChoiceSpec("c", "C", options=("a",)),)},
            {"choices": (ChoiceSpec("c", "C", options=("b",)),)},
        ),
        ({"waves": (WaveSpec("w", None, "1"),)}, {"waves": (WaveSpec("w", None, "2"),)}),
        ({"long": LongSpec("q", "a")}, {"long": LongSpec("q", "a", "why")}),
    ],
)
def test_the_parts_of_parts_too(one: dict[str, object], other: dict[str, object]) -> None:
    assert decoding_digest(replace(PLAIN, **one)) != decoding_digest(replace(PLAIN, **other))
