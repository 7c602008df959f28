"""Whether a file keeps what its source promises: the promises in Great Expectations' terms, and what a verdict does."""

from __future__ import annotations

from dataclasses import replace

from pipelines.declared import Home, checks_digest, source_spec
from pipelines.expectations import SourceChecks, Verdict
from pipelines.ledger import Entry, Ledger, Refusal


def source_checks(home: Home, code: str) -> SourceChecks:
    """What source `code` promises, in the terms of its expectations suite."""
    source = home.sources[code]
    items: list[tuple[str, float, float]] = [
        (f"{code}__{item.code}", item.min, item.max) for item in source.items
    ]
    for measure in source_spec(home, code).measures:
        if measure.minimum is not None and measure.maximum is not None:
            items.append((measure.code, measure.minimum, measure.maximum))
    items += [(fact.code, 0, 1) for fact in source.facts]
    dated = source.waves == "continuous"
    checks = source.checks.model_dump()
    if source.statement:  # an account of a statement has no other side
        checks["balance"] = "off"
    return SourceChecks(code, source.kind, tuple(items), tuple(source.segments), dated, checks)


def judged(home: Home, ledger: Ledger, entry: Entry, verdict: Verdict) -> tuple[Entry, list[Refusal] | None]:
    """The entry as the verdict leaves it, and its refusals where they changed: accepted, or held with every record."""
    passed, total, failed = verdict.passed, verdict.total, verdict.failed
    entry = replace(entry, checks_passed=passed, checks_total=total, checks_failed=tuple(failed))
    if not failed:
        return replace(entry, status="accepted"), None
    owner = home.sources[str(entry.source)].owner
    broken = ", ".join(failed)
    seen = [told for told in entry.warnings if "looks like" in told]
    broken = "; ".join([broken, *seen])
    message = f"{entry.name}: held, it breaks {broken}; mend the file or its declaration, or ask the owner ({owner})"
    refusal = Refusal(
        "broken_promise",
        "every check of the source",
        ", ".join(failed),
        f"ask the owner ({owner})",
        records=entry.accepted,
    )
    held = replace(
        entry,
        status="held",
        reason="broken_promise",
        message=message,
        # it is decoded and judged again once either its reading or the checks are declared otherwise
        declaration=f"{entry.declaration}-{checks_digest(home.sources[str(entry.source)])}",
        accepted=0,
        quarantined=entry.quarantined + entry.accepted,
    )
    return held, [*(one for _, one in ledger.refusals(entry)), refusal]  # those set aside one by one stay so
