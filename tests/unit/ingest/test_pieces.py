"""Where a big file is cut into pieces changes nothing: neither a row, nor a refusal, nor a count."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipelines.ingest import (
    Decoded,
    FileProblem,
    ItemSpec,
    MeasureSpec,
    SourceSpec,
    WaveSpec,
    decode,
    scan,
    spool,
    stored,
)
from pipelines.ingest.text import read_text

ITEMS = (ItemSpec("q1", "Q1", minimum=0, maximum=2000), ItemSpec("q2", "Q2", missing={"NSP": "refused"}))
COMMON = {"waves": (WaveSpec("w", "*"),), "aliases": {"LY": "lyon"}, "time_zone": "Europe/Paris"}
WIDE = SourceSpec(
    "s", "responses", "table", "*", {"response": "id", "unit": "unit", "submitted_at": "at"}, items=ITEMS,
    segments={"age": "note"}, **COMMON,
)  # fmt: skip
# Nulls told apart from blanks, and only by the whole file; a first row that proves nothing of dates or decimals.
LIME = SourceSpec(
    "s", "responses", "limesurvey_csv", "*", {"respondent": "note", "unit": "unit", "submitted_at": "at"},
    items=ITEMS, **COMMON,
)  # fmt: skip
QUALTRICS = SourceSpec(
    "s", "responses", "qualtrics_csv", "*", {}, "lyon", (ItemSpec("q1", "Q1", minimum=1, maximum=5),), **COMMON
)  # fmt: skip
EVENTS = SourceSpec(
    "s", "measures", "table", "*", {"unit": "unit", "n": "Q1"}, measures=(MeasureSpec("m", "Q2", (), "percent"),),
    drop=("id", "at", "note"), **COMMON,
)  # fmt: skip
BOOKS = SourceSpec("s", "ledger", "fec", "*")
TAGS = 'Status,ResponseId,RecordedDate,Q1\nType,ID,Date,Avis\n"{""ImportId"":""status""}",'
TAGS += '"{""ImportId"":""_recordId""}","{""ImportId"":""recordedDate"",""timeZone"":""UTC""}","{""ImportId"":""QID1""}"\n'
FEC = (
    "JournalCode\tJournalLib\tEcritureNum\tEcritureDate\tCompteNum\tCompteLib\tCompAuxNum\tCompAuxLib\tPieceRef\t"
    "PieceDate\tEcritureLib\tDebit\tCredit\tEcritureLet\tDateLet\tValidDate\tMontantdevise\tIdevise"
)
days = st.sampled_from(
    ["", "2026-03-01 09:00:00", "01/02/2026", "03/04/2026 10:00", "13/02/2026", "02/14/2026", "x"]
)
cells = st.tuples(
    st.sampled_from(["1", "2", "3", "", '"a"']), st.sampled_from(["LY", "PA", ""]), days,
    st.sampled_from(["1", "1,234", "1,5", "2.5", "", '""', "NSP"]), st.sampled_from(["1", "1,5", "3.5", "", '""', "NSP"]),
    st.sampled_from(["x", "", '"a\nb"', '"say ""yes"""', 'stray " quote', '"broken "x" y"', "é, è"]),
)  # fmt: skip
answers = st.tuples(
    st.sampled_from(["0", "1"]), st.sampled_from(["R_1", "R_2"]), days, st.sampled_from(["5", "-99", ""])
)
lines = st.tuples(
    st.sampled_from(["VE", "OD"]), st.sampled_from(["1", "2", "  3"]), st.sampled_from(["20250131", "20251231", "bad"]),
    st.sampled_from(["706000", "120000", "600000", "411000", "Total"]), st.sampled_from(["C1", ""]),
    st.sampled_from(["0,00", "12,00", "12.00", "x"]), st.sampled_from(["0,00", "12,00", ""]),
)  # fmt: skip


def book(rows: list[tuple[str, ...]]) -> str:
    written = [
        f'{journal}\tx\t{entry}\t{day}\t{account}\tx\t{aux}\t\t "p\t{day}\tx\t{debit}\t{credit}\t\t\t20250131\t\t'
        for journal, entry, day, account, aux, debit, credit in rows
    ]
    return "\n".join([FEC, *written]) + "\n"


