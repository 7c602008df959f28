"""The books: what the ledger promises whatever is written to it."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest

from pipelines.ledger import Entry, Ledger, Refusal

ENTRY = Entry(
    "a.csv",
    "ab" * 32,
    10,
    1,
    source="hr",
    kind="responses",
    status="candidate",
    records=3,
    accepted=2,
    quarantined=1,
)
REFUSAL = Refusal(
    "unknown_unit", "a unit of unit_aliases.csv", "AG99", "add it", record=3, line=5, column="agency"
)


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger(tmp_path / "ledger.sqlite")


def test_an_entry_reads_back_as_written_with_its_refusals(ledger: Ledger) -> None:
    entry = replace(ENTRY, warnings=("two encodings",), checks_failed=("balance",))
    ledger.record(entry, [REFUSAL])
    assert ledger.files() == [entry]
    assert ledger.refusals() == [("a.csv", REFUSAL)]


def test_books_out_of_balance_cannot_be_written(ledger: Ledger) -> None:
    with pytest.raises(sqlite3.IntegrityError):
        ledger.record(replace(ENTRY, accepted=3))
    assert ledger.files() == []


def test_a_batch_is_all_or_nothing(ledger: Ledger) -> None:
    with pytest.raises(sqlite3.IntegrityError):
        ledger.record_all([(ENTRY, [REFUSAL]), (replace(ENTRY, name="b.csv", records=9), [])])
    assert ledger.files() == []
    assert ledger.refusals() == []


def test_decoding_again_replaces_the_refusals_of_the_file_only(ledger: Ledger) -> None:
    other = replace(ENTRY, name="b.csv", sha256="cd" * 32)
    ledger.record_all([(ENTRY, [REFUSAL]), (other, [REFUSAL])])
    ledger.record(replace(ENTRY, accepted=3, quarantined=0), [])
    assert [name for name, _ in ledger.refusals()] == ["b.csv"]


def test_totals_add_up_over_every_status(ledger: Ledger) -> None:
    twin = replace(ENTRY, name="b.csv", status="duplicate", accepted=0, quarantined=0, duplicate=3)
    ledger.record_all([(ENTRY, []), (twin, [])])
    totals = ledger.totals()
    assert (totals.records, totals.accepted, totals.quarantined, totals.duplicate) == (6, 2, 1, 3)
    assert totals.by_status == {"candidate": 1, "duplicate": 1}


def test_the_register_only_grows(ledger: Ledger) -> None:
    ledger.publish("one", [{"unit": "sud", "n": 12}])
    ledger.publish("two", [{"unit": "nord", "n": 10}])
    assert ledger.publications() == [{"unit": "sud", "n": 12}, {"unit": "nord", "n": 10}]


def test_it_is_read_by_others_while_it_is_written(ledger: Ledger, tmp_path: Path) -> None:
    ledger.record(ENTRY, [])
    with Ledger(tmp_path / "ledger.sqlite") as reader, ledger._transaction() as writing:
        writing.execute("update files set status = 'accepted'")
        assert [entry.status for entry in reader.files()] == ["candidate"]


def test_only_its_owner_may_read_it(tmp_path: Path, ledger: Ledger) -> None:
    assert (tmp_path / "ledger.sqlite").stat().st_mode & 0o077 == 0
