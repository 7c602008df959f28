"""Whatever happens to a run, readers see the last whole snapshot, and the next run recovers by itself."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml

from tests.conftest import REPO, copy_home, relier

MARTS = ("fct_kpi_values", "fct_finance", "scorecard_unit_period", "dim_units", "dim_periods")


@pytest.fixture
def home(published_demo: Path, tmp_path: Path) -> Path:
    """The published demo, to break."""
    return copy_home(published_demo, tmp_path / "demo", data=True)


def snapshot(home: Path) -> Path:
    return Path(relier(home, "snapshot").stdout.strip())


def marts(path: Path) -> dict[str, list[tuple[Any, ...]]]:
    with duckdb.connect(str(path), read_only=True) as connection:
        return {
            name: connection.execute(f"select * from mart.{name} order by all").fetchall() for name in MARTS
        }


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def touch(home: Path) -> None:
    """Give the next run work: the same declarations, written differently."""
    with (home / "declarations" / "organisation.yml").open("a", encoding="utf-8") as file:
        file.write("# read again\n")


def test_a_second_run_says_the_same_cell_by_cell(home: Path) -> None:
    before = snapshot(home)
    touch(home)
    done = relier(home, "run")
    assert done.returncode == 0, done.stdout + done.stderr
    assert snapshot(home) != before
    assert marts(snapshot(home)) == marts(before)


def test_a_full_refresh_from_the_vault_says_the_same(home: Path) -> None:
    before = marts(snapshot(home))
    shutil.rmtree(home / "landing")
    (home / "landing").mkdir()
    shutil.rmtree(home / "data" / "restricted" / "raw")
    (home / "data" / "restricted" / "warehouse.duckdb").unlink()
    done = relier(home, "run", "--full-refresh")
    assert done.returncode == 0, done.stdout + done.stderr
    assert marts(snapshot(home)) == before


def test_one_line_of_yaml_frees_a_held_file(home: Path) -> None:
    edit(home / "declarations/sources/partner_survey.yml", "drop: [", 'drop: ["Code postal", ')
    done = relier(home, "run")
    assert done.returncode == 0, done.stdout + done.stderr
    told = json.loads(relier(home, "status", "--json").stdout)
    assert (
        next(file for file in told["files"] if file["name"] == "partenaires_2025T4.xlsx")["status"]
        == "accepted"
    )
    with duckdb.connect(str(snapshot(home)), read_only=True) as connection:
        measured = connection.execute(
            "select measured_period_code from mart.scorecard_unit_period where unit_code = 'rivage'"
            " and period_code = '2025-Q4' and stakeholder_code = 'partners'"
        ).fetchone()
    assert measured == ("2025-Q4",)


def test_a_failed_test_of_the_marts_keeps_the_last_snapshot_and_says_why(home: Path) -> None:
    before = snapshot(home)
    framework = home / "declarations" / "framework.yml"
    declared = yaml.safe_load(framework.read_text(encoding="utf-8"))
    declared.setdefault("kpis", {})["nps"] = {"range": [-1, 1]}
    framework.write_text(yaml.safe_dump(declared, allow_unicode=True), encoding="utf-8")
    done = relier(home, "run")
    assert done.returncode == 1
    assert "Not published: dbt build failed" in done.stderr
    assert "range" in done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    assert snapshot(home) == before


def test_a_wrong_declaration_stops_before_anything_is_touched(home: Path) -> None:
    before = snapshot(home)
    edit(home / "declarations/sources/hr_survey.yml", "freshness_days:", "freshness_dais:")
    done = relier(home, "run")
    assert done.returncode == 1
    assert "hr_survey.yml:" in done.stderr
    assert "did you mean 'freshness_days'" in done.stderr
    assert snapshot(home) == before


def test_a_declaration_cannot_take_back_what_was_accepted(home: Path) -> None:
    before = marts(snapshot(home))
    edit(home / "declarations/sources/hr_survey.yml", 'file: "barometre_2025T4*"', 'file: "barometre_2025T*"')
    done = relier(home, "run")
    assert done.returncode == 1
    assert "a declaration now refuses" in done.stderr
    assert marts(snapshot(home)) == before


def start(home: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "pipelines.cli", "--home", str(home), "run"]
    environment = {name: value for name, value in os.environ.items() if name != "DAGSTER_HOME"}
    return subprocess.Popen(
        command,
        cwd=REPO,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def test_two_runs_at_once_wait_their_turn_while_readers_read(home: Path) -> None:
    touch(home)
    running = [start(home), start(home)]
    reads = 0
    while any(process.poll() is None for process in running):
        marts(snapshot_path(home))
        reads += 1
        rest(running[0])
    said = [process.communicate()[0] for process in running]
    assert [process.returncode for process in running] == [0, 0], said
    assert sum("waiting: process" in text for text in said) == 1
    assert reads > 10


def rest(process: subprocess.Popen[str], seconds: float = 0.3) -> None:
    """Leave the machine to the run for a moment, or until it ends."""
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(seconds)


def snapshot_path(home: Path) -> Path:
    """What a reader does: the pointer, then the file it names."""
    folder = home / "data" / "published"
    return folder / f"scorecard-{(folder / 'CURRENT').read_text().strip()}.duckdb"
