"""Landing: what tools send, claimed into the vault."""

import hashlib

import dagster as dg
from dagster._core.definitions.target import ExecutableDefinition

from pipelines.claims import claim, unseen
from pipelines.resources import Warehouse
from pipelines.warehouse import write_declared

RETRY = dg.RetryPolicy(max_retries=2, delay=2, backoff=dg.Backoff.EXPONENTIAL, jitter=dg.Jitter.PLUS_MINUS)
OWNERS = ["team:data-engineering"]


@dg.asset(
    key=["landing", "files"],
    group_name="landing",
    owners=OWNERS,
    kinds={"file"},
    retry_policy=RETRY,
    description="New files of landing/, copied whole to the vault under their SHA-256; landing stays as it is.",
)
def landing_files(context: dg.AssetExecutionContext, warehouse: Warehouse) -> dg.MaterializeResult:
    with warehouse.ledger() as ledger:
        claimed = claim(warehouse.home, ledger, context.run_id)
        known = len(ledger.files())
    counts = {
        status: sum(entry.status == status for entry in claimed)
        for status in ("claimed", "duplicate", "refused")
    }
    return dg.MaterializeResult(metadata={"dagster/row_count": known, "new_files": len(claimed), **counts})


@dg.asset(
    key=["declared", "declarations"],
    group_name="declared",
    owners=OWNERS,
    kinds={"yaml", "duckdb"},
    retry_policy=RETRY,
    description="The home's declarations as tables: units, periods, items, dimensions, KPIs, charts of accounts.",
)
def declarations(warehouse: Warehouse) -> dg.MaterializeResult:
    tables = write_declared(warehouse.home)
    return dg.MaterializeResult(
        metadata={
            "tables": tables,
            "version": warehouse.home.framework.version,
            "digest": warehouse.home.digest[:12],
        }
    )


def landing_sensor(job: ExecutableDefinition, warehouse: Warehouse) -> dg.SensorDefinition:
    """Asks for `job` when landing/ holds a file the ledger does not know; once per set of files."""

    @dg.sensor(
        name="landing", job=job, minimum_interval_seconds=30, default_status=dg.DefaultSensorStatus.RUNNING
    )
    def watch() -> dg.SensorResult | dg.SkipReason:
        with warehouse.ledger() as ledger:
            fresh = unseen(warehouse.home, ledger)
        if not fresh:
            return dg.SkipReason("nothing new in landing/")
        seen = repr([(file.name, file.size, file.modified_ns) for file in fresh])
        return dg.SensorResult(
            run_requests=[dg.RunRequest(run_key=hashlib.sha256(seen.encode()).hexdigest())]
        )

    return watch
