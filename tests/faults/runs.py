"""Real refreshes in forked children that may be killed at any moment.

Dagster, dbt's manifest and the home's definitions are loaded once, in a server process; every attempt is a fork of it,
in a process group of its own, so that five hundred runs do not pay five hundred imports.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

REPO = Path(__file__).resolve().parents[2]
LOOK_EVERY = 0.02


@dataclass(frozen=True)
class Attempt:
    """How a run ended: `code` (negative: the signal), where it had got to, what it said."""

    code: int
    passed: tuple[str, ...]
    said: str

    @property
    def killed(self) -> bool:
        return self.code == -signal.SIGKILL

    @property
    def last(self) -> str:
        """The last failpoint passed; `start` before the first."""
        return self.passed[-1] if self.passed else "start"

    @property
    def phase(self) -> str:
        """The phase in which it stopped."""
        if self.last == "warehouse.declared":
            return "build"
        return self.last.partition(".")[0]

    @property
    def reason(self) -> str:
        """Why it did not publish, as it said; '' when it did."""
        told = [line for line in self.said.splitlines() if line.startswith("reason: ")]
        return "" if not told or told[-1] == "reason: None" else told[-1].removeprefix("reason: ")

    @property
    def escaped(self) -> str:
        """The exception that came out instead of a sentence; '' when none did."""
        told = [line for line in self.said.splitlines() if line.startswith("escaped: ")]
        return told[-1] if told else ""


class Server:
    """One home, one loaded interpreter, as many runs as wanted."""

    def __init__(self, home: Path) -> None:
        self.home = home
        environment = {**os.environ, "RELIER_HOME": str(home), "PYTHONPATH": str(REPO)}
        environment.pop("DAGSTER_HOME", None)
        self._points: dict[int, Path] = {}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.server"],
            cwd=REPO,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._read()

    def _read(self) -> dict[str, Any]:
        line = self._process.stdout.readline() if self._process.stdout else ""
        if not line:
            raise RuntimeError("the server of runs has died")
        return json.loads(line)

    def _ask(self, **order: Any) -> dict[str, Any]:
        assert self._process.stdin
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        return self._read()

    def start(self, failpoint: str = "", broken: str = "", limit: int = 0) -> int:
        """Start a run; returns its process (and group) number. `limit` is the largest file it may write, in bytes."""
        told = self._ask(do="start", failpoint=failpoint, broken=broken, limit=limit)
        self._points[int(told["pid"])] = Path(told["points"])
        return int(told["pid"])

    def wait(
        self, pid: int, kill_after: float | None = None, whole_group: bool = True, since: str = ""
    ) -> Attempt:
        """Wait for a run, killing it so many seconds after its start, or after it passed the point `since`.

        Without `whole_group` what it started (dbt) outlives it.
        """
        if kill_after is not None:
            if since:
                self._until(pid, since)
            self._rest(pid, kill_after)
            with suppress(ProcessLookupError):
                (os.killpg if whole_group else os.kill)(pid, signal.SIGKILL)
        told = self._ask(do="wait", pid=pid)
        return Attempt(told["code"], tuple(told["passed"]), told["said"])

    def _until(self, pid: int, point: str) -> None:
        points = self._points[pid]
        while not (points.exists() and point in points.read_text().split()) and _runs(pid):
            threading.Event().wait(LOOK_EVERY)

    def _rest(self, pid: int, seconds: float) -> None:
        """So many seconds, or until the run has ended."""
        left = seconds
        while left > 0 and _runs(pid):
            threading.Event().wait(min(left, LOOK_EVERY))
            left -= LOOK_EVERY

    def run(self, **order: Any) -> Attempt:
        return self.wait(self.start(**order))

    def close(self) -> None:
        if self._process.stdin:
            self._process.stdin.close()
        self._process.wait(60)
        if self._process.stdout:
            self._process.stdout.close()

    def __enter__(self) -> Server:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] not in "ZX"
    except (OSError, IndexError):
        return False
