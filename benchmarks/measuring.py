"""How things are timed and told."""

from __future__ import annotations

import os
import platform
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.metadata import version

TIMES = 3
MEMORY = 2.0  # GB


@dataclass(frozen=True)
class Comparison:
    """`ours` and `theirs` are (what ran, median seconds); `aim` is the ratio not to pass; `peak` is ours, in GB."""

    question: str
    ours: tuple[str, float]
    theirs: tuple[str, float]
    aim: float
    peak: float | None = None

    @property
    def kept(self) -> bool:
        """Whether the ratio and the memory are within their aims."""
        return self.ratio <= self.aim and (self.peak is None or self.peak <= MEMORY)

    @property
    def ratio(self) -> float:
        return self.ours[1] / self.theirs[1]


def medians(ways: Mapping[str, Callable[[], object]], times: int = TIMES) -> dict[str, float]:
    """Median seconds of each way. The ways take turns, so that a busy minute slows them all."""
    taken: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(times):
        for name, way in ways.items():
            started = time.perf_counter()
            way()
            taken[name].append(time.perf_counter() - started)
    return {name: statistics.median(seconds) for name, seconds in taken.items()}


def machine() -> str:
    """Processor, cores and versions, in one line."""
    processor = platform.processor() or platform.machine()
    if os.path.exists("/proc/cpuinfo"):
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            names = [line.split(":", 1)[1].strip() for line in file if line.startswith("model name")]
        processor = names[0] if names else processor
    packages = ", ".join(
        f"{name} {version(name)}" for name in ("duckdb", "pyarrow", "polars", "dbt-core", "dagster")
    )
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return f"{processor}, {cores} cores; Python {platform.python_version()}, {packages}"


def told(comparisons: list[Comparison], notes: list[str], command: str, date: str) -> str:
    """The results as Markdown, the same on the terminal and in RESULTS.md."""
    lines = [
        "# Side by side",
        "",
        f"`{command}` on {date}: medians of {TIMES}, both sides in one run, taking turns.",
        f"{machine()}; load average over the last 15 minutes {os.getloadavg()[2]:.1f}.",
        "",
        f"| question | Relier | seconds | beside | seconds | ratio | aim | peak memory, ≤ {MEMORY:g} GB |",
        "|---|---|---:|---|---:|---:|---:|---:|",
    ]
    lines += [
        f"| {item.question} | {item.ours[0]} | {item.ours[1]:.2f} | {item.theirs[0]} | {item.theirs[1]:.2f} "
        f"| **{item.ratio:.2f}** | ≤ {item.aim:g} | {'' if item.peak is None else f'{item.peak:.2f} GB'} |"
        for item in comparisons
    ]
    return "\n".join([*lines, "", *(f"- {note}" for note in notes), ""])
