"""Pure readers: the bytes a tool exported become typed rows, every record accounted for.

Knows nothing of orchestration, storage or statistics.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from pipelines.ingest import (
    fec,
    formbricks,
    forms_xlsx,
    generic,
    glint,
    google_forms,
    json_tools,
    limesurvey,
    partner_workbook,
    pnl,
    qualtrics,
    sav,
    surveymonkey,
    typeform,
)
from pipelines.ingest.header import matches_glob, quote
from pipelines.ingest.model import WITHHELD, Decoded, FileProblem, Problem
from pipelines.ingest.recognise import settled
from pipelines.ingest.reshape import decode_long
from pipelines.ingest.spec import ItemSpec, MeasureSpec, SourceSpec, WaveSpec
from pipelines.ingest.stored import opened
from pipelines.ingest.table import decode_grid
from pipelines.ingest.tables import Sink, given

__all__ = [
    "WITHHELD",
    "Decoded",
    "FileProblem",
    "ItemSpec",
    "MeasureSpec",
    "Problem",
    "Sink",
    "SourceSpec",
    "WaveSpec",
    "decode",
]

READERS = {
    "limesurvey_csv": limesurvey.read,
    "partner_workbook": partner_workbook.read,
    "qualtrics_csv": qualtrics.read,
    "forms_xlsx": forms_xlsx.read,
    "formbricks_csv": formbricks.read,
    "glint_csv": glint.read,
    "google_forms": google_forms.read,
    "spss_sav": sav.read,
    "surveymonkey_csv": surveymonkey.read,
    "typeform_csv": typeform.read,
    "typeform_json": json_tools.read_typeform,
    "formbricks_json": json_tools.read_formbricks,
    "table": generic.read,
}


def decode(path: Path, name: str, spec: SourceSpec, sink: Sink | None = None) -> Decoded:
    """Read one file as its declaration says. `path` holds the bytes; `name` is the name it was sent under.

    Every record is accepted, quarantined or a duplicate. With a `sink` the accepted rows are given to it piece by
    piece, so that a big file needs little memory, and the table handed back holds none; what the sink was given is
    void if this raises. Raises FileProblem, and nothing else, for a bad file.
    """
    raw = opened(path)
    if spec.format == "auto":
        spec = replace(spec, format=settled(raw, spec))
    spec = _asked(name, spec)
    if spec.format == "fec":
        return fec.decode_fec(raw, name, spec, sink)
    if spec.format == "pnl":
        return given(pnl.decode_pnl(raw, spec), sink)
    if spec.format == "partner_workbook":
        spec = partner_workbook.understood(raw, spec)
    grid, layout, traits = READERS[spec.format](raw, spec)
    try:
        wave = _wave(name, spec)
        if spec.long and spec.kind == "responses":
            return given(decode_long(grid, layout, spec, traits, wave, raw), sink)
        return decode_grid(grid, layout, spec, traits, wave, raw, sink)
    except FileProblem as problem:
        problem.records = problem.records or grid.records
        raise


def _asked(name: str, spec: SourceSpec) -> SourceSpec:
    """The declaration without what the file's wave did not ask: its column must be absent, not renamed."""
    codes = _waves(name, spec)
    if not spec.asked or len(codes) != 1:
        return spec
    away = {code for code, waves in spec.asked.items() if codes.isdisjoint(waves)}
    return replace(
        spec,
        items=tuple(item for item in spec.items if item.code not in away),
        measures=tuple(measure for measure in spec.measures if measure.code not in away),
        choices=tuple(choice for choice in spec.choices if choice.code not in away),
    )


def _waves(name: str, spec: SourceSpec) -> set[str]:
    """Declared waves whose glob the file name matches."""
    own = name.rsplit("/", 1)[-1]
    return {wave.code for wave in spec.waves or () if wave.file and matches_glob(own, wave.file)}


def _wave(name: str, spec: SourceSpec) -> str | None:
    """The one wave of the file's name; None where each record says its own wave or date."""
    if spec.waves is None or "wave" in spec.keys:
        return None
    own, codes = name.rsplit("/", 1)[-1], sorted(_waves(name, spec))
    if len(codes) == 1:
        return codes[0]
    line = f"- {{code: <wave>, file: {quote(own)}, opened: <date>, closed: <date>}}"
    raise FileProblem(
        "unknown_wave" if not codes else "ambiguous_wave",
        expected=f"one wave of {spec.code} for {quote(own)}",
        found="none" if not codes else ", ".join(codes),
        fix=f"add `{line}` under waves" if not codes else "make the file patterns of these waves distinct",
        status="held",
    )
