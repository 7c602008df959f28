"""Groupe Rivage's files are those of its seed: same bytes, declared as asked, balanced counts, each defect in place."""

from __future__ import annotations

import csv
import io
import json
import sys
import zipfile
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from python_calamine import CalamineWorkbook

DEMO = Path(__file__).resolve().parents[2] / "examples" / "demo"
LANDING = DEMO / "landing"


@pytest.fixture(scope="module", autouse=True)
def generator() -> Iterator[Any]:
    """The generator's module: it stands beside the data, outside the packages of the project."""
    sys.path.insert(0, str(DEMO))
    try:
        import generate

        yield generate
    finally:
        sys.path.remove(str(DEMO))


@pytest.fixture(scope="module")
def made(generator: Any) -> dict[str, Any]:
    return {file.name: file for file in generator.files()}


@pytest.fixture(scope="module")
def expected() -> dict[str, Any]:
    return json.loads((DEMO / "expected.json").read_text(encoding="utf-8"))


def _content(name: str, raw: bytes) -> object:
    """What must not change: the bytes, or a workbook's parts (the packing depends on the zlib at hand)."""
    if not name.endswith(".xlsx"):
        return raw
    with zipfile.ZipFile(io.BytesIO(raw)) as packed:
        return {part: packed.read(part) for part in packed.namelist()}


def test_the_seed_still_means_the_committed_files(made: dict[str, Any], generator: Any) -> None:
    assert {path.name for path in LANDING.iterdir()} == set(made)
    changed = [
        name for name, file in made.items()
        if _content(name, file.content) != _content(name, (LANDING / name).read_bytes())
    ]  # fmt: skip
    assert changed == []
    assert generator.report(made.values()) == (DEMO / "expected.json").read_text(encoding="utf-8")


def test_two_generations_are_the_same_bytes(made: dict[str, Any], generator: Any) -> None:
    again = {file.name: file.content for file in generator.files()}
    assert again == {name: file.content for name, file in made.items()}


def test_workbooks_do_not_carry_the_clock(made: dict[str, Any]) -> None:
    for name, file in made.items():
        if name.endswith(".xlsx"):
            with zipfile.ZipFile(io.BytesIO(file.content)) as packed:
                assert {part.date_time for part in packed.infolist()} == {(1980, 1, 1, 0, 0, 0)}
                core = packed.read("docProps/core.xml").decode()
            year = name.split("_")[1][:4]
            assert core.count(f">{year}-") == 2, name


def test_writing_replaces_what_landing_held(generator: Any, tmp_path: Path) -> None:
    (tmp_path / "landing").mkdir()
    (tmp_path / "landing" / "barometre_2022T4.csv").write_text("stale")
    written = generator.write(tmp_path)
    assert {path.name for path in (tmp_path / "landing").iterdir()} == {file.name for file in written}
    assert (tmp_path / "expected.json").read_bytes() == (DEMO / "expected.json").read_bytes()


def test_the_demo_stays_small() -> None:
    assert sum(path.stat().st_size for path in LANDING.iterdir()) <= 7e6


def test_expected_counts_balance(expected: dict[str, Any]) -> None:
    totals: Counter[str] = Counter()
    for name, entry in expected["files"].items():
        assert entry["records"] == entry["accepted"] + entry["quarantined"] + entry["duplicate"], name
        totals.update({key: value for key, value in entry.items() if key != "status"})
    assert expected["totals"] == {"files": len(expected["files"]), **totals}
    statuses = Counter(entry["status"] for entry in expected["files"].values())
    assert statuses == {"accepted": 75, "duplicate": 1, "refused": 1, "held": 1}


def test_expected_records_are_in_the_files(expected: dict[str, Any]) -> None:
    for name, entry in expected["files"].items():
        assert _records(LANDING / name) == entry["records"], name


