"""Rewrite the landing folder of Groupe Rivage, or measure what it holds.

python examples/demo/generate.py             rewrites landing/ and expected.json, always the same bytes
python examples/demo/generate.py --figures   prints the figures of README.md, measured on landing/
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from rivage import (
    accounts,
    audits,
    buyers,
    clients,
    deliveries,
    helpdesk,
    hr,
    ledger,
    managers,
    partners,
    training,
)
from rivage.expected import File, report
from rivage.figures import figures

HOME = Path(__file__).resolve().parent


def files() -> list[File]:
    """Every file the organisation's tools sent."""
    tools = (
        hr, clients, partners, ledger, managers, buyers, audits, deliveries, accounts, training, helpdesk
    )  # fmt: skip
    return [file for tool in tools for file in tool.files()]


def write(home: Path) -> list[File]:
    """Replace `home`/landing and `home`/expected.json by what the seed means."""
    landing = home / "landing"
    landing.mkdir(parents=True, exist_ok=True)
    made = files()
    for stale in {path.name for path in landing.iterdir()} - {file.name for file in made}:
        (landing / stale).unlink()
    for file in made:
        (landing / file.name).write_bytes(file.content)
    (home / "expected.json").write_text(report(made), encoding="utf-8")
    return made


def main() -> None:
    parser = argparse.ArgumentParser(description="The files of Groupe Rivage, an invented organisation.")
    parser.add_argument("--figures", action="store_true", help="measure landing/ instead of rewriting it")
    parser.add_argument("--home", type=Path, default=HOME, help="another folder to write to or measure")
    arguments = parser.parse_args()
    if arguments.figures:
        sys.stdout.write(figures(arguments.home / "landing"))
        return
    made = write(arguments.home)
    size = sum(len(file.content) for file in made)
    sys.stdout.write(
        f"{len(made)} files, {sum(file.records for file in made):,} records, {size / 1e6:.2f} MB\n"
    )


if __name__ == "__main__":
    main()
