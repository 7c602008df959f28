"""SPSS files (.sav, .zsav), as Qualtrics, LimeSurvey and Le Sphinx export them: codes, labels, user-missing values.

A column is found by its variable name, else by its label. Values stay codes; where a declaration speaks of a label
instead ("Tout à fait": 5), or a segment is shown to people, the label is taken.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from pipelines.ingest.delimited import truncated
from pipelines.ingest.grid import Cells, Grid
from pipelines.ingest.header import Conventions, Layout, quote, resolve, tidy
from pipelines.ingest.isolated import Column, Parsed, parse, unreadable
from pipelines.ingest.model import FileProblem
from pipelines.ingest.reading import Traits
from pipelines.ingest.spec import SourceSpec

MAGIC = (b"$FL2", b"$FL3")
HEADER = 176


@dataclass(frozen=True)
class Variable:
    """One variable: its wording, its value labels by code, and its user-missing codes as (lowest, highest) texts."""

    name: str
    label: str
    labels: dict[str, str]
    missing: tuple[tuple[str, str], ...]

    def is_missing(self, code: str) -> bool:
        return any(_within(code, low, high) for low, high in self.missing)


def describe_sav(raw: bytes) -> list[Variable]:
    """Every variable of an SPSS file, without reading its cases. Raises FileProblem."""
    return _variables(_parse(raw, metadata=True))


def read(raw: bytes, spec: SourceSpec) -> tuple[Grid, Layout, Traits]:
    """An SPSS file. A user-missing code keeps its reason where `missing:` declares it, and is blank elsewhere."""
    grid = Cases(_parse(raw, metadata=False))
    layout = resolve(grid.headers, spec, Conventions(), grid.records)
    grid.translate(_declared(layout, spec), set(layout.segments.values()))
    return grid, layout, Traits(null_reason="blank", blank_reason="blank")


class Cases:
    """The cases of an SPSS file as a Grid. `line` of a case is its number in the file."""

    delimiter: str | None = None
    quotes_header = False

    def __init__(self, parsed: Parsed) -> None:
        self._variables = _variables(parsed)
        self._columns = list(parsed.sheets[0].columns)
        self.encoding = f"spss {parsed.about['encoding']}".lower().strip()
        self.headers = [[one.name for one in self._variables], [one.label for one in self._variables]]
        self.records = parsed.sheets[0].height
        self.warnings: list[str] = []
        told = parsed.about["cases"]
        if told is not None and 0 <= self.records < told:
            raise truncated(told)
        if not self.records:
            raise FileProblem(
                "no_records", expected="cases", found="variables only", fix="export the file again"
            )

    def translate(self, declared: Mapping[int, set[str]], shown: set[int]) -> None:
        """Codes to the labels that the declaration uses; user-missing codes it does not name to nothing."""
        for place in {*declared, *shown}:
            variable, column = self._variables[place], self._columns[place]
            texts = [
                _translated(variable, text, declared.get(place, set()), place in shown)
                for text in column.texts
            ]
            blanked = [old for old, new in zip(column.texts, texts, strict=True) if old and not new]
            if blanked:
                named = ", ".join(_named(variable, code) for code in blanked[:5])
                self.warnings.append(
                    f"{variable.name}: codes its author declared missing are read as blank: {named}; "
                    "add them under `missing:` to keep their reason"
                )
            typed = frozenset(text for text, old in zip(texts, column.texts, strict=True) if text == old) & (
                column.typed
            )
            self._columns[place] = Column(texts, column.codes, typed)

    def read(self, wanted: Mapping[int, pa.DataType]) -> Cells:
        columns = {
            place: pa.chunked_array([_united(self._columns[place]).arrow(kind)], kind)
            for place, kind in wanted.items()
        }
        typed = {place: self._columns[place].typed for place in wanted}
        return Cells(columns, np.arange(1, self.records + 1), [], typed)

    def lines(self, records: np.ndarray) -> list[int]:
        return records.tolist()


def _parse(raw: bytes, metadata: bool) -> Parsed:
    if not raw.startswith(MAGIC) or len(raw) < HEADER:
        raise unreadable("SPSS file")
    return parse(raw, "sav", metadata=metadata)


def _variables(parsed: Parsed) -> list[Variable]:
    return [
        Variable(
            told["name"], told["label"], told["labels"], tuple((low, high) for low, high in told["missing"])
        )
        for told in parsed.about["variables"]
    ]


def _declared(layout: Layout, spec: SourceSpec) -> dict[int, set[str]]:
    """The texts a declaration names, by column; a column absent here is read as it stands."""
    said: dict[int, set[str]] = {}

    def note(place: int | None, texts: object) -> None:
        if place is not None:
            said.setdefault(place, set()).update(tidy(str(text)) for text in texts)  # type: ignore[attr-defined]

    for item in spec.items:
        note(layout.items.get(item.code), [*item.values, *item.missing])
    for measure in spec.measures:
        note(layout.measures.get(measure.code), measure.missing)
    for fact in spec.facts:
        note(layout.named.get(fact.column or ""), [*fact.values, *fact.missing])
    for column, texts in spec.exclude.items():
        note(layout.named.get(column), texts)
    for choice in spec.choices:
        for place in layout.choices.get(choice.code, ()):
            note(place, choice.options)
    note(layout.keys.get("unit"), spec.aliases)
    note(layout.keys.get("wave"), [wave.value for wave in spec.waves or () if wave.value])
    return said


def _translated(variable: Variable, text: str, declared: set[str], shown: bool) -> str:
    label = variable.labels.get(text, "")
    if tidy(text) in declared:
        return text
    if label and tidy(label) in declared:
        return label
    if text and variable.is_missing(text):
        return ""
    return label if shown and label else text


def _named(variable: Variable, code: str) -> str:
    label = variable.labels.get(code)
    return f"{code} ({quote(label)})" if label else "a code without a label"


def _united(column: Column) -> Column:
    """Two codes with one label, or several blanked codes, are one text."""
    places: dict[str, int] = {}
    lookup = np.array([places.setdefault(text, len(places)) for text in column.texts], dtype=np.int32)
    return Column(list(places), lookup[column.codes], column.typed)


def _within(code: str, low: str, high: str) -> bool:
    if code == low:
        return True
    try:
        return float(low) <= float(code) <= float(high)
    except ValueError:
        return False
