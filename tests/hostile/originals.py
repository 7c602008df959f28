"""The sound files that mutants are made of: small synthetic ones with canaries, golden files, real files."""

from __future__ import annotations

import io
import json
import os
import re
import tempfile
import zipfile
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import openpyxl

from pipelines.ingest import ItemSpec, MeasureSpec, SourceSpec, WaveSpec
from pipelines.ingest.spec import ChoiceSpec, FactSpec, LongSpec, StatementSpec

TESTS = Path(__file__).resolve().parents[1]
GOLDEN = TESTS / "unit" / "ingest" / "golden"
REAL = Path(os.environ.get("RELIER_REAL", TESTS.parents[1] / "shared" / "real"))
LARGEST_REAL = 300_000
# Never a header, a unit or a code: a message that holds it has quoted a cell. One mark for what people are
# called, one for what they write.
CANARY = "Kanaria"
WAVES = (WaveSpec("w", "*"),)


@dataclass(frozen=True)
class Original:
    """A sound file under its declaration. `family`: text, json, zip, sav or ole; `headers`: how many header rows."""

    label: str
    name: str
    raw: bytes
    spec: SourceSpec
    family: str
    headers: int = 1


def _csv_lines(count: int) -> list[str]:
    lines = ["id;unit;at;weight;Q1;Q2;topics;note"]
    for number in range(1, count + 1):
        unit, day = ("LY", "PA")[number % 2], 1 + number % 28
        lines.append(
            f'{CANARY}{number};{unit};2026-03-{day:02} 09:00:00;1,5;{1 + number % 5};A{1 + number % 3};"Écoute, Délais";'
            f'"{CANARY} dit ""{number}"" é\n{CANARY}"'
        )
    return lines


SURVEY = SourceSpec(
    "s", "responses", "table", "*", {"response": "id", "unit": "unit", "submitted_at": "at", "weight": "weight"},
    items=(
        ItemSpec("q1", "Q1", minimum=1, maximum=5),
        ItemSpec("q2", "Q2", values={"A1": 1.0, "A2": 2.0}, missing={"A3": "refused"}),
    ),
    choices=(ChoiceSpec("topics", "topics", options=("Écoute", "Délais")),),
    waves=WAVES, aliases={"LY": "lyon", "PA": "paris"}, comments=("note",),
)  # fmt: skip
LIME = SourceSpec(
    "s", "responses", "limesurvey_csv", "*", {"unit": "G0", "respondent": "token"},
    items=(ItemSpec("q1", "G1[SQ001]", minimum=1, maximum=5, values={"A4": 4.0, "A2": 2.0}),),
    waves=WAVES, aliases={"LY": "lyon"}, comments=("VERB",),
)  # fmt: skip
LIMESURVEY = (
    '"id";"submitdate";"lastpage";"startlanguage";"token";"G0";"G1[SQ001]";"VERB"\r\n'
    f'"1";"2026-03-01 10:12:00";"3";"fr";"{CANARY}a";"LY";"A4";"{CANARY} ""vraiment"",\nsouvent"\r\n'
    f'"2";"2026-03-01 11:00:00";"3";"fr";"{CANARY}b";"LY";"A2";""\r\n'
    f'"3";;"1";"fr";"{CANARY}c";"LY";"A2";"{CANARY}"\r\n\r\n'
)
QUALTRICS = (
    "Status,ResponseId,RecordedDate,Q1,Q2_TEXT\nType,ID,Date,Avis,Pourquoi\n"
    '"{""ImportId"":""status""}","{""ImportId"":""_recordId""}",'
    '"{""ImportId"":""recordedDate"",""timeZone"":""UTC""}","{""ImportId"":""QID1""}","{""ImportId"":""QID2_TEXT""}"\n'
    f"0,R_{CANARY}1,2026-03-01 09:00:00,5,{CANARY}\n1,R_{CANARY}2,2026-03-01 09:00:00,,\n"
)
QUAL = SourceSpec(
    "s", "responses", "qualtrics_csv", "*", {}, "lyon", SURVEY.items[:1], waves=WAVES, comments=("Q2*",)
)
MEASURES = SourceSpec(
    "s", "measures", "table", "*", {"unit": "unit", "n": "n"},
    measures=(MeasureSpec("m", "M", (), "percent", {".": "suppressed"}),), waves=WAVES, aliases={"LY": "lyon"},
)  # fmt: skip
EVENTS = SourceSpec(
    "s", "events", "table", "*", {"response": "id", "unit": "unit", "submitted_at": "done"},
    facts=(FactSpec("on_day", promised="due", actual="done"),), aliases={"LY": "lyon"}, drop=("who",),
)  # fmt: skip
LONG = replace(
    SURVEY, keys={"response": "id", "unit": "unit"}, choices=(), comments=(), drop=("who",),
    long=LongSpec("question", "answer"),
)  # fmt: skip
FEC = SourceSpec("s", "ledger", "fec", "*")
FEC_NAME = "123456789FEC20251231.txt"
LEDGER = (
    "JournalCode\tJournalLib\tEcritureNum\tEcritureDate\tCompteNum\tCompteLib\tCompAuxNum\tCompAuxLib\tPieceRef\tPieceDate\t"
    "EcritureLib\tDebit\tCredit\tEcritureLet\tDateLet\tValidDate\tMontantdevise\tIdevise\n"
    f"VE\tV\t1\t20250131\t706000\tP\t\t\tF1\t20250131\t{CANARY} x\t0,00\t12,00\t\t\t20250131\t\t\n"
    f"VE\tV\t1\t20250131\t411000\tP\tC1\t{CANARY}\tF1\t20250131\tx\t12,00\t0,00\t\t\t20250131\t\t\n"
)
PNL = SourceSpec("s", "ledger", "pnl", "*", statement=StatementSpec("Compte", "Libellé", sign="result"))
STATEMENT = (
    "Compte;Libellé;janv. 2026;févr. 2026;Total\n706;Prestations;120 000,00;115 500,50;235 500,50\n"
    "641;Rémunérations;(60 000,00);(61 200,00);(121 200,00)\n;Résultat;60 000,00;54 300,50;114 300,50\n;;;;\n"
)
JSON = replace(
    SURVEY, keys={"response": "id", "unit": "unit.code"}, choices=(), comments=("note",), records="data"
)
ROWS: list[list[object]] = [
    ["id", "unit", "at", "weight", "Q1", "Q2", "topics", "note"],
    *(
        [f"{CANARY}{n}", "LY", "2026-03-01 09:00:00", 1.5, 1 + n % 5, "A1", "Écoute", CANARY]
        for n in range(1, 7)
    ),
]
ODS = "application/vnd.oasis.opendocument.spreadsheet"


