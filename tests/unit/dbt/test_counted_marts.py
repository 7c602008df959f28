"""Events, and figures sent by date: counted, placed in their period, rolled up, with Wilson's interval."""

from __future__ import annotations

import pytest

from tests.unit.dbt import by_hand
from tests.unit.dbt.conftest import Warehouse


@pytest.mark.parametrize(
    ("unit", "period", "kpi", "successes", "n"),
    [
        ("lyon", "2025-Q2", "kept_days", 2, 3),  # one day unknown, one event left out
        ("lens", "2025-Q2", "kept_days", 9, 12),
        ("north", "2025-Q2", "kept_days", 9, 12),  # Lens changed region at the new year
        ("group", "2025-Q2", "kept_days", 11, 15),
        ("lyon", "2025-Q2", "answered", 80 + 150, 400),  # two months of one quarter
        ("group", "2025-Q2", "answered", 80 + 150 + 18, 420),
        ("group", "2025-Q3", "answered", 24, 40),
    ],
)
def test_a_share_of_what_was_counted(
    warehouse: Warehouse, unit: str, period: str, kpi: str, successes: int, n: int
) -> None:
    (row,) = warehouse.query(
        f"select * from marts.fct_kpi_values where kpi_code = '{kpi}' and unit_code = '{unit}'"
        f" and period_code = '{period}' and stakeholder_code = 'partners'"
    )
    expected = by_hand.share_figure(successes, n)
    assert (row["n"], row["method"], row["status"]) == (n, "wilson", "published")
    assert (row["value"], row["ci_low"], row["ci_high"]) == pytest.approx(
        (expected.value, expected.low, expected.high), rel=1e-9
    )


def test_a_period_that_has_not_ended_shows_no_event(warehouse: Warehouse) -> None:
    found = warehouse.query(
        "select distinct period_code from marts.fct_kpi_values where kpi_code in ('kept_days', 'answered')"
    )
    assert {row["period_code"] for row in found} == {"2025-Q2", "2025-Q3"}
