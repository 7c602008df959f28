"""The same answers whatever an export's rows, encoding or line ends: the table is the same, and the books balance."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.ingest import Decoded, ItemSpec, SourceSpec, WaveSpec, decode
from pipelines.ingest.scan import detect_delimiter, scan
from pipelines.ingest.spec import ChoiceSpec

GOLDEN = Path(__file__).parent / "golden"
WAVES = (WaveSpec("w", "*"),)
UNITS = {"LY": "lyon", "PA": "paris"}
CHANNELS = ("Téléphone", "E-mail", "Agence", "Sur place, à l'agence")


def source(kind: str, item: str, response: str | None, unit: str, **changes: object) -> SourceSpec:
    keys = {"unit": unit} | ({"response": response} if response else {})
    parts: dict[str, object] = {"items": (ItemSpec("q", item, minimum=0, maximum=10),), "aliases": UNITS}
    return SourceSpec("s", "responses", kind, "*", keys, waves=WAVES, drop=("*",), **(parts | changes))  # type: ignore[arg-type]


AGREE = {"A2": 2.0, "A3": 3.0, "A4": 4.0, "A5": 5.0}
# Per format: its golden file, how many header rows it has, and its declaration.
FORMATS = {
    "surveymonkey": ("surveymonkey/expanded.csv", 2, source(
        "surveymonkey_csv", "Votre agence - Écoute", "Respondent ID", "Agence",
        choices=(ChoiceSpec("c", "Quels canaux ?", (), ("Téléphone", "E-mail", "*")),),
    )),
    "google_forms": ("google_forms/sheet_fr.csv", 1, source(
        "google_forms", "Qualité [Écoute]", "Horodateur", "Agence", choices=(ChoiceSpec("c", "Canaux", (), CHANNELS),),
    )),
    "forms": ("forms/quiz_resave.csv", 1, source(
        "forms_xlsx", "Recommanderiez-vous ?", "ID", "Agence",
        choices=(ChoiceSpec("c", "Quels canaux ?", (), CHANNELS, ";"),),
    )),
    "typeform": ("typeform/joined.csv", 1, source(
        "typeform_csv", "Recommandation", "#", "Agence", choices=(ChoiceSpec("c", "Canaux", (), CHANNELS, " / "),),
    )),
    "formbricks": ("formbricks/export.csv", 1, source("formbricks_csv", "3. Qualité - Manager", "Response ID", "agence")),
    "glint": ("glint/survey.csv", 1, source("glint_csv", "Écoute", "EMP ID", "Site")),
    "limesurvey": ("limesurvey/codetext.csv", 1, source(
        "limesurvey_csv", "G1[SQ001]", "id", "G0", items=(ItemSpec("q", "G1[SQ001]", (), 1, 5, AGREE),),
        choices=(ChoiceSpec("c", "CAN", (), ("SQ001", "SQ002", "other")),),
    )),
    "qualtrics": ("qualtrics/labels_nps_topics.csv", 3, source(
        "qualtrics_csv", "QID1", "ResponseId", "UserLanguage", aliases={"FR": "lyon"},
        choices=(ChoiceSpec("c", "Canaux", (), ("Téléphone", "E-mail, SMS")),),
    )),
}  # fmt: skip
ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "cp1252")


def read(raw: bytes, spec: SourceSpec) -> Decoded:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "original"
        path.write_bytes(raw)
        return decode(path, "export.csv", spec)


def rows_of(decoded: Decoded) -> list[dict[str, object]]:
    table = decoded.table.drop_columns(["record_number"])
    return sorted(table.to_pylist(), key=lambda row: str(row["response_id"]))


def records_of(raw: bytes) -> list[str]:
    """The header rows and the records of a file, each as it is written."""
    data = raw.decode("utf-8-sig").encode()
    return [data[row.start : row.end].decode() for row in scan(data, detect_delimiter(data))]


@pytest.mark.parametrize("kind", sorted(FORMATS))
@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_order_encoding_and_line_ends_change_nothing(kind: str, data: st.DataObject) -> None:
    name, headers, spec = FORMATS[kind]
    written = records_of((GOLDEN / name).read_bytes())
    header, records = written[:headers], written[headers:]
    expected = rows_of(read("\n".join(written).encode() + b"\n", spec))
    shuffled = data.draw(st.permutations(records))
    line_end = data.draw(st.sampled_from(("\n", "\r\n", "\r", "\r\r\n")))
    encoding = data.draw(st.sampled_from(ENCODINGS))
    decoded = read((line_end.join([*header, *shuffled]) + line_end).encode(encoding), spec)
    assert rows_of(decoded) == expected
    assert len(records) == decoded.records == decoded.accepted + len(decoded.quarantined) + decoded.duplicates
