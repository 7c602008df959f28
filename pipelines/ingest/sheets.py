"""`sheet: "*"`: which sheets of a workbook hold data, and their columns side by side."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from pipelines.ingest.grid import refuse_wide
from pipelines.ingest.header import listed, quote, tidy
from pipelines.ingest.isolated import Column, Sheet
from pipelines.ingest.model import FileProblem, Problem
from pipelines.ingest.spec import ChoiceSpec, ItemSpec, MeasureSpec, SourceSpec

SHEET = "@sheet"
Names = tuple[str, ...]


def data_sheets(
    sheets: Sequence[Sheet], spec: SourceSpec
) -> tuple[list[str], list[tuple[Sheet, list[Column | None]]], list[str]]:
    """Header names, each data sheet with its columns in the header's order, and warnings.

    A sheet that lacks every answer column (an index, a read-me, a question with other answers) is left out and named.
    One that has some and lacks others is a changed layout: FileProblem (held) says what it lacks.
    """
    row = (spec.header_row or 1) - 1
    keys, answers = _asked(spec)
    found: list[tuple[Sheet, dict[str, int]]] = []
    out: list[str] = []
    partial: list[Problem] = []
    for sheet in sheets:
        places = _places(sheet, row, [*keys, *answers])
        lacking = [names[0] for names in answers if tidy(names[0]) not in places]
        if len(lacking) == len(answers):
            out.append(sheet.name)
            continue
        lacking += [names[0] for names in keys if tidy(names[0]) not in places]
        partial += [_lacks(sheet.name, name) for name in lacking]
        found.append((sheet, places))
    if not found:
        raise FileProblem(
            "header_not_recognised",
            expected=f"a sheet with {listed([names[0] for names in (*keys, *answers)])} in row {row + 1}",
            found=f"none in {listed([sheet.name for sheet in sheets]) or 'no visible sheet'}",
            fix="check header_row in the declaration, or add the file's names under aliases",
            status="held",
        )
    if partial:
        first = partial[0]
        more = f" ({len(partial) - 1} more columns to settle)" if len(partial) > 1 else ""
        raise FileProblem(
            first.reason,
            expected=first.expected,
            found=first.found,
            fix=first.fix + more,
            status="held",
            problems=partial,
        )
    names = list(dict.fromkeys(name for _, places in found for name in places))
    told = (
        [f"{len(out)} sheets without any declared answer column are left out: {listed(out)}"] if out else []
    )
    tables = [
        (sheet, [sheet.columns[places[n]] if n in places else None for n in names]) for sheet, places in found
    ]
    if SHEET in _texts_asked(spec):
        names.append(SHEET)
        tables = [(sheet, [*columns, _constant(sheet)]) for sheet, columns in tables]
    return names, tables, told


def _asked(spec: SourceSpec) -> tuple[list[Names], list[Names]]:
    """Declared columns with their aliases: those that say who and where, and those that hold answers."""
    named = (*spec.keys.values(), *spec.also, *spec.segments.values())
    keys: list[Names] = [(name, *spec.renamed.get(name, ())) for name in named]
    questions: list[ItemSpec | MeasureSpec | ChoiceSpec] = [*spec.items, *spec.measures, *spec.choices]
    answers: list[Names] = [(one.column, *one.aliases) for one in questions]
    answers += [(name,) for measure in spec.measures for name in (*measure.plus, measure.n) if name]
    answers += [(name,) for fact in spec.facts for name in (fact.column, fact.promised, fact.actual) if name]
    if spec.long:  # a row per answer: items name a text of the question column, not a column
        keys.append((spec.long.question,))
        answers = [(spec.long.answer,)]
    return [names for names in keys if not names[0].startswith("@")], answers


def _texts_asked(spec: SourceSpec) -> set[str]:
    long = (spec.long.question,) if spec.long else ()
    return {*spec.keys.values(), *spec.also, *spec.segments.values(), *long}


def _places(sheet: Sheet, row: int, asked: Sequence[Names]) -> dict[str, int]:
    """Column positions by tidied name; a column known by an alias is found under its declared name."""
    if row >= sheet.height:
        return {}
    declared = {tidy(alias): tidy(names[0]) for names in asked for alias in names}
    refuse_wide(len(sheet.columns))
    places: dict[str, int] = {}
    seen: Counter[str] = Counter()
    for place, column in enumerate(sheet.columns):
        name = tidy(column.at(row))
        name = declared.get(name, name)
        # A column without a name keeps its place; a second one of a name keeps its own, to be refused by it.
        places[name + " " * seen[name]] = place
        seen[name] += 1
    return places


def _lacks(sheet: str, name: str) -> Problem:
    return Problem(
        None,
        None,
        name,
        "missing_column",
        f"column {quote(name)} in sheet {quote(sheet)}",
        "no such column in that sheet, which has others of the declared ones",
        f"add the sheet's name for {quote(name)} under aliases, or ask the owner of the source",
    )


def _constant(sheet: Sheet) -> Column:
    return Column([sheet.name], np.zeros(sheet.height, dtype=np.int32))
