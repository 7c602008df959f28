"""Judges mutants in a process of its own: `seed number` lines in, JSON verdicts out."""

from __future__ import annotations

import json
import resource
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path

from tests.hostile.judge import judge
from tests.hostile.mutants import mutant

ADDRESSES = 8 << 30  # a runaway trial ends here and not in the machine's swap


def main() -> None:
    hard = resource.getrlimit(resource.RLIMIT_AS)[1]
    resource.setrlimit(resource.RLIMIT_AS, (ADDRESSES, hard))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "original"
        for line in sys.stdin:
            seed, number = map(int, line.split())
            print(json.dumps(asdict(judge(mutant(seed, number), path))), flush=True)


if __name__ == "__main__":
    main()
