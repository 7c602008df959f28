"""What a record is: the exact scanner by example, and the fast count against it on any bytes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.ingest import scan as scanning
from pipelines.ingest.scan import Unterminated, count, detect_delimiter, scan


@pytest.mark.parametrize(
    ("text", "cells"),
    [
        ("a;b\n1;2\n", [["a", "b"], ["1", "2"]]),
        ("a;b\r\n\r\n1;2", [["a", "b"], ["1", "2"]]),
        ("a;b\r1;2\r", [["a", "b"], ["1", "2"]]),
        ("a;b\r\r\n1;2\r\r\n", [["a", "b"], ["1", "2"]]),
        ('1;"x;\ny ""z"""\n', [["1", 'x;\ny "z"']]),
        ('1;;""\n', [["1", None, ""]]),
        ('5" pipe;b\n', [['5" pipe', "b"]]),
    ],
)
def test_records_and_cells(text: str, cells: list[list[str | None]]) -> None:
    assert [row.cells for row in scan(text.encode(), ";")] == cells
    assert not any(row.damaged for row in scan(text.encode(), ";"))


def test_a_quote_inside_a_quoted_cell_marks_its_record_only() -> None:
    rows = list(scan(b'1;"he said "yes" twice"\n2;"b"\n', ";"))
    assert [row.damaged for row in rows] == [True, False]


def test_an_open_quote_is_told_with_the_records_before_it() -> None:
    with pytest.raises(Unterminated) as caught:
        list(scan(b'a\nb\n"c\n', ";"))
    assert caught.value.records == 2


@given(
    st.text(alphabet='a;"\n\r', max_size=40),
    st.sampled_from([1, 2, 3, 7, 1 << 20]),
    st.sampled_from([";", None]),
)
def test_the_fast_count_agrees_with_the_scanner(text: str, chunk: int, mark: str | None) -> None:
    data = text.encode()
    before, scanning.CHUNK = scanning.CHUNK, chunk
    try:
        found = count(data, mark)
    finally:
        scanning.CHUNK = before
    if not found.regular:
        return
    if found.unterminated:
        with pytest.raises(Unterminated):
            list(scan(data, mark))
        return
    rows = list(scan(data, mark))
    assert (found.records, found.ends.tolist()) == (len(rows), [row.end for row in rows])
    assert not any(row.damaged for row in rows)


@pytest.mark.parametrize(
    ("text", "mark"),
    [
        ("a,b\n1,2\n", ","),
        ("a;b\n1,5;2,5\n3,5;4\n", ";"),
        ("a\tb, c\n1\t2\n", "\t"),
        ("a|b|c\n1|2|3\n", "|"),
        ('"x, y";"z, t"\n1;2\n', ";"),
        ("a$b\n1$2\n", "$"),
        ("alone\n1\n", None),
    ],
)
def test_the_delimiter_gives_a_constant_width(text: str, mark: str | None) -> None:
    assert detect_delimiter(text.encode()) == mark
