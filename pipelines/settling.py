"""Among sound files, which rows count: a later version replaces its wave, a record sent twice counts once.

The newest file (by its own time, then name) wins, and everything is decided anew from the files as decoded, so the
answer depends neither on the order of arrival nor on what was decided before.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

import polars as pl

from pipelines import drift
from pipelines.declared import Home
from pipelines.failpoints import failpoint
from pipelines.files import replacing
from pipelines.ledger import KEPT, Entry, Ledger, Refusal

# What makes two records of a source the same one. A figure is its unit's, at a wave or on a day.
_SAME = {
    "responses": ["response_key"],
    "events": ["event_key"],
    "measures": ["unit_code", "wave_code", "submitted_date", "measure_code"],
}


def settle(home: Home, ledger: Ledger) -> None:
    """Decide what is accepted among sound files, hold what drifts, and retire what a later file made good."""
    asked = [entry for entry in ledger.files("held") if entry.reason == drift.REASON]
    sound = [entry for entry in (*ledger.files("accepted", "superseded"), *asked) if entry.parquet]
    by_slot: dict[tuple[str | None, str | None], list[Entry]] = defaultdict(list)
    age = _latest(ledger)
    for entry in sorted(sound, key=age, reverse=True):
        by_slot[(entry.source, entry.slot)].append(_unasked(entry))
    changed_scale = drift.drifted(home, ledger, by_slot.values())
    decided: list[Entry] = []
    for versions in by_slot.values():
        decided += _versions(versions, changed_scale)
    for code, source in home.sources.items():
        if source.kind in _SAME:
            mine = [entry for entry in decided if entry.source == code and entry.status == "accepted"]
            trimmed = {entry.key: entry for entry in _trimmed(home, mine, age)}
            decided = [trimmed.get(entry.key, entry) for entry in decided]
    before = {entry.key: entry for entry in sound}
    failpoint("settle.trimmed")
    ledger.record_all(
        [
            (entry, _refusals(ledger, entry, changed_scale.get(entry.key)))
            for entry in decided
            if entry != before[entry.key]
        ]
    )
    failpoint("settle.recorded")
    ledger.record_all([(entry, []) for entry in _made_good(ledger.files())])


def _age(entry: Entry) -> tuple[int, str, str]:
    return entry.modified_ns, entry.name, entry.sha256


def _latest(ledger: Ledger) -> Callable[[Entry], tuple[int, str, str]]:
    """The age of a file as that of its latest copy: the same bytes sent again are a version sent again, and which of
    the copies came first must not decide.
    """
    latest: dict[tuple[str | None, str], tuple[int, str, str]] = {}
    for entry in ledger.files():
        same = (entry.source, entry.sha256)
        latest[same] = max(_age(entry), latest.get(same, _age(entry)))
    return lambda entry: latest[(entry.source, entry.sha256)]


def _unasked(entry: Entry) -> Entry:
    """The file as it was before drift held it."""
    if entry.reason != drift.REASON:
        return entry
    return replace(entry, status="accepted", reason=None, quarantined=entry.quarantined - entry.sound)


def _versions(versions: Sequence[Entry], changed_scale: Mapping[drift.Key, drift.Finding]) -> Iterable[Entry]:
    """Versions of one slot, the newest first: the newest that did not drift counts."""
    newest = next((entry for entry in versions if entry.key not in changed_scale), None)
    for entry in versions:
        finding = changed_scale.get(entry.key)
        if finding:
            yield _asked(entry, finding)
        elif newest and entry is not newest:
            yield _superseded(entry, newest)
        else:
            yield _live(entry)


def _asked(entry: Entry, finding: drift.Finding) -> Entry:
    return replace(
        entry,
        status="held",
        reason=drift.REASON,
        message=f"{entry.name}: held, its scale seems changed: {finding.found}; {finding.fix}",
        parquet=entry.decoded,
        accepted=0,
        quarantined=entry.quarantined + entry.sound,
        duplicate=entry.records - entry.quarantined - entry.sound,
    )


def _refusals(ledger: Ledger, entry: Entry, finding: drift.Finding | None) -> list[Refusal]:
    """The file's own refusals, and the one that holds the rest of its records when it drifts."""
    own = [one for _, one in ledger.refusals(entry) if one.reason != drift.REASON]
    if not finding:
        return own
    column = finding.items[0] if len(finding.items) == 1 else None
    held = Refusal(drift.REASON, "the scale of earlier waves", finding.found, finding.fix, column=column)
    return [*own, replace(held, records=entry.sound)]


def _live(entry: Entry) -> Entry:
    return replace(
        entry,
        status="accepted",
        message=None,
        parquet=entry.decoded,
        accepted=entry.sound,
        duplicate=entry.records - entry.quarantined - entry.sound,
    )


def _superseded(old: Entry, newest: Entry) -> Entry:
    told = f"{old.name}: replaced by {newest.name}, the later version of {(old.slot or '').split(':')[0]}"
    return replace(
        old,
        status="superseded",
        message=told,
        parquet=old.decoded,
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


def _trimmed(
    home: Home, live: Sequence[Entry], age: Callable[[Entry], tuple[int, str, str]]
) -> Iterable[Entry]:
    """Older files of one source without the records that a newer one brings again."""
    live = sorted(live, key=age, reverse=True)
    if len(live) < 2:
        return
    same = _SAME[str(live[0].kind)]
    if not _overlap(home, live, same):
        return
    seen: pl.DataFrame | None = None
    for entry in live:
        rows = pl.read_parquet(home.restricted / str(entry.parquet))
        own = rows.select(same).unique()
        kept = rows if seen is None else rows.join(seen, on=same, how="anti", nulls_equal=True)
        seen = own if seen is None else pl.concat([seen, own]).unique()
        if kept.height == rows.height:
            continue
        target = f"{entry.decoded.removesuffix('.parquet')}{KEPT}{_digest(kept, same)}.parquet"
        if not (home.restricted / target).exists():
            with replacing(home.restricted / target) as temporary:
                kept.write_parquet(temporary)
        repeated = _records(rows) - _records(kept)
        yield replace(
            entry, parquet=target, accepted=entry.sound - repeated, duplicate=entry.duplicate + repeated
        )


def _records(rows: pl.DataFrame) -> int:
    """Records of a file behind these rows: a row may stand for several, and a record of several rows counts once."""
    if "records" in rows.columns:
        return int(rows["records"].sum())
    return rows["record_number"].n_unique()


def _digest(rows: pl.DataFrame, same: list[str]) -> str:
    """Names a trimmed file by what is left in it: a file of raw is never written over."""
    hasher = hashlib.sha256()
    for key in rows.select(pl.concat_str(same, separator="\x1f", ignore_nulls=True)).to_series():
        hasher.update(key.encode() + b"\x1e")
    return hasher.hexdigest()[:8]


def _overlap(home: Home, live: Sequence[Entry], same: list[str]) -> bool:
    keys = pl.concat(
        [pl.scan_parquet(home.restricted / str(entry.parquet)).select(same).unique() for entry in live]
    )
    total, distinct = keys.select(pl.len().alias("n"), pl.struct(same).n_unique().alias("u")).collect().row(0)
    return bool(total != distinct)
