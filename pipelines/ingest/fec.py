"""French accounting ledgers (FEC, art. A47 A-1 LPF), as editors really write them.

No quoting: a quote is a letter like any other. Amounts are exact decimals, read by Arrow, never floats.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.ingest.amounts import MONEY, read_amounts
from pipelines.ingest.columns import Coded, Fault, Faults, coded, tidied, tidy_texts
from pipelines.ingest.dates import read_day
from pipelines.ingest.delimited import Delimited
from pipelines.ingest.fec_closing import Closing
from pipelines.ingest.fec_forms import ebcdic, names_without_header
from pipelines.ingest.generic import PAGES
from pipelines.ingest.grid import CODED, TEXT, Cells
from pipelines.ingest.model import Decoded, FileProblem, Problem
from pipelines.ingest.months import last_day
from pipelines.ingest.parallel import in_order
from pipelines.ingest.spec import SourceSpec
from pipelines.ingest.spool import Shelf
from pipelines.ingest.spreadsheet import is_workbook
from pipelines.ingest.tables import Collected, Sink
from pipelines.ingest.text import read_text

NAME = re.compile(r"(.*)FEC(20\d\d[01]\d[0-3]\d)")
# The 18 columns of the order, as spelled once accents, case and signs are taken away.
STANDARD = (
    "journalcode", "journallib", "ecriturenum", "ecrituredate", "comptenum", "comptelib", "compauxnum", "compauxlib",
    "pieceref", "piecedate", "ecriturelib", "debit", "credit", "ecriturelet", "datelet", "validdate", "montantdevise",
    "idevise",
)  # fmt: skip
SYNONYMS = {
    "codejournal": "journalcode",
    "libellejournal": "journallib",
    "numeroecriture": "ecriturenum",
    "numecriture": "ecriturenum",
    "dateecriture": "ecrituredate",
    "numerocompte": "comptenum",
    "numcompte": "comptenum",
    "compte": "comptenum",
    "libellecompte": "comptelib",
    "compteauxnum": "compauxnum",
    "numcompteaux": "compauxnum",
    "compteauxlib": "compauxlib",
    "refpiece": "pieceref",
    "datepiece": "piecedate",
    "libelleecriture": "ecriturelib",
    "montantdebit": "debit",
    "montantcredit": "credit",
    "ecrturelet": "ecriturelet",
    "lettrage": "ecriturelet",
    "datelettrage": "datelet",
    "datevalid": "validdate",
    "datevalidation": "validdate",
    "devise": "idevise",
}
NEEDED = ("journalcode", "ecrituredate", "comptenum")
DEBIT, CREDIT = {"d", "debit", "débit", "+1", "1", "+"}, {"c", "credit", "crédit", "-1", "-"}
TEXTS = {
    "journal_code": "journalcode",
    "entry_number": "ecriturenum",
    "account_code": "comptenum",
    "auxiliary_code": "compauxnum",
    "piece_ref": "pieceref",
    "lettering_code": "ecriturelet",
}
# Nearly every entry has its own: not worth a dictionary.
SCATTERED = ("ecriturenum", "pieceref", "ecriturelet")
DAYS = {"piece_date": "piecedate", "lettering_date": "datelet", "validation_date": "validdate"}
ORDER = [
    "record_number", "company_code", "closing_date", "journal_code", "entry_number", "entry_date", "account_code",
    "auxiliary_code", "auxiliary_is_alias", "piece_ref", "piece_date", "debit", "credit", "lettering_code",
    "lettering_date", "validation_date",
]  # fmt: skip


@dataclass
class Ledger:
    """A piece of a ledger on its way from text to values: positions by standard name, and the faults found so far.

    Shared by all pieces: how many dates of a column could not be read, and the decimal marks of the amounts.
    """

    grid: Delimited
    cells: Cells
    places: dict[str, int]
    faults: Faults
    unread: Counter[str]
    marks: set[str]

    def coded(self, name: str) -> Coded | None:
        return coded(self.cells.columns[self.places[name]]) if name in self.places else None

    def shown(self, name: str) -> str:
        return self.grid.headers[0][self.places[name]]


def decode_fec(raw: bytes, name: str, spec: SourceSpec, sink: Sink | None = None) -> Decoded:
    """A ledger file. Raises FileProblem where it is no ledger or its amounts cannot be settled."""
    grid, places = _open(raw)
    try:
        return _decode(grid, places, name, spec, sink)
    except FileProblem as problem:
        problem.records = problem.records or grid.records
        raise


def _open(raw: bytes) -> tuple[Delimited, dict[str, int]]:
    if is_workbook(raw) or raw[:1024].lstrip()[:9].lower().startswith(PAGES):
        raise FileProblem(
            "not_a_ledger",
            expected="a FEC as text, tab or pipe between its columns",
            found="another kind of file",
            fix="export the FEC from the accounting tool and send that",
        )
    text = ebcdic(raw) or read_text(raw, keep_nul=True)
    grid = Delimited(text, quoted=False, trailing_mark=True)
    places = _places(grid.headers[0])
    if len(places) < 3 and (names := names_without_header(grid.headers[0], STANDARD, read_day)):
        grid = Delimited(text, quoted=False, trailing_mark=True, names=names)
        places = _places(grid.headers[0])
    amounts = ("montant", "sens") if "montant" in places else ("debit", "credit")
    absent = [column for column in (*NEEDED, *amounts) if column not in places]
    if absent:
        raise FileProblem(
            "missing_column",
            expected="the columns of a FEC",
            found="no " + ", no ".join(absent),
            fix="export the FEC from the accounting tool with its 18 columns",
            status="held",
            records=grid.records,
        )
    return grid, places


def normal(name: str) -> str:
    """A column name without accents, case and signs, in its standard spelling."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    letters = re.sub(r"[^a-z0-9]", "", plain)
    return SYNONYMS.get(letters, letters)


