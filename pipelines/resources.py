"""What every step shares: the home, its ledger and lock, and dbt's project with a manifest that cannot go stale."""

from __future__ import annotations

import fcntl
import hashlib
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from importlib.metadata import version
from pathlib import Path

import dagster as dg
from dagster_dbt import DbtCliResource, DbtProject
from packaging.version import Version
from pydantic import PrivateAttr

from pipelines import warehouse
from pipelines.alerts import tell_failure
from pipelines.declared import Home
from pipelines.files import RunLock, private_folder, process_mark, refuse_network, sweep
from pipelines.ledger import Ledger
from pipelines.loading import key_of
from pipelines.privacy import key_mark
from pipelines.runbook import COPIES

REPOSITORY = Path(__file__).resolve().parent.parent
DBT_PROJECT = REPOSITORY / "dbt_project"
TELEMETRY_OFF = {
    "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
    "DO_NOT_TRACK": "1",
    "GX_ANALYTICS_ENABLED": "false",
}


PROCESS, TOLD_BY = (
    "relier/process",
    "relier/told_by",
)  # tags of runs: where one lives, who tells that it failed


def sign(context: dg.InitResourceContext) -> None:
    """Say which process this run lives in, so that a later one can tell whether it died."""
    if context.instance and context.run and not context.instance.is_ephemeral:
        context.instance.add_run_tags(context.run.run_id, {PROCESS: process_mark(os.getpid()) or ""})


def close_dead_runs(context: dg.InitResourceContext) -> None:
    """Runs that Dagster believes alive and whose process is gone: a kill leaves them so, for nobody else looks."""
    if context.instance is None or context.run is None:
        return
    running = dg.RunsFilter(statuses=[dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.CANCELING])
    for run in context.instance.get_runs(running):
        mark = run.tags.get(PROCESS)
        if run.run_id != context.run.run_id and mark and process_mark(int(mark.split(":")[0])) != mark:
            context.instance.report_run_failed(run, "Its process was stopped before its end.")


def _is_over(context: dg.InitResourceContext) -> bool:
    run = context.instance.get_run_by_id(context.run.run_id) if context.instance and context.run else None
    return run is not None and run.is_finished


def open_books(home: Home, ledger: Ledger, run_id: str) -> None:
    """Begin a run: close and tell of those that a kill left open, and keep the day's first copy of the ledger."""
    for left in ledger.close_interrupted():
        when = left["started_at"]
        tell_failure(
            home.organisation, ledger, left["run_id"], f"The run begun at {when} was stopped before its end"
        )
    ledger.begin(run_id)
    ledger.daily_copy(home.restricted / COPIES)


class Warehouse(dg.ConfigurableResource):
    """The sole writer of a home. Holds the run lock from the first step of a run to its last."""

    home_path: str
    _home: Home | None = PrivateAttr(default=None)
    _lock: RunLock | None = PrivateAttr(default=None)

    @contextmanager
    def yield_for_execution(self, context: dg.InitResourceContext) -> Iterator[Warehouse]:
        home = self.home
        if _is_over(context):  # `dagster job execute` starts the resources again to hand back the result
            yield self
            return
        refuse_network(home.path / "data")
        sign(context)
        lock = RunLock(private_folder(home.restricted) / "run.lock")
        lock.acquire(
            lambda holder: (
                context.log.info(f"waiting: {holder} is refreshing this home") if context.log else None
            )
        )
        try:
            for folder in (home.vault, home.published):
                sweep(private_folder(folder))
            sweep(home.restricted)
            close_dead_runs(context)
            if context.run and context.run.job_name in {"refresh", "replay"}:
                with self.ledger() as ledger:
                    open_books(home, ledger, context.run.run_id)
            yield self
        finally:
            lock.release()

    @property
    def home(self) -> Home:
        if self._home is None:
            self._home = Home.load(self.home_path)
        return self._home

    def ledger(self) -> Ledger:
        return Ledger(self.home.restricted / "ledger.sqlite")

    def key(self, anew: bool = False) -> bytes:
        """The pseudonym key: RELIER_KEY, else the vault's own, made on the first run.

        Another key than that of the answers in raw would unlink people from themselves: KeyRefusedError, unless
        everything is decoded `anew`.
        """
        with self.ledger() as ledger:
            key, changed = key_of(ledger, self.home.vault / "key", anew)
            if changed:
                stale = [
                    e for e in ledger.files() if e.source in self.home.sources and e.status != "duplicate"
                ]
                ledger.ask_replay(entry.key for entry in stale)
            ledger.remember("key", key_mark(key))
        return key

    @property
    def file(self) -> Path:
        return warehouse.path_of(self.home)


