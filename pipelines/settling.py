"""Among sound files, which rows count: a later version replaces its wave, a record sent twice counts once.

The newest file (by its own time, then name) wins, and everything is decided anew from the files as decoded, so the
answer depends neither on the order of arrival nor on what was decided before.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace

import polars as pl

from pipelines import drift
from pipelines.declared import Home
from pipelines.failpoints import failpoint
from pipelines.files import replacing
from pipelines.ledger import KEPT, LOST, Entry, Ledger, Refusal
from pipelines.waves import named_waves

TWO_WAVES = "bytes_of_another_wave"
ASKED = {drift.REASON, TWO_WAVES}  # sound files that settling holds until a person has answered
ROUNDS = 5
Slot = tuple[str | None, str | None]
Age = tuple[int, str, str]

# What makes two records of a source the same one. A figure is its unit's, at a wave or on a day.
_SAME = {
    "responses": ["response_key"],
    "events": ["event_key"],
    "measures": ["unit_code", "wave_code", "submitted_date", "measure_code"],
}


def settle(home: Home, ledger: Ledger) -> None:
    """Decide what is accepted among sound files, hold what is asked about, and retire what a later file made good."""
    held = [
        entry
        for entry in ledger.files("held")
        if (entry.reason in ASKED and entry.parquet) or (entry.reason == LOST and entry.slot)
    ]
    sound = [entry for entry in ledger.files("accepted", "superseded") if entry.parquet]
    by_slot: dict[Slot, list[Entry]] = defaultdict(list)
    age = _latest(home, ledger)
    for entry in sorted([*sound, *held], key=age, reverse=True):
        by_slot[(entry.source, entry.slot)].append(_unasked(entry))
    asked = _questions(home, ledger, by_slot)
    decided: list[Entry] = []
    for versions in by_slot.values():
        decided += _versions(versions, asked)
    for code, source in home.sources.items():
        if source.kind in _SAME:
            mine = [entry for entry in decided if entry.source == code and entry.status == "accepted"]
            trimmed = {entry.key: entry for entry in _trimmed(home, mine, age)}
            decided = [trimmed.get(entry.key, entry) for entry in decided]
    before = {entry.key: entry for entry in (*sound, *held)}
    failpoint("settle.trimmed")
    ledger.record_all(
        [
            (entry, _refusals(ledger, entry, asked.get(entry.key)))
            for entry in decided
            if entry != before[entry.key]
        ]
    )
    failpoint("settle.recorded")
    ledger.record_all([(entry, []) for entry in _made_good(ledger.files())])


def _age(entry: Entry) -> Age:
    return entry.modified_ns, entry.name, entry.sha256


def _latest(home: Home, ledger: Ledger) -> Callable[[Entry], Age]:
    """The age of a file as that of its latest copy: the same bytes sent again are a version sent again, and which of
    the copies came first must not decide. A copy under the name of another wave is none.
    """

    def copies(entry: Entry) -> tuple[str | None, str, tuple[str, ...]]:
        source = home.sources.get(str(entry.source))
        named = named_waves(source, entry.name) if source else []
        return entry.source, entry.sha256, tuple(wave.code for wave in named)

    latest: dict[tuple[str | None, str, tuple[str, ...]], Age] = {}
    for entry in ledger.files():
        same = copies(entry)
        latest[same] = max(_age(entry), latest.get(same, _age(entry)))

    def age(entry: Entry) -> Age:
        source, sha256, waves = copies(entry)
        return max(latest[source, sha256, waves], latest.get((source, sha256, ()), _age(entry)))

    return age


def _questions(
    home: Home, ledger: Ledger, by_slot: Mapping[Slot, Sequence[Entry]]
) -> dict[drift.Key, Refusal]:
    """What is asked about each file that cannot count yet.

    Whether a version drifts decides which one counts, hence whose bytes are another wave's, and the other way round:
    asked again until neither changes the other.
    """
    changed: dict[drift.Key, drift.Finding] = {}
    misnamed: dict[drift.Key, Refusal] = {}
    for _ in range(ROUNDS):
        misnamed = _misnamed(home, by_slot, changed)
        free = [[entry for entry in versions if entry.key not in misnamed] for versions in by_slot.values()]
        kept = [
            [entry for entry in versions if entry.reason != LOST]
            for versions in free
            if versions and versions[0].reason != LOST
        ]
        before, changed = changed, drift.drifted(home, ledger, kept)
        if before.keys() == changed.keys():
            break
    return {key: _changed_scale(finding) for key, finding in changed.items()} | misnamed


def _misnamed(
    home: Home, by_slot: Mapping[Slot, Sequence[Entry]], drifting: Collection[drift.Key]
) -> dict[drift.Key, Refusal]:
    """Files with the very bytes of another wave: answers that were there when one wave closed are not a later one's."""
    closed = {
        (code, wave.code): wave.closed
        for code, source in home.sources.items()
        if isinstance(source.waves, list)
        for wave in source.waves
    }
    named = [versions for versions in by_slot.values() if (versions[0].source, versions[0].wave) in closed]
    first: dict[tuple[str | None, str], Entry] = {}
    found = {}
    for versions in sorted(named, key=lambda v: (closed[str(v[0].source), str(v[0].wave)], v[0].name)):
        for entry in versions:
            if entry.key in drifting:
                continue
            other = first.setdefault((entry.source, entry.sha256), entry)
            if other.wave == entry.wave:
                break  # the version that counts
            found[entry.key] = Refusal(
                TWO_WAVES,
                f"answers of wave {entry.wave}",
                f"the very bytes of {other.name}, of wave {other.wave}",
                f"send the file of {entry.wave} under this name; if these are its answers, send that of {other.wave}"
                " under its own name, and they are taken",
            )
    return found


