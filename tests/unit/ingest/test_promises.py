"""What holds for any bytes: records balance, nothing but FileProblem is raised, no answer reaches a message."""

from __future__ import annotations

import io
from pathlib import Path

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipelines.ingest import Decoded, FileProblem, ItemSpec, MeasureSpec, SourceSpec, WaveSpec, decode
from pipelines.ingest.model import Problem

WAVES = (WaveSpec("w", "*"),)
ITEMS = (
    ItemSpec("q1", "Q1", minimum=1, maximum=5),
    ItemSpec("q2", "Q2", values={"A1": 1.0}, missing={"A9": "refused"}),
)
KEYS = {"response": "id", "unit": "unit", "submitted_at": "at", "weight": "w"}
TABLE = SourceSpec(
    "s", "responses", "table", "*", KEYS, items=ITEMS, waves=WAVES, aliases={"LY": "lyon"}, drop=("note",)
)
CSV = (
    'id,unit,at,w,Q1,Q2,note\n1,LY,2026-03-01 09:00:00,"1,5",3,A1,"a ""b""\nc"\n2,LY,,2,5,A9,\n3,LY,,,,"",x\n'
)
LIME = SourceSpec(
    "s",
    "responses",
    "limesurvey_csv",
    "*",
    {"unit": "unit"},
    items=ITEMS,
    waves=WAVES,
    aliases={"LY": "lyon"},
)
LIMESURVEY = (
    '"id";"submitdate";"unit";"Q1";"Q2"\r\n"1";"2026-03-01 10:12:00";"LY";"4";"A1"\r\n"2";;"LY";;""\r\n\r\n'
)
QUAL = SourceSpec("s", "responses", "qualtrics_csv", "*", {}, "lyon", ITEMS[:1], waves=WAVES)
QUALTRICS = (
    "Status,ResponseId,RecordedDate,Q1\nType,ID,Date,Avis\n"
    '"{""ImportId"":""status""}","{""ImportId"":""_recordId""}",'
    '"{""ImportId"":""recordedDate"",""timeZone"":""UTC""}","{""ImportId"":""QID1""}"\n'
    "0,R_1,2026-03-01 09:00:00,5\n1,R_2,2026-03-01 09:00:00,\n"
)
MEASURES = SourceSpec(
    "s", "measures", "table", "*", {"unit": "unit", "n": "n"},
    measures=(MeasureSpec("m", "M", (), "percent", {".": "suppressed"}),), waves=WAVES, aliases={"LY": "lyon"},
)  # fmt: skip
SHARES = "unit;n;M\nLY;1 204;62,5%\nLY;12;.\n"
FEC = SourceSpec("s", "ledger", "fec", "*")
LEDGER = (
    "JournalCode\tJournalLib\tEcritureNum\tEcritureDate\tCompteNum\tCompteLib\tCompAuxNum\tCompAuxLib\tPieceRef\tPieceDate\t"
    "EcritureLib\tDebit\tCredit\tEcritureLet\tDateLet\tValidDate\tMontantdevise\tIdevise\n"
    "VE\tV\t1\t20250131\t706000\tP\t\t\tF1\t20250131\tx\t0,00\t12,00\t\t\t20250131\t\t\n"
    "VE\tV\t1\t20250131\t411000\tP\tC1\tC\tF1\t20250131\tx\t12,00\t0,00\t\t\t20250131\t\t\n"
)


def workbook() -> bytes:
    book = openpyxl.Workbook()
    for line in ("id unit at w Q1 Q2 note", "1 LY 2026-03-01 1 3 A1 x", "2 LY 2026-03-02 2 5 A9 y"):
        book.active.append(line.split())
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


