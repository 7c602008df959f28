"""One refresh from the command line: Dagster's own job in this process, told step by step, closed by a table."""

from __future__ import annotations

import os
import re
import time
import uuid
from collections import defaultdict
from contextlib import nullcontext, redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

from pipelines.declared import Home
from pipelines.files import private_folder
from pipelines.ledger import Ledger, Totals
from pipelines.publication import current

STAGES = {
    "landing": "landing",
    "declared": "landing",
    "raw": "raw",
    "judge": "checks",
    "warehouse": "dbt build",
    "published": "publication",
}
_TELLS = {
    "landing__files": "claiming files",
    "declared__declarations": "declarations",
    "raw__responses": "decoding responses",
    "raw__measures": "decoding measures",
    "raw__ledger_lines": "decoding ledgers",
    "judge_responses": "checking responses",
    "judge_measures": "checking measures",
    "judge_ledger": "checking ledgers",
    "warehouse": "building the scorecard",
    "published__candidate": "suppressing and writing",
    "published__scorecard": "publishing",
}


_CLASS = re.compile(r"^[\w.]+(Error|Exception|Failure)[\w]*: ")  # a person reads the sentence, not its class


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
        self.passed = self.failed = self.waiting = 0
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
            self.reasons.append(_why(step, event.step_failure_data))

    def _checked(self, check: Any) -> None:
        if check.passed:
            self.passed += 1
            return
        self.failed += 1
        # a failed dbt test fails its step too, whose sentence names them all
        if check.severity.value == "ERROR" and check.asset_key.path[0] == "published":
            self.reasons.append(f"check {check.check_name} failed: {check.description or 'see the run log'}")


def _why(step: str, failure: Any) -> str:
    """The sentence of a failed step: its own description, else the first line of what was raised."""
    told = failure.user_failure_data.description if failure.user_failure_data else None
    error = failure.error
    while error and error.cause:
        error = error.cause
    said = next(iter(error.message.strip().splitlines() if error else []), "")
    return told or _CLASS.sub("", said) or step


def dagster_home(home: Home) -> Path:
    """Where Dagster keeps the history of a home's runs, unless DAGSTER_HOME says otherwise."""
    if told := os.environ.get("DAGSTER_HOME"):
        return Path(told)
    folder = private_folder(home.restricted / "dagster")
    settings = folder / "dagster.yaml"
    if not settings.exists():
        settings.write_text("telemetry:\n  enabled: false\n")
    os.environ["DAGSTER_HOME"] = str(folder)
    return folder


def refresh(home: Home, full_refresh: bool, console: Console) -> Outcome:
    """Run the job `refresh` on `home` and say how it went; a refusal leaves the last snapshot in place."""
    os.environ["RELIER_HOME"] = str(home.path)
    dagster_home(home)
    begun = time.monotonic()
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
        checks={"passed": watcher.passed, "failed": watcher.failed},
        seconds={k: round(v, 2) for k, v in watcher.seconds.items()},
    )
    outcome.waiting = watcher.waiting
    latest = current(home.published)
    if success and watcher.published and not watcher.reasons:
        outcome.snapshot = latest.stem.removeprefix("scorecard-") if latest else None
    else:
        why = "; ".join(dict.fromkeys(watcher.reasons)) or "a step was skipped; the run log says which"
        kept = (
            f"the last snapshot stays ({latest.stem.removeprefix('scorecard-')})"
            if latest
            else "nothing was published before"
        )
        outcome.reason = f"Not published: {why}. Meanwhile {kept}."
    with Ledger(home.restricted / "ledger.sqlite") as ledger:
        ledger.finish(
            watcher.run_id,
            "refused" if outcome.reason else "published",
            outcome.reason,
            outcome.snapshot,
            outcome.seconds,
        )
        _close(
            console,
            outcome,
            ledger.totals(),
            [entry.message or "" for entry in ledger.files("held", "refused")],
        )
    return outcome


def _execute(watcher: Watcher, full_refresh: bool) -> bool:
    from dagster import DagsterInstance

    from pipelines.definitions import defs

    job = defs.resolve_job_def("refresh")
    if watcher.progress:
        watcher.progress.update(watcher.task, total=len(job.graph.node_defs))
    config: dict[str, Any] = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
    if full_refresh:
        config["ops"] = {
            f"raw__{view}": {"config": {"full_refresh": True}}
            for view in ("responses", "measures", "ledger_lines")
        }
    with DagsterInstance.get() as instance:
        instance.add_event_listener(watcher.run_id, watcher)
        with open(os.devnull, "w") as nowhere, redirect_stdout(nowhere):  # dbt repeats its log there
            return job.execute_in_process(
                run_config=config, instance=instance, raise_on_error=False, run_id=watcher.run_id
            ).success


def _close(console: Console, outcome: Outcome, totals: Totals, attention: list[str]) -> None:
    for message in attention:
        console.print(f"• {message}", markup=False)
    statuses = ", ".join(f"{count} {status}" for status, count in totals.by_status.items())
    stages = ", ".join(f"{stage} {seconds:.1f}" for stage, seconds in outcome.seconds.items())
    rows: dict[str, object] = {
        "files": f"{totals.files}  ({statuses})" if statuses else "0  (put files in landing/)",
        "records": f"{totals.records:,}",
        "accepted": f"{totals.accepted:,}",
        "quarantined": f"{totals.quarantined:,}",
        "duplicate": f"{totals.duplicate:,}",
        "checks": f"{outcome.checks['passed']} passed, {outcome.checks['failed']} failed",
        "snapshot": outcome.snapshot or "unchanged",
        "seconds": f"{stages}; total {sum(outcome.seconds.values()):.1f}",
    }
    if outcome.waiting:
        rows["waiting"] = (
            f"{outcome.waiting} cells keep what was published: too few new answers to show them safely"
        )
    for name, value in rows.items():
        console.print(f"{name:<12} {value}", markup=False)
