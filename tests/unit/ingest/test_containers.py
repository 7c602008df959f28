"""One declaration, one table: whatever the container, the order of rows and columns, or the encoding."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from xml.sax.saxutils import escape

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.ingest import ItemSpec, MeasureSpec, SourceSpec, WaveSpec, decode
from pipelines.ingest.spec import ChoiceSpec, FactSpec

Rows = list[list[object]]
ODS = "application/vnd.oasis.opendocument.spreadsheet"
OFFICE = "urn:oasis:names:tc:opendocument:xmlns"


def as_csv(rows: Rows, delimiter: str = ",", encoding: str = "utf-8") -> bytes:
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter).writerows(
        [["" if cell is None else cell for cell in row] for row in rows]
    )
    return out.getvalue().encode(encoding)


def as_xlsx(rows: Rows) -> bytes:
    book, out = openpyxl.Workbook(), io.BytesIO()
    for row in rows:
        book.active.append(row)
    book.save(out)
    return out.getvalue()


def as_ods(rows: Rows) -> bytes:
    """The smallest OpenDocument spreadsheet."""

    def cell(value: object) -> str:
        if value is None:
            return "<table:table-cell/>"
        if isinstance(value, (int, float)):
            return f'<table:table-cell office:value-type="float" office:value="{value}"/>'
        return f'<table:table-cell office:value-type="string"><text:p>{escape(str(value))}</text:p></table:table-cell>'

    body = "".join(f"<table:table-row>{''.join(map(cell, row))}</table:table-row>" for row in rows)
    content = (
        f'<office:document-content xmlns:office="{OFFICE}:office:1.0" xmlns:table="{OFFICE}:table:1.0" '
        f'xmlns:text="{OFFICE}:text:1.0"><office:body><office:spreadsheet><table:table table:name="Data">{body}'
        "</table:table></office:spreadsheet></office:body></office:document-content>"
    )
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("mimetype", ODS)
        archive.writestr("META-INF/manifest.xml", "<manifest/>")
        archive.writestr("content.xml", content)
    return out.getvalue()


def as_json(rows: Rows) -> bytes:
    records = [dict(zip(map(str, rows[0]), row, strict=True)) for row in rows[1:]]
    return json.dumps({"data": records}).encode("utf-16")


CONTAINERS: dict[str, Callable[[Rows], bytes]] = {
    "comma": as_csv,
    "tab, utf-16": lambda rows: as_csv(rows, "\t", "utf-16"),
    "semicolon, cp1252": lambda rows: as_csv(rows, ";", "cp1252"),
    "xlsx": as_xlsx,
    "ods": as_ods,
    "json": as_json,
}
RESPONSES = SourceSpec(
    "s", "responses", "table", "*", {"response": "id", "unit": "unit", "wave": "year"},
    items=(ItemSpec("q1", "Q1", minimum=1, maximum=5), ItemSpec("q2", "Q2", minimum=0, maximum=10)),
    choices=(ChoiceSpec("how", "how", options=("Téléphone, fixe", "Courriel")),),
    waves=(WaveSpec("a", None, "2023"), WaveSpec("b", None, "2024")), aliases={"Nîmes": "nimes", "Évry": "evry"},
    records="data", exclude={"kind": ("essai",)},
)  # fmt: skip
EVENTS = SourceSpec(
    "s", "events", "table", "*", {"response": "id", "unit": "unit"}, waves=(WaveSpec("w", "*"),), records="data",
    aliases=RESPONSES.aliases, drop=("Q2", "how", "year"),
    facts=(FactSpec("low", column="Q1", values={"1": 1, "2": 1, "3": 0}), FactSpec("t", column="kind", values={"essai": 1})),
)  # fmt: skip
MEASURES = SourceSpec(
    "s", "measures", "table", "*", {"unit": "unit"}, waves=(WaveSpec("w", "*"),), records="data",
    aliases=RESPONSES.aliases, drop=("id", "how", "year", "kind"),
    measures=(MeasureSpec("m", "Q1", plus=("Q2",)),), not_records=("Total*",),
)  # fmt: skip
HEADER = ["id", "unit", "year", "Q1", "Q2", "how", "kind"]
ROW = st.tuples(
    st.sampled_from(["Nîmes", "Évry", "nîmes ", "Ailleurs", "Total"]),
    st.sampled_from([2023, 2024, 2025]),
    st.sampled_from([1, 2, 3, 4.5, 7, None]),
    st.sampled_from([0, 10, 3.25, None]),
    st.sampled_from(["Courriel", "Courriel, Téléphone, fixe", None]),
    st.sampled_from(["essai", None]),
)


def told(raw: bytes, spec: SourceSpec, folder: Path) -> tuple[object, ...]:
    """What a file says, whatever its order: rows without their record numbers, books, reasons."""
    path = folder / "file"
    path.write_bytes(raw)
    decoded = decode(path, "file", spec)
    names = [
        name for name in decoded.table.column_names if name != "record_number" and not name.endswith("__why")
    ]
    rows = sorted(map(repr, decoded.table.select(names).to_pylist()))
    reasons = sorted((one.reason, one.column, one.found) for one in decoded.quarantined)
    return rows, decoded.records, decoded.accepted, decoded.duplicates, reasons


@pytest.mark.parametrize("spec", [RESPONSES, EVENTS, MEASURES], ids=lambda spec: spec.kind)
@settings(max_examples=20, deadline=None)
@given(rows=st.lists(ROW, min_size=1, max_size=8), order=st.randoms(use_true_random=False))
def test_container_order_and_encoding_give_the_same_table(
    spec: SourceSpec, rows: list[tuple[object, ...]], order
) -> None:  # type: ignore[no-untyped-def]
    table: Rows = [
        [f"r{number}", *row] for number, row in enumerate([*rows, ("Nîmes", 2023, 3, 1, None, None)])
    ]
    places = order.sample(range(len(HEADER)), len(HEADER))
    shuffled = order.sample(table, len(table))
    moved: Rows = [
        [HEADER[place] for place in places],
        *([row[place] for place in places] for row in shuffled),
    ]
    with TemporaryDirectory() as folder:
        first = told(as_csv([list(HEADER), *table]), spec, Path(folder))
        for name, write in CONTAINERS.items():
            assert told(write(moved), spec, Path(folder)) == first, name
