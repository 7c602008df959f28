"""The table of measures: already aggregated figures, one row per record and measure (or per record of a long file)."""

from __future__ import annotations

from functools import partial

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.ingest.columns import Fault, Scale, coded
from pipelines.ingest.grid import TEXT
from pipelines.ingest.header import questions_of
from pipelines.ingest.keys import counts, decimals, moments, refuse_undated, units, wave_codes
from pipelines.ingest.reading import Reading, read_column
from pipelines.ingest.spec import MeasureSpec
from pipelines.ingest.stored import Data

VALUE = pa.decimal128(18, 6)
NATURAL = {"percent": (0.0, 100.0), "share": (0.0, 1.0), "count": (0.0, None)}
# Published parts are rounded: a sum may pass the top of its scale by half a unit in the last place of each.
ROUNDING = {"percent": 0.5, "share": 0.005}


def measures(reading: Reading, wave_code: str | None, raw: Data) -> tuple[pa.Table, np.ndarray]:
    """Long: the measures of a record follow each other. A declared percent or share has its natural range.

    Also returns which record (by its place among those read) each row comes from.
    """
    spec = reading.spec
    answered = moments(reading)
    shared = {
        "record_number": pa.array(reading.cells.numbers, pa.int32()),
        "unit_code": units(reading),
        "wave_code": wave_codes(reading, wave_code),
        "submitted_date": answered.local.to_arrow().cast(pa.date32()),
    }
    if spec.waves is None:
        refuse_undated(reading, answered, np.ones(reading.rows, dtype=bool))
    own, origin = _by_question(reading) if spec.long else _by_column(reading)
    take = pa.array(origin)
    columns = {name: column.take(take) for name, column in shared.items()} | own
    order = ("record_number", "unit_code", "wave_code", "measure_code", "value", "n", "missing_reason")
    return pa.table({name: columns[name] for name in (*order, "submitted_date")}), origin


def _by_column(reading: Reading) -> tuple[dict[str, pa.Array], np.ndarray]:
    rows, each = reading.rows, len(reading.spec.measures)
    everywhere = np.ones(rows, dtype=bool)
    found = [
        _figures(reading, measure, reading.layout.measures[measure.code], everywhere)
        for measure in reading.spec.measures
    ]
    order = pa.array(np.arange(rows * each).reshape(each, rows).T.ravel())
    codes = np.tile(np.arange(each, dtype=np.int32), rows)
    behind = [_behind(reading, measure) for measure in reading.spec.measures]
    own = {
        "measure_code": pa.array([m.code for m in reading.spec.measures], TEXT).take(pa.array(codes)),
        "n": pa.chunked_array(behind, pa.int32()).combine_chunks().take(order),
        "value": pa.chunked_array([values for values, _ in found], VALUE).combine_chunks().take(order),
        "missing_reason": pa.chunked_array([reasons for _, reasons in found], TEXT)
        .combine_chunks()
        .take(order),
    }
    return own, np.repeat(np.arange(rows), each)


def _by_question(reading: Reading) -> tuple[dict[str, pa.Array], np.ndarray]:
    """A long file: each record is one figure, of the measure its question names; of none (null) where it is dropped."""
    spec = reading.spec
    assert spec.long is not None  # noqa: S101 - the caller asked
    column = coded(reading.cells.columns[reading.layout.named[spec.long.question]])
    names = {measure.code: (measure.column, *measure.aliases) for measure in spec.measures}
    find = partial(questions_of, column.texts, names, spec, reading.grid.records)
    which = np.array(reading.whole.once("questions", find), dtype=np.int32)[column.index]
    _refuse_unasked(reading, column.index == len(column.texts))
    answer = reading.layout.named[spec.long.answer]
    parts = []
    for place, measure in enumerate(spec.measures):
        asked = which == place
        values, reasons = _figures(reading, measure, answer, asked)
        at = np.flatnonzero(asked)
        behind = _behind(reading, measure).take(at)
        parts.append((at, np.full(len(at), place, dtype=np.int32), values.take(at), reasons.take(at), behind))
    at = np.flatnonzero(which < 0)
    nothing = (pa.nulls(len(at), VALUE), pa.nulls(len(at), TEXT), counts(reading).take(at))
    parts.append((at, np.full(len(at), -1, dtype=np.int32), *nothing))
    origin = np.concatenate([part[0] for part in parts])
    order = np.argsort(origin, kind="stable")
    codes = np.concatenate([part[1] for part in parts])[order]
    own = {
        "measure_code": pa.array([m.code for m in spec.measures], TEXT).take(pa.array(codes, mask=codes < 0)),
        "value": pa.chunked_array([part[2] for part in parts], VALUE).combine_chunks().take(pa.array(order)),
        "missing_reason": pa.chunked_array([part[3] for part in parts], TEXT).combine_chunks().take(pa.array(order)),
        "n": pa.chunked_array([part[4] for part in parts], pa.int32()).combine_chunks().take(pa.array(order)),
    }  # fmt: skip
    return own, origin[order]


