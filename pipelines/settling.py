"""Among accepted files, which rows count: a later version replaces its wave, a record sent twice counts once.

The newest file (by its own time, then name) wins, so the answer does not depend on the order of arrival.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

import polars as pl

from pipelines.declared import Home
from pipelines.files import replacing
from pipelines.ledger import Entry, Ledger


def _age(entry: Entry) -> tuple[int, str, str]:
    return entry.modified_ns, entry.name, entry.sha256


def settle(home: Home, ledger: Ledger) -> list[Entry]:
    """Supersede replaced files and overlapping records; returns the entries that changed, all committed."""
    changed: list[Entry] = []
    by_slot: dict[tuple[str | None, str | None], list[Entry]] = defaultdict(list)
    for entry in ledger.files("accepted"):
        by_slot[(entry.source, entry.slot)].append(entry)
    for versions in by_slot.values():
        newest = max(versions, key=_age)
        changed += [_superseded(old, newest) for old in versions if old is not newest]
    ledger.record_all([(entry, None) for entry in changed])
    for code, source in home.sources.items():
        if source.kind == "responses":
            changed += _settle_records(home, ledger, code)
    return changed


def _superseded(old: Entry, newest: Entry) -> Entry:
    told = f"{old.name}: replaced by {newest.name}, the later version of {old.slot}"
    return replace(
        old, status="superseded", message=told, accepted=0, duplicate=old.records - old.quarantined
    )


def _settle_records(home: Home, ledger: Ledger, code: str) -> list[Entry]:
    """Drop, from older files of one source, records that a newer file brings again."""
    live = sorted(
        (entry for entry in ledger.files("accepted") if entry.source == code), key=_age, reverse=True
    )
    if len(live) < 2 or not _overlap(home, live):
        return []
    changed: list[Entry] = []
    seen = pl.Series("response_key", [], dtype=pl.String)
    for entry in live:
        rows = pl.read_parquet(home.restricted / str(entry.parquet))
        kept = rows.filter(~pl.col("response_key").is_in(seen.implode()))
        seen = pl.concat([seen, rows["response_key"]])
        if kept.height == rows.height:
            continue
        target = f"{str(entry.parquet).removesuffix('.parquet')}-{kept.height}.parquet"
        with replacing(home.restricted / target) as temporary:
            kept.write_parquet(temporary)
        repeated = rows.height - kept.height
        changed.append(
            replace(entry, parquet=target, accepted=kept.height, duplicate=entry.duplicate + repeated)
        )
    ledger.record_all([(entry, None) for entry in changed])
    return changed


def _overlap(home: Home, live: Sequence[Entry]) -> bool:
    keys = pl.concat(
        [pl.scan_parquet(home.restricted / str(entry.parquet)).select("response_key") for entry in live]
    )
    total, distinct = (
        keys.select(pl.len().alias("n"), pl.col("response_key").n_unique().alias("u")).collect().row(0)
    )
    return bool(total != distinct)
