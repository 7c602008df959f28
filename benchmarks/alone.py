"""One step in a process of its own: its seconds and its peak memory, which a process shared with others cannot tell."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks import survey
from pipelines.claims import claim
from pipelines.declared import Home, source_spec
from pipelines.expectations import judge_all
from pipelines.ingest import decode
from pipelines.judging import source_checks
from pipelines.ledger import Ledger
from pipelines.loading import load
from pipelines.rawfile import parquet_writer
from pipelines.warehouse import path_of, write_declared, write_raw

KEY = b"a key of the benchmark, of 32 bytes"


class Taken(NamedTuple):
    """Wall seconds, processor seconds, and the most memory that was resident, in GB."""

    seconds: float
    processor: float
    peak: float


def measured(step: str, home: Path, out: Path) -> Taken:
    """Run one of STEPS in a new process; imports are not timed."""
    command = [sys.executable, "-m", "benchmarks.alone", step, str(home), str(out)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{step} failed: {done.stderr[-2000:]}")
    return Taken(*json.loads(done.stdout.splitlines()[-1]))


def _decode(home: Home, out: Path) -> None:
    """What loading does with a survey, without pseudonyms and ledger: decode, count, check, write Parquet."""
    file = home.landing / "answers.csv"
    writers: list[pq.ParquetWriter] = []

    def sink(table: pa.Table, wave_code: str | None) -> None:
        if not writers:
            writers.append(parquet_writer(out, table.schema))
        writers[0].write_table(table)

    decode(file, file.name, source_spec(home, survey.SOURCE), sink)
    writers[0].close()


def _read_csv(home: Home, out: Path) -> None:
    """DuckDB's own reader, told every type in advance."""
    file = home.landing / "answers.csv"
    types = {"ID": "varchar", "TOKEN": "varchar", "UNIT": "varchar", "AT": "timestamp"}
    types |= {code.upper(): "double" for code, _ in survey.ITEMS}
    types |= {name.upper(): "double" for name in survey.OUTCOMES}
    with duckdb.connect() as connection:
        connection.execute(
            f"copy (select * from read_csv('{file}', header = true, delim = ',', columns = {types})) "
            f"to '{out}' (format parquet, compression zstd)"
        )


def _load(home: Home, out: Path) -> None:
    """From the vault to the ledger's commit: decode, pseudonyms, canonical hash, durable Parquet."""
    with Ledger(home.restricted / "ledger.sqlite") as ledger:
        kinds = {source.kind for source in home.sources.values()}
        loaded = [
            entry for kind in kinds for entry in load(home, ledger, kind, KEY, "bench", full_refresh=True)
        ]
    if [entry.status for entry in loaded] != ["candidate"]:
        raise AssertionError(f"not loaded: {[entry.message for entry in loaded]}")


def _judge(home: Home, out: Path) -> None:
    """Great Expectations on a loaded source; for a ledger, that every file balances to the cent."""
    with Ledger(home.restricted / "ledger.sqlite") as ledger:
        files = [(str(entry.source), entry.file_id) for entry in ledger.files("candidate")]
    asked = [(source_checks(home, source), [file_id]) for source, file_id in files]
    verdicts = judge_all(path_of(home), asked)
    if not verdicts or any(verdict.failed for verdict in verdicts):
        raise AssertionError(f"a promise is broken: {[verdict.failed for verdict in verdicts]}")


STEPS: dict[str, Callable[[Home, Path], None]] = {
    "decode": _decode,
    "read_csv": _read_csv,
    "load": _load,
    "judge": _judge,
}


def take_in(home: Home) -> None:
    """Copy what landed into the vault, and make the empty warehouse that the checks read from."""
    with Ledger(home.restricted / "ledger.sqlite") as ledger:
        claim(home, ledger, "bench")


def point(home: Home) -> None:
    """Let the warehouse see what was loaded."""
    with Ledger(home.restricted / "ledger.sqlite") as ledger:
        write_raw(home, ledger, "candidate")
    write_declared(home)


def _peak() -> float:
    """Peak resident memory of this process in GB, without what its parent had before it was started."""
    if os.path.exists("/proc/self/status"):
        with open("/proc/self/status", encoding="ascii") as file:
            return next(int(line.split()[1]) for line in file if line.startswith("VmHWM")) / 1e6
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6


def main() -> None:
    step, home, out = sys.argv[1], Home.load(Path(sys.argv[2])), Path(sys.argv[3])
    wall, processor = time.perf_counter(), time.process_time()
    STEPS[step](home, out)
    print(json.dumps([time.perf_counter() - wall, time.process_time() - processor, _peak()]))


if __name__ == "__main__":
    main()
