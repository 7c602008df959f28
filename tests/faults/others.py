"""What goes wrong besides kills: full disks, two runs at once, what a crash of the machine left lying about.

Each fault returns what was wrong at once; whether the home recovers is asked after it.
"""

from __future__ import annotations

import os
import random
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

from pipelines.failpoints import POINTS
from tests.faults import checker
from tests.faults.runs import Attempt, Server

Fault = Callable[[Server, random.Random], list[str]]
RESTRICTED = Path("data") / "restricted"


def _a_sentence(attempt: Attempt) -> list[str]:
    """A run that could not go on says why in a sentence, or it managed all the same."""
    if attempt.code == 0 or (attempt.code == 1 and attempt.reason and "Traceback" not in attempt.reason):
        return []
    return [attempt.escaped or f"ended with {attempt.code}, and said {attempt.said[-300:]!r}"]


def full_at_a_point(server: Server, draw: random.Random) -> list[str]:
    """The disk is full at one failpoint."""
    point = draw.choice(POINTS)
    found = _a_sentence(server.run(failpoint=f"{point}:full"))
    return [f"at {point}: {sentence}" for sentence in found]


def small_files_only(server: Server, draw: random.Random) -> list[str]:
    """No file may grow past a limit: every kind of writer meets it somewhere."""
    limit = int(2 ** draw.uniform(12, 21))
    found = _a_sentence(server.run(limit=limit))
    return [f"with files of at most {limit} bytes: {sentence}" for sentence in found]


def two_at_once(server: Server, draw: random.Random) -> list[str]:
    """Two runs of one home: the second waits for the first."""
    pids = [server.start(), server.start()]
    attempts = [server.wait(pid) for pid in pids]
    return [f"two at once: {a.escaped or a.reason or a.code}" for a in attempts if a.code]


def one_killed_of_two(server: Server, draw: random.Random) -> list[str]:
    """The first of two is killed: the one that waits takes over."""
    first, second = server.start(), server.start()
    server.wait(first, draw.uniform(0.5, 6.0))
    after = server.wait(second)
    return [f"the one that waited: {after.escaped or after.reason or after.code}"] if after.code else []


def stale_lock(server: Server, draw: random.Random) -> list[str]:
    """The lock file of a process long dead, or garbage in its place."""
    told = draw.choice([b'{"pid": 1}', b'{"pid": 999999999}', b"", b"\xff\0garbage"])
    folder = server.home / RESTRICTED
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "run.lock").write_bytes(told)
    return []


def garbage_beside_the_warehouse(server: Server, draw: random.Random) -> list[str]:
    """A write-ahead log that is none, or a warehouse that stops in the middle."""
    path = server.home / RESTRICTED / "warehouse.duckdb"
    if draw.random() < 0.5 or not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.with_name(path.name + ".wal").write_bytes(draw.randbytes(draw.choice([0, 1, 4096, 100_000])))
    else:
        os.truncate(path, draw.randint(0, path.stat().st_size))
    return []


def garbage_beside_the_ledger(server: Server, draw: random.Random) -> list[str]:
    """A shared-memory index of nothing, and bytes behind the log's last whole frame: a crash leaves both."""
    path = server.home / RESTRICTED / "ledger.sqlite"
    if not path.exists():
        return []
    path.with_name(path.name + "-shm").write_bytes(draw.randbytes(32768))
    with path.with_name(path.name + "-wal").open("ab") as log:
        log.write(draw.randbytes(draw.choice([1, 24, 4120, 9000])))
    return []


def half_written_files(server: Server, draw: random.Random) -> list[str]:
    """Temporary files of a run that is no more, in every folder."""
    for folder in ("restricted", "restricted/raw/responses", "published", "vault/originals"):
        (server.home / "data" / folder).mkdir(parents=True, exist_ok=True)
        (server.home / "data" / folder / f".left.{draw.randrange(10**6)}.part").write_bytes(
            draw.randbytes(100)
        )
    return []


FAULTS: dict[str, Fault] = {
    "disk full at a failpoint": full_at_a_point,
    "files limited in size": small_files_only,
    "two runs at once": two_at_once,
    "one of two killed": one_killed_of_two,
    "stale lock": stale_lock,
    "garbage beside the warehouse": garbage_beside_the_warehouse,
    "garbage beside the ledger": garbage_beside_the_ledger,
    "half-written files left": half_written_files,
}


# ---- a real disk that is really full -----------------------------------------------------------------------


def mounted(place: Path, megabytes: int) -> bool:
    """Mount a small file system in memory, where that is permitted."""
    place.mkdir(parents=True, exist_ok=True)
    command = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(place)]
    try:
        return subprocess.run(command, capture_output=True, check=False, timeout=30).returncode == 0
    except OSError:
        return False


def unmounted(place: Path) -> None:
    subprocess.run(["umount", "-l", str(place)], capture_output=True, check=False, timeout=30)


def full_disk(server: Server, kilobytes: int) -> list[str]:
    """One run on the home's own file system with so little room left; the room is given back afterwards."""
    ballast = server.home / "ballast"
    room = shutil.disk_usage(server.home).free - (kilobytes << 10)
    with ballast.open("wb") as file:
        while room > 0:
            room -= file.write(b"\0" * min(room, 1 << 20))
    try:
        found = _a_sentence(server.run())
    finally:
        ballast.unlink()  # to look into a ledger takes room
    found += checker.wounds(server.home)
    return [f"with {kilobytes} kB left: {sentence}" for sentence in found]