def table(rows: list[tuple[str, ...]], mark: str = ",") -> str:
    return "\n".join(mark.join(row) for row in [("id", "unit", "at", "Q1", "Q2", "note"), *rows]) + "\n"


def quoted(rows: list[tuple[str, ...]]) -> str:
    names = '"id","unit","at","Q1","Q2","note","submitdate"\n'
    return names + "".join(",".join((*row, '"2026-03-01 09:00:00"')) + "\n" for row in rows)


FILES = {
    "wide": (WIDE, st.lists(cells, min_size=1, max_size=12).map(table)),
    "tabs": (WIDE, st.lists(cells, min_size=1, max_size=12).map(lambda rows: table(rows, "\t"))),
    "limesurvey": (LIME, st.lists(cells, min_size=1, max_size=8).map(quoted)),
    "qualtrics": (
        QUALTRICS,
        st.lists(answers, min_size=1, max_size=12).map(
            lambda rows: TAGS + "".join(",".join(r) + "\n" for r in rows)
        ),
    ),
    "measures": (EVENTS, st.lists(cells, min_size=1, max_size=12).map(table)),
    "fec": (BOOKS, st.lists(lines, min_size=1, max_size=12).map(book)),
}


@contextmanager
def small(piece: int, window: int) -> Iterator[None]:
    """Every file is a big one: kept on disk, read by windows, cut into pieces."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stored, "BIG", -1)
        patch.setattr(scan, "PIECE", piece)
        patch.setattr(spool, "IN_MEMORY", 0)
        for module in (stored, scan):
            patch.setattr(module, "WINDOW", window)
        yield


def told(path: Path, spec: SourceSpec, name: str) -> tuple[object, ...]:
    """All that decoding says of a file."""
    given: list[pa.Table] = []
    try:
        found = decode(path, name, spec, lambda rows, _: given.append(rows))
    except FileProblem as problem:
        return str(problem), problem.records, tuple(problem.problems)
    rows = pa.concat_tables(given)
    assert (found.table.num_rows, found.table.schema) == (0, rows.schema)
    return rows.to_pylist(), str(rows.schema), _counts(found), found.quarantined


def _counts(found: Decoded) -> tuple[object, ...]:
    return (
        found.records, found.accepted, found.duplicates, found.encoding, found.delimiter, tuple(found.warnings),
        found.company_code, found.closing_date,
    )  # fmt: skip


@pytest.mark.parametrize("kind", sorted(FILES))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_pieces_change_nothing(tmp_path: Path, kind: str, data: st.DataObject) -> None:
    spec, texts = FILES[kind]
    encodings = ("utf-8", "utf-8-sig", "cp1252", "utf-16") if kind != "qualtrics" else ("utf-8", "cp1252")
    line_end = data.draw(st.sampled_from(["\n", "\r\n", "\n\n"] if kind != "qualtrics" else ["\n", "\r\n"]))
    raw = data.draw(texts).replace("\n", line_end).encode(data.draw(st.sampled_from(encodings)))
    path = tmp_path / "file"
    path.write_bytes(raw)
    name = data.draw(st.sampled_from(["123456789FEC20251231.txt", "books.txt"]))
    whole = told(path, spec, name)
    for piece, window in ((1, 7), (40, 1 << 20)):
        with small(piece, window):
            assert told(path, spec, name) == whole


def test_a_big_text_is_recoded_on_disk_and_read_there(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(("id;unit;at;Q1;Q2;note\n" + "1;LY;;3;4;été\n" * 50).encode("utf-16"))
    with small(64, 32):
        text = read_text(stored.opened(path))
        assert isinstance(text.data, stored.Stored)
        assert text.data[:].decode().count("été") == 50
        rows: list[int] = []
        found = decode(path, "f.csv", WIDE, lambda part, _: rows.append(part.num_rows))
    assert (found.records, found.accepted, found.duplicates) == (50, 1, 49)
    assert len(rows) > 10
    assert sum(rows) == 1


def test_a_file_that_shrinks_while_it_is_read_gives_what_is_left(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"id,unit\n" + b"1,LY\n" * 20)
    with small(64, 32):
        data = stored.opened(path)
        path.write_bytes(b"id,unit\n1,")
        assert data[3:100] == b"unit\n1,"
