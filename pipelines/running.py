"""One refresh from the command line: Dagster's own job in this process, told step by step, closed by a table."""

from __future__ import annotations

import errno
import os
import sqlite3
import time
import uuid
from collections import defaultdict
from contextlib import closing, nullcontext, redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

from pipelines import reasons
from pipelines.alerts import tell_failure, tell_late
from pipelines.declared import Home
from pipelines.files import NetworkDriveError, RunLock, private_folder, refuse_network, sweep
from pipelines.ledger import Ledger, Totals
from pipelines.publication import current, snapshot_id
from pipelines.unchanged import news

_SHOWN = 20  # files needing somebody that a run names; `relier status` names them all
STAGES = {
    "landing": "landing",
    "declared": "landing",
    "raw": "raw",
    "judge": "checks",
    "freshness": "checks",
    "warehouse": "dbt build",
    "published": "publication",
}
_TELLS = {
    "landing__files": "claiming files",
    "declared__declarations": "declarations",
    "raw__responses": "decoding responses",
    "raw__events": "decoding events",
    "raw__measures": "decoding measures",
    "raw__ledger_lines": "decoding ledgers",
    "judge_responses": "checking responses",
    "judge_events": "checking events",
    "judge_measures": "checking measures",
    "judge_ledger": "checking ledgers",
    "warehouse": "building the scorecard",
    "freshness": "checking freshness",
    "published__candidate": "suppressing and writing",
    "published__scorecard": "publishing",
}


@dataclass
class Outcome:
    """How a refresh ended; `reason` is None when it published."""

    reason: str | None = None
    snapshot: str | None = None
    checks: dict[str, int] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    waiting: int = 0


class Watcher:
    """Listens to Dagster's events: progress for a person, seconds and reasons for the record."""

    def __init__(self, run_id: str, progress: Progress | None, console: Console) -> None:
        self.run_id = run_id
        self.progress = progress
        self.console = console
        self.task = progress.add_task("starting", total=None) if progress else TaskID(0)
        self.started: dict[str, float] = {}
        self.seconds: dict[str, float] = defaultdict(float)
        self.passed = self.warned = self.failed = self.waiting = 0
        self.reasons: list[str] = []
        self.published = False

    def __call__(self, record: Any) -> None:
        event = record.dagster_event
        if event is None:
            if record.user_message.startswith("waiting:"):
                self._tell(record.user_message, aloud=True)
            return
        kind, step = event.event_type_value, event.step_key or ""
        if kind == "STEP_START":
            self.started[step] = time.monotonic()
            self._tell(_TELLS.get(step, step.replace("published__candidate_", "audit: ").replace("_", " ")))
        elif kind == "STEP_RESTARTED":
            self.started[step] = time.monotonic()
        elif kind in {"STEP_SUCCESS", "STEP_FAILURE"}:
            self._ended(kind, step, event)
        elif kind == "ASSET_CHECK_EVALUATION":
            self._checked(event.asset_check_evaluation_data)
        elif kind == "ASSET_MATERIALIZATION" and event.asset_key.path == ["published", "candidate"]:
            self.waiting = event.materialization.metadata["waiting_cells"].value
        elif kind == "ASSET_MATERIALIZATION" and event.asset_key.path == ["published", "scorecard"]:
            self.published = True

    def _tell(self, text: str, aloud: bool = False) -> None:
        """On a terminal, what is going on now; elsewhere only what a log must keep."""
        if self.progress:
            self.progress.update(self.task, description=text)
        elif aloud:
            self.console.print(text, markup=False)

    def _ended(self, kind: str, step: str, event: Any) -> None:
        stage = next((name for prefix, name in STAGES.items() if step.startswith(prefix)), step)
        self.seconds[stage] += time.monotonic() - self.started.get(step, time.monotonic())
        if self.progress:
            self.progress.advance(self.task)
        if kind == "STEP_FAILURE":
            self.reasons.append(reasons.of_step(step, event.step_failure_data))

    def _checked(self, check: Any) -> None:
        if check.passed:
            self.passed += 1
            return
        if check.severity.value == "WARN":  # a file held, a source late: it stops nothing
            self.warned += 1
            return
        self.failed += 1
        if said := reasons.of_check(check):
            self.reasons.append(said)


_SETTINGS = """\
telemetry:
  enabled: false
run_monitoring:  # by the daemon: runs that never start, that are cancelled in vain, that never end
  enabled: true
  start_timeout_seconds: 300
  max_runtime_seconds: 21600
concurrency:
  runs:
    max_concurrent_runs: 1  # a home has one writer; a second run would only wait for its lock
"""
_FORMER_SETTINGS = "telemetry:\n  enabled: false\n"


