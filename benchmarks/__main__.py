"""`make bench`: run the comparisons, print them, rewrite RESULTS.md. Exit 1 when a ratio passes its aim."""

from __future__ import annotations

import argparse
import datetime as dt
import sys
import tempfile
from pathlib import Path

from benchmarks import demo, ingestion, scoring, survey
from benchmarks.measuring import told

RESULTS = Path(__file__).with_name("RESULTS.md")
RESPONSES = 1_000_000


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "--responses", type=int, default=RESPONSES, help="size of the survey (default: %(default)s)"
    )
    responses = parser.parse_args().responses
    with tempfile.TemporaryDirectory(prefix="relier-bench-") as name:
        folder = Path(name)
        print(f"drawing a survey of {responses:,} responses …", file=sys.stderr)
        home = survey.make(folder / "home", responses)
        print("ingestion …", file=sys.stderr)
        ingested, notes = ingestion.compare(home, folder)
        print("scoring …", file=sys.stderr)
        scored = scoring.compare(home, folder)
        print("the demo …", file=sys.stderr)
        demonstrated = demo.compare(folder)
    comparisons = [ingested, scored, demonstrated]
    text = told(comparisons, notes, "make bench", dt.date.today().isoformat())
    print(text)
    if responses == RESPONSES:
        RESULTS.write_text(text, encoding="utf-8")
    return int(any(item.ratio > item.aim for item in comparisons))


if __name__ == "__main__":
    sys.exit(main())
