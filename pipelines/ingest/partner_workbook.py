"""Partner scorecards: the shipped template (docs/templates/evaluation-partenaires.xlsx) and workbooks of the same kind.

The header is the first row that names three known columns; a merged label stands for all its rows; rows of totals and
means are left out and said. A row per criterion makes a response per partner, period, evaluator and direction.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pyarrow as pa

from pipelines.ingest.grid import CODED, Cells, Grid
from pipelines.ingest.header import Conventions, Layout, listed, quote, resolve, tidy
from pipelines.ingest.isolated import Column, Sheet
from pipelines.ingest.model import FileProblem, Problem
from pipelines.ingest.reading import Traits
from pipelines.ingest.spec import ItemSpec, LongSpec, SourceSpec
from pipelines.ingest.spreadsheet import Part, filled_rows, hidden_warning, is_workbook, open_workbook

PARTNER, PERIOD, CRITERION, SCORE = "partner_id", "période", "critère", "note"
SCALE, ROLE, DIRECTION = "échelle_max", "évaluateur_rôle", "sens"
# The template's columns, and the words other workbooks use; compared without accents, case and signs.
SYNONYMS = {
    PARTNER: "partner_id partner partenaire id_partenaire code_partenaire fournisseur code_fournisseur supplier "
    "supplier_id vendor vendor_id prestataire sous_traitant distributeur",
    PERIOD: "période period trimestre quarter semestre campagne vague wave année year",
    CRITERION: "critère criterion criteria indicateur indicator thème question axe item",
    SCORE: "note score rating évaluation cotation notation résultat",
    SCALE: "échelle_max scale_max max note_max barème maximum note_maximale",
    "poids": "poids weight pondération coefficient coef",
    "commentaire": "commentaire comment commentaires comments remarque remarques observation observations",
    ROLE: "évaluateur_rôle evaluator_role rôle role fonction évaluateur evaluator",
    DIRECTION: "sens direction",
}
LABELS = (PARTNER, PERIOD, CRITERION, SCALE, ROLE, DIRECTION)
SEARCHED = 30
NEEDED = 3
SUM = (
    r"(?:sous |sub ?|grand )?(?:totale?s?|totaux)(?: general)?|somme|sum|moyennes?(?: generale)?|mean|average"
    r"|mediane?|(?:score|note) global|overall(?: score)?"
)
CONVENTIONS = Conventions(known=re.compile("|".join(map(re.escape, SYNONYMS))))


def bare(text: str) -> str:
    """A name without accents, case and signs, words apart."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return " ".join(re.sub(r"[^a-z0-9]+", " ", plain).split())


KNOWN = {bare(word): name for name, words in SYNONYMS.items() for word in words.split()}


def canonical(header: str) -> str:
    """The template's name of a column; a header in two languages (`note / score`) is known by either. "" if unknown."""
    parts = [header, *re.split(r"[/|\n(]", header)]
    return next((KNOWN[bare(part)] for part in parts if bare(part) in KNOWN), "")


def understood(raw: bytes, spec: SourceSpec) -> SourceSpec:
    """The declaration with what the template implies: who is the other side, what makes a response, long or wide."""
    names = Scorecard(raw, spec).headers[0]
    keys = {"counterparty": PARTNER, **spec.keys} if PARTNER in names else dict(spec.keys)
    if spec.kind != "responses" or spec.long or not {CRITERION, SCORE} <= set(names):
        return replace(spec, keys=keys)
    also = spec.also
    if "response" not in keys:
        identity = [name for name in (PARTNER, PERIOD, ROLE, DIRECTION) if name in names]
        keys["response"], also = identity[0], tuple(identity[1:])
    return replace(spec, keys=keys, also=also, long=LongSpec(CRITERION, SCORE))


def read(raw: bytes, spec: SourceSpec) -> tuple[Grid, Layout, Traits]:
    """A scorecard under a declaration that was `understood`."""
    grid = Scorecard(raw, spec)
    layout = resolve(grid.headers, spec, CONVENTIONS, grid.records)
    if spec.long:
        grid.refuse_other_scales(spec.items)
    return grid, layout, Traits(null_reason="blank", blank_reason="blank", serial_epoch=grid.serial_epoch)


