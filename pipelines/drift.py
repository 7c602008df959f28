"""A scale that seems changed is held and asked: drift between a file and the accepted files of earlier waves.

What is compared with what: each wave of a file (a continuous source's file counts as one, dated by its last answer)
with the accepted files of the same source whose waves closed strictly before, pooled, and since the last declared
break. The order is that of the calendar, never of arrival, and everything is decided anew each time: the first wave
arriving last leaves the same files accepted as if it had come first. Under fifty answers on either side: silence.

A shift of the spread alone must also hold against the latest earlier waves: once a real change is confirmed, the next
wave at the new level passes. Chance alone holds about one file in a thousand (ALARM, shared out over its items).
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from pipelines.declared import Home
from pipelines.declared.sources import Item, Source
from pipelines.ingest.header import matches_glob, quote
from pipelines.ingest.scales import looks_like
from pipelines.ledger import Entry, Ledger
from pipelines.profiles import Portion, Profile, meaning, profile
from pipelines.stats.stability import (
    chance,
    mirrored,
    stability_index,
    turned,
)

REASON = "scale_changed"
FEWEST = 50
ALARM = 0.001

Key = tuple[str, str]


@dataclass(frozen=True)
class Dated:
    """A portion and the day it speaks of."""

    day: dt.date
    portion: Portion


@dataclass(frozen=True)
class Finding:
    """What is held: the items that seem changed, each with what is seen, and the declaration that would take it."""

    found: str
    fix: str
    items: tuple[str, ...]


Files = dict[Key, list[Dated]]
Pool = dict[str, Profile]


def drifted(home: Home, ledger: Ledger, slots: Iterable[Sequence[Entry]]) -> dict[Key, Finding]:
    """Files that seem to have changed scale, among sound files given by slot, the newest version of each slot first.

    A newer version that drifts is held and the one before it stays; versions older than the one that counts are not
    judged.
    """
    found: dict[Key, Finding] = {}
    by_source: dict[str, list[Sequence[Entry]]] = defaultdict(list)
    for versions in slots:
        source = home.sources.get(str(versions[0].source))
        if source and source.kind == "responses" and source.checks.drift == "block":
            by_source[str(versions[0].source)].append(versions)
    for code, mine in by_source.items():
        source = home.sources[code]
        files = _profiles(home, ledger, source, [entry for versions in mine for entry in versions])
        accepted = Past()
        for versions in sorted(mine, key=lambda v: (_day(files[v[0].key]), v[0].name, v[0].sha256)):
            for entry in versions:
                finding = _judged(source, code, entry, files[entry.key], accepted)
                if finding is None:
                    accepted.add(files[entry.key])
                    break
                found[entry.key] = finding
    return found


def _profiles(home: Home, ledger: Ledger, source: Source, entries: Sequence[Entry]) -> Files:
    """The portions of each file by the day they speak of; each file is counted once and kept in the ledger."""
    means, fresh, files = meaning(source.items), [], {}
    closed = {wave.code: wave.closed for wave in source.waves} if isinstance(source.waves, list) else {}
    for entry in entries:
        parquet = entry.decoded  # before records were left to a newer file
        portions = ledger.profile_of(parquet, means)
        if portions is None:
            portions = profile(home.restricted / parquet, str(entry.source), source.items)
            fresh.append((parquet, means, portions))
        files[entry.key] = sorted(
            (Dated(closed.get(one.wave) or _last(one), one) for one in portions),
            key=lambda dated: (dated.day, dated.portion.wave),
        )
    ledger.keep_profiles(fresh)
    return files


def _last(portion: Portion) -> dt.date:
    return dt.date.fromisoformat(portion.last_day) if portion.last_day else dt.date.min


def _day(portions: list[Dated]) -> dt.date:
    return max((one.day for one in portions), default=dt.date.min)


class Past:
    """Accepted answers by day, pooled up to a day: each pool is made from the one before it, however many files."""

    def __init__(self) -> None:
        self._days: dict[dt.date, Pool] = {}
        self._pools: dict[tuple[dt.date, dt.date], Pool] = {}

    def add(self, portions: Iterable[Dated]) -> None:
        for one in portions:
            self._days[one.day] = _joined(self._days.get(one.day, {}), one.portion.items)
            self._pools = {key: pool for key, pool in self._pools.items() if key[1] <= one.day}

    def before(self, start: dt.date, day: dt.date) -> Pool:
        """Everything from `start` to the eve of `day`."""
        if (start, day) not in self._pools:
            known = max((end for begin, end in self._pools if begin == start and end < day), default=start)
            pool = self._pools.get((start, known), {})
            for one in sorted(past for past in self._days if known <= past < day):
                pool = _joined(pool, self._days[one])
            self._pools[start, day] = pool
        return self._pools[start, day]

    def copy(self) -> Past:
        other = Past()
        other._days, other._pools = dict(self._days), dict(self._pools)
        return other

    def latest(self, start: dt.date, day: dt.date, code: str) -> Profile:
        """The latest waves before `day` that together hold enough answers to item `code`."""
        found = Profile()
        for past in sorted((one for one in self._days if start <= one < day), reverse=True):
            if found.n >= FEWEST:
                break
            found = found.joined(self._days[past].get(code, Profile()))
        return found


def _joined(one: Pool, other: Pool) -> Pool:
    codes = {**one, **other}
    return {code: one.get(code, Profile()).joined(other.get(code, Profile())) for code in codes}


def _judged(source: Source, code: str, entry: Entry, portions: list[Dated], accepted: Past) -> Finding | None:
    seen: dict[str, str] = {}
    sure = _confirmed(source, entry)
    past = accepted if len(portions) < 2 else accepted.copy()
    for one in portions:
        start = max((b.starts for b in source.breaks if b.starts <= one.day), default=dt.date.min)
        for item in source.items:
            if item.code not in seen and item.code not in sure and "*" not in sure:
                told = _seen(source, item, one, past, start)
                if told:
                    seen[item.code] = told
        if len(portions) > 1:  # a file of several waves: each against those before it
            past.add([one])
    if not seen:
        return None
    listed = list(seen)
    shown = "; ".join(f"'{item}' {told}" for item, told in list(seen.items())[:5])
    more = f"; and {len(seen) - 5} more items" if len(seen) > 5 else ""
    return Finding(shown + more, _fix(source, code, entry, portions, listed), tuple(listed))


def _confirmed(source: Source, entry: Entry) -> set[str]:
    """Items of this file that somebody has vouched for; "*" is all of them."""
    own = entry.name.rsplit("/", 1)[-1]
    mine = [one for one in source.confirmed if matches_glob(own, one.file) or one.file == entry.name]
    return {item for one in mine for item in (one.items or ["*"])}


def _fix(source: Source, code: str, entry: Entry, portions: list[Dated], items: list[str]) -> str:
    place = f"declarations/sources/{code}.yml"
    own = entry.name.rsplit("/", 1)[-1]
    named = "" if len(items) == len(source.items) else f"items: [{', '.join(items)}], "
    last = portions[-1]
    opened = {wave.code: wave.opened for wave in source.waves} if isinstance(source.waves, list) else {}
    starts = opened.get(last.portion.wave) or last.portion.first_day or last.day
    return (
        "if the scale changed, mend min, max, values or reversed of the item, or export the file again; if opinion did,"
        f' add to {place} under confirmed: `- {{file: {quote(own)}, {named}reason: "..."}}`; if a new version of the'
        f' questionnaire begins, under breaks: `- {{starts: {starts}, note: {{fr: "...", en: "..."}}}}`'
    )


def _seen(source: Source, item: Item, one: Dated, accepted: Past, start: dt.date) -> str | None:
    """What seems changed in one item, in words; None where nothing does or too few answered to tell."""
    now = one.portion.items.get(item.code, Profile())
    past = accepted.before(start, one.day).get(item.code, Profile())
    if min(now.n, past.n) < FEWEST:
        return None
    alarm = ALARM / len(source.items)
    if min(now.moments[0], past.moments[0]) >= FEWEST and turned(now.moments, past.moments, alarm):
        return "looks reversed: it goes against the other items, and went with them before"
    largest = source.checks.population_stability_max

    def apart(counts: Mapping[float, int], other: Mapping[float, int]) -> tuple[float, bool]:
        index, cells = stability_index(counts, other, item.min, item.max)
        return index, index > largest and index > chance(now.n, sum(other.values()), cells, alarm)

    index, shifted = apart(now.counts, past.counts)
    if not shifted or not apart(now.counts, accepted.latest(start, one.day, item.code).counts)[1]:
        return None
    turned_round, still = apart(mirrored(now.counts, item.min, item.max), past.counts)
    measured = f"population stability index {index:.2f}, {largest:g} allowed"
    if not still and turned_round < index / 4:
        return f"looks reversed: turned round, its answers are spread as before ({measured})"
    scale, declared = looks_like(now.counts), f"{item.min:g}-{item.max:g}"
    if scale and scale not in {declared, looks_like(past.counts)}:
        return f"looks like {scale} where {declared} is declared and was answered ({measured})"
    return f"is spread otherwise than before ({measured})"
