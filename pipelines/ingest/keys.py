"""The keys of a record: who, which unit, when, how much it weighs. A key that cannot be read refuses its record."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.ingest.columns import Coded, Fault, Scale, as_text, coded, read_scale, tidy_texts
from pipelines.ingest.dates import AmbiguousDays, MixedDays, Moments, UnknownZone, day_order, read_moments
from pipelines.ingest.grid import TEXT
from pipelines.ingest.header import SHOWN, quote
from pipelines.ingest.model import WITHHELD, FileProblem
from pipelines.ingest.reading import Reading
from pipelines.ingest.spec import SourceSpec
from pipelines.ingest.stored import Data, sha256_of

WEIGHT = pa.decimal128(12, 6)
LONGEST_CODE, LONGEST_WAVE = 80, 40
ADDRESS = re.compile(r"\S@\S")  # of a person; "Partners @ Violet Street" is a place
# Between the parts of a composite key: no tool writes it inside one.
BETWEEN = "\x1f"
SAME = str.maketrans("\u2018\u2019\u02bc\u2010\u2011\u2012\u2013\u2014\u2212", "'''------")


def response_ids(reading: Reading, raw: Data) -> pa.Array | pa.ChunkedArray:
    """What tells a response or an event from the others: its key, its keys together, else its place in the file."""
    columns = reading.identity()
    if not columns:
        file_id = reading.whole.once("file", lambda: sha256_of(raw)[:16])
        return pa.array([f"{file_id}-{number}" for number in reading.cells.numbers.tolist()], TEXT)
    parts = {name: as_text(column) for name, column in columns.items()}
    for name, part in parts.items():
        fault = Fault(
            "missing_key",
            name,
            "an identifier",
            "export again with the response identifier, or correct keys.response",
        )
        reading.faults.add(fault, np.asarray(part.is_null()))
    return next(iter(parts.values())) if len(parts) == 1 else joined(list(parts.values()))


def joined(parts: Sequence[pa.Array | pa.ChunkedArray]) -> pa.Array | pa.ChunkedArray:
    """The parts of a composite key as one text; null where any is null."""
    return pc.binary_join_element_wise(*parts, BETWEEN)


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
    find = unit_finder(spec.aliases)
    given = tidy_texts(column_units)
    codes = [find(text) if text else spec.unit for text in given]
    name = reading.key_name("unit")
    faults = [
        None if code else _unknown_unit(spec, name, text) for code, text in zip(codes, given, strict=True)
    ]
    reading.faults.spread(faults, column_units.index)
    reading.whole.once("alike", lambda: _tell_alike(reading, find))
    return column_units.spread_text(codes)


def _tell_alike(reading: Reading, find: Callable[[str], str | None]) -> None:
    """Warn, once for the file, of the texts that are an alias but for case or marks: joined, and to be reviewed."""
    written = {" ".join(alias.split()) for alias in reading.spec.aliases}
    texts = {" ".join(text.split()) for text in reading.whole.texts(reading.layout.keys["unit"])} - written
    alike = sorted(text for text in texts if text and find(text))
    if alike:
        shown = ", ".join(f"{quote(text)} as {find(text)}" for text in alike[:SHOWN])
        more = f" and {len(alike) - SHOWN} more" if len(alike) > SHOWN else ""
        told = f"units named as their alias but for case or marks: {shown}{more}; `relier match` lists them"
        reading.grid.warnings.append(told)


def unit_finder(aliases: Mapping[str, str]) -> Callable[[str], str | None]:
    """How a unit is found by the name a file gives it: exactly, else by its cleaned name where that means one unit."""
    exact = {" ".join(alias.split()): code for alias, code in aliases.items()}
    meant: dict[str, set[str]] = {}
    for alias, code in exact.items():
        meant.setdefault(cleaned(alias), set()).add(code)
    alone = {name: next(iter(codes)) for name, codes in meant.items() if len(codes) == 1}
    return lambda text: exact.get(" ".join(text.split())) or alone.get(cleaned(text))


def cleaned(name: str) -> str:
    """A unit's name without case, no-break spaces, typographic apostrophes and dashes, and trailing punctuation."""
    plain = unicodedata.normalize("NFKC", name).replace("\u200b", "").translate(SAME).casefold()
    return " ".join(plain.split()).rstrip(" .,;:*")


def wave_codes(reading: Reading, wave_code: str | None) -> pa.Array:
    """The file's wave on every row, or what each record says of its own. A wave's text is a code and no person."""
    column = reading.key("wave")
    if column is None:
        return pa.nulls(reading.rows, TEXT) if wave_code is None else pa.repeat(wave_code, reading.rows)
    texts = coded(column)
    given = tidy_texts(texts)
    known = {" ".join(w.value.split()): w.code for w in reading.spec.waves or () if w.value is not None}
    name = reading.key_name("wave")
    faults = [None if text in known else _unknown_wave(name, text) for text in given]
    reading.faults.spread(faults, texts.index)
    return texts.spread_text([known.get(text or "") for text in given])


def _unknown_wave(column: str | None, text: str | None) -> Fault:
    if text is None:
        return Fault("unknown_wave", column, "a wave", "give the record its wave in the tool", "no wave")
    shown = quote(text) if len(text) <= LONGEST_WAVE and "@" not in text else WITHHELD
    value = shown if shown != WITHHELD else "<its text>"
    line = f"- {{code: <wave>, value: {value}, closed: <date>}}"
    return Fault("unknown_wave", column, "the value of a declared wave", f"add `{line}` under waves", shown)


