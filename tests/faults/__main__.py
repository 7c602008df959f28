"""`make torture`: everything at length. Environment: TORTURE_KILLS, TORTURE_MUTANTS, TORTURE_SEED, TORTURE_SECONDS.

Exit code 0 when nothing was lost, doubled, torn or untold, and when every broken build was caught.
"""

from __future__ import annotations

import os
import random
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.faults import broken, others, readers
from tests.faults.campaign import Tally, caught, recover, reference, rounds, verdict
from tests.faults.report import Findings, page, write
from tests.faults.runs import REPO, Server
from tests.faults.world import arrivals, declare
from tests.hostile.pool import verdicts

LEFT_KB = (0, 40, 400, 1200, 3000)
LEAST_OF = 25  # 500 kills give 20 in each phase


def _asked(name: str, otherwise: int) -> int:
    return int(os.environ.get(name) or otherwise)


def _say(text: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {text}", flush=True)


@contextmanager
def _part(findings: Findings, name: str) -> Iterator[None]:
    _say(name)
    begun = time.monotonic()
    try:
        yield
    finally:
        findings.seconds[name] = time.monotonic() - begun


def kills(findings: Findings, folder: Path, wanted: int) -> None:
    """Rounds in two homes at once."""
    seed = findings.tally.seed
    _together(lambda place, side: rounds(folder / side / "home", findings.tally, seed + place, wanted, _say))


def builds(findings: Findings, folder: Path) -> None:
    """Every broken build meets the checker, and a sound one in the same way; in two homes at once."""
    names = ["", *broken.BUILDS]
    _together(
        lambda place, side: _builds(findings, folder / f"{side} builds" / "home", names[place::2]),
    )


def _builds(findings: Findings, home: Path, names: list[str]) -> None:
    sent = arrivals(findings.tally.seed)
    with Server(declare(home)) as server:
        wanted = reference(server, sent)
        for name in names:
            found = caught(server, name, wanted, sent)
            if name:
                findings.caught[name] = found
                _say(f"{name}: {(found or ['NOT CAUGHT'])[0]}")
            else:
                findings.wrong += [f"the sound build: {sentence}" for sentence in found]


def _together(work: Callable[[int, str], None]) -> None:
    """The same work on both sides, so that two cores are used; the main thread hears Ctrl-C."""
    threads = [threading.Thread(target=work, args=side, daemon=True) for side in enumerate(("left", "right"))]
    for thread in threads:
        thread.start()
    for thread in threads:
        while thread.is_alive():
            thread.join(1.0)


def disks(findings: Findings, folder: Path) -> None:
    """A home on a disk that is really full, where mounting one is permitted."""
    place = folder / "disk"
    if not others.mounted(place, 200):
        _say("no permission to mount a small disk: left out")
        findings.disks["disk really full (not permitted here)"] = 0
        return
    try:
        sent = arrivals(findings.tally.seed)
        with Server(declare(place / "home")) as server:
            wanted = reference(server, sent)
            for kilobytes in LEFT_KB:
                _touched(server.home / "landing" / "cl_1.csv")
                found = others.full_disk(server, kilobytes)
                findings.wrong += found
                recover(server, findings.tally, wanted, f"after a disk with {kilobytes} kB left")
                findings.disks["disk really full"] = findings.disks.get("disk really full", 0) + 1
    finally:
        others.unmounted(place)


def _touched(path: Path) -> None:
    """A file to look at again that says the same: a nanosecond later."""
    when = path.stat().st_mtime_ns + 1
    os.utime(path, ns=(when, when))


def mutants(findings: Findings, wanted: int) -> None:
    for found in verdicts(findings.tally.seed, range(wanted)):
        findings.add(found)
        for sentence in found.wrong[:1]:
            _say(f"mutant {found.number}: {sentence[:200]}")
        if findings.mutants % 500 == 0:
            _say(f"{findings.mutants} mutants, {findings.outcomes['wrong']} wrong")


def judged(findings: Findings, wanted: int) -> list[str]:
    """What is wrong with the whole campaign."""
    found = verdict(findings.tally, wanted // LEAST_OF) + findings.wrong
    found += [f"the checker does not see: {name}" for name, seen in findings.caught.items() if not seen]
    found += [f"no broken build was tried: {name}" for name in broken.BUILDS if name not in findings.caught]
    if not findings.reads or not findings.reads.reads:
        found.append("nobody read")
    return found + list(findings.reads.wrong if findings.reads else ())


def main() -> int:
    """Run the campaign; report what there is, also when it is interrupted."""
    seed = _asked("TORTURE_SEED", random.SystemRandom().randrange(10**6))
    wanted, files = _asked("TORTURE_KILLS", 500), _asked("TORTURE_MUTANTS", 10_000)
    findings, interrupted = Findings(Tally(seed)), False
    with tempfile.TemporaryDirectory(prefix="torture-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        try:
            with _part(findings, "kills"):
                kills(findings, folder, wanted)
            with _part(findings, "broken builds"):
                builds(findings, folder)
            with _part(findings, "full disks"):
                disks(findings, folder)
            with _part(findings, "readers"):
                findings.reads = readers.watch(folder / "published", _asked("TORTURE_SECONDS", 60))
            with _part(findings, "hostile files"):
                mutants(findings, files)
        except KeyboardInterrupt:
            interrupted = True
    wrong = ["interrupted"] * interrupted + judged(findings, wanted)
    text = page(findings, wrong)
    print(text)
    if not interrupted:
        write(REPO / "docs" / "torture.md", text)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