def dagster_home(home: Home) -> Path:
    """Where Dagster keeps the history of a home's runs, unless DAGSTER_HOME says otherwise."""
    if told := os.environ.get("DAGSTER_HOME"):
        return Path(told)
    folder = home.restricted / "dagster"
    if _is_damaged(folder):  # it holds the story of past runs and nothing a figure needs
        folder.rename(folder.with_name(f"dagster.damaged-{time.time_ns()}"))
    private_folder(folder)
    settings = folder / "dagster.yaml"
    if not settings.exists() or settings.read_text() == _FORMER_SETTINGS:  # an operator's own are left alone
        settings.write_text(_SETTINGS)
    os.environ["DAGSTER_HOME"] = str(folder)
    return folder


def _is_damaged(folder: Path) -> bool:
    """Whether a database that every run opens is no database."""
    for path in (folder / "history" / "runs.db", folder / "history" / "runs" / "index.db"):
        if path.exists():
            try:
                with closing(sqlite3.connect(path)) as connection:
                    connection.execute("select count(*) from sqlite_master").fetchall()
            except sqlite3.DatabaseError:
                return True
    return False


def refresh(home: Home, full_refresh: bool, console: Console) -> Outcome:
    """Run the job `refresh` on `home` and say how it went; a refusal leaves the last snapshot in place.

    A run that would change nothing ends before Dagster and dbt are loaded, unless `full_refresh`. Two at once take
    turns, and the second asks again whether there is anything left to do.
    """
    os.environ["RELIER_HOME"] = str(home.path)
    try:
        refuse_network(home.path / "data")
        turn = RunLock(private_folder(home.restricted) / "turn.lock")
        turn.acquire(lambda holder: console.print(f"waiting: {holder} is refreshing this home", markup=False))
        try:
            return _refresh(home, full_refresh, console)
        finally:
            turn.release()
    except NetworkDriveError as error:
        return Outcome(reason=str(error))
    except Exception as error:
        disk = _of_the_disk(error)  # where the books themselves cannot be written, no step can say so
        if disk is None:
            raise
        told = disk.strerror if isinstance(disk, OSError) else str(disk)
        return Outcome(
            reason=f"Not published: the disk that holds {home.path.name} cannot be written ({told}). Make room and run"
            " again: what was recorded stays, and the last snapshot too."
        )


_DISK = ("SQLITE_FULL", "SQLITE_IOERR", "SQLITE_READONLY", "SQLITE_CANTOPEN")


def _of_the_disk(error: BaseException | None) -> OSError | sqlite3.OperationalError | None:
    """The disk's or SQLite's own error behind an exception, if one is."""
    while error is not None:
        if isinstance(error, sqlite3.OperationalError) and error.sqlite_errorname.startswith(_DISK):
            return error
        if isinstance(error, OSError) and error.errno in {
            errno.ENOSPC,
            errno.EDQUOT,
            errno.EFBIG,
            errno.EIO,
            errno.EROFS,
        }:
            return error
        error = error.__cause__ or error.__context__
    return None


def _refresh(home: Home, full_refresh: bool, console: Console) -> Outcome:
    begun = time.monotonic()
    if not full_refresh and (quiet := _nothing_new(home, console, begun)):
        return quiet
    dagster_home(home)
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    run_id = str(uuid.uuid4())
    with (
        Progress(*columns, console=console, transient=True)
        if console.is_terminal
        else nullcontext() as progress
    ):
        watcher = Watcher(run_id, progress, console)
        success = _execute(watcher, full_refresh)
    watcher.seconds["start-up"] = max(0.0, time.monotonic() - begun - sum(watcher.seconds.values()))
    outcome = Outcome(
        checks={"passed": watcher.passed, "warned": watcher.warned, "failed": watcher.failed},
        seconds={k: round(v, 2) for k, v in watcher.seconds.items()},
    )
    outcome.waiting = watcher.waiting
    _conclude(outcome, watcher, success, current(home.published))
    with Ledger(home.restricted / "ledger.sqlite") as ledger:
        told = "refused" if outcome.reason else "published"
        ledger.finish(watcher.run_id, told, outcome.reason, outcome.snapshot, outcome.seconds)
        alarming = [entry.message or "" for entry in ledger.files("held", "refused")]
        _close(console, outcome, ledger.totals(), alarming)
        if outcome.reason:
            why = "; ".join(dict.fromkeys(watcher.reasons)) or outcome.reason
            _say(console, tell_failure(home.organisation, ledger, run_id, why))
        _say(console, tell_late(home, ledger))
    return outcome


