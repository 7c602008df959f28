"""The whole demo run against the dbt build inside it: what checking, keeping and publishing cost on top."""

from __future__ import annotations

import os
import re
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path

from benchmarks.measuring import TIMES, Comparison

DEMO = Path(__file__).resolve().parent.parent / "examples" / "demo"


def compare(scratch: Path) -> Comparison:
    """`relier run` on fresh copies of the demo, each with the dbt seconds that it reports."""
    runs, builds = [], []
    for number in range(TIMES):
        home = scratch / f"demo{number}"
        for part in ("declarations", "landing"):
            shutil.copytree(DEMO / part, home / part)
        started = time.perf_counter()
        done = subprocess.run(
            [str(Path(sys.executable).with_name("relier")), "--home", str(home), "run"],
            env={
                name: value
                for name, value in os.environ.items()
                if name not in {"RELIER_HOME", "DAGSTER_HOME"}
            },
            capture_output=True,
            text=True,
            check=False,
        )
        runs.append(time.perf_counter() - started)
        reported = re.search(r"dbt build ([\d.]+)", done.stdout)
        if done.returncode or not reported:
            raise RuntimeError(f"the demo did not run: {(done.stdout + done.stderr)[-2000:]}")
        builds.append(float(reported.group(1)))
        shutil.rmtree(home)
    return Comparison(
        "the demo, from landing to a published scorecard",
        ("`relier run` on a fresh copy", statistics.median(runs)),
        ("its own dbt build", statistics.median(builds)),
        aim=4,
    )
