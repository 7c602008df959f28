"""The parts of a home's data that people speak of: a source's wave or period, a ledger's fiscal year.

A part is named `source:wave`, `source:2025-Q1`, `source:FY2025`. Dagster shows them as partitions.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import polars as pl

from pipelines.declared import Home, chart_years, fiscal_year_of, span
from pipelines.declared.periods import code_of, periods
from pipelines.declared.sources import Source, Wave
from pipelines.ingest.header import matches_glob
from pipelines.ledger import Entry


def named_waves(source: Source, name: str) -> list[Wave]:
    """The waves whose pattern the file's own name matches; none where records say their wave or their day."""
    base = name.rsplit("/", 1)[-1]
    declared = source.waves if isinstance(source.waves, list) and not source.keys.wave else []
    return [wave for wave in declared if wave.file and matches_glob(base, wave.file)]


def wave_keys(home: Home) -> list[str]:
    """Every part the declarations promise, source by source, oldest first; periods up to the one under way."""
    keys = []
    grain, start_month = home.organisation.scorecard_grain, home.organisation.fiscal_start_month
    first, last = span(home)
    under_way = [
        p.code for p in periods(first, last, start_month) if p.grain == grain and p.start <= home.as_of
    ]
    for code, source in home.sources.items():
        if source.kind == "ledger":
            keys += [f"{code}:FY{year}" for year in sorted(chart_years(home))]
        elif isinstance(source.waves, list):
            keys += [f"{code}:{wave.code}" for wave in sorted(source.waves, key=lambda wave: wave.closed)]
        else:
            keys += [f"{code}:{period}" for period in under_way]
    return keys


def waves_of(home: Home, entry: Entry) -> dict[str, int]:
    """Part -> rows of it in the file as decoded; a file that could not be decoded is in the wave its name says."""
    code = str(entry.source)
    source = home.sources[code]
    if not entry.parquet or not (home.restricted / entry.decoded).exists():
        return {f"{code}:{wave.code}": 0 for wave in named_waves(source, entry.name)}
    rows = pl.scan_parquet(home.restricted / entry.decoded, glob=False)
    if source.kind == "ledger":
        return _by_day(rows, "entry_date", lambda day: f"{code}:FY{fiscal_year_of(home, day)}")
    if isinstance(source.waves, list):
        counted = rows.group_by("wave_code").len().collect().rows()
        return {f"{code}:{wave}": count for wave, count in sorted(counted) if wave}
    grain, start_month = home.organisation.scorecard_grain, home.organisation.fiscal_start_month
    return _by_day(rows, "submitted_date", lambda day: f"{code}:{code_of(day, grain, start_month)}")


def _by_day(rows: pl.LazyFrame, column: str, named: Callable[[dt.date], str]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for day, count in sorted(rows.group_by(column).len().drop_nulls().collect().rows()):
        key = named(day)
        counts[key] = counts.get(key, 0) + count
    return counts
