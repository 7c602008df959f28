"""Scheduling on a real Dagster instance: waves as partitions, replays, ticks that skip, kills and who is told."""

from __future__ import annotations

import http.server
import importlib
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from types import ModuleType

import dagster as dg
import pytest

from pipelines.declared import Home
from pipelines.ledger import Ledger
from pipelines.publication import current
from tests.conftest import REPO, relier
from tests.unit.declared.homes import FILES, write_home
from tests.unit.operations_home import TWO_WAVES, answers, put

ALERTS = FILES["organisation.yml"] + "language: en\nalerts: {webhook: true, tell: [failure]}\n"
WAVES = dg.AssetKey(["raw", "waves"])


@pytest.fixture(scope="module")
def told() -> Iterator[list[str]]:
    """Sentences that a web server of this machine was given; RELIER_WEBHOOK points to it."""
    found: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            found.append(json.loads(self.rfile.read(int(self.headers["Content-Length"])))["text"])
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Nothing on the terminal."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    os.environ["RELIER_WEBHOOK"] = f"http://127.0.0.1:{server.server_address[1]}/hook"
    yield found
    del os.environ["RELIER_WEBHOOK"]
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory, told: list[str]) -> Home:
    """A small home after one `relier run`; its tests go from top to bottom, as its days would."""
    folder = tmp_path_factory.mktemp("operated") / "essai"
    home = Home.load(write_home(folder, {**TWO_WAVES, "organisation.yml": ALERTS}))
    put(home, "hr_2025Q1.csv", answers(1, 40, strays=False))
    put(home, "hr_2025Q2.csv", answers(50, 40, strays=False))
    done = relier(home.path, "run")
    assert done.returncode == 0, done.stdout + done.stderr
    return home


@pytest.fixture(scope="module")
def instance(home: Home) -> Iterator[dg.DagsterInstance]:
    before = dict(os.environ)
    os.environ["RELIER_HOME"] = str(home.path)
    os.environ["DAGSTER_HOME"] = str(home.restricted / "dagster")
    with dg.DagsterInstance.get() as instance:
        yield instance
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture(scope="module")
def definitions(instance: dg.DagsterInstance) -> Iterator[ModuleType]:
    sys.modules.pop("pipelines.definitions", None)
    yield importlib.import_module("pipelines.definitions")
    sys.modules.pop("pipelines.definitions", None)


def ledger_of(home: Home) -> Ledger:
    return Ledger(home.restricted / "ledger.sqlite")


def arrivals(instance: dg.DagsterInstance) -> dict[str, dict[str, object]]:
    """Last materialization of each wave: what its page shows."""
    records = instance.fetch_materializations(WAVES, limit=100, ascending=True).records
    return {
        str(record.partition_key): {
            name: value.value
            for name, value in record.asset_materialization.metadata.items()  # type: ignore[union-attr]
        }
        for record in records
    }


def test_each_wave_shows_what_arrived(home: Home, instance: dg.DagsterInstance) -> None:
    found = arrivals(instance)
    assert list(found) == ["hr_survey:2025-Q1", "hr_survey:2025-Q2"]
    first = found["hr_survey:2025-Q1"]
    assert (first["dagster/row_count"], first["files_records"], first["files_quarantined"]) == (40, 40, 0)
    (file,) = first["files"].records  # type: ignore[attr-defined]  # a table's value
    assert file.data["file"] == "hr_2025Q1.csv"
    assert (file.data["encoding"], file.data["status"], len(str(file.data["sha256"]))) == (
        "utf-8",
        "accepted",
        64,
    )
    assert file.data["checks"] != "–"
    assert "AG1" not in repr(first)


def test_a_second_run_builds_nothing_and_says_what_stays(home: Home) -> None:
    before = current(home.published)
    done = relier(home.path, "run", timeout=60)
    assert done.returncode == 0, done.stderr
    assert before is not None
    assert f"Snapshot {before.stem.removeprefix('scorecard-')} stays" in done.stdout
    assert current(home.published) == before
    with ledger_of(home) as ledger:
        run = ledger.last_run()
    assert run is not None
    assert (run["outcome"], run["snapshot"]) == ("nothing new", before.stem.removeprefix("scorecard-"))
    assert list(run["seconds"]) == ["looking"]  # no stage of a build


def test_the_schedule_skips_when_nothing_is_new(definitions: ModuleType, home: Home) -> None:
    (schedule,) = definitions.defs.schedules

    def tick() -> dg.SkipReason | dg.RunRequest:
        data = schedule.evaluate_tick(dg.build_schedule_context())
        return data.run_requests[0] if data.run_requests else dg.SkipReason(data.skip_message)

    assert "nothing new since snapshot" in str(tick())
    units = home.path / "declarations" / "units.csv"
    kept = units.read_text()
    units.write_text(kept.replace("Sud,South", "Midi,South"))
    assert "declarations, code or what depends" in str(tick())
    units.write_text("unit_code\n")
    assert isinstance(tick(), dg.RunRequest)  # the run will say what to mend
    units.write_text(kept)
    assert "nothing new since snapshot" in str(tick())


