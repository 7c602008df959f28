"""Great Expectations judges files by rule names and counts, on DuckDB, and lets go of the file."""

from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest

from pipelines import gx_duckdb
from pipelines.expectations import ExpectationsError, SourceChecks, Verdict, judge_all

CANARY = "987654321"
SURVEY = SourceChecks(
    "survey",
    "responses",
    items=(("survey__q1", 1, 5), ("survey__reco", 0, 10)),
    segments=("age_band",),
    checks={"response_id_unique": "block", "unknown_unit_max_share": 0.02, "out_of_scale_max_share": 0.01},
)
SCORES = SourceChecks("scores", "measures", items=(("engagement", 0, 100), ("pay", 0, 1)))
DATED = SourceChecks("scores", "measures", items=(("engagement", 0, 100), ("pay", 0, 1)), dated=True)
EVENTS = SourceChecks("deliveries", "events", items=(("on_time", 0, 1),), dated=True)
LEDGER = SourceChecks("ledger", "ledger", checks={"balance": "block"})


@pytest.fixture
def warehouse(tmp_path: Path) -> Path:
    """Two good files per kind, with the columns the rules read, under a path with `$` and a space."""
    path = tmp_path / "a $HOME" / "warehouse.duckdb"
    path.parent.mkdir()
    with duckdb.connect(str(path)) as connection:
        connection.execute(
            """
            create schema raw;
            create table raw.responses as
                select 'survey' as source_code, 'good' || f as file_id, i as record_number,
                    md5(f || '-' || i) as response_key, 'north' as unit_code, 'under_30' as segment_age_band,
                    (1 + i % 5)::decimal(18, 6) as survey__q1, if(i = 3, null, i % 11) as survey__reco
                from range(2) files(f), range(50) rows(i);
            create table raw.measures as
                select 'scores' as source_code, 'good' || f as file_id, 'unit_' || i as unit_code,
                    '20' || (10 + f) as wave_code, date '2025-03-01' as submitted_date, m as measure_code,
                    if(m = 'pay', 0.4, 59)::decimal(18, 6) as value, null::int as n
                from range(2) files(f), range(20) rows(i), unnest(['engagement', 'pay']) measures(m);
            create table raw.events as
                select 'deliveries' as source_code, 'good' || f as file_id, i as record_number,
                    md5(f || '-' || i) as event_key, 'north' as unit_code, date '2025-03-01' as submitted_date,
                    'on_time' as measure_code, if(i = 3, null, i % 2)::decimal(18, 6) as value
                from range(2) files(f), range(50) rows(i);
            create table raw.ledger_lines as
                select 'ledger' as source_code, 'good' || f as file_id, date '2025-01-31' as entry_date,
                    if(i = 0, '120/129', '706000') as account_code,
                    if(i % 2 = 0, 10.01, 0)::decimal(18, 2) as debit,
                    if(i % 2 = 1, 10.01, 0)::decimal(18, 2) as credit
                from range(2) files(f), range(10) rows(i);
            create table raw.files as
                select source_code, 'good' || f as file_id, 50 as records, 50 as accepted,
                    0 as unknown_unit_count, 0 as out_of_scale_count
                from range(2) files(f), unnest(['survey', 'scores', 'deliveries', 'ledger']) sources(source_code);
            """
        )
    return path


def alter(warehouse: Path, statement: str) -> None:
    with duckdb.connect(str(warehouse)) as connection:
        (changed,) = connection.execute(statement).fetchall()[0]
        assert changed > 0, "the test changes nothing"


GOOD = ["good0", "good1"]


def judge(warehouse: Path, source: SourceChecks, file_ids: list[str]) -> list[Verdict]:
    return judge_all(warehouse, [(source, file_ids)])


@pytest.mark.parametrize("source", [SURVEY, SCORES, DATED, EVENTS, LEDGER])
def test_files_that_keep_their_promises_pass_every_rule(warehouse: Path, source: SourceChecks) -> None:
    verdicts = judge(warehouse, source, GOOD)
    assert [verdict.file_id for verdict in verdicts] == GOOD
    assert all(verdict.passed == verdict.total >= 6 and not verdict.failed for verdict in verdicts)


@pytest.mark.parametrize(
    ("source", "change", "failed"),
    [
        (SURVEY, f"raw.responses set survey__q1 = {CANARY} where record_number = 7", "q1 between 1 and 5"),
        (SURVEY, "raw.responses set survey__reco = -1 where record_number = 7", "reco between 0 and 10"),
        (SURVEY, f"raw.responses set response_key = '{CANARY}'", "response_id_unique"),
        (SURVEY, "raw.responses set response_key = null where record_number = 7", "response_key present"),
        (SURVEY, "raw.responses set unit_code = null where record_number = 7", "unit_code present"),
        (SURVEY, "raw.files set unknown_unit_count = 2", "unknown_unit share at most 0.02"),
        (SURVEY, "raw.files set out_of_scale_count = 1", "out_of_scale share at most 0.01"),
        (SURVEY, "raw.files set accepted = 0", "at least one accepted record"),
        (SURVEY, "raw.files set file_id = 'other'", "file registered"),
        (SCORES, f"raw.measures set value = {CANARY} where measure_code = 'pay'", "pay between 0 and 1"),
        (SCORES, "raw.measures set unit_code = 'unit_1'", "unit, measure and wave unique"),
        (SCORES, "raw.measures set n = -1", "n not negative"),
        (
            DATED,
            "raw.measures set submitted_date = null where unit_code = 'unit_7'",
            "submitted_date present",
        ),
        (DATED, "raw.measures set unit_code = 'unit_1'", "unit, measure and day unique"),
        (EVENTS, f"raw.events set value = {CANARY} where record_number = 7", "on_time between 0 and 1"),
        (EVENTS, "raw.events set event_key = 'again'", "response_id_unique"),
        (EVENTS, "raw.events set event_key = null where record_number = 7", "event_key present"),
        (EVENTS, "raw.events set submitted_date = null where record_number = 7", "submitted_date present"),
        (LEDGER, "raw.ledger_lines set debit = debit + 0.01", "debit equals credit"),
        (LEDGER, "raw.ledger_lines set entry_date = null", "entry_date present"),
        (LEDGER, "raw.ledger_lines set debit = null where debit = 0", "debit present"),
        (LEDGER, "raw.ledger_lines set credit = null where credit = 0", "credit present"),
        (LEDGER, "raw.ledger_lines set account_code = '41C'", "account_code starts with three digits"),
    ],
)
def test_a_broken_promise_is_named_and_found_in_its_file_alone(
    warehouse: Path, source: SourceChecks, change: str, failed: str
) -> None:
    joined = "and" if " where " in change else "where"
    alter(warehouse, f"update {change} {joined} file_id = 'good1' and source_code = '{source.source_code}'")
    sibling, broken = judge(warehouse, source, GOOD)
    assert broken.failed == (failed,)
    assert broken.passed == broken.total - 1
    assert not sibling.failed


