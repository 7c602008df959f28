"""What a decoded file answers, item by item, as counts: nothing of one person, enough to see a scale change."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.declared.sources import Item
from pipelines.stats.stability import NO_MOMENTS, Moments, added

ROWS_AT_ONCE = 1 << 18

SCHEMA = """
create table if not exists profiles (parquet text primary key, meaning text not null, portions text not null);
"""


@dataclass
class Profile:
    """One item in one wave of one file: answers by value, and how the item goes with the others.

    `moments` are (n, Σx, Σy, Σx², Σy², Σxy) of the item (x, 0–1, reversed items turned round) and the mean of the other
    items of a dimension that the same person answered (y). All others, not those of its own dimension alone: of two
    items that part, nothing else tells which one turned.
    """

    counts: dict[float, int] = field(default_factory=dict)
    moments: Moments = NO_MOMENTS

    @property
    def n(self) -> int:
        return sum(self.counts.values())

    def joined(self, other: Profile) -> Profile:
        """Both as one: counts and sums add up exactly."""
        values = {**self.counts, **other.counts}
        counts = {value: self.counts.get(value, 0) + other.counts.get(value, 0) for value in values}
        return Profile(counts, added([self.moments, other.moments]))


@dataclass
class Portion:
    """One wave of a file ("" where the source has none) and its days, with a profile per item code."""

    wave: str
    first_day: str | None
    last_day: str | None
    items: dict[str, Profile]


def meaning(items: Sequence[Item]) -> str:
    """Changes when the same Parquet would be profiled differently."""
    told = [(item.code, item.min, item.max, item.reversed, item.dimension is None) for item in items]
    return hashlib.sha256(repr(told).encode()).hexdigest()[:12]


def profile(path: Path, source: str, items: Sequence[Item]) -> list[Portion]:
    """The portions of one file of raw responses, tests left out, read by batches of rows."""
    found: dict[str, Portion] = {}
    columns = [f"{source}__{item.code}" for item in items]
    extra = ["wave_code", "submitted_date", "is_test"]
    with pq.ParquetFile(path) as file:
        there = set(file.schema_arrow.names)
        for batch in file.iter_batches(ROWS_AT_ONCE, columns=[c for c in (*columns, *extra) if c in there]):
            _add(found, batch, columns, items)
    return [found[wave] for wave in sorted(found)]


def _add(found: dict[str, Portion], batch: pa.RecordBatch, columns: list[str], items: Sequence[Item]) -> None:
    rows = batch.num_rows
    real = ~batch["is_test"].to_numpy(zero_copy_only=False).astype(bool)
    answers = np.full((rows, len(items)), np.nan)
    for place, column in enumerate(columns):
        if column in batch.schema.names:
            answers[:, place] = batch[column].cast(pa.float64()).to_numpy(zero_copy_only=False)
    codes = batch["wave_code"].dictionary_encode()
    waves = codes.indices.fill_null(-1).to_numpy(zero_copy_only=False)
    for number in np.unique(waves):
        mine = real & (waves == number)
        wave = "" if number < 0 else str(codes.dictionary[int(number)])
        portion = found.setdefault(wave, Portion(wave, None, None, {item.code: Profile() for item in items}))
        _days(portion, batch["submitted_date"].filter(pa.array(mine)))
        _count(portion, answers[mine], items)


def _days(portion: Portion, days: pa.Array) -> None:
    seen = [day for day in days.drop_null().unique().to_pylist() if day]
    if seen:
        portion.first_day = min(filter(None, (portion.first_day, min(seen).isoformat())))
        portion.last_day = max(filter(None, (portion.last_day, max(seen).isoformat())))


def _count(portion: Portion, answers: np.ndarray, items: Sequence[Item]) -> None:
    low, high = np.array([item.min for item in items]), np.array([item.max for item in items])
    points = (answers - low) / (high - low)
    points[:, [item.reversed for item in items]] = 1 - points[:, [item.reversed for item in items]]
    answered, core = ~np.isnan(points), np.array([item.dimension is not None for item in items])
    filled = np.where(answered, points, 0.0)
    total, number = filled[:, core].sum(axis=1), answered[:, core].sum(axis=1)
    for place, item in enumerate(items):
        mine = answered[:, place]
        values, counts = np.unique(answers[mine, place], return_counts=True)
        one = portion.items[item.code]
        for value, count in zip(values.tolist(), counts.tolist(), strict=True):
            one.counts[value] = one.counts.get(value, 0) + count
        others = number - (mine & core[place])
        both = mine & (others > 0)
        x = filled[both, place]
        y = (total[both] - (x if core[place] else 0.0)) / others[both]
        sums = (float(both.sum()), x.sum(), y.sum(), (x * x).sum(), (y * y).sum(), (x * y).sum())
        one.moments = tuple(float(a + b) for a, b in zip(one.moments, sums, strict=True))  # type: ignore[assignment]


class ProfileBook:
    """Profiles in the ledger: a Parquet is content-addressed, so what it holds is counted once."""

    _connection: sqlite3.Connection

    def profile_of(self, parquet: str, means: str) -> list[Portion] | None:
        """The portions kept of a Parquet file under the same meaning of its items; None when there are none."""
        row = self._connection.execute(
            "select portions from profiles where parquet = ? and meaning = ?", (parquet, means)
        ).fetchone()
        return None if row is None else [_portion(told) for told in json.loads(row["portions"])]

    def keep_profiles(self, told: Sequence[tuple[str, str, list[Portion]]]) -> None:
        """(parquet, meaning, portions) of several files; one that is lost in a crash is counted again."""
        if told:
            rows = [(parquet, means, json.dumps([_told(one) for one in own])) for parquet, means, own in told]
            self._connection.execute("begin immediate")
            self._connection.executemany("insert or replace into profiles values (?, ?, ?)", rows)
            self._connection.execute("commit")


def _told(portion: Portion) -> list[Any]:
    items = {code: [sorted(one.counts.items()), one.moments] for code, one in portion.items.items()}
    return [portion.wave, portion.first_day, portion.last_day, items]


def _portion(told: list[Any]) -> Portion:
    wave, first, last, items = told
    own = {code: Profile(dict(counts), tuple(moments)) for code, (counts, moments) in items.items()}
    return Portion(wave, first, last, own)
