"""Partner scorecards: the shipped template filled in, and workbooks that partners really send."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from pipelines.ingest import Decoded, FileProblem, ItemSpec, SourceSpec, WaveSpec

Decode = Callable[..., Decoded]
REPO = Path(__file__).parents[3]
TEMPLATE = REPO / "docs" / "templates" / "evaluation-partenaires.xlsx"
SPEC = SourceSpec(
    "partners", "responses", "auto", "*", unit="purchasing", waves=(WaveSpec("w1", "*"),),
    items=(ItemSpec("quality", "Qualité", ("Quality",), 1, 5), ItemSpec("delay", "Délais", ("Delivery",), 1, 5)),
    segments={"direction": "sens"},
)  # fmt: skip


def saved(book: openpyxl.Workbook) -> bytes:
    raw = io.BytesIO()
    book.save(raw)
    return raw.getvalue()


def filled(*rows: list[Any]) -> bytes:
    book = openpyxl.load_workbook(TEMPLATE)
    for row in rows:
        book["Évaluations"].append(row)
    return saved(book)


ROWS = (
    ["P1", "2026-T1", "Qualité", 4, 5, 1, "un mot", "acheteur", "nous->eux"],
    ["P1", "2026-T1", "Délais", 3, 5, 1, None, "acheteur", "nous->eux"],
    ["P1", "2026-T1", "Qualité", 2, 5, 1, None, "directeur", "eux->nous"],
    ["P2", "2026-T1", "Qualité", None, 5, 1, None, "acheteur", "nous->eux"],
)


@pytest.mark.parametrize("format_name", ["auto", "partner_workbook"])
def test_the_template_filled_in_makes_one_response_per_evaluation(read: Decode, format_name: str) -> None:
    decoded = read(filled(*ROWS), replace(SPEC, format=format_name))
    assert (decoded.format, decoded.records, decoded.accepted) == ("partner_workbook", 4, 4)
    rows = decoded.table.to_pylist()
    told = [
        (row["counterparty_code"], row["segment_direction"], row["quality"], row["delay"]) for row in rows
    ]
    assert told == [("P1", "nous->eux", 4, 3), ("P1", "eux->nous", 2, None), ("P2", "nous->eux", None, None)]
    assert [row["delay__why"] for row in rows] == [None, "not_shown", "not_shown"]
    assert rows[2]["quality__why"] == "blank"
    assert len({row["response_id"] for row in rows}) == 3
    assert "un mot" not in str(rows)


def test_an_empty_template_is_no_evaluation(read: Decode) -> None:
    with pytest.raises(FileProblem, match="no_records"):
        read(TEMPLATE.read_bytes(), SPEC)


def test_the_shipped_template_is_what_its_script_writes() -> None:
    sys.path.insert(0, str(REPO / "tools"))
    try:
        import partner_template
    finally:
        sys.path.pop(0)
    shipped, written = openpyxl.load_workbook(TEMPLATE), partner_template.build()
    assert (
        shipped.sheetnames == written.sheetnames == ["Lisezmoi", "Partenaires", "Évaluations", "Référentiel"]
    )
    for name in shipped.sheetnames:
        assert list(shipped[name].values) == list(written[name].values)


def test_another_scale_holds_the_file_with_the_line_to_change(read: Decode) -> None:
    with pytest.raises(FileProblem) as caught:
        read(filled(*ROWS[:1], ["P1", "2026-T1", "Délais", 7, 10, 1, None, "acheteur", "nous->eux"]), SPEC)
    assert (caught.value.reason, caught.value.status, caught.value.records) == ("scale_changed", "held", 2)
    assert caught.value.fix.startswith("set `max: 10` for item 'delay'")


def foreign(merge: bool = True) -> bytes:
    """A scorecard under a title, in English, its supplier merged down, with a mean per supplier and a grand total."""
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "Scorecard"
    for row in (
        ["Supplier scorecard 2026"], [], ["Supplier", "Criterion", "Score", "Period", "Weight"],
        ["Total", "Quality", 4, "2026-T1", 1], [None if merge else "Total", "Delivery", 5, "2026-T1", 1],
        [None, "Average", 4.5, None, None], ["ACME", "Quality", 3, "2026-T1", 1], ["Moyenne", None, 4, None, None],
    ):  # fmt: skip
        sheet.append(row)
    if merge:
        sheet.merge_cells("A4:A5")
    return saved(book)


def test_a_foreign_workbook_merged_labels_and_rows_of_means(read: Decode) -> None:
    decoded = read(foreign(), replace(SPEC, segments={}))
    assert (decoded.format, decoded.records, decoded.accepted) == ("partner_workbook", 3, 3)
    rows = decoded.table.to_pylist()
    # a partner may be called Total: its rows have a criterion
    assert [(row["counterparty_code"], row["quality"], row["delay"]) for row in rows] == [
        ("Total", 4, 5),
        ("ACME", 3, None),
    ]
    assert "2 rows of totals or means are left out" in decoded.warnings


def test_a_problem_names_the_row_of_the_sheet(read: Decode) -> None:
    book = openpyxl.load_workbook(io.BytesIO(foreign()))
    book["Scorecard"]["C7"] = 9
    (problem,) = read(saved(book), replace(SPEC, segments={})).quarantined
    assert (problem.line, problem.reason, problem.found) == (7, "out_of_scale", "withheld")


def test_a_hidden_sheet_of_evaluations_is_not_used_in_silence(read: Decode) -> None:
    book = openpyxl.load_workbook(io.BytesIO(filled(*ROWS)))
    book["Évaluations"].sheet_state = "hidden"
    with pytest.raises(FileProblem, match="header_not_recognised"):
        read(saved(book), SPEC)


def test_two_scorecards_in_one_workbook_must_be_told_apart(read: Decode) -> None:
    book = openpyxl.load_workbook(io.BytesIO(foreign()))
    book.copy_worksheet(book["Scorecard"])
    with pytest.raises(FileProblem, match=r'several_sheets.*add `sheet: "Scorecard"`'):
        read(saved(book), SPEC)