def _refuse_unasked(reading: Reading, nothing: np.ndarray) -> None:
    long = reading.spec.long
    name = long.question if long else None
    fault = Fault(
        "missing_key", name, "the question of the answer", "give the record its question in the tool"
    )
    reading.faults.add(fault, nothing)


def _figures(
    reading: Reading, measure: MeasureSpec, place: int, rows: np.ndarray
) -> tuple[pa.Array, pa.Array]:
    """Values and missing reasons of one measure; the faults of `rows` are noted. A sum lacks what any part lacks."""
    name = reading.layout.names[place]
    low, high = NATURAL.get(measure.scale, (None, None))
    if (measure.minimum, measure.maximum) != (None, None):
        low, high = measure.minimum, measure.maximum
    values, reasons = None, None
    for part in (place, *(reading.layout.named[column] for column in measure.plus)):
        scale = Scale(
            reading.layout.names[part], low, high, {}, measure.missing, {}, "blank", "blank",
            100.0 if measure.scale == "share" else 1.0,
        )  # fmt: skip
        found = read_column(reading, part, scale, reasons=True)
        reading.faults.spread([*found.faults, None], np.where(rows, found.places, len(found.faults)))
        values = found.values if values is None else pc.add(values, found.values)
        reasons = found.reasons if reasons is None else pc.coalesce(reasons, found.reasons)
    if measure.plus:
        values = _within(reading, measure, values, high, name, rows)
    if measure.scale == "count":
        values = _as_percent(reading, measure, values, name, rows)
        reasons = pc.coalesce(reasons, pa.scalar("not_applicable"))  # none of nothing
    if measure.complement:
        values = pc.subtract(1.0 if measure.scale == "share" else 100.0, values)
    shown = pa.array(rows)
    values = pc.if_else(shown, values, pa.scalar(None, pa.float64()))
    return decimals(reading, values, VALUE, name), pc.if_else(
        pc.is_null(values), reasons, pa.scalar(None, TEXT)
    )


def _behind(reading: Reading, measure: MeasureSpec) -> pa.Array:
    """How many answers stand behind each figure of a measure (int32, null where nobody said)."""
    return counts(reading, measure.n)


def _as_percent(
    reading: Reading, measure: MeasureSpec, values: pa.Array, name: str, rows: np.ndarray
) -> pa.Array:
    """A count as a percent of the n beside it; none of nothing is no figure, more than all refuses its record."""
    whole = _behind(reading, measure).cast(pa.float64())
    beyond = np.asarray(pc.fill_null(pc.greater(values, whole), False)) & rows
    fault = Fault(
        "out_of_scale", name, "at most the number it is counted among", "correct the count in the tool"
    )
    reading.faults.add(fault, beyond)
    some = pc.if_else(pc.greater(whole, 0.0), whole, pa.scalar(None, pa.float64()))
    return pc.multiply(pc.divide(values, some), 100.0)


def _within(
    reading: Reading, measure: MeasureSpec, values: pa.Array, high: float | None, name: str, rows: np.ndarray
) -> pa.Array:
    """A sum on its scale: what rounding carried over the top is the top, what lies beyond refuses its record."""
    if high is None:
        return values
    slack = ROUNDING.get(measure.scale, 0.0) * (1 + len(measure.plus))
    beyond = np.asarray(pc.fill_null(pc.greater(values, high + slack), False)) & rows
    added = " + ".join((measure.column, *measure.plus))
    fix = f"correct the columns of plus: ({added})"
    reading.faults.add(Fault("out_of_scale", name, f"a sum of at most {high:g}", fix), beyond)
    return pc.if_else(pc.greater(values, high), pa.scalar(high), values)
