"""Text columns to typed values: each distinct text is read once, with care, then spread over the rows by index."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.ingest import numbers
from pipelines.ingest.grid import TEXT
from pipelines.ingest.model import MOST_PROBLEMS, WITHHELD, FileProblem, Problem, too_many

# A text that may hold a space too many: at an end, two together, or one that is not the plain one.
UNTIDY = r"^ | $|  |[^ -~]"
Verdict = tuple[float | None, str | None, "Fault | None"]


@dataclass(frozen=True)
class Fault:
    """Why a text refuses its record; `found` is WITHHELD unless it is a code."""

    reason: str
    column: str | None
    expected: str
    fix: str
    found: str = WITHHELD


@dataclass
class Faults:
    """The first fault of each row: 0 for none, else 1 + a position in `kinds`."""

    size: int
    kinds: list[Fault] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.rows = np.zeros(self.size, dtype=np.int32)

    def add(self, fault: Fault, rows: np.ndarray) -> None:
        """Note `fault` on the rows of a boolean mask that have none yet."""
        self.kinds.append(fault)
        self.rows[rows & (self.rows == 0)] = len(self.kinds)

    def spread(self, faults: list[Fault | None], index: np.ndarray) -> None:
        """Note faults[index[row]] on every row that has none yet."""
        if not any(faults):
            return
        lookup = np.zeros(len(faults), dtype=np.int32)
        for place, fault in enumerate(faults):
            if fault is not None:
                self.kinds.append(fault)
                lookup[place] = len(self.kinds)
        self.rows = np.where(self.rows == 0, lookup[index], self.rows)

    def problems(self, record_numbers: np.ndarray, lines: Callable[[np.ndarray], list[int]]) -> list[Problem]:
        """One Problem per faulty row."""
        bad = np.flatnonzero(self.rows)
        if len(bad) > MOST_PROBLEMS:
            raise too_many(len(bad), self.kinds[self.rows[bad[0]] - 1].reason)
        found = record_numbers[bad]
        out = []
        for row, number, line in zip(bad, found, lines(found), strict=True):
            fault = self.kinds[self.rows[row] - 1]
            out.append(
                Problem(int(number), line, fault.column, fault.reason, fault.expected, fault.found, fault.fix)
            )
        return out


@dataclass(frozen=True)
class Coded:
    """A column as distinct texts and one index per row; index len(texts) is a cell that is null."""

    texts: list[str]
    index: np.ndarray

    def spread(self, values: Iterable[float | None]) -> pa.Array:
        """Numbers by distinct text (the last one for null), spread over the rows; None becomes null."""
        given = list(values)
        out = np.array([np.nan if value is None else value for value in given], dtype=np.float64)[self.index]
        if None not in given:
            return pa.array(out)
        # No text reads as NaN. Arrow's own bitmap: asking Arrow to find NaN costs ten times as much.
        bitmap = pa.py_buffer(np.packbits(out == out, bitorder="little"))
        return pa.Array.from_buffers(pa.float64(), len(out), [bitmap, pa.py_buffer(out)])

    def spread_text(self, values: list[str | None]) -> pa.Array:
        """Texts by distinct text (the last one for null), spread over the rows."""
        if not any(values):
            return pa.nulls(len(self.index), pa.string())
        return pa.array(values, pa.string()).take(pa.array(self.index))


def coded(column: pa.ChunkedArray) -> Coded:
    """Distinct texts of a column and where each row stands among them."""
    if not pa.types.is_dictionary(column.type):
        column = column.dictionary_encode()
    if column.num_chunks == 1:
        chunk = column.chunk(0)
        texts = chunk.dictionary.to_pylist()
        return Coded(texts, chunk.indices.fill_null(len(texts)).to_numpy().astype(np.intp))
    places: dict[str, int] = {}
    parts = []
    for chunk in column.chunks:
        lookup = [places.setdefault(text, len(places)) for text in chunk.dictionary.to_pylist()]
        parts.append((np.array([*lookup, -1], dtype=np.int32), chunk.indices))
    index = [
        table[indices.fill_null(len(table) - 1).to_numpy(zero_copy_only=False)] for table, indices in parts
    ]
    joined = np.concatenate(index) if index else np.empty(0, dtype=np.int32)
    joined[joined < 0] = len(places)
    return Coded(list(places), joined)


def as_text(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """The column as text without spaces around; "" becomes null."""
    text = pc.utf8_trim_whitespace(column.cast(TEXT))
    return pc.if_else(pc.equal(text, ""), pa.scalar(None, TEXT), text)


def tidy_texts(column: Coded) -> list[str | None]:
    """The distinct texts without accidental spaces, "" as None, and a last None for null."""
    return [" ".join(text.split()) or None for text in column.texts] + [None]


def tidied(column: pa.ChunkedArray) -> pa.Array:
    """The column as text without accidental spaces, "" as null: `tidy_texts` for columns of mostly distinct texts."""
    plain = column.combine_chunks() if column.num_chunks != 1 else column.chunk(0)
    plain = plain if isinstance(plain, pa.Array) else pa.array([], TEXT)
    odd = pc.fill_null(pc.match_substring_regex(plain, UNTIDY), False)
    if pc.any(odd).as_py():
        mended = [" ".join(text.split()) for text in plain.filter(odd).to_pylist()]
        plain = pc.replace_with_mask(plain, odd, pa.array(mended, TEXT))
    return pc.if_else(pc.equal(plain, ""), pa.scalar(None, TEXT), plain)


@dataclass(frozen=True)
class Scale:
    """How the texts of one column are read. `implied` are codes the format itself uses for a missing answer."""

    column: str
    minimum: float | None
    maximum: float | None
    values: dict[str, float]
    missing: dict[str, str]
    implied: dict[str, str]
    null_reason: str | None
    blank_reason: str | None
    percent_divisor: float = 1.0
    whole: bool = False


def read_scale(scale: Scale, texts: list[str], typed: frozenset[str] = frozenset()) -> list[Verdict]:
    """Number, missing reason and fault of each distinct text, and a last verdict for a null cell.

    `typed` are texts that were numbers in a workbook. Raises FileProblem (held) where the decimal mark is unsettled.
    """
    tidied = [" ".join(text.split()) for text in texts]
    values = {" ".join(key.split()): value for key, value in scale.values.items()}
    missing = {" ".join(key.split()): reason for key, reason in scale.missing.items()}
    written = [
        text for text, raw in zip(tidied, texts, strict=True)
        if raw not in typed and text not in missing and text not in values
    ]  # fmt: skip
    mark = "." if values else _mark(scale, written)
    verdicts = [
        _verdict(scale, values, missing, text, "." if raw in typed else mark)
        for text, raw in zip(tidied, texts, strict=True)
    ]
    return [*verdicts, (None, scale.null_reason, None)]


def _mark(scale: Scale, texts: list[str]) -> str:
    try:
        return numbers.decimal_mark(texts, scale.minimum, scale.maximum, whole=scale.whole)
    except numbers.MixedMarks:
        found = "decimal commas and decimal points in one column"
    except numbers.AmbiguousMarks:
        found = "numbers that read both as decimals and as thousands"
    raise FileProblem(
        "unsettled_decimal_mark",
        expected=f'one decimal mark in column "{scale.column}"',
        found=found,
        fix="declare min and max for it, or export the file again with one decimal mark and no thousands mark",
        status="held",
    )


def _verdict(
    scale: Scale, values: dict[str, float], missing: dict[str, str], text: str, mark: str
) -> Verdict:
    if text in missing:
        return None, missing[text], None
    if not text:
        return None, scale.blank_reason, None
    if text in values:
        return values[text], None, None
    number = None if values else numbers.parse(text, mark)
    if number is not None:
        number /= scale.percent_divisor if numbers.is_percent(text) else 1.0
        low = scale.minimum is None or number >= scale.minimum
        if low and (scale.maximum is None or number <= scale.maximum):
            return number, None, None
    if text in scale.implied:
        return None, scale.implied[text], None
    if number is None:
        return None, None, _unreadable(scale)
    return None, None, _out_of_scale(scale)


def _unreadable(scale: Scale) -> Fault:
    expected = "one of the declared values" if scale.values else "a number or a declared missing code"
    return Fault(
        "unreadable_answer", scale.column, expected, "add the text under values or missing of this item"
    )


def _out_of_scale(scale: Scale) -> Fault:
    low = "-inf" if scale.minimum is None else f"{scale.minimum:g}"
    high = "inf" if scale.maximum is None else f"{scale.maximum:g}"
    fix = "add the code under missing if it stands for no answer, or correct min and max"
    return Fault("out_of_scale", scale.column, f"{low} to {high}", fix)
