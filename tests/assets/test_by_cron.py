"""A home that nobody watches: two runs begun at the same minute, and Dagster's own command line."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from pipelines.declared import Home
from tests.conftest import REPO, relier
from tests.unit.declared.homes import write_home
from tests.unit.operations_home import TWO_WAVES, answers, ledger_of, put


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """One that has never worked."""
    home = Home.load(write_home(tmp_path_factory.mktemp("cron") / "essai", TWO_WAVES))
    put(home, "hr_2025Q1.csv", answers(1, 40, strays=False))
    return home


def test_two_first_runs_at_once_publish_once(home: Home) -> None:
    command = [sys.executable, "-m", "pipelines.cli", "--home", str(home.path), "run"]
    both = [
        subprocess.Popen(command, cwd=REPO, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        for _ in range(2)
    ]
    said = [run.communicate()[0] for run in both]
    assert [run.returncode for run in both] == [0, 0], said
    assert sum("waiting: process" in text and "Nothing new" in text for text in said) == 1
    assert len(list(home.published.glob("scorecard-*.duckdb"))) == 1


def test_the_job_by_its_own_command_line_ends_as_published(home: Home, tmp_path: Path) -> None:
    put(home, "hr_2025Q2.csv", answers(50, 40, strays=False))
    dagster = {"RELIER_HOME": str(home.path), "DAGSTER_HOME": str(home.restricted / "dagster")}
    command = [
        sys.executable,
        "-m",
        "dagster",
        "job",
        "execute",
        "-m",
        "pipelines.definitions",
        "-j",
        "refresh",
    ]
    done = subprocess.run(
        command, cwd=REPO, env={**os.environ, **dagster}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    with ledger_of(home) as ledger:
        assert ledger.unfinished() == []
        run = ledger.last_run()
        assert run is not None
        assert run["outcome"] == "published"


def test_a_run_with_nothing_new_still_takes_away_what_a_kill_left(home: Home) -> None:
    left = home.restricted / "raw" / ".half.part"
    left.touch()
    assert "Nothing new" in relier(home.path, "run").stdout
    assert not left.exists()
