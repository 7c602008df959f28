"""Moments and days as exports write them. Day or month first is decided once per column, or by the declaration."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import polars as pl

from pipelines.ingest.months import in_english, month_end

EARLIEST, LATEST = 1990, 2100
ISO = ("%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M:%S%.f")
# Three numbers, then maybe a time, AM or PM, and an offset from UTC.
PATTERN = (
    r"^\s*(?P<a>[0-9]{4}|[0-9]{1,2})(?P<sep>[-/.])(?P<b>[0-9]{1,2})[-/.](?P<c>[0-9]{4}|[0-9]{1,2})"
    r"(?:[T\s]+(?P<h>[0-9]{1,2}):(?P<mi>[0-9]{2})(?::(?P<s>[0-9]{2})(?:[.,][0-9]+)?)?\s*(?P<half>[AaPp][Mm])?"
    r"\s*(?P<zone>Z|(?:UTC|GMT)?[+-][0-9]{1,2}(?::?[0-9]{2})?|UTC|GMT)?)?\s*$"
)
SHORT = r"^\s*[0-9]{1,2}[-/.]"
COMPACT = r"^\s*([0-9]{4})([0-9]{2})([0-9]{2})\s*$"
SERIAL = r"^[0-9]{4,6}(?:\.[0-9]+)?$"
NOTHING = r"^[\s0:/.T-]*$"
UNIX = "unix"
SECONDS = r"^\s*([0-9]{9,11})(?:\.[0-9]+)?\s*$"
# In a declared pattern: a time, a day, a month.
TIMED = ("%H", "%I", "%T", "%R", "%X", "%s", "%k", "%l")
DAYED, MONTHLY = ("%d", "%e", "%j", "%D", "%F", "%x", "%v"), ("%b", "%B", "%h", "%m")


class AmbiguousDays(Exception):
    """Every date of the column reads both as day/month and as month/day."""


class MixedDays(Exception):
    """Some dates of the column are day/month, others month/day."""


class UnknownZone(Exception):
    """The declared time zone does not exist."""


@dataclass(frozen=True)
class Moments:
    """`utc`: naive timestamps in UTC; `local`: the date where it was answered; `bad`: something, but no moment."""

    utc: pl.Series
    local: pl.Series
    bad: pl.Series


def read_moments(
    values: pl.Series,
    zone: str,
    formats: Sequence[str] = (),
    *,
    serial_epoch: date | None = None,
    sentinels: Sequence[str] = (),
    day_first: bool | None = None,
    utc: bool = False,
) -> Moments:
    """Read a column of text as moments in time zone `zone` (an offset in the text wins over the zone).

    `formats` are strptime patterns, month names in English or French, or "unix" (seconds since 1970); where given, no
    other is tried. A month without a day is its last day. `serial_epoch` is day 0 of a workbook whose dates are
    numbers. `sentinels` are texts that stand for no date. `day_first` settles columns that read both ways. With
    `utc` the texts are in UTC and `zone` only says the local day. Raises AmbiguousDays, MixedDays, UnknownZone.
    """
    values = values.cast(pl.String)
    if sentinels:
        values = values.set(values.is_in(list(sentinels)).fill_null(False), None)
    found, offset = _declared(values, formats or ISO[:1])
    if found.null_count() > values.null_count():
        values = values.set(values.str.contains(NOTHING).fill_null(False), None)
        found, offset = _declared(values, formats or ISO)
    if found.null_count() > values.null_count() and not formats:
        # A row's reading depends on its own text and on the settled order, never on the rows beside it.
        known = found.is_not_null()
        told, offset = _detected(values, day_first)
        found = found.zip_with(known, told)
        offset = None if offset is None else offset.set(known, None)
    if found.null_count() > values.null_count() and not formats:
        found = found.zip_with(found.is_not_null(), _months(values))
    if serial_epoch is not None and found.null_count() > values.null_count():
        found = found.zip_with(found.is_not_null(), _serials(values, serial_epoch))
    if utc:
        zero = pl.select(pl.repeat(pl.duration(), len(values))).to_series()
        offset = zero if offset is None else offset.zip_with(offset.is_not_null(), zero)
    return _moments(values, found, offset, zone)


def _moments(values: pl.Series, naive: pl.Series, offset: pl.Series | None, zone: str) -> Moments:
    year = naive.dt.year()
    outside = ((year < EARLIEST) | (year > LATEST)).fill_null(False)
    if outside.any():
        naive = naive.set(outside, None)
    utc = _to_utc(naive, zone)
    if offset is None:
        return Moments(utc, naive.dt.date(), values.is_not_null() & utc.is_null())
    utc = (naive - offset).zip_with(offset.is_not_null(), utc)
    local = utc.dt.replace_time_zone("UTC").dt.convert_time_zone(zone).dt.date()
    return Moments(utc, local, values.is_not_null() & utc.is_null())


def _declared(values: pl.Series, formats: Sequence[str]) -> tuple[pl.Series, pl.Series | None]:
    """Moments as the first pattern that fits says, and an offset of zero where the text itself tells UTC."""
    found = pl.Series([None] * len(values), dtype=pl.Datetime("us"))
    offset: pl.Series | None = None
    for form in formats:
        parsed = _parsed(values, form)
        if isinstance(parsed.dtype, pl.Datetime) and parsed.dtype.time_zone:
            parsed = parsed.dt.convert_time_zone("UTC").dt.replace_time_zone(None)
            told = pl.Series([None] * len(values), dtype=pl.Duration("us")) if offset is None else offset
            offset = told.set(found.is_null() & parsed.is_not_null(), timedelta(0))
        found = parsed if found.null_count() == len(found) else found.zip_with(found.is_not_null(), parsed)
    return found, offset


def _parsed(values: pl.Series, form: str) -> pl.Series:
    """One pattern on every text: naive local moments, or aware ones where the pattern holds a zone."""
    if form == UNIX:
        seconds = values.str.extract(SECONDS).cast(pl.Int64, strict=False)
        return (seconds * 1_000_000).cast(pl.Datetime("us", "UTC"))
    if any(mark in form for mark in ("%b", "%B", "%h")):
        changed = {text: in_english(text, "%B" in form) for text in values.drop_nulls().unique()}
        values = values.replace_strict(changed, default=None, return_dtype=pl.String)
    if any(mark in form for mark in TIMED):
        return values.str.to_datetime(form, strict=False, time_unit="us")
    if any(mark in form for mark in MONTHLY) and not any(mark in form for mark in DAYED):
        first = (values + " 01").str.to_date(f"{form} %d", strict=False)
        return first.dt.month_end().cast(pl.Datetime("us"))
    return values.str.to_date(form, strict=False).cast(pl.Datetime("us"))


def _months(values: pl.Series) -> pl.Series:
    """Months without a day as midnight of their last day; null for any other text."""
    days = {text: day for text in values.drop_nulls().unique() if (day := month_end(text))}
    return values.replace_strict(days, default=None, return_dtype=pl.Date).cast(pl.Datetime("us"))


def _detected(values: pl.Series, settled: bool | None = None) -> tuple[pl.Series, pl.Series | None]:
    text = values.str.replace(COMPACT, "$1-$2-$3")
    parts = text.str.extract_groups(PATTERN).struct.unnest()
    year_first = parts["a"].str.len_chars() == 4
    short = ~year_first & parts["a"].is_not_null()
    day_first = _day_first(parts.filter(short), settled)
    frame = parts.with_columns(
        year=pl.when(year_first).then("a").otherwise("c"),
        first=pl.when(year_first).then("b").otherwise("b" if day_first else "a"),
        second=pl.when(year_first).then("c").otherwise("a" if day_first else "b"),
    ).with_columns(
        year=pl.when(pl.col("year").str.len_chars() == 2).then("20" + pl.col("year")).otherwise("year"),
        # JavaScript writes the first hour of a day as 24:05:06 (Formbricks).
        hour=pl.col("h").fill_null("0").cast(pl.Int32) % 24,
    )
    late = pl.col("half").str.to_lowercase() == "pm"
    hour = (
        pl.when(pl.col("half").is_null())
        .then("hour")
        .otherwise(pl.col("hour") % 12 + 12 * late.cast(pl.Int32))
    )
    stamp = pl.format(
        "{}-{}-{} {}:{}:{}",
        "year",
        "first",
        "second",
        hour,
        pl.col("mi").fill_null("0"),
        pl.col("s").fill_null("0"),
    )
    return (
        frame.select(stamp.str.to_datetime("%Y-%m-%d %H:%M:%S", strict=False, time_unit="us")).to_series(),
        _offset(parts["zone"]),
    )


def day_order(columns: Iterable[pl.Series], settled: bool | None = None) -> bool | None:
    """Whether the dates of a whole column, given in parts, start with the day; None where that does not matter.

    Raises AmbiguousDays, MixedDays.
    """
    seen = set()
    for values in columns:
        short = values.filter(values.str.contains(SHORT).fill_null(False))
        if len(short):
            seen |= _told(short.str.extract_groups(PATTERN).struct.unnest())
    return _ordered(seen, settled) if seen else None


def _day_first(parts: pl.DataFrame, settled: bool | None) -> bool:
    """Whether dates with the year last start with the day; dots always do (12.03.2026), `settled` decides a tie."""
    return _ordered(_told(parts), settled)


def _told(parts: pl.DataFrame) -> set[str]:
    """What dates with the year last say of their order: "days" or "months" first, or nothing though they "differ"."""
    slashed = parts.filter(pl.col("sep") != ".")
    first, second = slashed["a"].cast(pl.Int32), slashed["b"].cast(pl.Int32)
    says = {
        "days": (first > 12) & (first <= 31) & (second <= 12),
        "months": (second > 12) & (second <= 31) & (first <= 12),
        "differ": first != second,
    }
    return {word for word, rows in says.items() if rows.any()} | ({"any"} if len(slashed) else set())


def _ordered(told: set[str], settled: bool | None) -> bool:
    if not told:
        return True
    if {"days", "months"} <= told:
        raise MixedDays
    if told & {"days", "months"}:
        return "days" in told
    if settled is None and "differ" in told:
        raise AmbiguousDays
    return settled is not False


def _offset(zone: pl.Series) -> pl.Series | None:
    if zone.null_count() == len(zone):
        return None
    digits = zone.str.replace_all(r"[ZUTCGM:]", "").str.replace(r"^([+-])([0-9](?:[0-9]{2})?)$", "${1}0${2}")
    sign = pl.when(pl.col("z").str.starts_with("-")).then(-1).otherwise(1)
    hours = pl.col("z").str.slice(1, 2).cast(pl.Int64, strict=False).fill_null(0)
    minutes = pl.col("z").str.slice(3, 2).cast(pl.Int64, strict=False).fill_null(0)
    shift = pl.duration(minutes=sign * (60 * hours + minutes), time_unit="us")
    frame = pl.DataFrame({"z": digits})
    return frame.select(pl.when(pl.col("z").is_not_null()).then(shift)).to_series()


def _serials(values: pl.Series, epoch: date) -> pl.Series:
    """Workbook dates left as numbers: days since the epoch, the fraction being the time, to the second."""
    days = values.str.extract(f"({SERIAL})").cast(pl.Float64, strict=False)
    start = datetime(epoch.year, epoch.month, epoch.day)
    shift = (days * 86_400).round().cast(pl.Int64) * 1_000_000
    return (pl.Series([start], dtype=pl.Datetime("us")).new_from_index(0, len(values))) + shift.cast(
        pl.Duration("us")
    )


def _to_utc(naive: pl.Series, zone: str) -> pl.Series:
    """Local to UTC. The hour that happens twice in autumn is its first pass; the one skipped in spring moves on."""
    try:
        aware = naive.dt.replace_time_zone(zone, ambiguous="earliest", non_existent="null")
    except pl.exceptions.ComputeError:
        raise UnknownZone from None
    skipped = naive.is_not_null() & aware.is_null()
    if skipped.any():
        later = naive.dt.offset_by("1h").dt.replace_time_zone(zone, ambiguous="earliest", non_existent="null")
        aware = aware.zip_with(~skipped, later)
    return aware.dt.convert_time_zone("UTC").dt.replace_time_zone(None)


def read_day(text: str) -> date | None:
    """A ledger's day: AAAAMMJJ, or with / - . in either order (day first), time ignored. None where there is none.

    Raises ValueError for anything else.
    """
    body = text.strip()
    if not body.strip("0/-.: T"):
        return None
    if compact := re.match(r"([0-9]{4})([0-9]{2})([0-9]{2})(?![0-9])", body):
        year, month, day = compact.groups()
    elif first := re.match(r"([0-9]{4})[-/.]([0-9]{1,2})[-/.]([0-9]{1,2})(?![0-9])", body):
        year, month, day = first.groups()
    elif last := re.match(r"([0-9]{1,2})[-/.]([0-9]{1,2})[-/.]([0-9]{4})(?![0-9])", body):
        day, month, year = last.groups()
    else:
        raise ValueError("no day")
    return date(int(year), int(month), int(day))
