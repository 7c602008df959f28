"""The invented figures behind the synthetic snapshot: fixed seed, planted stories, every state of a screen.

Clients above employees; Lyon's employees fall before its clients, Rouen's alone; Rennes rises; partners slide and are asked
every half year only; Reims and Tours are too small to show; Amiens cannot decide its NPS; Brest hides joy.
"""

from __future__ import annotations

import csv
import datetime as dt
import math
import random
from pathlib import Path
from typing import Any

Row = dict[str, Any]


def table(name: str) -> list[Row]:
    """Rows of tables/<name>.csv; an empty cell is None."""
    path = Path(__file__).parent / "tables" / f"{name}.csv"
    with path.open(encoding="utf-8", newline="") as lines:
        return [{key: value or None for key, value in row.items()} for row in csv.DictReader(lines)]


UNITS = [row["unit_code"] for row in table("units")]
HEADCOUNT = {row["unit_code"]: int(row["headcount"]) for row in table("units")}
ASKED = {row["dimension_code"]: row["asked_of"] for row in table("dimensions")}
STAKEHOLDERS = [row["stakeholder_code"] for row in table("stakeholders")]
FINANCE = [row["kpi_code"] for row in table("kpis") if row["domain"] == "finance"]
RATIOS = {"operating_margin", "payroll_ratio"}
BESIDE = ["rqi", "nps", "csat", "ces_mean"]
AS_OF = dt.date(2026, 1, 31)
THRESHOLD = 10


