"""What a run would do with a file, told without writing anything: whose it is, how it reads, what would be held back.

Counts, names of columns, unit codes and scales; never a cell of a person.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from pipelines.claims import ALLOWED, owners
from pipelines.declared import Home, chart_years, fiscal_year_of, source_spec, span
from pipelines.declared.sources import Source
from pipelines.files import sha256_of
from pipelines.ingest import WITHHELD, Decoded, FileProblem, Problem, SourceSpec, decode
from pipelines.ingest.choices import option_of
from pipelines.ingest.header import matches_glob, quote, tidy
from pipelines.ledger import read_only
from pipelines.onboarding.look import WHY, look_at, opened

SHOWN = 10  # problems written out
Report = dict[str, Any]


def check(path: Path, home: Home, source: str | None = None) -> Report:
    """The report on one file, JSON-ready; `accepted` says whether a run would take it."""
    report: Report = {"file": path.name, "home": home.organisation.name, "accepted": False, "source": None}
    try:
        mine = [source] if source else owners(home, path.name)
        if source and source not in home.sources:
            known = ", ".join(home.sources) or "none"
            return report | {"verdict": f"no source is called '{source}'; this home has {known}"}
        if path.suffix.lower() not in ALLOWED:
            told = f"a file of type '{path.suffix or 'none'}' is not taken; export it as {', '.join(sorted(ALLOWED))}"
            return report | {"verdict": told}
        if len(mine) > 1:
            both = " and ".join(mine)
            told = (
                f"{both} match this name; make their `files:` patterns exclude each other, or give --source"
            )
            return report | {"verdict": told}
        if not mine:
            return report | _described(path, home)
        why = (
            "asked for with --source"
            if source
            else f"its name matches `files: {home.sources[mine[0]].files}`"
        )
        return (
            report
            | {"source": mine[0], "why_source": why}
            | _read(path, home, mine[0], given=source is not None)
        )
    except FileProblem as problem:
        return report | _refused(problem)
    except OSError as error:
        return report | {"verdict": f"the file cannot be read: {error.strerror}"}


def _refused(problem: FileProblem) -> Report:
    return {
        "records": problem.records,
        "verdict": f"{'held' if problem.status == 'held' else 'refused'}: {problem}",
        "problems": [_told(one) for one in problem.problems[:SHOWN]],
        "more_problems": max(0, len(problem.problems) - SHOWN),
    }


def _told(problem: Problem) -> Report:
    return asdict(problem)


# ---- a file nobody declared


def _described(path: Path, home: Home) -> Report:
    """Format, container, columns with what they are like."""
    look = look_at(path.read_bytes(), path.name)
    patterns = (
        ", ".join(f"{quote(source.files)} ({code})" for code, source in home.sources.items())
        or "none is declared yet"
    )
    kinds = [{"column": column.name, "kind": column.kind, "filled": column.filled} for column in look.columns]
    return {
        "format": look.format,
        "why_format": look.why,
        "encoding": look.encoding,
        "delimiter": look.delimiter,
        "sheet": look.sheet,
        "header_row": look.header_row or 1,
        "records": look.records,
        "columns": kinds,
        "warnings": list(look.warnings),
        "verdict": f"no source takes this name (patterns: {patterns}); draft one with `relier add-source {path.name}`",
    }


# ---- a file of a declared source


def _read(path: Path, home: Home, code: str, given: bool) -> Report:
    source, spec = home.sources[code], source_spec(home, code)
    report: Report = {"kind": source.kind, "owner": source.owner}
    twin = _known(home, path, code)
    if twin:
        return report | {
            "duplicate_of": twin,
            "verdict": f"a duplicate: the same bytes as {twin}, known already; nothing to do",
        }
    report |= _layout(path, spec)
    try:
        decoded = decode(path, path.name, spec)
        _charted(home, decoded)
    except FileProblem as problem:
        return report | _refused(problem)
    table = _within(home, source, decoded.table)
    stray = _records(decoded.table) - _records(table)
    quarantined = Counter(problem.reason for problem in decoded.quarantined)
    quarantined.update({"bad_date": stray} if stray else {})
    total = quarantined.total()
    report |= {
        "format": decoded.format,
        "why_format": WHY.get(decoded.format, "declared as a plain table"),
        "encoding": decoded.encoding,
        "delimiter": decoded.delimiter,
        "records": decoded.records,
        "would_be_accepted": decoded.accepted - stray,
        "would_be_quarantined": total,
        "duplicates": decoded.duplicates,
        "reasons": dict(quarantined),
        "waves": _waves(source, decoded, table),
        "units": _units(decoded, table),
        "scales": _scales(source, table),
        "problems": [_told(problem) for problem in _first(decoded.quarantined)],
        "more_problems": max(0, len(decoded.quarantined) - SHOWN),
        "warnings": list(decoded.warnings),
    }
    broken = _promises(source, decoded, quarantined, stray)
    verdict = f"held: {broken}" if broken else "accepted: a run would take it"
    return report | {"accepted": broken is None, "verdict": verdict}


def _known(home: Home, path: Path, code: str) -> str | None:
    """The name these bytes are already known under; the ledger is opened read-only, and only where there is one."""
    ledger = home.restricted / "ledger.sqlite"
    if not ledger.exists():
        return None
    alive = "('claimed', 'candidate', 'accepted')"
    query = f"select name from files where sha256 = ? and source = ? and status in {alive} order by name"
    try:
        with read_only(ledger) as connection:
            names = [name for (name,) in connection.execute(query, (sha256_of(path), code))]
    except sqlite3.Error:
        return None
    return next(iter(names), None)


def _layout(path: Path, spec: SourceSpec) -> Report:
    """Columns of the file and what each one is to the declaration."""
    if spec.kind == "ledger":
        return {}
    try:
        found = opened(path.read_bytes(), None if spec.format == "auto" else spec.format, spec)
    except FileProblem:
        return {}  # decoding will say why
    roles: dict[str, str] = {}
    for key, column in spec.keys.items():
        roles[tidy(column)] = f"key {key}"
    for segment, column in spec.segments.items():
        roles[tidy(column)] = f"segment {segment}"
    for item in spec.items:
        told = (
            f"item {item.code}, scale {item.minimum:g} to {item.maximum:g}"
            if item.maximum is not None
            else f"item {item.code}"
        )
        roles |= {tidy(name): told for name in (item.column, *item.aliases)}
    for measure in spec.measures:
        roles |= {
            tidy(name): f"measure {measure.code}, {measure.scale}"
            for name in (measure.column, *measure.aliases)
        }
    for fact in spec.facts:
        roles |= {
            tidy(name): f"fact {fact.code}" for name in (fact.column, fact.promised, fact.actual) if name
        }
    for choice in spec.choices:
        roles |= {
            tidy(name): f"choice {choice.code}, {len(choice.options)} options"
            for name in (choice.column, *choice.aliases)
        }
    if spec.long:
        roles |= {tidy(spec.long.question): "the question", tidy(spec.long.answer): "the answer"}
    mapped, left = [], []
    for place in range(len(found.layout.names)):
        names = found.names(place)
        role = next((roles[name] for name in names if name in roles), None) or _ticked(spec, names)
        if role:
            mapped.append({"column": names[0], "to": role})
        else:
            left.append({"column": names[0], "why": _unmapped(names, spec)})
    return {"sheet": spec.sheet, "header_row": spec.header_row or 1, "mapped": mapped, "not_mapped": left}


def _ticked(spec: SourceSpec, names: tuple[str, ...]) -> str | None:
    """The choice one of whose options has this column."""
    return next(
        (f"choice {one.code}" for one in spec.choices for name in names if option_of(one, name)), None
    )


def _unmapped(names: tuple[str, ...], spec: SourceSpec) -> str:
    for why, patterns in (("dropped", spec.drop), ("comment", spec.comments)):
        if any(matches_glob(name, tidy(pattern)) for name in names for pattern in patterns):
            return why
    return "the tool's own column, or undeclared"


def _charted(home: Home, decoded: Decoded) -> None:
    if "entry_date" not in decoded.table.column_names:
        return
    days = [day for day in pc.unique(decoded.table["entry_date"]).to_pylist() if day]
    missing = sorted({fiscal_year_of(home, day) for day in days} - chart_years(home))
    if missing:
        years = ", ".join(map(str, missing))
        raise FileProblem(
            "no_chart_of_accounts",
            expected="a chart of accounts for every fiscal year of the file",
            found=f"none for {years}",
            fix=f"add `- {{fiscal_years: [{years}]}}` under charts: in finance.yml",
            status="held",
            records=decoded.records,
        )


def _within(home: Home, source: Source, table: pa.Table) -> pa.Table:
    """The rows whose day lies in a period of the home: those of a continuous source outside are quarantined."""
    if source.waves != "continuous":
        return table
    first, last = span(home)
    days = table["submitted_date"]
    inside = pc.fill_null(pc.and_(pc.greater_equal(days, first), pc.less_equal(days, last)), False)
    if "is_test" in table.column_names:  # what counts in no period needs no day
        inside = pc.or_(inside, pc.and_(pc.is_null(days), table["is_test"]))
    return table.filter(inside)


def _records(table: pa.Table) -> int:
    """Records of a table, which may have several rows each."""
    return len(pc.unique(table["record_number"])) if "record_number" in table.column_names else table.num_rows


def _waves(source: Source, decoded: Decoded, table: pa.Table) -> Report:
    if decoded.wave_code or "wave_code" not in table.column_names:
        return {decoded.wave_code: decoded.accepted} if decoded.wave_code else {}
    if source.waves == "continuous":
        years = pc.year(table["submitted_date"])
        return _counted(years, table)
    return _counted(table["wave_code"], table)


def _counted(column: pa.ChunkedArray, table: pa.Table) -> Report:
    """Records by value of a column that holds a code (a unit, a wave, a year)."""
    pairs = (
        pa.table({"value": column, "record": table["record_number"]})
        .group_by(["value", "record"])
        .aggregate([])
    )
    found = Counter(str(value) for value in pairs["value"].to_pylist() if value is not None)
    return dict(sorted(found.items()))


def _units(decoded: Decoded, table: pa.Table) -> Report:
    """Records by unit code, and the texts that name none: codes of the file, shown as the readers show them."""
    if "unit_code" not in table.column_names:
        return {}
    unknown = [problem for problem in decoded.quarantined if problem.reason == "unknown_unit"]
    texts = Counter(problem.found for problem in unknown if problem.found != WITHHELD)
    hidden = sum(problem.found == WITHHELD for problem in unknown)
    lines = dict.fromkeys(problem.fix for problem in unknown if problem.found != WITHHELD)
    return {
        "matched": _counted(table["unit_code"], table),
        "not_matched": dict(sorted(texts.items())),
        "not_shown": hidden,
        "lines_to_add": list(lines)[:SHOWN],
    }


def _scales(source: Source, table: pa.Table) -> list[Report]:
    """Each item: its declared scale, how many different points were seen, and the share of each missing reason."""
    found: list[Report] = []
    rows = table.num_rows
    for item in source.items:
        if item.code in table.column_names:
            values = table[item.code]
            why = f"{item.code}__why"
            reasons = Counter(table[why].to_pylist()) if why in table.column_names else Counter()
            told = {reason: count for reason, count in reasons.items() if reason}
            told = told or ({"blank": values.null_count} if values.null_count else {})
            found.append(_scale(item.code, f"{item.min:g} to {item.max:g}", values, told, rows))
    coded = source.measures or source.facts
    for one in coded if "measure_code" in table.column_names else []:
        part = table.filter(pc.equal(table["measure_code"], one.code))
        told = Counter(reason for reason in part["missing_reason"].to_pylist() if reason)
        scale = getattr(one, "scale", "yes or no")
        found.append(_scale(one.code, scale, part["value"], dict(told), part.num_rows))
    return found


def _scale(code: str, scale: str, values: pa.ChunkedArray, missing: dict[str, int], rows: int) -> Report:
    return {
        "code": code,
        "scale": scale,
        "answered": rows - values.null_count,
        "points_seen": pc.count_distinct(values, mode="only_valid").as_py(),
        "missing": {reason: round(count / rows, 4) for reason, count in sorted(missing.items())},
    }


def _first(problems: list[Problem]) -> list[Problem]:
    """The first problem of each cause, then the next ones, in the order of the file."""
    causes: dict[tuple[str, str | None, str], Problem] = {}
    for problem in problems:
        causes.setdefault((problem.reason, problem.column, problem.found), problem)
    return sorted(causes.values(), key=lambda one: one.record or 0)[:SHOWN]


def _promises(source: Source, decoded: Decoded, quarantined: Counter[str], stray: int) -> str | None:
    """The declared promise that a run would hold the file for; None where it keeps them all."""
    if decoded.accepted - stray <= 0:
        return "no record would be accepted; the first problems say why"
    checks = source.checks
    for reason, limit, key in (
        ("unknown_unit", checks.unknown_unit_max_share, "unknown_unit_max_share"),
        ("out_of_scale", checks.out_of_scale_max_share, "out_of_scale_max_share"),
    ):
        share = quarantined[reason] / decoded.records
        if source.kind != "ledger" and share > limit:
            return (
                f"{quarantined[reason]} of {decoded.records} records ({share:.1%}) have {reason.replace('_', ' ')},"
                f" above `{key}: {limit:g}`; add the lines below, or raise it under checks"
            )
    return None