def _documents() -> dict[str, object]:
    records = [
        {"id": f"{CANARY}{n}", "unit": {"code": "LY"}, "Q1": 1 + n % 5, "Q2": "A1", "note": CANARY}
        for n in range(6)
    ]
    return {"meta": {"page": 1}, "data": records}


def xlsx(rows: list[list[object]]) -> bytes:
    """A workbook of one sheet."""
    book, out = openpyxl.Workbook(), io.BytesIO()
    for row in rows:
        book.active.append(row)
    book.save(out)
    return _timeless(out.getvalue())


def _timeless(book: bytes) -> bytes:
    """A workbook without the moment it was made, so that a mutant is always the same file."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(book)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            body = re.sub(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", b"2026-01-01T00:00:00Z", old.read(name))
            new.writestr(zipfile.ZipInfo(name), body, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def ods(rows: list[list[object]], repeated: int = 1) -> bytes:
    """The smallest OpenDocument sheet; the last row `repeated` so many times, as spreadsheets write it."""
    cells = [
        "".join(
            f'<table:table-cell office:value-type="string"><text:p>{cell}</text:p></table:table-cell>'
            for cell in row
        )
        for row in rows
    ]
    body = "".join(f"<table:table-row>{row}</table:table-row>" for row in cells[:-1])
    body += f'<table:table-row table:number-rows-repeated="{repeated}">{cells[-1]}</table:table-row>'
    space = "urn:oasis:names:tc:opendocument:xmlns"
    content = (
        f'<office:document-content xmlns:office="{space}:office:1.0" xmlns:table="{space}:table:1.0" '
        f'xmlns:text="{space}:text:1.0"><office:body><office:spreadsheet><table:table table:name="Data">{body}'
        "</table:table></office:spreadsheet></office:body></office:document-content>"
    )
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo("mimetype"), ODS)
        archive.writestr(
            zipfile.ZipInfo("META-INF/manifest.xml"),
            '<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0">'
            f'<manifest:file-entry manifest:full-path="/" manifest:media-type="{ODS}"/></manifest:manifest>',
        )
        archive.writestr(zipfile.ZipInfo("content.xml"), content, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def _sav(compress: bool) -> bytes:
    import pandas as pd
    import pyreadstat

    cases = {
        "id": [1.0, 2.0, 3.0],
        "unit": [1.0, 1.0, 1.0],
        "Q1": [5.0, 9.0, 1.0],
        "note": [CANARY, "", "é" * 300],
    }
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "cases.sav"
        pyreadstat.write_sav(
            pd.DataFrame(cases), path, column_labels={"Q1": "Avis"}, variable_value_labels={"unit": {1.0: "LY"}},
            missing_ranges={"Q1": [9]}, compress=compress,
        )  # fmt: skip
        raw = path.read_bytes()
    return raw[:92] + b"01 Jan 26" + b"00:00:00" + raw[109:]  # the day and time it was made


SAV = SourceSpec(
    "s", "responses", "spss_sav", "*", {"response": "id", "unit": "unit"}, items=SURVEY.items[:1], waves=WAVES,
    aliases={"LY": "lyon", "1": "lyon"}, comments=("note",),
)  # fmt: skip


def _synthetic() -> list[Original]:
    events = "id,unit,due,done,who\n" + "".join(
        f"{CANARY}{n},LY,2025-05-10,2025-05-{9 + n % 3:02},{CANARY}\n" for n in range(8)
    )
    long = "id;unit;question;answer;who\n" + "".join(
        f"{CANARY}{n};LY;{question};{answer};{CANARY}\n"
        for n in range(4)
        for question, answer in (("Q1", 3), ("Q2", "A1"))
    )
    return [
        Original("survey csv", "survey.csv", ("\n".join(_csv_lines(24)) + "\n").encode(), SURVEY, "text"),
        Original("limesurvey", "lime.csv", LIMESURVEY.encode("utf-8-sig"), LIME, "text"),
        Original("qualtrics", "qualtrics.csv", QUALTRICS.encode(), QUAL, "text", 3),
        Original("measures cp1252", "m.csv", f"unit;n;M\nLY;1 204;62,5%\nLY;12;.\nÉté{CANARY};3;4\n".encode("cp1252"), MEASURES, "text"),
        Original("events", "events.csv", events.encode(), EVENTS, "text"),
        Original("long", "long.csv", long.encode(), LONG, "text"),
        Original("fec", FEC_NAME, LEDGER.encode(), FEC, "text"),
        Original("statement", "pnl.csv", STATEMENT.encode("cp1252"), PNL, "text"),
        Original("json", "answers.json", json.dumps(_documents(), ensure_ascii=False).encode(), JSON, "json"),
        Original("xlsx", "survey.xlsx", xlsx(ROWS), SURVEY, "zip"),
        Original("ods", "survey.ods", ods(ROWS), SURVEY, "zip"),
        Original("sav", "cases.sav", _sav(False), SAV, "sav"),
        Original("zsav", "cases.sav", _sav(True), SAV, "sav"),
    ]  # fmt: skip


_HEADERS = {"surveymonkey": 2, "qualtrics": 3}
_FORMATS = {
    "formbricks": "formbricks_csv", "forms": "forms_xlsx", "glint": "glint_csv", "google_forms": "google_forms",
    "limesurvey": "limesurvey_csv", "qualtrics": "qualtrics_csv", "surveymonkey": "surveymonkey_csv",
    "typeform": "typeform_csv",
}  # fmt: skip


def _any(format_name: str, **parts: object) -> SourceSpec:
    """Reads whatever has the format: every column is dropped, so what is judged is the cutting into records."""
    told: dict[str, object] = {"unit": "lyon", "drop": ("*",), "waves": WAVES} | parts
    return SourceSpec("s", "responses", format_name, "*", **told)  # type: ignore[arg-type]  # parts of a SourceSpec


def _golden() -> list[Original]:
    found = []
    for path in sorted(GOLDEN.glob("*/*")):
        folder, raw = path.parent.name, path.read_bytes()
        label = f"golden {folder}/{path.name}"
        if folder == "json":
            paths = {
                "typeform": None,
                "formbricks": None,
                "zendesk": "satisfaction_ratings",
                "intercom": "conversations",
            }
            tool = path.name.split("_")[0]
            kind = f"{tool}_json" if tool in {"typeform", "formbricks"} else "table"
            spec = _any(kind, records=paths.get(tool, "data"))
            found.append(Original(label, path.name, raw, spec, "json"))
        elif "fec" in path.name:
            found.append(Original(label, FEC_NAME, raw, FEC, "text"))
        elif "pnl" in path.name:
            spec = (
                PNL
                if "wide" in path.name
                else replace(
                    PNL, statement=StatementSpec("Compte", "Libellé", None, "Mois", "Montant", "result")
                )
            )
            found.append(Original(label, path.name, raw, spec, "text"))  # fmt: skip
        elif folder in _FORMATS:
            found.append(
                Original(label, path.name, raw, _any(_FORMATS[folder]), "text", _HEADERS.get(folder, 1))
            )
    return found


def _real() -> list[Original]:
    found = []
    for path in sorted(REAL.rglob("*")) if REAL.is_dir() else []:
        kind = path.suffix.lower()
        if (
            not path.is_file()
            or path.stat().st_size > LARGEST_REAL
            or kind not in {".csv", ".txt", ".xlsx", ".xls", ".ods"}
        ):
            continue
        family = {".csv": "text", ".txt": "text", ".xls": "ole"}.get(kind, "zip")
        label, raw = f"real {path.name}", path.read_bytes()
        if "FEC" in path.name:
            found.append(Original(label, path.name, raw, FEC, family))
        elif "qualtrics" in path.name:
            headers = 3 if "3headers" in path.name else 2
            found.append(Original(label, path.name, raw, _any("qualtrics_csv"), family, headers))
        else:
            sheet = "*" if family in {"zip", "ole"} else None
            found.append(Original(label, path.name, raw, _any("table", sheet=sheet), family))
    return found


@cache
def originals() -> tuple[Original, ...]:
    """All of them, in a stable order."""
    return (*_synthetic(), *_golden(), *_real())
