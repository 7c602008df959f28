"""From landing to the vault: what is taken, what is refused, and that landing never changes."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from pipelines.claims import claim, unseen
from pipelines.declared import Home
from pipelines.files import RunLock
from pipelines.ledger import Entry, Ledger
from tests.unit.declared.homes import write_home


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home.load(write_home(tmp_path))


def put(home: Home, name: str, content: bytes = b"id,agency,Q1,NPS\n1,AG1,4,9\n", age_s: float = 60) -> Path:
    path = home.landing / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    then = time.time() - age_s
    os.utime(path, (then, then))
    return path


def claim_all(home: Home) -> dict[str, Entry]:
    with Ledger(home.restricted / "ledger.sqlite") as ledger:
        claim(home, ledger, "run", wait=lambda _: None)
        return {entry.name: entry for entry in ledger.files()}


def test_a_file_is_copied_whole_under_its_hash_and_landing_stays(home: Home) -> None:
    path = put(home, "sub/hr_2025Q1.csv")
    before = path.stat().st_mtime_ns
    entry = claim_all(home)["sub/hr_2025Q1.csv"]
    assert (entry.status, entry.source) == ("claimed", "hr_survey")
    kept = home.vault / "originals" / entry.sha256
    assert kept.read_bytes() == path.read_bytes()
    assert kept.stat().st_mode & 0o077 == 0
    assert path.stat().st_mtime_ns == before


def test_a_known_file_is_not_read_again(home: Home) -> None:
    put(home, "hr_2025Q1.csv")
    claim_all(home)
    with Ledger(home.restricted / "ledger.sqlite") as ledger:
        assert unseen(home, ledger) == []


def test_the_same_bytes_under_another_name_are_a_duplicate(home: Home) -> None:
    put(home, "hr_2025Q1.csv")
    put(home, "hr_2025Q1 (1).csv")
    assert {name: entry.status for name, entry in claim_all(home).items()} == {
        "hr_2025Q1.csv": "claimed",
        "hr_2025Q1 (1).csv": "duplicate",
    }


def test_a_touched_file_stays_what_it_was(home: Home) -> None:
    put(home, "hr_2025Q1.csv")
    first = claim_all(home)["hr_2025Q1.csv"]
    put(home, "hr_2025Q1.csv", age_s=30)
    again = claim_all(home)
    assert list(again) == ["hr_2025Q1.csv"]
    assert (again["hr_2025Q1.csv"].sha256, again["hr_2025Q1.csv"].status) == (first.sha256, "claimed")


def test_new_bytes_under_a_known_name_are_a_new_version(home: Home) -> None:
    put(home, "hr_2025Q1.csv")
    claim_all(home)
    put(home, "hr_2025Q1.csv", b"id,agency,Q1,NPS\n2,AG1,4,9\n", age_s=30)
    claim_all(home)
    with Ledger(home.restricted / "ledger.sqlite") as ledger:
        assert [entry.status for entry in ledger.files()] == ["claimed", "claimed"]


@pytest.mark.parametrize(
    ("name", "reason"),
    [("notes.csv", "unknown_source"), ("hr_2025Q1.exe", "unknown_type"), ("hr_2025Q1", "unknown_type")],
)
def test_what_nobody_declared_is_refused_by_name_with_a_remedy(home: Home, name: str, reason: str) -> None:
    put(home, name)
    entry = claim_all(home)[name]
    assert (entry.status, entry.reason) == ("refused", reason)
    assert entry.message
    assert name in entry.message


def test_a_refused_file_is_asked_again_once_it_is_declared(home: Home, tmp_path: Path) -> None:
    put(home, "barometer.csv")
    claim_all(home)
    source = home.path / "declarations/sources/hr_survey.yml"
    source.write_text(source.read_text().replace('files: "hr_*.csv"', 'files: "*.csv"'))
    assert claim_all(Home.load(home.path))["barometer.csv"].status == "claimed"


def test_a_link_out_of_landing_is_never_followed(home: Home, tmp_path: Path) -> None:
    secret = tmp_path / "secret.csv"
    secret.write_text("id\n1\n")
    (home.landing / "hr_2025Q1.csv").symlink_to(secret)
    (home.landing / "hr_folder.csv").symlink_to(tmp_path)
    claimed = claim_all(home)
    assert {entry.reason for entry in claimed.values()} == {"not_a_file"}
    assert not list((home.vault / "originals").glob("*")) if (home.vault / "originals").exists() else True


def test_half_written_and_hidden_names_are_left_alone(home: Home) -> None:
    for name in ("hr_2025Q1.csv.part", ".hr_2025Q1.csv", "~$hr_2025Q1.xlsx"):
        put(home, name)
    assert claim_all(home) == {}


def test_a_file_still_growing_is_left_for_the_next_run(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    from pipelines import claims

    path = put(home, "hr_2025Q1.csv")
    real = claims.sha256_of

    def grows(read: Path, also: object = None) -> str:
        digest = real(read, also)  # type: ignore[arg-type]
        with path.open("ab") as handle:
            handle.write(b"2,AG1,5,9\n")
        return digest

    monkeypatch.setattr(claims, "sha256_of", grows)
    assert claim_all(home) == {}
    monkeypatch.setattr(claims, "sha256_of", real)
    assert claim_all(home)["hr_2025Q1.csv"].status == "claimed"
    assert len(list((home.vault / "originals").iterdir())) == 1


def test_a_young_file_is_given_time_to_settle(home: Home) -> None:
    put(home, "hr_2025Q1.csv", age_s=0)
    waited: list[float] = []
    with Ledger(home.restricted / "ledger.sqlite") as ledger:
        claim(home, ledger, "run", wait=waited.append)
    assert len(waited) == 1
    assert 0 < waited[0] <= 2


def test_the_run_lock_tells_who_holds_it(tmp_path: Path) -> None:
    first, second = RunLock(tmp_path / "run.lock"), RunLock(tmp_path / "run.lock")
    first.acquire()
    told: list[str] = []

    def waiting(holder: str) -> None:
        told.append(holder)
        first.release()

    second.acquire(waiting, poll_s=0)
    second.release()
    assert told == [f"process {os.getpid()}"]
