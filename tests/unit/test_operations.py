"""What an operator asks of the books: their state at a glance, the list for an owner, files decoded again."""

from __future__ import annotations

import ast
import csv
import io
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import openpyxl
import pytest
from rich.console import Console

from pipelines import drift
from pipelines.assets.waves import arrivals
from pipelines.declared import Home
from pipelines.files import NetworkDriveError, RunLock, file_system, refuse_network
from pipelines.ledger import LOST, Entry, Ledger, Refusal
from pipelines.quarantine import ExportError, _reason, chosen, export, print_quarantine, safe_cell, spans
from pipelines.replaying import choose
from pipelines.reporting import print_status, status_of
from pipelines.settling import TWO_WAVES
from pipelines.waves import wave_keys, waves_of
from tests.unit.declared.homes import FILES
from tests.unit.operations_home import ledger_of, put, work, worked_home


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return worked_home(tmp_path / "essai")


def told(print_it: Callable[[Console], object]) -> str:
    console = Console(file=io.StringIO(), width=160, soft_wrap=True)
    print_it(console)
    return console.file.getvalue()  # type: ignore[attr-defined]  # a StringIO, given above


# ---- status ------------------------------------------------------------------------------------------------


def many(ledger: Ledger, count: int) -> None:
    one = Entry(
        "",
        "",
        1,
        1,
        source="hr_survey",
        kind="responses",
        status="accepted",
        records=10,
        accepted=10,
        claimed_at="2026",
    )
    held = {"status": "held", "accepted": 0, "quarantined": 10, "message": "file_7.csv: held, why"}
    ledger.record_all(
        [
            (replace(one, name=f"file_{n}.csv", sha256=f"{n:064}", **(held if n == 7 else {})), [])
            for n in range(count)
        ]
    )


def test_status_of_hundreds_of_files_fits_on_a_screen(home: Home) -> None:
    with ledger_of(home) as ledger:
        many(ledger, 600)
        status = status_of(home, ledger)
    said = told(lambda console: print_status(status, console))
    lines = said.splitlines()
    assert len(lines) < 25
    assert lines[1].startswith("603 files: ")
    assert "the books balance" in lines[2]
    assert "file_7.csv: held, why" in said
    assert "file_8.csv" not in said
    assert "600 other file(s) need nobody; --all shows them" in said
    everything = told(lambda console: print_status(status, console, everything=True))
    assert "file_8.csv" in everything
    assert len(everything.splitlines()) > 600


def test_status_says_where_the_refused_records_are(home: Home) -> None:
    with ledger_of(home) as ledger:
        said = told(lambda console: print_status(status_of(home, ledger), console))
    assert (
        'hr_2025Q1.csv, line 8: 1 record(s), unknown unit in agency: expected a declared unit, found "AG99"'
        in said
    )


# ---- quarantine --------------------------------------------------------------------------------------------


def test_lines_are_told_as_spans() -> None:
    assert spans([7, 5, 6, 12]) == "5–7, 12"
    assert spans(range(1, 40, 2)) == "1, 3, 5, 7, 9, 11, 13, 15 and 12 more places"


def test_quarantine_is_chosen_by_reason_and_file(home: Home) -> None:
    with ledger_of(home) as ledger:
        assert len(chosen(ledger)) == 2
        assert [one.line for _, one in chosen(ledger, "unknown unit", "hr_2025Q2.csv")] == [8]
        assert chosen(ledger, "out_of_scale") == []
        said = told(lambda console: print_quarantine(chosen(ledger), console))
    assert said.splitlines()[0] == "2 records in quarantine: 2 unknown unit"


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_a_cell_is_never_a_formula(start: str) -> None:
    assert safe_cell(f"{start}cmd|' /C calc'!A0") == f"'{start}cmd|' /C calc'!A0"


def test_numbers_stay_numbers() -> None:
    assert (safe_cell(-5), safe_cell(None), safe_cell("a-b")) == (-5, "", "a-b")


HOSTILE = Refusal(
    "unknown_unit", "a unit", '=HYPERLINK("http://x")', "@add it", line=3, record=2, column="+agence"
)