def excluded(reading: Reading) -> np.ndarray:
    """Rows a declaration keeps as tests: they hold one of the texts of `exclude`, "" being an empty cell."""
    out = np.zeros(reading.rows, dtype=bool)
    for column, texts in reading.spec.exclude.items():
        unwanted = {" ".join(text.split()) for text in texts}
        cells = coded(reading.cells.columns[reading.layout.named[column]])
        out |= np.array([(text or "") in unwanted for text in tidy_texts(cells)])[cells.index]
    return out


def _unknown_unit(spec: SourceSpec, column: str | None, alias: str | None) -> Fault:
    if alias is None:
        return Fault("unknown_unit", column, "a unit", "give the record its unit in the tool", "no unit")
    if len(alias) > LONGEST_CODE or ADDRESS.search(alias):
        return Fault("unknown_unit", column, "a declared unit", f"add it to unit_aliases.csv for {spec.code}")
    line = f"{spec.code},{alias},<unit_code>"
    return Fault("unknown_unit", column, "a declared unit", f"add `{line}` to unit_aliases.csv", quote(alias))


def moments(reading: Reading) -> Moments:
    """When each record was made; nothing where no such column is declared."""
    column = reading.key("submitted_at")
    if column is None:
        empty = pl.Series([None] * reading.rows, dtype=pl.Datetime("us"))
        return Moments(empty, empty.dt.date(), empty.is_not_null())
    order = reading.whole.once("day order", lambda: _day_order(reading))
    return moments_of(reading, column, reading.key_name("submitted_at"), order)


def _day_order(reading: Reading) -> bool | None:
    """Whether the days come first, told by the whole column: a piece of a big file may hold no proof of its own."""
    traits, spec = reading.traits, reading.spec
    parts = reading.whole.column(reading.layout.keys["submitted_at"])
    if spec.time_formats:
        return None
    try:
        return day_order((pl.Series(as_text(part).combine_chunks()) for part in parts), traits.day_first)
    except (AmbiguousDays, MixedDays) as problem:
        raise _unsettled_dates(reading.key_name("submitted_at"), problem, spec.time_zone) from None


def moments_of(
    reading: Reading, column: pa.ChunkedArray, name: str | None, day_first: bool | None = None
) -> Moments:
    """One column of dates. A date that cannot be read refuses its record."""
    found = dates_of(reading, pl.Series(as_text(column).combine_chunks()), name, day_first)
    reading.faults.add(bad_date(name), found.bad.to_numpy())
    return found


def bad_date(name: str | None) -> Fault:
    """Why a text that should be a date refuses its record."""
    return Fault(
        "bad_date", name, "a date in one of the declared formats", "add its format under time_formats"
    )


def dates_of(reading: Reading, values: pl.Series, name: str | None, day_first: bool | None = None) -> Moments:
    """Texts of one column as moments. Raises FileProblem (held) where the order of day and month is unsettled."""
    traits, spec = reading.traits, reading.spec
    try:
        return read_moments(
            values,
            traits.zone or spec.time_zone,
            spec.time_formats,
            serial_epoch=traits.serial_epoch,
            sentinels=traits.no_date,
            day_first=traits.day_first if day_first is None else day_first,
            utc=traits.utc,
        )
    except (AmbiguousDays, MixedDays, UnknownZone) as problem:
        raise _unsettled_dates(name, problem, traits.zone or spec.time_zone) from None


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
    """A continuous source's wave is its date: a complete response without one belongs to no period.

    `complete` also leaves out what `exclude` keeps as tests: they count in no period.
    """
    fault = Fault(
        "missing_key",
        reading.key_name("submitted_at"),
        "a submission date",
        "export it, or declare waves for the source",
    )
    reading.faults.add(fault, answered.utc.is_null().to_numpy() & complete)


def _numbers(
    reading: Reading, place: int, missing: Sequence[str], fault: Fault, whole: bool = False
) -> tuple[Coded, list[float | None]]:
    texts = coded(reading.cells.columns[place])
    typed = reading.cells.typed.get(place, frozenset())
    scale = Scale(
        fault.column or "", 0.0, None, {}, dict.fromkeys(missing, "blank"), {}, None, None, whole=whole
    )
    verdicts = reading.whole.once((place, repr(scale)), lambda: read_scale(scale, texts.texts, typed))
    reading.faults.spread([fault if wrong else None for _, _, wrong in verdicts], texts.index)
    return texts, [value for value, _, _ in verdicts]


def weights(reading: Reading) -> pa.Array:
    name, place = reading.key_name("weight"), reading.layout.keys.get("weight")
    if place is None:
        return pa.nulls(reading.rows, WEIGHT)
    fault = Fault("bad_weight", name, "a positive number", "correct the weight in the tool")
    found = _numbers(reading, place, (), fault)
    return decimals(reading, found[0].spread(found[1]), WEIGHT, name)


def counts(reading: Reading, column: str | None = None) -> pa.Array:
    """Answers behind each record of measures, from a measure's own `column` or the key n.

    A code that means missing for a measure means it here too.
    """
    place = reading.layout.keys.get("n") if column is None else reading.layout.named[column]
    if place is None:
        return pa.nulls(reading.rows, pa.int32())
    missing = [text for measure in reading.spec.measures for text in measure.missing]
    fault = Fault("bad_count", reading.layout.names[place], "a whole number", "correct the count in the tool")
    texts, values = _numbers(reading, place, missing, fault, whole=True)
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
