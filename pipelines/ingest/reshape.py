"""Long files of responses: a row per answer becomes a response per respondent, and the books stay in rows.

The unit of account is the row of the file: records, accepted, quarantined and duplicates count rows, while the table
has one row per response, which says how many `records` stand behind it. As in a wide file, a response with one thing
that cannot be read is refused whole: every one of its rows is quarantined, with its first reason. Rows of questions the
declaration drops are accepted and keep nothing; those of comments, and columns of comments, are a response's together.
A question without a row was not asked of that response; a row without an answer was left unanswered.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import polars as pl
import pyarrow as pa

from pipelines.ingest.columns import as_text, coded
from pipelines.ingest.grid import CODED, TEXT, Cells, Grid
from pipelines.ingest.header import WORDS, Layout, questions_of
from pipelines.ingest.keys import BETWEEN, joined
from pipelines.ingest.model import WITHHELD, Decoded, Problem
from pipelines.ingest.reading import Traits
from pipelines.ingest.spec import ChoiceSpec, ItemSpec, SourceSpec
from pipelines.ingest.table import decode_grid, read_cells

# A response is given over some minutes, in a language its respondent may change: its rows need not agree on these.
MAY_DIFFER = ("submitted_at", "language")


@dataclass
class Rows:
    """The rows of a long file that make responses. `frame`: record `number`, response `key`, `question` (a position,
    DROPPED or WORDS), answer `cell`, and the text of each column read under its position.
    """

    frame: pl.DataFrame
    problems: list[Problem]
    duplicates: int = 0


class Responses:
    """The responses of a long file as a Grid: the file's own columns, then one per declared question."""

    delimiter: str | None = None
    quotes_header = False

    def __init__(
        self, grid: Grid, headers: list[str], wide: pl.DataFrame, typed: dict[int, frozenset[str]]
    ) -> None:
        self.headers = [headers]
        self.records = len(wide)
        self.encoding, self.warnings = grid.encoding, grid.warnings
        self._grid, self._wide, self._typed = grid, wide, typed

    def read(self, wanted: Mapping[int, pa.DataType]) -> Cells:
        """One row per response, numbered by its first row in the file."""
        columns = {}
        for place, kind in wanted.items():
            text = pa.chunked_array([self._wide[str(place)].to_arrow().cast(TEXT)])
            columns[place] = text.dictionary_encode() if kind == CODED else text
        return Cells(columns, self._wide["number"].to_numpy(), [], self._typed)

    def lines(self, records: np.ndarray) -> list[int]:
        """The line of a response is that of its first row."""
        return self._grid.lines(records)


def decode_long(
    grid: Grid, layout: Layout, spec: SourceSpec, traits: Traits, wave_code: str | None, raw: bytes
) -> Decoded:
    """Read a long file of responses. Raises FileProblem as `decode_grid` does, and for questions nobody declared."""
    assert spec.long is not None  # noqa: S101 - the caller asked
    cells, dropped = read_cells(grid, layout, spec)
    asked: list[ItemSpec | ChoiceSpec] = [*spec.items, *spec.choices]
    questions = {one.code: (one.column, *one.aliases) for one in asked}
    rows = _rows(grid, cells, layout, spec, questions)
    width = len(layout.names)
    places = {code: width + place for place, code in enumerate(questions)}
    typed = cells.typed.get(layout.named[spec.long.answer], frozenset())
    wide = Responses(
        grid,
        [*layout.names, *(given[0] for given in questions.values()), "@words"],
        _pivoted(rows.frame, list(cells.columns), layout.comments, len(questions), width),
        {**cells.typed, **dict.fromkeys(places.values(), typed)},
    )
    own = replace(
        layout,
        names=wide.headers[0],
        items={item.code: places[item.code] for item in spec.items},
        choices={choice.code: {places[choice.code]: choice.column} for choice in spec.choices},
        named={name: place for name, place in layout.named.items() if name in (*spec.also, *spec.exclude)},
        unnamed=[],
        comments=[*layout.comments, width + len(questions)] if spec.comments else [],
    )
    traits = replace(traits, null_reason="not_shown", blank_reason="blank", tells_reasons=True)
    decoded = decode_grid(wide, own, replace(spec, not_records=(), long=None), traits, wave_code, raw)
    return _in_rows(decoded, rows, cells.problems, grid, grid.records - dropped)


