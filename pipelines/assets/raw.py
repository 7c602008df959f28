"""Raw: one content-addressed Parquet per accepted file, behind one view per kind."""

import dagster as dg

from pipelines.assets.landing import OWNERS, RETRY
from pipelines.loading import RegressionError, load
from pipelines.privacy import KeyRefusedError
from pipelines.resources import Warehouse
from pipelines.warehouse import VIEWS, write_raw

_TOLD = {
    "responses": "One row per answered questionnaire: pseudonyms, unit, wave, one column per item, as declared.",
    "measures": "One row per unit, wave and measure already aggregated by its source.",
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
        with warehouse.ledger() as ledger:
            try:
                done = load(
                    home,
                    ledger,
                    kind,
                    warehouse.key(),
                    context.run_id,
                    config.full_refresh,
                    lambda entry: context.log.info(
                        f"{entry.source} {entry.file_id}: {entry.status}, {entry.records} records"
                    ),
                )
            except (RegressionError, KeyRefusedError) as error:
                raise dg.Failure(description=str(error), allow_retries=False) from error
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


responses, measures, ledger_lines = (_raw_asset(kind) for kind in VIEWS)
