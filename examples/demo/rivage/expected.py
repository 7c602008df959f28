"""What a reader must find in the landing folder, said by what was planted and never by the pipeline."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import NamedTuple


class File(NamedTuple):
    """One file of the landing folder: bytes, the status it must end with, its records and those set apart."""

    name: str
    content: bytes
    status: str
    records: int
    set_apart: int = 0

    def counts(self) -> dict[str, str | int]:
        """records = accepted + quarantined + duplicate: a refused or held file is quarantined whole."""
        duplicate = self.records if self.status == "duplicate" else 0
        quarantined = self.records if self.status in {"refused", "held"} else self.set_apart
        accepted = self.records - duplicate - quarantined
        return {
            "status": self.status, "records": self.records,
            "accepted": accepted, "quarantined": quarantined, "duplicate": duplicate,
        }  # fmt: skip


def report(files: Iterable[File]) -> str:
    """`expected.json`: totals and one entry a file, in name order."""
    entries = {file.name: file.counts() for file in sorted(files)}
    totals = {
        key: sum(int(entry[key]) for entry in entries.values())
        for key in ("records", "accepted", "quarantined", "duplicate")
    }
    return json.dumps({"totals": {"files": len(entries), **totals}, "files": entries}, indent=1) + "\n"
