"""Shared by the tests of the readers: bytes in, `Decoded` out."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from pipelines.ingest import Decoded, ItemSpec, SourceSpec, WaveSpec, decode

Decode = Callable[..., Decoded]


@pytest.fixture
def survey() -> Callable[..., SourceSpec]:
    """A small survey declaration; keyword arguments replace its parts."""

    def build(**changes: object) -> SourceSpec:
        parts: dict[str, object] = {
            "code": "survey",
            "kind": "responses",
            "format": "table",
            "files": "*",
            "keys": {"response": "id", "unit": "unit"},
            "items": (ItemSpec("q1", "Q1", minimum=1, maximum=5),),
            "waves": (WaveSpec("w1", "*"),),
            "aliases": {"LY": "lyon", "PA": "paris"},
            "time_zone": "Europe/Paris",
        }
        return SourceSpec(**(parts | changes))  # type: ignore[arg-type]  # parts are checked by the readers

    return build


@pytest.fixture
def read(tmp_path: Path, survey: Callable[..., SourceSpec]) -> Decode:
    """Decode bytes or text under a name, by a declaration or by the parts in which it differs from `survey`."""

    def run(
        content: bytes | str, spec: SourceSpec | None = None, name: str = "survey.csv", **changes: object
    ) -> Decoded:
        raw = content.encode() if isinstance(content, str) else content
        path = tmp_path / "original"
        path.write_bytes(raw)
        return decode(path, name, spec or survey(**changes))

    return run


@pytest.fixture
def golden() -> Callable[[str], bytes]:
    """The bytes of a golden file, `<format>/<file>`: small, synthetic, in the shape a published source shows."""
    return lambda name: (Path(__file__).parent / "golden" / name).read_bytes()
