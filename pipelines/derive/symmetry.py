"""The symmetry of a relation: what its two sides say on the dimensions they mirror, in a unit and across units."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.special import chdtri

from pipelines.declared.models import Kpi, Relation
from pipelines.derive.facts import ALL, PROTECTED, PUBLISHED, UNDECIDED, Facts
from pipelines.derive.significance import errors
from pipelines.stats.symmetry import EQUIVALENT, FIRST_HIGHER, SECOND_HIGHER, gap, varies, verdict
from pipelines.stats.symmetry import concordance as concordance_of
from pipelines.stats.symmetry import york as york_of

ONE_SIDE = "one_side_only"
VERDICTS = {EQUIVALENT: "symmetric", SECOND_HIGHER: "counterparty_higher", FIRST_HIGHER: "stakeholder_higher"}
FIGURES = ("value", "n", "ci_low", "ci_high", "status", "centre", "variance", "df")
FEWEST = 3  # units, for anything said across units
LEAST_SPREAD = (
    3.0  # of Cochran's Q over its degrees of freedom: below it a slope cannot be told from its errors
)


def codes_of(facts: Facts, *methods: str) -> list[str]:
    """KPIs made by one of these methods."""
    return [code for code, kpi in facts.framework.kpis.items() if kpi.method in methods]


def paired(facts: Facts, first: pl.DataFrame, second: pl.DataFrame, on: Iterable[str] = ()) -> pl.DataFrame:
    """Two sides brought together: a row per unit, `on` and period in which at least one of them was measured.

    Each side has its latest row of the twelve months that end with the period, whatever its status: `first_value`,
    `second_status` …, null where there is none. `first` and `second` have one row per key, as `errors` gives them.
    """
    keys = ["unit_code", *on]
    of_first = first.select(*keys, "period_code", first_at=pl.int_range(pl.len()))
    of_second = second.select(*keys, "period_code", second_at=pl.int_range(pl.len()))
    calendar = facts.periods.select("period_code", "start_date", "end_date")
    both = of_first.join(of_second, on=[*keys, "period_code"], how="full", coalesce=True).join(
        calendar, on="period_code"
    )
    if both["first_at"].null_count() + both["second_at"].null_count():
        year_before = pl.col("end_date").dt.offset_by("-12mo")
        both = both.sort(*keys, "end_date").with_columns(
            _latest(f"{side}_at", keys, year_before) for side in ("first", "second")
        )
    sides = [
        rows.select(pl.col(FIGURES).gather(both[f"{side}_at"]).name.prefix(f"{side}_"))
        for side, rows in (("first", first), ("second", second))
    ]
    return pl.concat([both.select(*keys, "period_code"), *sides], how="horizontal")


def _latest(at: str, keys: list[str], year_before: pl.Expr) -> pl.Expr:
    """The row measured last, at most twelve months ago. Rows lie by key and time; none of another key is fresh."""
    measured = pl.when(pl.col(at).is_not_null()).then(pl.col("start_date"))
    fresh = measured.forward_fill().over(keys) > year_before
    return pl.when(fresh).then(pl.col(at).forward_fill()).alias(at)


def gaps(facts: Facts, code: str, relation: Relation) -> pl.DataFrame:
    """Second side less first, per unit, period and dimension of one declared relation, and on the whole (`all`).

    Columns of fct_kpi_values that a gap has, with its standard error (`se`) and degrees of freedom (`df`). On the whole
    the two mirrored indices are compared; where one of them is not there, the dimensions tell why.
    """
    first, second = relation.sides
    parallel = pl.DataFrame(
        [(one, other) for of, one, other in sorted(facts.parallel) if of == code],
        schema={"dimension_code": pl.String, "other_code": pl.String},
        orient="row",
    )
    scores = errors(facts.values.filter(_plain(codes_of(facts, "pomp_mean"))), facts.framework)
    theirs = scores.filter(pl.col("stakeholder_code") == second).rename({"dimension_code": "other_code"})
    dimensions = paired(
        facts,
        scores.filter(pl.col("stakeholder_code") == first).join(parallel, on="dimension_code", how="semi"),
        theirs.join(parallel, on="other_code"),
        on=("dimension_code",),
    )
    compared = _compared(facts, dimensions)
    whole = _compared(facts, mirrored(facts, relation).with_columns(dimension_code=pl.lit(ALL)))
    whole = whole.filter(pl.col("verdict_code").ne_missing(ONE_SIDE))
    rest = compared.join(whole, on=["unit_code", "period_code"], how="anti")
    status = pl.col("status")
    some = rest.group_by("unit_code", "period_code", maintain_order=True).agg(
        dimension_code=pl.lit(ALL),
        status=pl.when((status == PROTECTED).any()).then(pl.lit(PROTECTED)).otherwise(pl.lit(UNDECIDED)),
        n=pl.col("n").max(),
        verdict_code=pl.when((pl.col("verdict_code") == ONE_SIDE).all())
        .then(pl.lit(ONE_SIDE))
        .otherwise(pl.lit("undecided")),
    )
    return pl.concat([compared, whole, some], how="diagonal").with_columns(
        stakeholder_code=pl.lit(first), counterparty_code=pl.lit(second)
    )


def mirrored(facts: Facts, relation: Relation) -> pl.DataFrame:
    """Both sides' index on what they mirror, brought together."""
    first, second = relation.sides
    rows = facts.values.filter(
        pl.col("kpi_code").is_in(codes_of(facts, "mirrored_index")) & (pl.col("segment_code") == ALL)
    )
    indices = errors(rows, facts.framework)
    side, other = pl.col("stakeholder_code"), pl.col("counterparty_code")
    return paired(
        facts,
        indices.filter((side == first) & (other == second)),
        indices.filter((side == second) & (other == first)),
    )


