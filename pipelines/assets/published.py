"""Published: a candidate snapshot, suppressed and audited by blocking checks, then one atomic pointer."""

import dagster as dg

from pipelines.alerts import tell_late
from pipelines.assets.landing import OWNERS
from pipelines.failpoints import failpoint
from pipelines.publication import prune, publish
from pipelines.publishing import CANDIDATE, Candidate, build_candidate
from pipelines.resources import Warehouse
from pipelines.retries import RETRY, passing_trouble_only
from pipelines.runbook import COPIES

KEPT_SNAPSHOTS = 3


def published_assets(marts: list[dg.AssetKey]) -> list[dg.AssetsDefinition]:
    """The two steps of publication; `marts` are the tables a snapshot is made of."""

    @dg.asset(
        key=["published", "candidate"],
        deps=marts,
        group_name="published",
        owners=OWNERS,
        kinds={"duckdb"},
        retry_policy=RETRY,
        description="The marts after suppression, in a file nobody reads yet; the checks on it decide.",
    )
    def candidate(context: dg.AssetExecutionContext, warehouse: Warehouse) -> dg.MaterializeResult:
        with warehouse.ledger() as ledger, passing_trouble_only():
            made = build_candidate(warehouse.home, ledger, context.run.run_id)
        return dg.MaterializeResult(
            metadata={
                "snapshot": made.snapshot_id,
                "dagster/row_count": made.rows,
                "protected_cells": made.protected,
                "waiting_cells": made.held,
                "tables": made.tables,
            }
        )

    @dg.asset(
        key=["published", "scorecard"],
        deps=[candidate.key],
        group_name="published",
        owners=OWNERS,
        kinds={"duckdb"},
        description="The snapshot directors and analysts read: immutable, replaced whole by moving one pointer.",
    )
    def scorecard(context: dg.AssetExecutionContext, warehouse: Warehouse) -> dg.MaterializeResult:
        home = warehouse.home
        made = Candidate.load(home)
        with warehouse.ledger() as ledger:
            ledger.publish(made.snapshot_id, made.register)
        failpoint("publish.registered")
        made.path(home).rename(home.published / f"scorecard-{made.snapshot_id}.duckdb")
        failpoint("publish.moved")
        publish(home.published, made.snapshot_id)
        failpoint("publish.pointed")
        with warehouse.ledger() as ledger:
            ledger.finish(context.run.run_id, "published", None, made.snapshot_id, {})
            ledger.remember_published(made.told(home))
            ledger.back_up(home.restricted / COPIES)
            for problem in tell_late(home, ledger):  # by cron there is no daemon to do it
                context.log.warning(problem)
        failpoint("publish.recorded")
        removed = prune(home.published, keep=KEPT_SNAPSHOTS)
        (home.restricted / CANDIDATE).unlink(missing_ok=True)
        failpoint("publish.pruned")
        return dg.MaterializeResult(metadata={"snapshot": made.snapshot_id, "older_removed": len(removed)})

    return [candidate, scorecard]
