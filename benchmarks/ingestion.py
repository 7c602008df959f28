"""A survey file to typed Parquet: Relier's reader against DuckDB's own, told every type in advance."""

from __future__ import annotations

import os
import time
from pathlib import Path

import duckdb
import pyarrow.parquet as pq

from benchmarks import survey
from benchmarks.measuring import Comparison, medians
from pipelines.claims import claim
from pipelines.declared import Home, source_spec
from pipelines.ingest import Decoded, decode
from pipelines.ledger import Ledger
from pipelines.loading import load
from pipelines.privacy import pseudonymise


def compare(home: Home, scratch: Path) -> tuple[Comparison, list[str]]:
    """The comparison, and notes on what the ratio leaves out: pseudonyms, and the whole way into the ledger."""
    file = home.landing / "answers.csv"
    spec = source_spec(home, survey.SOURCE)
    latest: list[Decoded] = []

    def ours() -> None:
        decoded = decode(file, file.name, spec)
        pq.write_table(decoded.table, scratch / "ours.parquet", compression="zstd")
        latest[:] = [decoded]

    def theirs() -> None:
        with duckdb.connect() as connection:
            connection.execute(
                f"copy (select * from read_csv('{file}', header = true, delim = ',', columns = {_types()})) "
                f"to '{scratch / 'theirs.parquet'}' (format parquet, compression zstd)"
            )

    def pseudonyms() -> None:
        columns = {"response_id": "response_key", "respondent_id": "respondent_key"}
        pseudonymise(latest[0].table, columns, os.urandom(32), spec.code)

    seconds = medians({"ours": ours, "theirs": theirs})
    alike(scratch)
    alone = medians({"pseudonyms": pseudonyms})["pseudonyms"]
    whole = whole_way(home)
    rows = latest[0].records
    comparison = Comparison(
        f"ingestion of {rows:,} responses × {len(spec.items)} items",
        ("decode, count, check, write Parquet", seconds["ours"]),
        ("DuckDB `read_csv`, typed, to Parquet", seconds["theirs"]),
        aim=2,
    )
    return comparison, [
        f"Pseudonyms of two identifiers for the same rows, counted apart: {alone:.2f} s.",
        f"The whole way of that file, from landing to the ledger's commit (copy and hash into the vault, decode, "
        f"pseudonyms, canonical hash, durable Parquet), once: {whole:.2f} s.",
    ]


def _types() -> str:
    """What the declaration says of each column, as read_csv wants to be told."""
    types = {"ID": "varchar", "TOKEN": "varchar", "UNIT": "varchar", "AT": "timestamp"}
    types |= {code.upper(): "double" for code, _ in survey.ITEMS}
    types |= {name.upper(): "double" for name in survey.OUTCOMES}
    return str(types)


def alike(scratch: Path) -> None:
    """Both sides read the same answers, or the comparison is void."""
    columns = [code for code, _ in survey.ITEMS] + list(survey.OUTCOMES)
    sums = ", ".join(f"sum({column})::double, count({column})" for column in columns)
    with duckdb.connect() as connection:
        ours, theirs = (
            connection.execute(f"select count(*), {sums} from '{scratch / name}.parquet'").fetchone()
            for name in ("ours", "theirs")
        )
    if ours != theirs:
        raise AssertionError("the two readers do not agree on the answers")


def whole_way(home: Home) -> float:
    """Seconds from landing to the ledger's commit; leaves the file ready for scoring."""
    started = time.perf_counter()
    with Ledger(home.restricted / "ledger.sqlite") as ledger:
        claim(home, ledger, "bench")
        load(home, ledger, "responses", os.urandom(32), "bench")
        accepted = sum(entry.accepted or 0 for entry in ledger.files("candidate"))
    if not accepted:
        raise AssertionError("the survey was not loaded")
    return time.perf_counter() - started
