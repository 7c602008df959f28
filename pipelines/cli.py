"""`relier`: run, status, sql, dashboard, snapshot. Exit codes: 0 done, 1 refused with the reason, 2 usage."""

from __future__ import annotations

import json
import os
import socket
import sys
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.console import Console

from pipelines.declared import DeclarationError, Home, home_path
from pipelines.ledger import Ledger
from pipelines.publication import current

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Relational performance beside financial performance, from landing files to a published scorecard.",
)
# bound to the real streams: a run silences sys.stdout while dbt speaks
console = Console(
    file=sys.stdout, width=None if sys.stdout.isatty() else 160, highlight=False, soft_wrap=True
)
errors = Console(file=sys.stderr, highlight=False, soft_wrap=True)
REPOSITORY = Path(__file__).resolve().parent.parent
HomeOption = Annotated[
    Path | None,
    typer.Option(
        "--home",
        help="The organisation's folder; default: RELIER_HOME, else examples/demo.",
        show_default=False,
    ),
]


class RefusedError(Exception):
    """The command cannot do what was asked; str() is the reason, one sentence."""


def _remember(home: Path | None) -> None:
    if home is not None:
        os.environ["RELIER_HOME"] = str(home.resolve())


def _home(option: Path | None) -> Home:
    _remember(option)
    return Home.load(home_path())


@app.callback()
def common(home: HomeOption = None) -> None:
    """Relier."""
    _remember(home)


def _snapshot(option: Path | None) -> Path:
    _remember(option)
    found = current(home_path() / "data" / "published")
    if found is None:
        raise RefusedError(f"nothing is published yet for {home_path().name}; start with `relier run`")
    return found


@app.command()
def run(
    full_refresh: Annotated[
        bool, typer.Option("--full-refresh", help="Decode every original again.")
    ] = False,
    home: HomeOption = None,
) -> None:
    """Claim what landed, check it, build the scorecard and publish it."""
    loaded = _home(home)
    from pipelines.running import refresh

    outcome = refresh(loaded, full_refresh, console)
    if outcome.reason:
        raise RefusedError(outcome.reason)


@app.command()
def status(
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False, home: HomeOption = None
) -> None:
    """What arrived and what became of it: totals, files needing somebody, the last run, the snapshot."""
    loaded = _home(home)
    from pipelines.reporting import print_status, status_of

    with Ledger(loaded.restricted / "ledger.sqlite") as ledger:
        told = status_of(loaded, ledger)
    if as_json:
        console.print_json(json.dumps(told))
    else:
        print_status(told, console)


@app.command()
def sql(
    query: Annotated[str, typer.Argument(help="One DuckDB statement over schemas mart and meta.")],
    form: Annotated[
        Literal["table", "csv", "json"], typer.Option("--format", help="How to print the rows.")
    ] = "table",
    home: HomeOption = None,
) -> None:
    """Ask the published snapshot, read-only and locked."""
    from pipelines.analyst import run_query

    code, text = run_query(_snapshot(home), query, form)
    if code:
        raise RefusedError(text)
    sys.stdout.write(text if text.endswith("\n") or not text else text + "\n")


@app.command()
def snapshot(home: HomeOption = None) -> None:
    """Print the path of the current snapshot, a DuckDB file that any tool can open read-only."""
    sys.stdout.write(f"{_snapshot(home)}\n")


def _free_port(wanted: int | None) -> int:
    for port in [wanted] if wanted is not None else range(8501, 8600):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise RefusedError(f"port {wanted or '8501–8599'} is taken on this machine; give another with --port")


@app.command()
def dashboard(
    port: Annotated[
        int | None, typer.Option("--port", min=0, max=65535, help="Default: the first free from 8501.")
    ] = None,
    home: HomeOption = None,
) -> None:
    """Serve the scorecard on this machine only."""
    _remember(home)
    os.environ["RELIER_HOME"] = str(home_path())
    free = _free_port(port)
    console.print(f"Scorecard: http://127.0.0.1:{free}  (Ctrl-C to stop)")
    os.chdir(REPOSITORY)
    os.execv(  # noqa: S606 - no shell is wanted: Streamlit takes this process over
        sys.executable,
        [
            sys.executable,
            "-m",
            "streamlit",
            "run",
            str(REPOSITORY / "dashboards" / "app.py"),
            "--server.address",
            "127.0.0.1",
            "--server.port",
            str(free),
            "--server.headless",
            "true",
            "--browser.gatherUsageStats",
            "false",
        ],
    )


def main() -> None:
    """The console script: declarations and refusals are sentences, never tracebacks."""
    os.umask(0o077)  # what a run makes is for its owner; the zones' own modes are set where they are made
    try:
        app()
    except DeclarationError as error:
        errors.print(f"[bold]Declarations to mend:[/bold] {len(error.problems)}", markup=True)
        for problem in error.problems:
            errors.print(str(problem), markup=False)
        sys.exit(1)
    except RefusedError as error:
        errors.print(str(error), markup=False)
        sys.exit(1)


if __name__ == "__main__":
    main()
