"""Workbooks beyond one good sheet: every sheet, hidden ones, and what is made to fill the memory."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from pipelines.ingest import Decoded, FileProblem, ItemSpec, MeasureSpec, SourceSpec, WaveSpec
from pipelines.ingest import isolated as limits
from pipelines.ingest.isolated import parse
from pipelines.ingest.spec import LongSpec

Decode = Callable[..., Decoded]
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"
HEAD = '<row r="1"><c r="A1" t="inlineStr"><is><t>id</t></is></c></row>'


def workbook(sheets: dict[str, Sequence[Sequence[Any]]], hidden: Sequence[str] = ()) -> bytes:
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(list(row))
        sheet.sheet_state = "hidden" if name in hidden else "visible"
    raw = io.BytesIO()
    book.save(raw)
    return raw.getvalue()


def xlsx(rows: str, strings: str = "", extra: dict[str, str] | None = None) -> bytes:
    """A workbook written part by part, as no spreadsheet program would."""
    raw = io.BytesIO()
    link = '<Relationship Id="rId{}" Type="' + OFFICE + '/{}" Target="{}"/>'
    parts = {
        "[Content_Types].xml": '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>',
        "_rels/.rels": f'<Relationships xmlns="{PACKAGE}">{link.format(1, "officeDocument", "xl/workbook.xml")}</Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}"><sheets><sheet name="S" sheetId="1" r:id="rId1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{PACKAGE}">'
        + link.format(1, "worksheet", "worksheets/sheet1.xml")
        + link.format(2, "sharedStrings", "sharedStrings.xml")
        + "</Relationships>",
        "xl/sharedStrings.xml": f'<sst xmlns="{MAIN}">{strings}</sst>',
        "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{MAIN}"><dimension ref="A1:XFD1048576"/><sheetData>{rows}</sheetData></worksheet>',
    } | (extra or {})
    with zipfile.ZipFile(raw, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in parts.items():
            archive.writestr(name, text)
    return raw.getvalue()


def ods(rows: str) -> bytes:
    raw = io.BytesIO()
    names = "".join(
        f' xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"'
        for name in ("office", "table", "text")
    )
    kind = "application/vnd.oasis.opendocument.spreadsheet"
    manifest = "urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"
    with zipfile.ZipFile(raw, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", kind)
        archive.writestr(
            "META-INF/manifest.xml",
            f'<m:manifest xmlns:m="{manifest}"><m:file-entry m:full-path="/" m:media-type="{kind}"/></m:manifest>',
        )
        archive.writestr(
            "content.xml",
            f"<office:document-content{names}><office:body><office:spreadsheet>"
            f'<table:table table:name="S">{rows}</table:table></office:spreadsheet></office:body></office:document-content>',
        )
    return raw.getvalue()


def test_every_sheet_that_has_the_columns_is_read_and_the_others_are_named(read: Decode) -> None:
    head = ["Agency", "Agree", "Total"]
    content = workbook(
        {
            "Index": [["A list of sheets"]],
            "Q1": [
                ["First question"],
                [],
                head,
                ["\xa0"],
                ["LY", "25.3 %\xa0", "1,074 \xa0"],
                ["PA", "--", "227"],
            ],
            "Q2": [[], [], [*head, "Do not\nknow"], ["LY", "40.4 %\xa0", "900", "3"]],
            "Q3": [[], [], ["Total", "Often", "Agency"], [800, "61.0 %", "PA"]],
            "Q11": [[], [], ["Agency", "Quit", "Total"], ["LY", "1.0 %", "3"]],
            "Old": [[], [], head, ["LY", "99 %", "1"]],
        },
        hidden=["Old"],
    )
    decoded = read(
        content,
        kind="responses",
        sheet="*",
        header_row=3,
        keys={"unit": "Agency"},
        segments={"question": "@sheet"},
        items=(ItemSpec("agree", "Agree", ("Often",), 0, 100, missing={"--": "not_shown"}),),
        drop=("Total", "Do not know"),
    )
    assert (decoded.records, decoded.accepted) == (4, 4)
    assert decoded.table["segment_question"].to_pylist() == ["Q1", "Q1", "Q2", "Q3"]
    assert decoded.table["agree"].to_pylist() == [0.253, None, 0.404, 0.61] or decoded.table[
        "agree"
    ].to_pylist() == [25.3, None, 40.4, 61.0]
    assert decoded.table["unit_code"].to_pylist() == ["lyon", "paris", "lyon", "paris"]
    assert decoded.warnings == [
        'hidden sheets are not read: "Old"',
        '2 sheets without any declared answer column are left out: "Index", "Q11"',
        '3 sheets read, lines are rows of each sheet: "Q1" from record 1, "Q2" from record 3, "Q3" from record 4',
    ]


def test_a_problem_in_a_later_sheet_has_the_row_of_its_own_sheet(read: Decode) -> None:
    rows = [["id", "unit", "Q1"], [1, "LY", 3], [2, "LY", 4]]
    content = workbook({"a": rows, "b": [rows[0], [3, "LY", 2], [], [4, "LY", 9]]})
    (problem,) = read(content, sheet="*").quarantined
    assert (problem.record, problem.line, problem.reason) == (4, 4, "out_of_scale")


def test_a_sheet_with_some_of_the_columns_holds_the_file(read: Decode) -> None:
    content = workbook({"a": [["id", "unit", "Q1"], [1, "LY", 3]], "b": [["id", "Q1"], [2, 4]]})
    with pytest.raises(FileProblem) as caught:
        read(content, sheet="*")
    assert (caught.value.reason, caught.value.status) == ("missing_column", "held")
    assert caught.value.expected == 'column "unit" in sheet "b"'


def test_no_sheet_with_the_columns_holds_the_file(read: Decode) -> None:
    with pytest.raises(FileProblem, match="header_not_recognised"):
        read(workbook({"a": [["x"], [1]], "b": [["y"], [2]]}), sheet="*")


def test_a_hidden_sheet_is_read_only_by_name_and_never_in_silence(read: Decode) -> None:
    good = [["id", "unit", "Q1"], [1, "LY", 3]]
    content = workbook({"Notes": [["nothing here"]], "Data": good}, hidden=["Data"])
    with pytest.raises(
        FileProblem, match=r'no_records.*found a header only; hidden sheets are not read: "Data"'
    ):
        read(content)
    assert 'the declared sheet "Data" is hidden in the workbook' in read(content, sheet="Data").warnings
    assert read(workbook({"Data": good, "Old": good}, hidden=["Old"])).warnings == [
        'hidden sheets are not read: "Old"'
    ]


def test_numbers_texts_and_truth_in_one_column_stay_what_they_are() -> None:
    column = parse(
        workbook({"s": [[1], [True], ["1"], [1.0], [0.5], ["x"], [None], [False], [0]]}),
        "workbook",
        sheet=None,
    )
    (sheet,) = column.sheets
    texts = [sheet.columns[0].at(row) for row in range(sheet.height)]
    assert texts == ["1", "TRUE", "1", "1", "0.5", "x", "", "FALSE", "0"]
    assert sheet.columns[0].typed == {"1", "0.5", "0"}


FAR = HEAD + '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'
REPEATED = '<table:table-cell office:value-type="string" table:number-columns-repeated="16000"><text:p>x</text:p></table:table-cell>'
HOSTILE = {
    "a cell at the far corner": (xlsx(FAR), "too_large"),
    "a long text in every cell": (
        xlsx(
            HEAD + "".join(f'<row r="{r}"><c r="A{r}" t="s"><v>0</v></c></row>' for r in range(2, 4000)),
            "<si><t>" + "x" * 1_000_000 + "</t></si>",
        ),
        "too_large",
    ),
    "a text that is not there": (
        xlsx(HEAD + '<row r="2"><c r="A2" t="s"><v>999</v></c></row>'),
        "unreadable",
    ),
    "a row beyond any": (
        xlsx(HEAD + '<row r="99999999999"><c r="ZZZZZZ99999999999"/></row>'),
        "unreadable|no_records",
    ),
    "entities": (
        xlsx(HEAD, extra={"xl/sharedStrings.xml": '<!DOCTYPE sst [<!ENTITY a "aaaa">]><sst>&a;</sst>'}),
        "entities",
    ),
    "a path outside": (xlsx(HEAD, extra={"../../etc/passwd": "x"}), "unsafe_names"),
    "not a workbook": (b"PK\x05\x06" + bytes(18), "no_header|header|empty|nul_bytes"),
    "repeated cells": (
        ods(f'<table:table-row table:number-rows-repeated="1000000">{REPEATED}</table:table-row>'),
        "too_large|unreadable",
    ),
    "a damaged compound document": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\xff" * 5000, "unreadable"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_what_is_made_to_harm_is_refused_with_its_reason(read: Decode, name: str) -> None:
    content, reason = HOSTILE[name]
    with pytest.raises(FileProblem, match=f"^(?:{reason})"):
        read(content)


def test_a_declared_dimension_and_repeated_empty_rows_cost_nothing(read: Decode) -> None:
    cells = [
        f'<c r="{c}1" t="inlineStr"><is><t>{t}</t></is></c>'
        for c, t in zip("ABC", ("id", "unit", "Q1"), strict=True)
    ]
    row = '<row r="2"><c r="A2"><v>1</v></c><c r="B2" t="inlineStr"><is><t>LY</t></is></c><c r="C2"><v>3</v></c></row>'
    assert read(xlsx(f'<row r="1">{"".join(cells)}</row>{row}')).accepted == 1
    texts = [
        "".join(
            f'<table:table-cell office:value-type="string"><text:p>{t}</text:p></table:table-cell>'
            for t in texts
        )
        for texts in (("id", "unit", "Q1"), ("1", "LY", "3"))
    ]
    filled = "".join(f"<table:table-row>{cells}</table:table-row>" for cells in texts)
    empty = '<table:table-row table:number-rows-repeated="1048000"><table:table-cell table:number-columns-repeated="16000"/></table:table-row>'
    assert read(ods(filled + empty), name="survey.csv").accepted == 1


def test_a_zip_of_other_files_says_so(read: Decode) -> None:
    raw = io.BytesIO()
    with zipfile.ZipFile(raw, "w") as archive:
        archive.writestr("answers.csv", "id,unit,Q1\n")
    with pytest.raises(FileProblem, match=r"not_a_workbook.*zip of 1 files; unpack it"):
        read(raw.getvalue())


def test_a_parser_that_takes_too_long_is_stopped(monkeypatch: pytest.MonkeyPatch, read: Decode) -> None:
    monkeypatch.setattr(limits, "WAIT", 0.001)
    with pytest.raises(FileProblem, match="too_slow"):
        read(workbook({"Data": [["id", "unit", "Q1"], [1, "LY", 3]]}))


@pytest.mark.real
@pytest.mark.parametrize(
    ("year", "sheets", "out", "records", "figures"),
    [
        (2021, 32, 36, 1472, [("dhs", 21.9), ("doc", 30.9)]),
        (2023, 77, 21, 3542, [("dhs", 23.0), ("doc", 29.2)]),
    ],
)
def test_the_viewpoint_survey_is_read_sheet_by_sheet(
    real: Path, read: Decode, year: int, sheets: int, out: int, records: int, figures: list[tuple[str, float]]
) -> None:
    file = real / "employee" / "fevs" / f"fevs_{year}_report_by_agency.xlsx"
    spec = SourceSpec(
        "fevs", "measures", "auto", "*", sheet="*", header_row=4, keys={"unit": "Agency"},
        long=LongSpec("@sheet", "Strongly Agree"), waves=(WaveSpec("w", "*"),),
        measures=(MeasureSpec("skills", "Q1", (), "percent", {"--": "suppressed"}, 0, 100),),
        aliases={"DHS": "dhs", "DOC": "doc"}, drop=("*",),
    )  # fmt: skip
    decoded = read(file.read_bytes(), spec)
    assert (decoded.records, decoded.format) == (records, "table")
    assert decoded.warnings[0].startswith(f"{out} sheets without any declared answer column are left out: ")
    assert decoded.warnings[1].startswith(f"{sheets} sheets read, lines are rows of each sheet")
    asked = [row for row in decoded.table.to_pylist() if row["measure_code"] == "skills"]
    assert [(row["unit_code"], float(row["value"])) for row in asked] == figures
