"""Whether a run would change anything: asked before Dagster and dbt are even loaded, by people and by the schedule."""

from __future__ import annotations

import os

from pipelines.claims import Landed, unseen
from pipelines.declared import Home
from pipelines.fingerprint import fingerprint
from pipelines.ledger import Ledger
from pipelines.loading import pending
from pipelines.publication import current, snapshot_path


def news(home: Home, ledger: Ledger) -> str | None:
    """What a run would have to do, in words; None when it would publish the figures that are published already."""
    last = ledger.published()
    snapshot = current(home.published)
    if last is None or snapshot is None:
        return "nothing is published yet"
    if snapshot != snapshot_path(home.published, last.snapshot) or snapshot.stat().st_size != last.size:
        return "the published file is not the one the last run wrote"
    if fresh := _readable(unseen(home, ledger), ledger):
        return f"{len(fresh)} new in landing/: {', '.join(file.name for file in fresh[:3])}"
    if waiting := ledger.files("claimed", "candidate"):
        return f"{len(waiting)} file(s) an earlier run did not finish"
    kinds = {source.kind for source in home.sources.values()}
    if again := sum(len(pending(home, ledger, kind)) for kind in kinds):
        return f"{again} file(s) to decode again"
    if fingerprint(home, ledger, last.last_days) != last.fingerprint:
        return "declarations, code or what depends on today's date changed since the last snapshot"
    return None


def _readable(files: list[Landed], ledger: Ledger) -> list[Landed]:
    """Without those that were refused because nobody let us read them, and still are: they would be again."""
    refused = {
        (e.name, e.size, e.modified_ns) for e in ledger.files("refused") if e.reason == "unreadable_file"
    }
    return [
        file
        for file in files
        if (file.name, file.size, file.modified_ns) not in refused or os.access(file.path, os.R_OK)
    ]
