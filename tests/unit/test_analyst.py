"""An analyst's SQL: what it may do, and everything it may not, tried through the worker and on the bare
connection.
"""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import duckdb
import polars as pl
import pytest

from pipelines.analyst import locked_connection, run_query


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("published") / "scorecard-x.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("create schema mart")
        connection.execute(
            """create table mart.scorecard_unit_period as
            select * from (values ('lyon', -4.5, 12.25::decimal(18, 6), date '2025-03-31'),
                                  ('nice', null, null, null)) as t(unit_code, nps_value, payroll, last_date)"""
        )
    os.chmod(path, 0o400)
    return path


@pytest.fixture
def connection(snapshot: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with locked_connection(snapshot) as opened:
        yield opened


def test_marts_are_found_without_their_schema(snapshot: Path) -> None:
    code, text = run_query(snapshot, "select * from scorecard_unit_period order by unit_code;")
    assert code == 0
    assert text.splitlines() == [
        "unit_code  nps_value    payroll  last_date",
        "─────────  ─────────  ─────────  ──────────",
        "lyon            -4.5  12.250000  2025-03-31",
        "nice               –          –  –",
        "(2 rows)",
    ]


def test_json_keeps_numbers_dates_and_nulls(snapshot: Path) -> None:
    query = "select *, 'nan'::double as odd, [1.5, 2] as list from scorecard_unit_period order by unit_code"
    code, text = run_query(snapshot, query, "json")
    assert code == 0
    assert json.loads(text)[0] == {
        "unit_code": "lyon",
        "nps_value": -4.5,
        "payroll": 12.25,
        "last_date": "2025-03-31",
        "odd": None,
        "list": [1.5, 2],
    }


def test_two_columns_of_one_name_are_refused_in_json(snapshot: Path) -> None:
    code, text = run_query(snapshot, "select 1 as a, 2 as a", "json")
    assert (code, "different ones with AS" in text) == (1, True)


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_a_spreadsheet_runs_no_cell_of_the_csv(snapshot: Path, start: str) -> None:
    query = f"""select '{start}cmd()' as a, -4.5 as b, -3 as c, 'plain' as d, '{start}x' as "{start}head" """
    code, text = run_query(snapshot, query, "csv")
    heads, cells = csv.reader(io.StringIO(text, newline=""))
    assert code == 0
    assert cells == [f"'{start}cmd()", "-4.5", "-3", "plain", f"'{start}x"]
    assert heads[-1] == f"'{start}head"


def test_questions_about_the_snapshot_itself_are_queries(snapshot: Path) -> None:
    for query in (
        "describe scorecard_unit_period",
        "show tables",
        "summarize scorecard_unit_period",
        "explain select 1",
    ):
        assert run_query(snapshot, query)[0] == 0, query


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("select * from nowhere", "nowhere"),
        ("selec 1", "syntax error"),
        ("select 1; select 2", "2 statements"),
        ("", "0 statements"),
        ("select 1 as a where a = 'x'::integer", "Could not convert"),
    ],
)
def test_an_error_is_one_sentence(snapshot: Path, query: str, told: str) -> None:
    code, text = run_query(snapshot, query)
    assert code == 1
    assert told in text
    assert "\n" not in text
    assert "Traceback" not in text


READS = [
    "select * from read_csv('/etc/passwd')",
    "select * from read_text('/etc/passwd')",
    "select * from read_blob('/etc/passwd')",
    "select * from read_parquet('/etc/passwd')",
    "select * from read_json('/etc/passwd')",
    "select * from sniff_csv('/etc/passwd')",
    "select * from '/etc/passwd'",
    "select * from glob('/etc/*')",
    "from query('select * from read_text(''/etc/passwd'')')",
    "select * from duckdb_secrets()",
    "select getenv('RELIER_KEY')",
    "select * from read_csv('https://example.org/x.csv')",
    "explain analyze select * from read_text('/etc/passwd')",
]
STATEMENTS = [
    "copy (select 1) to '{folder}/out.csv'",
    "copy mart.scorecard_unit_period from '/etc/passwd'",
    "export database '{folder}/all'",
    "attach '{folder}/other.duckdb' as other",
    "attach '/etc/passwd' as other (type sqlite)",
    "install httpfs",
    "load httpfs",
    "load '{folder}/evil.duckdb_extension'",
    "set lock_configuration = false",
    "set enable_external_access = true",
    "set memory_limit = '90GB'",
    "reset enable_external_access",
    "set temp_directory = '{folder}'",
    "pragma enable_profiling = 'json'",
    "set log_query_path = '{folder}/log'",
    "insert into mart.scorecard_unit_period (unit_code) values ('x')",
    "create table mart.mine as select 1",
    "drop table mart.scorecard_unit_period",
    "create persistent secret s (type s3)",
    "explain analyze copy (select 1) to '{folder}/out.csv'",
    "import database '{folder}'",
]