@pytest.mark.parametrize("suffix", ["csv", "xlsx"])
def test_the_owner_gets_a_list_in_the_organisations_language(home: Home, tmp_path: Path, suffix: str) -> None:
    target = tmp_path / f"à rendre.{suffix}"
    with ledger_of(home) as ledger:
        rows = export(home, [*chosen(ledger), ("=hr.csv", HOSTILE)], target)
    assert rows == 3
    assert target.stat().st_mode & 0o077 == 0
    if suffix == "csv":
        read = list(csv.reader(target.read_text(encoding="utf-8-sig").splitlines()))
    else:
        sheet = openpyxl.load_workbook(target).active
        assert sheet is not None
        read = [["" if cell.value is None else str(cell.value) for cell in row] for row in sheet.iter_rows()]
        assert {cell.data_type for row in sheet.iter_rows() for cell in row} <= {"s", "n"}
    assert read[0][:5] == ["fichier", "ligne", "enregistrement", "colonne", "motif"]
    assert read[1][:5] == ["hr_2025Q1.csv", "8", "7", "agency", "unité inconnue"]
    assert read[3][:7] == ["'=hr.csv", "3", "2", "'+agence", "unité inconnue", "a unit", "'" + HOSTILE.found]
    assert read[3][7] == "'@add it"


