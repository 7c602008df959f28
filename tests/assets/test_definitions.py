"""What Dagster shows of a home: every asset told, blocking checks, the schedule of organisation.yml, the sensor."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import dagster as dg
import pytest

from tests.conftest import REPO, copy_home


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = copy_home(REPO / "examples" / "demo", tmp_path_factory.mktemp("shown") / "demo")
    organisation = home / "declarations" / "organisation.yml"
    organisation.write_text(organisation.read_text().replace("Europe/Paris", "America/Montreal"))
    return home


@pytest.fixture(scope="module")
def definitions(home: Path) -> Iterator[ModuleType]:
    before = dict(os.environ)
    os.environ["RELIER_HOME"] = str(home)
    sys.modules.pop("pipelines.definitions", None)
    yield importlib.import_module("pipelines.definitions")
    sys.modules.pop("pipelines.definitions", None)
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture(scope="module")
def defs(definitions: ModuleType) -> dg.Definitions:
    return definitions.defs


def test_every_asset_has_its_layer_owner_kind_and_description(defs: dg.Definitions) -> None:
    graph = defs.resolve_asset_graph()
    for key in graph.materializable_asset_keys:
        node = graph.get(key)
        assert node.group_name == key.path[0], key
        assert node.owners, key
        assert node.kinds, key
        assert node.description, key
    assert {key.path[0] for key in graph.materializable_asset_keys} == {
        "landing", "declared", "raw", "staging", "intermediate", "marts", "published",
    }  # fmt: skip


def test_each_source_has_a_blocking_check_and_so_has_the_candidate(defs: dg.Definitions) -> None:
    graph = defs.resolve_asset_graph()
    blocking = {key.name for key in graph.asset_check_keys if graph.get(key).blocking}
    assert {
        f"{source}_keeps_its_promises"
        for source in ("hr_survey", "client_survey", "partner_survey", "ledger")
    } < blocking
    assert {"everything_built", "counts_agree", "nobody_recognised", "contract_kept"} < blocking


def test_the_schedule_is_the_one_declared(defs: dg.Definitions) -> None:
    (schedule,) = defs.schedules or []
    assert isinstance(schedule, dg.ScheduleDefinition)
    assert (schedule.cron_schedule, schedule.execution_timezone) == ("0 6 * * 1", "America/Montreal")
    assert schedule.job_name == "refresh"


def test_jobs_run_in_one_process_and_steps_are_tried_again(defs: dg.Definitions) -> None:
    job = defs.resolve_job_def("refresh")
    assert job.executor_def.name == "in_process"
    policy = next(node for node in job.graph.node_defs if node.name == "landing__files").retry_policy
    assert policy is not None
    assert (policy.max_retries, policy.backoff) == (2, dg.Backoff.EXPONENTIAL)


def test_whatever_needs_the_daemon_starts_with_it(defs: dg.Definitions) -> None:
    assert {sensor.name for sensor in defs.sensors or []} == {"landing", "lateness", "failures"}
    for sensor in defs.sensors or []:
        assert isinstance(sensor, dg.SensorDefinition)
        assert sensor.default_status is dg.DefaultSensorStatus.RUNNING


def test_each_source_is_watched_for_freshness_and_blocks_nothing(defs: dg.Definitions) -> None:
    graph = defs.resolve_asset_graph()
    fresh = [key for key in graph.asset_check_keys if key.name.endswith("_is_fresh")]
    assert {key.name for key in fresh} > {"ledger_is_fresh", "hr_survey_is_fresh"}
    assert not any(graph.get(key).blocking for key in fresh)


def test_the_sensor_asks_once_for_a_set_of_files(defs: dg.Definitions, home: Path) -> None:
    sensor = next(one for one in defs.sensors or [] if one.name == "landing")
    assert isinstance(sensor, dg.SensorDefinition)

    def asked() -> list[str | None]:
        told = sensor.evaluate_tick(dg.build_sensor_context())
        return [request.run_key for request in told.run_requests or []]

    first = asked()
    assert len(first) == 1
    assert asked() == first
    (home / "landing" / "new.csv").write_text("id\n1\n")
    assert asked() != first
