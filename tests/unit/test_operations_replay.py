"""Files decoded again: chosen, marked, set back, freed by a mended declaration."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from pipelines.declared import Home
from pipelines.ledger import Entry
from pipelines.loading import pending
from pipelines.replaying import ReplayError, choose, mark, waiting_anyway
from tests.unit.operations_home import ledger_of, put, work, worked_home


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return worked_home(tmp_path / "essai")


def names(entries: list[Entry]) -> list[str]:
    return sorted(entry.name for entry in entries)


def test_files_are_named_in_several_ways(home: Home) -> None:
    with ledger_of(home) as ledger:
        digest = next(entry.sha256 for entry in ledger.files() if entry.name == "hr_2025Q2.csv")
        assert names(choose(home, ledger, files=["hr_2025Q2.csv"])) == ["hr_2025Q2.csv"]
        assert names(choose(home, ledger, files=[digest[:12]])) == ["hr_2025Q2.csv"]
        assert names(choose(home, ledger, files=["hr_2025Q1 (1).csv"])) == [
            "hr_2025Q1.csv"
        ]  # its twin has the rows
        assert names(choose(home, ledger, source="hr_survey")) == ["hr_2025Q1.csv", "hr_2025Q2.csv"]
        assert names(choose(home, ledger, waves=["hr_survey:2025-Q1"])) == ["hr_2025Q1.csv"]


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        ({}, "say what to decode again"),
        ({"files": ["hr_2025Q3.csv"]}, r"no file called 'hr_2025Q3.csv' has landed; did you mean hr_2025Q"),
        ({"files": ["zzz"]}, "`relier status --all` lists the files"),
        (
            {"files": ["stray.csv"]},
            "refused before it was read .unknown source., so there is nothing to decode",
        ),
        ({"source": "hr"}, "no source is called 'hr'; declared: hr_survey"),
        (
            {"waves": ["hr_survey:2025Q1"]},
            "no wave is called 'hr_survey:2025Q1'; did you mean hr_survey:2025-Q1",
        ),
        ({"since": "yesterday"}, "neither a day such as 2026-01-31 nor the id of one run"),
        ({"since": "2999-01-01"}, "nothing that has landed answers to that"),
    ],
)
def test_what_cannot_be_replayed_is_a_sentence(home: Home, asked: dict[str, object], sentence: str) -> None:
    put(home, "stray.csv", b"a,b\n1,2\n")
    with ledger_of(home) as ledger:
        work(home, ledger)
        with pytest.raises(ReplayError, match=sentence):
            choose(home, ledger, **asked)  # type: ignore[arg-type]  # each case names arguments of its own


def test_since_takes_a_day_or_a_run(home: Home) -> None:
    with ledger_of(home) as ledger:
        early, late = ledger.files("accepted")
        ledger.record_all([(replace(early, claimed_at="2026-01-10T08:00:00+00:00"), None)])
        ledger.record_all([(replace(late, claimed_at="2026-01-11T23:30:00+00:00"), None)])
        # the 12th begins an hour before midnight UTC in Paris
        assert names(choose(home, ledger, since="2026-01-12")) == [late.name]
        assert len(choose(home, ledger, since="2026-01-10")) == 2
        ledger.begin("0b5e7f0a-run")
        with ledger._transaction() as connection:
            connection.execute("update runs set started_at = '2026-01-11T00:00:00+00:00'")
        assert names(choose(home, ledger, since="0b5e7f0a")) == [late.name]


def test_a_mark_outlives_a_crash_and_goes_with_the_answer(home: Home) -> None:
    with ledger_of(home) as ledger:
        mark(ledger, choose(home, ledger, files=["hr_2025Q2.csv"]))
    with ledger_of(home) as ledger:  # as after a kill
        assert names(pending(home, ledger, "responses")) == ["hr_2025Q2.csv"]
        before = {entry.name: entry.rows_hash for entry in ledger.files()}
        work(home, ledger, "run-2")
        assert ledger.replays() == {}
        assert pending(home, ledger, "responses") == []
        after = {entry.name: entry.rows_hash for entry in ledger.files()}
        assert after == before
        assert {e.name: e.run_id for e in ledger.files("accepted")} == {
            "hr_2025Q1.csv": "run-1",
            "hr_2025Q2.csv": "run-2",
        }


def test_a_mended_declaration_replays_by_itself(home: Home) -> None:
    with (home.path / "declarations" / "unit_aliases.csv").open("a") as file:
        file.write("hr_survey,AG99,nord\n")
    with ledger_of(home) as ledger:
        waiting = waiting_anyway(Home.load(home.path), ledger)
        assert sorted(name for name, _ in waiting) == ["hr_2025Q1.csv", "hr_2025Q2.csv"]


def test_a_lost_parquet_is_decoded_again_by_any_run(home: Home) -> None:
    with ledger_of(home) as ledger:
        entry = ledger.files("accepted")[0]
        (home.restricted / str(entry.parquet)).unlink()
        assert names(pending(home, ledger, "responses")) == [entry.name]
        work(home, ledger, "run-2")
        assert (home.restricted / str(entry.parquet)).exists()