def _places(header: Sequence[str]) -> dict[str, int]:
    known = {*STANDARD, "montant", "sens"}
    places: dict[str, int] = {}
    for place, name in enumerate(header):
        if normal(name) in known:
            places.setdefault(normal(name), place)
    return places


def _decode(
    grid: Delimited, places: dict[str, int], name: str, spec: SourceSpec, sink: Sink | None
) -> Decoded:
    """All lines are read before any is given away: whose year it is and what closes it, only the whole file tells."""
    wanted = {places[column]: TEXT if column in SCATTERED else CODED for column in places}
    unread: Counter[str] = Counter()
    marks: set[str] = set()
    shelf, closing, problems = Shelf(), Closing(), list[Problem]()

    def read(cells: Cells) -> tuple[pa.Table, list[Problem]]:
        ledger = Ledger(grid, cells, places, Faults(len(cells.numbers)), unread, marks)
        lines = _lines(ledger, spec)
        found = [*cells.problems, *ledger.faults.problems(cells.numbers, grid.lines)]
        return lines, sorted(found, key=lambda problem: problem.record or 0)

    for lines, found in in_order(read, grid.pieces(dict(sorted(wanted.items())))):
        problems += found
        closing.add(lines)
        shelf.put(lines)
    closing.settle(lambda: (pa.Table.from_batches([batch]) for batch in shelf))
    warnings = [
        f"{unread[column]} dates of {grid.headers[0][places[column]]} could not be read and are left empty"
        for column in DAYS.values()
        if unread[column]
    ]
    if closing.lines:
        journals = ", ".join(map(str, sorted(closing.journals, key=str)))
        warnings.append(f"{closing.lines} lines that close classes 6 and 7 (journal {journals}) are left out")
    company, end = _identity(closing.days, name, spec, warnings)
    out, accepted = Collected(sink, None), 0
    for batch in shelf:
        lines = pa.Table.from_batches([batch])
        keep = np.asarray(lines["keep"]) & ~closing.among(lines)
        kept = lines if keep.all() else lines.filter(pa.array(keep))
        accepted += kept.num_rows
        own = {
            "company_code": pa.repeat(company, kept.num_rows),
            "closing_date": pa.repeat(pa.scalar(end, pa.date32()), kept.num_rows),
        }
        out.add(pa.table({column: own[column] if column in own else kept[column] for column in ORDER}))
    return Decoded(
        table=out.table(),
        records=grid.records - closing.lines,
        accepted=accepted,
        duplicates=0,
        quarantined=problems,
        wave_code=None,
        encoding=grid.encoding,
        delimiter=grid.delimiter,
        format=spec.format,
        warnings=[*grid.warnings, *warnings],
        company_code=company,
        closing_date=end,
    )


def _lines(ledger: Ledger, spec: SourceSpec) -> pa.Table:
    """The lines of one piece as values; `keep` marks those without a fault."""
    columns: dict[str, pa.Array] = {"record_number": pa.array(ledger.cells.numbers, pa.int32())}
    columns |= {column: _texts(ledger, source) for column, source in TEXTS.items()}
    columns["entry_date"] = _days(ledger, "ecrituredate", needed=True)
    columns |= {column: _days(ledger, source, needed=False) for column, source in DAYS.items()}
    _refuse_accounts(ledger, columns["account_code"])
    columns["debit"], columns["credit"] = _amounts(ledger)
    aliases = pa.array(sorted(spec.ledger_aliases), TEXT)
    columns["auxiliary_is_alias"] = pc.is_in(columns["auxiliary_code"], aliases)
    columns["keep"] = pa.array(ledger.faults.rows == 0)
    return pa.table(columns)


