"""The canonical hash of a file's rows: the same rows in any order and in any pieces, and no others."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.canonical import RowsHash

SCHEMA = pa.schema(
    {
        "key": pa.string(), "score": pa.float64(), "n": pa.int32(), "day": pa.date32(), "at": pa.timestamp("us"),
        "done": pa.bool_(), "net": pa.decimal128(18, 2), "ticked": pa.list_(pa.string()), "file_id": pa.string(),
    }
)  # fmt: skip
ROW = {
    "key": "a", "score": 1.5, "n": 3, "day": date(2026, 1, 2), "at": datetime(2026, 1, 2, 3), "done": True,
    "net": Decimal("12.30"), "ticked": ["x", "y"], "file_id": "f",
}  # fmt: skip
OTHER: dict[str, Any] = {
    "key": "b", "score": 0.0, "n": 0, "day": date(1970, 1, 1), "at": datetime(1970, 1, 1), "done": False,
    "net": Decimal("-12.30"), "ticked": ["x"],
}  # fmt: skip


def digest(*tables: list[dict[str, Any]]) -> str:
    rows = RowsHash(leaving_out=("file_id",))
    for table in tables:
        rows.add(pa.Table.from_pylist(table, SCHEMA))
    return rows.hexdigest()


rows = st.fixed_dictionaries({name: st.sampled_from([ROW[name], OTHER[name], None]) for name in OTHER})


@settings(deadline=None)
@given(given_rows=st.lists(rows, max_size=8), data=st.data())
def test_order_and_pieces_do_not_matter(given_rows: list[dict[str, Any]], data: st.DataObject) -> None:
    shuffled = data.draw(st.permutations(given_rows))
    cut = data.draw(st.integers(0, len(shuffled)))
    assert digest(shuffled[:cut], shuffled[cut:]) == digest(given_rows)


def test_the_file_they_came_in_does_not_matter() -> None:
    assert digest([ROW]) == digest([ROW | {"file_id": "g"}])


@pytest.mark.parametrize("name", sorted(OTHER))
@pytest.mark.parametrize("to_null", [False, True])
def test_every_value_matters(name: str, to_null: bool) -> None:
    changed = ROW | {name: None if to_null else OTHER[name]}
    assert digest([ROW]) != digest([changed])
    assert digest([OTHER]) != digest([OTHER | {name: None}])


def test_values_exchanged_between_rows_and_rows_sent_twice_matter() -> None:
    second = ROW | {"key": "b", "score": 2.0}
    assert digest([ROW, second]) != digest([ROW | {"score": 2.0}, second | {"score": 1.5}])
    assert digest([ROW]) != digest([ROW, ROW]) != digest([ROW, ROW, ROW])


def test_texts_that_share_their_letters_are_not_alike() -> None:
    texts = ["", "\0", "ab", "ba", "abab", "aabb", "ab\0", "a", "b"]
    assert len({digest([ROW | {"key": text}]) for text in texts}) == len(texts)
