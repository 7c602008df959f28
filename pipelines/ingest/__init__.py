"""Pure readers: the bytes a tool exported become typed rows, every record accounted for.

Knows nothing of orchestration, storage or statistics.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from pipelines.ingest import fec, forms_xlsx, generic, limesurvey, qualtrics
from pipelines.ingest.header import matches_glob, quote
from pipelines.ingest.model import WITHHELD, Decoded, FileProblem, Problem
from pipelines.ingest.recognise import recognise
from pipelines.ingest.spec import ItemSpec, MeasureSpec, SourceSpec, WaveSpec
from pipelines.ingest.table import decode_grid

__all__ = [
    "WITHHELD",
    "Decoded",
    "FileProblem",
    "ItemSpec",
    "MeasureSpec",
    "Problem",
    "SourceSpec",
    "WaveSpec",
    "decode",
]

READERS = {
    "limesurvey_csv": limesurvey.read,
    "qualtrics_csv": qualtrics.read,
    "forms_xlsx": forms_xlsx.read,
    "table": generic.read,
}


def decode(path: Path, name: str, spec: SourceSpec) -> Decoded:
    """Read one file as its declaration says. `path` holds the bytes; `name` is the name it was sent under.

    Every record is accepted, quarantined or a duplicate. Raises FileProblem, and nothing else, for a bad file.
    """
    try:
        raw = path.read_bytes()
    except OSError:
        raise FileProblem(
            "unreadable", expected="a file that can be read", found="none", fix="send the file again"
        ) from None
    if not raw or raw.isspace():
        raise FileProblem(
            "empty", expected="a header and records", found="no bytes", fix="export the file again"
        )
    if spec.format == "auto":
        spec = replace(spec, format=recognise(raw))
    if spec.format == "fec":
        return fec.decode_fec(raw, name, spec)
    grid, layout, traits = READERS[spec.format](raw, spec)
    try:
        return decode_grid(grid, layout, spec, traits, _wave(name, spec), raw)
    except FileProblem as problem:
        problem.records = problem.records or grid.records
        raise


def _wave(name: str, spec: SourceSpec) -> str | None:
    """The declared wave whose glob the file name matches; None where each record says its own wave or date."""
    if spec.waves is None or "wave" in spec.keys:
        return None
    own = name.rsplit("/", 1)[-1]
    codes = [wave.code for wave in spec.waves if wave.file and matches_glob(own, wave.file)]
    if len(set(codes)) == 1:
        return codes[0]
    line = f"- {{code: <wave>, file: {quote(own)}, opened: <date>, closed: <date>}}"
    raise FileProblem(
        "unknown_wave" if not codes else "ambiguous_wave",
        expected=f"one wave of {spec.code} for {quote(own)}",
        found="none" if not codes else ", ".join(codes),
        fix=f"add `{line}` under waves" if not codes else "make the file patterns of these waves distinct",
        status="held",
    )
