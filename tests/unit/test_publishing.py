"""What publication is told of a home, and how it meets damage."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from pipelines.declared import Home
from pipelines.publication import current
from pipelines.publishing import rules
from pipelines.warehouse import path_of, writing
from tests.unit.declared.homes import write_home

WAGES = """\
kpis:
  wages:
    {fr: Salaires, en: Wages, method: ledger_sum, unit: money, formula: debit(641),
     definition: {fr: Salaires bruts., en: Gross wages.}}
  wages_ratio:
    {fr: Part des salaires, en: Wages share, method: ledger_ratio, unit: ratio, numerator: wages, denominator: revenue,
     formula: wages / revenue, definition: {fr: Part., en: Share.}}
"""


def test_payroll_by_any_name_follows_headcount_and_sales_do_not(tmp_path: Path) -> None:
    finance = "charts:\n  - fiscal_years: [2025]\n    kpis: {wages: debit(641)}\n"
    told = rules(Home.load(write_home(tmp_path, {"framework.yml": WAGES, "finance.yml": finance})))
    assert {"wages", "wages_ratio", "payroll", "ebe", "net_result", "operating_margin"} <= told.headcount_kpis
    assert not {"revenue", "gross_margin", "value_added"} & told.headcount_kpis


def test_a_wave_is_pooled_by_the_tree_of_its_close(tmp_path: Path) -> None:
    told = rules(Home.load(write_home(tmp_path)))
    assert [day.isoformat() for day in told.closes["employees", "2025-Q1"]] == ["2025-03-28"]


def test_a_damaged_warehouse_is_made_again(tmp_path: Path) -> None:
    home = Home.load(write_home(tmp_path))
    path_of(home).parent.mkdir(parents=True)
    path_of(home).write_bytes(b"garbage" * 1000)
    with writing(home) as connection:
        connection.execute("create table t as select 1 as one")
    with duckdb.connect(str(path_of(home)), read_only=True) as connection:
        assert connection.execute("select one from t").fetchone() == (1,)


@pytest.mark.parametrize("pointer", [b"", b"../../etc", b"\xff\xfe", b"nothing-of-that-name"])
def test_a_damaged_pointer_means_nothing_is_published(tmp_path: Path, pointer: bytes) -> None:
    (tmp_path / "CURRENT").write_bytes(pointer)
    assert current(tmp_path) is None
