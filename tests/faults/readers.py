"""Eight processes read a snapshot while a new one is published every two seconds: each read is whole and of one piece."""

from __future__ import annotations

import datetime as dt
import json
import select
import subprocess
import sys
import threading
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa

from pipelines.publication import META, Comments, current, prune, publish, snapshot_path, write_snapshot

REPO = Path(__file__).resolve().parents[2]
TABLES, ROWS = 6, 1_000
COLUMNS = {"unit_code": ("Key.", "code", None), "number": ("Which snapshot.", "count", None)}
COMMENTS: Comments = {
    f"t{table}": {"description": "One row per unit.", "columns": COLUMNS, "key": ("unit_code",)}
    for table in range(TABLES)
}


@dataclass(frozen=True)
class Reads:
    """What eight readers saw: complete reads, snapshots among them, and what was wrong, a sentence each."""

    reads: int
    snapshots: int
    wrong: tuple[str, ...]


def publish_one(folder: Path, number: int) -> None:
    """Snapshot `number`: every row of every table says so."""
    name = f"{number:06}"
    units = pa.table({"unit_code": pa.array(range(ROWS)), "number": pa.array([number] * ROWS)})
    told = {
        column: [dt.date(2026, 1, 31)]
        if column == "as_of_date"
        else [dt.datetime(2026, 2, 1)]
        if column == "created_at"
        else [name]
        for column in META["snapshot"]["columns"]
    }
    candidate = folder.parent / f"scorecard-{name}.duckdb"
    write_snapshot(candidate, dict.fromkeys(COMMENTS, units), COMMENTS, {"snapshot": pa.table(told)})
    candidate.rename(snapshot_path(folder, name))
    publish(folder, name)
    prune(folder, keep=3)


def read_one(folder: Path) -> tuple[str, list[str]]:
    """What a reader does: the pointer, then the file it names; and what is wrong with it."""
    path = current(folder)
    if path is None:
        return "", ["nothing is published"]
    try:
        with closing(duckdb.connect(str(path), read_only=True)) as connection:
            told = connection.execute("select snapshot_id from meta.snapshot").fetchall()
            seen = {
                connection.execute(f"select count(*), min(number), max(number) from mart.{table}").fetchone()
                for table in COMMENTS
            }
    except duckdb.Error as error:
        return path.name, [f"{path.name}: {type(error).__name__}"]
    number = int(path.stem.removeprefix("scorecard-"))
    whole = seen == {(ROWS, number, number)} and told == [(f"{number:06}",)]
    return path.name, [] if whole else [f"{path.name}: of several pieces"]


def watch(folder: Path, seconds: float, readers: int = 8, every: float = 2.0) -> Reads:
    """Publish for so many seconds while `readers` processes read without a pause."""
    folder.mkdir(parents=True, exist_ok=True)
    publish_one(folder, 0)
    command = [sys.executable, "-m", "tests.faults.readers", str(folder)]
    processes = [
        subprocess.Popen(command, cwd=REPO, stdout=subprocess.PIPE, stdin=subprocess.PIPE, text=True)
        for _ in range(readers)
    ]
    for process in processes:
        assert process.stdout
        process.stdout.readline()  # it has read once, and reads on
    begun = time.monotonic()
    for number in range(1, int(seconds / every) + 1):
        threading.Event().wait(max(0.0, begun + every * number - time.monotonic()))
        publish_one(folder, number)
    threading.Event().wait(every)
    return _told([_stopped(process) for process in [_asked(process) for process in processes]])


def _asked(process: subprocess.Popen[str]) -> subprocess.Popen[str]:
    """Ask a reader to stop: it watches its standard input."""
    if process.stdin:
        process.stdin.close()
    return process


def _stopped(process: subprocess.Popen[str]) -> str:
    """What a reader told at its end."""
    assert process.stdout
    with process.stdout as told:
        line = told.readline()
    process.wait(120)
    return line


def _told(lines: list[str]) -> Reads:
    told = [
        json.loads(line) if line.strip() else {"reads": 0, "names": [], "wrong": ["a reader died"]}
        for line in lines
    ]
    names = {name for one in told for name in one["names"]}
    return Reads(
        sum(one["reads"] for one in told), len(names), tuple(said for one in told for said in one["wrong"])
    )


def main() -> None:
    """One reader: reads until its standard input ends, then tells."""
    folder, reads, names, wrong = Path(sys.argv[1]), 0, set(), []
    while not (reads and select.select([sys.stdin], [], [], 0)[0]):
        name, found = read_one(folder)
        reads += 1
        names.add(name)
        wrong += found
        if reads == 1:
            print("ready", flush=True)
    print(json.dumps({"reads": reads - len(wrong), "names": sorted(names), "wrong": wrong[:20]}), flush=True)


if __name__ == "__main__":
    main()
