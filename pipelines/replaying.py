"""Which files to decode again after a fix: by name, by source, by wave, or since a day or a run."""

from __future__ import annotations

import datetime as dt
import difflib
from collections.abc import Sequence

from pipelines.declared import Home
from pipelines.ledger import Entry, Ledger
from pipelines.loading import pending
from pipelines.waves import wave_keys, waves_of


class ReplayError(Exception):
    """What was asked names nothing that can be decoded again; str() is a sentence."""


def choose(
    home: Home,
    ledger: Ledger,
    *,
    files: Sequence[str] = (),
    waves: Sequence[str] = (),
    since: str | None = None,
    source: str | None = None,
) -> list[Entry]:
    """The entries that satisfy every condition given; raises ReplayError when one is unknown or none is left."""
    if not (files or waves or since or source):
        raise ReplayError(
            "say what to decode again: --file NAME, --source CODE, --wave SOURCE:WAVE or --since DATE"
        )
    known = ledger.files()
    found = [entry for entry in known if entry.source in home.sources and entry.status != "duplicate"]
    if files:
        named = {entry.key for name in files for entry in _named(known, name)}
        found = [entry for entry in found if entry.key in named]
    if source:
        if source not in home.sources:
            raise ReplayError(f"no source is called '{source}'; declared: {', '.join(home.sources)}")
        found = [entry for entry in found if entry.source == source]
    if waves:
        found = _of_waves(home, found, waves)
    if since:
        start = _start(home, ledger, since)
        found = [entry for entry in found if dt.datetime.fromisoformat(entry.claimed_at) >= start]
    if not found:
        raise ReplayError("nothing that has landed answers to that; `relier status --all` lists the files")
    return found


def mark(ledger: Ledger, entries: Sequence[Entry]) -> None:
    """Have them decoded again by the next run, whatever happens before it."""
    ledger.ask_replay(entry.key for entry in entries)


def waiting_anyway(home: Home, ledger: Ledger) -> set[tuple[str, str]]:
    """Files that the next run decodes by itself: new, or whose declaration was mended."""
    kinds = {source.kind for source in home.sources.values()}
    return {e.key for kind in kinds for e in pending(home, ledger, kind)}


def _named(known: Sequence[Entry], name: str) -> list[Entry]:
    """By path under landing/, by the file's own name, or by the first digits of its SHA-256."""
    mine = [
        entry
        for entry in known
        if name in {entry.name, entry.name.rsplit("/", 1)[-1]}
        or (len(name) >= 8 and entry.sha256.startswith(name.lower()))
    ]
    if not mine:
        near = difflib.get_close_matches(name, [entry.name for entry in known], n=3)
        hint = f"; did you mean {' or '.join(near)}?" if near else "; `relier status --all` lists the files"
        raise ReplayError(f"no file called '{name}' has landed{hint}")
    unread = next((entry for entry in mine if entry.source is None), None)
    if unread and len(mine) == 1:
        raise ReplayError(
            f"{name} was refused before it was read ({(unread.reason or '').replace('_', ' ')}), so there is nothing"
            " to decode again; mend its name or its declaration and the next run takes it"
        )
    copies = {entry.sha256 for entry in mine if entry.status == "duplicate"}
    return [*mine, *(entry for entry in known if entry.sha256 in copies)]


def _of_waves(home: Home, entries: Sequence[Entry], waves: Sequence[str]) -> list[Entry]:
    declared = wave_keys(home)
    for key in waves:
        if key not in declared:
            near = difflib.get_close_matches(key, declared, n=3)
            raise ReplayError(
                f"no wave is called '{key}'" + (f"; did you mean {' or '.join(near)}?" if near else "")
            )
    sources = {key.split(":", 1)[0] for key in waves}
    return [e for e in entries if e.source in sources and set(waves) & waves_of(home, e).keys()]


def _start(home: Home, ledger: Ledger, since: str) -> dt.datetime:
    """The first moment of a day where the organisation is, or the start of a run."""
    try:
        day = dt.date.fromisoformat(since)
    except ValueError:
        started = ledger.run_started(since)
        if started is None:
            raise ReplayError(
                f"'{since}' is neither a day such as 2026-01-31 nor the id of one run of this home"
            ) from None
        return dt.datetime.fromisoformat(started)
    return dt.datetime.combine(day, dt.time(), home.organisation.zone)
