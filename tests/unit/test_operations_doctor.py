"""`relier doctor`: each thing that can be wrong is broken for real, said in a sentence, and mended where it can be."""

from __future__ import annotations

import hashlib
import os
import re
import sqlite3
from collections.abc import Callable
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipelines.cli import main
from pipelines.declared import Home
from pipelines.doctor import Finding, examine
from pipelines.files import RunLock
from pipelines.loading import pending
from pipelines.privacy import key_mark, load_or_make_key
from pipelines.publication import META, current, publish, write_snapshot
from pipelines.runbook import COPIES
from tests.unit.operations_home import ledger_of, worked_home

IDS = ("20260101T000000Z-aaaaaa", "20260102T000000Z-bbbbbb")


def snapshot(home: Home, snapshot_id: str) -> Path:
    """A published file as readers expect it, with no mart in it."""
    path = home.published / f"scorecard-{snapshot_id}.duckdb"
    row = {name: [snapshot_id] for name in META["snapshot"]["columns"]}
    sources = {name: ["hr_survey"] for name in META["sources"]["columns"]}
    write_snapshot(path, {}, {}, {"snapshot": pa.table(row), "sources": pa.table(sources)})
    with ledger_of(home) as ledger:
        ledger.begin(f"run of {snapshot_id}")
        ledger.publish(snapshot_id, [{"cell": snapshot_id}])
        ledger.finish(f"run of {snapshot_id}", "published", None, snapshot_id, {})
    publish(home.published, snapshot_id)
    return path


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    """Decoded, published twice, its warehouse in place: healthy."""
    monkeypatch.delenv("RELIER_KEY", raising=False)
    home = worked_home(tmp_path / "essai")
    for zone in (home.vault, home.restricted, home.published):
        zone.mkdir(exist_ok=True)
        zone.chmod(0o700)
    key = load_or_make_key(home.vault / "key")
    for snapshot_id in IDS:
        snapshot(home, snapshot_id)
    duckdb.connect(str(home.restricted / "warehouse.duckdb")).close()
    with ledger_of(home) as ledger:
        ledger.remember("key", key_mark(key))
        ledger.back_up(home.restricted / COPIES)
    return home


def ill(found: list[Finding]) -> list[str]:
    return [str(finding) for finding in found if not (finding.note or finding.mended)]


def test_a_healthy_home_has_no_finding(home: Home) -> None:
    assert [str(finding) for finding in examine(home.path)] == []


def test_a_home_that_never_ran_is_healthy(home: Home, tmp_path: Path) -> None:
    (home.path / "data").rename(tmp_path / "elsewhere")
    assert examine(home.path) == []


