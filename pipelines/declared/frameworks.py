"""What framework.yml says of itself, and what items and segments of a source say of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from pipelines.declared.base import RESERVED
from pipelines.declared.lines import Located, Problem, shipped
from pipelines.declared.models import Framework, Kpi
from pipelines.declared.sources import Item, Source

# The mask and the contract know these by their code: another code would be shown without its protection.
_ONE_CODE = {
    "pomp_mean": "dimension_score",
    "weighted_index": "rqi",
    "mirrored_index": "mirrored_index",
    "index_coverage": "rqi_coverage",
    "respondent_count": "respondents",
    "response_rate": "participation",
    "group_coverage": "coverage",
    "group_balance": "balance",
}


_KEPT = {
    "respondents": "the privacy mask counts with it",
    "dimension_score": "every index and gap is made of it",
}


def check_framework(framework: Framework, at: Located) -> list[Problem]:
    """Every name that framework.yml uses and does not declare.

    A home that removes a dimension or a stakeholder does without the shipped KPIs, relations and links that rest on
    it: only what the home itself wrote is refused.
    """
    return [
        *_groups(framework, at),
        *_relations(framework, at),
        *_methods(framework, at),
        *(problem for code, kpi in framework.kpis.items() for problem in _names(code, kpi, framework, at)),
    ]


def _is_own(at: Located, section: str, code: str) -> bool:
    """Whether the home's own file writes this entry."""
    return code in (at.value.get(section) or {})


def _groups(framework: Framework, at: Located) -> Iterator[Problem]:
    for code, dimension in framework.dimensions.items():
        for group in dimension.asked_of:
            if group not in framework.stakeholders and _is_own(at, "dimensions", code):
                said = f"stakeholder '{group}' is not declared under stakeholders:"
                yield at.problem(["dimensions", code, "asked_of"], said)
    for code, stakeholder in framework.stakeholders.items():
        where = ["stakeholders", code]
        if stakeholder.headline not in framework.kpis:
            yield at.problem([*where, "headline"], f"headline '{stakeholder.headline}' is not a KPI")
        if stakeholder.about and stakeholder.about not in framework.stakeholders:
            said = f"'{stakeholder.about}' is not declared under stakeholders:"
            yield at.problem([*where, "about"], said)
    for kind in ("stakeholders", "dimensions", "segments", "kpis", "relations"):
        for code in sorted(RESERVED & set(getattr(framework, kind))):
            yield at.problem([kind, code], f"'{code}' is a reserved word; use another code")
    for group, segment in framework.segments.items():
        for code in (group, *segment.values):
            if "__" in code:
                yield at.problem(
                    ["segments", group], f"'{code}' may not hold __: it parts a segment from its groups"
                )
    # one column of dim_dimensions names them all, and a dimension's scores stand beside those of KPIs
    kinds: dict[str, Iterable[str]] = {
        "dimensions": framework.dimensions,
        "values": framework.values,
        "links": framework.links,
        "kpis": framework.kpis,
    }
    seen: dict[str, str] = {}
    for kind, codes in kinds.items():
        for code in codes:
            if code.startswith("about_") and kind in {"dimensions", "values", "links"}:
                yield at.problem(
                    [kind, code], f"'{code}' begins as the themes of comments do; use another code"
                )
            if seen.setdefault(code, kind) != kind:
                yield at.problem([kind, code], f"'{code}' already stands under {seen[code]}:; rename one")


def _relations(framework: Framework, at: Located) -> Iterator[Problem]:
    mirrored: dict[tuple[str, str], str] = {}
    for code, dimension in framework.dimensions.items():
        for group in dimension.asked_of:
            first = mirrored.setdefault((dimension.mirror_id or code, group), code)
            if first != code:
                said = (
                    f"mirror_id '{dimension.mirror_id}' of {group} is already '{first}'; a side has one of it"
                )
                yield at.problem(["dimensions", code, "mirror_id"], said)
    known = ", ".join(framework.stakeholders)
    pairs: dict[tuple[str, str], str] = {}
    for code, relation in framework.relations.items():
        for side in relation.sides:
            if side not in framework.stakeholders and _is_own(at, "relations", code):
                said = (
                    f"side '{side}' is not a stakeholder; it has {known}. Write `{code}: null` to do without"
                )
                yield at.problem(["relations", code, "sides"], said)
        one, other = sorted(relation.sides)
        if same := pairs.get((one, other)):
            yield at.problem(["relations", code], f"the same sides already make relation '{same}'")
        pairs[one, other] = code
    for code, link in framework.links.items():
        if not _is_own(at, "links", code):
            continue
        if link.kpi not in framework.kpis:
            yield at.problem(["links", code, "kpi"], f"'{link.kpi}' is not a KPI")
        if link.stakeholder not in framework.stakeholders:
            yield at.problem(
                ["links", code, "stakeholder"], f"'{link.stakeholder}' is not a stakeholder; it has {known}"
            )


