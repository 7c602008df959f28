"""`relier check` says what a run would do, writes nothing, and shows no cell of a person."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

from pipelines.claims import claim
from pipelines.declared import Home
from pipelines.files import sweep
from pipelines.ledger import Ledger
from pipelines.onboarding import adding
from pipelines.onboarding.check import check
from pipelines.onboarding.printing import lines_of
from pipelines.settling import settle
from tests.conftest import relier
from tests.unit.onboarding.homes import answer, drafted_into, empty_home
from tests.unit.operations_home import answers, ledger_of, put, work, worked_home

KINDS = "Id,Date,E-mail,Nom,Téléphone,Adresse IP,Agence,Rôle,Canaux,Note,Avis,Montant,Pourquoi"
NAMES = [
    "Kateryna",
    "Ólafur",
    "Nguyen",
    "Zubaida",
    "Tiburce",
    "Wojciech",
    "Ysolde",
    "Quentin",
    "Hrvoje",
    "Ximena",
]


def survey(folder: Path, rows: int = 10) -> tuple[Path, set[str]]:
    """A file with a canary in every cell of every kind of column, and the canaries."""
    lines, canaries = [KINDS], set()
    for n, name in enumerate(NAMES[:rows]):
        cells = [
            f"IDX{n}ZZ", f"2024-0{n % 9 + 1}-1{n % 9} 09:1{n}:33", f"{name}@canari.example", f"{name} Canaribus", f"+33 6 55 44 33 2{n}",
            f"203.0.113.{n + 77}", "Lyon" if n % 2 else "Lille", f"Canarole{n}", f"Canachoix{n}, Canavoie{n}", str(n % 5 + 1),
            f"Canavis{n}", f"{7919 + n * 977},53", f"Canarien ne va, dit {name}, et puis voilà une longue phrase.",
        ]  # fmt: skip
        lines.append(",".join(f'"{cell}"' for cell in cells))
        canaries |= {cell for place, cell in enumerate(cells) if place not in {6, 9}} | {name}
    path = folder / "enquete_2024.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path, canaries


def said(report: dict[str, object]) -> str:
    return json.dumps(report, ensure_ascii=False) + "\n".join(lines_of(report))


def test_an_undeclared_file_is_described_without_any_of_its_cells(tmp_path: Path) -> None:
    file, canaries = survey(tmp_path)
    report = check(file, Home.load(empty_home(tmp_path)))
    assert not report["accepted"]
    assert (report["format"], report["encoding"], report["delimiter"], report["records"]) == (
        "table",
        "utf-8",
        ",",
        10,
    )
    assert {one["column"]: one["kind"] for one in report["columns"]}["E-mail"] == "personal"
    assert "relier add-source enquete_2024.csv" in report["verdict"]
    assert not [canary for canary in canaries if canary in said(report)]


def test_a_draft_holds_no_cell_of_a_person(tmp_path: Path) -> None:
    file, canaries = survey(tmp_path)
    made = adding.drafted(file, Home.load(empty_home(tmp_path)), None, adding.Questionnaire(), None)
    written = made.text + adding.alias_lines(made)
    assert not [canary for canary in canaries if canary in written]
    assert "personal details: never kept\n  - E-mail\n  - Nom\n  - Téléphone\n  - Adresse IP" in made.text
    assert "comments: [Pourquoi]" in made.text
    assert made.aliases == (("Lille", "TODO"), ("Lyon", "TODO"))


def test_a_declared_file_is_told_by_counts_scales_and_first_problems_only(tmp_path: Path) -> None:
    home = empty_home(tmp_path)
    file, canaries = survey(tmp_path)
    loaded = answer(home, drafted_into(home, file), min="1", max="4")
    report = check(file, loaded)
    assert (report["source"], report["records"], report["would_be_quarantined"]) == ("enquete", 10, 2)
    assert report["units"]["matched"] == {"maison": 8}
    (scale,) = report["scales"]
    assert (scale["code"], scale["scale"], scale["points_seen"]) == ("note", "1 to 4", 4)
    assert report["reasons"] == {"out_of_scale": 2}
    assert not report["accepted"]
    assert "out_of_scale_max_share: 0.01" in report["verdict"]
    assert report["problems"][0]["line"] == 6
    assert {one["column"]: one["to"] for one in report["mapped"]}["Note"] == "item note, scale 1 to 4"
    assert not [canary for canary in canaries if canary in said(report)]


def test_a_unit_not_declared_is_named_with_the_line_to_add(tmp_path: Path) -> None:
    home = empty_home(tmp_path)
    file, _ = survey(tmp_path)
    made = drafted_into(home, file)
    aliases = home / "declarations" / "unit_aliases.csv"
    aliases.write_text(aliases.read_text().replace("enquete,Lille,TODO\n", ""))
    report = check(file, answer(home, made, min="1", max="5"))
    assert report["units"]["not_matched"] == {'"Lille"': 5}
    assert "add `enquete,Lille,<unit_code>` to unit_aliases.csv" in report["units"]["lines_to_add"]
    assert not report["accepted"]


def test_an_undeclared_column_is_named_with_the_line_to_add(tmp_path: Path) -> None:
    home = empty_home(tmp_path)
    file, canaries = survey(tmp_path)
    loaded = answer(home, drafted_into(home, file), min="1", max="5")
    later = tmp_path / "enquete_2025.csv"
    head, _, body = file.read_text().partition("\n")
    later.write_text(head.replace("Montant", "Montant TTC") + "\n" + body)
    report = check(later, loaded)
    assert report["verdict"].startswith("held: undeclared_column")
    assert 'add "Montant TTC" to `drop:`' in said(report)
    assert not [canary for canary in canaries if canary in said(report)]


def test_a_file_without_header_shows_nothing_of_its_first_row(tmp_path: Path) -> None:
    file, canaries = survey(tmp_path)
    file.write_text(file.read_text().partition("\n")[2])
    report = check(file, Home.load(empty_home(tmp_path)))
    assert "header_not_recognised" in report["verdict"]
    assert not [canary for canary in canaries if canary in said(report)]


def test_bytes_known_already_are_a_duplicate_and_checking_writes_nothing(tmp_path: Path) -> None:
    home = empty_home(tmp_path)
    file, _ = survey(tmp_path)
    loaded = answer(home, drafted_into(home, file), min="1", max="5")
    before = sorted(path for path in home.rglob("*"))
    assert check(file, loaded)["accepted"]
    assert sorted(path for path in home.rglob("*")) == before
    shutil.copy(file, home / "landing" / file.name)
    with Ledger(loaded.restricted / "ledger.sqlite") as ledger:
        claim(loaded, ledger, "run", wait=lambda seconds: None)
    copy = tmp_path / "enquete_2024 (1).csv"
    shutil.copy(file, copy)
    report = check(copy, loaded)
    assert report["duplicate_of"] == "enquete_2024.csv"
    assert not report["accepted"]


def test_an_identifier_used_twice_is_foreseen(tmp_path: Path) -> None:
    home = empty_home(tmp_path)
    file, canaries = survey(tmp_path)
    loaded = answer(home, drafted_into(home, file), min="1", max="5")
    file.write_text(file.read_text().replace("IDX3ZZ", "IDX4ZZ"))
    report = check(file, loaded)
    assert not report["accepted"]
    assert report["verdict"].startswith("held: it breaks response_id_unique")
    assert not [canary for canary in canaries if canary in said(report)]


def state(home: Home) -> list[tuple[Path, int]]:
    """Every file of a home and its time, but those SQLite shares between its readers."""
    return sorted(
        (path, path.stat().st_mtime_ns)
        for path in home.path.rglob("*")
        if path.is_file() and not path.name.endswith(("-shm", "-wal"))
    )


def test_what_a_file_does_to_those_before_it_is_told_and_not_done(tmp_path: Path) -> None:
    home = worked_home(tmp_path / "essai")
    put(home, "hr_2025Q1_all.csv", answers(20, strays=False), age_s=60)
    with ledger_of(home) as ledger:
        work(home, ledger)
        settle(home, ledger)
    known = state(home)
    corrected = tmp_path / "hr_2025Q2.csv"
    corrected.write_bytes(answers(50, strays=False))
    report = check(corrected, home)
    assert report["accepted"], report["verdict"]
    assert report["changes"] == ["hr_2025Q2.csv: replaced by hr_2025Q2.csv, the later version of 2025-Q2"]
    misnamed = tmp_path / "hr_2025Q2_bis.csv"
    misnamed.write_bytes(answers(20, strays=False))
    assert "the very bytes of hr_2025Q1_all.csv, of wave 2025-Q1" in check(misnamed, home)["verdict"]
    late = tmp_path / "hr_2025Q1_first.csv"
    late.write_bytes(answers(7, strays=False))
    os.utime(late, (0, 0))
    assert "replaced by hr_2025Q1_all.csv" in check(late, home)["verdict"]
    assert state(home) == known


def test_a_scale_that_seems_changed_is_foreseen(tmp_path: Path) -> None:
    home = worked_home(tmp_path / "essai", count=400)
    reversed_scale = tmp_path / "hr_2025Q2_new.csv"
    rows = [f"{n},AG1,{(1, 5, 5, 5, 5)[n % 5]},{n % 11}" for n in range(1000, 1400)]
    reversed_scale.write_text("\n".join(["id,agency,Q1,NPS", *rows, ""]))
    report = check(reversed_scale, home)
    assert not report["accepted"]
    assert "scale changed" in report["verdict"]
    assert "Q1" in report["verdict"] or "q1" in report["verdict"]


def test_a_file_held_before_is_told_as_a_run_would_find_it_now(tmp_path: Path) -> None:
    home = worked_home(tmp_path / "essai")
    head, *rows = answers(70, strays=False).decode().splitlines()
    noted = "\n".join([f"{head},Note", *(f"{row},1" for row in rows), ""])
    held = put(home, "hr_2025Q2.csv", noted.encode(), age_s=60)
    with ledger_of(home) as ledger:
        work(home, ledger)
        settle(home, ledger)
    assert check(held, home)["verdict"].startswith("known already, undeclared_column")
    declared = home.path / "declarations" / "sources" / "hr_survey.yml"
    sound = declared.read_text()
    declared.write_text(sound + "drop: [Note]\n")
    mended = Home.load(home.path)
    assert check(held, mended)["accepted"]
    declared.write_text(sound.replace("column: Q1", "column: Q99"))
    report = check(home.landing / "hr_2025Q1.csv", Home.load(home.path))
    assert "a run would be refused: a declaration now refuses 1 file(s) it had accepted" in report["verdict"]


def test_an_old_version_made_new_again_would_count_again(tmp_path: Path) -> None:
    home = worked_home(tmp_path / "essai")
    old = put(home, "hr_2025Q2_old.csv", answers(90, strays=False), 7200)
    with ledger_of(home) as ledger:
        work(home, ledger)
        settle(home, ledger)
    assert "replaced by hr_2025Q2.csv" in check(old, home)["verdict"]
    os.utime(old)
    report = check(old, home)
    assert report["accepted"], report["verdict"]
    assert report["changes"] == ["hr_2025Q2.csv: replaced by hr_2025Q2_old.csv, the later version of 2025-Q2"]


def test_a_home_that_a_run_would_refuse_is_said_so(tmp_path: Path) -> None:
    home = worked_home(tmp_path / "essai")
    file = tmp_path / "hr_2025Q2.csv"
    file.write_bytes(answers(50, strays=False))
    with ledger_of(home) as ledger:
        ledger.remember("key", "another")
    (home.vault / "key").unlink(missing_ok=True)
    assert "a run would be refused: the pseudonym key is gone" in check(file, home)["verdict"]
    link = home.landing / "hr_2025Q2_link.csv"
    link.symlink_to(file)
    assert "a link" in check(link, home)["verdict"]
    for part in home.restricted.glob("ledger.sqlite*"):
        part.write_bytes(b"no database" * 1000)
    report = check(file, home)
    assert report["accepted"]
    assert any("the ledger cannot be read" in warning for warning in report["warnings"])


def test_a_run_leaves_the_trials_of_others_alone(tmp_path: Path) -> None:
    folder = tmp_path / "restricted"
    trial, old = folder / ".check-now" / "raw", folder / ".check-old"
    trial.mkdir(parents=True)
    old.mkdir()
    os.utime(old, (0, 0))
    half = (trial / ".a.part", folder / ".b.part", old / "answers.parquet")
    for part in half:
        part.touch()
    os.utime(old, (0, 0))
    sweep(folder)
    assert [part.exists() for part in half] == [True, False, False]


def test_a_name_no_source_takes_can_be_given_its_source(tmp_path: Path) -> None:
    home = empty_home(tmp_path)
    file, _ = survey(tmp_path)
    loaded = answer(home, drafted_into(home, file), min="1", max="5", closed="2024-12-31")
    other = tmp_path / "export.csv"
    shutil.copy(file, other)
    assert "no source takes this name" in check(other, loaded)["verdict"]
    assert check(other, loaded, "enquete")["accepted"]
    assert "no source is called 'enquette'" in check(other, loaded, "enquette")["verdict"]


@pytest.mark.parametrize(
    ("name", "body", "said"),
    [
        ("a.pdf", b"%PDF-1.7", "is not taken"),
        ("a.csv", b"", "empty"),
        ("a.csv", b"<html><body>login</body></html>", "not_a_table"),
        ("a.xlsx", b"PK\x03\x04broken", "unreadable"),
        ("a.sav", b"$FL2 broken", "unreadable"),
        ("a.json", b"{" * 100_000, "refused"),
        ("a.csv", b"a,b\n1,\"2\n", "truncated"),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_read_is_refused_in_a_sentence(
    tmp_path: Path, name: str, body: bytes, said: str
) -> None:
    file = tmp_path / name
    file.write_bytes(body)
    report = check(file, Home.load(empty_home(tmp_path)))
    assert not report["accepted"]
    assert said in report["verdict"]


def test_the_command_line_ends_with_0_only_where_a_run_would_take_the_file(tmp_path: Path) -> None:
    home = empty_home(tmp_path)
    file, _ = survey(tmp_path)
    assert relier(home, "check", str(file)).returncode == 1
    made = drafted_into(home, file)
    unanswered = relier(home, "check", str(file))
    assert unanswered.returncode == 1
    assert "answer the question" in unanswered.stderr
    answer(home, made, min="1", max="5")
    done = relier(home, "check", str(file), "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["would_be_accepted"] == 10
