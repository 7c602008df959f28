"""Many mutants on every core: workers are watched, and one that hangs or dies has found something."""

from __future__ import annotations

import json
import os
import selectors
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.hostile.judge import Verdict

REPO = Path(__file__).resolve().parents[2]
PATIENCE = 240.0  # seconds of a wall clock for one mutant, on a machine that may be busy with other work
TRIALS = (
    300  # a worker is replaced after so many, so that what one trial left in memory is not counted to another
)


@dataclass
class _Worker:
    process: subprocess.Popen[str]
    number: int = -1
    begun: float = 0.0
    done: int = 0


def _worker() -> _Worker:
    command = [sys.executable, "-m", "tests.hostile.worker"]
    return _Worker(
        subprocess.Popen(
            command, cwd=REPO, env={**os.environ, "PYTHONPATH": str(REPO)}, stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        )
    )  # fmt: skip


def verdicts(seed: int, numbers: Iterable[int], workers: int | None = None) -> Iterator[Verdict]:
    """The verdict on each mutant, as they come; a hung or dead worker is itself a verdict."""
    waiting = iter(numbers)
    with selectors.DefaultSelector() as selector:
        alive: set[int] = set()
        pool: dict[int, _Worker] = {}

        def give(worker: _Worker) -> None:
            number = next(waiting, None)
            if number is None:
                return _end(worker)
            if worker.done >= TRIALS:
                _end(worker)
                worker = _worker()
            worker.number, worker.begun = number, time.monotonic()
            assert worker.process.stdin
            assert worker.process.stdout
            worker.process.stdin.write(f"{seed} {number}\n")
            worker.process.stdin.flush()
            descriptor = worker.process.stdout.fileno()
            selector.register(descriptor, selectors.EVENT_READ)
            pool[descriptor] = worker
            alive.add(descriptor)

        try:
            for _ in range(workers or os.cpu_count() or 1):
                give(_worker())
            while alive:
                ready = {key.fd for key, _ in selector.select(1.0)}
                late = {fd for fd in alive if time.monotonic() - pool[fd].begun > PATIENCE}
                for descriptor in sorted(ready | late):
                    worker = pool.pop(descriptor)
                    alive.discard(descriptor)
                    selector.unregister(descriptor)
                    yield _answer(worker, descriptor in ready)
                    if worker.process.poll() is not None:
                        _end(worker)
                        worker = _worker()
                    worker.done += 1
                    give(worker)
        finally:
            for descriptor in alive:
                pool[descriptor].process.kill()
                _end(pool[descriptor])


def _answer(worker: _Worker, ready: bool) -> Verdict:
    line = worker.process.stdout.readline() if ready and worker.process.stdout else ""
    if line:
        told = json.loads(line)
        return Verdict(**{**told, "kinds": tuple(told["kinds"]), "wrong": tuple(told["wrong"])})
    worker.process.kill()
    code = worker.process.wait()
    what = f"the process died ({code})" if ready else f"no answer in {PATIENCE:.0f} s"
    return Verdict(worker.number, "?", (), "crashed", (what,))


def _end(worker: _Worker) -> None:
    if worker.process.stdin:
        worker.process.stdin.close()
    worker.process.wait(60)
    if worker.process.stdout:
        worker.process.stdout.close()