def quarters() -> list[tuple[str, dt.date, dt.date]]:
    spans = []
    for year in (2023, 2024, 2025):
        for quarter in range(4):
            start = dt.date(year, 3 * quarter + 1, 1)
            after = dt.date(year + quarter // 3, (3 * quarter + 3) % 12 + 1, 1)
            spans.append((f"{year}-Q{quarter + 1}", start, after - dt.timedelta(days=1)))
    return spans


def periods(grain: str) -> list[Row]:
    rows: list[Row] = []
    if grain == "quarter":
        codes = [code for code, _, _ in quarters()]
        for index, (code, start, end) in enumerate(quarters()):
            rows.append(
                {
                    "period_code": code,
                    "grain": "quarter",
                    "start_date": start,
                    "end_date": end,
                    "fiscal_year": start.year,
                    "label_fr": f"T{code[-1]} {start.year}",
                    "label_en": f"Q{code[-1]} {start.year}",
                    "previous_period_code": codes[index - 1] if index else None,
                    "last_year_period_code": codes[index - 4] if index > 3 else None,
                    "sort_order": index,
                }
            )
    years = (2023, 2024, 2025) if grain == "quarter" else (2016, 2018, 2020)
    for index, year in enumerate(years):
        rows.append(
            {
                "period_code": str(year),
                "grain": "year",
                "start_date": dt.date(year, 1, 1),
                "end_date": dt.date(year, 12, 31),
                "fiscal_year": year,
                "label_fr": str(year),
                "label_en": str(year),
                "previous_period_code": str(year - 1),
                "last_year_period_code": str(year - 1),
                "sort_order": 100 + index,
            }
        )
    return rows


def _respondents(unit: str, stakeholder: str) -> int:
    """People asked who answer, by size of the unit; Tours has 6 employees and stays under the threshold."""
    share = {"employees": 0.68, "clients": 1.75, "partners": 0.21}[stakeholder]
    return max(3, round(HEADCOUNT[unit] * share))


def _level(unit: str, stakeholder: str, index: int) -> float:
    """The planted story of the module's description, as a mean on 0–100."""
    base = {"employees": 66.0, "clients": 71.0, "partners": 64.0}[stakeholder]
    base += (sum(map(ord, unit)) % 9) - 4
    slope = {"employees": 0.10, "clients": 0.16, "partners": -0.75}[stakeholder]
    level = base + slope * index
    if unit == "ag_lyon":
        level -= {"employees": 2.2 * max(0, index - 6), "clients": 1.9 * max(0, index - 8), "partners": 0}[
            stakeholder
        ]
    if unit == "ag_rouen" and stakeholder == "employees":
        level -= 2.6 * max(0, index - 8)
    if unit in {"ag_rennes", "reg_ouest"}:
        level += (1.5 if unit == "ag_rennes" else 0.55) * max(0, index - 5) * (stakeholder != "partners")
    return level


def _estimate(value: float, n: int, sd: float, low: float, high: float) -> Row:
    half = 1.97 * sd / math.sqrt(n)
    return {"value": value, "n": n, "ci_low": max(low, value - half), "ci_high": min(high, value + half)}


def _change(now: Row, before: Row | None) -> Row:
    empty = {"change_value": None, "change_ci_low": None, "change_ci_high": None, "change_label": None}
    if before is None or now["value"] is None or before["value"] is None:
        return empty
    difference = now["value"] - before["value"]
    half = math.hypot(now["ci_high"] - now["ci_low"], before["ci_high"] - before["ci_low"]) / 2
    real = abs(difference) > half
    label = "noise" if not real else "real_and_large" if abs(difference) >= 5 else "small_but_real"
    return {
        "change_value": difference,
        "change_ci_low": difference - half,
        "change_ci_high": difference + half,
        "change_label": label,
    }


HIDDEN = dict.fromkeys(
    [
        "value",
        "n",
        "ci_low",
        "ci_high",
        "method",
        "change_value",
        "change_ci_low",
        "change_ci_high",
        "change_label",
    ]
)


def _waves(stakeholder: str, variant: str) -> list[int]:
    """Indices of the quarters measured: partners are asked every half year and are two quarters late."""
    if variant == "first_wave":
        return [11]
    return list(range(12)) if stakeholder != "partners" else [1, 3, 5, 7, 9]


def _method(unit: str, stakeholder: str, kpi: str) -> str:
    """How the interval was made; the group's employees were invited by name, and most answered."""
    if kpi in {"rqi", "dimension_score", "ces_mean"}:
        return "t_fpc" if (unit, stakeholder) == ("rivage", "employees") else "t"
    return {"nps": "adjusted_wald", "csat": "wilson"}.get(kpi, "count")


def relation(variant: str) -> list[Row]:
    """Rows of fct_kpi_values for a quarterly home."""
    draw = random.Random(20260131)
    codes = [code for code, _, _ in quarters()]
    rows = []
    for unit in UNITS[:-1]:
        for stakeholder in STAKEHOLDERS:
            seen: dict[tuple[str, str, int], Row] = {}
            asked = [code for code, asked_of in ASKED.items() if stakeholder[0] in asked_of]
            cells = [
                ("rqi", "all"),
                ("nps", "all"),
                ("csat", "all"),
                ("ces_mean", "all"),
                ("respondents", "all"),
            ]
            for index in _waves(stakeholder, variant):
                n = _respondents(unit, stakeholder) + draw.randint(-1, 2)
                level = _level(unit, stakeholder, index) + draw.gauss(0, 1.1 if n > 100 else 1.8)
                for kpi, dimension in cells + [("dimension_score", code) for code in asked]:
                    tilt = {"nps": level * 1.5 - 78, "csat": level + 6, "ces_mean": level + 2}.get(kpi, level)
                    if dimension != "all":
                        tilt += (sum(map(ord, dimension)) % 13) - 6 + draw.gauss(0, 1)
                        tilt -= (
                            1.1 * max(0, index - 6)
                            if (dimension == "ease" and stakeholder == "partners")
                            else 0
                        )
                    low, high = (-100, 100) if kpi == "nps" else (0, 100)
                    cell = _estimate(tilt, n, 68 if kpi == "nps" else 17, low, high)
                    if kpi == "respondents":
                        cell = {"value": n, "n": n, "ci_low": None, "ci_high": None}
                    seen[kpi, dimension, index] = cell
                    back = {"employees": 4, "clients": 4, "partners": 4}[stakeholder]
                    row = {
                        "unit_code": unit,
                        "period_code": codes[index],
                        "stakeholder_code": stakeholder,
                        "segment_code": "all",
                        "counterparty_code": "all",
                        "kpi_code": kpi,
                        "dimension_code": dimension,
                        **cell,
                        "method": _method(unit, stakeholder, kpi),
                        "status": "published",
                        "compared_period_code": codes[index - back] if index >= back else None,
                        **(
                            _change(cell, seen.get((kpi, dimension, index - back)))
                            if kpi != "respondents"
                            else _change(cell, None)
                        ),
                        "disclosure": "standard",
                        "definition_version": "2026.1" if index > 3 else "2023.1",
                        "as_of_date": AS_OF,
                    }
                    if n < THRESHOLD:
                        row.update(HIDDEN, status="protected")
                    elif unit == "ag_amiens" and kpi == "nps":
                        row.update(HIDDEN, n=n, status="not_enough_data")
                    elif unit == "ag_brest" and dimension == "joy":
                        row.update(HIDDEN, status="protected")
                    rows.append(row)
    return rows


def _money(unit: str, index: int) -> dict[str, float]:
    """Quarterly P&L in euros; seasonal, growing, and Lyon's margin falls with its clients."""
    draw = random.Random(f"{unit}{index}")
    size = 24_000 * max(1, HEADCOUNT[unit]) if unit != "unassigned" else 61_000
    revenue = size * (1 + 0.012 * index + 0.05 * math.sin(index * math.pi / 2)) * draw.uniform(0.985, 1.015)
    margin = 0.088 + 0.0016 * index + 0.012 * math.sin(index * math.pi / 2) + draw.uniform(-0.004, 0.004)
    margin -= 0.02 * max(0, index - 9) * (unit == "ag_lyon")
    payroll = revenue * draw.uniform(0.374, 0.388)
    result = revenue * margin
    return {
        "revenue": revenue,
        "gross_margin": revenue * 0.71,
        "value_added": revenue * 0.52,
        "ebe": result * 1.24,
        "operating_result": result,
        "payroll": payroll,
        "net_result": result * 0.73,
    }


def _ratios(money: dict[str, float]) -> dict[str, float]:
    return {
        **money,
        "operating_margin": money["operating_result"] / money["revenue"],
        "payroll_ratio": money["payroll"] / money["revenue"],
    }


SENSITIVE = {"payroll", "payroll_ratio", "ebe", "operating_result", "operating_margin", "net_result"}


def finance() -> list[Row]:
    """Rows of fct_finance by quarter, rolling 12 months and fiscal year; tiny teams keep revenue and margin."""
    rows = []
    codes = [code for code, _, _ in quarters()]
    for unit in UNITS:
        quarterly = [_money(unit, index) for index in range(12)]
        for index, code in enumerate(codes):
            bases = {"quarter": (code, [quarterly[index]])}
            if index >= 3:
                bases["rolling_12m"] = (code, quarterly[index - 3 : index + 1])
            if index % 4 == 3:
                bases["fiscal_year"] = (code[:4], quarterly[index - 3 : index + 1])
            for basis, (period, parts) in bases.items():
                for kpi, value in _ratios({k: sum(p[k] for p in parts) for k in parts[0]}).items():
                    hidden = 0 < HEADCOUNT[unit] < THRESHOLD and kpi in SENSITIVE
                    rows.append(
                        {
                            "unit_code": unit,
                            "period_code": period,
                            "basis": basis,
                            "kpi_code": kpi,
                            "value": None if hidden else round(value, 6),
                            "currency_code": None if kpi in RATIOS else "EUR",
                            "status": "protected" if hidden else "published",
                            "as_of_date": AS_OF,
                        }
                    )
    return rows


def _finance_columns(
    cells: dict[tuple[str, str, str, str], Any], unit: str, code: str, before: str | None
) -> Row:
    row: Row = {}
    for kpi in FINANCE:
        rolling = cells.get((unit, code, "rolling_12m", kpi))
        last = cells.get((unit, before, "rolling_12m", kpi)) if before else None
        change = None
        if rolling is not None and last is not None:
            change = rolling - last if kpi in RATIOS else rolling / last - 1
        row.update(
            {
                kpi: cells.get((unit, code, "quarter", kpi)),
                f"{kpi}_rolling_12m": rolling,
                f"{kpi}_rolling_12m_change": change,
            }
        )
    return row


def scorecard(kpis: list[Row], finance: list[Row]) -> list[Row]:
    """Rows of scorecard_unit_period: nothing copied forward but the latest wave at most 12 months old."""
    index = {
        (r["unit_code"], r["period_code"], r["stakeholder_code"], r["kpi_code"]): r
        for r in kpis
        if r["dimension_code"] == "all"
    }
    money = {(r["unit_code"], r["period_code"], r["basis"], r["kpi_code"]): r["value"] for r in finance}
    codes = [code for code, _, _ in quarters()]
    figures = [
        "value",
        "n",
        "ci_low",
        "ci_high",
        "status",
        "change_value",
        "change_ci_low",
        "change_ci_high",
        "change_label",
    ]
    rows = []
    for unit in UNITS:
        for position, code in enumerate(codes):
            for stakeholder in STAKEHOLDERS:
                recent = [codes[p] for p in range(max(0, position - 3), position + 1)]
                measured = next((p for p in reversed(recent) if (unit, p, stakeholder, "rqi") in index), None)
                found = {k: index.get((unit, measured, stakeholder, k), {}) for k in BESIDE}
                count = index.get((unit, measured, stakeholder, "respondents"), {}).get("n")
                shares = {"employees": 0.68, "clients": 0.22}
                rows.append(
                    {
                        "unit_code": unit,
                        "period_code": code,
                        "stakeholder_code": stakeholder,
                        "measured_period_code": measured,
                        "headline_kpi_code": "rqi",
                        **{
                            f"headline_{f}": found["rqi"].get(f)
                            for f in [
                                "value",
                                "n",
                                "ci_low",
                                "ci_high",
                                "method",
                                "status",
                                "compared_period_code",
                                "change_value",
                                "change_ci_low",
                                "change_ci_high",
                                "change_label",
                            ]
                        },
                        **{f"{k}_{f}": found[k].get(f) for k in BESIDE for f in figures},
                        "respondents_count": count,
                        "participation_share": shares.get(stakeholder)
                        if unit == "rivage" and count
                        else None,
                        "currency_code": "EUR",
                        **_finance_columns(money, unit, code, codes[position - 4] if position > 3 else None),
                        "finance_status": "protected" if 0 < HEADCOUNT[unit] < THRESHOLD else "published",
                        "definition_version": "2026.1" if position > 3 else "2023.1",
                        "as_of_date": AS_OF,
                    }
                )
    return rows
