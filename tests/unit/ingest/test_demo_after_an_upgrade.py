"""The demo's own exports after their tool changed: LimeSurvey, Qualtrics and Forms, each held with what to write."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pytest

from pipelines.declared import Home, source_spec
from pipelines.ingest import FileProblem, decode

DEMO = Path(__file__).resolve().parents[3] / "examples" / "demo"
HR, CLIENTS, PARTNERS = "barometre_2025T1.csv", "clients_2025-Q2.csv", "partenaires_2025T1.xlsx"
ENGLISH = ["Strongly disagree", "Disagree", "Neither", "Agree", "Strongly agree"]
FRENCH = ["Pas du tout d'accord", "Plutôt pas d'accord", "Ni d'accord ni pas d'accord", "Plutôt d'accord", "Tout à fait d'accord"]  # fmt: skip
Rows = list[list[str]]


@pytest.fixture(scope="module")
def home() -> Home:
    return Home.load(DEMO)


@pytest.fixture
def problem(home: Home, tmp_path: Path) -> Callable[[str, str, bytes], FileProblem]:
    def run(source: str, name: str, content: bytes) -> FileProblem:
        path = tmp_path / name
        path.write_bytes(content)
        with pytest.raises(FileProblem) as caught:
            decode(path, name, source_spec(home, source))
        assert caught.value.status == "held"
        assert caught.value.records > 100
        return caught.value

    return run


def rewritten(change: Callable[[Rows], Rows]) -> bytes:
    """The LimeSurvey export with its rows changed, quoted as LimeSurvey quotes."""
    rows = list(csv.reader(io.StringIO((DEMO / "landing" / HR).read_text("utf-8-sig")), delimiter=";"))
    out = io.StringIO()
    csv.writer(out, delimiter=";", quoting=csv.QUOTE_ALL).writerows(change(rows))
    return out.getvalue().encode("utf-8-sig")


def with_header(names: dict[str, str]) -> Callable[[Rows], Rows]:
    return lambda rows: [[names.get(name, name) for name in rows[0]], *rows[1:]]


def workbook(change: Callable[[str], str], first_row: int, last_row: int | None) -> bytes:
    book = openpyxl.load_workbook(DEMO / "landing" / PARTNERS)
    for row in book.active.iter_rows(min_row=first_row, max_row=last_row):
        for cell in row:
            if isinstance(cell.value, str):
                cell.value = change(" ".join(cell.value.split()))
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def test_limesurvey_with_a_group_renumbered(problem: Callable[..., FileProblem]) -> None:
    names = {f"G1[SQ00{n}]": f"G01Q0{n}[SQ001]" for n in range(1, 9)}
    found = problem("hr_survey", HR, rewritten(with_header(names)))
    assert "`aliases: [\"G01Q01[SQ001]\"]` to item 'trust_1'" in found.fix
    assert "3 more columns to settle" in found.fix


def test_limesurvey_exported_with_question_texts_in_english(
    problem: Callable[..., FileProblem], home: Home
) -> None:
    names = {item.column: item.text.en for item in home.sources["hr_survey"].items if item.text}
    found = problem("hr_survey", HR, rewritten(with_header(names)))
    assert "look English" in found.found
    assert "`aliases: [\"I am told the truth, even when it is unwelcome.\"]` to item 'trust_2'" in found.fix


def test_limesurvey_exported_with_labels_in_english(problem: Callable[..., FileProblem]) -> None:
    labels = dict(zip(["A1", "A2", "A3", "A4", "A5"], ENGLISH, strict=True))
    content = rewritten(
        lambda rows: [rows[0], *([labels.get(cell, cell) for cell in row] for row in rows[1:])]
    )
    found = problem("hr_survey", HR, content)
    assert (found.reason, "(they look English)" in found.found) == ("unknown_answers", True)
    assert all(f'"{label}": ...' in found.fix for label in ENGLISH)


def test_limesurvey_without_a_question_it_had(problem: Callable[..., FileProblem]) -> None:
    def without(rows: Rows) -> Rows:
        place = rows[0].index("G2[SQ009]")
        return [row[:place] + row[place + 1 :] for row in rows]

    found = problem("hr_survey", HR, rewritten(without))
    assert "`waves: [<codes of the waves that ask it>]` on item 'joy_1'" in found.fix


def test_limesurvey_whose_unit_question_was_renamed(problem: Callable[..., FileProblem]) -> None:
    found = problem("hr_survey", HR, rewritten(with_header({"G0[AGENCE]": "G0[SITE]"})))
    assert '`renamed: {"G0[AGENCE]": ["G0[SITE]"]}` to the source' in found.fix


def test_qualtrics_whose_matrix_was_made_anew(problem: Callable[..., FileProblem]) -> None:
    content = (DEMO / "landing" / CLIENTS).read_bytes()
    for old, new in ((b"QID1_", b"QID31_"), (b"Q1_", b"Q31_")):
        content = content.replace(old, new)
    found = problem("client_survey", CLIENTS, content)
    assert found.reason == "missing_column"
    assert "_1\"]` to item 'trust_1'" in found.fix
    assert "_2\"]` to item 'trust_2'" in found.fix


def test_forms_in_english_by_its_questions_and_by_its_answers(
    problem: Callable[..., FileProblem], home: Home
) -> None:
    names = {" ".join(i.column.split()): i.text.en for i in home.sources["partner_survey"].items if i.text}
    found = problem("partner_survey", PARTNERS, workbook(lambda text: names.get(text, text), 1, 1))
    assert "look English" in found.found
    assert "`aliases: [\"Our remarks get an answer.\"]` to item 'listening_1'" in found.fix
    labels = dict(zip(FRENCH, ENGLISH, strict=True))
    found = problem("partner_survey", PARTNERS, workbook(lambda text: labels.get(text, text), 2, None))
    assert (found.reason, "(they look English)" in found.found) == ("unknown_answers", True)
