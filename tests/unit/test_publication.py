"""Snapshots: described, unique, whole, readable by older tools, and swapped without anybody meeting a half
of one.
"""

from __future__ import annotations

import datetime as dt
import os
import stat
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest

from pipelines.publication import (
    META,
    Comments,
    PublicationError,
    current,
    prune,
    publish,
    read_snapshot,
    write_snapshot,
)

UNITS = pa.table(
    {"unit_code": ["b", "a"], "label_en": ["Bee's", "Ay"], "sort_order": pa.array([2, 1], pa.int32())}
)
COMMENTS: Comments = {
    "dim_units": {
        "description": "One row per unit.",
        "columns": {
            "unit_code": ("The unit's code.", "code", None),
            "label_en": ("What it is called; the owner's own words.", "text", None),
            "sort_order": ("Place in lists.", "count", "1 and more"),
        },
    }
}
SNAPSHOT = pa.table(
    {
        name: [dt.date(2026, 1, 31)]
        if name == "as_of_date"
        else [dt.datetime(2026, 2, 1)]
        if name == "created_at"
        else ["x"]
        for name in META["snapshot"]["columns"]
    }
)


def written(path: Path, marts: dict[str, pa.Table] | None = None, comments: Comments = COMMENTS) -> Path:
    write_snapshot(path, marts or {"dim_units": UNITS}, comments, {"snapshot": SNAPSHOT})
    return path


def ask(path: Path, query: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(path), read_only=True) as connection:
        return connection.execute(query).fetchall()


def test_a_snapshot_holds_its_tables_in_the_order_of_their_key(tmp_path: Path) -> None:
    path = written(tmp_path / "s.duckdb")
    assert ask(path, "select * from mart.dim_units") == [("a", "Ay", 1), ("b", "Bee's", 2)]
    assert ask(path, "select snapshot_id from meta.snapshot") == [("x",)]


def test_every_table_and_column_has_its_comment(tmp_path: Path) -> None:
    path = written(tmp_path / "s.duckdb")
    said = dict(ask(path, "select column_name, comment from duckdb_columns() where table_name = 'dim_units'"))
    assert said["sort_order"] == "Place in lists. Unit: count. Range: 1 and more."
    assert said["label_en"] == "What it is called; the owner's own words. Unit: text."
    tables = "select table_name from duckdb_tables() where comment is null"
    columns = "select column_name from duckdb_columns() where not internal and comment is null"
    assert ask(path, f"{tables} union all {columns}") == []


def test_the_dictionary_has_a_row_per_column_its_own_included(tmp_path: Path) -> None:
    path = written(tmp_path / "s.duckdb")
    missing = """select table_name, column_name, data_type from duckdb_columns() where not internal
        except select table_name, column_name, data_type from meta.dictionary"""
    assert ask(path, missing) == []
    row = ask(path, "select * from meta.dictionary where column_name = 'sort_order'")
    assert row == [
        ("mart", "dim_units", "sort_order", 3, "INTEGER", "Place in lists.", "count", "1 and more")
    ]


def test_what_is_written_reads_back_without_a_problem(tmp_path: Path) -> None:
    frames, problems = read_snapshot(written(tmp_path / "s.duckdb"))
    assert problems == []
    assert {name: frame.height for name, frame in frames.items()} == {"dim_units": 2}


def test_a_spoiled_file_is_told(tmp_path: Path) -> None:
    path = written(tmp_path / "s.duckdb")
    os.chmod(path, 0o600)
    with duckdb.connect(str(path)) as connection:
        connection.execute("insert into mart.dim_units values ('a', 'twice', 3), (null, 'nobody', 4)")
        connection.execute("comment on column mart.dim_units.label_en is ''")
        connection.execute("create table mart.extra as select 1 as a")
    _, problems = read_snapshot(path)
    assert any("more than once" in problem for problem in problems)
    assert any("null in the key" in problem for problem in problems)
    assert "mart.dim_units.label_en has no description" in problems
    assert "mart.extra.a (dictionary) has no description" in problems


@pytest.mark.parametrize("missing", ["dim_units", "dim_units.label_en"])
def test_a_missing_description_is_named_and_nothing_is_left(tmp_path: Path, missing: str) -> None:
    table, _, column = missing.partition(".")
    comments: Comments = {
        table: {
            "description": COMMENTS[table]["description"] if column else " ",
            "columns": {name: said for name, said in COMMENTS[table]["columns"].items() if name != column},
        }
    }
    with pytest.raises(PublicationError, match=missing):
        written(tmp_path / "s.duckdb", comments=comments)
    assert list(tmp_path.iterdir()) == []


