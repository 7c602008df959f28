"""A ledger of many lines: what its balance check costs beside its load, and the memory of both."""

from __future__ import annotations

import shutil
from pathlib import Path

from benchmarks import accounts
from benchmarks.alone import measured, point, take_in
from benchmarks.measuring import Comparison


def compare(scratch: Path, lines: int) -> tuple[Comparison, list[str]]:
    """The load in one process, then every promise of the source (its balance among them) in another."""
    home = accounts.make(scratch / "books", lines)
    size = sum(file.stat().st_size for file in home.landing.iterdir())
    take_in(home)
    loaded = measured("load", home.path, scratch)
    point(home)
    judged = measured("judge", home.path, scratch)
    shutil.rmtree(home.path)
    comparison = Comparison(
        f"a FEC of {lines:,} lines ({size / 1e9:.1f} GB)",
        ("balance and every other check of the source, Great Expectations' start included", judged.seconds),
        ("its load, from the vault to the ledger's commit", loaded.seconds),
        aim=0.15,
        peak=max(loaded.peak, judged.peak),
    )
    note = (
        f"The FEC in processor seconds: load {loaded.processor:.1f}, checks {judged.processor:.1f}; run once."
    )
    return comparison, [note]
