"""Ledger amounts: text to exact decimals of two places, read once per distinct text, by Arrow."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal, InvalidOperation

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.ingest.grid import TEXT
from pipelines.ingest.model import FileProblem

MONEY = pa.decimal128(18, 2)
FINE = pa.decimal128(38, 6)
PLAIN = r"^[+-]?(?:[0-9]{1,15}(?:[.,][0-9]*)?|[.,][0-9]+)$"
POWER = r"^[+-]?[0-9]{1,15}(?:[.,][0-9]*)?[eE][+-]?[0-9]{1,2}$"
# Three digits after the mark: cents have two, so this is a thousand written with a mark, which the law forbids.
THOUSAND = r"^[+-]?[1-9][0-9]{0,2}[.,][0-9]{3}$"


def read_amounts(
    columns: Sequence[pa.ChunkedArray], marks: set[str] | None = None
) -> list[tuple[pa.Array, np.ndarray]]:
    """Amounts and a mask of unreadable cells, for columns that share one decimal mark; empty cells are null.

    `marks` gathers the decimal marks of one ledger read piece by piece. Raises FileProblem (held) where commas and
    points are both decimal marks.
    """
    split = [_distinct(column) for column in columns]
    texts = [_signs_first(texts) for texts, _ in split]
    marks = set() if marks is None else marks
    marks |= {mark for mark in ",." if mark not in marks and _has(texts, mark)}
    if len(marks) > 1:
        raise FileProblem(
            "unsettled_decimal_mark",
            expected="one decimal mark in the amounts",
            found="decimal commas and decimal points together",
            fix="export the ledger again with one decimal mark and no thousands mark",
            status="held",
        )
    out = []
    for found, (_, index) in zip(texts, split, strict=True):
        values, bad = _read(found)
        taken = values.take(index)
        out.append((taken, np.asarray(pc.fill_null(bad.take(index), False))))
    return out


def _distinct(column: pa.ChunkedArray) -> tuple[pa.Array, pa.Array]:
    whole = column.unify_dictionaries().combine_chunks()
    if isinstance(whole, pa.ChunkedArray):  # an empty column has no chunk to combine
        return pa.array([], TEXT), pa.array([], pa.int32())
    return whole.dictionary, whole.indices


def _signs_first(texts: pa.Array) -> pa.Array:
    """Without spaces around and useless zeros; a sign at the end moves to the front; "" becomes null."""
    bare = pc.utf8_trim_whitespace(texts)
    bare = pc.replace_substring_regex(bare, r"^([^-+].*)([-+])$", r"\2\1")
    bare = pc.replace_substring_regex(bare, r"^([-+]?)0+([0-9])", r"\1\2")
    return pc.if_else(pc.equal(bare, ""), pa.scalar(None, TEXT), bare)


def _has(texts: Sequence[pa.Array], mark: str) -> bool:
    """Whether an amount, read alone, has this decimal mark."""
    for found in texts:
        amounts = found.filter(pc.fill_null(pc.match_substring_regex(found, f"{PLAIN}|{POWER}"), False))
        if pc.any(pc.match_substring(amounts, mark)).as_py():
            return True
    return False


def _read(texts: pa.Array) -> tuple[pa.Array, pa.Array]:
    plain = pc.and_(
        pc.match_substring_regex(texts, PLAIN), pc.invert(pc.match_substring_regex(texts, THOUSAND))
    )
    power = pc.match_substring_regex(texts, POWER)
    pointed = pc.replace_substring(pc.if_else(plain, texts, pa.scalar(None, TEXT)), ",", ".")
    cut = pc.replace_substring_regex(pointed, r"(\.[0-9]{6})[0-9]+$", r"\1")
    values = pc.round(cut.cast(FINE), 2, round_mode="half_towards_infinity").cast(MONEY)
    if pc.any(power).as_py():
        values = pc.if_else(power, pa.array([_powered(t) for t in texts.to_pylist()], MONEY), values)
    return values, pc.and_(texts.is_valid(), values.is_null())


def _powered(text: str | None) -> Decimal | None:
    try:
        return Decimal((text or "").replace(",", ".")).quantize(Decimal("0.01"))
    except InvalidOperation:
        return None
