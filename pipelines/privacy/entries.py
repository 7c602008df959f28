"""Entries of the publication register: plain JSON in and out."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import polars as pl

from pipelines.privacy.cells import Cell, Measure, cell_of, measure_of
from pipelines.privacy.rules import ALL

CELL_KEY = ("unit_code", "stakeholder_code", "period_code", "segment_code")
Entry = dict[str, Any]
Published = dict[str, Any]
Crossing = dict[tuple[str, str], int]


class Known(NamedTuple):
    """What a register entry or the warehouse says of one row: respondents, fingerprint of its figures."""

    n: int | None
    fingerprint: str


class Frozen(NamedTuple):
    """The last register entry of a cell. `crossing`: how the segments of its people cross, where known."""

    definition_version: str
    known: dict[Measure, Known]
    published: dict[Measure, Published]
    crossing: Crossing


class Register(NamedTuple):
    """The last entry of each cell, what every one before it knew, and each (stakeholder, period) whose respondents
    changed once frozen.
    """

    cells: dict[Cell, Frozen]
    moved: frozenset[tuple[str, str]]
    earlier: Mapping[Cell, Sequence[tuple[str, Mapping[Measure, Known]]]]


def fingerprint(row: Mapping[str, Any]) -> str:
    """16 hex digits that change with the figures of a row beyond 9 significant digits."""
    figures = [row[name] for name in ("value", "ci_low", "ci_high")]
    text = "|".join("" if figure is None else f"{figure:.9g}" for figure in figures)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def cell_key(cell: Cell) -> dict[str, Any]:
    """A cell as columns."""
    return dict(zip(CELL_KEY, (cell.unit, *cell.family), strict=True))


def is_same(old: Frozen, new: Frozen) -> bool:
    """Nothing but the as-of date differs."""

    def dateless(rows: Mapping[Measure, Published]) -> dict[Measure, Published]:
        return {
            measure: {name: value for name, value in row.items() if name != "as_of_date"}
            for measure, row in rows.items()
        }

    same_people = old.known == new.known and old.crossing == new.crossing
    same_words = old.definition_version == new.definition_version
    return same_people and same_words and dateless(old.published) == dateless(new.published)


def make_entry(cell: Cell, new: Frozen) -> Entry:
    """What is appended to the register for a cell."""
    rows = [
        {
            "kpi_code": measure.kpi,
            "dimension_code": measure.dimension,
            "counterparty_code": measure.counterparty,
            **new.known[measure]._asdict(),
            "published": published,
        }
        for measure, published in sorted(new.published.items())
    ]
    entry = {**cell_key(cell), "definition_version": new.definition_version, "rows": rows}
    crossing = [[*pair, people] for pair, people in sorted(new.crossing.items())]
    return entry | ({"crossing": crossing} if crossing else {})


def read(entries: Iterable[Entry]) -> Register:
    """The register, from entries in the order they were appended.

    Entries of before segments and counterparties had `counterparty_code` 'all' in the key of the cell.
    """
    cells: dict[Cell, Frozen] = {}
    earlier: dict[Cell, list[tuple[str, dict[Measure, Known]]]] = defaultdict(list)
    moved = set()
    for entry in entries:
        rows: Sequence[dict[str, Any]] = [{"counterparty_code": ALL} | row for row in entry["rows"]]
        known = {measure_of(row): Known(row["n"], row["fingerprint"]) for row in rows}
        published = {measure_of(row): {"counterparty_code": ALL} | row["published"] for row in rows}
        crossing = {(one, other): people for one, other, people in entry.get("crossing", [])}
        cell = cell_of(entry)
        before = cells[cell].known if cell in cells else {}
        if any(known[measure].n != before[measure].n for measure in known.keys() & before.keys()):
            moved.add((cell.family.stakeholder, cell.family.period))
        if cell in cells:
            earlier[cell].append((cells[cell].definition_version, cells[cell].known))
        cells[cell] = Frozen(entry["definition_version"], known, published, crossing)
    return Register(cells, frozenset(moved), earlier)


def to_json(row: Mapping[str, Any]) -> Published:
    """A row without its nulls and its cell's own key, which the entry has: a third of the size."""
    return {
        name: value.isoformat() if isinstance(value, dt.date) else value
        for name, value in row.items()
        if value is not None and name not in CELL_KEY
    }


def from_json(row: Published, schema: pl.Schema) -> dict[str, Any]:
    """A published row in the columns of today: a column of later is null, a column of then is dropped."""
    readers = {pl.Date: dt.date.fromisoformat, pl.Datetime: dt.datetime.fromisoformat}
    found: dict[str, Any] = {}
    for name, kind in schema.items():
        value, reader = row.get(name), readers.get(kind.base_type())
        found[name] = reader(value) if reader and value is not None else value
    return found
