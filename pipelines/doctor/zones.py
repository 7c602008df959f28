"""The ground a home stands on: disk, modes of the zones, the pseudonym key, the run lock."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from pipelines.doctor.finding import Finding, Places
from pipelines.files import NetworkDriveError, RunLock, process_mark, refuse_network
from pipelines.ledger import Ledger
from pipelines.privacy import KEY_VARIABLE, KeyRefusedError, key_mark, load_or_make_key

LITTLE_SPACE = 1 << 30  # bytes: below it a large ledger may fail to decode


def ground(places: Places) -> Iterator[Finding]:
    """The disk under the home."""
    try:
        refuse_network(places.home / "data")
    except NetworkDriveError as error:
        yield Finding(places.home.name, str(error), "every run is refused until then")
    free = shutil.disk_usage(places.home).free
    if free < LITTLE_SPACE:
        yield Finding(
            places.home.name,
            f"only {free >> 20:,} MB are free on its disk",
            "make room before the next run; a run that meets a full disk publishes nothing and loses nothing",
        )


def in_the_way(places: Places) -> Iterator[Finding]:
    """A file where a folder must be."""
    for path in (places.vault.parent, places.vault, places.restricted, places.published):
        if path.exists() and not path.is_dir():
            yield Finding(places.show(path), "it is a file where a folder must be", "move it away")


def held_lock(places: Places) -> str | None:
    """Who refreshes the home now; None when nobody does. A lock file by itself means nothing: the kernel frees it."""
    lock = RunLock(places.restricted / "run.lock")
    if lock.try_acquire():
        lock.release()
        return None
    return lock.holder()


def ghost(places: Places, holder: str) -> Iterator[Finding]:
    """The process that took the lock is gone, and a child of it still holds it."""
    number = holder.rsplit(" ", 1)[-1]
    if number.isdigit() and process_mark(int(number)) is None:
        yield Finding(
            places.show(places.restricted / "run.lock"),
            f"{holder} took the lock and died, and a process it started holds it still",
            "end that process (fuser names it); nothing else is needed, for the kernel frees the lock with it",
        )


def modes(places: Places) -> Iterator[Finding]:
    """The vault and the restricted zone are their owner's alone."""
    for zone in (places.vault, places.restricted):
        if not zone.is_dir():
            continue
        # what lies inside a closed folder is out of reach: folders and the key are what counts
        open_ones = [path for path in (zone, zone / "key") if path.exists() and path.stat().st_mode & 0o077]
        for path in open_ones:
            yield Finding(
                places.show(path),
                f"others may read it (mode {path.stat().st_mode & 0o777:o})",
                f"run: chmod go-rwx {places.show(path)}",
                mend=lambda path=path: _close(path),  # type: ignore[misc]  # bound now, called later
            )
    if places.published.is_dir() and places.published.stat().st_mode & 0o022:
        yield Finding(  # readers may be let in, but whoever writes here decides what they read
            places.show(places.published),
            f"others may write to it (mode {places.published.stat().st_mode & 0o777:o})",
            f"run: chmod go-w {places.show(places.published)}",
            mend=lambda: _no_writers(places.published),
        )


def _no_writers(path: Path) -> str:
    os.chmod(path, path.stat().st_mode & ~0o022)
    return "only its owner may write there now"


def _close(path: Path) -> str:
    os.chmod(path, path.stat().st_mode & 0o700)
    return "only its owner may read it now"


def key(places: Places, ledger: Ledger) -> Iterator[Finding]:
    """The key of the pseudonyms is the one the answers in raw were keyed with."""
    place = places.vault / "key"
    known = ledger.fact("key")
    if known is None:
        return  # nothing was ever keyed: the first run makes it
    again = (
        "put its copy back; without it, `relier run --full-refresh` decodes everything again with a new one"
    )
    if KEY_VARIABLE not in os.environ and not place.exists():
        yield Finding(places.show(place), "the pseudonym key is gone", again)
        return
    try:
        found = key_mark(load_or_make_key(place))
    except KeyRefusedError as error:
        yield Finding(places.show(place), str(error), "no file is decoded until then")
        return
    if found != known:
        which = KEY_VARIABLE if KEY_VARIABLE in os.environ else places.show(place)
        yield Finding(which, "is not the key the answers in raw were keyed with", again)
