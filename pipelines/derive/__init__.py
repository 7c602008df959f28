"""Derived KPIs: what the published rows say of each other. Pure: masked tables in, rows of the same table out.

They are computed after the mask, from what everybody may see: no figure of a protected group can enter one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from itertools import groupby

import polars as pl

from pipelines.declared.models import Kpi
from pipelines.derive.attention import concentration
from pipelines.derive.channels import better_together
from pipelines.derive.correlation import rank_correlation
from pipelines.derive.crisis import crisis_share
from pipelines.derive.early import early_warning
from pipelines.derive.facts import ALL, KEY, PROTECTED, PUBLISHED, UNDECIDED, Facts
from pipelines.derive.gestures import gesture_gap
from pipelines.derive.links import link
from pipelines.derive.pushed import sibling_excess
from pipelines.derive.ranking import ranked
from pipelines.derive.reciprocity import reciprocity
from pipelines.derive.registers import register_share, relational_weight
from pipelines.derive.significance import tested
from pipelines.derive.symmetry import concordance, mirrored_gap, york_slope
from pipelines.derive.weights import design_effect, post_stratified

__all__ = [
    "ALL",
    "DERIVATIONS",
    "KEY",
    "PROTECTED",
    "PUBLISHED",
    "UNDECIDED",
    "Facts",
    "derived",
    "is_derived",
]

Derivation = Callable[[Facts, str, Kpi], pl.DataFrame]

# In this order: a link rests on derived figures too, so it comes last.
DERIVATIONS: Mapping[str, Derivation] = {
    "mirrored_gap": mirrored_gap,
    "york_slope": york_slope,
    "concordance": concordance,
    "reciprocity": reciprocity,
    "gesture_gap": gesture_gap,
    "better_together": better_together,
    "sibling_excess": sibling_excess,
    "concentration": concentration,
    "crisis_share": crisis_share,
    "early_warning": early_warning,
    "rank_correlation": rank_correlation,
    "register_share": register_share,
    "relational_weight": relational_weight,
    "post_stratified": post_stratified,
    "design_effect": design_effect,
    "link": link,
}


def derived(facts: Facts) -> pl.DataFrame:
    """`facts.values` with changes judged together, a ranking value, and the rows of every derived KPI below.

    Whatever derived rows `facts.values` already holds are made again: the same masked rows give the same table.
    """
    framework = facts.framework
    # in the order of the key: sums must not depend on the order rows came in
    base = facts.values.filter(~is_derived(facts)).sort(KEY)
    ranges = {code: kpi.range for code, kpi in framework.kpis.items() if kpi.range}
    base = ranked(tested(base, framework.smallest_effect, ranges), facts.tree, framework)
    known = replace(facts, values=base)
    order = list(DERIVATIONS)
    kpis = sorted(
        ((code, kpi) for code, kpi in framework.kpis.items() if kpi.is_derived),
        key=lambda entry: order.index(entry[1].method),
    )
    for method, entries in groupby(kpis, key=lambda entry: entry[1].method):
        made = [DERIVATIONS[method](known, code, kpi) for code, kpi in entries]
        known = replace(known, values=pl.concat([known.values, *made]))
    return known.values


def is_derived(facts: Facts) -> pl.Expr:
    """Whether a row of fct_kpi_values is of a derived KPI."""
    codes = [code for code, kpi in facts.framework.kpis.items() if kpi.is_derived]
    return pl.col("kpi_code").is_in(codes)