def _names(code: str, kpi: Kpi, framework: Framework, at: Located) -> Iterator[Problem]:
    where = ["kpis", code]
    if kpi.outcome and kpi.outcome not in framework.outcomes:
        said = f"outcome '{kpi.outcome}' is not declared under outcomes:"
        yield at.problem([*where, "outcome"], said)
    sides = [side for side in (kpi.x, kpi.y) if side]
    for part in (kpi.numerator, kpi.denominator):
        if part and part not in framework.kpis:
            yield at.problem(where, f"'{part}' is not a KPI")
    if not _is_own(at, "kpis", code):
        return
    for part in (kpi.of, *(side.kpi for side in sides)):
        if part and part not in framework.kpis:
            yield at.problem(where, f"'{part}' is not a KPI")
    for side in sides:
        if side.stakeholder not in framework.stakeholders:
            yield at.problem(where, f"stakeholder '{side.stakeholder}' is not declared under stakeholders:")
    if kpi.dimension and kpi.dimension not in framework.dimensions:
        yield at.problem([*where, "dimension"], f"dimension '{kpi.dimension}' is not in the framework")
    segment = framework.segments.get(kpi.segment or "")
    for value in (kpi.together, *kpi.alone):
        if segment and value and value not in segment.values:
            said = f"'{value}' is not a value of segment '{kpi.segment}'; it has {', '.join(segment.values)}"
            yield at.problem(where, said)


def _methods(framework: Framework, at: Located) -> Iterator[Problem]:
    for code, kpi in framework.kpis.items():
        only = _ONE_CODE.get(kpi.method, code)
        if only != code:
            said = f"method {kpi.method} is published under the code '{only}'; change that KPI instead"
            yield at.problem(["kpis", code, "method"], said)
    for code, why in _KEPT.items():
        if code not in framework.kpis:
            yield at.problem(["kpis", code], f"'{code}' cannot be removed: {why}")


def check_items(source: Source, at: Located, framework: Framework) -> list[Problem]:
    """Values known, each facet asked once; scales that the KPIs of an outcome can be computed on."""
    problems = []
    facets: dict[tuple[str, str], str] = {}
    for index, item in enumerate(source.items):
        if item.value and item.value not in framework.values:
            known = ", ".join(framework.values) or "none yet"
            said = f"value '{item.value}' is not under values: of the framework; it has {known}"
            problems.append(at.problem(["items", index, "value"], said))
        if item.value and item.facet:
            first = facets.setdefault((item.value, item.facet), item.code)
            if first != item.code:
                said = f"value '{item.value}' is asked as {item.facet} by '{first}' too; keep one"
                problems.append(at.problem(["items", index], said))
        for code, kpi in framework.kpis.items():
            if item.outcome and kpi.outcome == item.outcome and (counted := _counted(kpi, item)):
                said = (
                    f"item '{item.code}' goes from {item.min:g} to {item.max:g}; KPI '{code}' counts {counted}:"
                    " the scales do not match. Use another outcome, or override the KPI in framework.yml"
                )
                problems.append(at.problem(["items", index], said))
    return problems


def _counted(kpi: Kpi, item: Item) -> str | None:
    """What the KPI counts, where the item's scale has no such answer."""
    if kpi.method == "net_promoter" and (item.max < kpi.promoters_from or item.min > kpi.detractors_to):
        return f"answers from {kpi.promoters_from:g} against answers up to {kpi.detractors_to:g}"
    low, high = kpi.from_value, kpi.to_value
    if low is not None and high is not None and (item.max < low or item.min > high):
        return f"answers from {low:g} to {high:g}"
    return None


def check_asked(framework: Framework, at: Located, sources: Mapping[str, Source]) -> Iterator[Problem]:
    """A dimension of the home's own that nothing measures would stay empty for good, and weigh on every coverage."""
    shipped_ones = shipped("framework")["dimensions"]
    measured = {item.dimension for source in sources.values() for item in source.items}
    for source in sources.values():
        measured |= {measure.dimension for measure in source.measures} | {
            fact.dimension for fact in source.facts
        }
    for code, dimension in framework.dimensions.items():
        asked = [
            group for group in dimension.asked_of if any(s.stakeholder == group for s in sources.values())
        ]
        if asked and code not in measured and code not in shipped_ones and _is_own(at, "dimensions", code):
            said = f"dimension '{code}' is asked of {', '.join(asked)} and no item measures it; add `dimension: {code}`"
            yield at.problem(["dimensions", code], f"{said} to an item, or write `{code}: null`")


def check_segments(source: Source, at: Located, framework: Framework) -> list[Problem]:
    """Where the framework declares cuts, a misspelt one would be no cut at all, in silence."""
    return [
        at.problem(
            ["segments", code],
            f"segment '{code}' is not under segments: of the framework; it has {', '.join(framework.segments)}",
        )
        for code in source.segments
        if framework.segments and code not in framework.segments
    ]
