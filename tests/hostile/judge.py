"""What every reader owes to any file: a balanced answer or a sentence, no cell quoted, nothing lost, little memory."""

from __future__ import annotations

import csv
import ctypes
import gc
import io
import json
import re
import resource
import time
import traceback
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pipelines.ingest import Decoded, FileProblem, SourceSpec, decode
from tests.hostile.mutants import Mutant
from tests.hostile.originals import CANARY

MOST_SECONDS, MOST_MEGABYTES = 30, 1024
LONGEST_SENTENCE = 2_000
# What a terminal or a log would take for a command, a new line or another direction of writing.
UNPRINTABLE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u200b\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff]"
)
HEADERS = {"qualtrics_csv": (2, 3), "surveymonkey_csv": (2,), "fec": (0, 1)}
NOTHING = " \t\r\n\"'\xa0"


@dataclass(frozen=True)
class Verdict:
    """What became of a mutant; `wrong` are the promises broken, a sentence each. MB of memory, seconds of work."""

    number: int
    label: str
    kinds: tuple[str, ...]
    outcome: str
    wrong: tuple[str, ...]
    seconds: float = 0.0
    megabytes: int = 0


def judge(mutant: Mutant, path: Path) -> Verdict:
    """Decode by the original's declaration and by `format: auto`; `path` holds the bytes on return."""
    path.write_bytes(mutant.raw)
    wrong: list[str] = []
    outcomes, seconds, megabytes = [], 0.0, 0
    for form in (mutant.original.spec.format, "auto"):
        spec = replace(mutant.original.spec, format=form)
        answer, broken, took, size = _attempt(path, mutant.name, spec)
        seconds, megabytes = max(seconds, took), max(megabytes, size)
        if answer is not None:
            broken += _told(answer, mutant)
            outcomes.append(answer.reason if isinstance(answer, FileProblem) else "decoded")
        if isinstance(answer, Decoded):
            broken += _kept_all(answer, mutant, spec)
        if took > MOST_SECONDS:
            broken.append(f"took {took:.0f} s")
        if size > MOST_MEGABYTES:
            broken.append(f"took {size} MB")
        wrong += [f"{form}: {said}" for said in broken]
    return Verdict(
        mutant.number, mutant.original.label, mutant.kinds, " / ".join(dict.fromkeys(outcomes)) or "crashed",
        tuple(wrong), round(seconds, 2), megabytes,
    )  # fmt: skip


def _attempt(
    path: Path, name: str, spec: SourceSpec
) -> tuple[Decoded | FileProblem | None, list[str], float, int]:
    """(what decode said, what it should not have raised, seconds of processor, MB at most)."""
    _forget_memory()
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    begun = time.process_time() + children.ru_utime + children.ru_stime
    answer: Decoded | FileProblem | None = None
    wrong = []
    try:
        answer = decode(path, name, spec)
    except FileProblem as problem:
        answer = problem
    except Exception as error:  # noqa: BLE001 - nothing else may come out: this is what is looked for
        where = traceback.extract_tb(error.__traceback__)[-1]
        wrong.append(
            f"{type(error).__name__} in {Path(where.filename).name}:{where.lineno}: {str(error)[:200]}"
        )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    took = time.process_time() + after.ru_utime + after.ru_stime - begun
    grown = after.ru_maxrss if after.ru_maxrss > children.ru_maxrss else 0
    return answer, wrong, took, _peak() + (grown >> 10)


def _forget_memory() -> None:
    """Give back what earlier trials used, and measure the peak from here."""
    import pyarrow as pa

    gc.collect()
    pa.default_memory_pool().release_unused()
    ctypes.CDLL(None).malloc_trim(0)
    Path("/proc/self/clear_refs").write_text("5")


def _peak() -> int:
    """Most resident memory of this process since `_forget_memory`, in MB."""
    return int(re.findall(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())[0]) >> 10


# ---- what is said ------------------------------------------------------------------------------------------