def _records(path: Path) -> int:
    """Data records, counted with other libraries than those that wrote them."""
    raw = path.read_bytes()
    if path.suffix == ".xlsx":
        rows = CalamineWorkbook.from_path(path).get_sheet_by_index(0).to_python()
        # a training workbook has a title and a blank row above its header, and a total at the end
        return len(rows) - (4 if path.name.startswith("formation") else 1)
    if path.suffix == ".json":
        return len(json.loads(raw)["satisfaction_ratings"])
    if "FEC" in path.name:
        return raw.count(b"\r\n") - 1
    latin = path.name == "barometre_2023T4.csv" or path.name.startswith("livraisons")
    text = raw.decode("cp1252" if latin else "utf-8-sig")
    delimiter, headers = (",", 3) if path.name.startswith("clients") else (";", 1)
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    return sum(1 for row in rows if row) - headers


def test_defects_stay_under_the_declared_shares(expected: dict[str, Any]) -> None:
    for source, name, check in (
        ("hr_survey", "barometre_2025T2.csv", "unknown_unit_max_share"),
        ("client_survey", "clients_2025-Q2.csv", "out_of_scale_max_share"),
    ):
        entry = expected["files"][name]
        limit = _declared(f"sources/{source}.yml")["checks"][check]
        assert 0 < entry["quarantined"] / entry["records"] < limit


def test_each_defect_is_in_its_file() -> None:
    assert (LANDING / "barometre_2024T3_renvoi.csv").read_bytes() == (
        LANDING / "barometre_2024T3.csv"
    ).read_bytes()
    whole, cut = (LANDING / name for name in ("clients_2025-Q1.csv", "clients_2025-Q1_partiel.csv"))
    assert whole.read_bytes().startswith(cut.read_bytes())
    assert not cut.read_bytes().endswith(b"\n")
    with pytest.raises(UnicodeDecodeError):
        (LANDING / "barometre_2023T4.csv").read_text(encoding="utf-8")
    headers = {path.name: _header(path) for path in LANDING.glob("*.xlsx")}
    assert [name for name, header in headers.items() if "Code postal" in header] == [
        "partenaires_2025T4.xlsx"
    ]
    assert any("\u00a0" in cell for cell in headers["partenaires_2023T1.xlsx"])


def _header(path: Path) -> list[str]:
    return [str(cell) for cell in CalamineWorkbook.from_path(path).get_sheet_by_index(0).to_python()[0]]


def test_limesurvey_null_and_empty_answers_differ() -> None:
    lines = (LANDING / "barometre_2025T4.csv").read_text(encoding="utf-8-sig").split("\n")
    assert any(';;"' in line for line in lines[1:])
    assert any(';"";' in line for line in lines[1:])
    assert lines[-2:] == ["", ""]


def _declared(relative: str) -> dict[str, Any]:
    return yaml.safe_load((DEMO / "declarations" / relative).read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("hr_survey", "EMPLOYEES"),
        ("client_survey", "CLIENTS"),
        ("partner_survey", "PARTNERS"),
        ("manager_survey", "MANAGERS"),
        ("buyer_survey", "BUYERS"),
    ],
)
def test_declarations_say_what_was_asked(source: str, name: str) -> None:
    from rivage import items

    declared = [item for item in _declared(f"sources/{source}.yml")["items"] if "dimension" in item]
    asked = [
        (one.code, one.column, one.target, one.is_reversed, one.fr or one.column)
        for one in getattr(items, name)
    ]
    assert asked == [
        (item["code"], item["column"], item["dimension"], item.get("reversed", False), item["text"]["fr"])
        for item in declared
    ]


def test_declared_values_are_those_asked() -> None:
    from rivage.items import FAIR_PAY, VALUES

    declared = _declared("sources/hr_survey.yml")["items"]
    asked = [
        (value.code, facet, getattr(value, facet)) for value in VALUES for facet in ("proclaimed", "lived")
    ]
    assert asked == [(item["value"], item["facet"], item["column"]) for item in declared if "value" in item]
    assert list(_declared("framework.yml")["values"]) == [value.code for value in VALUES]
    assert [item["column"] for item in declared if item.get("outcome") == "fair_pay"] == [FAIR_PAY.column]


