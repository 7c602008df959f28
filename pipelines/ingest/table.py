"""From a grid of text to the typed tables of raw: responses, measures or events.

A record with one thing that cannot be read is refused whole, with the first reason found; the good path has
no loop over rows.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from pipelines.ingest.columns import Faults, coded
from pipelines.ingest.delimited import Delimited
from pipelines.ingest.events import events
from pipelines.ingest.grid import CODED, TEXT, Cells, Grid
from pipelines.ingest.header import Layout, matches_glob, quote, tidy
from pipelines.ingest.measures import measures
from pipelines.ingest.model import MOST_PROBLEMS, Decoded, FileProblem, Problem, too_many
from pipelines.ingest.parallel import in_order
from pipelines.ingest.reading import Reading, Traits
from pipelines.ingest.responses import responses
from pipelines.ingest.spec import SourceSpec
from pipelines.ingest.spool import Piece, Spool, pieces_of, together
from pipelines.ingest.stored import Data
from pipelines.ingest.tables import Collected, Sink
from pipelines.ingest.unknown import refuse_unknown

BUILDERS = {"responses": responses, "measures": measures, "events": events}


def decode_grid(
    grid: Grid,
    layout: Layout,
    spec: SourceSpec,
    traits: Traits,
    wave_code: str | None,
    raw: Data,
    sink: Sink | None = None,
) -> Decoded:
    """Read the declared columns of a grid. Raises FileProblem where a column cannot be read at all.

    `raw` are the file's bytes: their hash names the records where no response key is declared. With a `sink` the
    accepted rows go there, piece by piece, and the table handed back holds none.
    """
    rows = Records(grid, layout, spec)
    spool = Spool(rows.pieces(), rows.wanted, _identity(layout, spec))
    _refuse_unnamed(spool, layout)
    told = refuse_unknown(spool, layout, spec, traits)

    def build(piece: Piece) -> Built:
        reading = Reading(grid, piece.cells, layout, spec, traits, Faults(len(piece.cells.numbers)), spool)
        table, origin = BUILDERS[spec.kind](reading, wave_code, raw)
        faulty = reading.faults.problems(piece.cells.numbers, grid.lines)
        return Built(piece, table, origin, reading.faults.rows == 0, [*piece.cells.problems, *faulty])

    out, repeats = Collected(sink, wave_code), Repeats(spool)
    accepted = duplicates = 0
    quarantined: list[Problem] = []
    for built in in_order(build, spool):
        repeated = repeats.among(built.piece, built.keep)
        keep = built.keep & ~repeated
        shown = keep if built.origin is None else keep[built.origin]
        out.add(built.table if keep.all() else built.table.filter(pa.array(shown)))
        accepted, duplicates = accepted + int(keep.sum()), duplicates + int(repeated.sum())
        quarantined += sorted(built.problems, key=lambda problem: problem.record or 0)
        if len(quarantined) > MOST_PROBLEMS:
            raise too_many(len(quarantined), quarantined[0].reason)
    return Decoded(
        table=out.table(),
        records=grid.records - rows.dropped,
        accepted=accepted,
        duplicates=duplicates,
        quarantined=quarantined,
        wave_code=wave_code,
        encoding=grid.encoding,
        delimiter=grid.delimiter,
        format=spec.format,
        warnings=[*grid.warnings, *told],
    )


class Built(NamedTuple):
    """What one piece has become. `origin` says which of its records each row of the table comes from (None: its own);
    `keep` marks the records without a fault."""

    piece: Piece
    table: pa.Table
    origin: np.ndarray | None
    keep: np.ndarray
    problems: list[Problem]


class Records:
    """The cells of every declared column, without the rows that `not_records` says are none; `dropped` counts those.

    records == grid.records - dropped: what the grid counted still accounts for every row it holds.
    """

    def __init__(self, grid: Grid, layout: Layout, spec: SourceSpec) -> None:
        self._grid, self._spec = grid, spec
        self._told = _told_by(layout, spec)
        self.wanted = _wanted(layout, spec, self._told)
        self.dropped = 0

    def pieces(self) -> Iterator[Cells]:
        """Piece by piece; `dropped` and the grid's warnings are final once all are read."""
        for cells in pieces_of(self._grid, self.wanted):
            yield cells if self._told is None else self._kept(cells, self._told)
        if self.dropped == self._grid.records:
            raise FileProblem(
                "no_records",
                expected="records beside the footnotes and totals of not_records",
                found="none",
                fix="correct not_records in the source, or export the file again once it holds answers",
            )
        if self.dropped:
            globs = ", ".join(quote(pattern) for pattern in self._spec.not_records)
            told = f"{self.dropped} rows left out, which not_records ({globs}) says are no records"
            self._grid.warnings.append(told)

    def _kept(self, cells: Cells, told: int) -> Cells:
        column = coded(cells.columns[told])
        texts = [*column.texts, ""]  # the last for an empty cell, which "" stands for
        away = np.array([self._is_none(text) for text in texts])[column.index]
        problems = self._without_notes(cells.problems)
        self.dropped += int(away.sum()) + len(cells.problems) - len(problems)
        keep = pa.array(~away)
        columns = (
            {place: one.filter(keep) for place, one in cells.columns.items()} if away.any() else cells.columns
        )
        return Cells(columns, cells.numbers[~away], problems, cells.typed)

    def _is_none(self, text: str) -> bool:
        name = tidy(text)
        patterns = (tidy(pattern) for pattern in self._spec.not_records)
        return any(matches_glob(name, pattern) for pattern in patterns if name or not pattern)

    def _without_notes(self, problems: list[Problem]) -> list[Problem]:
        """The records of a wrong width that are no footnotes: a note under a table has one cell, the first."""
        narrow = [problem for problem in problems if problem.reason == "wrong_width"]
        if not narrow or not isinstance(self._grid, Delimited):
            return problems
        numbers = sorted(problem.record or 0 for problem in narrow)
        openings = self._grid.openings(np.array(numbers, dtype=np.int64))
        notes = {number for number, text in zip(numbers, openings, strict=True) if self._is_none(text)}
        return [problem for problem in problems if problem.record not in notes]


