"""`relier verify`: print each verified number as it is found, write the page, end with 1 on a drift."""

from __future__ import annotations

import sys
import time
from collections import Counter
from pathlib import Path
from typing import Annotated

import typer

from pipelines.verify.lines import ABSENT, DRIFT, OK, Inputs, Line

SHIPPED = Inputs()


def verify(
    write: Annotated[Path | None, typer.Option("--write", help="Also write the page of the docs.")] = None,
    real: Annotated[
        Path, typer.Option("--real", help="Files that may not travel: finance/fec/*.txt.", show_default=False)
    ] = SHIPPED.real,
    reference: Annotated[
        Path, typer.Option("--reference", help="Published inputs, to try others.", show_default=False)
    ] = SHIPPED.reference,
    draws: Annotated[
        int, typer.Option("--draws", min=200, help="Samples a simulated cell; fewer are quicker, less sure.")
    ] = SHIPPED.draws,
) -> None:
    """Recompute published and simulated numbers offline: expected, got, source, verdict. Exit code 1 on a drift."""
    # scipy, the readers and the declarations take a second to load: only here
    from pipelines.verify.page import page
    from pipelines.verify.run import verified

    started, found = time.monotonic(), []
    for one in verified(Inputs(reference=reference, real=real, draws=draws)):
        found.append(one)
        if isinstance(one, Line):
            typer.echo(_told(one))
    verdicts = Counter(one.verdict for one in found if isinstance(one, Line))
    counted = ", ".join(f"{verdicts[verdict]} {verdict}" for verdict in (OK, DRIFT, ABSENT))
    typer.echo(f"{verdicts.total()} numbers in {time.monotonic() - started:.0f} s: {counted}")
    if write is not None:
        write.write_text(page(found, draws), encoding="utf-8")
        typer.echo(f"{write} is written")
    if verdicts[DRIFT]:
        sys.exit(1)


def _told(line: Line) -> str:
    got = "" if line.got is None else f", got {line.got}"
    return f"{line.verdict:5} {line.target}: {line.name}: expected {line.expected}{got} ({line.source})"
