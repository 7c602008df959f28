"""`relier doctor`: what is wrong with a home, where, what to do about it; with --repair, what can be done by itself.

It never deletes an original, and mends only while no run is under way.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from rich.console import Console

from pipelines.declared import DeclarationError, Home
from pipelines.doctor import books, stores, zones
from pipelines.doctor.finding import Finding, Places
from pipelines.files import RunLock
from pipelines.ledger import Ledger

__all__ = ["Finding", "examine", "print_findings"]


def examine(home: Path, repair: bool = False) -> list[Finding]:
    """Every finding about the home at `home`; with `repair`, each that can be mended has been."""
    places = Places(home.resolve())
    found = [*_declarations(places), *zones.ground(places)]
    if not places.restricted.is_dir():
        return [*found, *zones.in_the_way(places)]  # nothing ever ran here
    if holder := zones.held_lock(places):
        busy = Finding(
            places.show(places.restricted / "run.lock"),
            f"{holder} is refreshing this home",
            "ask again when it has ended; what it has under its hands was not looked at",
            note=True,
        )
        return [*found, busy, *zones.ghost(places, holder), *zones.modes(places)]
    lock = RunLock(places.restricted / "run.lock")
    if not lock.try_acquire():
        return found
    try:
        found += _treated(zones.modes(places), repair)
        found += _treated(books.ledger(places), repair)
        if places.ledger.exists() and books.damage(places.ledger) is None:
            with Ledger(places.ledger) as ledger:
                for look in (
                    zones.key,
                    books.runs,
                    books.balance,
                    stores.originals,
                    stores.raw,
                    stores.snapshots,
                ):
                    found += _treated(look(places, ledger), repair)
        found += _treated(stores.left_overs(places), repair)
        found += _treated(stores.warehouse(places), repair)
    finally:
        lock.release()
    return found


def _declarations(places: Places) -> list[Finding]:
    try:
        Home.load(places.home)
    except DeclarationError as error:
        return [
            Finding(
                f"{problem.file}:{problem.line}" if problem.line else problem.file,
                problem.message,
                "mend it there",
            )
            for problem in error.problems
        ]
    return []


def _treated(findings: Iterable[Finding], repair: bool) -> list[Finding]:
    """Mend one by one: a later finding of the same store is looked for after the earlier was mended."""
    treated = []
    for finding in findings:
        if repair and finding.mend:
            finding.mended = finding.mend()
        treated.append(finding)
    return treated


def print_findings(findings: Sequence[Finding], console: Console) -> bool:
    """Say each finding; returns whether the home is still ill."""
    ill = [finding for finding in findings if not (finding.note or finding.mended)]
    for finding in findings:
        mark = "✓" if finding.mended else "·" if finding.note else "✗"
        console.print(f"{mark} {finding}", markup=False)
    if not findings:
        console.print("Healthy: declarations, zones, key, books, originals, raw, warehouse and snapshot.")
    elif not ill:
        console.print(
            "Healthy now." if any(f.mended for f in findings) else "Healthy; the above needs nothing done."
        )
    else:
        console.print(f"{len(ill)} thing(s) to mend.")
    return bool(ill)
