"""The demo, run once for every test that reads what a run leaves behind."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import settings

REPO = Path(__file__).resolve().parents[1]
# how long an example takes says how busy the machine is
settings.register_profile("house", deadline=None)
settings.load_profile("house")
Relier = Callable[..., "subprocess.CompletedProcess[str]"]


def relier(
    home: Path, *arguments: str, timeout: float = 600, **environment: str
) -> subprocess.CompletedProcess[str]:
    """One `relier` command on `home`, as a person types it; 600 s is twenty times what a run takes."""
    return subprocess.run(
        [sys.executable, "-m", "pipelines.cli", "--home", str(home), *arguments],
        cwd=REPO,
        env={**{name: value for name, value in os.environ.items() if name != "DAGSTER_HOME"}, **environment},
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )


def copy_home(home: Path, target: Path, *, data: bool = False) -> Path:
    """A home of one's own to break; with `data`, also what its runs made."""
    shutil.copytree(home, target, ignore=None if data else shutil.ignore_patterns("data", "__pycache__"))
    return target


@pytest.fixture(scope="session")
def published_demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of examples/demo that has been run: read it, copy it, never change it."""
    base = tmp_path_factory.getbasetemp()
    shared = (
        base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    )  # side by side, the workers share one
    home = shared / "published" / "demo"
    home.parent.mkdir(exist_ok=True)
    with (home.parent / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (home / "said.txt").exists():
            shutil.rmtree(home, ignore_errors=True)
            copy_home(REPO / "examples" / "demo", home)
            done = relier(home, "run")
            assert done.returncode == 0, done.stdout + done.stderr
            (home / "said.txt").write_text(done.stdout + done.stderr)
    return home


@pytest.fixture(scope="session")
def demo_snapshot(published_demo: Path) -> Path:
    return Path(relier(published_demo, "snapshot").stdout.strip())