def read_cells(grid: Grid, layout: Layout, spec: SourceSpec) -> tuple[Cells, int]:
    """The cells of every record in one piece, and how many rows were none: for files that are turned round whole."""
    rows = Records(grid, layout, spec)
    cells = together(list(rows.pieces()), rows.wanted)
    for place in layout.unnamed:
        _refuse_content(place, coded(cells.columns[place]).texts)
    return cells, rows.dropped


def _told_by(layout: Layout, spec: SourceSpec) -> int | None:
    """The column `not_records` looks at: the unit's, else the first of the file (not the virtual @sheet)."""
    if not spec.not_records:
        return None
    first = next((place for place, name in enumerate(layout.names) if not name.startswith("@")), 0)
    return layout.keys.get("unit", first)


def _wanted(layout: Layout, spec: SourceSpec, told: int | None) -> dict[int, pa.DataType]:
    groups = (layout.keys, layout.items, layout.measures, layout.segments, layout.marks, layout.named)
    wanted = {place: CODED for group in groups for place in group.values()}
    wanted |= {place: CODED for places in layout.choices.values() for place in places}
    wanted |= dict.fromkeys(layout.unnamed, CODED)
    if spec.kind == "responses":
        wanted |= dict.fromkeys(layout.comments, CODED)
    if told is not None:
        wanted[told] = CODED
    texts = [layout.named[column] for column in spec.also]
    texts += [layout.keys[key] for key in ("response", "respondent", "submitted_at") if key in layout.keys]
    numbers = {
        *layout.items.values(),
        *layout.measures.values(),
    }  # their marks are decided from distinct texts
    wanted |= {place: TEXT for place in texts if place not in numbers}
    return dict(sorted(wanted.items()))


def _refuse_unnamed(spool: Spool, layout: Layout) -> None:
    for place in layout.unnamed:
        _refuse_content(place, spool.texts(place))


def _refuse_content(place: int, texts: list[str]) -> None:
    """A trailing column without a name and without content is an accident; one that holds something is undeclared."""
    if any(text.strip() for text in texts):
        name = f"column {place + 1}"
        raise FileProblem(
            "undeclared_column",
            expected="every column declared",
            found=f"{name}, which holds something and has no name",
            fix=f'add "{name}" to `drop:` of the source, or declare it under that name',
            status="held",
        )


def _identity(layout: Layout, spec: SourceSpec) -> list[int]:
    """The columns by which a record sent twice is known: those of its response, or the unit of its measures."""
    key = "unit" if spec.kind == "measures" else "response"
    if key not in layout.keys:
        return []
    also = () if spec.kind == "measures" else spec.also
    return [layout.keys[key], *(layout.named[column] for column in also)]


class Repeats:
    """Finds records identical, in every column read, to an earlier accepted one of the same response or unit."""

    def __init__(self, spool: Spool) -> None:
        self._doubtful = spool.doubtful()
        self._seen: set[bytes] = set()

    def among(self, piece: Piece, keep: np.ndarray) -> np.ndarray:
        """A mask of the repeats of one piece; `keep` marks the accepted records. Pieces are asked about in order."""
        repeated = np.zeros(len(keep), dtype=bool)
        if piece.hashes is None or not len(self._doubtful):
            return repeated
        rows = np.flatnonzero(np.isin(piece.hashes, self._doubtful) & keep)
        take = pa.array(rows)
        columns = [column.take(take).cast(TEXT).to_pylist() for column in piece.cells.columns.values()]
        for row, texts in zip(rows.tolist(), zip(*columns, strict=True), strict=True):
            digest = hashlib.blake2b(repr(texts).encode(), digest_size=16).digest()
            repeated[row] = digest in self._seen
            self._seen.add(digest)
        return repeated
