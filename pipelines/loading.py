"""From the vault to raw: decode an original, pseudonymise, write its Parquet, commit what became of each record."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.declared import Home, chart_years, decoding_digest, fiscal_year_of, source_spec, span
from pipelines.files import private_folder, replacing
from pipelines.ingest import Decoded, FileProblem, Problem, SourceSpec, decode
from pipelines.ledger import Entry, Ledger, Refusal
from pipelines.privacy import pseudonymise


class RegressionError(Exception):
    """A declaration would take back what was accepted; str() is a sentence."""


def pending(home: Home, ledger: Ledger, kind: str, full_refresh: bool = False) -> list[Entry]:
    """Files of `kind` to decode: newly claimed, or whose declaration now reads the same bytes differently."""
    digests = {
        code: decoding_digest(source_spec(home, code))
        for code, source in home.sources.items()
        if source.kind == kind
    }
    return [
        entry
        for entry in ledger.files(kind=kind)
        if entry.status != "duplicate"
        and entry.source in digests
        and (full_refresh or entry.status == "claimed" or entry.declaration != digests[entry.source])
    ]


def load(
    home: Home,
    ledger: Ledger,
    kind: str,
    key: bytes,
    run_id: str,
    full_refresh: bool = False,
    told: Callable[[Entry], None] | None = None,
) -> list[Entry]:
    """Decode every pending file of `kind`; a file that fails is held or refused by name and never stops the others.

    Raises RegressionError when a changed declaration would withdraw files that were accepted under the last
    one: that is a mistake in the declaration, and what was accepted stays as it was.
    """
    done, withdrawn = [], []
    for entry in pending(home, ledger, kind, full_refresh):
        loaded, refusals = _load_one(home, replace(entry, run_id=run_id), key)
        if entry.status == "accepted" and loaded.status != "candidate":
            withdrawn.append(str(loaded.message).rstrip("."))
            continue
        ledger.record(loaded, refusals)
        done.append(loaded)
        if told:
            told(loaded)
    _count_duplicates(ledger, kind)
    if withdrawn:
        more = f" (and {len(withdrawn) - 2} more)" if len(withdrawn) > 2 else ""
        raise RegressionError(
            f"a declaration now refuses {len(withdrawn)} file(s) it had accepted: {'; '.join(withdrawn[:2])}{more}."
            " Mend the declaration; the files stay as they were"
        )
    return done


def _load_one(home: Home, entry: Entry, key: bytes) -> tuple[Entry, list[Refusal]]:
    code = str(entry.source)
    spec = source_spec(home, code)
    base = replace(
        entry,
        declaration=decoding_digest(spec),
        declaration_version=home.sources[code].version,
        parquet=None,
        slot=None,
        rows_hash=None,
        reason=None,
        message=None,
        warnings=(),
        checks_passed=None,
        checks_total=None,
        checks_failed=(),
        unknown_units=0,
        out_of_scale=0,
    )
    try:
        decoded = decode(home.vault / "originals" / entry.sha256, entry.name.rsplit("/", 1)[-1], spec)
        _refuse_uncharted(home, decoded)
        decoded = _within_periods(home, code, decoded)
    except FileProblem as problem:
        return _set_aside(base, problem)
    refusals = [_refusal(problem) for problem in decoded.quarantined]
    table = _keyed(decoded, spec, entry, key)
    loaded = replace(
        base,
        status="candidate",
        wave=decoded.wave_code,
        records=decoded.records,
        accepted=decoded.accepted,
        sound=decoded.accepted,
        quarantined=len(refusals),
        duplicate=decoded.duplicates,
        format=decoded.format,
        encoding=decoded.encoding,
        delimiter=decoded.delimiter,
        warnings=tuple(decoded.warnings),
        slot=_slot(home, entry, decoded),
        rows_hash=_rows_hash(table),
        parquet=f"raw/{entry.kind}/{code}/{entry.file_id}-{base.declaration}-{_short(decoded.wave_code)}.parquet",
        unknown_units=sum(refusal.reason == "unknown_unit" for refusal in refusals),
        out_of_scale=sum(refusal.reason == "out_of_scale" for refusal in refusals),
    )
    _write(table, home.restricted / str(loaded.parquet))
    return loaded, refusals


def _short(wave: str | None) -> str:
    """A wave in a file name: the same bytes under another name may belong to another wave."""
    return hashlib.sha256((wave or "").encode()).hexdigest()[:4]


def _set_aside(base: Entry, problem: FileProblem) -> tuple[Entry, list[Refusal]]:
    """A file that cannot be loaded: all its records are in quarantine, under one reason."""
    column = problem.problems[0].column if problem.problems else None
    refusal = Refusal(
        problem.reason, problem.expected, problem.found, problem.fix, column=column, records=problem.records
    )
    entry = replace(
        base,
        status="held" if problem.status == "held" else "refused",
        reason=problem.reason,
        message=f"{base.name}: {problem}",
        records=problem.records,
        accepted=0,
        sound=0,
        quarantined=problem.records,
        duplicate=0,
        wave=None,
    )
    return entry, [refusal]


def _refusal(problem: Problem) -> Refusal:
    return Refusal(
        problem.reason,
        problem.expected,
        problem.found,
        problem.fix,
        problem.record,
        problem.line,
        problem.column,
    )


def _refuse_uncharted(home: Home, decoded: Decoded) -> None:
    """A line of a year without a chart of accounts would be counted nowhere: the file is held, the year named."""
    if "entry_date" not in decoded.table.column_names:
        return
    days = [day for day in decoded.table["entry_date"].unique().to_pylist() if day]
    missing = sorted({fiscal_year_of(home, day) for day in days} - chart_years(home))
    if missing:
        years = ", ".join(map(str, missing))
        raise FileProblem(
            reason="no_chart_of_accounts",
            expected="a chart of accounts for every fiscal year of the file",
            found=f"none for {years}",
            fix=f"add `- {{fiscal_years: [{years}]}}` under charts: in {home.path.name}/declarations/finance.yml",
            status="held",
            records=decoded.records,
            problems=[],
        )


def _within_periods(home: Home, code: str, decoded: Decoded) -> Decoded:
    """An answer of a continuous source lies in a period or in quarantine: a stray year must not block the home."""
    if home.sources[code].waves != "continuous":
        return decoded
    import pyarrow.compute as pc

    first, last = span(home)
    days = decoded.table["submitted_date"]
    inside = pc.fill_null(pc.and_(pc.greater_equal(days, first), pc.less_equal(days, last)), False)
    stray = decoded.table.filter(pc.invert(inside))["record_number"].to_pylist()
    if not stray:
        return decoded
    column = home.sources[code].keys.submitted_at
    fix = "correct it in the tool and send the file again, or widen units.csv's first valid_from"
    problems = [
        Problem(n, None, column, "bad_date", f"a day from {first} to {last}", "withheld", fix) for n in stray
    ]
    return replace(
        decoded,
        table=decoded.table.filter(inside),
        accepted=decoded.accepted - len(stray),
        quarantined=[*decoded.quarantined, *problems],
    )


def _keyed(decoded: Decoded, spec: SourceSpec, entry: Entry, key: bytes) -> pa.Table:
    """Replace identities by pseudonyms, prefix items by their source, and say where each row comes from."""
    table = decoded.table
    if spec.kind == "responses":
        # LimeSurvey and Forms number the answers of each survey from 1: a response is unique in its wave
        wave = spec.code if decoded.wave_code is None else f"{spec.code}/{decoded.wave_code}"
        table = pseudonymise(table, {"response_id": "response_key"}, key, wave)
        table = pseudonymise(table, {"respondent_id": "respondent_key"}, key, spec.code)
        own = {item.code for item in spec.items}
        table = table.rename_columns(
            [
                f"{spec.code}__{name}" if name.removesuffix("__why") in own else name
                for name in table.column_names
            ]
        )
    if spec.kind == "ledger":
        table = _hide_third_parties(table, key, spec.code)
    origin = [("source_code", spec.code), ("file_id", entry.file_id)]
    for position, (name, value) in enumerate(origin):
        table = table.add_column(
            position,
            name,
            pa.array([value] * table.num_rows, pa.string()).dictionary_encode().cast(pa.string()),
        )
    return table


def _hide_third_parties(table: pa.Table, key: bytes, namespace: str) -> pa.Table:
    """A third-party code is a person as often as a company: kept clear only when it is a declared cost centre."""
    import pyarrow.compute as pc

    hidden = pseudonymise(
        table.select(["auxiliary_code"]), {"auxiliary_code": "auxiliary_key"}, key, namespace
    )["auxiliary_key"]
    shown = pc.if_else(table["auxiliary_is_alias"], table["auxiliary_code"].cast(pa.string()), hidden)
    position = table.column_names.index("auxiliary_code")
    return table.set_column(position, "auxiliary_code", shown).drop_columns(["auxiliary_is_alias"])


def _slot(home: Home, entry: Entry, decoded: Decoded) -> str | None:
    """What a later version of the same thing replaces: a wave, a fiscal year's ledger, or the file itself."""
    source = home.sources[str(entry.source)]
    if source.resend == "append":
        return f"{entry.name}:{entry.sha256}"
    if entry.kind == "ledger":
        return f"{decoded.company_code}:{decoded.closing_date}"
    return decoded.wave_code or entry.name


def _rows_hash(table: pa.Table) -> str:
    """SHA-256 of the rows in key order: the canonical content of a file, whatever order its tool wrote it in."""
    body = table.drop_columns([name for name in ("file_id", "record_number") if name in table.column_names])
    ordered = body.sort_by("response_key") if "response_key" in body.column_names else body
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, ordered.schema) as writer:
        writer.write_table(ordered.combine_chunks())
    return hashlib.sha256(sink.getvalue()).hexdigest()


def _write(table: pa.Table, path: Path) -> None:
    private_folder(path.parent)
    with replacing(path) as temporary:
        pq.write_table(table, temporary, compression="zstd", use_dictionary=True)


def _count_duplicates(ledger: Ledger, kind: str) -> None:
    """A copy of the same bytes has as many records as its twin, and all of them are duplicates."""
    files = ledger.files(kind=kind)
    records = {(entry.source, entry.sha256): entry.records for entry in files if entry.status != "duplicate"}
    changes: Sequence[tuple[Entry, list[Refusal] | None]] = [
        (replace(entry, records=count, duplicate=count), None)
        for entry in files
        if entry.status == "duplicate"
        and (count := records.get((entry.source, entry.sha256), 0)) != entry.records
    ]
    ledger.record_all(changes)
