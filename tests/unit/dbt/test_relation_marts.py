"""fct_kpi_values against the same figures worked out one respondent at a time."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.dbt import by_hand
from tests.unit.dbt.by_hand import Cell, Figure, Key
from tests.unit.dbt.conftest import Warehouse


def close(value: float | None) -> Any:
    """Equal to 1e-9, or both absent."""
    return None if value is None else pytest.approx(value, rel=1e-9, abs=1e-9)


@pytest.fixture(scope="session")
def cells() -> dict[tuple[str, str, str], Cell]:
    return by_hand.cells()


@pytest.fixture(scope="session")
def rows(warehouse: Warehouse) -> dict[Key, dict[str, Any]]:
    found = warehouse.query(
        "select * from marts.fct_kpi_values where stakeholder_code <> 'all' and counterparty_code = 'all'"
    )
    keys = ("unit_code", "period_code", "stakeholder_code", "kpi_code", "dimension_code")
    return {tuple(row[key] for key in keys): row for row in found}  # type: ignore[misc]


@pytest.fixture(scope="session")
def expected(cells: dict[tuple[str, str, str], Cell]) -> dict[Key, Figure]:
    """Every row the surveys must give, and no other."""
    found: dict[Key, Figure] = {}
    invited = {period: number for _, period, number in by_hand.WAVES.values()}
    for (unit, period, group), cell in cells.items():
        people = invited[period] if (unit, group) == ("group", "employees") else None
        scores = cell.scores()
        for dimension in by_hand.DIMENSIONS["hr_survey" if group == "employees" else "client_survey"]:
            if (period, dimension) == ("2024-Q1", "ease"):
                continue  # not asked that quarter
            values = [score[dimension] for score in scores if dimension in score]
            found[unit, period, group, "dimension_score", dimension] = by_hand.mean_figure(values, people)
        sat = cell.answers("sat")
        top = sum(answer > (3 if group == "employees" else 8) for answer in sat)
        found[unit, period, group, "csat", "all"] = by_hand.share_figure(top, len(sat))
        present = by_hand.present(cell, group)
        found[unit, period, group, "rqi", "all"] = by_hand.index_figure(cell, group, present)
        if group == "employees":
            found[unit, period, group, "nps", "all"] = by_hand.nps_figure(cell.answers("reco"))
            best = sum(answer >= 9 for answer in cell.answers("reco"))
            found[unit, period, group, "promoter_share", "all"] = by_hand.share_figure(
                best, len(cell.answers("reco"))
            )
        else:
            effort = cell.answers("effort")
            eased = [by_hand.Fraction(100 * (answer - 1), 6) for answer in effort]
            found[unit, period, group, "ces_mean", "all"] = by_hand.mean_figure(eased, None)
            top = sum(answer > 5 for answer in effort)
            found[unit, period, group, "ces_top2", "all"] = by_hand.share_figure(top, len(effort))
        n = len({answer.respondent_key or answer.response_key for answer in cell.responses})
        method = "count" if n else None
        found[unit, period, group, "respondents", "all"] = Figure(n or None, n, method=method)
        share = 100 * len(present) / len(by_hand.ASKED_OF[group]) if n else None
        found[unit, period, group, "rqi_coverage", "all"] = Figure(share, n, method=method)
        if people:
            found[unit, period, group, "participation", "all"] = Figure(100 * n / people, n, method="count")
    return found


def test_every_surveyed_cell_has_its_rows_and_no_other(
    rows: dict[Key, dict[str, Any]], expected: dict[Key, Figure]
) -> None:
    assert {key for key in rows if key[2] != "partners"} == set(expected)


def test_values_and_intervals(rows: dict[Key, dict[str, Any]], expected: dict[Key, Figure]) -> None:
    wrong = []
    for key, figure in expected.items():
        row = rows[key]
        got = (row["value"], row["n"], row["ci_low"], row["ci_high"], row["method"])
        if got != (close(figure.value), figure.n, close(figure.low), close(figure.high), figure.method):
            wrong.append((key, got, figure))
    assert not wrong


def test_a_row_without_a_value_says_not_enough_data(
    rows: dict[Key, dict[str, Any]], expected: dict[Key, Figure]
) -> None:
    assert any(figure.n == 0 for figure in expected.values())
    for key, figure in expected.items():
        assert rows[key]["status"] == ("published" if figure.value is not None else "not_enough_data"), key


def test_changes_against_last_year(rows: dict[Key, dict[str, Any]], expected: dict[Key, Figure]) -> None:
    compared = 0
    for key, figure in expected.items():
        unit, period, group, kpi, dimension = key
        before = expected.get((unit, by_hand.LAST_YEAR.get(period, ""), group, kpi, dimension))
        row = rows[key]
        if kpi == "rqi" or before is None or figure.value is None or before.value is None:
            continue
        if kpi in ("respondents", "rqi_coverage", "participation"):
            assert row["change_value"] == close(figure.value - before.value), key
            assert (row["change_ci_low"], row["change_label"]) == (None, None), key
            continue
        difference = by_hand.change(figure, before)
        assert difference
        value, low, high = difference
        compared += 1
        label = "noise" if low <= 0 <= high else "real_and_large" if abs(value) >= 5 else "small_but_real"
        assert row["compared_period_code"] == "2024-Q1", key
        assert row["change_value"] == close(value), key
        assert (row["change_ci_low"], row["change_ci_high"]) == (close(low), close(high)), key
        assert row["change_label"] == label, key
    assert compared > 20


def test_an_index_changes_on_the_dimensions_both_periods_share(
    rows: dict[Key, dict[str, Any]], cells: dict[tuple[str, str, str], Cell]
) -> None:
    """Ease was first asked in 2025: it weighs in the index of 2025, not in its change."""
    now, before = cells["group", "2025-Q1", "employees"], cells["group", "2024-Q1", "employees"]
    shared = by_hand.present(now, "employees") & by_hand.present(before, "employees")
    assert shared == {"trust", "listening", "care"} != by_hand.present(now, "employees")
    difference = by_hand.change(
        by_hand.index_figure(now, "employees", shared), by_hand.index_figure(before, "employees", shared)
    )
    row = rows["group", "2025-Q1", "employees", "rqi", "all"]
    assert difference
    assert (row["change_value"], row["change_ci_low"], row["change_ci_high"]) == tuple(map(close, difference))
    old = rows["group", "2024-Q1", "employees", "rqi", "all"]
    assert row["change_value"] != close(row["value"] - old["value"])


def test_a_dimension_below_the_threshold_leaves_the_index(
    rows: dict[Key, dict[str, Any]], cells: dict[tuple[str, str, str], Cell]
) -> None:
    cell = cells["lens", "2025-Q1", "employees"]
    assert 0 < sum("ease" in scores for scores in cell.scores()) < by_hand.K
    assert "ease" not in by_hand.present(cell, "employees")
    # Three of the four dimensions, or fewer: the share that coverage gives.
    coverage = rows["lens", "2025-Q1", "employees", "rqi_coverage", "all"]["value"]
    assert coverage == close(100 * len(by_hand.present(cell, "employees")) / 4)


def test_one_person_in_two_agencies_is_one_respondent_of_the_group(rows: dict[Key, dict[str, Any]]) -> None:
    def respondents(unit: str) -> int:
        return int(rows[unit, "2025-Q1", "employees", "respondents", "all"]["n"])

    assert respondents("group") == respondents("lyon") + respondents("lens") - 1


def test_a_region_keeps_the_tree_of_each_wave(rows: dict[Key, dict[str, Any]]) -> None:
    assert rows["south", "2024-Q1", "employees", "respondents", "all"]["n"] == 24 + 14
    assert rows["south", "2025-Q1", "employees", "respondents", "all"]["n"] == 26
    assert rows["north", "2025-Q1", "employees", "respondents", "all"]["n"] == 13


def test_a_wave_that_is_not_closed_counts_nowhere(warehouse: Warehouse) -> None:
    assert warehouse.query("select count(*) as n from staging.stg_responses where wave_code = 'w4'") == [
        {"n": 20}
    ]
    assert not warehouse.query("select * from marts.fct_kpi_values where period_code = '2026-Q1'")


def test_balance_sets_the_weakest_group_against_the_mean(
    warehouse: Warehouse, cells: dict[tuple[str, str, str], Cell]
) -> None:
    """Both groups on trust and listening, the dimensions they share; interval by the delta method."""
    indices = {
        group: by_hand.index_figure(
            cells["group", "2025-Q1", group],
            group,
            by_hand.present(cells["group", "2025-Q1", "employees"], "employees")
            & by_hand.present(cells["group", "2025-Q1", "clients"], "clients"),
        )
        for group in ("employees", "clients")
    }
    low, high = sorted(indices.values(), key=lambda figure: float(figure.value or 0))
    assert low.value
    assert high.value
    mean = (low.value + high.value) / 2
    balance = low.value / mean
    gradient = ((1 - balance / 2) / mean, -balance / 2 / mean)
    error = gradient[0] ** 2 * (low.variance or 0) + gradient[1] ** 2 * (high.variance or 0)
    [row] = warehouse.query(
        "select * from marts.fct_kpi_values where kpi_code = 'balance' and unit_code = 'group' "
        "and period_code = '2025-Q1'"
    )
    assert (row["stakeholder_code"], row["method"]) == ("all", "delta")
    assert row["n"] == min(low.n, high.n)
    assert row["value"] == close(balance)
    assert row["ci_low"] == pytest.approx(balance - by_hand.Z * error**0.5, abs=1e-9)


def test_coverage_counts_groups_measured_within_twelve_months(warehouse: Warehouse) -> None:
    rows = warehouse.query("select * from marts.fct_kpi_values where kpi_code = 'coverage'")
    shares = {(row["unit_code"], row["period_code"]): row["value"] for row in rows}
    assert shares["group", "2025-Q1"] == close(100)
    assert shares["group", "2025-Q2"] == close(100)  # partners were measured one quarter before
    # Lens, first quarter of 2025: employees and clients, but the partners' figure was withheld.
    assert shares["lens", "2025-Q1"] == close(200 / 3)


@pytest.mark.parametrize(
    ("unit", "period", "value", "n", "method"),
    [
        ("lyon", "2024-Q1", 80, 40, "wilson"),
        ("group", "2024-Q1", (80 * 40 + 50 * 10) / 50, 50, "wilson"),  # weighted by n
        ("lens", "2025-Q1", None, None, None),  # withheld by the sender
        ("group", "2025-Q1", 90, 60, "wilson"),
    ],
)
def test_reported_shares(
    rows: dict[Key, dict[str, Any]],
    unit: str,
    period: str,
    value: float | None,
    n: int | None,
    method: str | None,
) -> None:
    row = rows[unit, period, "partners", "paid_on_time", "all"]
    assert (row["value"], row["n"], row["method"]) == (close(value), n, method)
    if value is not None and n is not None:
        figure = by_hand.share_figure(round(value * n / 100), n)
        assert (row["ci_low"], row["ci_high"]) == (close(figure.low), close(figure.high))


def test_a_figure_sent_without_its_n_has_no_interval(rows: dict[Key, dict[str, Any]]) -> None:
    row = rows["group", "2025-Q1", "partners", "disputes", "all"]
    assert (row["value"], row["n"], row["ci_low"], row["method"]) == (7, None, None, "as_reported")


def test_each_side_has_an_index_on_what_it_mirrors(
    warehouse: Warehouse, cells: dict[tuple[str, str, str], Cell]
) -> None:
    """Trust and listening are parallel; the other side is the same quarter's, else the latest of twelve months."""
    found = warehouse.query("select * from marts.fct_kpi_values where kpi_code = 'mirrored_index'")
    rows = {(row["unit_code"], row["period_code"], row["stakeholder_code"]): row for row in found}
    ends = by_hand.QUARTER_ENDS
    expected = {}
    for (unit, period, group), cell in cells.items():
        other = {"employees": "clients", "clients": "employees"}[group]
        recent = [
            (ends[when], theirs)
            for (place, when, who), theirs in cells.items()
            if (place, who) == (unit, other) and ends[when] <= ends[period]
            and (ends[period] - ends[when]).days < 360 and by_hand.present(theirs, other) & {"trust", "listening"}
        ]  # fmt: skip
        mine = by_hand.present(cell, group) & {"trust", "listening"}
        per_dimension = [day for day, theirs in recent if by_hand.present(theirs, other) & mine]
        if not per_dimension:
            continue
        _, theirs = max(recent, key=lambda pair: pair[0])
        chosen = mine & by_hand.present(theirs, other)
        scored = [scores for scores in cell.scores() if set(scores) & chosen]
        expected[unit, period, group] = (by_hand.restricted_index(cell, group, chosen), len(scored))
    assert expected
    assert rows.keys() == expected.keys()
    for key, (figure, n) in expected.items():
        row = rows[key]
        assert row["counterparty_code"] == {"employees": "clients", "clients": "employees"}[key[2]]
        assert (row["value"], row["n"], row["ci_low"], row["ci_high"]) == (
            close(figure.value), n, close(figure.low), close(figure.high)
        )  # fmt: skip