@pytest.mark.parametrize("query", READS)
def test_no_query_reads_outside_the_snapshot(connection: duckdb.DuckDBPyConnection, query: str) -> None:
    with pytest.raises(duckdb.Error):
        connection.execute(query).fetchall()


@pytest.mark.parametrize("statement", STATEMENTS)
def test_no_statement_writes_attaches_loads_or_unlocks(
    snapshot: Path, connection: duckdb.DuckDBPyConnection, tmp_path: Path, statement: str
) -> None:
    before = snapshot.read_bytes()
    with pytest.raises(duckdb.Error):
        connection.execute(statement.format(folder=tmp_path)).fetchall()
    assert list(tmp_path.iterdir()) == []
    assert snapshot.read_bytes() == before
    assert [file.name for file in snapshot.parent.iterdir()] == [snapshot.name]


@pytest.mark.parametrize(
    "attack", [READS[0], READS[-1], STATEMENTS[0], STATEMENTS[3], STATEMENTS[8], STATEMENTS[19]]
)
def test_the_worker_refuses_them_in_a_sentence(snapshot: Path, tmp_path: Path, attack: str) -> None:
    code, text = run_query(snapshot, attack.format(folder=tmp_path))
    assert code == 1
    assert "root:" not in text
    assert "\n" not in text
    assert list(tmp_path.iterdir()) == []


def test_no_query_reads_the_workers_own_python(connection: duckdb.DuckDBPyConnection) -> None:
    people = pl.DataFrame({"name": ["canary"]})
    with pytest.raises(duckdb.CatalogException):
        connection.execute("select * from people").fetchall()
    with duckdb.connect() as open_door:
        assert open_door.execute("select * from people").fetchall() == people.rows()


def test_the_worker_knows_no_secret_of_its_parent(snapshot: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """/proc is a file too; and even if it were read, the key is not in the worker's environment."""
    monkeypatch.setenv("RELIER_KEY", "canary" * 8)
    code, text = run_query(snapshot, "select * from read_text('/proc/self/environ')")
    assert (code, "canary" in text) == (1, False)
    started: list[dict[str, str]] = []
    real = subprocess.Popen

    def spy(*given: object, **named: object) -> object:
        started.append(named["env"])  # type: ignore[arg-type]  # the spy passes everything on
        return real(*given, **named)  # type: ignore[call-overload]  # the same

    monkeypatch.setattr(subprocess, "Popen", spy)
    run_query(snapshot, "select 1")
    assert "canary" not in repr(started)
    assert len(started) == 1


@pytest.mark.parametrize(
    "query",
    [
        "with recursive t(x) as (select 1 union all select x + 1 from t) select count(*) from t",
        "select count(*) from range(100000000000) a, range(1000000) b",
    ],
)
def test_a_query_without_end_is_killed(snapshot: Path, query: str) -> None:
    started = time.monotonic()
    code, text = run_query(snapshot, query, timeout_s=1.5)
    assert code == 1
    assert "stopped; ask for less" in text
    assert time.monotonic() - started < 15


@pytest.mark.parametrize(
    "query",
    [
        "select count(*) from (select distinct range || 'x' from range(60000000))",
        "select sum(length(repeat('x', 4000000000)))",
        "select * from range(1000000000)",
    ],
)
def test_a_memory_bomb_ends_in_a_sentence(snapshot: Path, query: str, tmp_path: Path) -> None:
    code, text = run_query(snapshot, query, "csv", timeout_s=60, memory="100MB")
    assert code == 1
    assert "\n" not in text
    assert any(word in text for word in ("memory", "Memory", "larger than 64 MB")), text
    assert [file.name for file in snapshot.parent.iterdir()] == [snapshot.name], (
        "nothing is spilled beside it"
    )


def test_a_terminal_obeys_no_value(snapshot: Path) -> None:
    _, text = run_query(snapshot, "select chr(27) || '[2Jgone' as a")
    assert "\x1b" not in text


def test_a_long_table_says_what_it_leaves_out(snapshot: Path) -> None:
    _, text = run_query(snapshot, "select * from range(2500)")
    assert text.splitlines()[-1] == "(2,500 rows, the first 1,000 shown)"


def test_two_analysts_at_once(snapshot: Path) -> None:
    with locked_connection(snapshot) as other:
        assert run_query(snapshot, "select 1")[0] == 0
        assert other.execute("select count(*) from scorecard_unit_period").fetchall() == [(2,)]


def test_an_absent_snapshot_is_a_sentence(tmp_path: Path) -> None:
    code, text = run_query(tmp_path / "absent.duckdb", "select 1")
    assert code == 1
    assert "\n" not in text


def test_wrong_usage_of_the_worker_is_exit_2(snapshot: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pipelines.analyst", str(snapshot), "select 1", "xml"],
        capture_output=True,
        check=False,
    )
    assert done.returncode == 2
    fine = subprocess.run(
        [sys.executable, "-m", "pipelines.analyst", str(snapshot), "select 1 as one", "csv"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (fine.returncode, fine.stdout) == (0, "one\n1\n")