def test_a_backfill_of_two_waves_asks_for_one_refresh(
    definitions: ModuleType, home: Home, instance: dg.DagsterInstance
) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "dagster", "asset", "materialize", "-m", "pipelines.definitions",
         "--select", "key:raw/waves", "--partition-range", "hr_survey:2025-Q1...hr_survey:2025-Q2"],
        cwd=REPO, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    with ledger_of(home) as ledger:
        assert sorted(name for name, _ in ledger.replays()) == ["hr_2025Q1.csv", "hr_2025Q2.csv"]
    assert arrivals(instance)["hr_survey:2025-Q1"] == {"files_to_decode_again": 2}
    sensor = next(one for one in definitions.defs.sensors if one.name == "landing")
    asked = [sensor.evaluate_tick(dg.build_sensor_context()).run_requests for _ in range(2)]
    assert [len(requests) for requests in asked] == [1, 1]
    assert asked[0][0].run_key == asked[1][0].run_key  # which Dagster runs once
    assert sensor.job_name == "refresh"


def test_a_replay_by_configuration_publishes_once_the_same(
    definitions: ModuleType, home: Home, instance: dg.DagsterInstance
) -> None:
    """The job of the UI, which also takes up what the backfill marked."""
    with ledger_of(home) as ledger:
        before = {entry.name: entry.rows_hash for entry in ledger.files()}
        published = ledger.published()
    job = definitions.defs.resolve_job_def("replay")
    done = job.execute_in_process(run_config={"files": ["hr_2025Q2.csv"]}, instance=instance)
    assert done.success
    with ledger_of(home) as ledger:
        assert ledger.replays() == {}
        assert {entry.name: entry.rows_hash for entry in ledger.files()} == before
        assert {entry.run_id for entry in ledger.files()} == {done.run_id}
        run, now_published = ledger.last_run(), ledger.published()
    assert run is not None
    assert (run["run_id"], run["outcome"]) == (done.run_id, "published")
    assert published is not None
    assert now_published is not None
    assert now_published.snapshot != published.snapshot
    assert arrivals(instance)["hr_survey:2025-Q2"]["files_records"] == 40


def test_a_replay_of_nothing_known_fails_once_in_one_sentence(
    definitions: ModuleType, home: Home, instance: dg.DagsterInstance, told: list[str]
) -> None:
    told.clear()
    job = definitions.defs.resolve_job_def("replay")
    done = job.execute_in_process(
        run_config={"files": ["hr_2025Q9.csv"]}, instance=instance, raise_on_error=False
    )
    assert not done.success
    retried = instance.all_logs(done.run_id, of_type=dg.DagsterEventType.STEP_UP_FOR_RETRY)
    assert retried == []  # it would be unknown the second time too
    with ledger_of(home) as ledger:
        last = ledger.last_run()
    assert last is not None
    assert (last["outcome"], "hr_2025Q9.csv" in str(last["reason"])) == ("refused", True)
    context = dg.build_run_status_sensor_context(
        "failures", done.get_run_failure_event(), instance, done.dagster_run
    ).for_run_failure()
    sensor = next(one for one in definitions.defs.sensors if one.name == "failures")
    sensor(context)
    (sentence,) = told
    assert sentence.startswith(
        "Essai: the refresh failed: no file called 'hr_2025Q9.csv' has landed; did you mean hr_2025Q"
    )


def test_what_a_kill_left_open_is_closed_and_told_by_the_next_run(
    definitions: ModuleType, home: Home, instance: dg.DagsterInstance, told: list[str]
) -> None:
    told.clear()
    job = definitions.defs.resolve_job_def("refresh")
    killed = instance.create_run_for_job(job, tags={"relier/process": "999999999:1"})
    instance.report_dagster_event(
        dg.DagsterEvent(event_type_value="PIPELINE_START", job_name="refresh", message=""), killed.run_id
    )
    with ledger_of(home) as ledger:
        ledger.begin(killed.run_id)
    done = relier(home.path, "run")
    assert done.returncode == 0, done.stderr
    run = instance.get_run_by_id(killed.run_id)
    assert run is not None
    assert run.status is dg.DagsterRunStatus.FAILURE
    with ledger_of(home) as ledger:
        assert ledger.unfinished() == []
    assert len(told) == 1
    assert "was stopped before its end" in told[0]


def test_a_failing_run_of_the_command_line_is_told_once(home: Home, told: list[str]) -> None:
    told.clear()
    key = home.vault / "key"
    key.rename(key.with_name("kept"))
    done = relier(home.path, "replay", "--file", "hr_2025Q1.csv")
    assert done.returncode == 1
    assert "the pseudonym key is gone from the vault; put its copy back" in done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    assert len(told) == 1
    assert "the pseudonym key" in told[0]
    key.with_name("kept").rename(key)