def _told(answer: Decoded | FileProblem, mutant: Mutant) -> list[str]:
    if isinstance(answer, FileProblem):
        sentences = [str(answer)]
        problems = answer.problems
        short = [
            field for field in ("reason", "expected", "found", "fix") if not getattr(answer, field).strip()
        ]
        wrong = [f"a refusal without {field}" for field in short]
        if answer.status not in {"refused", "held"} or answer.records < 0:
            wrong.append(f"status {answer.status}, {answer.records} records")
    else:
        sentences, problems, wrong = list(answer.warnings), answer.quarantined, []
    # a unit is a code, and is named, so that its alias can be declared
    sentences += [
        f"{p.reason} {p.column} {p.expected} {'' if p.reason == 'unknown_unit' else p.found + ' ' + p.fix}" for p in problems
    ]  # fmt: skip
    for said in sentences:
        if CANARY in said and not _in_header(mutant):
            wrong.append(f"a cell is quoted: {said[:300]!r}")
        if UNPRINTABLE.search(said):
            wrong.append(f"not printable: {said[:300]!r}")
        if len(said) > LONGEST_SENTENCE:
            wrong.append(f"{len(said)} characters: {said[:100]!r}")
    return wrong[:5]


def _in_header(mutant: Mutant) -> bool:
    """Whether the mutation put a cell where a header is read: its name may then be told."""
    if mutant.original.family in {"zip", "ole", "sav"}:
        return "cells" in mutant.kinds or "bytes" in mutant.kinds or "parts" in mutant.kinds
    if mutant.original.family == "json":
        return "keys" in mutant.kinds
    head = mutant.raw[: 1 << 16].replace(b"\0", b"")
    lines = re.split(rb"[\r\n]+", head.lstrip(b"\xef\xbb\xbf\xff\xfe\r\n"))
    return CANARY.encode() in b"".join(lines[: max(HEADERS.get(mutant.original.spec.format, (1,)))])


# ---- what is kept ------------------------------------------------------------------------------------------


def _kept_all(decoded: Decoded, mutant: Mutant, spec: SourceSpec) -> list[str]:
    wrong = []
    if decoded.records != decoded.accepted + len(decoded.quarantined) + decoded.duplicates:
        wrong.append("the books do not balance")
    if (
        spec.kind in {"responses", "ledger"}
        and not spec.long
        and not spec.statement
        and decoded.table.num_rows != decoded.accepted
    ):
        wrong.append(f"{decoded.accepted} accepted, {decoded.table.num_rows} rows")
    numbers = [problem.record for problem in decoded.quarantined]
    if set(numbers) & set(decoded.table["record_number"].to_pylist()):
        wrong.append("a record is accepted and quarantined")
    counted = None
    if decoded.format == "pnl":
        return wrong  # months and sums: a line is not a record
    if decoded.delimiter is not None and mutant.raw[:2] not in (b"PK", b"\xd0\xcf"):
        counted = count_text(mutant.raw, decoded)
    elif mutant.original.family == "json":
        counted = count_json(mutant.raw, spec.records)
    if counted and not any(low <= decoded.records <= high for low, high in counted):
        wrong.append(f"{decoded.records} records, where a simple count finds {counted}")
    return wrong


def count_text(raw: bytes, decoded: Decoded) -> list[tuple[int, int]] | None:
    """(fewest, most) records for each plausible header, by the csv module; None where it and we need not agree."""
    csv.field_size_limit(1 << 30)
    quoting = csv.QUOTE_NONE if decoded.format == "fec" else csv.QUOTE_MINIMAL
    try:
        text = raw.decode(decoded.encoding).lstrip("\ufeff").replace("\0", "")
        rows = [
            row
            for row in csv.reader(
                io.StringIO(text, newline=""),
                delimiter=decoded.delimiter or ",",
                strict=True,
                quoting=quoting,
            )
            if row
        ]
    except (csv.Error, UnicodeError):
        return None  # a quote after a closing quote: the module guesses, we do not
    found = []
    for headers in HEADERS.get(decoded.format, (1,)):
        body = rows[headers:]
        filled = sum(any(cell.strip(NOTHING) for cell in row) for row in body)
        found.append((filled, len(body)))
    return found


def count_json(raw: bytes, path: str | None) -> list[tuple[int, int]] | None:
    """The length of the one list at `path`; None where there are several documents or a key twice."""

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        if len({key for key, _ in pairs}) != len(pairs):
            raise ValueError("a key twice")
        return dict(pairs)

    try:
        found = json.loads(raw.decode("utf-8-sig"), object_pairs_hook=once)
    except (ValueError, RecursionError):
        return None
    for part in path.split(".") if path else []:
        if not isinstance(found, dict) or part not in found:
            return None
        found = found[part]
    return [(len(found), len(found))] if isinstance(found, list) and path else None