def _changed_scale(finding: drift.Finding) -> Refusal:
    column = finding.items[0] if len(finding.items) == 1 else None
    return Refusal(drift.REASON, "the scale of earlier waves", finding.found, finding.fix, column=column)


def _unasked(entry: Entry) -> Entry:
    """The file as it was before it was held and asked about."""
    if entry.reason not in ASKED:
        return entry
    return replace(entry, status="accepted", reason=None, quarantined=entry.quarantined - entry.sound)


def _versions(versions: Sequence[Entry], asked: Mapping[drift.Key, Refusal]) -> Iterable[Entry]:
    """Versions of one slot, the newest first: the newest that is not asked about counts."""
    newest = next((entry for entry in versions if entry.key not in asked), None)
    for entry in versions:
        refusal = asked.get(entry.key)
        if entry.reason == LOST:
            yield entry
        elif refusal:
            yield _asked(entry, refusal)
        elif newest and entry is not newest:
            yield _superseded(entry, newest)
        else:
            yield _live(entry)


def _asked(entry: Entry, refusal: Refusal) -> Entry:
    return replace(
        entry,
        status="held",
        reason=refusal.reason,
        message=f"{entry.name}: held, {refusal}",
        parquet=entry.decoded,
        accepted=0,
        quarantined=entry.quarantined + entry.sound,
        duplicate=entry.records - entry.quarantined - entry.sound,
    )


def _refusals(ledger: Ledger, entry: Entry, asked: Refusal | None) -> list[Refusal]:
    """The file's own refusals, and the one that holds the rest of its records while it is asked about."""
    own = [one for _, one in ledger.refusals(entry) if one.reason not in ASKED]
    return [*own, replace(asked, records=entry.sound)] if asked else own


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
    by_slot = {(entry.source, entry.slot): entry for entry in accepted}
    by_bytes = {entry.sha256: entry for entry in accepted}
    by_name = {entry.name: entry for entry in accepted}
    for entry in entries:
        if entry.reason == TWO_WAVES or (entry.reason == LOST and entry.slot):  # only by its own wave's
            again = by_slot.get((entry.source, entry.slot))
            good = again is not None and again.claimed_at > entry.claimed_at
        else:
            again = by_bytes.get(entry.sha256) or by_name.get(entry.name)
            good = again is not None and _age(again) >= _age(entry)
        if entry.status in {"held", "refused"} and again and good:
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


def _trimmed(home: Home, live: Sequence[Entry], age: Callable[[Entry], Age]) -> Iterable[Entry]:
    """Older files of one source without the records that a newer one brings again."""
    live = sorted(live, key=age, reverse=True)
    if len(live) < 2:
        return
    same = _SAME[str(live[0].kind)]
    if not _overlap(home, live, same):
        return
    seen: pl.DataFrame | None = None
    for entry in live:
        rows = pl.read_parquet(home.restricted / str(entry.parquet), glob=False)
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
        [
            pl.scan_parquet(home.restricted / str(entry.parquet), glob=False).select(same).unique()
            for entry in live
        ]
    )
    total, distinct = keys.select(pl.len().alias("n"), pl.struct(same).n_unique().alias("u")).collect().row(0)
    return bool(total != distinct)
