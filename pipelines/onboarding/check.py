"""What a run would do with a file, told without writing anything: whose it is, how it reads, what would be held back.

Counts, names of columns, unit codes and scales; never a cell of a person.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import Any

import polars as pl

from pipelines.claims import ALLOWED, name_in, owners
from pipelines.declared import Home, source_spec
from pipelines.declared.sources import Source
from pipelines.ingest import WITHHELD, FileProblem, Problem, SourceSpec
from pipelines.ingest.choices import option_of
from pipelines.ingest.header import matches_glob, quote, tidy
from pipelines.ledger import Entry, Refusal
from pipelines.loading import RegressionError
from pipelines.onboarding.look import WHY, head_of, look_at, opened
from pipelines.privacy import KeyRefusedError
from pipelines.rehearsal import Rehearsal, rehearsed

TEXTS = {".csv", ".tsv", ".txt"}
HEAD = 1 << 20  # bytes of a text in which its header is
SHOWN = 10  # problems written out
Report = dict[str, Any]


def check(path: Path, home: Home, source: str | None = None) -> Report:
    """The report on one file, JSON-ready; `accepted` says whether a run would take it."""
    report: Report = {"file": path.name, "home": home.organisation.name, "accepted": False, "source": None}
    try:
        if told := _not_sent(path, home):
            return report | {"verdict": told}
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
        return report | {"source": mine[0], "why_source": why} | _read(path, home, mine[0])
    except FileProblem as problem:
        return report | _refused(problem)
    except OSError as error:
        return report | {"verdict": f"the file cannot be read: {error.strerror}"}


def _not_sent(path: Path, home: Home) -> str | None:
    """Why a run would not even open it, whatever it holds."""
    if path.is_symlink() and path.parent.resolve().is_relative_to(home.landing):
        return "a link, which a run never follows out of landing; send the file itself"
    if name_in(path.parent, path) != path.name:
        return "its name is not UTF-8; rename the file"
    return None


def _refused(problem: FileProblem) -> Report:
    return {
        "records": problem.records,
        "verdict": f"{'held' if problem.status == 'held' else 'refused'}: {problem}",
        "problems": [_told(one) for one in problem.problems[:SHOWN]],
        "more_problems": max(0, len(problem.problems) - SHOWN),
    }


def _told(problem: Problem | Refusal) -> Report:
    told = asdict(problem)
    told.pop("records", None)
    return told


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


def _read(path: Path, home: Home, code: str) -> Report:
    source, spec = home.sources[code], source_spec(home, code)
    report: Report = {"kind": source.kind, "owner": source.owner} | _layout(path, spec)
    try:
        with rehearsed(home, path, code) as done:
            return report | _rehearsed(home, source, done)
    except FileProblem as problem:
        return report | _refused(problem)
    except (KeyRefusedError, RegressionError) as error:
        return report | {"verdict": f"a run would be refused: {error}"}


def _rehearsed(home: Home, source: Source, done: Rehearsal) -> Report:
    entry = done.entry
    told = str(entry.message or "").removeprefix(f"{entry.name}: ")
    about: Report = {"changes": [_changed(one) for one in done.others], "warnings": list(entry.warnings)}
    if done.without_books:
        about["warnings"].append(
            "the ledger cannot be read: tried as if nothing had come before; see `relier doctor`"
        )
    if done.rows is None or done.as_before:
        if entry.status in {"accepted", "duplicate"}:
            twin = told.removeprefix("the same bytes as ").split("; ")[0] or entry.name
            same = "" if twin == entry.name else f"the same bytes as {twin}, "
            then = "but it would count again" if done.others else "nothing to do"
            return about | {"duplicate_of": twin, "verdict": f"a duplicate: {same}known already; {then}"}
        return about | {"verdict": f"known already, {told.replace('held, ', 'held: ', 1)}"}
    rows = pl.scan_parquet(done.rows, glob=False)
    # what holds a whole file is its verdict; its records are accounted for one by one
    own = [one for one in done.refusals if one.record is not None]
    report = about | {
        "format": entry.format,
        "why_format": WHY.get(str(entry.format), "declared as a plain table"),
        "encoding": entry.encoding,
        "delimiter": entry.delimiter,
        "records": entry.records,
        "would_be_accepted": entry.accepted if entry.status == "accepted" else entry.sound,
        "would_be_quarantined": sum(one.records for one in own),
        "reasons": dict(Counter(one.reason for one in own)),
        "waves": _waves(source, entry, rows),
        "units": _units(own, rows),
        "scales": _scales(str(entry.source), source, rows),
        "problems": [_told(one) for one in _first(own)],
        "more_problems": max(0, len(own) - SHOWN),
    }
    report["duplicates"] = entry.records - report["would_be_accepted"] - report["would_be_quarantined"]
    if entry.status == "accepted":
        return report | {"accepted": True, "verdict": "accepted: a run would take it"}
    if entry.status == "superseded":
        return report | {"verdict": f"not counted: {told}"}
    return report | {"verdict": f"held: {_promise(source, entry) or told.removeprefix('held, ')}"}


def _changed(other: Entry) -> str:
    """What the run would do to another file."""
    if other.status == "accepted":
        return f"{other.name}: {other.accepted:,} of its {other.records:,} records would count"
    return str(other.message)


def _layout(path: Path, spec: SourceSpec) -> Report:
    """Columns of the file and what each one is to the declaration."""
    if spec.kind == "ledger":
        return {}
    try:
        found = opened(_beginning(path), None if spec.format == "auto" else spec.format, spec)
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


def _beginning(path: Path) -> bytes:
    """As much of a file as shows its header; a text needs no more than its first records."""
    with path.open("rb") as file:
        if path.suffix.lower() in TEXTS:
            return head_of(file.read(HEAD + 1), HEAD)
        return file.read()


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


def _waves(source: Source, entry: Entry, rows: pl.LazyFrame) -> Report:
    if entry.wave or "wave_code" not in rows.collect_schema():
        return {entry.wave: entry.sound} if entry.wave else {}
    if source.waves == "continuous":
        return _counted(rows, pl.col("submitted_date").dt.year())
    return _counted(rows, pl.col("wave_code"))


def _counted(rows: pl.LazyFrame, value: pl.Expr) -> Report:
    """Records by what is a code (a unit, a wave, a year)."""
    counts = rows.group_by(value.alias("value")).agg(pl.col("record_number").n_unique())
    return {str(code): count for code, count in counts.drop_nulls("value").sort("value").collect().rows()}


def _units(refusals: list[Refusal], rows: pl.LazyFrame) -> Report:
    """Records by unit code, and the texts that name none: codes of the file, shown as the readers show them."""
    if "unit_code" not in rows.collect_schema():
        return {}
    unknown = [one for one in refusals if one.reason == "unknown_unit"]
    texts = Counter(problem.found for problem in unknown if problem.found != WITHHELD)
    hidden = sum(problem.found == WITHHELD for problem in unknown)
    lines = dict.fromkeys(problem.fix for problem in unknown if problem.found != WITHHELD)
    return {
        "matched": _counted(rows, pl.col("unit_code")),
        "not_matched": dict(sorted(texts.items())),
        "not_shown": hidden,
        "lines_to_add": list(lines)[:SHOWN],
    }


def _scales(code: str, source: Source, rows: pl.LazyFrame) -> list[Report]:
    """Each item: its declared scale, how many different points were seen, and the share of each missing reason."""
    found: list[Report] = []
    names = rows.collect_schema().names()
    for item in source.items:
        column = f"{code}__{item.code}"
        if column in names:
            why = f"{column}__why" if f"{column}__why" in names else None
            found.append(_scale(item.code, f"{item.min:g} to {item.max:g}", rows, column, why))
    for one in (source.measures or source.facts) if "measure_code" in names else []:
        part = rows.filter(pl.col("measure_code") == one.code)
        found.append(_scale(one.code, getattr(one, "scale", "yes or no"), part, "value", "missing_reason"))
    return found


def _scale(code: str, scale: str, rows: pl.LazyFrame, column: str, why: str | None) -> Report:
    value = pl.col(column)
    asked = rows.select(
        pl.len().alias("rows"), value.count().alias("answered"), value.drop_nulls().n_unique()
    )
    total, answered, points = asked.collect().row(0)
    missing: dict[str, int] = {}
    if why:
        missing = dict(rows.group_by(why).len().drop_nulls(why).sort(why).collect().rows())
    missing = missing or ({"blank": total - answered} if total > answered else {})
    return {
        "code": code,
        "scale": scale,
        "answered": answered,
        "points_seen": points,
        "missing": {reason: round(count / total, 4) for reason, count in missing.items()},
    }


def _first(refusals: list[Refusal]) -> list[Refusal]:
    """The first problem of each cause, then the next ones, in the order of the file."""
    causes: dict[tuple[str, str | None, str], Refusal] = {}
    for one in refusals:
        causes.setdefault((one.reason, one.column, one.found), one)
    return sorted(causes.values(), key=lambda one: one.record or 0)[:SHOWN]


def _promise(source: Source, entry: Entry) -> str | None:
    """The broken promise in figures, with the setting it rests on; None where the run's own sentence says it."""
    if entry.accepted + entry.sound <= 0:
        return "no record would be accepted; the first problems say why"
    if entry.reason != "broken_promise":
        return None
    for count, what, limit in (
        (entry.unknown_units, "unknown_unit", source.checks.unknown_unit_max_share),
        (entry.out_of_scale, "out_of_scale", source.checks.out_of_scale_max_share),
    ):
        share = count / entry.records
        if share > limit and len(entry.checks_failed) == 1:
            return (
                f"{count} of {entry.records} records ({share:.1%}) have {what.replace('_', ' ')},"
                f" above `{what}_max_share: {limit:g}`; mend what the first problems name, or raise it under checks"
            )
    return None
