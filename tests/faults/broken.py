"""Builds broken on purpose: the checker that finds nothing wrong in one of them is broken itself."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pipelines import claims, failpoints, loading, settling
from pipelines.assets import published


def _ledger_before_parquet() -> None:
    """The commit point comes before what it commits."""
    write = loading._write

    def late(*arguments: Any, **named: Any) -> Any:
        failpoints.failpoint("decode.written")  # here a careful build would have written
        return write(*arguments, **named)

    load_one = loading._load_one

    def eager(home: Any, entry: Any, key: bytes) -> Any:
        with _recording(loading, "_write", lambda *_, **__: None):
            return load_one(home, entry, key)

    loading._write = late
    loading._load_one = eager


@contextmanager
def _recording(module: Any, name: str, instead: Any) -> Iterator[None]:
    kept = getattr(module, name)
    setattr(module, name, instead)
    try:
        yield
    finally:
        setattr(module, name, kept)


def _pointer_before_snapshot() -> None:
    """The pointer moves before the file it names is in place."""
    rename = Path.rename

    def publish_first(folder: Path, snapshot_id: str) -> None:
        (folder / "CURRENT").write_text(snapshot_id)

    def slow(self: Path, target: Any) -> Any:
        if Path(target).name.startswith("scorecard-"):
            publish_first(Path(target).parent, Path(target).stem.removeprefix("scorecard-"))
            failpoints.failpoint("publish.moved")
        return rename(self, target)

    Path.rename = slow  # type: ignore[method-assign]
    published.publish = lambda *_: None


def _nothing_is_repeated() -> None:
    """Records that two exports bring are counted twice."""
    settling._trimmed = lambda *_: []


def _vault_forgets() -> None:
    """The original is not kept."""
    keep = claims._to_vault

    def forget(file: Any, originals: Path) -> str:
        digest = keep(file, originals)
        shutil.copy(originals / digest, originals / f"{digest}.kept")
        (originals / digest).unlink()
        (originals / digest).write_bytes(b"")
        return digest

    claims._to_vault = forget


BUILDS: dict[str, Callable[[], None]] = {
    "ledger before Parquet": _ledger_before_parquet,
    "pointer before snapshot": _pointer_before_snapshot,
    "nothing is repeated": _nothing_is_repeated,
    "the vault forgets": _vault_forgets,
}
