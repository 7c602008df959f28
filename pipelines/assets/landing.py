"""Landing: what tools send, claimed into the vault."""

import dagster as dg
from pydantic import Field

from pipelines.claims import claim
from pipelines.loading import set_back
from pipelines.replaying import choose, mark
from pipelines.resources import Warehouse
from pipelines.retries import RETRY, passing_trouble_only
from pipelines.warehouse import write_declared

OWNERS = ["team:data-engineering"]


class LandingConfig(dg.Config):
    """What to decode again beside what is new: names of files, and waves as `source:wave`."""

    files: list[str] = Field(default_factory=list)
    waves: list[str] = Field(default_factory=list)


@dg.asset(
    key=["landing", "files"],
    group_name="landing",
    owners=OWNERS,
    kinds={"file"},
    retry_policy=RETRY,
    description="New files of landing/, copied whole to the vault under their SHA-256; landing stays as it is.",
)
def landing_files(
    context: dg.AssetExecutionContext, config: LandingConfig, warehouse: Warehouse
) -> dg.MaterializeResult:
    with warehouse.ledger() as ledger, passing_trouble_only():
        claimed = claim(warehouse.home, ledger, context.run.run_id)
        set_back(warehouse.home, ledger)
        if config.files:
            mark(ledger, choose(warehouse.home, ledger, files=config.files))
        if config.waves:
            mark(ledger, choose(warehouse.home, ledger, waves=config.waves))
        known, again = len(ledger.files()), len(ledger.replays())
    counts = {
        status: sum(entry.status == status for entry in claimed)
        for status in ("claimed", "duplicate", "refused")
    }
    return dg.MaterializeResult(
        metadata={"dagster/row_count": known, "new_files": len(claimed), "to_decode_again": again, **counts}
    )


@dg.asset(
    key=["declared", "declarations"],
    group_name="declared",
    owners=OWNERS,
    kinds={"yaml", "duckdb"},
    retry_policy=RETRY,
    description="The home's declarations as tables: units, periods, items, dimensions, KPIs, charts of accounts.",
)
def declarations(warehouse: Warehouse) -> dg.MaterializeResult:
    with passing_trouble_only():
        tables = write_declared(warehouse.home)
    return dg.MaterializeResult(
        metadata={
            "tables": tables,
            "version": warehouse.home.framework.version,
            "digest": warehouse.home.digest[:12],
        }
    )
