"""What framework.yml says, as rows of schema `declared`: groups, dimensions, KPIs, cuts, relations."""

from __future__ import annotations

from collections.abc import Iterator

from pipelines.declared.base import Label
from pipelines.declared.home import Home
from pipelines.verbatims import themes

Row = tuple[object, ...]


def _both(text: Label | str | None) -> tuple[str | None, str | None]:
    """French and English; words written once serve both."""
    if text is None:
        return None, None
    return (text, text) if isinstance(text, str) else (text.fr, text.en)


def surveyed(home: Home) -> list[str]:
    """Stakeholders with at least one source, in the framework's order."""
    measured = {source.stakeholder for source in home.sources.values()}
    return [code for code in home.framework.stakeholders if code in measured]


def _groups_and_kpis(home: Home) -> Iterator[tuple[str, Row]]:
    framework = home.framework
    for order, code in enumerate(surveyed(home)):
        group = framework.stakeholders[code]
        yield (
            "stakeholders",
            (code, group.fr, group.en, home.privacy.k(code), group.headline, group.about, order),
        )
    for order, (code, dimension) in enumerate(framework.dimensions.items()):
        told = dimension.definition
        yield (
            "dimensions",
            (
                code,
                dimension.fr,
                dimension.en,
                told.fr if told else dimension.fr,
                told.en if told else dimension.en,
                dimension.weight,
                dimension.mirror_id,
                order,
            ),
        )
        for group_code in dimension.asked_of:
            yield "dimension_stakeholders", (code, group_code)
    for order, (code, kpi) in enumerate(framework.kpis.items()):
        low, high = kpi.range or (None, None)
        yield (
            "kpis",
            (
                code,
                kpi.method,
                kpi.outcome,
                kpi.fr,
                kpi.en,
                kpi.definition.fr,
                kpi.definition.en,
                *_both(kpi.formula),
                kpi.unit,
                low,
                high,
                kpi.target,
                kpi.from_value,
                kpi.to_value,
                kpi.promoters_from,
                kpi.detractors_to,
                kpi.better,
                "finance" if kpi.method.startswith("ledger_") else "relation",
                kpi.numerator,
                kpi.denominator,
                *_both(kpi.needs),
                *_both(kpi.idea),
                kpi.is_derived,
                order,
            ),
        )
        for group_code, name in kpi.names.items():
            yield "kpi_labels", (code, group_code, name, name)
        for points, best in kpi.top.items():
            yield "top_boxes", (code, points, len(best))
        for name, level in kpi.thresholds.items():
            yield "kpi_thresholds", (code, name, level)
        if kpi.method == "early_warning":
            yield "kpi_thresholds", (code, "false_alarm_rate", kpi.false_alarm_rate)
    for code, outcome in framework.outcomes.items():
        yield "outcomes", (code, outcome.fr, outcome.en)


def framed(home: Home) -> Iterator[tuple[str, Row]]:
    """(table, row) of everything the framework declares."""
    yield from _groups_and_kpis(home)
    yield from _aspects(home)
    yield from _segments(home)
    yield from _relations(home)


def _aspects(home: Home) -> Iterator[tuple[str, Row]]:
    """What stands in the place of a dimension without being one: values, themes of comments, links."""
    framework = home.framework
    order = len(framework.dimensions)
    for code, value in framework.values.items():
        yield "aspects", (code, "value", value.fr, value.en, *_both(value.definition), order)
        order += 1
    for code, (fr, en) in themes(home.verbatims.additions()).items():
        yield "aspects", (code, "theme", fr, en, None, None, order)
        order += 1
    for code, link in framework.links.items():
        yield "aspects", (code, "link", link.fr, link.en, None, None, order)
        order += 1


def _segments(home: Home) -> Iterator[tuple[str, Row]]:
    yield "segments", ("all", "all", "Ensemble", "Everyone", 0)
    order = 1
    for group, segment in home.framework.segments.items():
        for code, value in segment.values.items():
            full = f"{group}__{code}"
            yield "segments", (full, group, f"{segment.fr} : {value.fr}", f"{segment.en}: {value.en}", order)
            for text in value.texts or [code]:
                yield "segment_texts", (group, text, full)
            order += 1
        said = (f"{segment.fr} : non précisé", f"{segment.en}: not given")
        yield "segments", (f"{group}__other", group, *said, order)
        order += 1


def _relations(home: Home) -> Iterator[tuple[str, Row]]:
    """Relations whose two sides are measured, and the dimensions their sides share."""
    measured = set(surveyed(home))
    order = 0
    for code, relation in home.framework.relations.items():
        if not set(relation.sides) <= measured:
            continue
        yield "relations", (code, relation.kind, *relation.sides, relation.fr, relation.en, order)
        order += 1
        for one, other in (relation.sides, relation.sides[::-1]):
            for dimension, mirrored, parallel in mirrored_dimensions(home, one, other):
                yield "mirror_dimensions", (code, one, other, dimension, mirrored, parallel)


def mirrored_dimensions(home: Home, one: str, other: str) -> Iterator[tuple[str, str, bool]]:
    """(dimension of `one`, dimension of `other`, whether every item of both is parallel), both asked of their side.

    Gaps are given between items declared parallel in wording only; the rest are two profiles side by side.
    """
    mine, theirs = _asked(home, one), _asked(home, other)
    mirrors = {code: dimension.mirror_id or code for code, dimension in home.framework.dimensions.items()}
    for dimension, parallel in mine.items():
        for mirrored, also in theirs.items():
            if mirrors[dimension] == mirrors[mirrored]:
                yield dimension, mirrored, parallel and also


def _asked(home: Home, stakeholder: str) -> dict[str, bool]:
    """Dimensions the surveys of a stakeholder ask about, and whether all of their items are parallel."""
    found: dict[str, bool] = {}
    for source in home.sources.values():
        for item in source.items if source.stakeholder == stakeholder else []:
            if item.dimension:
                found[item.dimension] = found.get(item.dimension, True) and item.parallel
    return found
