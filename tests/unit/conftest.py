"""Where the real files are."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def real() -> Path:
    """The folder of files as their publishers sent them; its tests step aside where it is absent."""
    folder = Path(os.environ.get("RELIER_REAL", Path(__file__).parents[3] / "shared" / "real"))
    if not folder.is_dir():
        pytest.skip(f"no real files at {folder}: set RELIER_REAL to the folder that holds them")
    return folder
