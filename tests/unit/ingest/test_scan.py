"""What a record is: the exact scanner by example, and the fast count against it on any bytes."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.ingest import scan as scanning
from pipelines.ingest.scan import Unterminated, count, detect_delimiter, record_bounds, scan, scan_all


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


@settings(deadline=None)
@given(
    text=st.text(alphabet='a;"\n\r', max_size=40),
    chunk=st.sampled_from([1, 2, 3, 7, 1 << 20]),
    window=st.sampled_from([1, 5, 64]),
    mark=st.sampled_from([";", None]),
)
def test_the_fast_count_agrees_with_the_scanner(text: str, chunk: int, window: int, mark: str | None) -> None:
    data = text.encode()
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {"CHUNK": chunk, "WINDOW": window, "PIECE": 1}.items():
            patch.setattr(scanning, name, value)
        found = count(data, mark)
    if not found.regular:
        return
    if found.unterminated:
        with pytest.raises(Unterminated):
            list(scan(data, mark))
        return
    rows = list(scan(data, mark))
    assert [piece.high for piece in found.pieces][:-1] == [row.end for row in rows][:-1]
    assert [piece.records for piece in found.pieces] == [1] * len(rows) == [1] * found.records
    assert not any(row.damaged for row in rows)
    starts, ends = record_bounds(data, mark, quoted=True)
    assert list(zip(starts, ends, strict=True)) == [(row.start, row.end) for row in rows]


@settings(deadline=None)
@given(text=st.text(alphabet='a;"\n\r', max_size=60), sample=st.sampled_from([1, 2, 9]))
def test_the_exact_count_does_not_depend_on_its_windows(text: str, sample: int) -> None:
    data = text.encode()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scanning, "SAMPLE", sample)
        patch.setattr(scanning, "PIECE", 1)
        complete, rows = None, []
        try:
            rows = list(scan(data, ";"))
        except Unterminated as problem:
            complete = problem.records
        if complete is not None:
            with pytest.raises(Unterminated) as caught:
                scan_all(data, ";", 0)
            assert caught.value.records == complete
            return
        found = scan_all(data, ";", 0)
    assert [piece.high for piece in found.pieces][:-1] == [row.end for row in rows][:-1]
    assert found.records == len(rows) == sum(piece.records for piece in found.pieces)


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
