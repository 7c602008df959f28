"""What `relier status` says: the books, the files that need somebody, the last run, the snapshot."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from pipelines.alerts import late
from pipelines.declared import Home
from pipelines.ledger import Ledger
from pipelines.publication import current
from pipelines.quarantine import causes, sentence


def status_of(home: Home, ledger: Ledger) -> dict[str, Any]:
    """Everything an operator may know, JSON-ready; counts and rule names, never a value."""
    totals, latest, last = ledger.totals(), current(home.published), ledger.published()
    files = [
        {
            "name": entry.name,
            "source": entry.source,
            "status": entry.status,
            "records": entry.records,
            "accepted": entry.accepted,
            "quarantined": entry.quarantined,
            "duplicate": entry.duplicate,
            "wave": entry.wave,
            "encoding": entry.encoding,
            "format": entry.format,
            "sha256": entry.sha256,
            "checks_passed": entry.checks_passed,
            "checks": entry.checks_total,
            "reason": entry.reason,
            "message": entry.message,
            "warnings": list(entry.warnings),
        }
        for entry in ledger.files()
    ]
    return {
        "home": home.organisation.name,
        "snapshot": str(latest) if latest else None,
        "totals": {
            "files": totals.files,
            "records": totals.records,
            "accepted": totals.accepted,
            "quarantined": totals.quarantined,
            "duplicate": totals.duplicate,
            "balanced": totals.records == totals.accepted + totals.quarantined + totals.duplicate,
        },
        "by_status": dict(totals.by_status),
        "quarantine": causes(ledger.refusals()),
        "late": [(day.isoformat(), code, age) for code, day, age in late(home, last.last_days)]
        if last
        else [],
        "undelivered": ledger.undelivered(),
        "replays": len(ledger.replays()),
        "files": files,
        "last_run": ledger.last_run(),
    }


def needs_somebody(entry: dict[str, Any]) -> bool:
    """Held or refused, with records set aside, or read with a remark."""
    return entry["status"] in {"held", "refused"} or bool(entry["quarantined"]) or bool(entry["warnings"])


def print_status(told: dict[str, Any], console: Console, everything: bool = False) -> None:
    """Totals first, then the files that need somebody (`everything`: all of them), then the last run."""
    console.print(
        f"[bold]{told['home']}[/bold]   snapshot: {told['snapshot'] or 'none yet; start with `relier run`'}"
    )
    if not told["files"]:
        console.print("Nothing has landed yet: put files in landing/ and start `relier run`.")
    else:
        _print_files(told, console, everything)
    for day, code, age in told["late"]:
        console.print(f"• source {code} is late: its last data are of {day}, {age} days ago", markup=False)
    for alert in told["undelivered"]:
        console.print(f"• an alert of {alert['told_at']} did not arrive: {alert['problem']}", markup=False)
    if told["replays"]:
        console.print(f"• {told['replays']} file(s) wait to be decoded again by the next run", markup=False)
    if run := told["last_run"]:
        console.print(
            f"last run: {run['outcome'] or 'unfinished'} {run['finished_at'] or run['started_at']}"
            + (f" — {run['reason']}" if run["reason"] else ""),
            markup=False,
        )


def _print_files(told: dict[str, Any], console: Console, everything: bool) -> None:
    totals = told["totals"]
    statuses = ", ".join(f"{count} {status}" for status, count in told["by_status"].items())
    counts = ", ".join(f"{totals[name]:,} {name}" for name in ("accepted", "quarantined", "duplicate"))
    balance = "the books balance" if totals["balanced"] else "THE BOOKS DO NOT BALANCE: see `relier doctor`"
    console.print(f"{totals['files']} files: {statuses}", markup=False)
    console.print(f"{totals['records']:,} records: {counts}; {balance}", markup=False)
    shown = [entry for entry in told["files"] if everything or needs_somebody(entry)]
    if shown:
        console.print()
        console.print(_table(shown))
    if len(shown) < len(told["files"]):
        rest = len(told["files"]) - len(shown)
        console.print(f"{rest} other file(s) need nobody; --all shows them", markup=False)
    of_whole_files = {entry["name"] for entry in shown if entry["message"]}
    for cause in told["quarantine"]:
        if cause["records"] and (cause["lines"] or cause["file"] not in of_whole_files):
            console.print(f"  {sentence(cause)}", markup=False)
    for entry in shown:
        if entry["message"]:
            console.print(f"• {entry['message']}", markup=False)
        for warning in entry["warnings"]:
            console.print(f"• {entry['name']}: {warning}", markup=False)


def _table(files: list[dict[str, Any]]) -> Table:
    names = ("name", "source", "status", "records", "accepted", "quarantined", "duplicate")
    table = Table("file", *names[1:], box=None, padding=(0, 2, 0, 0))
    for column in table.columns[3:]:
        column.justify = "right"
    for entry in files:
        table.add_row(*(escape(str(entry[name] if entry[name] is not None else "–")) for name in names))
    return table
