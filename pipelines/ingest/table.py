"""From a grid of text to the typed tables of raw: one row per response, or one per record and measure.

A record with one thing that cannot be read is refused whole, with the first reason found; the good path has
no loop over rows.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import polars as pl
import pyarrow as pa

from pipelines.ingest.columns import Fault, Faults, Scale, as_text, coded, read_scale, texts_of, tidy_texts
from pipelines.ingest.grid import CODED, TEXT, Cells, Grid
from pipelines.ingest.header import Layout
from pipelines.ingest.keys import (
    counts,
    decimals,
    moments,
    plain,
    refuse_undated,
    respondents,
    response_ids,
    units,
    weights,
)
from pipelines.ingest.model import Decoded, FileProblem
from pipelines.ingest.reading import Reading, Traits
from pipelines.ingest.spec import ItemSpec, SourceSpec

VALUE = pa.decimal128(18, 6)


def decode_grid(
    grid: Grid, layout: Layout, spec: SourceSpec, traits: Traits, wave_code: str | None, raw: bytes
) -> Decoded:
    """Read the declared columns of a grid. Raises FileProblem where a column cannot be read at all.

    `raw` are the file's bytes: their hash names the records where no response key is declared.
    """
    wanted = _wanted(layout, spec)
    cells = grid.read(wanted)
    _refuse_unnamed(cells, layout)
    reading = Reading(grid, cells, layout, spec, traits, Faults(len(cells.numbers)))
    build = _measures if spec.kind == "measures" else _responses
    table, rows_each = build(reading, wave_code, raw)
    keep = reading.faults.rows == 0
    repeated = _repeats(reading, keep)
    keep &= ~repeated
    quarantined = sorted(
        [*cells.problems, *reading.faults.problems(cells.numbers, grid.lines)], key=lambda p: p.record or 0
    )
    return Decoded(
        table=table if keep.all() else table.filter(pa.array(np.repeat(keep, rows_each))),
        records=grid.records,
        accepted=int(keep.sum()),
        duplicates=int(repeated.sum()),
        quarantined=quarantined,
        wave_code=wave_code,
        encoding=grid.encoding,
        delimiter=grid.delimiter,
        format=spec.format,
        warnings=list(grid.warnings),
    )


def _wanted(layout: Layout, spec: SourceSpec) -> dict[int, pa.DataType]:
    groups = (layout.keys, layout.items, layout.measures, layout.segments, layout.marks)
    wanted = {place: CODED for group in groups for place in group.values()}
    wanted |= dict.fromkeys(layout.unnamed, CODED)
    for key in ("response", "respondent", "submitted_at"):
        if key in layout.keys:
            wanted[layout.keys[key]] = TEXT
    return dict(sorted(wanted.items()))


def _refuse_unnamed(cells: Cells, layout: Layout) -> None:
    """A trailing column without a name and without content is an accident; one that holds something is undeclared."""
    for place in layout.unnamed:
        if any(text and text.strip() for text in coded(cells.columns[place]).texts):
            raise FileProblem(
                "undeclared_column",
                expected="every column declared",
                found=f"column {place + 1}, which holds something and has no name",
                fix="name the column in the tool, declare it, and export again",
                status="held",
            )


def _responses(reading: Reading, wave_code: str | None, raw: bytes) -> tuple[pa.Table, int]:
    spec, rows = reading.spec, reading.rows
    complete, test = np.ones(rows, dtype=bool), np.zeros(rows, dtype=bool)
    if reading.traits.flags:
        marks = {mark: reading.cells.columns[place] for mark, place in reading.layout.marks.items()}
        complete, test = reading.traits.flags(marks, rows)
    answered = moments(reading)
    columns: dict[str, pa.Array | pa.ChunkedArray] = {
        "record_number": pa.array(reading.cells.numbers, pa.int32()),
        "response_id": response_ids(reading, raw),
        "respondent_id": respondents(reading),
        "unit_code": units(reading),
        "wave_code": pa.nulls(rows, TEXT) if wave_code is None else pa.repeat(wave_code, rows),
        "submitted_at": answered.utc.to_arrow().cast(pa.timestamp("us")),
        "submitted_date": answered.local.to_arrow().cast(pa.date32()),
        "language_code": plain(reading, "language"),
        "channel_code": plain(reading, "channel"),
        "counterparty_code": plain(reading, "counterparty"),
        "weight": weights(reading),
        "is_complete": pa.array(complete),
        "is_test": pa.array(test),
    }
    if spec.waves is None:
        refuse_undated(reading, answered, complete)
    for code, place in reading.layout.segments.items():
        column = coded(reading.cells.columns[place])
        columns[f"segment_{code}"] = column.spread_text(tidy_texts(column))
    reading.traits = _settled(reading)
    columns |= _items(reading)
    return pa.table(columns), 1


def _settled(reading: Reading) -> Traits:
    """Whether this very file tells the reasons of missing answers apart.

    A code of the format for "seen, not answered" says that the empty cells were not shown. Without a single null, a
    writer that could have told nulls from blanks has not.
    """
    columns = [reading.cells.columns[place] for place in reading.layout.items.values()]
    traits = reading.traits
    if traits.implied:
        coding = any(code in texts_of(column) for column in columns for code in traits.implied)
        return (
            replace(traits, null_reason="not_shown", blank_reason="not_shown", tells_reasons=True)
            if coding
            else traits
        )
    return replace(
        traits, tells_reasons=traits.tells_reasons and any(column.null_count for column in columns)
    )


def _items(reading: Reading) -> dict[str, pa.Array]:
    """A column of numbers per item, and one of reasons where this file tells them apart."""
    traits, layout = reading.traits, reading.layout

    def read(item: ItemSpec) -> ColumnRead:
        place = layout.items[item.code]
        scale = Scale(
            layout.names[place], item.minimum, item.maximum, item.values, item.missing, traits.implied,
            traits.null_reason, traits.blank_reason,
        )  # fmt: skip
        return _read_column(reading, place, scale, reasons=traits.tells_reasons or bool(item.missing))

    columns: dict[str, pa.Array] = {}
    with ThreadPoolExecutor(2) as pool:
        for item, found in zip(reading.spec.items, pool.map(read, reading.spec.items), strict=True):
            reading.faults.spread(found.faults, found.places)
            columns[item.code] = found.values
            if found.reasons is not None:
                columns[f"{item.code}__why"] = found.reasons
    return columns


class ColumnRead(NamedTuple):
    """One column read: its numbers, why some are missing (None if not asked), and the faults by distinct text."""

    values: pa.Array
    reasons: pa.Array | None
    faults: list[Fault | None]
    places: np.ndarray


def _read_column(reading: Reading, place: int, scale: Scale, reasons: bool) -> ColumnRead:
    column = coded(reading.cells.columns[place])
    verdicts = read_scale(scale, column.texts, reading.cells.typed.get(place, frozenset()))
    return ColumnRead(
        column.spread(value for value, _, _ in verdicts),
        column.spread_text([reason for _, reason, _ in verdicts]) if reasons else None,
        [fault for _, _, fault in verdicts],
        column.index,
    )


def _measures(reading: Reading, wave_code: str | None, raw: bytes) -> tuple[pa.Table, int]:
    """Long: the measures of a record follow each other. A declared percent or share has its natural range."""
    spec, rows, each = reading.spec, reading.rows, len(reading.spec.measures)
    answered = moments(reading)
    unit_codes = units(reading)
    sizes = counts(reading)
    values, reasons = [], []
    for measure in spec.measures:
        place = reading.layout.measures[measure.code]
        natural = {"percent": (0.0, 100.0), "share": (0.0, 1.0)}.get(measure.scale, (None, None))
        declared = (measure.minimum, measure.maximum)
        low, high = natural if declared == (None, None) else declared
        scale = Scale(
            reading.layout.names[place], low, high, {}, measure.missing, {}, "blank", "blank",
            100.0 if measure.scale == "share" else 1.0,
        )  # fmt: skip
        found = _read_column(reading, place, scale, reasons=True)
        reading.faults.spread(found.faults, found.places)
        values.append(decimals(reading, found.values, VALUE, reading.layout.names[place]))
        reasons.append(found.reasons)
    order = pa.array(np.arange(rows * each).reshape(each, rows).T.ravel())
    codes = np.tile(np.arange(each, dtype=np.int32), rows)
    table = pa.table(
        {
            "record_number": pa.array(np.repeat(reading.cells.numbers, each), pa.int32()),
            "unit_code": _repeated(unit_codes, each),
            "wave_code": pa.nulls(rows * each, TEXT)
            if wave_code is None
            else pa.repeat(wave_code, rows * each),
            "measure_code": pa.array([m.code for m in spec.measures], TEXT).take(pa.array(codes)),
            "value": pa.chunked_array(values, VALUE).combine_chunks().take(order),
            "n": _repeated(sizes, each),
            "missing_reason": pa.chunked_array(reasons, TEXT).combine_chunks().take(order),
            "submitted_date": _repeated(answered.local.to_arrow().cast(pa.date32()), each),
        }
    )
    return table, each


def _repeated(column: pa.Array, each: int) -> pa.Array:
    return column.take(pa.array(np.repeat(np.arange(len(column)), each)))


def _repeats(reading: Reading, keep: np.ndarray) -> np.ndarray:
    """Rows identical, in every column read, to an earlier accepted row of the same response (or the same unit)."""
    place = reading.layout.keys.get("unit" if reading.spec.kind == "measures" else "response")
    none = np.zeros(reading.rows, dtype=bool)
    if place is None:
        return none
    ids = pl.Series(as_text(reading.cells.columns[place]).combine_chunks())
    if ids.n_unique() == len(ids):
        return none
    twice = np.flatnonzero(ids.is_duplicated().to_numpy() & keep)
    if not len(twice):
        return none
    take = pa.array(twice)
    same = pl.DataFrame(
        {
            str(p): pl.Series(column.take(take).cast(TEXT).combine_chunks())
            for p, column in reading.cells.columns.items()
        }
    )
    none[twice[~same.select(pl.struct(pl.all()).is_first_distinct()).to_series().to_numpy()]] = True
    return none
