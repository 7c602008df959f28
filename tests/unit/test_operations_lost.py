"""A part that is lost or a check that is relaxed: the file it concerns is told by name, and no other waits for it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest

from pipelines.declared import Home
from pipelines.expectations import Verdict
from pipelines.judging import judged
from pipelines.ledger import LOST, Entry
from pipelines.loading import pending, set_back
from pipelines.replaying import choose, mark
from pipelines.running import dagster_home
from pipelines.settling import settle
from pipelines.warehouse import write_raw
from tests.unit.operations_home import answers, ledger_of, put, work, worked_home


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return worked_home(tmp_path / "essai")


def names(entries: Iterable[Entry]) -> list[str]:
    return sorted(entry.name for entry in entries)


def test_no_step_looks_for_a_lost_parquet_before_it_is_made_again(home: Home) -> None:
    with ledger_of(home) as ledger:
        before = [(entry.name, entry.rows_hash) for entry in ledger.files("accepted")]
        (home.restricted / str(ledger.files("accepted")[0].parquet)).unlink()
        set_back(home, ledger)
        assert (
            write_raw(home, ledger, "candidate", "accepted")["responses"] > 0
        )  # as the step of another kind does
        settle(home, ledger)
        work(home, ledger, "run-2")
        assert [(entry.name, entry.rows_hash) for entry in ledger.files("accepted")] == before


@pytest.mark.parametrize("altered", [False, True])
def test_a_lost_original_holds_its_file_and_no_other(home: Home, altered: bool) -> None:
    put(home, "hr_2025Q2_bis.csv", answers(90))
    with ledger_of(home) as ledger:
        work(home, ledger)
        entry = next(entry for entry in ledger.files("accepted") if entry.name == "hr_2025Q2.csv")
        original = home.vault / "originals" / entry.sha256
        sound = original.read_bytes()
        original.unlink()
        if altered:
            original.write_bytes(sound[:-1])
        (home.restricted / str(entry.parquet)).unlink()
        (home.restricted / str(ledger.files("accepted")[0].parquet)).unlink()
        work(home, ledger, "run-2")
        (held,) = ledger.files("held")
        assert (held.name, held.reason, held.quarantined) == ("hr_2025Q2.csv", LOST, entry.records)
        assert "doctor" in str(held.message)
        assert "hr_2025Q1.csv" in names(ledger.files("accepted"))
        assert pending(home, ledger, "responses") == []  # asked again only when there is something to read
        original.unlink(missing_ok=True)
        original.write_bytes(sound)
        work(home, ledger, "run-3")
        assert ledger.files("held") == []
        assert next(e for e in ledger.files() if e.name == entry.name).rows_hash == entry.rows_hash


def test_a_lost_newest_version_does_not_bring_back_the_one_it_replaced(home: Home) -> None:
    put(home, "hr_2025Q2_bis.csv", answers(90), age_s=60)
    with ledger_of(home) as ledger:
        work(home, ledger)
        settle(home, ledger)
        assert names(ledger.files("accepted")) == ["hr_2025Q1.csv", "hr_2025Q2_bis.csv"]
        newest = next(entry for entry in ledger.files() if entry.name == "hr_2025Q2_bis.csv")
        original = home.vault / "originals" / newest.sha256
        sound = original.read_bytes()
        original.unlink()
        (home.restricted / str(newest.parquet)).unlink()
        work(home, ledger, "run-2")
        settle(home, ledger)
        assert names(ledger.files("held")) == ["hr_2025Q2_bis.csv"]
        assert names(ledger.files("accepted")) == ["hr_2025Q1.csv"]
        original.write_bytes(sound)
        work(home, ledger, "run-3")
        settle(home, ledger)
        assert names(ledger.files("accepted")) == ["hr_2025Q1.csv", "hr_2025Q2_bis.csv"]


def test_a_replay_without_its_original_keeps_what_was_decoded(home: Home) -> None:
    with ledger_of(home) as ledger:
        entry = next(entry for entry in ledger.files("accepted") if entry.name == "hr_2025Q2.csv")
        (home.vault / "originals" / entry.sha256).unlink()
        before = ledger.refusals()
        for run in ("run-2", "run-3"):
            mark(ledger, choose(home, ledger, source="hr_survey"))
            work(home, ledger, run)
        kept = next(one for one in ledger.files() if one.name == entry.name)
        assert (kept.status, kept.parquet, kept.accepted) == ("accepted", entry.parquet, entry.accepted)
        assert ["vault" in warning for warning in kept.warnings] == [True]
        assert (ledger.refusals(), ledger.replays()) == (before, {})


def test_a_check_relaxed_takes_the_file_it_held(home: Home) -> None:
    with ledger_of(home) as ledger:
        entry = next(entry for entry in ledger.files("accepted") if entry.name == "hr_2025Q2.csv")
        broken = Verdict(entry.file_id, 1, 2, ("unknown_unit_max_share",))
        ledger.record_all([judged(home, ledger, replace(entry, status="candidate"), broken)])
        assert pending(home, ledger, "responses") == []  # nothing changed: it would be held again
        source = home.path / "declarations" / "sources" / "hr_survey.yml"
        source.write_text(source.read_text() + "checks: {unknown_unit_max_share: 0.5}\n")
        relaxed = Home.load(home.path)
        assert names(pending(relaxed, ledger, "responses")) == ["hr_2025Q2.csv"]
        work(relaxed, ledger, "run-2")
        assert names(ledger.files("accepted")) == ["hr_2025Q1.csv", "hr_2025Q2.csv"]
        assert pending(relaxed, ledger, "responses") == []


def test_a_damaged_history_of_runs_is_set_aside(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DAGSTER_HOME", "")  # and put back after: dagster_home tells the rest of the process
    history = home.restricted / "dagster" / "history"
    history.mkdir(parents=True)
    (history / "runs.db").write_bytes(b"no database" * 100)
    folder = dagster_home(home)
    assert not (folder / "history").exists()
    assert (folder / "dagster.yaml").exists()
    assert len(list(home.restricted.glob("dagster.damaged-*"))) == 1
