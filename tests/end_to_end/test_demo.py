"""The demo through the command line: the books, the planted stories, and what nobody may see."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.conftest import REPO, relier

EXPECTED = json.loads((REPO / "examples" / "demo" / "expected.json").read_text())


@pytest.fixture(scope="module")
def status(published_demo: Path) -> dict[str, Any]:
    return json.loads(relier(published_demo, "status", "--json").stdout)


def ask(snapshot: Path, query: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(snapshot), read_only=True) as connection:
        return connection.execute(query).fetchall()


def test_the_books_are_those_the_generator_planted(status: dict[str, Any]) -> None:
    counted = ("records", "accepted", "quarantined", "duplicate")
    assert {name: status["totals"][name] for name in counted} == {
        name: EXPECTED["totals"][name] for name in counted
    }
    assert status["totals"]["balanced"]
    found = {file["name"]: {name: file[name] for name in ("status", *counted)} for file in status["files"]}
    assert found == EXPECTED["files"]


def test_each_defect_is_named_with_what_to_do(status: dict[str, Any]) -> None:
    files = {file["name"]: file for file in status["files"]}
    assert 'add "Code postal" to `drop:`' in files["partenaires_2025T4.xlsx"]["message"]
    assert "send the whole file again" in files["clients_2025-Q1_partiel.csv"]["message"]
    assert files["barometre_2023T4.csv"]["encoding"] == "cp1252"
    causes = [cause for cause in status["quarantine"] if cause["file"] == "barometre_2025T2.csv"]
    assert [(cause["reason"], cause["found"], cause["records"], len(cause["lines"])) for cause in causes] == [
        ("unknown_unit", '"AG99"', 4, 4)
    ]
    assert "hr_survey,AG99," in causes[0]["fix"]
    outside = [cause for cause in status["quarantine"] if cause["file"] == "clients_2025-Q2.csv"]
    assert sum(cause["records"] for cause in outside) == 6
    assert {(cause["reason"], cause["found"]) for cause in outside} == {("out_of_scale", "withheld")}


def test_the_run_tells_its_totals_checks_snapshot_and_seconds(published_demo: Path) -> None:
    said = (published_demo / "said.txt").read_text()
    for word in (
        "files",
        "records",
        "accepted",
        "quarantined",
        "duplicate",
        "checks",
        "snapshot",
        "seconds",
        "dbt build",
    ):
        assert word in said
    assert "Traceback" not in said
    assert "START sql" not in said  # dbt's own log stays out of a director's terminal


def test_two_regions_treat_clients_better_than_employees(demo_snapshot: Path) -> None:
    gaps = dict(
        ask(
            demo_snapshot,
            "select unit_code, max(value) filter (stakeholder_code = 'clients') - max(value) filter (stakeholder_code = 'employees')"
            " from mart.fct_kpi_values where kpi_code = 'rqi' and period_code = '2025-Q4'"
            " and segment_code = 'all' and unit_code like 'reg_%' group by 1",
        )
    )
    assert gaps["reg_nord"] > 8
    assert gaps["reg_sud"] > 8
    assert abs(gaps["reg_ouest"]) < 5


def test_marseille_employees_fell_two_quarters_before_its_clients(demo_snapshot: Path) -> None:
    rows = ask(
        demo_snapshot,
        "select stakeholder_code, period_code, value from mart.fct_kpi_values where unit_code = 'ag_marseille' and kpi_code = 'rqi' and segment_code = 'all'"
        " and stakeholder_code in ('employees', 'clients') and period_code between '2024-Q1' and '2025-Q4'",
    )
    values = {(group, period): value for group, period, value in rows}
    assert values["employees", "2024-Q4"] < values["employees", "2024-Q3"] - 8
    assert values["clients", "2025-Q1"] > values["clients", "2024-Q3"] - 5
    assert values["clients", "2025-Q2"] < values["clients", "2025-Q1"] - 5


def test_small_agencies_are_protected_alike_and_no_single_one_can_be_subtracted(demo_snapshot: Path) -> None:
    rows = ask(
        demo_snapshot,
        "select unit_code, status, value, n from mart.fct_kpi_values where kpi_code = 'rqi' and period_code = '2025-Q4' and segment_code = 'all'"
        " and stakeholder_code = 'employees' and unit_code like 'ag_%'",
    )
    hidden = {unit for unit, status, _, _ in rows if status == "protected"}
    assert {"ag_vannes", "ag_brest", "ag_nice"} < hidden
    assert all(value is None and n is None for unit, status, value, n in rows if unit in hidden)


def test_partners_stay_at_their_last_wave_and_say_so(demo_snapshot: Path) -> None:
    ((measured, freshness, last),) = ask(
        demo_snapshot,
        "select (select measured_period_code from mart.scorecard_unit_period where unit_code = 'rivage' and period_code = '2025-Q4'"
        " and stakeholder_code = 'partners'), freshness_status, last_file_status from meta.sources where source_code = 'partner_survey'",
    )
    assert (measured, freshness, last) == ("2025-Q3", "stale", "held")


def test_the_ledgers_add_up_to_the_cent_with_what_no_rule_places(demo_snapshot: Path) -> None:
    rows = ask(
        demo_snapshot,
        "select period_code, sum(value) filter (unit_code = 'rivage'), sum(value) filter (unit_code in ('reg_nord', 'reg_ouest', 'reg_sud', 'unassigned'))"
        " from mart.fct_finance where kpi_code = 'revenue' and basis = 'fiscal_year' group by 1 order by 1",
    )
    assert [period for period, _, _ in rows] == ["2023", "2024", "2025"]
    assert all(whole == parts for _, whole, parts in rows)
    unassigned = ask(
        demo_snapshot,
        "select distinct status from mart.fct_finance where unit_code = 'unassigned' and value is not null",
    )
    assert unassigned == [("published",)]
    net = ask(
        demo_snapshot,
        "select value from mart.fct_finance where kpi_code = 'net_result' and basis = 'fiscal_year' and unit_code = 'rivage' order by period_code",
    )
    assert [f"{value:.2f}" for (value,) in net] == ["2954388.73", "3254087.88", "3220938.39"]


def test_nothing_personal_leaves_the_vault(published_demo: Path) -> None:
    """Every byte of what a run makes, but the vault, searched for identities the exports carry."""
    text = (published_demo / "landing" / "barometre_2025T1.csv").read_text("utf-8-sig")
    tokens = [row["token"].encode() for row in csv.DictReader(io.StringIO(text), delimiter=";")][:50]
    canaries = [token for token in tokens if len(token) > 4] + [
        b"203.0.113.",
        b"@exemple",
        b".example",
        b"01 99 00",
    ]
    assert len(canaries) > 20
    landed = b"".join(path.read_bytes() for path in (published_demo / "landing").glob("*.csv"))
    assert any(canary in landed for canary in canaries), "the search itself is broken"
    for path in (published_demo / "data").rglob("*"):
        if path.is_file() and "vault" not in path.parts:
            content = path.read_bytes()
            assert not [canary for canary in canaries if canary in content], path.name


def test_zones_are_closed_to_others(published_demo: Path) -> None:
    for path in (published_demo / "data").glob("*"):
        assert path.stat().st_mode & 0o077 == 0, path


def test_sql_answers_in_three_formats(published_demo: Path) -> None:
    query = "select count(*) as cells from fct_kpi_values where status = 'protected'"
    assert json.loads(relier(published_demo, "sql", query, "--format", "json").stdout)[0]["cells"] > 0
    assert relier(published_demo, "sql", query, "--format", "csv").stdout.splitlines()[0] == "cells"
    assert "cells" in relier(published_demo, "sql", query).stdout


@pytest.mark.parametrize(
    "query", ["select * from read_csv('/etc/passwd')", "copy dim_units to 'leak.csv'", "selec 1"]
)
def test_sql_that_reaches_out_is_refused_in_a_sentence(published_demo: Path, query: str) -> None:
    done = relier(published_demo, "sql", query)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert done.stderr.strip()


def test_usage_errors_exit_2(published_demo: Path) -> None:
    assert relier(published_demo, "frobnicate").returncode == 2
    assert relier(published_demo, "sql").returncode == 2