def _reasons_in_code() -> set[str]:
    """First text of every FileProblem, Refusal, Fault and refusing helper that looks like a code."""
    raisers = {"FileProblem", "Refusal", "Fault", "_Refused", "_refused", "_refuse"}
    found = {LOST, drift.REASON, TWO_WAVES}
    for path in Path(drift.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if (
                isinstance(node, ast.Call)
                and getattr(node.func, "id", getattr(node.func, "attr", "")) in raisers
            ):
                texts = (
                    [one.value for one in ast.walk(node.args[0]) if isinstance(one, ast.Constant)]
                    if node.args
                    else []
                )
                found |= {
                    text for text in texts if isinstance(text, str) and re.fullmatch("[a-z]+(_[a-z]+)*", text)
                }
    return found - {"reason"}  # the key of an answer from a child process, which raised it by its own name


def test_every_reason_is_said_in_french() -> None:
    found = _reasons_in_code()
    assert {"unknown_unit", "zip_bomb", "lost_original"} < found
    assert {code for code in found if _reason(code, "fr") == code.replace("_", " ")} == set()


def test_an_export_goes_nowhere_else(home: Home, tmp_path: Path) -> None:
    with pytest.raises(ExportError, match=r"must end in \.csv or \.xlsx"):
        export(home, [], tmp_path / "list.html")
    with pytest.raises(ExportError, match="there is no folder"):
        export(home, [], tmp_path / "absent" / "list.csv")


# ---- waves -------------------------------------------------------------------------------------------------

CONTINUOUS = {
    "sources/desk.yml": FILES["sources/hr_survey.yml"]
    .replace('files: "hr_*.csv"', 'files: "desk_*.csv"')
    .replace('waves:\n  - {code: 2025-Q1, file: "hr_2025Q1*", opened: 2025-03-03, closed: 2025-03-28, invited: 40}', "waves: continuous")
    .replace("unit: agency}", "unit: agency, submitted_at: day}"),
    "unit_aliases.csv": FILES["unit_aliases.csv"] + "desk,AG1,sud\n",
}  # fmt: skip


def test_a_continuous_file_lies_in_the_periods_of_its_answers(tmp_path: Path) -> None:
    home = worked_home(tmp_path / "essai", CONTINUOUS)
    put(
        home,
        "desk_1.csv",
        b"id,agency,day,Q1,NPS\n1,AG1,2025-03-31,3,9\n2,AG1,2025-04-01,3,9\n3,AG1,2025-04-02,3,9\n",
    )
    with ledger_of(home) as ledger:
        work(home, ledger)
        entry = next(entry for entry in ledger.files() if entry.source == "desk")
        assert waves_of(home, entry) == {"desk:2025-Q1": 1, "desk:2025-Q2": 2}
        assert [one.name for one in choose(home, ledger, waves=["desk:2025-Q2"])] == ["desk_1.csv"]
    keys = wave_keys(home)
    assert keys[-1] == "hr_survey:2025-Q2"
    assert {"desk:2025-Q2", "desk:2025-Q4"} < set(keys)
    assert "desk:2026-Q1" not in keys  # has not begun at the as-of date


def test_a_wave_counts_the_rows_that_count(home: Home) -> None:
    with ledger_of(home) as ledger:
        entries = ledger.files()
    now, before = arrivals(home, entries), [replace(e, status="superseded") for e in entries]
    counted = [arrived.metadata["dagster/row_count"].value for arrived in now]
    assert counted == [entry.accepted for entry in entries if entry.status == "accepted"]
    assert {arrived.metadata["dagster/row_count"].value for arrived in arrivals(home, before)} == {0}


def test_a_file_that_was_not_decoded_is_in_the_wave_of_its_name(home: Home) -> None:
    put(home, "hr_2025Q2_bis.csv", b"id,agency,Q1,NPS,new\n1,AG1,3,9,x\n")
    with ledger_of(home) as ledger:
        work(home, ledger)
        (entry,) = ledger.files("held")
    assert waves_of(home, entry) == {"hr_survey:2025-Q2": 0}


# ---- runs, copies, drives ----------------------------------------------------------------------------------


def test_the_next_run_closes_what_a_kill_left_open(home: Home) -> None:
    with ledger_of(home) as ledger:
        ledger.begin("killed")
        ledger.begin("mine")
        assert [run["run_id"] for run in ledger.close_interrupted(alive="mine")] == ["killed"]
        assert [run["run_id"] for run in ledger.unfinished()] == ["mine"]


def test_what_was_published_stays_so_whatever_fails_after(home: Home) -> None:
    with ledger_of(home) as ledger:
        ledger.begin("mine")
        ledger.finish("mine", "published", None, "20260101T000000Z-abcdef", {})
        ledger.finish("mine", "refused", "older snapshots could not be removed", None, {})
        assert ledger.snapshots() == {"20260101T000000Z-abcdef"}


def test_copies_of_the_ledger_are_whole_and_few(home: Home, tmp_path: Path) -> None:
    folder = tmp_path / "copies"
    folder.mkdir()
    for day in range(1, 6):
        (folder / f"ledger-2020-01-0{day}.sqlite").write_bytes(b"old")
    with ledger_of(home) as ledger:
        made = ledger.back_up(folder)
        files = ledger.files()
    assert len(list(folder.glob("ledger-*"))) == 3
    assert made.stat().st_mode & 0o077 == 0
    with Ledger(made) as copy:
        assert copy.files() == files


def test_one_lock_holder_at_a_time(tmp_path: Path) -> None:
    first, second = RunLock(tmp_path / "run.lock"), RunLock(tmp_path / "run.lock")
    assert first.try_acquire()
    assert not second.try_acquire()
    first.release()
    assert second.try_acquire()
    second.release()


MOUNTS = """\
/dev/sda1 / ext4 rw 0 0
server:/share /mnt/share nfs4 rw 0 0
//server/docs /mnt/share/local\\040docs cifs rw 0 0
/dev/sdb1 /mnt/share/disk xfs rw 0 0
"""


@pytest.mark.parametrize(
    ("place", "kind"),
    [
        ("/srv/home", "ext4"),
        ("/mnt/share/home", "nfs4"),
        ("/mnt/shared", "ext4"),
        ("/mnt/share/local docs/home", "cifs"),
        ("/mnt/share/disk/home", "xfs"),
    ],
)
def test_network_drives_are_refused(tmp_path: Path, place: str, kind: str) -> None:
    mounts = tmp_path / "mounts"
    mounts.write_text(MOUNTS)
    assert file_system(Path(place), mounts) == kind
    if kind in {"nfs4", "cifs"}:
        with pytest.raises(
            NetworkDriveError, match=f"network file system .{kind}.*move the home to a local disk"
        ):
            refuse_network(Path(place), mounts)
    else:
        refuse_network(Path(place), mounts)
