"""Durable file work: private folders, copies and renames that survive a power cut, and the run lock."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path


def private_folder(path: Path) -> Path:
    """Make `path` (and parents) readable by its owner only."""
    path.mkdir(parents=True, exist_ok=True, mode=0o700)
    os.chmod(path, 0o700)
    return path


def sync_folder(path: Path) -> None:
    """Make renames inside `path` durable."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_file(path: Path) -> None:
    with path.open("rb") as handle:
        os.fsync(handle.fileno())


@contextmanager
def replacing(target: Path, mode: int = 0o600) -> Iterator[Path]:
    """Yield a temporary path beside `target`; on success it becomes `target`, whole and durable, else it is gone."""
    temporary = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        yield temporary
        os.chmod(temporary, mode)
        sync_file(temporary)
        os.replace(temporary, target)
        sync_folder(target.parent)
    finally:
        temporary.unlink(missing_ok=True)


def sweep(folder: Path) -> None:
    """Remove what a killed run left half-written; only the holder of the run lock may call it."""
    for left in folder.rglob(".*.part"):
        left.unlink(missing_ok=True)


def sha256_of(path: Path, also: Callable[[bytes], object] | None = None) -> str:
    """SHA-256 of a file, read once; `also` receives each block (a copy made on the way)."""
    hasher = hashlib.sha256()
    with path.open("rb") as handle:
        while block := handle.read(1 << 20):
            hasher.update(block)
            if also:
                also(block)
    return hasher.hexdigest()


class RunLock:
    """One run at a time per home, whoever starts it; the kernel frees it when its holder dies."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._descriptor: int | None = None

    def acquire(self, waiting: Callable[[str], None] | None = None, poll_s: float = 0.2) -> None:
        """Wait for the lock; `waiting` is told once who holds it."""
        private_folder(self.path.parent)
        descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        told = False
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if waiting and not told:
                    waiting(self.holder())
                    told = True
                time.sleep(poll_s)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, json.dumps({"pid": os.getpid()}).encode(), 0)
        self._descriptor = descriptor

    def holder(self) -> str:
        """`process 123`, or `another process` when the holder has not signed yet."""
        try:
            return f"process {json.loads(self.path.read_text())['pid']}"
        except (OSError, ValueError, KeyError):
            return "another process"

    def release(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
