"""Refused records, by reason and file, for a person: on screen, and as a list to hand to the source's owner."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

from rich.console import Console

from pipelines.declared import Home
from pipelines.files import replacing
from pipelines.ledger import Ledger, Refusal

LINES_SHOWN = 8
_HEADS = {
    "fr": (
        "fichier",
        "ligne",
        "enregistrement",
        "colonne",
        "motif",
        "attendu",
        "trouvé",
        "à faire",
        "enregistrements",
    ),
    "en": ("file", "line", "record", "column", "reason", "expected", "found", "what to do", "records"),
}
_REASONS_FR = {
    "ambiguous_dates": "dates ambiguës",
    "ambiguous_source": "plusieurs sources possibles",
    "ambiguous_wave": "plusieurs vagues possibles",
    "bad_account": "compte invalide",
    "bad_amount": "montant illisible",
    "bad_count": "effectif illisible",
    "bad_date": "date illisible ou hors des périodes",
    "bad_weight": "poids illisible",
    "broken_promise": "promesse de la source non tenue",
    "bytes_of_another_wave": "fichier d’une autre vague",
    "count_mismatch": "décompte différent",
    "damaged_characters": "caractères abîmés",
    "duplicate_column": "colonne en double",
    "duplicate_key": "clé JSON en double",
    "ebcdic_records": "enregistrements EBCDIC",
    "empty": "fichier vide",
    "entities": "entités XML",
    "header_not_recognised": "en-tête non reconnu",
    "lost_original": "original perdu",
    "missing_column": "colonne absente",
    "missing_key": "clé absente",
    "missing_records": "enregistrements introuvables",
    "missing_sheet": "feuille absente",
    "mixed_dates": "dates de formats mêlés",
    "mojibake": "accents abîmés",
    "no_chart_of_accounts": "exercice sans plan de comptes",
    "no_header": "sans en-tête",
    "no_months": "sans colonne de mois",
    "no_records": "aucun enregistrement",
    "no_statement": "pas un compte de résultat",
    "not_a_file": "pas un fichier",
    "not_a_ledger": "pas un grand livre",
    "not_a_number": "pas un nombre",
    "not_a_record": "pas un enregistrement",
    "not_a_table": "pas un tableau",
    "not_a_workbook": "pas un classeur",
    "nul_bytes": "octets nuls",
    "out_of_scale": "hors de l’échelle",
    "password_protected": "protégé par un mot de passe",
    "scale_changed": "échelle qui semble changée",
    "several_fiscal_years": "plusieurs exercices",
    "several_sheets": "plusieurs feuilles",
    "sign_changed": "signe changé",
    "sign_unsettled": "signe indécis",
    "stray_quote": "guillemet isolé",
    "subtotal_mismatch": "sous-total différent",
    "too_deep": "trop de niveaux",
    "too_large": "trop grand",
    "too_many_problems": "trop de lignes refusées",
    "too_slow": "trop long à lire",
    "too_wide": "trop de colonnes",
    "total_mismatch": "total différent",
    "truncated": "fichier tronqué",
    "undeclared_column": "colonne non déclarée",
    "unknown_answers": "réponses inconnues",
    "unknown_option": "option inconnue",
    "unknown_source": "source inconnue",
    "unknown_time_zone": "fuseau horaire inconnu",
    "unknown_type": "type de fichier inconnu",
    "unknown_unit": "unité inconnue",
    "unknown_wave": "vague inconnue",
    "unknown_year": "exercice inconnu",
    "unreadable": "illisible",
    "unreadable_answer": "réponse illisible",
    "unreadable_encoding": "encodage illisible",
    "unreadable_file": "fichier illisible",
    "unreadable_name": "nom de fichier illisible",
    "unsafe_names": "noms dangereux dans l’archive",
    "unsettled_decimal_mark": "séparateur décimal indécis",
    "wrong_container": "mauvais type de fichier",
    "wrong_width": "nombre de cellules inattendu",
    "zip_bomb": "archive piégée",
}


class ExportError(Exception):
    """The list cannot be written there; str() is a sentence."""


def chosen(
    ledger: Ledger, reason: str | None = None, file: str | None = None, source: str | None = None
) -> list[tuple[str, Refusal]]:
    """(file, refusal) of one reason, one file and one source, when given; of a reason in words or as a code."""
    theirs = {entry.name for entry in ledger.files() if entry.source == source}
    code = reason.strip().lower().replace(" ", "_") if reason else None
    return [
        (name, one)
        for name, one in ledger.refusals()
        if (code is None or one.reason == code)
        and (file is None or file in {name, name.rsplit("/", 1)[-1]})
        and (source is None or name in theirs)
    ]


def causes(refusals: Iterable[tuple[str, Refusal]]) -> list[dict[str, Any]]:
    """Refused records by file and cause: where they stand, what was expected, and what to do."""
    groups: dict[tuple[str, str, str | None, str, str, str], list[Refusal]] = {}
    for name, one in refusals:
        groups.setdefault((name, one.reason, one.column, one.expected, one.found, one.fix), []).append(one)
    names = ("file", "reason", "column", "expected", "found", "fix")
    return [
        {
            **dict(zip(names, cause, strict=True)),
            "records": sum(one.records for one in members),
            "lines": [one.line for one in members if one.line is not None],
        }
        for cause, members in sorted(groups.items(), key=lambda group: tuple(str(part) for part in group[0]))
    ]


def print_quarantine(refusals: Sequence[tuple[str, Refusal]], console: Console) -> None:
    """Totals by reason first, then each file with its lines."""
    if not refusals:
        console.print("Nothing is in quarantine.")
        return
    counts: Counter[str] = Counter()
    for _, one in refusals:
        counts[one.reason] += one.records
    told = ", ".join(f"{count:,} {reason.replace('_', ' ')}" for reason, count in counts.most_common())
    console.print(f"{sum(counts.values()):,} records in quarantine: {told}", markup=False)
    by_reason = sorted(
        causes(refusals), key=lambda cause: (-counts[cause["reason"]], cause["reason"], cause["file"])
    )
    for reason, members in groupby(by_reason, key=lambda cause: cause["reason"]):
        console.print(f"[bold]{reason.replace('_', ' ')}[/bold]")
        for cause in members:
            console.print(f"  {sentence(cause)}", markup=False)


def sentence(cause: dict[str, Any]) -> str:
    """One cause in one file, as a person reads it."""
    where = (
        f"{cause['file']}, line {spans(cause['lines'])}"
        if cause["lines"]
        else f"{cause['file']}, the whole file"
    )
    column = f" in {cause['column']}" if cause["column"] else ""
    return (
        f"{where}: {cause['records']:,} record(s), {cause['reason'].replace('_', ' ')}{column}: expected"
        f" {cause['expected']}, found {cause['found']}; {cause['fix']}"
    )


def spans(lines: Sequence[int]) -> str:
    """5, 6, 7, 12 as `5–7, 12`, at most eight of them."""
    ordered = sorted(set(lines))
    found: list[list[int]] = []
    for line in ordered:
        if found and line == found[-1][1] + 1:
            found[-1][1] = line
        else:
            found.append([line, line])
    shown = [str(a) if a == b else f"{a}–{b}" for a, b in found[:LINES_SHOWN]]
    left = len(found) - LINES_SHOWN
    return ", ".join(shown) + (f" and {left} more places" if left > 0 else "")


def export(home: Home, refusals: Sequence[tuple[str, Refusal]], target: Path) -> int:
    """Write the list to a .csv or .xlsx, for its owner alone and safe to open in a spreadsheet; returns its rows.

    A row per refused record (or whole file). Cells never hold a respondent's value: `found` says `withheld` there.
    """
    language = home.organisation.language
    heads = _HEADS[language]
    rows = [
        (
            name,
            r.line,
            r.record,
            r.column or "",
            _reason(r.reason, language),
            r.expected,
            r.found,
            r.fix,
            r.records,
        )
        for name, r in refusals
    ]
    if target.suffix.lower() not in {".csv", ".xlsx"}:
        raise ExportError(f"'{target.name}' must end in .csv or .xlsx")
    if not target.parent.is_dir():
        raise ExportError(f"there is no folder {target.parent} to write {target.name} to")
    table: list[Sequence[str | int | None]] = [heads, *rows]
    safe = [[safe_cell(cell) for cell in row] for row in table]
    with replacing(target.resolve()) as temporary:
        (_write_csv if target.suffix.lower() == ".csv" else _write_xlsx)(safe, temporary)
    return len(rows)


def _reason(code: str, language: str) -> str:
    words = code.replace("_", " ")
    return _REASONS_FR.get(code, words) if language == "fr" else words


def safe_cell(cell: str | int | None) -> str | int:
    """Text that a spreadsheet would take for a formula gets an apostrophe before it; numbers stay numbers."""
    if isinstance(cell, str):
        cell = cell.replace("\0", "")
        return f"'{cell}" if cell[:1] in {"=", "+", "-", "@", "\t", "\r"} else cell
    return "" if cell is None else cell


def _write_csv(rows: Sequence[Sequence[str | int]], path: Path) -> None:
    """UTF-8 with a byte order mark: spreadsheets read accents only then."""
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\r\n").writerows(rows)
    path.write_text(text.getvalue(), encoding="utf-8-sig", newline="")


def _write_xlsx(rows: Sequence[Sequence[str | int]], path: Path) -> None:
    from openpyxl import Workbook
    from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

    book = Workbook(write_only=True)
    sheet = book.create_sheet("quarantine")
    sheet.freeze_panes = "A2"
    for row in rows:
        sheet.append([ILLEGAL_CHARACTERS_RE.sub("", cell) if isinstance(cell, str) else cell for cell in row])
    with path.open("wb") as handle:
        book.save(handle)
