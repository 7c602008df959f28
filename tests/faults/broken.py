"""Builds broken on purpose: the checker that finds nothing wrong in one of them is broken itself."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pipelines import claims, failpoints, loading, publication, settling
from pipelines.assets import published
from pipelines.ledger import Ledger


@dataclass(frozen=True)
class Build:
    """How to break it, and the failpoints at which a kill shows that it is ('' for a run that nobody kills)."""

    break_it: Callable[[], None]
    points: tuple[str, ...]


def _swap(module: Any, name: str, instead: Any) -> Any:
    """Replace a name that is there, and return what it was: a build must never fail to be broken."""
    was = getattr(module, name)
    setattr(module, name, instead)
    return was


def _ledger_before_parquet() -> None:
    """The commit point comes before what it commits."""
    waiting: list[tuple[Path, Path]] = []

    @contextmanager
    def later(target: Path, mode: int = 0o600) -> Iterator[Path]:
        temporary = target.with_name(f".{target.name}.{os.getpid()}.part")
        yield temporary
        waiting.append((temporary, target))

    def point(name: str) -> None:
        failpoints.failpoint(name)
        while name == "decode.recorded" and waiting:
            os.replace(*waiting.pop())

    _swap(loading, "replacing", later)
    _swap(loading, "failpoint", point)


def _pointer_before_snapshot() -> None:
    """The pointer moves before the file it names is in place."""

    def publish_first(folder: Path, snapshot_id: str) -> None:
        (folder / "CURRENT").write_text(snapshot_id)

    def slow(self: Path, target: Any) -> Any:
        if Path(target).name.startswith("scorecard-"):
            publish_first(Path(target).parent, Path(target).stem.removeprefix("scorecard-"))
            failpoints.failpoint("publish.moved")
        return rename(self, target)

    rename = _swap(Path, "rename", slow)
    _swap(published, "publish", lambda *_: None)


def _written_in_place() -> None:
    """What replaces a file is written over it, and a kill leaves half of it."""

    def halves(point: str) -> Any:
        @contextmanager
        def over(target: Path, mode: int = 0o600) -> Iterator[Path]:
            temporary = target.with_name(f".{target.name}.{os.getpid()}.part")
            yield temporary
            whole = temporary.read_bytes()
            target.write_bytes(whole[: len(whole) // 2])
            if failpoints._state.name == point:  # armed at a passage that never comes: the kill is here
                os.kill(os.getpid(), signal.SIGKILL)
            target.write_bytes(whole)
            temporary.unlink()

        return over

    _swap(settling, "replacing", halves("settle.trimmed"))
    _swap(publication, "replacing", halves("publish.moved"))


def _nothing_is_repeated() -> None:
    """Records that two exports bring are counted twice."""
    _swap(settling, "_trimmed", lambda *_: [])


def _settling_forgets_quarantine() -> None:
    """A replaced file's refused records are called duplicates."""

    def forget(old: Any, newest: Any) -> Any:
        entry = superseded(old, newest)
        return replace(entry, quarantined=0, duplicate=entry.records)

    superseded = _swap(settling, "_superseded", forget)


def _quarantine_without_rows() -> None:
    """Refused records are counted, and nobody can say which they were."""

    def record_all(self: Ledger, changes: Any) -> None:
        real(self, [(entry, None if refusals is None else []) for entry, refusals in changes])

    real = _swap(Ledger, "record_all", record_all)


def _register_forgets() -> None:
    """A snapshot is published, and no register says which cells."""
    _swap(Ledger, "publish", lambda *_: None)


def _vault_forgets() -> None:
    """The original is not kept."""

    def forget(file: Any, originals: Path) -> str:
        digest = keep(file, originals)
        (originals / digest).unlink()
        (originals / digest).write_bytes(b"")
        return digest

    keep = _swap(claims, "_to_vault", forget)


BUILDS: dict[str, Build] = {
    "ledger before Parquet": Build(_ledger_before_parquet, ("decode.recorded",)),
    "pointer before snapshot": Build(_pointer_before_snapshot, ("publish.moved",)),
    "written in place": Build(_written_in_place, ("settle.trimmed@99", "publish.moved@99")),
    "the vault forgets": Build(_vault_forgets, ("claim.recorded",)),
    "quarantine without rows": Build(_quarantine_without_rows, ("judge.recorded",)),
    "nothing is repeated": Build(_nothing_is_repeated, ("",)),
    "settling forgets quarantine": Build(_settling_forgets_quarantine, ("",)),
    "the register forgets": Build(_register_forgets, ("",)),
}