def _texts(ledger: Ledger, name: str) -> pa.Array:
    if name not in ledger.places:
        return pa.nulls(len(ledger.cells.numbers), TEXT)
    column = ledger.cells.columns[ledger.places[name]]
    if name in SCATTERED:
        return tidied(column)
    texts = coded(column)
    return texts.spread_text(tidy_texts(texts))


def _refuse_accounts(ledger: Ledger, accounts: pa.Array) -> None:
    fault = Fault(
        "bad_account",
        ledger.shown("comptenum"),
        "an account that starts with digits",
        "correct the line in the ledger",
    )
    good = pc.fill_null(pc.match_substring_regex(accounts, "^[1-9][0-9]"), False)
    ledger.faults.add(fault, ~np.asarray(good))


def _days(ledger: Ledger, name: str, needed: bool) -> pa.Array:
    """Days by distinct text. Only the entry's own date refuses a line: no other is worth an unbalanced ledger."""
    column = ledger.coded(name)
    if column is None:
        return pa.nulls(len(ledger.cells.numbers), pa.date32())
    days: list[date | None] = []
    wrong: list[bool] = []
    for text in tidy_texts(column):
        try:
            days.append(read_day(text or ""))
            wrong.append(needed and days[-1] is None)
        except ValueError:
            days.append(None)
            wrong.append(True)
    if needed:
        fault = Fault("bad_date", ledger.shown(name), "a date as AAAAMMJJ", "correct the line in the ledger")
        ledger.faults.spread([fault if bad else None for bad in wrong], column.index)
    else:
        ledger.unread[name] += int(np.array(wrong)[column.index].sum())
    return pa.array(days, pa.date32()).take(pa.array(column.index))


def _identity(
    days: Counter[date | None], name: str, spec: SourceSpec, warnings: list[str]
) -> tuple[str, date]:
    """SIREN and closing date from the file name, else from what the file holds, saying so."""
    own = name.rsplit("/", 1)[-1].upper()
    found = NAME.search(own)
    last = max((day for day, lines in days.items() if day and lines), default=None)
    closing = _closing(found[2]) if found else None
    if found and closing:
        digits = re.search(r"[0-9]+$", found[1])
        company = digits[0] if digits else " ".join(found[1].split()) or spec.code
        early = date(closing.year - 1, closing.month, min(closing.day, 28))
        if outside := sum(lines for day, lines in days.items() if day and not early <= day <= closing):
            warnings.append(f"{outside} lines are dated outside the year that closes on {closing}")
        return company, closing
    if last is None:
        raise FileProblem(
            "unknown_year",
            expected="a name such as 123456789FEC20241231.txt, or dated lines",
            found="neither",
            fix="name the file as the law says: SIREN, FEC, closing date",
            status="held",
        )
    siren = re.search(r"(?<![0-9])[0-9]{9}(?![0-9])", own)
    end = last_day(last.year, last.month)
    warnings.append(f"the name holds no closing date: {end} is taken from the last line")
    return siren[0] if siren else spec.code, end


def _closing(digits: str) -> date | None:
    try:
        return date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError:
        return None


def _amounts(ledger: Ledger) -> tuple[pa.Array, pa.Array]:
    """Debit and credit; a ledger that writes Montant and Sens is split by its sign letter."""
    nothing = pa.scalar(Decimal(0), MONEY)
    if "montant" not in ledger.places:
        names = ("debit", "credit")
        columns = [ledger.cells.columns[ledger.places[name]] for name in names]
        (debit, bad_debit), (credit, bad_credit) = read_amounts(columns, ledger.marks)
        bad = bad_debit | bad_credit | np.asarray(pc.and_(debit.is_null(), credit.is_null()))
        _refuse_amounts(ledger, names[0], bad)
        return debit.fill_null(nothing), credit.fill_null(nothing)
    ((amount, bad),) = read_amounts([ledger.cells.columns[ledger.places["montant"]]], ledger.marks)
    column = coded(ledger.cells.columns[ledger.places["sens"]])
    signs = [(text or "").lower() for text in tidy_texts(column)]
    is_debit = np.array([sign in DEBIT for sign in signs])[column.index]
    is_credit = np.array([sign in CREDIT for sign in signs])[column.index]
    _refuse_amounts(ledger, "montant", bad | np.asarray(amount.is_null()) | ~(is_debit | is_credit))
    filled = amount.fill_null(nothing)
    return pc.if_else(pa.array(is_debit), filled, nothing), pc.if_else(pa.array(is_credit), filled, nothing)


def _refuse_amounts(ledger: Ledger, name: str, bad: np.ndarray) -> None:
    fault = Fault(
        "bad_amount",
        ledger.shown(name),
        "an amount such as 1234,56, without thousands marks",
        "correct the line in the ledger and export it again",
    )
    ledger.faults.add(fault, bad)
