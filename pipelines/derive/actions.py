"""What moved since each action of the register began, in its unit and beside comparable ones: mart fct_actions."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import polars as pl

from pipelines.declared.registers import Action
from pipelines.derive.early import comparable_since
from pipelines.derive.facts import ALL, PROTECTED, PUBLISHED, UNDECIDED, Facts, period_order
from pipelines.derive.significance import errors
from pipelines.stats.experiments import FEWEST_COMPARED, change, effect, verdict
from pipelines.stats.intervals import Estimate

INDEX, DIMENSION = "rqi", "dimension_score"
TOO_EARLY = "too_early"
SCHEMA: dict[str, Any] = {
    **dict.fromkeys(("action_code", "title_fr", "title_en", "unit_code", "stakeholder_code"), pl.String),
    "dimension_code": pl.String,
    "starts_date": pl.Date,
    **dict.fromkeys(("design", "before_period_code", "after_period_code"), pl.String),
    **dict.fromkeys(
        ("before_value", "after_value", "change_value", "change_ci_low", "change_ci_high"), pl.Float64
    ),
    "compared_unit_count": pl.Int32,
    **dict.fromkeys(("compared_change_value", "effect_value", "effect_ci_low", "effect_ci_high"), pl.Float64),
    **dict.fromkeys(("verdict_code", "status"), pl.String),
}
Series = tuple[str, str, str]  # unit, stakeholder, dimension


class Point(NamedTuple):
    """One measured period of one series. `chart` differs where the instrument changed between two points."""

    period: str
    start: dt.date
    end: dt.date
    status: str
    value: float | None
    variance: float | None
    df: float | None
    chart: int | None


def actions(facts: Facts) -> pl.DataFrame:
    """One row per action: its score before (the last published period that ended before the start), after (the latest
    that began at the start or later), the change, and the effect beside comparable units.

    Comparable units are those declared, else the siblings at the later period that had no action of their own between
    the two; each must be published in both periods, two at least. Verdict by the interval of the effect: `moved_up`,
    `moved_down`, `no_difference` (surely below the smallest effect) or `undecided`; `too_early` before anything was
    measured since the start; `protected` where only protected periods are there; `not_enough_data` without a score
    before, on two instruments, or with fewer than two comparable units: the change is then given alone.
    """
    register = facts.registers.actions
    siblings = _siblings(facts, {action.unit for action in register})
    near = {unit for family in siblings.values() for unit in family}
    units = {action.unit for action in register}.union(*(action.compared_with for action in register), near)
    series = _series(facts, units, register)
    rows = [_row(action, register, series, siblings, facts.framework.smallest_effect) for action in register]
    return pl.DataFrame(rows, schema=SCHEMA)


def _siblings(facts: Facts, units: Iterable[str]) -> dict[tuple[str, str], list[str]]:
    """Units under the same parent, by (period, unit)."""
    family = facts.tree.filter(pl.col("depth") == 1).select("period_code", "ancestor_code", "unit_code")
    mine = family.filter(pl.col("unit_code").is_in(list(units)))
    pairs = mine.join(family, on=["period_code", "ancestor_code"], suffix="_other")
    others = pairs.filter(pl.col("unit_code") != pl.col("unit_code_other")).sort("unit_code_other")
    grouped = others.group_by("period_code", "unit_code").agg("unit_code_other")
    return {(period, unit): family_of for period, unit, family_of in grouped.iter_rows()}


def _series(facts: Facts, units: Iterable[str], register: Sequence[Action]) -> dict[Series, list[Point]]:
    """What is known of every series that the register touches, in time order."""
    keys = ["unit_code", "stakeholder_code", "dimension_code"]
    dimensions = {action.dimension for action in register} - {None}
    aimed = (pl.col("kpi_code") == INDEX) & (pl.col("dimension_code") == ALL)
    aimed |= (pl.col("kpi_code") == DIMENSION) & pl.col("dimension_code").is_in(list(dimensions))
    plain = (pl.col("segment_code") == ALL) & (pl.col("counterparty_code") == ALL)
    wanted = facts.values.filter(
        pl.col("unit_code").is_in(list(units))
        & pl.col("stakeholder_code").is_in(list({action.stakeholder for action in register}))
        & aimed
        & plain
    )
    order = period_order(facts.periods)
    calendar = facts.periods.select("period_code", "start_date", "end_date").with_columns(
        place=pl.col("period_code").replace_strict(order, return_dtype=pl.Int64)
    )
    rows = errors(wanted, facts.framework).join(calendar, on="period_code").sort(*keys, "place")
    charts = comparable_since(rows, keys).select(*keys, "period_code", "chart")
    known = rows.join(charts, on=[*keys, "period_code"], how="left", maintain_order="left")
    found: dict[Series, list[Point]] = {}
    columns = ("period_code", "start_date", "end_date", "status", "value", "variance", "df", "chart")
    for unit, stakeholder, dimension, *point in known.select(*keys, *columns).iter_rows():
        found.setdefault((unit, stakeholder, dimension), []).append(Point(*point))
    return found


def _row(
    action: Action,
    register: Sequence[Action],
    series: Mapping[Series, list[Point]],
    siblings: Mapping[tuple[str, str], list[str]],
    smallest_effect: float,
) -> dict[str, Any]:
    dimension = action.dimension or ALL
    row: dict[str, Any] = {
        "action_code": action.code,
        "title_fr": action.title_fr,
        "title_en": action.title_en,
        "unit_code": action.unit,
        "stakeholder_code": action.stakeholder,
        "dimension_code": dimension,
        "starts_date": action.starts,
        "design": action.design,
    }
    mine = series.get((action.unit, action.stakeholder, dimension), [])
    earlier = [point for point in mine if point.end < action.starts]
    later = [point for point in mine if point.start >= action.starts]
    before, after = _last_shown(earlier), _last_shown(later)
    if not later:
        return row | _said(before, None) | {"verdict_code": TOO_EARLY, "status": UNDECIDED}
    missing = [points for points, shown in ((earlier, before), (later, after)) if shown is None]
    if any(point.status == PROTECTED for points in missing for point in points):
        return row | {"verdict_code": PROTECTED, "status": PROTECTED}
    row |= _said(before, after) | {"verdict_code": UNDECIDED, "status": UNDECIDED}
    own = _change(before, after)
    if before is None or after is None or own is None:
        return row
    moved, variance = own
    row |= {
        "change_value": moved.value,
        "change_ci_low": moved.low,
        "change_ci_high": moved.high,
        "status": PUBLISHED,
    }
    others = action.compared_with or _free(
        siblings.get((after.period, action.unit), []), action, register, before, after
    )
    compared = []
    for unit in others:
        points = {point.period: point for point in series.get((unit, action.stakeholder, dimension), [])}
        theirs = _change(points.get(before.period), points.get(after.period))
        if theirs is not None:
            compared.append((theirs[0].value, theirs[1]))
    row["compared_unit_count"] = len(compared)
    if len(compared) < FEWEST_COMPARED:
        return row
    changes, variances = zip(*compared, strict=True)
    found = effect(moved.value, variance, changes, variances)
    return row | {
        "compared_change_value": sum(changes) / len(changes),
        "effect_value": found.value,
        "effect_ci_low": found.low,
        "effect_ci_high": found.high,
        "verdict_code": verdict(found, smallest_effect),
    }


def _last_shown(points: Sequence[Point]) -> Point | None:
    return next((point for point in reversed(points) if point.status == PUBLISHED), None)


def _said(before: Point | None, after: Point | None) -> dict[str, Any]:
    return {
        "before_period_code": before.period if before else None,
        "before_value": before.value if before else None,
        "after_period_code": after.period if after else None,
        "after_value": after.value if after else None,
    }


def _change(before: Point | None, after: Point | None) -> tuple[Estimate, float] | None:
    """Change between two published points of one instrument, and its sampling variance."""
    if before is None or after is None or before.chart is None or before.chart != after.chart:
        return None
    if before.value is None or before.variance is None or before.df is None:
        return None
    if after.value is None or after.variance is None or after.df is None:
        return None
    moved = change(before.value, before.variance, before.df, after.value, after.variance, after.df)
    return moved, before.variance + after.variance


def _free(
    units: Sequence[str], action: Action, register: Sequence[Action], before: Point, after: Point
) -> list[str]:
    """Units without an action of their own on the same relation between the two measures."""
    busy = {
        other.unit
        for other in register
        if other.stakeholder == action.stakeholder
        and (other.dimension is None or action.dimension is None or other.dimension == action.dimension)
        and before.end < other.starts <= after.end
    }
    return [unit for unit in units if unit not in busy]
