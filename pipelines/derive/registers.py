"""What the registers say of the strategy itself: is it written, does it weigh, is it on the agenda?"""

from __future__ import annotations

from typing import Any

import polars as pl

from pipelines.declared.models import Kpi
from pipelines.derive.facts import ALL, PUBLISHED, Facts

SCHEMA: dict[str, Any] = {
    "line_number": pl.Int32,
    **dict.fromkeys(("stakeholder_code", "objective", "owner", "kpi_code"), pl.String),
    **dict.fromkeys(("target_value", "current_value"), pl.Float64),
    "review_date": pl.Date,
    **dict.fromkeys(("is_complete", "is_overdue"), pl.Boolean),
    "domain": pl.String,
    "weight_share": pl.Float64,
}


def strategy(facts: Facts) -> pl.DataFrame:
    """Mart fct_strategy: a row per line of the register, with where its KPI stands.

    `current_value` is the root's latest published value of the KPI for the stakeholder. `weight_share` (0-1) is null
    where no line has a weight.
    """
    register = facts.registers.strategy
    total = sum(one.weight for one in register)
    at_root = facts.values.filter(
        (pl.col("unit_code") == facts.root)
        & (pl.col("status") == PUBLISHED)
        & pl.all_horizontal(pl.col("segment_code", "counterparty_code", "dimension_code") == ALL)
    )
    latest = at_root.join(facts.periods.select("period_code", "end_date"), on="period_code").sort("end_date")
    current = {
        (stakeholder, kpi): value
        for stakeholder, kpi, value in latest.select("stakeholder_code", "kpi_code", "value").iter_rows()
    }
    rows = [
        {
            "line_number": one.line,
            "stakeholder_code": one.stakeholder,
            "objective": one.objective or None,
            "owner": one.owner or None,
            "kpi_code": one.kpi,
            "target_value": one.target,
            "current_value": current.get((one.stakeholder, one.kpi)),
            "review_date": one.review_date,
            "is_complete": one.is_complete,
            "is_overdue": one.is_overdue(facts.as_of),
            "domain": one.domain,
            "weight_share": one.weight / total if total else None,
        }
        for one in register
    ]
    return pl.DataFrame(rows, schema=SCHEMA)


def register_share(facts: Facts, code: str, kpi: Kpi) -> pl.DataFrame:
    """Percent of the surveyed stakeholders with a relational objective that is complete and not overdue (register
    `strategy`), or of the bodies with relations on their agenda (`bodies`). An empty register has no row.

    An objective for `all` is nobody's in particular and does not count. A group surveyed about another (`about`) is a
    side of that relation, not a stakeholder to have a strategy for.
    """
    if kpi.register_code == "bodies":
        held = [one.relations_on_agenda for one in facts.registers.bodies]
    else:
        groups = facts.framework.stakeholders
        surveyed = [one for one in facts.thresholds if one in groups and not groups[one].about]
        written = {
            one.stakeholder
            for one in facts.registers.strategy
            if one.domain == "relation" and one.is_complete and not one.is_overdue(facts.as_of)
        }
        held = [one in written for one in surveyed] if facts.registers.strategy else []
    return _of_the_whole(facts, code, sum(held), len(held))


def relational_weight(facts: Facts, code: str, _kpi: Kpi) -> pl.DataFrame:
    """Percent of all weights that relational objectives carry; no row where nothing weighs."""
    relational = sum(one.weight for one in facts.registers.strategy if one.domain == "relation")
    return _of_the_whole(facts, code, relational, sum(one.weight for one in facts.registers.strategy))


def _of_the_whole(facts: Facts, code: str, part: float, total: float) -> pl.DataFrame:
    """One exact percent at the root, in the period that holds the as-of date."""
    held = facts.periods.filter((pl.col("start_date") <= facts.as_of) & (pl.col("end_date") >= facts.as_of))
    if not total or held.is_empty():
        return facts.made([])
    return facts.made(
        [
            {
                "unit_code": facts.root,
                "period_code": held["period_code"][0],
                "stakeholder_code": ALL,
                "kpi_code": code,
                "value": 100 * part / total,
                "method": "point",
                "status": PUBLISHED,
            }
        ]
    )
