"""Through the command line: a wave coded the other way round is held with what to write, and everything else is published."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

from tests.conftest import copy_home, relier

TURNED = {"A1": "A5", "A2": "A4", "A4": "A2", "A5": "A1"}


def turned(text: str, column: str) -> str:
    rows = list(csv.reader(io.StringIO(text), delimiter=";"))
    place = rows[0].index(column)
    for row in filter(None, rows[1:]):  # LimeSurvey ends with an empty line
        row[place] = TURNED.get(row[place], row[place])
    out = io.StringIO()
    csv.writer(out, delimiter=";", quoting=csv.QUOTE_ALL).writerows(rows)
    return out.getvalue()


def test_a_reversed_item_is_held_and_taken_once_confirmed(published_demo: Path, tmp_path: Path) -> None:
    home = copy_home(published_demo, tmp_path / "demo", data=True)
    wave = home / "landing" / "barometre_2025T4.csv"
    corrected = wave.with_name("barometre_2025T4_v2.csv")
    corrected.write_text(turned(wave.read_text("utf-8-sig"), "G1[SQ003]"), "utf-8-sig")
    assert relier(home, "run").returncode == 0
    files = {file["name"]: file for file in json.loads(relier(home, "status", "--json").stdout)["files"]}
    held = files["barometre_2025T4_v2.csv"]
    assert (held["status"], held["reason"], held["accepted"]) == ("held", "scale_changed", 0)
    assert "'listening_1' looks reversed" in held["message"]
    assert files["barometre_2025T4.csv"]["status"] == "accepted"

    line = '- {file: "barometre_2025T4_v2.csv", items: [listening_1], reason: "..."}'
    assert f"declarations/sources/hr_survey.yml under confirmed: `{line}`" in held["message"]
    with (home / "declarations" / "sources" / "hr_survey.yml").open("a") as file:
        file.write(f"confirmed:\n  {line}\n")
    assert relier(home, "run").returncode == 0
    files = {file["name"]: file for file in json.loads(relier(home, "status", "--json").stdout)["files"]}
    assert files["barometre_2025T4_v2.csv"]["status"] == "accepted"
    assert files["barometre_2025T4.csv"]["status"] == "superseded"
