"""What a home stores: originals, raw, warehouse, snapshots. Only originals cannot be made again; none is deleted."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.doctor.finding import Finding, Places
from pipelines.files import half_written, private_folder, replacing, sha256_of, sweep
from pipelines.ledger import Entry, Ledger
from pipelines.publication import POINTER, PublicationError, current, publish, read_snapshot, snapshot_id


def originals(places: Places, ledger: Ledger) -> Iterator[Finding]:
    """Every file that was taken is in the vault with the bytes it had."""
    folder = places.vault / "originals"
    entries = {entry.sha256: entry for entry in ledger.files() if entry.source}
    for sha256, entry in sorted(entries.items()):
        kept = folder / sha256
        if kept.is_file() and sha256_of(kept) == sha256:
            continue
        what = "is not the file it was" if kept.exists() else "is missing from the vault"
        landed = _in_landing(places, sha256, [e.name for e in ledger.files() if e.sha256 == sha256])
        if landed:
            yield Finding(
                places.show(kept),
                f"the original of {entry.name} {what}",
                f"copy {places.show(landed)} there again",
                mend=lambda kept=kept, landed=landed: _put_back(kept, landed),  # type: ignore[misc]  # bound now
            )
        else:
            yield Finding(
                places.show(kept),
                f"the original of {entry.name} {what}",
                "put it back from a copy of the vault, or have the file sent again under the same name",
            )
    if folder.is_dir():
        strangers = [p.name for p in folder.iterdir() if len(p.name) == 64 and p.name not in entries]
        if strangers:
            yield Finding(
                places.show(folder),
                f"{len(strangers)} original(s) that no line of the ledger names, such as {strangers[0][:16]}",
                "nothing: a run was stopped before it wrote them down, and takes them again from landing/",
                note=True,
            )


def _in_landing(places: Places, sha256: str, names: Iterable[str]) -> Path | None:
    for name in names:
        path = places.landing / name
        if path.is_file() and not path.is_symlink() and sha256_of(path) == sha256:
            return path
    return None


def _put_back(kept: Path, landed: Path) -> str:
    """Never over what is there: a damaged original is set aside, for somebody may still want to see it."""
    private_folder(kept.parent)
    if kept.exists():
        kept.rename(kept.with_name(f"{kept.name}.damaged"))
    with replacing(kept, mode=0o400) as temporary:
        shutil.copyfile(landed, temporary)
    return "copied again from landing/"


def raw(places: Places, ledger: Ledger) -> Iterator[Finding]:
    """Every Parquet the ledger names is there, readable, with as many rows as it says."""
    named: set[Path] = set()
    for entry in ledger.files("candidate", "accepted", "superseded"):
        if not entry.parquet:
            continue
        parts = {places.restricted / str(entry.parquet), places.restricted / entry.decoded}
        named |= parts
        if wrong := next((said for part in sorted(parts) if (said := _unreadable(part, entry))), None):
            yield Finding(
                f"{places.home.name}/landing/{entry.name}",
                f"its Parquet {wrong}",
                f"run: relier replay --file {entry.name}",
                mend=lambda entry=entry, parts=parts: _again(ledger, entry, parts),  # type: ignore[misc]  # bound now
            )
    folder = places.restricted / "raw"
    strangers = [path for path in sorted(folder.rglob("*.parquet")) if path not in named]
    if strangers:
        size = sum(path.stat().st_size for path in strangers)
        yield Finding(
            places.show(folder),
            f"{len(strangers)} Parquet file(s) of earlier declarations, {size / 1e6:.1f} MB",
            "nothing: no query reads them",
            mend=lambda: _remove(strangers),
            note=True,
        )


def _unreadable(path: Path, entry: Entry) -> str | None:
    if not path.exists():
        return "is missing"
    rows = 0
    try:
        with pq.ParquetFile(path) as file:
            for batch in file.iter_batches():
                rows += batch.num_rows
    except (OSError, pa.ArrowException) as error:
        return f"cannot be read ({type(error).__name__})"
    counted = entry.kind in {"responses", "ledger"}  # an event or a measure has a row per figure
    expected = entry.sound if path.name == Path(entry.decoded).name else entry.accepted
    return f"has {rows:,} rows for {expected:,} records" if counted and rows != expected else None


def _again(ledger: Ledger, entry: Entry, parts: Iterable[Path]) -> str:
    ledger.ask_replay([entry.key])
    for part in parts:
        part.unlink(missing_ok=True)
    return "the next run decodes it again from the vault"


def _remove(paths: Iterable[Path]) -> str:
    removed = 0
    for path in paths:
        path.unlink()
        removed += 1
    return f"{removed} removed"


def left_overs(places: Places) -> Iterator[Finding]:
    """What a stopped run left half-written."""
    zones = [zone for zone in (places.vault, places.restricted, places.published) if zone.is_dir()]
    parts = [path for zone in zones for path in half_written(zone)]
    if parts:
        yield Finding(
            places.show(parts[0].parent),
            f"{len(parts)} half-written file(s) of a stopped run",
            "nothing: the next run removes them",
            mend=lambda: _swept(zones),
            note=True,
        )


def _swept(zones: Iterable[Path]) -> str:
    for zone in zones:
        sweep(zone)
    return "removed"


def warehouse(places: Places) -> Iterator[Finding]:
    """The warehouse opens; it holds nothing of its own, so a damaged one is simply dropped."""
    path = places.restricted / "warehouse.duckdb"
    log = path.with_name(path.name + ".wal")
    if not path.exists():
        return
    try:
        with duckdb.connect(str(path), read_only=True) as connection:
            connection.execute("select count(*) from duckdb_tables()").fetchone()
    except duckdb.Error as error:
        yield Finding(
            places.show(path),
            f"it does not open ({type(error).__name__})",
            "delete it and its .wal; the next build makes it again",
            mend=lambda: (
                _remove([file for file in (path, log) if file.exists()]) + "; the next build makes it again"
            ),
        )
        return
    if log.exists():
        yield Finding(
            places.show(log), "a stopped run left it", "nothing: the next run replays it", note=True
        )


def snapshots(places: Places, ledger: Ledger) -> Iterator[Finding]:
    """CURRENT names a snapshot that opens and keeps the published contract."""
    pointer = places.published / POINTER
    shown = current(places.published)
    if shown is not None:
        wrong = _broken(shown)
        if wrong is None:
            return
        where, what = places.show(shown), f"the published snapshot {wrong}"
    elif pointer.exists():
        where, what = places.show(pointer), "it names a snapshot that is not there"
    elif ledger.published():
        where, what = places.show(pointer), "it is gone, and something was published"
    else:
        return
    audited = ledger.snapshots()
    candidates = sorted(
        places.published.glob("scorecard-*.duckdb"), key=lambda p: p.stat().st_mtime_ns, reverse=True
    )
    sound = next(
        (
            path
            for path in candidates
            if path != shown and snapshot_id(path) in audited and _broken(path) is None
        ),
        None,
    )
    if sound is None:
        yield Finding(where, what, "run: relier run --full-refresh, which publishes anew")
        return
    yield Finding(
        where,
        what,
        f"point to {sound.name}, published before, and start `relier run`, which publishes anew",
        mend=lambda: _point(places, sound, shown),
    )


def _broken(path: Path) -> str | None:
    try:
        _, problems = read_snapshot(path)
    except duckdb.Error as error:
        return f"does not open ({type(error).__name__})"
    return f"breaks the contract: {problems[0]}" if problems else None


def _point(places: Places, sound: Path, broken: Path | None) -> str:
    pointer = places.published / POINTER
    try:
        if pointer.is_dir():
            pointer.rename(pointer.with_name(f"damaged-{POINTER}"))
        publish(places.published, snapshot_id(sound))
    except (PublicationError, OSError) as error:
        return f"not done: {error}"
    if broken is not None:
        broken.rename(broken.with_name(f"damaged-{broken.name}"))
    return f"{sound.name} is shown again"
