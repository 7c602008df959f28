"""One thing wrong with a home, as a sentence, and the way to mend it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class Finding:
    """What, where, what to do; `mend` does it and returns what it did. A note is harmless and makes nobody ill."""

    where: str
    what: str
    to_do: str
    mend: Callable[[], str] | None = None
    note: bool = False
    mended: str | None = None

    def __str__(self) -> str:
        if self.mended:
            return f"{self.where}: {self.what}. Mended: {self.mended}."
        by_itself = " (`relier doctor --repair` does it)" if self.mend else ""
        return f"{self.where}: {self.what}; {self.to_do}{by_itself}."


@dataclass(frozen=True)
class Places:
    """Where a home keeps its things; known even when its declarations cannot be read."""

    home: Path
    landing: Path = field(init=False)
    vault: Path = field(init=False)
    restricted: Path = field(init=False)
    published: Path = field(init=False)

    def __post_init__(self) -> None:
        data = self.home / "data"
        object.__setattr__(self, "landing", self.home / "landing")
        for name in ("vault", "restricted", "published"):
            object.__setattr__(self, name, data / name)

    @property
    def ledger(self) -> Path:
        return self.restricted / "ledger.sqlite"

    def show(self, path: Path) -> str:
        """A path as people see it from outside the home."""
        return f"{self.home.name}/{path.relative_to(self.home).as_posix()}"