class Scorecard:
    """The sheet of evaluations as a Grid. `headers`: the template's names ("" where there is none), the file's own."""

    delimiter: str | None = None
    quotes_header = False

    def __init__(self, raw: bytes, spec: SourceSpec) -> None:
        if not is_workbook(raw):
            raise FileProblem(
                "wrong_container",
                expected="a workbook",
                found="another kind of file",
                fix="send the workbook itself, or declare `format: table`",
            )
        self.encoding = "workbook"
        self.serial_epoch, parsed = open_workbook(raw, spec.sheet)
        self.warnings = hidden_warning(parsed, spec.sheet)
        sheet, top = _sheet(parsed.sheets, spec)
        own = [tidy(column.at(top)) for column in sheet.columns]
        names = [canonical(name) for name in own]
        twice = {name for name in names if name and names.count(name) > 1}
        self.headers = [["" if name in twice else name for name in names], own]
        columns = _filled_down(sheet, top, self.headers[0])
        rows = filled_rows(sheet, top + 1)
        sums = _sums(columns, self.headers[0])[rows]
        if sums.any():
            self.warnings.append(f"{int(sums.sum())} rows of totals or means are left out")
        self._part = Part(columns, rows[~sums])
        self.records = int((~sums).sum())
        if not self.records:
            raise FileProblem(
                "no_records",
                expected="evaluations under the header",
                found="; ".join(["a header only", *self.warnings]),
                fix="send the workbook once it is filled in",
            )

    def read(self, wanted: Mapping[int, pa.DataType]) -> Cells:
        columns = {
            place: pa.chunked_array([self._part.read(place, kind)], kind) for place, kind in wanted.items()
        }
        typed = {place: column.typed for place in wanted if (column := self._part.columns[place]) is not None}
        return Cells(columns, np.arange(1, self.records + 1), [], typed)

    def lines(self, records: np.ndarray) -> list[int]:
        return (self._part.rows[records - 1] + 1).tolist() if len(records) else []

    def refuse_other_scales(self, items: tuple[ItemSpec, ...]) -> None:
        """A criterion rated out of another number than declared is another instrument: the file is held."""
        names = self.headers[0]
        if SCALE not in names or CRITERION not in names:
            return
        declared = {tidy(name): item for item in items for name in (item.column, *item.aliases)}
        places = {names.index(CRITERION): CODED, names.index(SCALE): CODED}
        cells = self.read(places)
        criteria, scales = (cells.columns[place].to_pylist() for place in places)
        seen = {(tidy(criterion or ""), scale) for criterion, scale in zip(criteria, scales, strict=True)}
        problems = []
        for criterion, scale in sorted((pair for pair in seen if pair[1]), key=str):
            item = declared.get(criterion)
            if item is None or item.maximum is None or _number(scale) in (None, item.maximum):
                continue
            problems.append(
                Problem(
                    None, None, criterion, "scale_changed",
                    f"{quote(criterion)} rated out of {item.maximum:g}, as declared", f"{SCALE} {scale}",
                    f"set `max: {scale}` for item '{item.code}', in a new version of it if older files stay",
                )
            )  # fmt: skip
        if problems:
            first = problems[0]
            raise FileProblem(
                first.reason,
                expected=first.expected,
                found=first.found,
                fix=first.fix,
                status="held",
                records=self.records,
                problems=problems,
            )


def _sheet(sheets: list[Sheet], spec: SourceSpec) -> tuple[Sheet, int]:
    """The sheet of evaluations and its header row: the declared one, the template's, or the only one that has one."""
    found = [(sheet, top) for sheet in sheets if (top := _header_row(sheet, spec)) is not None]
    if len(found) > 1:
        named = [pair for pair in found if bare(pair[0].name).startswith("evaluation")]
        found = named if len(named) == 1 else found
    if len(found) == 1:
        return found[0]
    names = listed([sheet.name for sheet, _ in found]) or "no such row"
    raise FileProblem(
        "several_sheets" if found else "header_not_recognised",
        expected=f"one sheet with a row that names {NEEDED} columns of the template, {quote(PARTNER)} among them",
        found=names,
        fix=f'add `sheet: "{found[0][0].name}"` (or another) to the source'
        if found
        else "name the columns as the template does, or declare `format: table` with header_row and sheet",
        status="held",
    )


def _header_row(sheet: Sheet, spec: SourceSpec) -> int | None:
    rows = [spec.header_row - 1] if spec.header_row else range(min(SEARCHED, sheet.height))
    for row in rows:
        if row < sheet.height:
            named = {canonical(column.at(row)) for column in sheet.columns} - {""}
            if len(named) >= NEEDED and PARTNER in named:
                return row
    return None


def _filled_down(sheet: Sheet, top: int, names: list[str]) -> list[Column | None]:
    """A merged label stands for all the rows it covers; a merged score would be a guess and stays on its first row."""
    columns: list[Column | None] = list(sheet.columns)
    for first, left, last, _ in sheet.merged:
        if first > top and left < len(columns) and names[left] in LABELS:
            column = sheet.columns[left]
            codes = np.array((columns[left] or column).codes)
            codes[first : last + 1] = codes[first]
            columns[left] = Column(column.texts, codes, column.typed)
    return columns


def _sums(columns: list[Column | None], names: list[str]) -> np.ndarray:
    """Mask of rows of totals and means: the criterion says so, or the first label does and no criterion follows it.

    A partner may be called Total: its rows have a criterion.
    """

    def says(place: int, pattern: str) -> np.ndarray:
        column = columns[place]
        assert column is not None  # noqa: S101 - every column of one sheet is there
        return np.array([re.fullmatch(pattern, bare(text)) is not None for text in column.texts])[
            column.codes
        ]

    labels = {0, *(place for place, name in enumerate(names) if name == PARTNER)}
    sums = np.logical_or.reduce([says(place, SUM) for place in labels])
    if CRITERION in names:
        place = names.index(CRITERION)
        sums = (sums & says(place, "")) | says(place, f"(?:{SUM})(?: .*)?")
    return sums


def _number(text: str) -> float | None:
    try:
        return float(text.replace(",", "."))
    except ValueError:
        return None
