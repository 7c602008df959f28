"""Writes docs/templates/evaluation-partenaires.xlsx, the workbook partners' evaluations are asked for in.

Run it after a change of the template: `.venv/bin/python tools/partner_template.py`.
"""

from __future__ import annotations

import datetime as dt
from pathlib import Path

from openpyxl import Workbook
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.worksheet import Worksheet

TEMPLATE = Path(__file__).resolve().parent.parent / "docs" / "templates" / "evaluation-partenaires.xlsx"
README = (
    ("Évaluation des partenaires", "Partner evaluation"),
    (
        "Une ligne par partenaire, période, évaluateur, sens et critère.",
        "One row per partner, period, evaluator, direction and criterion.",
    ),
    (
        "partner_id : un code de la feuille Partenaires, toujours le même.",
        "partner_id: a code of the sheet Partenaires, always the same.",
    ),
    ("période : 2026-T1, 2026-06 ou 2026, comme convenu.", "period: 2026-T1, 2026-06 or 2026, as agreed."),
    ("critère : un libellé de la feuille Référentiel.", "criterion: a label of the sheet Référentiel."),
    (
        "note : un nombre, de 0 ou 1 à échelle_max ; vide si sans avis.",
        "score: a number up to scale_max; empty for no opinion.",
    ),
    (
        "évaluateur_rôle : une fonction, jamais un nom de personne.",
        "evaluator_role: a function, never a person's name.",
    ),
    (
        "sens : nous->eux (nous les évaluons) ou eux->nous (ils nous évaluent).",
        "direction: nous->eux (we rate them) or eux->nous (they rate us).",
    ),
    ("Pas de total, de moyenne ni de cellule fusionnée.", "No totals, no means, no merged cells."),
    (
        "Exemple : P001 | 2026-T1 | Qualité | 4 | 5 | 1 | | acheteur | nous->eux",
        "Example: P001 | 2026-T1 | Qualité | 4 | 5 | 1 | | buyer | nous->eux",
    ),
)
PARTNERS = ("partner_id", "nom / name", "catégorie / category", "pays / country")
EVALUATIONS = (
    "partner_id", "période / period", "critère / criterion", "note / score", "échelle_max / scale_max",
    "poids / weight", "commentaire / comment", "évaluateur_rôle / evaluator_role", "sens / direction",
)  # fmt: skip
REFERENCE = ("critère / criterion", "définition / definition", "échelle_max / scale_max", "poids / weight")
CRITERIA = (
    ("Qualité", "Conformité de ce qui est livré / Conformity of what is delivered", 5, 1),
    ("Délais", "Respect des dates convenues / Dates kept", 5, 1),
    ("Communication", "Clarté et réactivité / Clarity and responsiveness", 5, 1),
    ("Confiance", "Engagements tenus, loyauté / Commitments kept, good faith", 5, 1),
)
ROWS = 2000


def main() -> None:
    book = build()
    TEMPLATE.parent.mkdir(parents=True, exist_ok=True)
    book.save(TEMPLATE)


def build() -> Workbook:
    """The template, without a row of data."""
    book = Workbook()
    readme = book.active
    readme.title = "Lisezmoi"
    for row in README:
        readme.append(row)
    readme["A1"].font = readme["B1"].font = Font(bold=True, size=14)
    for column in "AB":
        readme.column_dimensions[column].width = 75
    _table(book.create_sheet("Partenaires"), PARTNERS)
    sheet = book.create_sheet("Évaluations")
    _table(sheet, EVALUATIONS)
    _allow(sheet, "I", '"nous->eux,eux->nous"')
    _allow(sheet, "C", f"'Référentiel'!$A$2:$A${ROWS}")
    _table(book.create_sheet("Référentiel"), REFERENCE, CRITERIA)
    book.properties.creator = "Relier"
    book.properties.created = book.properties.modified = dt.datetime(2026, 1, 1)
    return book


def _table(sheet: Worksheet, header: tuple[str, ...], rows: tuple[tuple[object, ...], ...] = ()) -> None:
    sheet.append(header)
    for row in rows:
        sheet.append(row)
    for cell in sheet[1]:
        cell.font = Font(bold=True, color="FFFFFF")
        cell.fill = PatternFill("solid", fgColor="1F4E5F")
        cell.alignment = Alignment(wrap_text=True, vertical="top")
        sheet.column_dimensions[cell.column_letter].width = 24
    sheet.freeze_panes = "A2"


def _allow(sheet: Worksheet, column: str, choices: str) -> None:
    rule = DataValidation(type="list", formula1=choices, allow_blank=True)
    rule.add(f"{column}2:{column}{ROWS}")
    sheet.add_data_validation(rule)


if __name__ == "__main__":
    main()
