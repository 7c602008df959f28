"""`make bench`: run the comparisons and print them. Exit 1 when a ratio or a peak of memory passes its aim.

With RELIER_BENCH=full the large sizes are measured too (ten million responses, twenty million ledger lines: half an
hour and some 20 GB of disk) and RESULTS.md is rewritten.
"""

from __future__ import annotations

import argparse
import datetime as dt
import os
import shutil
import sys
import tempfile
from pathlib import Path

from benchmarks import demo, fec, ingestion, relations, scoring, survey, workbook
from benchmarks.measuring import Comparison, told

RESULTS = Path(__file__).with_name("RESULTS.md")
RESPONSES, MANY_RESPONSES, LINES = 1_000_000, 10_000_000, 20_000_000


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "--responses", type=int, default=RESPONSES, help="size of the survey (default: %(default)s)"
    )
    responses = parser.parse_args().responses
    full = os.environ.get("RELIER_BENCH") == "full"
    with tempfile.TemporaryDirectory(prefix="relier-bench-") as name:
        comparisons, notes = _usual(Path(name), responses)
        if full:
            large, more = _large(Path(name))
            comparisons, notes = [*comparisons, *large], [*notes, *more]
    command = "RELIER_BENCH=full make bench" if full else "make bench"
    text = told(comparisons, notes, command, dt.date.today().isoformat())
    print(text)
    if full and responses == RESPONSES:
        RESULTS.write_text(text, encoding="utf-8")
    return int(not all(item.kept for item in comparisons))


def _usual(folder: Path, responses: int) -> tuple[list[Comparison], list[str]]:
    _say(f"drawing a survey of {responses:,} responses")
    home = survey.make(folder / "home", responses)
    _say("ingestion")
    ingested, notes = ingestion.compare(home, folder, responses)
    notes += ingestion.whole_way(home, folder)
    _say("a workbook")
    booked = workbook.compare(folder)
    _say("scoring")
    scored = scoring.compare(home, folder)
    _say("relations")
    related = [relations.ratio(), relations.early()]
    _say("the demo")
    return [ingested, booked, scored, *related, demo.compare(folder)], notes


def _large(folder: Path) -> tuple[list[Comparison], list[str]]:
    _say(f"ingestion of {MANY_RESPONSES:,} responses")
    home = survey.make(folder / "many", MANY_RESPONSES)
    ingested, notes = ingestion.compare(home, folder, MANY_RESPONSES)
    shutil.rmtree(home.path)
    _say(f"a FEC of {LINES:,} lines")
    booked, more = fec.compare(folder, LINES)
    return [ingested, booked], [*notes, *more]


def _say(what: str) -> None:
    print(f"{what} …", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