def _conclude(outcome: Outcome, watcher: Watcher, success: bool, latest: Path | None) -> None:
    """The snapshot that was published, or why none was and which one stays."""
    if success and watcher.published and not watcher.reasons:
        outcome.snapshot = snapshot_id(latest) if latest else None
    else:
        why = "; ".join(dict.fromkeys(watcher.reasons)) or "a step was skipped; the run log says which"
        kept = (
            f"the last snapshot stays ({snapshot_id(latest)})" if latest else "nothing was published before"
        )
        outcome.reason = f"Not published: {why}. Meanwhile {kept}."


def _nothing_new(home: Home, console: Console, begun: float) -> Outcome | None:
    """End here when nothing that counts changed; None when there is work, or another run is at it."""
    lock = RunLock(private_folder(home.restricted) / "run.lock")
    if not lock.try_acquire(patience_s=2):  # another run that is only looking lets it go by then
        return None
    try:
        with Ledger(home.restricted / "ledger.sqlite") as ledger:
            last = ledger.published()
            if last is None or ledger.unfinished() or news(home, ledger) is not None:
                return None
            for folder in (home.vault, home.restricted, home.published):
                sweep(folder)
            run_id = str(uuid.uuid4())
            ledger.begin(run_id)
            outcome = Outcome(snapshot=last.snapshot, seconds={"looking": round(time.monotonic() - begun, 2)})
            ledger.finish(run_id, "nothing new", None, last.snapshot, outcome.seconds)
            console.print(
                f"Nothing new: {ledger.totals().files} files known, none to decode, declarations and code as published,"
                f" {home.as_of} changes no period and no freshness. Snapshot {last.snapshot} stays"
                " (--full-refresh builds it all the same).",
                markup=False,
            )
            _say(console, tell_late(home, ledger))
            return outcome
    finally:
        lock.release()


def _say(console: Console, problems: list[str]) -> None:
    for problem in problems:
        console.print(f"• {problem}", markup=False)


def _execute(watcher: Watcher, full_refresh: bool) -> bool:
    from dagster import DagsterInstance

    from pipelines.definitions import defs
    from pipelines.resources import TOLD_BY

    job = defs.resolve_job_def("refresh")
    if watcher.progress:
        watcher.progress.update(watcher.task, total=len(job.graph.node_defs))
    config: dict[str, Any] = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
    if full_refresh:
        config["ops"] = {
            f"raw__{view}": {"config": {"full_refresh": True}}
            for view in ("responses", "events", "measures", "ledger_lines")
        }
    with DagsterInstance.get() as instance:
        instance.add_event_listener(watcher.run_id, watcher)
        with open(os.devnull, "w") as nowhere, redirect_stdout(nowhere):  # dbt repeats its log there
            return job.execute_in_process(
                run_config=config,
                instance=instance,
                raise_on_error=False,
                run_id=watcher.run_id,
                tags={TOLD_BY: "relier"},
            ).success


def _close(console: Console, outcome: Outcome, totals: Totals, attention: list[str]) -> None:
    for message in attention[:_SHOWN]:
        console.print(f"• {message}", markup=False)
    if len(attention) > _SHOWN:
        console.print(
            f"• … and {len(attention) - _SHOWN} more files; `relier status` names them", markup=False
        )
    statuses = ", ".join(f"{count} {status}" for status, count in totals.by_status.items())
    stages = ", ".join(f"{stage} {seconds:.1f}" for stage, seconds in outcome.seconds.items())
    rows: dict[str, object] = {
        "files": f"{totals.files}  ({statuses})" if statuses else "0  (put files in landing/)",
        "records": f"{totals.records:,}",
        "accepted": f"{totals.accepted:,}",
        "quarantined": f"{totals.quarantined:,}",
        "duplicate": f"{totals.duplicate:,}",
        "checks": ", ".join(f"{count} {how}" for how, count in outcome.checks.items()),
        "snapshot": outcome.snapshot or "unchanged",
        "seconds": f"{stages}; total {sum(outcome.seconds.values()):.1f}",
    }
    if outcome.waiting:
        rows["waiting"] = (
            f"{outcome.waiting} cells keep what was published: too few new answers to show them safely"
        )
    for name, value in rows.items():
        console.print(f"{name:<12} {value}", markup=False)