def _rows(
    grid: Grid, cells: Cells, layout: Layout, spec: SourceSpec, questions: Mapping[str, tuple[str, ...]]
) -> Rows:
    assert spec.long is not None  # noqa: S101 - the caller asked
    asked = coded(cells.columns[layout.named[spec.long.question]])
    found = np.array(questions_of(asked.texts, questions, spec, grid.records), dtype=np.int32)
    unasked = np.array([not text.strip() for text in asked.texts] + [True])
    texts = {
        place: pl.Series(as_text(column).combine_chunks()).cast(pl.String)
        for place, column in cells.columns.items()
    }
    cell = texts[layout.named[spec.long.answer]]
    if spec.long.reason:
        cell = cell.zip_with(cell.is_not_null(), texts[layout.named[spec.long.reason]])
    identity = [layout.keys["response"], *(layout.named[column] for column in spec.also)]
    parts = [texts[place].to_arrow().cast(TEXT) for place in identity]
    frame = pl.DataFrame({str(place): column for place, column in texts.items()}).with_columns(
        pl.Series("number", cells.numbers),
        pl.Series("key", parts[0] if len(parts) == 1 else joined(parts)),
        pl.Series("question", found[asked.index]),
        cell.fill_null("").alias("cell"),
        pl.Series("unasked", unasked[asked.index]),
    )
    rows = Rows(frame, [])
    fix = "export again with the response identifier, or correct keys.response"
    _set_aside(
        rows, grid, pl.col("key").is_null(), layout.names[identity[0]], "missing_key", "an identifier", fix
    )
    fix = "give the record its question in the tool, or correct `long: {question: ...}`"
    _set_aside(rows, grid, pl.col("unasked"), spec.long.question, "missing_key", "a question", fix)
    known = rows.frame.select(pl.struct(str(place) for place in texts).is_first_distinct()).to_series()
    rows.duplicates = int((~known).sum())
    rows.frame = rows.frame.filter(known)
    _refuse_conflicts(rows, grid, layout, spec)
    return rows


def _refuse_conflicts(rows: Rows, grid: Grid, layout: Layout, spec: SourceSpec) -> None:
    """A response of which two rows disagree cannot be one: all its rows are refused."""
    fix = "correct keys.response so that it tells responses apart, or the rows in the tool"
    own = {name: place for name, place in layout.keys.items() if name not in MAY_DIFFER}
    own |= layout.segments | {column: layout.named[column] for column in spec.exclude}
    for place in own.values():
        several = pl.col(str(place)).drop_nulls().n_unique().over("key") > 1
        expected = "one value in all rows of a response"
        _set_aside(rows, grid, several, layout.names[place], "conflicting_rows", expected, fix)
    given = pl.when((pl.col("question") >= 0) & (pl.col("cell") != "")).then("cell")
    several = (given.drop_nulls().n_unique().over("key", "question") > 1).any().over("key")
    name = spec.long.answer if spec.long else ""
    _set_aside(rows, grid, several, name, "conflicting_rows", "one answer to a question of a response", fix)


def _set_aside(
    rows: Rows, grid: Grid, away: pl.Expr, column: str, reason: str, expected: str, fix: str
) -> None:
    """Quarantine the rows for which `away` holds."""
    which = rows.frame.select(away.fill_null(False).alias("away")).to_series()
    numbers = rows.frame.filter(which)["number"].to_numpy()
    rows.problems += [
        Problem(int(number), line, column, reason, expected, WITHHELD, fix)
        for number, line in zip(numbers, grid.lines(numbers), strict=True)
    ]
    rows.frame = rows.frame.filter(~which)


def _pivoted(
    frame: pl.DataFrame, own: list[int], comments: list[int], questions: int, width: int
) -> pl.DataFrame:
    """A row per response, in the order of their first rows; whatever its rows may differ in is the last by its text.

    Its comments, in columns of their own or answers to questions of comments, are all kept, with BETWEEN between them.
    """
    words = pl.when(pl.col("question") == WORDS).then("cell")
    wide = frame.group_by("key").agg(
        pl.col("number").min(),
        *(pl.col(str(place)).max() for place in own if place not in comments),
        *(_together(pl.col(str(place))).alias(str(place)) for place in comments),
        _together(words).alias(str(width + questions)),
    )
    for question in range(questions):
        answers = frame.filter(pl.col("question") == question).group_by("key")
        wide = wide.join(answers.agg(pl.col("cell").max().alias(str(width + question))), on="key", how="left")
    return wide.sort("number")


def _together(texts: pl.Expr) -> pl.Expr:
    return texts.drop_nulls().unique(maintain_order=True).str.join(BETWEEN)


def _in_rows(decoded: Decoded, rows: Rows, unread: list[Problem], grid: Grid, records: int) -> Decoded:
    """The same table with its books in rows: what became of a response became of each of its rows."""
    firsts = rows.frame.select(pl.col("number"), pl.col("number").min().over("key").alias("first"))
    refused = {problem.record: problem for problem in decoded.quarantined}
    fallen = firsts.filter(pl.col("first").is_in(list(refused)))
    lines = grid.lines(fallen["number"].to_numpy())
    each = dict(firsts.group_by("first").len().iter_rows())
    behind = [each.get(number, 0) for number in decoded.table["record_number"].to_pylist()]
    problems = [
        replace(refused[first], record=number, line=line)
        for (number, first), line in zip(fallen.iter_rows(), lines, strict=True)
    ]
    quarantined = sorted([*problems, *rows.problems, *unread], key=lambda problem: problem.record or 0)
    return replace(
        decoded,
        table=decoded.table.append_column("records", pa.array(behind, pa.int32())),
        records=records,
        accepted=len(firsts) - len(problems),
        duplicates=rows.duplicates,
        quarantined=quarantined,
        delimiter=grid.delimiter,
    )