def test_a_file_in_the_place_of_a_folder_is_told(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (home.path / "data").rename(tmp_path / "elsewhere")
    (home.path / "data").touch()
    assert ill(examine(home.path)) == ["essai/data: it is a file where a folder must be; move it away."]
    monkeypatch.setattr("sys.argv", ["relier", "--home", str(home.path), "status"])
    monkeypatch.setenv("RELIER_HOME", str(home.path))
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 1


# ---- what can be mended --------------------------------------------------------------------------------------


def vault_open(home: Home) -> None:
    home.vault.chmod(0o755)


def published_open(home: Home) -> None:
    home.published.chmod(0o777)


def pointer_is_a_folder(home: Home) -> None:
    (home.published / "CURRENT").unlink()
    (home.published / "CURRENT").mkdir()


def original_lost(home: Home) -> None:
    max((home.vault / "originals").iterdir()).unlink()


def original_changed(home: Home) -> None:
    original = max((home.vault / "originals").iterdir())
    original.chmod(0o600)
    original.write_bytes(b"other")


def parquet_lost(home: Home) -> None:
    max((home.restricted / "raw").rglob("*.parquet")).unlink()


def parquet_corrupt(home: Home) -> None:
    path = max((home.restricted / "raw").rglob("*.parquet"))
    path.write_bytes(path.read_bytes()[:-40])


def parquet_short(home: Home) -> None:
    first, second = sorted((home.restricted / "raw").rglob("*.parquet"))
    table = pq.read_table(first)
    pq.write_table(table.slice(1), second)


def warehouse_damaged(home: Home) -> None:
    (home.restricted / "warehouse.duckdb").write_bytes(b"x" * 5000)


def pointer_dangling(home: Home) -> None:
    (home.published / "CURRENT").write_text("20990101T000000Z-cccccc\n")


def snapshot_damaged(home: Home) -> None:
    path = home.published / f"scorecard-{IDS[1]}.duckdb"
    path.chmod(0o600)
    path.write_bytes(b"x" * 5000)


def run_unfinished(home: Home) -> None:
    with ledger_of(home) as ledger:
        ledger.begin("killed")


def books_unbalanced(home: Home) -> None:
    with ledger_of(home) as ledger, ledger._transaction() as connection:
        connection.execute("delete from quarantine where name = 'hr_2025Q2.csv'")


def ledger_damaged(home: Home) -> None:
    path = home.restricted / "ledger.sqlite"
    with sqlite3.connect(path) as connection:
        connection.execute("pragma wal_checkpoint(truncate)")
    for suffix in ("-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
    path.write_bytes(b"not a database at all" * 500)


MENDABLE: list[tuple[Callable[[Home], None], str]] = [
    (vault_open, "essai/data/vault: others may read it .mode 755.; run: chmod go-rwx"),
    (published_open, "essai/data/published: others may write to it .mode 777.; run: chmod go-w"),
    (pointer_is_a_folder, "CURRENT: it names a snapshot that is not there"),
    (original_lost, r"the original of hr_2025Q\d.csv is missing from the vault; copy essai/landing"),
    (original_changed, r"the original of hr_2025Q\d.csv is not the file it was; copy essai/landing"),
    (parquet_lost, r"essai/landing/hr_2025Q\d.csv: its Parquet is missing; run: relier replay --file"),
    (parquet_corrupt, "its Parquet cannot be read"),
    (parquet_short, r"its Parquet has 1\d rows for 1\d records"),
    (warehouse_damaged, "warehouse.duckdb: it does not open .*the next build makes it again"),
    (pointer_dangling, f"CURRENT: it names a snapshot that is not there; point to scorecard-{IDS[1]}.duckdb"),
    (snapshot_damaged, f"the published snapshot does not open .*point to scorecard-{IDS[0]}.duckdb"),
    (run_unfinished, r"1 run\(s\) never ended, the last begun at"),
    (books_unbalanced, "hr_2025Q2.csv: 1 of its records are in quarantine and 0 have a reason there"),
    (
        ledger_damaged,
        r"ledger.sqlite: the ledger is damaged: .*put back the copy essai/data/restricted/copies/ledger-",
    ),
]


@pytest.mark.parametrize(("break_it", "sentence"), MENDABLE)
def test_what_is_broken_is_told_then_mended(
    home: Home, break_it: Callable[[Home], None], sentence: str
) -> None:
    break_it(home)
    (told,) = ill(examine(home.path))
    assert re.search(sentence, told), told
    assert told.endswith("(`relier doctor --repair` does it).")
    repaired = examine(home.path, repair=True)
    assert ill(repaired) == []
    assert any(finding.mended for finding in repaired)
    with ledger_of(home) as ledger:
        to_decode = bool(pending(home, ledger, "responses"))
    # what the next run makes again is said until it has
    assert to_decode or ill(examine(home.path)) == []


def test_a_mended_original_is_the_one_that_landed_and_the_other_is_kept(home: Home) -> None:
    original_changed(home)
    examine(home.path, repair=True)
    kept = {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in (home.vault / "originals").iterdir()
    }
    assert sum(name == digest for name, digest in kept.items()) == 2
    assert sum(name.endswith(".damaged") for name in kept) == 1


def test_a_restored_ledger_keeps_the_whole_register(home: Home) -> None:
    with ledger_of(home) as ledger:
        ledger.publish("after the copy", [{"cell": "late"}])
        before = ledger.publications()
    path = home.restricted / "ledger.sqlite"
    with sqlite3.connect(path) as connection:
        connection.execute("pragma wal_checkpoint(truncate)")
        root = connection.execute(
            "select rootpage from sqlite_schema where name = 'quarantine_file'"
        ).fetchone()[0]
        size = connection.execute("pragma page_size").fetchone()[0]
    with path.open("r+b") as file:  # the index of quarantine: the register is still to be read
        file.seek((root - 1) * size)
        file.write(b"\xff" * size)
    assert any("the ledger is damaged" in told for told in ill(examine(home.path)))
    assert ill(examine(home.path, repair=True)) == []
    with ledger_of(home) as ledger:
        assert ledger.publications() == before


def test_a_register_that_is_lost_is_not_mended_in_silence(home: Home) -> None:
    snapshot(home, "20260103T000000Z-dddddd")  # published after the copy
    ledger_damaged(home)
    found = examine(home.path, repair=True)
    (told,) = ill(found)
    assert "the register of what was published since" in told
    assert (home.restricted / "ledger.sqlite").read_bytes().startswith(b"not a database")


# ---- what only people can mend -------------------------------------------------------------------------------


@pytest.mark.parametrize("left", [None, b""], ids=["gone", "empty"])
def test_a_lost_ledger_is_never_begun_anew(home: Home, left: bytes | None) -> None:
    path = home.restricted / "ledger.sqlite"
    for file in home.restricted.glob("ledger.sqlite*"):
        file.unlink()
    if left is not None:
        path.write_bytes(left)
    with pytest.raises(sqlite3.DatabaseError, match="lost or empty"):
        ledger_of(home)
    assert (path.read_bytes() if path.exists() else None) == left  # or doctor would find a sound one
    assert len(ill(examine(home.path))) == 1
    assert ill(examine(home.path, repair=True)) == []
    with ledger_of(home) as ledger:
        assert [row["cell"] for row in ledger.publications()] == list(IDS)


def test_an_original_that_is_nowhere_is_asked_for(home: Home) -> None:
    original = max((home.vault / "originals").iterdir())
    original.unlink()
    for path in home.landing.iterdir():
        path.unlink()
    (told,) = ill(examine(home.path, repair=True))
    assert "put it back from a copy of the vault, or have the file sent again" in told


def test_the_key_of_the_pseudonyms_is_missed_and_compared(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = home.vault / "key"
    kept = place.read_text()
    place.unlink()
    (told,) = ill(examine(home.path))
    assert told.startswith("essai/data/vault/key: the pseudonym key is gone; put its copy back")
    place.write_text("0" * 64)
    place.chmod(0o600)
    (told,) = ill(examine(home.path))
    assert "is not the key the answers in raw were keyed with" in told
    monkeypatch.setenv("RELIER_KEY", kept.strip())
    assert examine(home.path) == []


def test_declarations_are_told_line_by_line_and_the_rest_is_still_looked_at(home: Home) -> None:
    declarations = home.path / "declarations"
    (declarations / "organisation.yml").write_text("name: Essai\nlanguage: de\n")
    (home.vault).chmod(0o755)
    told = ill(examine(home.path))
    assert any(line.startswith("essai/declarations/organisation.yml:2: ") for line in told)
    assert any("others may read it" in line for line in told)


def test_leftovers_are_harmless_and_can_be_removed(home: Home) -> None:
    (home.restricted / "raw" / "old.parquet").write_bytes(b"x")
    (home.vault / ".123.part").write_bytes(b"x")
    found = examine(home.path)
    assert ill(found) == []
    assert len(found) == 2
    examine(home.path, repair=True)
    assert examine(home.path) == []


def test_a_run_under_way_is_left_in_peace(home: Home) -> None:
    parquet_lost(home)
    lock = RunLock(home.restricted / "run.lock")
    assert lock.try_acquire()
    try:
        (finding,) = examine(home.path, repair=True)
    finally:
        lock.release()
    assert str(finding).startswith(
        f"essai/data/restricted/run.lock: process {os.getpid()} is refreshing this home"
    )
    assert current(home.published) is not None
