"""SPSS files made by the library that reads them elsewhere: codes, labels, missing values, dates, damage."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pyreadstat
import pytest

from pipelines.ingest import Decoded, FileProblem, ItemSpec
from pipelines.ingest.sav import describe_sav

Decode = Callable[..., Decoded]
AGREE = {1.0: "Pas du tout", 5.0: "Tout à fait", 9.0: "Ne sait pas"}
CASES: dict[str, Any] = {
    "id": [1.0, 2.0, 3.0, 4.0],
    "unit": [1.0, 2.0, 1.0, 1.0],
    "Q1": [5.0, 9.0, None, 1.0],
    "Q2": [4.5, 8.0, 7.0, 10.0],
    "day": [date(2026, 3, 1), date(2026, 3, 2), date(2026, 3, 2), date(2026, 3, 3)],
    "at": [datetime(2026, 3, 1, 9, 1, 2)] * 4,
    "words": ["é" * 300, "x", "", "y"],
}


@pytest.fixture
def spss(tmp_path: Path) -> Callable[..., bytes]:
    def build(compress: bool = False, row_compress: bool = False) -> bytes:
        path = tmp_path / "cases.sav"
        pyreadstat.write_sav(
            pd.DataFrame(CASES),
            path,
            column_labels={"Q1": "Recommandez-vous ?"},
            variable_value_labels={"Q1": AGREE, "unit": {1.0: "LY", 2.0: "PA"}},
            missing_ranges={"Q1": [9], "Q2": [{"lo": 7, "hi": 8}]},
            compress=compress,
            row_compress=row_compress,
        )
        return path.read_bytes()

    return build


KEYS = {"keys": {"response": "id", "unit": "unit"}, "format": "auto", "drop": ("day", "at", "words")}


@pytest.mark.parametrize("how", [{}, {"compress": True}, {"row_compress": True}])
def test_codes_are_the_values_and_system_missing_is_blank(
    read: Decode, spss: Callable[..., bytes], how: dict[str, bool]
) -> None:
    items = (
        ItemSpec("q1", "Q1", minimum=1, maximum=5, missing={"9": "dont_know"}),
        ItemSpec("q2", "Q2", minimum=0, maximum=10),
    )
    decoded = read(spss(**how), items=items, **KEYS)
    assert (decoded.format, decoded.encoding, decoded.records, decoded.accepted) == (
        "spss_sav",
        "spss utf-8",
        4,
        4,
    )
    assert decoded.table["response_id"].to_pylist() == ["1", "2", "3", "4"]
    assert decoded.table["unit_code"].to_pylist() == ["lyon", "paris", "lyon", "lyon"]
    assert decoded.table["q1"].to_pylist() == [5, None, None, 1]
    assert decoded.table["q1__why"].to_pylist() == [None, "dont_know", "blank", None]


def test_a_user_missing_code_nobody_declared_is_no_answer_and_said(
    read: Decode, spss: Callable[..., bytes]
) -> None:
    decoded = read(spss(), items=(ItemSpec("q2", "Q2", minimum=0, maximum=10),), **(KEYS | {"drop": ("*",)}))
    assert [None if value is None else float(value) for value in decoded.table["q2"].to_pylist()] == [
        4.5,
        None,
        None,
        10,
    ]
    assert any(warning.startswith("Q2: codes its author declared missing") for warning in decoded.warnings)


def test_a_label_can_be_declared_in_place_of_a_code_and_a_wording_in_place_of_a_name(
    read: Decode, spss: Callable[..., bytes]
) -> None:
    item = ItemSpec(
        "q1", "Recommandez-vous ?", minimum=1, maximum=5,
        values={"Tout à fait": 5, "1": 1}, missing={"Ne sait pas": "dont_know"},
    )  # fmt: skip
    decoded = read(spss(), items=(item,), **(KEYS | {"drop": ("*",)}))
    assert decoded.table["q1"].to_pylist() == [5, None, None, 1]
    assert decoded.table["q1__why"].to_pylist()[1] == "dont_know"


def test_dates_are_days_and_segments_are_shown_by_label(read: Decode, spss: Callable[..., bytes]) -> None:
    decoded = read(
        spss(),
        items=(ItemSpec("q2", "Q2", minimum=0, maximum=10),),
        segments={"place": "unit"},
        drop=("*",),
        keys={"response": "id", "unit": "unit", "submitted_at": "day"},
        format="spss_sav",
    )
    assert decoded.table["submitted_date"].to_pylist() == CASES["day"]
    assert decoded.table["segment_place"].to_pylist() == ["LY", "PA", "LY", "LY"]


def test_wording_labels_and_missing_codes_are_described_without_the_cases(spss: Callable[..., bytes]) -> None:
    told = {variable.name: variable for variable in describe_sav(spss())}
    assert told["Q1"].label == "Recommandez-vous ?"
    assert told["Q1"].labels == {"1": "Pas du tout", "5": "Tout à fait", "9": "Ne sait pas"}
    assert told["Q1"].is_missing("9")
    assert not told["Q1"].is_missing("5")
    assert (told["Q2"].is_missing("7.5"), told["Q2"].is_missing("9")) == (True, False)


@pytest.mark.parametrize("share", [0.02, 0.3, 0.6, 0.9, 0.99])
def test_a_cut_file_is_refused_with_a_sentence(
    read: Decode, spss: Callable[..., bytes], share: float
) -> None:
    raw = spss()
    with pytest.raises(FileProblem, match="send the whole file again"):
        read(raw[: int(len(raw) * share)], **KEYS)


def test_a_damaged_file_never_ends_the_run(read: Decode, spss: Callable[..., bytes]) -> None:
    raw = spss()
    for place in range(60, len(raw), 499):
        damaged = raw[:place] + b"\xff\xff\xff\x7f" + raw[place + 4 :]
        try:
            decoded = read(
                damaged, items=(ItemSpec("q2", "Q2", minimum=0, maximum=10),), **(KEYS | {"drop": ("*",)})
            )
        except FileProblem:
            continue
        assert decoded.records == decoded.accepted + len(decoded.quarantined) + decoded.duplicates
