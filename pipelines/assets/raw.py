"""Raw: one content-addressed Parquet per accepted file, behind one view per kind."""

import dagster as dg

from pipelines.assets.landing import OWNERS
from pipelines.loading import load
from pipelines.resources import Warehouse
from pipelines.retries import RETRY, passing_trouble_only
from pipelines.warehouse import VIEWS, write_raw

_TOLD = {
    "responses": "One row per answered questionnaire: pseudonyms, unit, wave, one column per item, as declared.",
    "events": "One row per event and fact (a delivery, a ticket): pseudonym, unit, day, 1, 0 or not known.",
    "measures": "One row per unit, wave or day, and measure already aggregated by its source.",
    "ledger": "One row per accounting line: account, date, debit, credit; names and labels stay in the vault.",
}


class RefreshConfig(dg.Config):
    """`full_refresh` decodes every original again."""

    full_refresh: bool = False


def _raw_asset(kind: str) -> dg.AssetsDefinition:
    view = VIEWS[kind]

    @dg.asset(
        key=["raw", view],
        deps=[["landing", "files"]],
        group_name="raw",
        owners=OWNERS,
        kinds={"parquet", "duckdb"},
        retry_policy=RETRY,
        description=_TOLD[kind],
    )
    def raw(
        context: dg.AssetExecutionContext, config: RefreshConfig, warehouse: Warehouse
    ) -> dg.MaterializeResult:
        home = warehouse.home
        with warehouse.ledger() as ledger, passing_trouble_only():
            done = load(
                home,
                ledger,
                kind,
                warehouse.key(config.full_refresh),
                context.run.run_id,
                config.full_refresh,
                lambda entry: context.log.info(
                    f"{entry.source} {entry.file_id}: {entry.status}, {entry.records} records"
                ),
            )
            rows = write_raw(home, ledger, "candidate", "accepted")[view]
            files = ledger.files(kind=kind)
        counted = ("records", "accepted", "quarantined", "duplicate")
        totals = {name: sum(getattr(entry, name) for entry in files) for name in counted}
        encodings = sorted({entry.encoding for entry in done if entry.encoding})
        return dg.MaterializeResult(
            metadata={
                "dagster/row_count": rows,
                "files_decoded": len(done),
                **totals,
                "encodings": ", ".join(encodings) or "–",
            }
        )

    return raw


responses, events, measures, ledger_lines = (_raw_asset(kind) for kind in VIEWS)
