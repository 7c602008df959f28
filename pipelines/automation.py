"""What starts a run and who is told: the schedule, the landing sensor, and sentences on failure and staleness.

All of it needs Dagster's daemon, but for the hook; without a daemon, cron and `relier run` do the same.
"""

import hashlib
from collections.abc import Iterable
from typing import Any

import dagster as dg
from dagster._core.definitions.target import ExecutableDefinition

from pipelines import reasons
from pipelines.alerts import tell_failure, tell_late
from pipelines.claims import unseen
from pipelines.declared import DeclarationError, Home
from pipelines.ledger import Ledger
from pipelines.resources import TOLD_BY, Warehouse
from pipelines.unchanged import news


def _ledger(home: Home) -> Ledger:
    return Ledger(home.restricted / "ledger.sqlite")


@dg.config_mapping(
    config_schema={"files": dg.Field([str], default_value=[]), "waves": dg.Field([str], default_value=[])}
)
def replay_config(asked: dict[str, list[str]]) -> dict[str, Any]:
    """{files: [a.csv], waves: ["hr:2025"]} as the configuration of the step that claims files."""
    return {"ops": {"landing__files": {"config": asked}}}


def declared_schedule(job: ExecutableDefinition, home: Home) -> dg.ScheduleDefinition:
    """The schedule of organisation.yml; a tick that would change nothing starts nothing."""

    @dg.schedule(
        job=job,
        cron_schedule=home.organisation.schedule,
        execution_timezone=home.organisation.time_zone,
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description="From organisation.yml; skipped when nothing that counts has changed since the last snapshot.",
    )
    def declared() -> dg.RunRequest | dg.SkipReason:
        try:
            now = Home.load(home.path)
        except DeclarationError:
            return dg.RunRequest()  # the run says what to mend, and tells that it failed
        with _ledger(now) as ledger:
            said, last = news(now, ledger), ledger.published()
        if said is None and last:
            return dg.SkipReason(f"nothing new since snapshot {last.snapshot}, which stays")
        return dg.RunRequest(tags={"relier/because": said or ""})

    return declared


def landing_sensor(job: ExecutableDefinition, warehouse: Warehouse) -> dg.SensorDefinition:
    """Asks for `job` when landing/ holds a file the ledger does not know, or a replay waits; once per set of them."""

    @dg.sensor(
        name="landing", job=job, minimum_interval_seconds=30, default_status=dg.DefaultSensorStatus.RUNNING
    )
    def watch() -> dg.SensorResult | dg.SkipReason:
        try:
            home = Home.load(warehouse.home_path)
        except DeclarationError as error:
            return dg.SkipReason(f"declarations to mend: {error.problems[0]}")
        with _ledger(home) as ledger:
            fresh, again = unseen(home, ledger), ledger.replays()
        if not (fresh or again):
            return dg.SkipReason("nothing new in landing/, nothing to decode again")
        seen = repr(([(file.name, file.size, file.modified_ns) for file in fresh], again))
        return dg.SensorResult(
            run_requests=[dg.RunRequest(run_key=hashlib.sha256(seen.encode()).hexdigest())]
        )

    return watch


def lateness_sensor(warehouse: Warehouse) -> dg.SensorDefinition:
    """Tells which sources are late, each once a day, whether or not anything runs."""

    @dg.sensor(name="lateness", minimum_interval_seconds=3600, default_status=dg.DefaultSensorStatus.RUNNING)
    def watch(context: dg.SensorEvaluationContext) -> dg.SkipReason:
        try:
            home = Home.load(warehouse.home_path)
        except DeclarationError as error:
            return dg.SkipReason(f"declarations to mend: {error.problems[0]}")
        with _ledger(home) as ledger:
            for problem in tell_late(home, ledger):
                context.log.warning(problem)
        return dg.SkipReason("looked at how late each source is; nothing to run")

    return watch


def failure_sensor(warehouse: Warehouse) -> dg.SensorDefinition:
    """Tells of failures that no step could tell of itself: a worker killed, code that does not load."""

    @dg.run_failure_sensor(name="failures", default_status=dg.DefaultSensorStatus.RUNNING)
    def tell(context: dg.RunFailureSensorContext) -> None:
        for problem in _tell(warehouse.home, context.instance, context.dagster_run.run_id):
            context.log.warning(problem)

    return tell


@dg.failure_hook(name="tell_failure", required_resource_keys={"warehouse"})
def told_at_once(context: dg.HookContext) -> None:
    """Tells of a failed step from inside the run: the way that needs no daemon."""
    for problem in _tell(context.resources.warehouse.home, context.instance, context.run_id):
        context.log.warning(problem)


def _tell(home: Home, instance: dg.DagsterInstance, run_id: str) -> list[str]:
    """Tell of a run's failure, unless the command line started it and tells itself."""
    run = instance.get_run_by_id(run_id)
    if run is None or TOLD_BY in run.tags:
        return []
    with _ledger(home) as ledger:
        why = "; ".join(dict.fromkeys(_whys(instance, run_id))) or "the run ended before its first step"
        if any(left["run_id"] == run_id for left in ledger.unfinished()):
            ledger.finish(run_id, "refused", f"Not published: {why}", None, {})  # `relier status` says it too
        return tell_failure(home.organisation, ledger, run_id, why)


def _whys(instance: dg.DagsterInstance, run_id: str) -> Iterable[str]:
    kinds = {dg.DagsterEventType.ASSET_CHECK_EVALUATION, dg.DagsterEventType.STEP_FAILURE}
    for record in instance.all_logs(run_id, of_type=kinds):
        event = record.dagster_event
        if event is None:
            continue
        if event.event_type is dg.DagsterEventType.STEP_FAILURE:
            yield reasons.of_step(str(event.step_key), event.step_failure_data)
        elif said := reasons.of_check(event.asset_check_evaluation_data):
            yield said
