"""A check's report as lines for a person."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

MOST = 40  # columns or units written out


def lines_of(report: Mapping[str, Any]) -> Iterator[str]:
    """The report, one fact a line."""
    yield f"{report['file']}: {report['verdict']}"
    facts = {
        "source": report.get("source") and f"{report['source']} ({report.get('why_source')})",
        "format": report.get("format") and f"{report['format']} ({report.get('why_format')})",
        "encoding": report.get("encoding"),
        "delimiter": {"\t": "tab"}.get(str(report.get("delimiter")), report.get("delimiter")),
        "sheet": report.get("sheet"),
        "header row": report.get("header_row"),
        "records": _records(report),
        "waves": _pairs(report.get("waves") or {}),
    }
    for name, value in facts.items():
        if value not in (None, ""):
            yield f"  {name:<11} {value}"
    yield from _units(report.get("units") or {})
    yield from _columns(report)
    for one in report.get("scales") or []:
        missing = ", ".join(f"{reason} {share:.1%}" for reason, share in one["missing"].items())
        told = f"{one['answered']:,} answers, {one['points_seen']} different"
        yield f"  scale       {one['code']}: {one['scale']}; {told}" + (
            f"; missing: {missing}" if missing else ""
        )
    for change in report.get("changes") or []:
        yield f"  changes     {change}"
    for warning in report.get("warnings") or []:
        yield f"  warning     {warning}"
    yield from _problems(report)


def _records(report: Mapping[str, Any]) -> str | None:
    if "would_be_accepted" not in report:
        return f"{report['records']:,}" if report.get("records") else None
    parts = [f"{report['would_be_accepted']:,} accepted", f"{report['would_be_quarantined']:,} quarantined"]
    parts.append(f"{report['duplicates']:,} duplicate")
    return f"{report['records']:,}: {', '.join(parts)}"


def _pairs(counts: Mapping[str, int]) -> str:
    shown = [f"{code} ({count:,})" for code, count in list(counts.items())[:MOST]]
    return ", ".join(shown) + (f" and {len(counts) - MOST} more" if len(counts) > MOST else "")


def _units(units: Mapping[str, Any]) -> Iterator[str]:
    if not units:
        return
    yield f"  units       {_pairs(units['matched']) or 'none'}"
    if units["not_matched"] or units["not_shown"]:
        hidden = (
            f"{units['not_shown']} record(s) name none, or something too long to be one"
            if units["not_shown"]
            else ""
        )
        yield f"  not matched {'; '.join(part for part in (_pairs(units['not_matched']), hidden) if part)}"


def _columns(report: Mapping[str, Any]) -> Iterator[str]:
    for one in (report.get("columns") or [])[: 2 * MOST]:
        yield f"  column      {one['column']}: {one['kind']}"
    if len(report.get("columns") or []) > 2 * MOST:
        yield f"  column      … and {len(report['columns']) - 2 * MOST} more"
    for one in report.get("mapped") or []:
        yield f"  column      {one['column']} -> {one['to']}"
    left: dict[str, list[str]] = {}
    for one in report.get("not_mapped") or []:
        left.setdefault(one["why"], []).append(one["column"])
    for why, names in left.items():
        more = f" and {len(names) - MOST} more" if len(names) > MOST else ""
        yield f"  not mapped  {', '.join(names[:MOST])}{more}: {why}"


def _problems(report: Mapping[str, Any]) -> Iterator[str]:
    for one in report.get("problems") or []:
        place = f"line {one['line']}: " if one["line"] else ""
        column = f" in {one['column']}" if one["column"] else ""
        what = f"{one['reason'].replace('_', ' ')}{column}"
        yield f"  problem     {place}{what}: expected {one['expected']}, found {one['found']}; {one['fix']}"
    if report.get("more_problems"):
        yield f"  problem     … and {report['more_problems']} more"
