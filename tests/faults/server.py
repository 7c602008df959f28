"""The server behind `runs.Server`: reads orders as JSON lines, forks a run for each, tells how it ended."""

from __future__ import annotations

import json
import os
import resource
import signal
import sys
import tempfile
from pathlib import Path

from rich.console import Console

from pipelines import failpoints, running
from pipelines.declared import Home, home_path
from tests.faults import broken


def main() -> None:
    """Load what a run needs, then obey until standard input ends."""
    told = os.fdopen(os.dup(1), "w")
    running.dagster_home(Home.load(home_path()))
    from pipelines.definitions import defs

    defs.resolve_job_def("refresh")
    scratch = Path(tempfile.mkdtemp())
    children: dict[int, Path] = {}
    print(json.dumps({"ready": True}), file=told, flush=True)
    for line in sys.stdin:
        order = json.loads(line)
        if order["do"] == "start":
            log = scratch / f"run-{len(children)}"
            pid = os.fork()
            if not pid:
                _run(order, log)
            children[pid] = log
            answer = {"pid": pid, "points": str(log.with_suffix(".points"))}
        else:
            _, status = os.waitpid(order["pid"], 0)
            log = children[order["pid"]]
            points = log.with_suffix(".points")
            answer = {
                "code": os.waitstatus_to_exitcode(status),
                "passed": points.read_text().split() if points.exists() else [],
                "said": log.read_text() if log.exists() else "",
            }
        print(json.dumps(answer), file=told, flush=True)


def _run(order: dict[str, object], log: Path) -> None:
    """In the child: one refresh, then out without the parent's exit handlers."""
    os.setsid()
    os.umask(0o077)
    code = 70
    with log.open("w") as said:
        for stream in (1, 2):
            os.dup2(said.fileno(), stream)
        try:
            if order.get("limit"):
                signal.signal(
                    signal.SIGXFSZ, signal.SIG_IGN
                )  # a write beyond the limit is an error, not a death
                resource.setrlimit(resource.RLIMIT_FSIZE, (int(str(order["limit"])),) * 2)
            failpoints.arm(str(order["failpoint"]), str(log.with_suffix(".points")))
            if order.get("broken"):
                broken.BUILDS[str(order["broken"])].break_it()
            outcome = running.refresh(Home.load(home_path()), False, Console(file=said, width=200))
            said.write(f"\nreason: {outcome.reason}\n")
            code = 1 if outcome.reason else 0
        except BaseException as error:  # noqa: BLE001 - a child must never return into the server's loop
            said.write(f"\nescaped: {type(error).__name__}: {error}\n")
            said.flush()
        finally:
            said.flush()
            os._exit(code)


if __name__ == "__main__":
    main()
