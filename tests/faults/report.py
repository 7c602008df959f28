"""What a torture campaign found, as a page: seed, versions, kills by phase, reads, mutants by kind, broken builds."""

from __future__ import annotations

import os
import platform
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path

from tests.faults.campaign import PHASES, Tally
from tests.faults.readers import Reads
from tests.hostile.judge import Verdict

WATCHED = (
    "dagster",
    "dbt-core",
    "dbt-duckdb",
    "duckdb",
    "polars",
    "pyarrow",
    "python-calamine",
    "pyreadstat",
)
SHOWN = 40


@dataclass
class Findings:
    """Everything a campaign has done so far; printed at its end, or where it was interrupted."""

    tally: Tally
    seconds: dict[str, float] = field(default_factory=dict)
    caught: dict[str, list[str]] = field(default_factory=dict)
    disks: dict[str, int] = field(default_factory=dict)
    reads: Reads | None = None
    mutants: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    kinds: dict[str, Counter[str]] = field(default_factory=dict)
    slowest: float = 0.0
    largest: int = 0
    wrong: list[str] = field(default_factory=list)

    def add(self, verdict: Verdict) -> None:
        """Count one mutant, under each thing that was done to it."""
        self.mutants += 1
        outcome = "wrong" if verdict.wrong else "decoded" if "decoded" in verdict.outcome else "refused"
        self.outcomes[outcome] += 1
        for kind in dict.fromkeys(verdict.kinds):
            self.kinds.setdefault(kind, Counter())[outcome] += 1
        self.slowest = max(self.slowest, verdict.seconds)
        self.largest = max(self.largest, verdict.megabytes)
        what = f"mutant {verdict.number} of {verdict.label} ({', '.join(verdict.kinds)})"
        self.wrong += [f"{what}: {sentence}" for sentence in verdict.wrong]


def _table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> list[str]:
    lines = [f"| {' | '.join(head)} |", "|" + "|".join("---" for _ in head) + "|"]
    return [*lines, *(f"| {' | '.join(map(str, row))} |" for row in rows), ""]


def page(findings: Findings, wrong: Sequence[str]) -> str:
    """The report in Markdown; `wrong` is the verdict on the campaign, [] when it passed."""
    tally, total = findings.tally, sum(findings.seconds.values())
    versions = ", ".join(f"{name} {version(name)}" for name in WATCHED)
    lines = [
        "# Torture", "",
        "Written by `make torture`: runs killed in every phase, disks filled, builds broken on purpose, hostile files.",
        "", f"Seed {tally.seed}, {total:,.0f} s on {os.cpu_count()} cores"
        f" ({', '.join(f'{name} {seconds:,.0f} s' for name, seconds in findings.seconds.items())}).",
        f"Python {platform.python_version()}, {versions}.", "",
        f"**{'Passed' if not wrong else f'{len(wrong)} things wrong'}.** {tally.starts:,} runs started, {tally.killed:,} killed"
        f" with SIGKILL, {tally.recoveries:,} homes recovered by the next run, marts equal cell by cell.", "",
    ]  # fmt: skip
    lines += _table(("phase", "kills"), [(phase, tally.kills[phase]) for phase in (*PHASES, "start")])
    lines += _table(("besides kills", "times"), [*sorted(tally.others.items()), *findings.disks.items()])
    lines += _table(
        ("build broken on purpose", "caught by"), [(name, found[0] if found else "NOTHING") for name, found in findings.caught.items()]
    )  # fmt: skip
    if findings.reads:
        lines += [
            f"Eight readers while a snapshot was published every two seconds: {findings.reads.reads:,} reads of"
            f" {findings.reads.snapshots} snapshots, {len(findings.reads.wrong)} failures.", "",
        ]  # fmt: skip
    if findings.mutants:
        lines += [
            f"{findings.mutants:,} hostile files: {findings.outcomes['decoded']:,} decoded with balanced books,"
            f" {findings.outcomes['refused']:,} refused with a reason, {findings.outcomes['wrong']} wrong; at most"
            f" {findings.slowest:.1f} s and {findings.largest:,} MB a file.", "",
        ]  # fmt: skip
        rows = [
            (kind, *(count[name] for name in ("decoded", "refused", "wrong")))
            for kind, count in sorted(findings.kinds.items())
        ]
        lines += _table(("what was done to them", "decoded", "refused", "wrong"), rows)
    if wrong:
        lines += ["## Wrong", "", *(f"- {sentence}" for sentence in wrong[:SHOWN])]
    return "\n".join(lines).rstrip() + "\n"


def write(path: Path, text: str) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")
