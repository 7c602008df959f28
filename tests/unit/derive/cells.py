"""A small organisation's published rows, made from means, shares and counts as the warehouse makes them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any

import polars as pl

from pipelines.declared.models import Framework
from pipelines.derive.facts import ALL, Facts
from pipelines.stats import mean_t, nps_adjusted_wald, wilson

AS_OF = dt.date(2026, 1, 15)
FOREVER = dt.date(9999, 12, 31)
SCHEMA = {
    **dict.fromkeys(
        (
            "unit_code",
            "period_code",
            "stakeholder_code",
            "segment_code",
            "counterparty_code",
            "kpi_code",
            "dimension_code",
        ),
        pl.String,
    ),
    "value": pl.Float64,
    "n": pl.Int32,
    "ci_low": pl.Float64,
    "ci_high": pl.Float64,
    "method": pl.String,
    "status": pl.String,
    "compared_period_code": pl.String,
    "change_value": pl.Float64,
    "change_ci_low": pl.Float64,
    "change_ci_high": pl.Float64,
    "change_label": pl.String,
    "change_p_value": pl.Float64,
    "verdict_code": pl.String,
    "ranking_value": pl.Float64,
    "disclosure": pl.String,
    "definition_version": pl.String,
    "as_of_date": pl.Date,
}
Row = dict[str, Any]


def said(name: str) -> dict[str, str]:
    return {"fr": name, "en": name}


def kpi(method: str, unit: str = "score", **more: Any) -> dict[str, Any]:
    text = said(method)
    return {**text, "method": method, "unit": unit, "definition": text, "formula": text, **more}


FRAMEWORK: dict[str, Any] = {
    "version": "1",
    "smallest_effect": 5,
    "stakeholders": {
        "employees": said("employees"),
        "clients": said("clients"),
        "partners": said("partners"),
        "buyers": {**said("buyers"), "about": "partners"},
    },
    "outcomes": {name: said(name) for name in ("satisfaction", "recommend", "client_contacts")},
    "dimensions": {name: said(name) for name in ("trust", "care", "sincerity", "warmth")},
    "segments": {
        "channel": {**said("channel"), "values": {name: said(name) for name in ("digital", "human", "both")}},
        "decile": {**said("decile"), "values": {name: said(name) for name in ("low", "middle", "high")}},
    },
    "relations": {
        "employees_clients": {**said("ec"), "sides": ["employees", "clients"], "kind": "symmetry"},
        "buyers_partners": {**said("bp"), "sides": ["buyers", "partners"], "kind": "reciprocity"},
    },
    "links": {"company_clients": {**said("link"), "kpi": "rqi", "stakeholder": "clients", "holds_from": 50}},
    "kpis": {
        "rqi": kpi("weighted_index"),
        "dimension_score": kpi("pomp_mean"),
        "mirrored_index": kpi("mirrored_index"),
        "nps": kpi("net_promoter", "points", outcome="recommend"),
        "csat": kpi("top_box", "percent", outcome="satisfaction", top={5: [4, 5]}),
        "promoter_share": kpi("share_between", "percent", outcome="recommend", **{"from": 9, "to": 10}),
        "client_contacts": kpi("value_mean", "count", outcome="client_contacts"),
        "script_compliance": kpi("as_reported", "percent"),
        "on_time": kpi("as_reported", "ratio"),
        "symmetry_gap": kpi("mirrored_gap", "points", kind="symmetry"),
        "reciprocity_gap": kpi("mirrored_gap", "points", kind="reciprocity"),
        "symmetry_slope": kpi("york_slope", "ratio"),
        "symmetry_concordance": kpi("concordance", "ratio"),
        "reciprocity": kpi("reciprocity", kind="reciprocity"),
        "gesture_gap": kpi(
            "gesture_gap",
            "points",
            of="script_compliance",
            dimension="sincerity",
            thresholds={"gesture": 70, "intention": 65},
        ),
        "together_gain": kpi(
            "better_together",
            "points",
            of="csat",
            segment="channel",
            together="both",
            alone=["digital", "human"],
        ),
        "promoter_excess": kpi("sibling_excess", "points", of="promoter_share"),
        "attention": kpi("concentration", "ratio", of="client_contacts", segment="decile"),
        "link": kpi("link", "points"),
        "crisis": kpi("crisis_share", "percent"),
        "in_order": kpi(
            "rank_correlation",
            "ratio",
            x={"stakeholder": "employees", "kpi": "rqi"},
            y={"stakeholder": "clients", "kpi": "csat"},
        ),
    },
}
PARALLEL = frozenset(
    {
        ("employees_clients", "trust", "trust"),
        ("employees_clients", "care", "warmth"),
        ("buyers_partners", "trust", "trust"),
        ("buyers_partners", "care", "care"),
    }
)


def row(
    kpi_code: str,
    unit: str = "lyon",
    stakeholder: str = "clients",
    period: str = "2025-Q1",
    dimension: str = ALL,
    segment: str = ALL,
    towards: str = ALL,
    **figures: Any,
) -> Row:
    return {
        "unit_code": unit,
        "period_code": period,
        "stakeholder_code": stakeholder,
        "segment_code": segment,
        "counterparty_code": towards,
        "kpi_code": kpi_code,
        "dimension_code": dimension,
        "status": "published",
        "disclosure": "standard",
        "definition_version": "1",
        "as_of_date": AS_OF,
        **figures,
    }


def mean(kpi_code: str, value: float, sd: float = 20, n: int = 100, **keys: Any) -> Row:
    """A mean with its t interval, as the SQL takes it: the quantile of at most 1,000 degrees of freedom."""
    half = mean_t(value, sd, n).high - value
    return row(kpi_code, value=value, n=n, ci_low=value - half, ci_high=value + half, method="t", **keys)


def share(kpi_code: str, successes: int, n: int, scale: float = 100, **keys: Any) -> Row:
    value, low, high, _ = wilson(successes, n)
    return row(
        kpi_code, value=scale * value, n=n, ci_low=scale * low, ci_high=scale * high, method="wilson", **keys
    )


def promoters(counts: tuple[int, int, int], **keys: Any) -> Row:
    value, low, high, _ = nps_adjusted_wald(*counts)
    return row("nps", value=value, n=sum(counts), ci_low=low, ci_high=high, method="adjusted_wald", **keys)


def hidden(kpi_code: str, **keys: Any) -> Row:
    return row(kpi_code, **keys) | {"status": "protected"}


def table(rows: Iterable[Row]) -> pl.DataFrame:
    return pl.DataFrame(list(rows), schema=SCHEMA)


def quarters(first: int = 2024, last: int = 2025) -> pl.DataFrame:
    ends = {1: (3, 31), 2: (6, 30), 3: (9, 30), 4: (12, 31)}
    return pl.DataFrame(
        [
            {
                "period_code": f"{year}-Q{quarter}",
                "start_date": dt.date(year, 3 * quarter - 2, 1),
                "end_date": dt.date(year, *ends[quarter]),
            }
            for year in range(first, last + 1)
            for quarter in range(1, 5)
        ]
    )


def closure(parents: dict[str, str | None]) -> pl.DataFrame:
    """Every unit under itself and everything above it, for all time."""
    rows = []
    for unit in parents:
        above, depth = unit, 0
        while above is not None:
            rows.append((above, unit, depth, dt.date(2000, 1, 1), FOREVER))
            above, depth = parents[above], depth + 1
    names = ("ancestor_code", "unit_code", "depth", "valid_from", "valid_to")
    return pl.DataFrame(rows, schema=names, orient="row")


def facts(rows: Iterable[Row], parents: dict[str, str | None] | None = None, **changed: Any) -> Facts:
    """`parents`: the parent of each unit; by default Lyon stands alone under the group."""
    return Facts(
        values=table(rows),
        closure=closure(parents or {"group": None, "lyon": "group"}),
        periods=changed.get("periods", quarters()),
        framework=Framework.model_validate(FRAMEWORK | changed.get("framework", {})),
        thresholds={},
        definition_version="1",
        as_of=AS_OF,
        root="group",
        parallel=changed.get("parallel", PARALLEL),
    )


def leaves(count: int) -> dict[str, str | None]:
    """A group of `count` units."""
    return {"group": None, **{f"unit_{place:03d}": "group" for place in range(count)}}


def only(rows: pl.DataFrame, **keys: str) -> Row:
    """The one row of these keys."""
    found = rows.filter(**keys).rows(named=True)
    assert len(found) == 1, f"{len(found)} rows"
    return found[0]
