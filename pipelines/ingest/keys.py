"""The keys of a record: who, which unit, when, how much it weighs. A key that cannot be read refuses its record."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.ingest.columns import Coded, Fault, Scale, as_text, coded, read_scale, tidy_texts
from pipelines.ingest.dates import AmbiguousDays, MixedDays, Moments, UnknownZone, read_moments
from pipelines.ingest.grid import TEXT
from pipelines.ingest.header import quote
from pipelines.ingest.model import FileProblem
from pipelines.ingest.reading import Reading
from pipelines.ingest.spec import SourceSpec

WEIGHT = pa.decimal128(12, 6)
LONGEST_CODE = 80


def response_ids(reading: Reading, raw: bytes) -> pa.Array | pa.ChunkedArray:
    column = reading.key("response")
    if column is None:
        file_id = hashlib.sha256(raw).hexdigest()[:16]
        return pa.array([f"{file_id}-{number}" for number in reading.cells.numbers.tolist()], TEXT)
    ids = as_text(column)
    fault = Fault(
        "missing_key",
        reading.key_name("response"),
        "an identifier",
        "export again with the response identifier, or correct keys.response",
    )
    reading.faults.add(fault, np.asarray(ids.is_null()))
    return ids


def respondents(reading: Reading) -> pa.Array | pa.ChunkedArray:
    column = reading.key("respondent")
    if column is None:
        return pa.nulls(reading.rows, TEXT)
    ids = as_text(column)
    if not reading.traits.anonymous:
        return ids
    nobody = pc.is_in(pc.utf8_lower(ids), pa.array(sorted(reading.traits.anonymous), TEXT))
    return pc.if_else(nobody, pa.scalar(None, TEXT), ids)


def plain(reading: Reading, key: str) -> pa.Array:
    column = reading.key(key)
    if column is None:
        return pa.nulls(reading.rows, TEXT)
    texts = coded(column)
    return texts.spread_text(tidy_texts(texts))


def units(reading: Reading) -> pa.Array:
    """Unit codes; an alias that is not declared refuses its record and is named, for it is a code and no person."""
    spec = reading.spec
    column = reading.key("unit")
    if column is None:
        return pa.nulls(reading.rows, TEXT) if spec.unit is None else pa.repeat(spec.unit, reading.rows)
    column_units = coded(column)
    aliases = {" ".join(alias.split()): code for alias, code in spec.aliases.items()}
    given = tidy_texts(column_units)
    codes = [aliases.get(text) if text else spec.unit for text in given]
    name = reading.key_name("unit")
    faults = [
        None if code else _unknown_unit(spec, name, text) for code, text in zip(codes, given, strict=True)
    ]
    reading.faults.spread(faults, column_units.index)
    return column_units.spread_text(codes)


def _unknown_unit(spec: SourceSpec, column: str | None, alias: str | None) -> Fault:
    if alias is None:
        return Fault("unknown_unit", column, "a unit", "give the record its unit in the tool", "no unit")
    if len(alias) > LONGEST_CODE or "@" in alias:
        return Fault("unknown_unit", column, "a declared unit", f"add it to unit_aliases.csv for {spec.code}")
    line = f"{spec.code},{alias},<unit_code>"
    return Fault("unknown_unit", column, "a declared unit", f"add `{line}` to unit_aliases.csv", quote(alias))


def moments(reading: Reading) -> Moments:
    column = reading.key("submitted_at")
    name = reading.key_name("submitted_at")
    if column is None:
        empty = pl.Series([None] * reading.rows, dtype=pl.Datetime("us"))
        return Moments(empty, empty.dt.date(), empty.is_not_null())
    traits, spec = reading.traits, reading.spec
    values = pl.Series(as_text(column).combine_chunks())
    try:
        found = read_moments(
            values,
            traits.zone or spec.time_zone,
            spec.time_formats,
            serial_epoch=traits.serial_epoch,
            sentinels=traits.no_date,
        )
    except (AmbiguousDays, MixedDays, UnknownZone) as problem:
        raise _unsettled_dates(name, problem, traits.zone or spec.time_zone) from None
    fault = Fault(
        "bad_date", name, "a date in one of the declared formats", "add its format under time_formats"
    )
    reading.faults.add(fault, found.bad.to_numpy())
    return found


def _unsettled_dates(name: str | None, problem: Exception, zone: str) -> FileProblem:
    if isinstance(problem, UnknownZone):
        return FileProblem(
            "unknown_time_zone",
            expected="a time zone such as Europe/Paris",
            found=quote(zone),
            fix="correct time_zone in organisation.yml, or the export's own time zone",
            status="held",
        )
    both = isinstance(problem, AmbiguousDays)
    return FileProblem(
        "ambiguous_dates" if both else "mixed_dates",
        expected=f"dates of one reading in column {quote(name or '')}",
        found="dates that read both as day/month and as month/day"
        if both
        else "day/month and month/day together",
        fix='add `time_formats: ["%d/%m/%Y %H:%M:%S"]` (or `%m/%d/%Y`, as the tool writes them) to the source',
        status="held",
    )


def refuse_undated(reading: Reading, answered: Moments, complete: np.ndarray) -> None:
    """A continuous source's wave is its date: a complete response without one belongs to no period."""
    fault = Fault(
        "missing_key",
        reading.key_name("submitted_at"),
        "a submission date",
        "export it, or declare waves for the source",
    )
    reading.faults.add(fault, answered.utc.is_null().to_numpy() & complete)


