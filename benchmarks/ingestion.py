"""A survey file to typed Parquet: Relier's reader against DuckDB's own, told every type in advance."""

from __future__ import annotations

import os
import statistics
from pathlib import Path

import duckdb

from benchmarks import survey
from benchmarks.alone import Taken, measured, take_in
from benchmarks.measuring import TIMES, Comparison, medians
from pipelines.declared import Home, source_spec
from pipelines.ingest import decode
from pipelines.privacy import pseudonymise


def compare(home: Home, scratch: Path, responses: int, times: int = TIMES) -> tuple[Comparison, list[str]]:
    """Both sides take turns, each time in a new process; the note says what the ratio is in processor time."""
    taken: dict[str, list[Taken]] = {"decode": [], "read_csv": []}
    for _ in range(times):
        for step, runs in taken.items():
            runs.append(measured(step, home.path, scratch / f"{step}.parquet"))
    alike(scratch)
    ours, theirs = (statistics.median(run.seconds for run in runs) for runs in taken.values())
    used = {step: statistics.median(run.processor for run in runs) for step, runs in taken.items()}
    comparison = Comparison(
        f"ingestion of {responses:,} responses × {len(source_spec(home, survey.SOURCE).items)} items",
        ("decode, count, check, write Parquet", ours),
        ("DuckDB `read_csv`, typed, to Parquet", theirs),
        aim=1.5,
        peak=max(run.peak for run in taken["decode"]),
    )
    note = (
        f"{responses:,} responses in processor seconds: {used['decode']:.1f} against {used['read_csv']:.1f}; "
        f"DuckDB's peak memory {max(run.peak for run in taken['read_csv']):.2f} GB; {times} turns each."
    )
    return comparison, [note]


def whole_way(home: Home, scratch: Path) -> list[str]:
    """What the ratio leaves out: pseudonyms, and the whole way into the ledger. Leaves the file ready for scoring."""
    table = decode(home.landing / "answers.csv", "answers.csv", source_spec(home, survey.SOURCE)).table
    columns = {"response_id": "response_key", "respondent_id": "respondent_key"}
    alone = medians({"pseudonyms": lambda: pseudonymise(table, columns, os.urandom(32), survey.SOURCE)})
    take_in(home)
    loaded = measured("load", home.path, scratch)
    return [
        f"Pseudonyms of two identifiers for the same rows, counted apart: {alone['pseudonyms']:.2f} s.",
        f"The way of that file from the vault to the ledger's commit (decode, pseudonyms, canonical hash, durable "
        f"Parquet), once: {loaded.seconds:.2f} s, peak memory {loaded.peak:.2f} GB.",
    ]


def alike(scratch: Path) -> None:
    """Both sides read the same answers, or the comparison is void."""
    columns = [code for code, _ in survey.ITEMS] + list(survey.OUTCOMES)
    sums = ", ".join(f"sum({column})::double, count({column})" for column in columns)
    with duckdb.connect() as connection:
        ours, theirs = (
            connection.execute(f"select count(*), {sums} from '{scratch / name}.parquet'").fetchone()
            for name in ("decode", "read_csv")
        )
    if ours != theirs:
        raise AssertionError("the two readers do not agree on the answers")
