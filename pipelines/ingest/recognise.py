"""Which tool wrote a file, told from its content alone: magic bytes, header rows, keys. Its name says nothing here."""

from __future__ import annotations

import re
from collections.abc import Sequence

from pipelines.ingest import (
    fec,
    forms_xlsx,
    google_forms,
    limesurvey,
    partner_workbook,
    qualtrics,
    surveymonkey,
)
from pipelines.ingest.header import tidy
from pipelines.ingest.scan import SAMPLE, Unterminated, detect_delimiter, scan
from pipelines.ingest.spec import SourceSpec
from pipelines.ingest.statement import header_month
from pipelines.ingest.workbook_head import Head, workbook_head

SAV = (b"$FL2", b"$FL3")
ZIP, OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
LEDGERS = ("fec", "pnl")
ACCOUNT = re.compile(r"(?:n°|num(?:éro)?|no\.?)?\s*(?:de )?compte|compte.*|(?:gl )?account.*|rubrique|poste")
PERIOD = re.compile(r"mois|month|p[eé]riode?|period")
AMOUNT = re.compile(r"montant|amount|solde|balance|r[eé]alis[eé]|actual")


def settled(raw: bytes, spec: SourceSpec) -> str:
    """The format of `raw` under a declaration that leaves it open; a ledger is never read as a table or the reverse."""
    found = recognise(raw)
    if spec.kind == "ledger":
        return found if found in LEDGERS else "pnl" if spec.statement else "fec"
    return "table" if found in LEDGERS or spec.records is not None else found


def recognise(raw: bytes) -> str:
    """The format of `raw`, one of the names of `declared.sources.Format`; `table` where no tool is recognised.

    Looks at the head of the file only, and never raises.
    """
    if raw.startswith(SAV):
        return "spss_sav"
    if raw.startswith(OLE):
        return "table"
    if raw.startswith(ZIP):
        return _workbook(workbook_head(raw))
    text = _head(raw)
    if text.lstrip()[:1] in ("{", "["):
        return _json(text)
    data = text.encode()
    if _is_fec(data):
        return "fec"
    return _by_header(_rows(data)) or "table"


def _head(raw: bytes) -> str:
    """The first characters, in whatever encoding: only names are looked for, which damage elsewhere does not hide."""
    head = raw[:SAMPLE]
    for mark, name in ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be")):
        if head.startswith(mark):
            return head[len(mark) :].decode(name, "ignore")
    try:
        return head.decode("utf-8")
    except UnicodeDecodeError as problem:
        # the last character of the sample, not of the file
        cut = len(raw) > SAMPLE and problem.start >= SAMPLE - 4
        return head.decode("utf-8" if cut else "cp1252", "ignore")


def _rows(data: bytes, quoted: bool = True) -> list[list[str]]:
    rows: list[list[str]] = []
    try:
        for row in scan(data, detect_delimiter(data, quoted=quoted), quoted=quoted):
            rows.append([tidy(cell or "") for cell in row.cells])
            if len(rows) == 30:
                break
    except Unterminated:
        pass
    return rows


def _json(text: str) -> str:
    def has(*keys: str) -> bool:
        return all(re.search(rf'"{key}"\s*:', text) for key in keys)

    if has("items", "answers") and (has("token") or has("landed_at")):
        return "typeform_json"
    if has("data", "surveyId") and (has("finished") or has("ttc")):
        return "formbricks_json"
    return "table"


def _is_fec(data: bytes) -> bool:
    rows = _rows(data[:65536], quoted=False)
    if not rows:
        return False
    names = set(map(fec.normal, rows[0]))
    if names.issuperset(fec.NEEDED):
        return bool(names & {"debit", "credit", "montant", "sens"})
    return all(_is_fec_line(row) for row in rows[:3])


def _is_fec_line(cells: Sequence[str]) -> bool:
    """A line of a ledger without a header: date, account, piece date, and two amounts where the order puts them."""
    day = re.compile(r"\d{8}|\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}(?: .*)?")
    amount = re.compile(r"[-+]?[\d ]*[.,]?\d*[-+]?|[DCdc]")
    return (
        len(cells) >= 17
        and day.fullmatch(cells[3]) is not None
        and re.match(r"\d{3}", cells[4]) is not None
        and (not cells[9] or day.fullmatch(cells[9]) is not None)
        and all(amount.fullmatch(cell) is not None for cell in cells[11:13])
    )


def _workbook(head: Head) -> str:
    sheets = {partner_workbook.bare(name) for name, _ in head}
    if "evaluations" in sheets and sheets & {"partenaires", "partners", "referentiel"}:
        return "partner_workbook"
    for _, rows in head:
        if found := _by_header([[tidy(cell) for cell in row] for row in rows]):
            return found
    if any(_is_partner_header(row) for _, rows in head for row in rows):
        return "partner_workbook"
    return "table"


def _is_partner_header(row: Sequence[str]) -> bool:
    found = {partner_workbook.canonical(cell) for cell in row} - {""}
    return (
        len(found) >= partner_workbook.NEEDED and {partner_workbook.PARTNER, partner_workbook.SCORE} <= found
    )


def _by_header(rows: list[list[str]]) -> str | None:
    """The tool whose own columns the first rows name."""
    if not rows:
        return None
    names = [cell for cell in rows[0] if cell]
    lower = [name.lower() for name in names]
    if len(rows) > 2 and any(qualtrics.import_id(cell)[0] for cell in rows[2]):
        return "qualtrics_csv"
    if len(rows) > 1 and "ResponseID" in rows[1] and any(qualtrics.LEGACY.fullmatch(name) for name in names):
        return "qualtrics_csv"
    if surveymonkey.RESPONSE & set(lower) and any(
        re.match(r"collector[ _]?id|id du collecteur", n) for n in lower
    ):
        return "surveymonkey_csv"
    if "Survey Cycle Completion Date" in names:
        return "glint_csv"
    if {"Start Date (UTC)", "Submit Date (UTC)"} <= set(names) or (
        names[:1] == ["#"] and "Network ID" in names
    ):
        return "typeform_csv"
    if {"Response ID", "Timestamp", "Finished"} <= set(names):
        return "formbricks_csv"
    if _is_limesurvey(names):
        return "limesurvey_csv"
    if len(lower) > 2 and all(lower[place] in forms_xlsx.SYNONYMS[place] for place in range(3)):
        return "forms_xlsx"
    if lower[:1] and (lower[0] in google_forms.DAY_FIRST or names[0] == "Timestamp"):
        return "google_forms"
    return "pnl" if any(_is_statement_header(row) for row in rows) else None


def _is_limesurvey(names: list[str]) -> bool:
    told = {*names, *limesurvey.codes(names)}
    own = {"id", "submitdate", "lastpage", "startlanguage", "seed", "startdate", "datestamp"} & told
    return "id" in own and len(own) >= 3 and bool(own & {"submitdate", "lastpage"})


def _is_statement_header(row: Sequence[str]) -> bool:
    """Months beside accounts, or the three columns of a long statement."""
    names = [cell.lower() for cell in row if cell]
    if not any(ACCOUNT.fullmatch(name) for name in names[:3]):
        return False
    months = sum(header_month(name) is not None for name in names)
    return months >= 2 or (
        len(names) <= 8 and any(map(PERIOD.fullmatch, names)) and any(map(AMOUNT.fullmatch, names))
    )
