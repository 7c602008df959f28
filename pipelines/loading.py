"""From the vault to raw: decode an original, pseudonymise, write its Parquet, commit what became of each record."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from pipelines.declared import Home, checks_digest, decoding_digest, source_spec
from pipelines.failpoints import failpoint
from pipelines.files import replacing, sha256_of
from pipelines.ingest import Decoded, FileProblem, Problem, decode
from pipelines.ledger import LOST, Entry, Ledger, Refusal
from pipelines.privacy import KEY_VARIABLE, KeyRefusedError, key_mark, load_or_make_key
from pipelines.rawfile import RawFile


class RegressionError(Exception):
    """A declaration would take back what was accepted; str() is a sentence."""


def key_of(ledger: Ledger, place: Path, anew: bool = False) -> tuple[bytes, bool]:
    """The pseudonym key (RELIER_KEY, else that of `place`, made on the first run), and whether it is another one than
    that of the answers in raw: KeyRefusedError then, or where that is gone, unless everything is decoded `anew`.
    """
    known = ledger.fact("key")
    if known and not anew and not place.exists() and KEY_VARIABLE not in os.environ:
        raise KeyRefusedError(
            "the pseudonym key is gone from the vault; put its copy back, or make a new one and"
            " decode everything again with `relier run --full-refresh`"
        )
    key = load_or_make_key(place)
    changed = known not in (None, key_mark(key))
    if changed and not anew:
        raise KeyRefusedError(
            "the pseudonym key is not the one the answers were keyed with; put that one back, or decode"
            " everything again with `relier run --full-refresh`"
        )
    return key, changed


def pending(home: Home, ledger: Ledger, kind: str, full_refresh: bool = False) -> list[Entry]:
    """Files of `kind` to decode: newly claimed, asked again, whose Parquet is gone, or that now read differently."""
    digests = {
        code: decoding_digest(source_spec(home, code))
        for code, source in home.sources.items()
        if source.kind == kind
    }
    asked = ledger.replays()
    return [
        entry
        for entry in ledger.files(kind=kind)
        if entry.status != "duplicate"
        and entry.source in digests
        and (
            full_refresh
            or entry.status == "claimed"
            or (entry.name, entry.sha256) in asked
            or reads_otherwise(home, entry, digests[entry.source])
        )
    ]


def set_back(home: Home, ledger: Ledger) -> None:
    """Files whose Parquet is gone are as if just claimed: no step may look for it before it is decoded again."""
    gone = [entry for entry in ledger.files() if entry.source in home.sources and _gone(home, entry)]
    ledger.record_all(
        [(replace(entry, status="claimed", parquet=None, slot=_counted_as(entry)), None) for entry in gone]
    )


def _counted_as(entry: Entry) -> str | None:
    """The slot of which the file is a version as far as the marts know; None where it never counted."""
    known = entry.status in {"accepted", "superseded", "claimed"} or entry.reason == LOST
    return entry.slot if known else None


def reads_otherwise(home: Home, entry: Entry, digest: str) -> bool:
    """Whether decoding it again could say something else than the books: `digest` is that of its declaration now."""
    if entry.reason == LOST:
        return lost(home, entry) is None
    if entry.reason == "broken_promise":  # its checks count too: relaxed, they may let it pass
        digest = f"{digest}-{checks_digest(home.sources[str(entry.source)])}"
    return entry.declaration != digest or _gone(home, entry)


def lost(home: Home, entry: Entry) -> str | None:
    """What is wrong with its original in the vault; None when that has the bytes that were claimed."""
    original = home.vault / "originals" / str(entry.sha256)
    if not original.is_file():
        return "is missing from the vault"
    # one just claimed, never decoded, was hashed on its way there
    sound = (entry.status == "claimed" and entry.declaration is None) or sha256_of(original) == entry.sha256
    return None if sound else "is not the file it was"


def _gone(home: Home, entry: Entry) -> bool:
    """Its Parquet is not there any more, or is named as another's; the original is, and says the same again."""
    return bool(entry.parquet) and not (
        Path(entry.decoded).name.startswith(entry.file_id)
        and all((home.restricted / part).exists() for part in {str(entry.parquet), entry.decoded})
    )


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
        if wrong := lost(home, entry):
            loaded, refusals = _stranded(home, ledger, replace(entry, run_id=run_id), wrong, full_refresh)
        else:
            loaded, refusals = _load_one(home, replace(entry, run_id=run_id), key)
        if entry.status == "accepted" and loaded.status not in {"candidate", "accepted"} and not wrong:
            withdrawn.append(str(loaded.message).rstrip("."))
            continue
        ledger.record(loaded, refusals)
        failpoint("decode.recorded")
        done.append(loaded)
        if told:
            told(loaded)
    _count_duplicates(ledger, kind)
    if withdrawn:
        raise regression(withdrawn)
    return done


