"""The table of events: one row per event and fact, a fact being yes (1), no (0) or not known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.ingest.columns import Scale, coded, tidy_texts
from pipelines.ingest.dates import Moments
from pipelines.ingest.grid import TEXT
from pipelines.ingest.keys import (
    bad_date,
    dates_of,
    excluded,
    moments,
    plain,
    refuse_undated,
    response_ids,
    units,
    wave_codes,
)
from pipelines.ingest.reading import Reading, read_column
from pipelines.ingest.spec import FactSpec
from pipelines.ingest.stored import Data

VALUE = pa.decimal128(18, 6)


def events(reading: Reading, wave_code: str | None, raw: Data) -> tuple[pa.Table, np.ndarray]:
    """Long: the facts of an event follow each other. Also returns which record each row comes from."""
    rows, facts = reading.rows, reading.spec.facts
    happened, tests = moments(reading), excluded(reading)
    shared = {
        "record_number": pa.array(reading.cells.numbers, pa.int32()),
        "event_id": response_ids(reading, raw),
        "unit_code": units(reading),
        "wave_code": wave_codes(reading, wave_code),
        "submitted_date": happened.local.to_arrow().cast(pa.date32()),
        "counterparty_code": plain(reading, "counterparty"),
        "is_test": pa.array(tests),
    }
    if reading.spec.waves is None:
        refuse_undated(reading, happened, ~tests)
    found = [_dated(reading, fact) if fact.promised else _coded(reading, fact) for fact in facts]
    each = len(facts)
    origin = np.repeat(np.arange(rows), each)
    order = pa.array(np.arange(rows * each).reshape(each, rows).T.ravel())
    codes = pa.array(np.tile(np.arange(each, dtype=np.int32), rows))
    columns = {name: column.take(pa.array(origin)) for name, column in shared.items()}
    columns["measure_code"] = pa.array([fact.code for fact in facts], TEXT).take(codes)
    columns["value"] = pa.chunked_array([values for values, _ in found], VALUE).combine_chunks().take(order)
    columns["missing_reason"] = pa.chunked_array([why for _, why in found], TEXT).combine_chunks().take(order)
    return pa.table(columns), origin


def _coded(reading: Reading, fact: FactSpec) -> tuple[pa.Array, pa.Array]:
    """A column whose texts are declared yes, no or missing; any other text refuses its record."""
    name = fact.column or ""
    place = reading.layout.named[name]
    scale = Scale(name, 0.0, 1.0, fact.values, fact.missing, {}, "blank", "blank")
    found = read_column(reading, place, scale, reasons=True)
    fix = f"add the text under values or missing of fact {fact.code}"
    faults = [fault and replace(fault, fix=fix) for fault in found.faults]
    reading.faults.spread(faults, found.places)
    return found.values.cast(VALUE), found.reasons


def _dated(reading: Reading, fact: FactSpec) -> tuple[pa.Array, pa.Array]:
    """1 where the actual day is not after the promised one, 0 where it is; null, with why, where either is absent."""
    promised, why_not_promised = _days(reading, fact.promised or "", fact)
    actual, why_not_actual = _days(reading, fact.actual or "", fact)
    on_time = pc.less_equal(actual, promised).cast(pa.float64())
    return on_time.cast(VALUE), pc.coalesce(why_not_promised, why_not_actual)


def _days(reading: Reading, column: str, fact: FactSpec) -> tuple[pa.Array, pa.Array]:
    """The days of one column, and why some are missing; a text declared missing is no date and no error.

    Any other text that is no date refuses its record. Each distinct text of the whole file is read once.
    """
    place = reading.layout.named[column]
    cells = coded(reading.cells.columns[place])
    missing = {" ".join(text.split()): reason for text, reason in fact.missing.items()}

    def read() -> Moments:
        texts = [None if text is None or text in missing else text for text in tidy_texts(cells)]
        return dates_of(reading, pl.Series(texts, dtype=pl.String), column)

    found = reading.whole.once((place, "days", repr(missing)), read)
    fault = bad_date(column)
    reading.faults.spread([fault if bad else None for bad in found.bad], cells.index)
    days = found.local.to_arrow().cast(pa.date32()).take(pa.array(cells.index))
    known = zip(tidy_texts(cells), found.bad | found.local.is_not_null(), strict=True)
    reasons = [None if said else missing.get(text or "", "blank") for text, said in known]
    return days, cells.spread_text(reasons)
