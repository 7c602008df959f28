"""Cells of one character are coded like any others."""

from __future__ import annotations

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.ingest.columns import coded
from pipelines.ingest.grid import CODED
from pipelines.ingest.short_cells import coded_cells

CELLS = st.lists(st.sampled_from(["1", "2", "5", "A", "z", "", None, "é", "10", "\x7f"]), max_size=12)


@settings(deadline=None)
@given(parts=st.lists(CELLS, min_size=1, max_size=3))
def test_the_codes_say_the_same_texts(parts: list[list[str | None]]) -> None:
    column = pa.chunked_array([pa.array(part, pa.string()) for part in parts])
    found = coded_cells(column)
    assert found.type == CODED
    assert found.cast(pa.string()).to_pylist() == column.to_pylist()
    assert found.null_count == column.null_count
    assert set(coded(found).texts) == {text for part in parts for text in part if text is not None}
