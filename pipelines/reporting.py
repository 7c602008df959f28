"""What `relier status` says: the books, the files that need somebody, the last run, the snapshot."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.table import Table

from pipelines.declared import Home
from pipelines.ledger import Ledger, Refusal
from pipelines.publication import current


def status_of(home: Home, ledger: Ledger) -> dict[str, Any]:
    """Everything an operator may know, JSON-ready; counts and rule names, never a value."""
    totals, latest = ledger.totals(), current(home.published)
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
        "quarantine": _quarantine(ledger),
        "files": files,
        "last_run": ledger.last_run(),
    }


def _quarantine(ledger: Ledger) -> list[dict[str, Any]]:
    """Refused records by file and cause: where they stand, what was expected, and what to do."""
    groups: dict[tuple[str, str, str | None, str, str, str], list[Refusal]] = {}
    for name, one in ledger.refusals():
        groups.setdefault((name, one.reason, one.column, one.expected, one.found, one.fix), []).append(one)
    names = ("file", "reason", "column", "expected", "found", "fix")
    return [
        {
            **dict(zip(names, cause, strict=True)),
            "records": sum(one.records for one in refusals),
            "lines": [one.line for one in refusals if one.line is not None],
        }
        for cause, refusals in sorted(groups.items(), key=lambda group: tuple(str(part) for part in group[0]))
    ]


def print_status(told: dict[str, Any], console: Console) -> None:
    console.print(
        f"[bold]{told['home']}[/bold]   snapshot: {told['snapshot'] or 'none yet; start with `relier run`'}"
    )
    table = Table(
        "file",
        "source",
        "status",
        "records",
        "accepted",
        "quarantined",
        "duplicate",
        box=None,
        padding=(0, 2, 0, 0),
    )
    for column in table.columns[3:]:
        column.justify = "right"
    for entry in told["files"]:
        table.add_row(
            *(
                str(entry[name] if entry[name] is not None else "–")
                for name in ("name", "source", "status", "records", "accepted", "quarantined", "duplicate")
            )
        )
    totals = told["totals"]
    table.add_section()
    table.add_row(
        "total",
        "",
        f"{totals['files']} files",
        *(f"{totals[name]:,}" for name in ("records", "accepted", "quarantined", "duplicate")),
    )
    if told["files"]:
        console.print(table)
    else:
        console.print("Nothing has landed yet: put files in landing/ and start `relier run`.")
    for cause in told["quarantine"]:
        if not cause["records"] or not cause["lines"]:
            continue  # a whole file: its own message follows
        shown = ", ".join(map(str, cause["lines"][:5])) + (" …" if len(cause["lines"]) > 5 else "")
        what = f"{cause['reason'].replace('_', ' ')} in {cause['column'] or 'the record'}"
        console.print(
            f"  {cause['file']}, line {shown}: {cause['records']} record(s) quarantined: {what}: expected"
            f" {cause['expected']}, found {cause['found']}; {cause['fix']}",
            markup=False,
        )
    for entry in told["files"]:
        if entry["message"]:
            console.print(f"• {entry['message']}", markup=False)
    if run := told["last_run"]:
        console.print(
            f"last run: {run['outcome'] or 'unfinished'} {run['finished_at'] or run['started_at']}"
            + (f" — {run['reason']}" if run["reason"] else ""),
            markup=False,
        )