def _dbt_digest() -> str:
    """Hash of everything dbt parses: two equal digests mean the manifest at hand is this project's."""
    hasher = hashlib.sha256()
    for path in sorted(DBT_PROJECT.rglob("*")):
        if path.is_file() and path.suffix in {".sql", ".yml", ".csv", ".py"} and "target" not in path.parts:
            hasher.update(path.relative_to(DBT_PROJECT).as_posix().encode() + b"\0" + path.read_bytes())
    return hasher.hexdigest()


def dbt_target(home: Path) -> Path:
    """dbt's working folder for one home: two homes may build at the same time from one checkout."""
    return private_folder(home / "data" / "restricted") / "dbt"


def dbt_project(home: Path) -> DbtProject:
    """The dbt project with a manifest parsed from what is on disk now."""
    target = private_folder(dbt_target(home))
    # dagster-dbt looks for the partial parse under DBT_TARGET_PATH, whatever DbtProject says.
    os.environ.update({**TELEMETRY_OFF, "DBT_TARGET_PATH": str(target), "DBT_LOG_PATH": str(target / "logs")})
    os.environ["RELIER_WAREHOUSE"] = str(home / "data" / "restricted" / "warehouse.duckdb")
    digest, mark = _dbt_digest(), target / "parsed"
    with (target / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not ((target / "manifest.json").exists() and mark.exists() and mark.read_text() == digest):
            mark.unlink(missing_ok=True)
            dbt = Path(sys.executable).with_name("dbt")
            done = subprocess.run(
                [
                    str(dbt),
                    "--quiet",
                    "parse",
                    "--project-dir",
                    str(DBT_PROJECT),
                    "--profiles-dir",
                    str(DBT_PROJECT),
                    "--target-path",
                    str(target),
                ],
                capture_output=True,
                text=True,
                check=False,
            )
            if done.returncode:
                raise RuntimeError(
                    f"dbt could not parse {DBT_PROJECT.name}: {(done.stdout or done.stderr).strip()[-2000:]}"
                )
            mark.write_text(digest)
    return DbtProject(project_dir=DBT_PROJECT, target_path=target, profiles_dir=DBT_PROJECT)


class QuickDbt(DbtCliResource):
    """dbt without what a plain build does not need of dagster-dbt: two `dbt --version` processes and a second
    adapter in this process, ten seconds a run. The two names overridden are private: dagster-dbt is pinned, and
    the lineage job uses it as it ships.
    """

    @cached_property
    def _cli_version(self) -> Version:
        return Version(version("dbt-core"))

    def _initialize_dbt_core_adapter(self, args: Sequence[str]) -> None:  # type: ignore[override]
        return None


def dbt_resource(project: DbtProject, *, quick: bool = True) -> DbtCliResource:
    """dbt as a subprocess; not `quick` for column lineage, which asks the adapter about columns."""
    executable = Path(sys.executable).with_name("dbt")
    kind = QuickDbt if quick else DbtCliResource
    return kind(project_dir=project, dbt_executable=str(executable))  # type: ignore[arg-type]  # its own documentation says so
