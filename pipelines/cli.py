"""`relier`, the command line. Exit codes: 0 done, 1 refused with the reason, 2 usage."""

from __future__ import annotations

import json
import os
import signal
import socket
import sqlite3
import sys
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.console import Console

from pipelines.declared import DeclarationError, Home, home_path
from pipelines.ledger import Ledger
from pipelines.onboarding.match_command import match
from pipelines.publication import current
from pipelines.verify.command import verify

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Relational performance beside financial performance, from landing files to a published scorecard.",
)
app.command()(match)
app.command()(verify)
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


def _say_drafts(home: Home) -> None:
    """A source that still says TODO waits; whoever works on the home is reminded, and nothing else stops."""
    for question in home.drafts:
        errors.print(f"• {question}", markup=False)


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
    try:
        loaded = _home(home)
    except DeclarationError as error:
        from pipelines.alerts import tell_broken

        for problem in tell_broken(home_path(), error):
            errors.print(problem, markup=False)
        raise
    _say_drafts(loaded)
    if not loaded.sources:
        raise RefusedError(
            f"no source is declared in {loaded.path.name}/declarations/sources; add one with `relier add-source FILE`"
        )
    from pipelines.running import refresh

    outcome = refresh(loaded, full_refresh, console)
    if outcome.reason:
        raise RefusedError(outcome.reason)


