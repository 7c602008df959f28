"""Durable file work: private folders, copies and renames that survive a power cut, and the run lock."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
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


# SQLite's and DuckDB's locks do not hold there, and a rename is not the commit point it is on a local disk
NETWORK = {"nfs", "nfs4", "cifs", "smb3", "smbfs", "afs", "ceph", "glusterfs", "lustre", "beegfs", "gpfs", "davfs",
           "fuse.sshfs", "fuse.s3fs", "fuse.rclone", "fuse.glusterfs", "fuse.davfs2", "fuse.gcsfuse"}  # fmt: skip


class NetworkDriveError(Exception):
    """A home lies on a network file system; str() is the sentence."""


def file_system(path: Path, mounts: Path = Path("/proc/mounts")) -> str:
    """Type of the file system that holds `path`; '' where the kernel does not tell."""
    try:
        lines = mounts.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ""
    real, best, found = str(path.resolve()), -1, ""
    for line in lines:
        _, place, kind, *_ = [*line.split(" "), "", ""]
        place = place.replace("\\040", " ").rstrip("/")
        if (real + "/").startswith(place + "/") and len(place) >= best:  # a later mount hides an earlier one
            best, found = len(place), kind
    return found


def refuse_network(path: Path, mounts: Path = Path("/proc/mounts")) -> None:
    """Raise NetworkDriveError when `path` is not on a local disk."""
    kind = file_system(path, mounts)
    if kind in NETWORK:
        raise NetworkDriveError(
            f"{path.name} lies on a network file system ({kind}), whose locks cannot be trusted with the books;"
            " move the home to a local disk, and let only landing/ be filled from elsewhere"
        )


TRIAL = ".check-"  # folders in which a file is tried
TRIAL_SECONDS = 3600  # no trial lasts that long


def half_written(folder: Path) -> Iterator[Path]:
    """Files that a stopped run left; those of a trial are its own."""
    for parent, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(TRIAL)]
        yield from (Path(parent, name) for name in names if name.startswith(".") and name.endswith(".part"))


def sweep(folder: Path) -> None:
    """Remove what a killed run or check left half-written; only the holder of the run lock may call it."""
    for left in half_written(folder):
        left.unlink(missing_ok=True)
    for left in folder.glob(f"{TRIAL}*"):
        with suppress(FileNotFoundError):  # a trial that ends meanwhile
            if time.time() - left.stat().st_mtime > TRIAL_SECONDS:
                shutil.rmtree(left, ignore_errors=True)


def sha256_of(path: Path, also: Callable[[bytes], object] | None = None) -> str:
    """SHA-256 of a file, read once; `also` receives each block (a copy made on the way)."""
    hasher = hashlib.sha256()
    with path.open("rb") as handle:
        while block := handle.read(1 << 20):
            hasher.update(block)
            if also:
                also(block)
    return hasher.hexdigest()


def process_mark(pid: int) -> str | None:
    """`pid:start`, which no later process of that number repeats; None when there is no such process."""
    try:
        after_name = Path(f"/proc/{pid}/stat").read_text(errors="replace").rsplit(")", 1)[1].split()
    except (OSError, IndexError):
        return None
    return None if after_name[0] in "ZX" else f"{pid}:{after_name[19]}"


class RunLock:
    """One run at a time per home, whoever starts it; the kernel frees it when its holder dies."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._descriptor: int | None = None

    def try_acquire(self, patience_s: float = 0.0, poll_s: float = 0.1) -> bool:
        """Take the lock if nobody holds it, or lets it go within `patience_s`."""
        private_folder(self.path.parent)
        descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        until = time.monotonic() + patience_s
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() >= until:
                    os.close(descriptor)
                    return False
                time.sleep(poll_s)
            else:
                self._sign(descriptor)
                return True

    def acquire(self, waiting: Callable[[str], None] | None = None, poll_s: float = 0.2) -> None:
        """Wait for the lock; `waiting` is told once who holds it."""
        if self.try_acquire():
            return
        if waiting:
            waiting(self.holder())
        while not self.try_acquire(patience_s=3600, poll_s=poll_s):
            pass

    def _sign(self, descriptor: int) -> None:
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