def regression(withdrawn: Sequence[str]) -> RegressionError:
    """The error of accepted files that are now refused, each told by a sentence."""
    more = f" (and {len(withdrawn) - 2} more)" if len(withdrawn) > 2 else ""
    return RegressionError(
        f"a declaration now refuses {len(withdrawn)} file(s) it had accepted: {'; '.join(withdrawn[:2])}{more}."
        " Mend the declaration; the files stay as they were"
    )


def _stranded(
    home: Home, ledger: Ledger, entry: Entry, wrong: str, anew: bool
) -> tuple[Entry, list[Refusal]]:
    """A file whose original is lost: what was decoded of it as declared now stays, else it is held by name.

    `anew`: what was decoded cannot stay beside the rest, which may be keyed with another key.
    """
    base = _undecided(home, entry)
    if entry.parquet and not anew and not _gone(home, entry) and entry.declaration == base.declaration:
        told = f"its original {wrong}, so what was decoded before stays; see `relier doctor`"
        kept = [told, *(one for one in entry.warnings if not one.startswith("its original "))]
        return replace(entry, warnings=tuple(kept)), [one for _, one in ledger.refusals(entry)]
    problem = FileProblem(
        LOST,
        expected="the original it was claimed with",
        found=f"one that {wrong}",
        fix="`relier doctor --repair` copies it again if landing/ still has it; else put it back from a copy of the"
        " vault, or have the file sent again",
        status="held",
    )
    problem.records = entry.records
    # it still is the version of its wave: an older one must not count in its place
    held, refusals = _set_aside(base, problem)
    return replace(held, slot=_counted_as(entry), wave=entry.wave), refusals


def _undecided(home: Home, entry: Entry) -> Entry:
    """The entry as it is before its file is decoded as declared now."""
    code = str(entry.source)
    return replace(
        entry,
        declaration=decoding_digest(source_spec(home, code)),
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


def _load_one(home: Home, entry: Entry, key: bytes) -> tuple[Entry, list[Refusal]]:
    try:
        return decode_one(home, entry, key)
    except FileProblem as problem:
        return _set_aside(_undecided(home, entry), problem)


def decode_one(home: Home, entry: Entry, key: bytes) -> tuple[Entry, list[Refusal]]:
    """The original of `entry` written to raw: the entry as a candidate, and its refused records.

    Raises FileProblem where the file cannot be taken; nothing is written then.
    """
    code = str(entry.source)
    spec, base = source_spec(home, code), _undecided(home, entry)
    folder = home.restricted / "raw" / str(entry.kind) / code
    with RawFile(home, folder, spec, entry.file_id, key) as file:
        original = home.vault / "originals" / str(entry.sha256)
        decoded = decode(original, entry.name.rsplit("/", 1)[-1], spec, file.add)
        file.refuse_uncharted(decoded.records)
        refusals = [_refusal(problem) for problem in (*decoded.quarantined, *file.strays)]
        loaded = replace(_accounted(home, base, decoded, refusals), rows_hash=file.rows_hash)
        failpoint("decode.read")
        with replacing(home.restricted / str(loaded.parquet)) as temporary:
            os.replace(file.sealed(), temporary)
    failpoint("decode.written")
    return loaded, refusals


def _accounted(home: Home, base: Entry, decoded: Decoded, refusals: list[Refusal]) -> Entry:
    """What became of each record of a decoded file."""
    accepted = decoded.records - decoded.duplicates - len(refusals)
    return replace(
        base,
        status="candidate",
        wave=decoded.wave_code,
        records=decoded.records,
        accepted=accepted,
        sound=accepted,
        quarantined=len(refusals),
        duplicate=decoded.duplicates,
        format=decoded.format,
        encoding=decoded.encoding,
        delimiter=decoded.delimiter,
        warnings=tuple(decoded.warnings),
        slot=_slot(home, base, decoded),
        parquet=f"raw/{base.kind}/{base.source}/{base.file_id}-{base.declaration}.parquet",
        unknown_units=sum(refusal.reason == "unknown_unit" for refusal in refusals),
        out_of_scale=sum(refusal.reason == "out_of_scale" for refusal in refusals),
    )


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


def _slot(home: Home, entry: Entry, decoded: Decoded) -> str | None:
    """What a later version of the same thing replaces: a wave, a fiscal year's ledger, or the file itself."""
    source = home.sources[str(entry.source)]
    if source.resend == "append":
        return f"{entry.name}:{entry.sha256}"
    if entry.kind == "ledger":
        return f"{decoded.company_code}:{decoded.closing_date}"
    return decoded.wave_code or entry.name


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