@app.command()
def status(
    everything: Annotated[
        bool, typer.Option("--all", help="Every file, not only those that need somebody.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
    home: HomeOption = None,
) -> None:
    """What arrived and what became of it: totals, files needing somebody, the last run, the snapshot."""
    loaded = _home(home)
    from pipelines.reporting import print_status, status_of

    _say_drafts(loaded)
    with Ledger(loaded.restricted / "ledger.sqlite") as ledger:
        told = status_of(loaded, ledger)
    if as_json:
        console.print_json(json.dumps(told))
    else:
        print_status(told, console, everything)


@app.command()
def quarantine(
    reason: Annotated[str | None, typer.Option("--reason", help="Such as unknown_unit.")] = None,
    file: Annotated[str | None, typer.Option("--file", help="One file's name.")] = None,
    source: Annotated[str | None, typer.Option("--source", help="The files of one source.")] = None,
    export: Annotated[
        Path | None, typer.Option("--export", help="Write the list to a .csv or .xlsx.")
    ] = None,
    home: HomeOption = None,
) -> None:
    """The records set aside, by reason and file, with what to do; --export for the source's owner."""
    from pipelines import quarantine as listing

    loaded = _home(home)
    with Ledger(loaded.restricted / "ledger.sqlite") as ledger:
        found = listing.chosen(ledger, reason, file, source)
        if not found and (reason or file or source):
            there = ledger.refusals()
            reasons = ", ".join(sorted({one.reason for _, one in there})) or "none"
            files = ", ".join(sorted({name for name, _ in there})) or "none"
            raise RefusedError(
                f"nothing like that is in quarantine; reasons there: {reasons}; files: {files}"
            )
    if export is None:
        listing.print_quarantine(found, console)
        return
    try:
        rows = listing.export(loaded, found, export)
    except (listing.ExportError, OSError) as error:
        raise RefusedError(str(error)) from error
    console.print(f"{rows} rows in {export}, readable by you alone", markup=False)


@app.command()
def replay(
    file: Annotated[list[str] | None, typer.Option("--file", help="Name of a file; may be repeated.")] = None,
    wave: Annotated[
        list[str] | None, typer.Option("--wave", help="Such as SOURCE:2025-Q1, SOURCE:FY2025.")
    ] = None,
    since: Annotated[
        str | None, typer.Option("--since", help="Claimed since a day (2026-01-31) or a run.")
    ] = None,
    source: Annotated[str | None, typer.Option("--source", help="Every file of one source.")] = None,
    home: HomeOption = None,
) -> None:
    """Decode originals again after a fix, then publish once. A mended declaration replays by itself at the next run."""
    loaded = _home(home)
    from pipelines.replaying import ReplayError, choose, mark, waiting_anyway
    from pipelines.running import refresh

    with Ledger(loaded.restricted / "ledger.sqlite") as ledger:
        try:
            chosen = choose(loaded, ledger, files=file or (), waves=wave or (), since=since, source=source)
        except ReplayError as error:
            raise RefusedError(str(error)) from error
        anyway = waiting_anyway(loaded, ledger)
        mark(ledger, chosen)
    named = ", ".join(entry.name for entry in chosen[:5]) + (" …" if len(chosen) > 5 else "")
    console.print(f"Decoding {len(chosen)} file(s) again: {named}", markup=False)
    if alone := [entry.name for entry in chosen if entry.key in anyway]:
        told = f"{len(alone)} of them would have been by any run: new, or their declaration was mended"
        console.print(told, markup=False)
    outcome = refresh(loaded, False, console)
    if outcome.reason:
        raise RefusedError(outcome.reason)


@app.command()
def doctor(
    repair: Annotated[
        bool, typer.Option("--repair", help="Mend what can be; never deletes an original.")
    ] = False,
    home: HomeOption = None,
) -> None:
    """What is wrong with a home, where, and what to do about it. Exit code 1 when something is."""
    _remember(home)
    from pipelines.doctor import examine, print_findings

    if print_findings(examine(home_path(), repair), console):
        sys.exit(1)


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
    app_file = str(REPOSITORY / "dashboards" / "app.py")
    told = ["--server.address", "127.0.0.1", "--server.port", str(free), "--server.headless", "true"]
    told += ["--browser.gatherUsageStats", "false"]
    # no shell is wanted: Streamlit takes this process over
    os.execv(sys.executable, [sys.executable, "-m", "streamlit", "run", app_file, *told])  # noqa: S606


@app.command("dagster")
def dagster_dev(
    port: Annotated[int, typer.Option(help="On this machine only.")] = 3000, home: HomeOption = None
) -> None:
    """Serve Dagster's screens of this home, with its schedule and sensors, until Ctrl-C."""
    from pipelines.running import dagster_home

    dagster_home(_home(home))
    os.environ["RELIER_HOME"] = str(home_path())
    workspace = str(REPOSITORY / "workspace.yaml")
    os.chdir(REPOSITORY)
    os.execv(  # noqa: S606 - no shell is wanted: Dagster takes this process over
        sys.executable,
        [sys.executable, "-m", "dagster", "dev", "-w", workspace, "-h", "127.0.0.1", "-p", str(port)],
    )


@app.command()
def check(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="Any file, in landing/ or not.")],
    source: Annotated[str | None, typer.Option(help="Whose file it is; default: by its name.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
    home: HomeOption = None,
) -> None:
    """Say what a run would do with a file, without writing anything. Exit code 0: it would be accepted."""
    from pipelines.onboarding.check import check as checked
    from pipelines.onboarding.printing import lines_of

    loaded = _home(home)
    _say_drafts(loaded)
    for stop in (signal.SIGTERM, signal.SIGHUP):  # what is tried holds answers: it goes with us
        signal.signal(stop, lambda *_: sys.exit(1))
    with errors.status(f"trying {file.name} as a run would"):  # on a terminal only
        report = checked(file, loaded, source)
    if as_json:
        console.print_json(json.dumps(report))
    else:
        for line in lines_of(report):
            console.print(line, markup=False)
    if not report["accepted"]:
        raise typer.Exit(1)


@app.command()
def add_source(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="A real export.")],
    name: Annotated[
        str | None, typer.Option(help="The source's code; default: from the file's name.")
    ] = None,
    qsf: Annotated[Path | None, typer.Option(exists=True, help="The questionnaire, from Qualtrics.")] = None,
    lss: Annotated[Path | None, typer.Option(exists=True, help="The questionnaire, from LimeSurvey.")] = None,
    labels: Annotated[Path | None, typer.Option(exists=True, help="Value labels, in an SPSS file.")] = None,
    kind: Annotated[
        Literal["responses", "events", "measures", "ledger"] | None, typer.Option(help="Default: guessed.")
    ] = None,
    units: Annotated[bool, typer.Option("--units", help="Also append to unit_aliases.csv.")] = False,
    only_print: Annotated[bool, typer.Option("--print", help="Write nothing.")] = False,
    home: HomeOption = None,
) -> None:
    """Draft declarations/sources/<name>.yml from a real export; what only a person can know is left as TODO."""
    from pipelines.ingest import FileProblem
    from pipelines.onboarding import adding
    from pipelines.onboarding.wording import QuestionnaireError

    loaded = _home(home)
    try:
        made = adding.drafted(file, loaded, name, adding.Questionnaire(qsf, lss, labels), kind)
        if only_print:
            sys.stdout.write(made.text)
        else:
            adding.write_draft(adding.place_of(loaded, made, file), made)
    except FileProblem as problem:
        raise RefusedError(f"{file.name}: {problem}") from None
    except (adding.NotAddedError, QuestionnaireError) as error:
        raise RefusedError(str(error)) from None
    for line in adding.told(loaded, made, file, written=not only_print, units=units):
        (errors if only_print else console).print(line, markup=False)


@app.command()
def new(
    folder: Annotated[Path, typer.Argument(help="A folder that is new or empty.")],
    name: Annotated[str | None, typer.Option(help="The organisation; default: from the folder.")] = None,
    language: Annotated[Literal["fr", "en"], typer.Option(help="Of the dashboard.")] = "fr",
) -> None:
    """Make an empty, valid home."""
    from pipelines.onboarding.new import NotEmptyError, make_home

    try:
        root = make_home(folder, name, language)
    except NotEmptyError as error:
        raise RefusedError(str(error)) from None
    console.print(
        f"{folder} is a home; its units start with '{root}' in declarations/units.csv.", markup=False
    )
    console.print(f"Next: relier --home {folder} add-source FILE", markup=False)


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
    except sqlite3.DatabaseError as error:
        errors.print(f"The ledger cannot be used ({error}); `relier doctor` says what to do.", markup=False)
        sys.exit(1)
    except OSError as error:  # a folder in the way, a right that is missing, a full disk
        where, why = error.filename or home_path(), error.strerror or type(error).__name__
        errors.print(f"{where} cannot be used: {why}; nothing was changed by half.", markup=False)
        sys.exit(1)


if __name__ == "__main__":
    main()
