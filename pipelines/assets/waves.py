"""Parts of raw that people name: source by wave or period, ledger by fiscal year. Materializing one replays it."""

import warnings
from collections import defaultdict
from collections.abc import Iterable

import dagster as dg

from pipelines.assets.landing import OWNERS
from pipelines.declared import Home
from pipelines.ledger import Entry
from pipelines.replaying import ReplayError, choose, mark
from pipelines.resources import Warehouse
from pipelines.waves import wave_keys, waves_of

KEY = dg.AssetKey(["raw", "waves"])
_COLUMNS = (
    "file",
    "sha256",
    "format",
    "encoding",
    "status",
    "records",
    "accepted",
    "quarantined",
    "duplicate",
    "checks",
)


def wave_asset(home: Home) -> dg.AssetsDefinition:
    """The asset whose partitions are the home's waves; a refresh logs in each what arrived."""

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", dg.BetaWarning)  # one run for a range of partitions: still a beta
        decorated = dg.asset(
            key=KEY,
            partitions_def=dg.StaticPartitionsDefinition(wave_keys(home)),
            backfill_policy=dg.BackfillPolicy.single_run(),
            group_name="raw",
            owners=OWNERS,
            kinds={"parquet"},
            description=(
                "What arrived per source and wave (ledgers: fiscal year). Materialize a partition, or backfill a range,"
                " to have its originals decoded again: the landing sensor then asks for one refresh, which publishes"
                " once."
            ),
        )
        return decorated(waves)


def waves(context: dg.AssetExecutionContext, warehouse: Warehouse) -> dg.MaterializeResult:
    """Mark the originals of the partitions to be decoded again."""
    with warehouse.ledger() as ledger:
        try:
            chosen = choose(warehouse.home, ledger, waves=context.partition_keys)
        except ReplayError as error:
            raise dg.Failure(description=str(error), allow_retries=False) from error
        mark(ledger, chosen)
    return dg.MaterializeResult(metadata={"files_to_decode_again": len(chosen)})


def arrivals(home: Home, entries: Iterable[Entry]) -> list[dg.AssetMaterialization]:
    """One materialization per wave that `entries` touch: counts, rejects, encodings, hashes, checks; no values."""
    touched: dict[str, list[tuple[Entry, int]]] = defaultdict(list)
    for entry in entries:
        for key, rows in waves_of(home, entry).items():
            touched[key].append((entry, rows))
    return [_arrival(key, files) for key, files in sorted(touched.items())]


def _arrival(key: str, files: list[tuple[Entry, int]]) -> dg.AssetMaterialization:
    entries = [entry for entry, _ in files]
    counted = ("records", "accepted", "quarantined", "duplicate")
    records = [dg.TableRecord(dict(zip(_COLUMNS, _told(entry), strict=True))) for entry in entries]
    metadata: dict[str, dg.MetadataValue] = {
        "dagster/row_count": dg.IntMetadataValue(
            sum(rows for entry, rows in files if entry.status == "accepted")
        ),
        "files": dg.MetadataValue.table(records, dg.TableSchema([dg.TableColumn(name) for name in _COLUMNS])),
        **{f"files_{name}": dg.IntMetadataValue(sum(getattr(e, name) for e in entries)) for name in counted},
    }
    return dg.AssetMaterialization(KEY, partition=key, metadata=metadata)


def _told(entry: Entry) -> tuple[str, ...]:
    checks = "–" if entry.checks_total is None else f"{entry.checks_passed} of {entry.checks_total}"
    counts = (entry.records, entry.accepted, entry.quarantined, entry.duplicate)
    seen = (entry.format or "–", entry.encoding or "–", entry.status)
    return (entry.name, entry.sha256, *seen, *map(str, counts), checks)
