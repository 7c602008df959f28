"""Among sound files, which rows count: a later version replaces its wave, a record sent twice counts once.

The newest file (by its own time, then name) wins, and everything is decided anew from the files as decoded, so the
answer depends neither on the order of arrival nor on what was decided before.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace

import polars as pl

from pipelines.declared import Home
from pipelines.files import replacing
from pipelines.ledger import Entry, Ledger

_KEPT = ".kept-"


def settle(home: Home, ledger: Ledger) -> None:
    """Decide what is accepted among accepted and superseded files, and retire what a later file made good."""
    sound = [entry for entry in ledger.files("accepted", "superseded") if entry.parquet]
    by_slot: dict[tuple[str | None, str | None], list[Entry]] = defaultdict(list)
    for entry in sound:
        by_slot[(entry.source, entry.slot)].append(entry)
    decided: list[Entry] = []
    for versions in by_slot.values():
        newest = max(versions, key=_age)
        decided += [_live(entry) if entry is newest else _superseded(entry, newest) for entry in versions]
    for code, source in home.sources.items():
        if source.kind == "responses":
            mine = [entry for entry in decided if entry.source == code and entry.status == "accepted"]
            trimmed = {(entry.name, entry.sha256): entry for entry in _trimmed(home, mine)}
            decided = [trimmed.get((entry.name, entry.sha256), entry) for entry in decided]
    before = {(entry.name, entry.sha256): entry for entry in sound}
    ledger.record_all([(e, None) for e in decided if e != before[(e.name, e.sha256)]])
    ledger.record_all([(entry, []) for entry in _made_good(ledger.files())])


def _age(entry: Entry) -> tuple[int, str, str]:
    return entry.modified_ns, entry.name, entry.sha256


def _base(entry: Entry) -> str:
    """The Parquet as decoded, before any record of it was left to a newer file."""
    return str(entry.parquet).split(_KEPT)[0].removesuffix(".parquet") + ".parquet"


def _live(entry: Entry) -> Entry:
    return replace(
        entry,
        status="accepted",
        message=None,
        parquet=_base(entry),
        accepted=entry.sound,
        duplicate=entry.records - entry.quarantined - entry.sound,
    )


def _superseded(old: Entry, newest: Entry) -> Entry:
    told = f"{old.name}: replaced by {newest.name}, the later version of {(old.slot or '').split(':')[0]}"
    return replace(
        old,
        status="superseded",
        message=told,
        parquet=_base(old),
        accepted=0,
        duplicate=old.records - old.quarantined,
    )


def _made_good(entries: Sequence[Entry]) -> Iterable[Entry]:
    """Held or refused files that came again: the same bytes under a better name, or better bytes."""
    accepted = [entry for entry in entries if entry.status == "accepted"]
    by_bytes = {entry.sha256: entry for entry in accepted}
    by_name = {entry.name: entry for entry in accepted}
    for entry in entries:
        again = by_bytes.get(entry.sha256) or by_name.get(entry.name)
        if entry.status in {"held", "refused"} and again and _age(again) >= _age(entry):
            told = f"{entry.name}: made good by {again.name}"
            yield replace(
                entry,
                status="superseded",
                message=told,
                accepted=0,
                quarantined=0,
                duplicate=entry.records,
                parquet=None,
            )


def _trimmed(home: Home, live: Sequence[Entry]) -> Iterable[Entry]:
    """Older files of one source without the records that a newer one brings again."""
    live = sorted(live, key=_age, reverse=True)
    if len(live) < 2 or not _overlap(home, live):
        return
    seen = pl.Series("response_key", [], dtype=pl.String)
    for entry in live:
        rows = pl.read_parquet(home.restricted / str(entry.parquet))
        kept = rows.filter(~pl.col("response_key").is_in(seen.implode()))
        seen = pl.concat([seen, rows["response_key"]])
        if kept.height == rows.height:
            continue
        target = f"{_base(entry).removesuffix('.parquet')}{_KEPT}{_digest(kept)}.parquet"
        if not (home.restricted / target).exists():
            with replacing(home.restricted / target) as temporary:
                kept.write_parquet(temporary)
        repeated = rows.height - kept.height
        yield replace(entry, parquet=target, accepted=kept.height, duplicate=entry.duplicate + repeated)


def _digest(rows: pl.DataFrame) -> str:
    """Names a trimmed file by what is left in it: a file of raw is never written over."""
    return hashlib.sha256("".join(rows["response_key"]).encode()).hexdigest()[:8]


def _overlap(home: Home, live: Sequence[Entry]) -> bool:
    keys = pl.concat(
        [pl.scan_parquet(home.restricted / str(entry.parquet)).select("response_key") for entry in live]
    )
    total, distinct = (
        keys.select(pl.len().alias("n"), pl.col("response_key").n_unique().alias("u")).collect().row(0)
    )
    return bool(total != distinct)