@pytest.mark.parametrize(
    ("source", "change"),
    [
        (SURVEY, "raw.files set unknown_unit_count = 1"),
        (SURVEY, "raw.responses set response_key = md5(record_number::varchar)"),
        (replace(SURVEY, checks={"response_id_unique": "off"}), "raw.responses set response_key = 'same'"),
        (replace(LEDGER, checks={"balance": "off"}), "raw.ledger_lines set debit = 5"),
    ],
    ids=["exactly the share allowed", "one id in two files", "unique ids not asked", "balance not asked"],
)
def test_what_was_not_promised_is_not_asked(warehouse: Path, source: SourceChecks, change: str) -> None:
    alter(warehouse, f"update {change}")
    assert not any(verdict.failed for verdict in judge(warehouse, source, GOOD))


def test_no_value_reaches_a_verdict_a_log_or_the_terminal(
    warehouse: Path, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    alter(warehouse, f"update raw.responses set survey__q1 = {CANARY}, response_key = '{CANARY}'")
    with caplog.at_level(logging.DEBUG):
        verdicts = judge(warehouse, SURVEY, GOOD)
    assert all(len(verdict.failed) == 2 for verdict in verdicts)
    captured = capfd.readouterr()
    assert (captured.out, captured.err) == ("", "")
    assert CANARY not in caplog.text + repr(verdicts)


def test_a_rule_that_cannot_be_evaluated_is_an_error_not_a_bad_file(
    warehouse: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute(f"alter table raw.responses add column survey__word varchar default '{CANARY}'")
    source = replace(SURVEY, items=(("survey__word", 1, 5),))
    with pytest.raises(ExpectationsError, match="could not evaluate word between 1 and 5") as raised:
        judge(warehouse, source, GOOD)
    assert CANARY not in str(raised.value) + caplog.text
    with duckdb.connect(str(warehouse)) as connection:
        assert connection.execute("create table let_go (i int)")


def test_the_file_can_be_opened_for_writing_right_after(warehouse: Path) -> None:
    judge(warehouse, SURVEY, GOOD)
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute("create table let_go (i int)")
    judge(warehouse, SURVEY, GOOD)


def test_many_sources_share_one_engine_and_no_file_costs_nothing(
    warehouse: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    verdicts = judge_all(warehouse, [(SURVEY, GOOD), (SCORES, []), (LEDGER, GOOD[:1])])
    assert [verdict.file_id for verdict in verdicts] == [*GOOD, "good0"]
    monkeypatch.setattr(gx_duckdb, "read_only", lambda path: pytest.fail("opened without a file to judge"))
    assert judge_all(warehouse, [(SURVEY, [])]) == []


@pytest.mark.parametrize("file_id", ["a' or '1'='1", "", "a b", "{batch}"])
def test_a_name_that_is_not_one_never_reaches_the_query(warehouse: Path, file_id: str) -> None:
    with pytest.raises(ValueError, match="cannot be a name in SQL"):
        judge(warehouse, SURVEY, [file_id])


@pytest.fixture
def as_shipped(monkeypatch: pytest.MonkeyPatch) -> None:
    """Great Expectations without the shim."""
    gx_duckdb.import_gx()
    from great_expectations.execution_engine import sqlalchemy_execution_engine as engine

    shipped = tuple(d for d in engine._PERSISTED_CONNECTION_DIALECTS if d != "duckdb")
    monkeypatch.setattr(engine, "_PERSISTED_CONNECTION_DIALECTS", shipped)
    monkeypatch.setattr(gx_duckdb, "_keep_duckdb_connections", lambda: None)


@pytest.mark.usefixtures("as_shipped")
def test_the_shim_is_still_needed(warehouse: Path) -> None:
    """Fails the day Great Expectations reads DuckDB by itself: then delete the shim."""
    with pytest.raises(ExpectationsError, match="could not evaluate"):
        judge(warehouse, SURVEY, GOOD)


def test_another_version_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    gx = gx_duckdb.import_gx()
    monkeypatch.setattr(gx, "__version__", "1.25.0")
    with pytest.raises(RuntimeError, match=r"1\.25\.0 is installed"):
        gx_duckdb.import_gx()
