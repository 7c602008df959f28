"""Write a small, complete published snapshot, so that the dashboard can be tested without a pipeline run.

python tests/dashboards/make_snapshot.py <home> [demo | first_wave | yearly | broken]
"""

from __future__ import annotations

import datetime as dt
import sys
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parent))

import synthetic_relations as sides
from synthetic import AS_OF, THRESHOLD, Row, finance, periods, relation, scorecard, table

SNAPSHOT_ID = "20260131T060000Z-0a1b2c3d"
ORGANISATION = "Groupe Rivage"


def as_reported() -> tuple[list[Row], list[Row]]:
    """A yearly home that publishes what its source published: one stakeholder, no n, no finance."""
    kpis, rows = [], []
    units = [("rivage", 62.0), ("reg_nord", 60.0), ("reg_sud", 65.0)]
    for unit, base in units:
        before = None
        for step, year in enumerate(("2016", "2018", "2020")):
            value = base + 2 * step
            change = None if before is None else value - before
            shared = {
                "value": value,
                "n": None,
                "ci_low": None,
                "ci_high": None,
                "method": "as_reported",
                "status": "published",
                "change_value": change,
                "change_ci_low": None,
                "change_ci_high": None,
                "change_label": None,
            }
            compared = None if before is None else str(int(year) - 2)
            key = {"unit_code": unit, "period_code": year, "stakeholder_code": "employees"}
            kpis.append(
                {
                    **key,
                    "segment_code": "all",
                    "counterparty_code": "all",
                    "kpi_code": "engagement_index",
                    "dimension_code": "all",
                    **shared,
                    "compared_period_code": compared,
                    "disclosure": "already_public",
                    "definition_version": "2026.1",
                    "as_of_date": AS_OF,
                }
            )
            rows.append(
                {
                    **key,
                    "measured_period_code": year,
                    "headline_kpi_code": "engagement_index",
                    **{f"headline_{k}": v for k, v in shared.items()},
                    "headline_compared_period_code": compared,
                    "definition_version": "2026.1",
                    "as_of_date": AS_OF,
                }
            )
            before = value
    return kpis, rows


def sources(variant: str) -> list[Row]:
    def source(
        code: str, stakeholder: str | None, owner: str, cadence: str, last: dt.date, days: int, **more: Any
    ) -> Row:
        age = (AS_OF - last).days
        return {
            "source_code": code,
            "label_fr": f"Enquête {code}",
            "label_en": f"Survey {code}",
            "kind": "responses",
            "stakeholder_code": stakeholder,
            "owner": owner,
            "cadence": cadence,
            "last_wave_code": f"{last:%Y}-Q{(last.month + 2) // 3}",
            "last_wave_date": last,
            "freshness_days": days,
            "age_days": age,
            "freshness_status": "stale" if age > days else "fresh",
            "last_file_status": "accepted",
            "checks_passed_count": 14,
            "checks_count": 14,
            "declaration_version": 3,
            "disclosure": "standard",
            **more,
        }

    if variant == "yearly":
        return [
            source(
                "people_survey",
                "employees",
                "statistics office",
                "yearly",
                dt.date(2025, 10, 31),
                400,
                kind="measures",
                disclosure="already_public",
            )
        ]
    return [
        source("hr_survey", "employees", "people team", "quarterly", dt.date(2025, 12, 12), 100),
        source("client_survey", "clients", "client office", "quarterly", dt.date(2025, 12, 19), 100),
        source(
            "partner_survey",
            "partners",
            "purchasing",
            "half_yearly",
            dt.date(2025, 5, 30),
            200,
            last_file_status="held",
            checks_passed_count=12,
        ),
        source("ledger", None, "finance", "yearly", dt.date(2025, 12, 31), 120, kind="ledger"),
    ]


def _ordered(rows: list[Row], **more: Any) -> list[Row]:
    return [{**row, "sort_order": order, **more} for order, row in enumerate(rows)]


def _dimensions(grain: str, units: set[str], stakeholders: set[str]) -> dict[str, list[Row]]:
    """Rows of every dim_ table, limited to what the facts hold."""
    parents = {row["unit_code"]: row["parent_code"] for row in table("units")}

    def path(code: str) -> str:
        return f"{path(parents[code])}/{code}" if parents[code] else code

    lasting = {"valid_from_date": dt.date(2016, 1, 1), "valid_to_date": dt.date(9999, 12, 31)}
    needs = {"needs_fr": "Une enquête auprès de ce public.", "needs_en": "A survey of this stakeholder."}
    names = [("employees", "eNPS"), ("partners", "pNPS")]
    return {
        "dim_units": [
            {
                **row,
                **lasting,
                "path_codes": path(row["unit_code"]),
                "is_leaf": row["unit_code"] not in parents.values(),
            }
            for row in _ordered(table("units"))
            if row["unit_code"] in units
        ],
        "dim_periods": periods(grain),
        "dim_stakeholders": [
            row
            for row in _ordered(table("stakeholders"), threshold_count=THRESHOLD)
            if row["stakeholder_code"] in stakeholders
        ]
        + sides.publics(),
        "dim_segments": _ordered(table("segments")),
        "dim_kpis": _ordered(
            [needs | row for row in table("kpis")] + sides.kpis(), definition_version="2026.1"
        ),
        "dim_kpi_labels": [
            {"kpi_code": "nps", "stakeholder_code": code, "label_fr": label, "label_en": label}
            for code, label in names
        ],
        "dim_dimensions": _ordered(
            [row | {"kind": "dimension"} for row in table("dimensions")]
            + [row | {"kind": kind} for kind in ("value", "link") for row in table(f"{kind}s")],
            weight=1.0,
        ),
        "dim_relations": [] if grain == "year" else _ordered(table("relations")),
        "dim_kpi_thresholds": sides.thresholds(),
    }


