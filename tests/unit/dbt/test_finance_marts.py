"""fct_finance and the scorecard against sums of the ledger's lines, to the cent."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest

from tests.unit.dbt import by_hand
from tests.unit.dbt.conftest import Warehouse

MONTHS = [dt.date(2024 + month // 12, month % 12 + 1, 1) for month in range(24)]
Rows = dict[tuple[str, str, str, str], dict[str, Any]]


@pytest.fixture(scope="session")
def rows(warehouse: Warehouse) -> Rows:
    found = warehouse.query("select * from marts.fct_finance")
    return {(row["unit_code"], row["period_code"], row["basis"], row["kpi_code"]): row for row in found}


def total(unit: str, months: list[dt.date], kpi: str) -> Decimal:
    return sum((by_hand.money(unit, month)[kpi] for month in months), Decimal(0))


@pytest.mark.parametrize("unit", ["group", "south", "north", "lyon", "lens", "unassigned"])
@pytest.mark.parametrize("kpi", ["revenue", "payroll", "net_result"])
def test_months_quarters_years_and_rolling_years(rows: Rows, unit: str, kpi: str) -> None:
    own = [month for month in MONTHS if (unit, f"{month:%Y-%m}", "month", kpi) in rows]
    assert len(own) >= 12
    for month in own:
        value = rows[unit, f"{month:%Y-%m}", "month", kpi]["value"]
        assert value == total(unit, [month], kpi), month
    for year in {month.year for month in own}:
        months = [month for month in own if month.year == year]
        assert rows[unit, str(year), "fiscal_year", kpi]["value"] == total(unit, months, kpi)
        for quarter in {(month.month + 2) // 3 for month in months}:
            inside = [month for month in months if (month.month + 2) // 3 == quarter]
            value = rows[unit, f"{year}-Q{quarter}", "quarter", kpi]["value"]
            assert value == total(unit, inside, kpi), (year, quarter)
    for index, month in enumerate(own):
        row = rows[unit, f"{month:%Y-%m}", "rolling_12m", kpi]
        twelve = own[index - 11 : index + 1] if index >= 11 else None
        assert row["value"] == (total(unit, twelve, kpi) if twelve else None), month
        assert row["status"] == ("published" if twelve else "not_enough_data")
        if month.month % 3 == 0:
            quarter = rows[unit, f"{month.year}-Q{month.month // 3}", "rolling_12m", kpi]
            assert quarter["value"] == row["value"]


def test_a_ledger_starts_with_its_first_line_and_a_silent_month_is_zero(rows: Rows) -> None:
    """Lens books pay from July 2024, and nothing in September."""
    assert ("lens", "2024-06", "month", "payroll") not in rows
    assert rows["lens", "2024-07", "month", "payroll"]["value"] > 0
    assert rows["lens", "2024-09", "month", "payroll"]["value"] == 0


def test_the_group_is_its_leaves_and_what_no_rule_places(rows: Rows) -> None:
    for month in MONTHS:
        code = f"{month:%Y-%m}"
        parts = [rows.get((unit, code, "month", "net_result")) for unit in ("lyon", "lens", "unassigned")]
        whole = rows["group", code, "month", "net_result"]["value"]
        assert whole == sum(part["value"] for part in parts if part)


def test_a_ratio_is_made_of_sums_and_needs_revenue(rows: Rows) -> None:
    payroll, revenue = (rows["group", "2025-Q1", "quarter", kpi]["value"] for kpi in ("payroll", "revenue"))
    ratio = rows["group", "2025-Q1", "quarter", "payroll_ratio"]
    assert ratio["value"] == (payroll / revenue).quantize(Decimal("0.000001"))
    assert ratio["currency_code"] is None
    lens = rows["lens", "2025-Q1", "quarter", "payroll_ratio"]
    assert (lens["value"], lens["status"]) == (None, "not_enough_data")


def test_the_scorecard_sets_both_sides_beside_each_other(warehouse: Warehouse, rows: Rows) -> None:
    [row] = warehouse.query(
        "select * from marts.scorecard_unit_period "
        "where unit_code = 'group' and period_code = '2025-Q4' and stakeholder_code = 'employees'"
    )
    [measured] = warehouse.query(
        "select * from marts.fct_kpi_values where unit_code = 'group' and period_code = '2025-Q2' "
        "and stakeholder_code = 'employees' and kpi_code = 'rqi'"
    )
    assert (row["measured_period_code"], row["headline_kpi_code"]) == ("2025-Q2", "rqi")
    assert row["headline_value"] == row["rqi_value"] == measured["value"]
    assert (row["rqi_ci_low"], row["rqi_n"]) == (measured["ci_low"], measured["n"])
    assert row["revenue"] == rows["group", "2025-Q4", "quarter", "revenue"]["value"]
    rolling, before = (
        rows["group", f"{year}-Q4", "rolling_12m", "revenue"]["value"] for year in (2025, 2024)
    )
    assert row["revenue_rolling_12m"] == rolling
    assert row["revenue_rolling_12m_change"] == pytest.approx(float((rolling - before) / before), abs=1e-12)
    assert row["currency_code"] == "EUR"


def test_the_scorecard_shows_a_wave_for_twelve_months_and_no_longer(warehouse: Warehouse) -> None:
    found = warehouse.query(
        "select period_code, measured_period_code from marts.scorecard_unit_period "
        "where unit_code = 'group' and stakeholder_code = 'partners'"
    )
    shown = {row["period_code"]: row["measured_period_code"] for row in found}
    assert shown["2024-Q4"] == "2024-Q1"
    assert shown["2025-Q4"] == "2025-Q1"
    employees = warehouse.query(
        "select measured_period_code from marts.scorecard_unit_period "
        "where unit_code = 'lens' and stakeholder_code = 'employees' and period_code = '2025-Q3'"
    )
    # Nobody answered at Lens in the last wave: that is what shows, not the answers of the wave before.
    assert employees == [{"measured_period_code": "2025-Q2"}]


def test_a_period_under_way_waits_for_figures_of_its_own(warehouse: Warehouse) -> None:
    """The home is read in January 2026: that quarter has neither a closed wave nor a ledger yet."""
    [last] = warehouse.query("select max(period_code) as code from marts.scorecard_unit_period")
    assert last["code"] == "2025-Q4"


def test_participation_is_known_for_the_root_alone(warehouse: Warehouse) -> None:
    found = warehouse.query(
        "select unit_code, participation_share from marts.scorecard_unit_period "
        "where period_code = '2025-Q1' and stakeholder_code = 'employees'"
    )
    shares = {row["unit_code"]: row["participation_share"] for row in found}
    assert shares.pop("group") == pytest.approx(38 / 70)
    assert set(shares.values()) == {None}