def _plain(codes: list[str]) -> pl.Expr:
    """Rows of these KPIs for everyone, towards nobody."""
    return (
        pl.col("kpi_code").is_in(codes)
        & (pl.col("segment_code") == ALL)
        & (pl.col("counterparty_code") == ALL)
    )


def _compared(facts: Facts, sides: pl.DataFrame) -> pl.DataFrame:
    """Gap, interval, status and verdict of each pair."""
    arrays = (
        sides[f"{side}_{name}"] for side in ("first", "second") for name in ("centre", "variance", "df")
    )
    x, var_x, df_x, y, var_y, df_y = (array.cast(pl.Float64).to_numpy() for array in arrays)
    found = gap(x, np.sqrt(var_x), df_x, y, np.sqrt(var_y), df_y)
    told = pl.Series(verdict(found, facts.framework.smallest_effect)).replace(VERDICTS)
    first, second = pl.col("first_status"), pl.col("second_status")
    hidden = (first == PROTECTED).fill_null(False) | (second == PROTECTED).fill_null(False)
    known = {"value": found.value, "ci_low": found.low, "ci_high": found.high, "se": found.se, "df": found.df}
    figures = [pl.Series(name, array).fill_nan(None) for name, array in known.items()]
    shown = pl.col("status") == PUBLISHED
    return (
        sides.with_columns(
            *figures,
            n=pl.sum_horizontal("first_n", "second_n"),
            one_side=first.is_null() | second.is_null(),
            told=told,
        )
        .with_columns(
            status=pl.when(hidden)
            .then(pl.lit(PROTECTED))
            .when((first == PUBLISHED) & (second == PUBLISHED) & pl.col("ci_low").is_not_null())
            .then(pl.lit(PUBLISHED))
            .otherwise(pl.lit(UNDECIDED))
        )
        .select(
            "unit_code",
            "period_code",
            "dimension_code",
            "status",
            pl.when(~hidden).then(pl.col("n")),
            *(pl.when(shown).then(pl.col(name)) for name in known),
            method=pl.when(shown).then(pl.lit("welch")),
            verdict_code=pl.when(shown)
            .then(pl.col("told"))
            .when(~hidden & pl.col("one_side"))
            .then(pl.lit(ONE_SIDE))
            .when(~hidden)
            .then(pl.lit("undecided")),
        )
    )


def mirrored_gap(facts: Facts, code: str, kpi: Kpi) -> pl.DataFrame:
    """Gap between the two sides of every relation of the KPI's kind, second less first, dimension by dimension.

    Verdict: `symmetric` (90 % interval inside ± the smallest effect), `counterparty_higher`, `stakeholder_higher` (95 %
    interval on one side of 0), `undecided`, `one_side_only` (the other was not asked in twelve months).
    """
    relations = _of_kind(facts, kpi)
    rows = [gaps(facts, name, relation) for name, relation in relations.items()]
    return facts.made(pl.concat(rows).with_columns(kpi_code=pl.lit(code)) if rows else [])