def _fill(base: duckdb.DuckDBPyConnection, name: str, rows: list[Row]) -> None:
    """Insert `rows` into an existing table; a column missing from a row is null."""
    names = [row[0] for row in base.execute(f"DESCRIBE {name}").fetchall()]
    if rows:
        given = pd.DataFrame([{n: row.get(n) for n in names} for row in rows], columns=names, dtype=object)
        base.register("given", given)
        base.execute(f"INSERT INTO {name} SELECT * FROM given")
        base.unregister("given")


BREAKS: list[Row] = [
    {
        "stakeholder_code": "clients", "source_code": "client_survey", "starts_date": dt.date(2025, 4, 1),
        "period_code": "2025-Q2", "label_fr": "Nouveau questionnaire", "label_en": "New questionnaire",
        "is_comparable": False,
    },
    {
        "stakeholder_code": "finance", "source_code": "all", "starts_date": dt.date(2025, 1, 1),
        "period_code": "2025-Q1",
        "label_fr": "Réforme du plan comptable : les transferts de charges (79) disparaissent.",
        "label_en": "Chart reform: transfers of charges (79) end.", "is_comparable": True,
    },
]  # fmt: skip


def _break(kpis: list[Row]) -> None:
    """The clients' changes as a warehouse leaves them across the break of `BREAKS`: not computed, and said so."""
    for row in kpis:
        across = row["stakeholder_code"] == "clients" and (row["compared_period_code"] or "9") < "2025-Q2"
        if across and row["period_code"] >= "2025-Q2" and row.get("change_value") is not None:
            row.update(dict.fromkeys(("change_value", "change_ci_low", "change_ci_high")))
            row["change_label"] = "not_comparable"


def _replaced(rows: list[Row], by: list[Row]) -> list[Row]:
    """`rows` and `by`, of which the second wins where both have a row."""
    names = (
        "unit_code",
        "period_code",
        "stakeholder_code",
        "segment_code",
        "counterparty_code",
        "kpi_code",
        "dimension_code",
    )
    return list({tuple(row[name] for name in names): row for row in [*rows, *by]}.values())


def _marts(variant: str) -> dict[str, list[Row]]:
    if variant == "yearly":
        kpis, rows = as_reported()
        money: list[Row] = []
    else:
        kpis, money = relation(variant), finance()
        if variant == "broken":
            _break(kpis)
        rows = scorecard(kpis, money)
        rows += sides.scorecard_of_buyers(rows)
        kpis += sides.other_sides(kpis)
        kpis = _replaced(kpis, sides.relation_rows(kpis))
    seen = {row["unit_code"] for row in rows}, {row["stakeholder_code"] for row in rows}
    facts = {"fct_kpi_values": kpis, "fct_finance": money, "scorecard_unit_period": rows}
    facts["fct_actions"] = [] if variant == "yearly" else sides.actions()
    facts["dim_breaks"] = BREAKS if variant == "broken" else []
    return facts | _dimensions("year" if variant == "yearly" else "quarter", *seen)


def build(home: Path, variant: str = "demo", snapshot_id: str = SNAPSHOT_ID) -> Path:
    """Publish a synthetic snapshot under `home`/data/published and point CURRENT to it; returns its path."""
    published = home / "data" / "published"
    published.mkdir(parents=True, exist_ok=True)
    path = published / f"scorecard-{snapshot_id}.duckdb"
    path.unlink(missing_ok=True)
    about = {
        "snapshot_id": snapshot_id,
        "created_at": dt.datetime(2026, 1, 31, 6),
        "as_of_date": AS_OF,
        "organisation_name": ORGANISATION,
        "language": "fr",
        "currency_code": "EUR",
        "scorecard_grain": "year" if variant == "yearly" else "quarter",
        "code_version": "0.1.0",
        "definition_version": "2026.1",
        "declarations_hash": "0" * 64,
        "run_id": "synthetic",
    }
    with duckdb.connect(str(path)) as base:
        base.execute((Path(__file__).parent / "tables" / "schema.sql").read_text(encoding="utf-8"))
        for name, rows in _marts(variant).items():
            _fill(base, f"mart.{name}", rows)
        _fill(base, "meta.snapshot", [about])
        _fill(base, "meta.sources", sources(variant))
    (published / "CURRENT").write_text(snapshot_id + "\n", encoding="utf-8")
    return path


if __name__ == "__main__":
    print(build(Path(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else "demo"))
