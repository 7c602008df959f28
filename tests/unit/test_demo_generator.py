"""Groupe Rivage is what its README says: same bytes from the same seed, planted stories, balanced counts."""

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
REGIONS = ("reg_nord", "reg_ouest", "reg_sud")


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


@pytest.fixture(scope="module")
def cells() -> dict[str, Any]:
    from rivage import measured

    return {group: measured.answers(LANDING, group) for group in ("employees", "clients", "partners")}


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
            year = name[len("partenaires_") :][:4]
            assert core.count(f">{year}-") == 2, name


def test_writing_replaces_what_landing_held(generator: Any, tmp_path: Path) -> None:
    (tmp_path / "landing").mkdir()
    (tmp_path / "landing" / "barometre_2022T4.csv").write_text("stale")
    written = generator.write(tmp_path)
    assert {path.name for path in (tmp_path / "landing").iterdir()} == {file.name for file in written}
    assert (tmp_path / "expected.json").read_bytes() == (DEMO / "expected.json").read_bytes()


def test_the_demo_stays_small() -> None:
    assert sum(path.stat().st_size for path in LANDING.iterdir()) <= 5.5e6


def test_expected_counts_balance(expected: dict[str, Any]) -> None:
    totals: Counter[str] = Counter()
    for name, entry in expected["files"].items():
        assert entry["records"] == entry["accepted"] + entry["quarantined"] + entry["duplicate"], name
        totals.update({key: value for key, value in entry.items() if key != "status"})
    assert expected["totals"] == {"files": len(expected["files"]), **totals}
    statuses = Counter(entry["status"] for entry in expected["files"].values())
    assert statuses == {"accepted": 38, "duplicate": 1, "refused": 1, "held": 1}


def test_expected_records_are_in_the_files(expected: dict[str, Any]) -> None:
    for name, entry in expected["files"].items():
        assert _records(LANDING / name) == entry["records"], name


def _records(path: Path) -> int:
    """Data records, counted with other libraries than those that wrote them."""
    raw = path.read_bytes()
    if path.suffix == ".xlsx":
        return len(CalamineWorkbook.from_path(path).get_sheet_by_index(0).to_python()) - 1
    if "FEC" in path.name:
        return raw.count(b"\r\n") - 1
    text = raw.decode("utf-8-sig") if path.name != "barometre_2023T4.csv" else raw.decode("cp1252")
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
    [("hr_survey", "EMPLOYEES"), ("client_survey", "CLIENTS"), ("partner_survey", "PARTNERS")],
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


def test_declared_waves_are_the_fieldwork() -> None:
    from rivage import world

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


def test_readme_carries_the_measured_figures() -> None:
    from rivage.figures import figures

    assert figures(LANDING) in (DEMO / "README.md").read_text(encoding="utf-8")


def test_two_regions_treat_clients_better_than_employees(cells: dict[str, Any]) -> None:
    from rivage.figures import common_gap

    gaps = {
        unit: [common_gap(cells["employees"][unit, at], cells["clients"][unit, at]) for at in range(12)]
        for unit in REGIONS
    }
    assert min(gaps["reg_nord"] + gaps["reg_sud"]) >= 8
    assert max(map(abs, gaps["reg_ouest"])) < 5


def test_marseille_employees_fall_two_quarters_before_clients(cells: dict[str, Any]) -> None:
    from rivage.measured import index

    staff, clients = (
        [index(cells[group]["ag_marseille", at]) for at in range(12)] for group in ("employees", "clients")
    )
    assert max(staff[7:]) <= min(staff[:7]) - 12
    assert max(clients[9:]) <= min(clients[:9]) - 10
    assert min(staff[:7]) - staff[7] > 12
    assert clients[7] - clients[9] > 10


def test_relation_moves_margin_except_in_one_region(cells: dict[str, Any]) -> None:
    from rivage import figures, measured

    euros = measured.money(LANDING)
    slopes, correlations = zip(
        *(figures.link(cells["clients"], euros, unit)[:2] for unit in REGIONS), strict=True
    )
    assert abs(slopes[0]) < 0.1
    assert abs(correlations[0]) < 0.2
    assert min(slopes[1:]) > 0.3
    assert min(correlations[1:]) > 0.8


def test_who_is_too_few_to_show(cells: dict[str, Any]) -> None:
    from rivage import world

    few = {
        agency.unit
        for agency in world.AGENCIES
        for at in range(12)
        if len(cells["employees"][agency.unit, at]) < 10
    }
    assert few == {"ag_nice", "ag_brest", "ag_vannes"}
    for at in range(12):
        assert sum(len(cells["employees"][unit, at]) for unit in ("ag_brest", "ag_vannes")) >= 10
        assert min(len(cells["clients"][unit, at]) for unit in REGIONS) >= 250


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