def york_slope(facts: Facts, code: str, kpi: Kpi) -> pl.DataFrame:
    """By how much the second side rises with the first, over the leaf units shown under a unit (3 or more).

    York's line with each unit's own errors. Verdict: `one_for_one` (the interval holds 1 and not 0),
    `more_than_one_for_one`, `less_than_one_for_one` (1 left out), `undecided` (it holds both). Not enough data where
    the first side hardly differs between units: there is nothing to rise with.
    """
    made = []
    for relation in _of_kind(facts, kpi).values():
        points, groups = across(facts, mirrored(facts, relation))
        arrays = [
            points[name].to_numpy()
            for name in ("first_centre", "first_variance", "second_centre", "second_variance")
        ]
        x, se_x, y, se_y = arrays[0], np.sqrt(arrays[1]), arrays[2], np.sqrt(arrays[3])
        place = points["place"].to_numpy()
        line = york_of(x, se_x, y, se_y, place, scattered=True)
        df = line.n - 1
        apart = varies(x, se_x, place) > np.maximum(LEAST_SPREAD, chdtri(df, 0.05) / df)
        told = np.select(
            [line.low > 1, line.high < 1, line.low > 0],
            ["more_than_one_for_one", "less_than_one_for_one", "one_for_one"],
            "undecided",
        )
        bounded = apart & np.isfinite(line.low) & np.isfinite(line.high)
        figures = {"value": line.slope, "ci_low": line.low, "ci_high": line.high, "verdict_code": told}
        made.append(said(groups, figures, bounded, "york", relation.sides))
    return facts.made(pl.concat(made, how="diagonal").with_columns(kpi_code=pl.lit(code)) if made else [])


def concordance(facts: Facts, code: str, kpi: Kpi) -> pl.DataFrame:
    """Lin's agreement of the two sides over the leaf units shown under a unit (3 or more)."""
    made = []
    for relation in _of_kind(facts, kpi).values():
        points, groups = across(facts, mirrored(facts, relation))
        x, y, place = (points[name].to_numpy() for name in ("first_value", "second_value", "place"))
        agreed = concordance_of(x, y, place)
        figures = {"value": agreed.value, "ci_low": agreed.low, "ci_high": agreed.high}
        made.append(said(groups, figures, np.isfinite(agreed.low), "lin", relation.sides))
    return facts.made(pl.concat(made, how="diagonal").with_columns(kpi_code=pl.lit(code)) if made else [])


def _of_kind(facts: Facts, kpi: Kpi) -> dict[str, Relation]:
    """Relations of the KPI's kind; a KPI that declares none is about symmetry."""
    return {
        code: relation
        for code, relation in facts.framework.relations.items()
        if relation.kind == (kpi.kind or "symmetry")
    }


def across(facts: Facts, pairs: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """(points, groups): leaf units whose two sides are shown, by unit above them and period.

    `groups`: unit_code, period_code, n (units shown) and, from 3 on, `place`, which numbers them in `points`. A group
    is there when both sides were measured in at least one unit under it, shown or not.
    """
    measured = pairs.filter(pl.col("first_status").is_not_null() & pl.col("second_status").is_not_null())
    above = facts.tree.filter(pl.col("is_leaf") & (pl.col("depth") > 0))
    under = measured.join(above, on=["unit_code", "period_code"])
    shown = (pl.col("first_status") == PUBLISHED) & (pl.col("second_status") == PUBLISHED)
    shown &= pl.col("first_value").is_not_null() & pl.col("second_value").is_not_null()
    groups = (
        under.group_by(pl.col("ancestor_code").alias("unit_code"), "period_code")
        .agg(n=shown.sum())
        .sort("unit_code", "period_code")
    )
    enough = groups.filter(pl.col("n") >= FEWEST).with_row_index("place")
    places = enough.select("place", "period_code", ancestor_code="unit_code")
    points = under.filter(shown).join(places, on=["ancestor_code", "period_code"]).sort("place", "unit_code")
    return points, groups.join(
        enough.drop("n"), on=["unit_code", "period_code"], how="left", maintain_order="left"
    )


def said(
    groups: pl.DataFrame,
    figures: Mapping[str, NDArray[Any]],
    decided: NDArray[np.bool_],
    method: str,
    sides: tuple[str, str],
) -> pl.DataFrame:
    """Rows of `groups` with their figures where they are decided, n alone where they are not."""
    found = pl.DataFrame(figures).with_row_index("place").filter(pl.Series(decided))
    status = pl.when(pl.col("value").is_null()).then(pl.lit(UNDECIDED)).otherwise(pl.lit(PUBLISHED))
    return groups.join(found, on="place", how="left", maintain_order="left").with_columns(
        status=status,
        method=pl.when(pl.col("value").is_not_null()).then(pl.lit(method)),
        stakeholder_code=pl.lit(sides[0]),
        counterparty_code=pl.lit(sides[1]),
    )