def test_a_key_that_repeats_stops_the_snapshot_and_shows_no_value(tmp_path: Path) -> None:
    with pytest.raises(PublicationError, match="1 values of its key") as error:
        written(tmp_path / "s.duckdb", {"dim_units": pa.concat_tables([UNITS, UNITS.slice(1)])})
    assert "Ay" not in str(error.value)
    assert list(tmp_path.iterdir()) == []


def test_a_table_without_a_key_is_named(tmp_path: Path) -> None:
    table, comments = (
        pa.table({"a": [1]}),
        {"odd": {"description": "One row.", "columns": {"a": ("It.", None, None)}}},
    )
    with pytest.raises(PublicationError, match="'odd' has no declared key"):
        written(tmp_path / "s.duckdb", {"odd": table}, comments)  # type: ignore[arg-type]  # a literal of the same shape
    written(tmp_path / "s.duckdb", {"odd": table}, {"odd": {**comments["odd"], "key": ["a"]}})  # type: ignore[typeddict-item]  # the same


def test_the_file_is_small_closed_and_nobody_elses(tmp_path: Path) -> None:
    path = written(tmp_path / "s.duckdb")
    assert [file.name for file in tmp_path.iterdir()] == ["s.duckdb"]
    assert stat.S_IMODE(path.stat().st_mode) == 0o400
    assert path.stat().st_size < 300_000
    assert b".parquet" not in path.read_bytes()


def storage_number(path: Path) -> int:
    """The storage version in a file's main header: 8 bytes after the checksum and the magic DUCK."""
    header = path.read_bytes()[:20]
    assert header[8:12] == b"DUCK"
    return int.from_bytes(header[12:20], "little")


def test_the_file_keeps_the_format_of_duckdb_1_4(tmp_path: Path) -> None:
    """DuckDB 1.4 writes number 67 and opens nothing above it."""
    path, newer = written(tmp_path / "s.duckdb"), tmp_path / "newer.duckdb"
    with duckdb.connect() as connection:
        connection.execute(f"attach '{newer}' as newer (storage_version 'v1.5.0')")
        connection.execute("create table newer.t as select 1 as a")
    assert storage_number(path) == 67
    assert storage_number(newer) > 67


def published(folder: Path, *ids: str) -> None:
    for number, snapshot_id in enumerate(ids):
        path = written(folder / f"scorecard-{snapshot_id}.duckdb")
        os.utime(path, ns=(number * 10**9, number * 10**9))


def test_the_pointer_names_the_published_snapshot(tmp_path: Path) -> None:
    assert current(tmp_path) is None
    published(tmp_path, "one", "two")
    assert publish(tmp_path, "one") == tmp_path / "scorecard-one.duckdb"
    assert (tmp_path / "CURRENT").read_text() == "one\n"
    publish(tmp_path, "two")
    assert current(tmp_path) == tmp_path / "scorecard-two.duckdb"
    assert sorted(file.name for file in tmp_path.iterdir()) == [
        "CURRENT",
        "scorecard-one.duckdb",
        "scorecard-two.duckdb",
    ]


@pytest.mark.parametrize("snapshot_id", ["absent", "../elsewhere", "", ".hidden"])
def test_only_a_snapshot_that_is_there_is_published(tmp_path: Path, snapshot_id: str) -> None:
    published(tmp_path, "one")
    publish(tmp_path, "one")
    with pytest.raises(PublicationError):
        publish(tmp_path, snapshot_id)
    assert current(tmp_path) == tmp_path / "scorecard-one.duckdb"


def test_a_snapshot_with_a_log_beside_it_is_not_published(tmp_path: Path) -> None:
    published(tmp_path, "one")
    (tmp_path / "scorecard-one.duckdb.wal").touch()
    with pytest.raises(PublicationError, match="write-ahead log"):
        publish(tmp_path, "one")


def test_a_reader_keeps_its_snapshot_while_others_are_published_and_pruned(tmp_path: Path) -> None:
    published(tmp_path, "one", "two")
    publish(tmp_path, "one")
    with duckdb.connect(str(current(tmp_path)), read_only=True) as reader:
        publish(tmp_path, "two")
        prune(tmp_path, keep=1)
        assert reader.execute("select count(*) from mart.dim_units").fetchall() == [(2,)]
    assert not (tmp_path / "scorecard-one.duckdb").exists()


def test_pruning_keeps_the_newest_and_always_the_published_one(tmp_path: Path) -> None:
    published(tmp_path, "one", "two", "three", "four", "five")
    assert prune(tmp_path) == []
    publish(tmp_path, "one")
    assert [path.name for path in prune(tmp_path, keep=2)] == [
        "scorecard-two.duckdb",
        "scorecard-three.duckdb",
    ]
    assert current(tmp_path) is not None