def _numbers(
    reading: Reading, key: str, missing: Sequence[str], fault: Fault
) -> tuple[Coded, list[float | None]] | None:
    column = reading.key(key)
    if column is None:
        return None
    texts = coded(column)
    place = reading.layout.keys[key]
    typed = reading.cells.typed.get(place, frozenset())
    scale = Scale(fault.column or key, 0.0, None, {}, dict.fromkeys(missing, "blank"), {}, None, None)
    verdicts = read_scale(scale, texts.texts, typed)
    reading.faults.spread([fault if wrong else None for _, _, wrong in verdicts], texts.index)
    return texts, [value for value, _, _ in verdicts]


def weights(reading: Reading) -> pa.Array:
    name = reading.key_name("weight")
    fault = Fault("bad_weight", name, "a positive number", "correct the weight in the tool")
    found = _numbers(reading, "weight", (), fault)
    if found is None:
        return pa.nulls(reading.rows, WEIGHT)
    return decimals(reading, found[0].spread(found[1]), WEIGHT, name)


def counts(reading: Reading) -> pa.Array:
    """Respondents behind each record of measures; a code that means missing for a measure means it here too."""
    missing = [text for measure in reading.spec.measures for text in measure.missing]
    fault = Fault("bad_count", reading.key_name("n"), "a whole number", "correct the count in the tool")
    found = _numbers(reading, "n", missing, fault)
    if found is None:
        return pa.nulls(reading.rows, pa.int32())
    texts, values = found
    broken = [value is not None and (value != int(value) or value >= 2**31) for value in values]
    reading.faults.spread([fault if wrong else None for wrong in broken], texts.index)
    whole = [None if wrong else value for wrong, value in zip(broken, values, strict=True)]
    return texts.spread(whole).cast(pa.int32())


def decimals(reading: Reading, values: pa.Array, kind: pa.Decimal128Type, name: str | None) -> pa.Array:
    """Floats as exact decimals, rounded to the scale; a number too large for the column refuses its record."""
    largest = 10.0 ** (kind.precision - kind.scale) - 1
    too_large = np.asarray(pc.fill_null(pc.greater(pc.abs(values), largest), False))
    if too_large.any():
        fault = Fault("out_of_scale", name, f"at most {largest:.0f}", "correct the figure in the tool")
        reading.faults.add(fault, too_large)
        values = pc.if_else(pa.array(too_large), pa.scalar(None, pa.float64()), values)
    return values.cast(kind, safe=False)