def test_sides_share_the_dimensions_declared_parallel() -> None:
    from rivage import findings

    parallel, other = {}, {}
    for source in ("hr_survey", "client_survey", "manager_survey", "partner_survey", "buyer_survey"):
        flags: dict[str, set[bool]] = defaultdict(set)
        for item in _declared(f"sources/{source}.yml")["items"]:
            if "dimension" in item:
                flags[item["dimension"]].add(item.get("parallel", False))
        parallel[source] = {code for code, said in flags.items() if said == {True}}
        other[source] = set(flags) - parallel[source]
    assert parallel["hr_survey"] & parallel["client_survey"] == findings.SHARED
    assert parallel["hr_survey"] & parallel["manager_survey"] == findings.MANAGED
    assert len(parallel["partner_survey"] & parallel["buyer_survey"]) == 7
    assert "competence" in other["hr_survey"] & other["client_survey"]


def test_every_text_of_a_segment_is_declared() -> None:
    from rivage import clients, contacts, hr

    segments = _declared("framework.yml")["segments"]
    texts = {
        code: {text for value in segment["values"].values() for text in value["texts"]}
        for code, segment in segments.items()
    }
    assert texts == {
        "age_band": set(hr.AGES),
        "job_family": set(hr.JOBS),
        "channel": {*clients.CHANNELS, contacts.BOTH},
        "revenue_decile": {str(decile) for decile in range(1, 11)},
    }


def test_declared_waves_are_the_fieldwork() -> None:
    from rivage import buyers, managers, world

    invited = {
        year: sum(agency.heads[year - 2023] for agency in world.AGENCIES) for year in (2023, 2024, 2025)
    }
    for source in ("hr_survey", "partner_survey"):
        waves = _declared(f"sources/{source}.yml")["waves"]
        dates = [world.fieldwork(at) for at in range(len(world.QUARTERS))]
        assert [(wave["code"], wave["opened"], wave["closed"]) for wave in waves] == [
            (world.label(at), *dates[at]) for at in range(len(world.QUARTERS))
        ]
        if source == "hr_survey":
            assert [wave["invited"] for wave in waves] == [invited[year] for year, _ in world.QUARTERS]
    for source, quarters, asked in (
        ("manager_survey", managers.WAVES, managers.INVITED),
        ("buyer_survey", buyers.WAVES, sum(buyers.COUNTS.values())),
    ):
        waves = _declared(f"sources/{source}.yml")["waves"]
        assert [(wave["code"], wave["opened"], wave["closed"], wave["invited"]) for wave in waves] == [
            (world.label(at), *world.fieldwork(at), asked) for at in quarters
        ]


def test_readme_carries_the_measured_figures() -> None:
    from rivage.figures import figures

    assert figures(LANDING) in (DEMO / "README.md").read_text(encoding="utf-8")


def test_ledgers_balance_and_open_on_the_year_before() -> None:
    closing: Counter[tuple[str, str]] = Counter()
    for year, delimiter in ((2023, "\t"), (2024, "|"), (2025, "\t")):
        raw = (LANDING / f"999000111FEC{year}1231.txt").read_bytes()
        rows = [
            line.split(delimiter)
            for line in raw.decode("latin-1" if year == 2023 else "utf-8").splitlines()[1:]
        ]
        assert {len(row) for row in rows} == {18}
        entries: dict[str, int] = defaultdict(int)
        opening: Counter[tuple[str, str]] = Counter()
        balance: Counter[tuple[str, str]] = Counter()
        for row in rows:
            cents = int(row[11].replace(",", "")) - int(row[12].replace(",", ""))
            entries[row[2]] += cents
            balance[row[4], row[6]] += cents
            if row[0] == "AN":
                opening[row[4], row[6]] += cents
            assert row[3][:4] == str(year)
        assert set(entries.values()) == {0}
        assert {key: value for key, value in opening.items() if value} == {
            key: value for key, value in closing.items() if value
        }
        closing = Counter()
        for (account, auxiliary), cents in balance.items():
            # Nothing closes classes 6 and 7: the result is carried to 120 by the opening entry.
            closing[("120000", "") if account[0] in "67" else (account, auxiliary)] += cents