SAMPLES = [
    (CSV.encode(), TABLE),
    (LIMESURVEY.encode("utf-8-sig"), LIME),
    (QUALTRICS.encode(), QUAL),
    (SHARES.encode("cp1252"), MEASURES),
    (LEDGER.encode(), FEC),
    (workbook(), TABLE),
]
SPLICES = [
    b'"',
    b";",
    b",",
    b"\n",
    b"\r",
    b"\t",
    b"\0",
    b"\xff",
    b"\xc3",
    b"\xef\xbf\xbd",
    b"1e3",
    b"inf",
    b"(",
    "\u00a0".encode(),
    b"|",
    b"[",
    b"\x81",
]


def attempt(path: Path, spec: SourceSpec) -> Decoded | FileProblem:
    try:
        return decode(path, "123456789FEC20251231.txt", spec)
    except FileProblem as problem:
        return problem


def balanced(path: Path, content: bytes, spec: SourceSpec) -> Decoded | FileProblem:
    """Decode; whatever the bytes, either a balanced table or a FileProblem that says what to do."""
    path.write_bytes(content)
    decoded = attempt(path, spec)
    if isinstance(decoded, FileProblem):
        assert decoded.status in ("refused", "held")
        assert decoded.fix
        assert decoded.expected
        assert decoded.records >= 0
        return decoded
    assert decoded.records == decoded.accepted + len(decoded.quarantined) + decoded.duplicates
    each = len(spec.measures) if spec.kind == "measures" else 1
    assert decoded.table.num_rows == decoded.accepted * each
    numbers = [problem.record for problem in decoded.quarantined]
    assert numbers == sorted(set(numbers))
    assert not set(numbers) & set(decoded.table["record_number"].to_pylist())
    return decoded


@pytest.mark.parametrize(("content", "spec"), SAMPLES)
def test_the_samples_are_sound(tmp_path: Path, content: bytes, spec: SourceSpec) -> None:
    decoded = balanced(tmp_path / "file", content, spec)
    assert isinstance(decoded, Decoded)
    assert decoded.accepted == decoded.records > 1


@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_mutated_bytes_balance_or_are_refused(tmp_path: Path, data: st.DataObject) -> None:
    content, spec = data.draw(st.sampled_from(SAMPLES))
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(content)))
        cut = data.draw(st.integers(0, 3))
        content = content[:place] + data.draw(st.sampled_from([b"", *SPLICES])) + content[place + cut :]
    balanced(
        tmp_path / "file",
        content[: data.draw(st.integers(0, len(content)))] if data.draw(st.booleans()) else content,
        spec,
    )


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(
        st.lists(st.text(alphabet='LY1345A9.,; "\n-%é', max_size=5), min_size=7, max_size=7),
        min_size=1,
        max_size=8,
    )
)
def test_any_cells_balance_when_written_properly(tmp_path: Path, rows: list[list[str]]) -> None:
    quoted = "\n".join(",".join('"' + cell.replace('"', '""') + '"' for cell in row) for row in rows)
    found = balanced(tmp_path / "file", f"{CSV.splitlines()[0]}\n{quoted}\n".encode(), TABLE)
    filled = [row for row in rows if any(cell.strip(' "\n,') for cell in row)]
    assert found.records in (len(rows), len(filled)) or isinstance(found, FileProblem)


SECRET = "Zoé-Durand-4711"


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    place=st.integers(0, 6), damage=st.sampled_from(["", '"', ",", "\n", ",,", "\u00a0%"]), last=st.booleans()
)
def test_no_answer_reaches_a_message(tmp_path: Path, place: int, damage: str, last: bool) -> None:
    cells = ["1", "LY", "2026-03-01", "1", "3", "A1", "n"]
    cells[place] = SECRET + damage
    lines = [CSV.splitlines()[0], ",".join(cells), "2,LY,,,9,A1,n"]
    found = balanced(tmp_path / "file", ("\n".join(lines[:2] if last else lines) + "\n").encode(), TABLE)
    problems: list[Problem] = found.problems if isinstance(found, FileProblem) else found.quarantined
    told = [
        problem for problem in problems if problem.reason != "unknown_unit"
    ]  # a unit is a code, and is named
    warned = found.warnings if isinstance(found, Decoded) else [str(found)]
    assert "4711" not in "".join([*map(str, told), *warned])
