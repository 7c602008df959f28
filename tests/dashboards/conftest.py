"""Homes with a synthetic snapshot for widget tests, and the real application in a browser."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

HERE, REPO = Path(__file__).resolve().parent, Path(__file__).resolve().parents[2]
sys.path[:0] = [path for path in (str(HERE), str(REPO)) if path not in sys.path]

from make_snapshot import build  # noqa: E402 (neighbours are found through the path set above)
from serve import browser, serving  # noqa: E402 (same reason)


@pytest.fixture(scope="session")
def homes(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """A home by variant (demo, first_wave, yearly), built once; `empty` has published nothing."""
    built: dict[str, Path] = {}

    def home(variant: str) -> Path:
        if variant not in built:
            built[variant] = tmp_path_factory.mktemp(variant)
            if variant != "empty":
                build(built[variant], variant)
        return built[variant]

    return home


@pytest.fixture
def altered(homes: Callable[[str], Path], tmp_path: Path) -> Callable[..., Path]:
    """A copy of a synthetic home whose snapshot was changed by some SQL: altered("DROP TABLE …", variant="demo")."""

    def change(*statements: str, variant: str = "demo") -> Path:
        home = tmp_path / f"home{len(list(tmp_path.iterdir()))}"
        shutil.copytree(homes(variant), home)
        with duckdb.connect(str(next((home / "data" / "published").glob("*.duckdb")))) as base:
            for statement in statements:
                base.execute(statement)
        return home

    return change


@pytest.fixture
def app(homes: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Run a page of the real router: app("unit", home="demo", unit="ag_tours") returns the AppTest after its run."""
    from streamlit.testing.v1 import AppTest

    def run(page: str = "overview", home: str | Path = "demo", **query: str) -> Any:
        monkeypatch.setenv("RELIER_HOME", str(home if isinstance(home, Path) else homes(home)))
        at = AppTest.from_file(str(REPO / "dashboards" / "app.py"), default_timeout=60)
        at.query_params.update(query)
        at.run()
        if page != "overview":
            at.switch_page(f"app_pages/{page}.py")
            at.query_params.update(query)
            at.run()
        assert not at.exception
        return at

    return run


@pytest.fixture(scope="session")
def shown_home(published_demo: Path) -> Path:
    """The real demo, published by the real pipeline for this session."""
    return published_demo


@pytest.fixture(scope="session")
def scorecard_url(shown_home: Path) -> Iterator[str]:
    """Address of the dashboard of `shown_home`."""
    with serving(shown_home) as url:
        yield url


@pytest.fixture(scope="session")
def synthetic_url(homes: Callable[[str], Path]) -> Iterator[str]:
    """Address of the dashboard of the synthetic home, for states the demo need not have."""
    with serving(homes("demo")) as url:
        yield url


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """One browser for the session; without any, CI fails and a workstation says what is missing."""
    try:
        with browser() as found:
            yield found
    except Exception as error:
        if "Executable doesn't exist" not in str(error):
            raise
        pytest.fail(
            f"no Chromium on this machine (CI={os.environ.get('CI', '')}): run `make test`, which installs one"
        )
