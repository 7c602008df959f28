"""What a file is, told from its content: golden files, workbooks, real files, and any bytes at all."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import get_args

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.declared.sources import Format
from pipelines.ingest import READERS, Decoded, SourceSpec
from pipelines.ingest.recognise import recognise, settled
from pipelines.ingest.spec import StatementSpec
from pipelines.ingest.workbook_head import workbook_head

GOLDEN = Path(__file__).parent / "golden"
FOLDERS = {
    "formbricks": "formbricks_csv",
    "forms": "forms_xlsx",
    "glint": "glint_csv",
    "google_forms": "google_forms",
    "limesurvey": "limesurvey_csv",
    "qualtrics": "qualtrics_csv",
    "surveymonkey": "surveymonkey_csv",
    "typeform": "typeform_csv",
}
OTHERS = {
    "fec_headerless.txt": "fec",
    "fec_sens.csv": "fec",
    "pnl_wide.csv": "pnl",
    "pnl_long.csv": "pnl",
    "typeform.json": "typeform_json",
    "formbricks.json": "formbricks_json",
    "zendesk.json": "table",
    "months_of_a_unit.csv": "table",
    "data_and_items.json": "table",
}
# In a language nobody listed: the declaration says `format: forms_xlsx`.
UNTOLD = {"forms/unlisted_language.csv"}
EXPECTED = {
    str(path.relative_to(GOLDEN)): kind
    for folder, kind in FOLDERS.items()
    for path in sorted((GOLDEN / folder).glob("*.csv"))
} | {f"recognise/{name}": kind for name, kind in OTHERS.items()}
REAL = {
    "exports/qualtrics_sample_DE_3headers.csv": "qualtrics_csv",
    "exports/qualtrics_sample_legacy.csv": "qualtrics_csv",
    "finance/fec/0000000001FEC20220831.txt": "fec",
    "finance/fec/000000000FEC20231231.txt": "fec",
}


@pytest.mark.parametrize(("name", "kind"), sorted(EXPECTED.items()))
@pytest.mark.parametrize("encoding", ["as it is", "utf-8-sig", "utf-16"])
def test_golden_files_in_any_encoding(name: str, kind: str, encoding: str) -> None:
    raw = (GOLDEN / name).read_bytes()
    if encoding != "as it is":
        try:
            text = raw.decode("utf-8-sig")
        except UnicodeDecodeError:
            text = raw.decode("cp1252")
        raw = text.encode(encoding)
    assert recognise(raw) == ("table" if name in UNTOLD else kind)


@pytest.mark.real
def test_no_real_file_is_taken_for_another(real: Path) -> None:
    files = sorted(path for path in real.rglob("*") if path.is_file())
    found = {str(path.relative_to(real)): recognise(path.read_bytes()) for path in files}
    assert len(found) >= 36
    assert {name: kind for name, kind in found.items() if kind != "table"} == REAL


def workbook(**sheets: list[list[object]]) -> bytes:
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


FORMS = ["ID", "Heure de début", "Heure de fin", "Adresse de messagerie", "Nom", "Agence"]
SCORES = ["Fournisseur", "Période", "Critère", "Note", "Poids"]


@pytest.mark.parametrize(
    ("sheets", "kind"),
    [
        ({"Sheet1": [FORMS, [1, None, None, "anonyme", None, "LY"]]}, "forms_xlsx"),
        (
            {"Lisezmoi": [["x"]], "Partenaires": [["partner_id"]], "Évaluations": [["partner_id"]]},
            "partner_workbook",
        ),
        (
            {"Feuil1": [["Evaluation 2026"], [], SCORES, ["F1", "2026-Q1", "Délais", 4, 1]]},
            "partner_workbook",
        ),
        (
            {"P&L": [["Société X"], ["Compte", "Libellé", "janv. 2026", "févr. 2026"], [706, "x", 1, 2]]},
            "pnl",
        ),
        ({"Feuil1": [["Site", "janv. 2026", "févr. 2026"], ["LY", 1, 2]]}, "table"),
        ({"Data": [["id", "unit", "Q1"], [1, "LY", 3]]}, "table"),
    ],
)
def test_workbooks_by_their_sheets_and_first_rows(sheets: dict[str, list[list[object]]], kind: str) -> None:
    assert recognise(workbook(**sheets)) == kind


def test_a_formbricks_workbook_is_told_like_its_csv(golden: Callable[[str], bytes]) -> None:
    rows = list(csv.reader(io.StringIO(golden("formbricks/export.csv").decode())))
    assert recognise(workbook(Responses=rows)) == "formbricks_csv"


def test_only_the_head_of_a_workbook_is_unpacked() -> None:
    book = io.BytesIO(workbook(Sheet1=[FORMS]))
    with zipfile.ZipFile(book, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet2.xml", b"<row>" * (1 << 22))
    assert recognise(book.getvalue()) == "forms_xlsx"


def test_magic_bytes() -> None:
    assert recognise(b"$FL2@(#) SPSS DATA FILE") == recognise(b"$FL3...") == "spss_sav"


def test_the_answers_are_the_declared_formats() -> None:
    answers = {*EXPECTED.values(), "spss_sav", "partner_workbook", "table"}
    assert answers == set(get_args(Format)) - {"auto"}


def test_a_ledger_is_never_read_as_a_table_nor_a_table_as_a_ledger(golden: Callable[[str], bytes]) -> None:
    ledger, survey = SourceSpec("l", "ledger", "auto", "*"), SourceSpec("s", "measures", "auto", "*")
    statement = SourceSpec("l", "ledger", "auto", "*", statement=StatementSpec("Ligne"))
    assert settled(golden("recognise/fec_sens.csv"), ledger) == "fec"
    assert settled(b"a,b\n1,2\n", ledger) == "fec"  # whose reader says what a ledger needs
    assert settled(b"Ligne,2026-01\n1,2\n", statement) == "pnl"
    assert settled(golden("recognise/pnl_wide.csv"), survey) == "table"
    path = SourceSpec("s", "responses", "auto", "*", records="items")
    assert settled(golden("recognise/typeform.json"), path) == "table"


@given(st.binary(max_size=400))
def test_any_bytes_are_given_a_format(raw: bytes) -> None:
    for head in (b"", b"PK\x03\x04", b"\xff\xfe", b'{"items":', b"id,submitdate\n"):
        assert recognise(head + raw) in get_args(Format)


@given(st.binary(max_size=200), st.integers(0, 4000))
def test_a_damaged_workbook_has_a_head_or_none(noise: bytes, place: int) -> None:
    raw = bytearray(workbook(Sheet1=[FORMS]))
    raw[place : place + len(noise)] = noise
    assert all(isinstance(name, str) for name, _ in workbook_head(bytes(raw)))


def test_a_recognised_format_is_told(read: Callable[..., Decoded], golden: Callable[[str], bytes]) -> None:
    decoded = read(
        golden("glint/survey.csv"),
        format="auto",
        keys={"response": "EMP ID", "unit": "Site"},
        items=(),
        drop=("*",),
    )
    assert decoded.format == "glint_csv"
    assert "glint_csv" in READERS
