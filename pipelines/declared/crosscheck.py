"""What no single declaration can tell: references between files of a home."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pipelines.declared.expressions import ExpressionError, resolve
from pipelines.declared.frameworks import check_asked, check_framework, check_items, check_segments
from pipelines.declared.lines import Located, Problem, shipped
from pipelines.declared.models import Finance, Framework, Privacy
from pipelines.declared.sources import Choice, Fact, Item, Measure, Source

LOWEST_THRESHOLD, EXPLAINED_THRESHOLD = 5, 10


def cross_check(
    framework: Framework,
    framework_at: Located,
    finance: Finance,
    finance_at: Located,
    privacy: Privacy,
    privacy_at: Located,
    units: set[str],
    aliases: Mapping[str, Mapping[str, str]],
    sources: Mapping[str, Source],
    places: Mapping[str, Located],
) -> list[Problem]:
    """Every broken reference, each with its file and line."""
    problems = [
        *check_framework(framework, framework_at),
        *check_asked(framework, framework_at, sources),
        *_privacy(framework, privacy, privacy_at, sources),
    ]
    problems += _finance(finance, finance_at, units, aliases)
    for code, source in sources.items():
        problems += _source(code, source, places[code], framework, units, aliases)
    problems += _figures(framework, sources, places)
    return problems


def _privacy(
    framework: Framework, privacy: Privacy, at: Located, sources: Mapping[str, Source]
) -> list[Problem]:
    problems = []
    people = {
        source.stakeholder for source in sources.values() if source.stakeholder and source.subject == "person"
    }
    for group, k in privacy.threshold.items():
        path = ["threshold", group]
        if group not in framework.stakeholders:
            problems.append(
                at.problem(
                    path, f"stakeholder '{group}' is not declared; it has {', '.join(framework.stakeholders)}"
                )
            )
        elif group in people and k < LOWEST_THRESHOLD:
            problems.append(
                at.problem(
                    path,
                    f"a threshold of {k} is refused: {LOWEST_THRESHOLD} people is the lowest that protects anybody",
                )
            )
        elif group in people and k < EXPLAINED_THRESHOLD and not privacy.reason:
            problems.append(
                at.problem(
                    path,
                    f"a threshold of {k}, below {EXPLAINED_THRESHOLD}, needs `reason:` beside it, for the record",
                )
            )
    return problems


def _finance(
    finance: Finance, at: Located, units: set[str], aliases: Mapping[str, Mapping[str, str]]
) -> list[Problem]:
    problems = []
    seen: dict[int, int] = {}
    for index, chart in enumerate(finance.charts):
        for year in chart.fiscal_years:
            if year in seen:
                problems.append(
                    at.problem(["charts", index, "fiscal_years"], f"fiscal year {year} stands in two charts")
                )
            seen[year] = index
        expressions = {**shipped("finance")["kpis"], **chart.kpis}
        for kpi in expressions:
            try:
                resolve(kpi, expressions)
            except ExpressionError as error:
                problems.append(at.problem(["charts", index, "kpis", kpi], f"kpi '{kpi}': {error}"))
    for index, rule in enumerate(finance.to_unit):
        if rule.unit and rule.unit not in units:
            problems.append(at.problem(["to_unit", index], f"unit '{rule.unit}' is not in units.csv"))
        if rule.aux_map and rule.aux_map not in aliases:
            problems.append(
                at.problem(
                    ["to_unit", index],
                    f"aux_map '{rule.aux_map}' has no line in unit_aliases.csv (source column)",
                )
            )
    if finance.root and finance.root not in units:
        problems.append(at.problem(["root"], f"unit '{finance.root}' is not in units.csv"))
    return problems


def _entries(source: Source) -> list[tuple[str, Sequence[Item | Measure | Fact | Choice]]]:
    return [
        ("items", source.items),
        ("measures", source.measures),
        ("facts", source.facts),
        ("choices", source.choices),
    ]


def _columns(entry: Item | Measure | Fact | Choice) -> tuple[str, ...]:
    """Columns that feed this entry alone; a day promised may be compared with several actual days."""
    if isinstance(entry, Fact):
        return (entry.column,) if entry.column else ()
    return (entry.column, *entry.aliases)


def _source(
    code: str,
    source: Source,
    at: Located,
    framework: Framework,
    units: set[str],
    aliases: Mapping[str, Mapping[str, str]],
) -> list[Problem]:
    problems = []
    if source.stakeholder and source.stakeholder not in framework.stakeholders:
        known = ", ".join(framework.stakeholders)
        problems.append(
            at.problem(["stakeholder"], f"stakeholder '{source.stakeholder}' is not declared; it has {known}")
        )
    if source.unit and source.unit not in units:
        problems.append(at.problem(["unit"], f"unit '{source.unit}' is not in units.csv"))
    if source.keys.unit and not aliases.get(code) and source.kind != "ledger":
        problems.append(
            at.problem(
                ["keys", "unit"],
                f"unit_aliases.csv has no line for source '{code}'; add `{code},<text in the file>,<unit_code>`",
            )
        )
    problems += _questions(source, at, framework)
    problems += _outcomes(source, at, framework)
    problems += check_items(source, at, framework)
    problems += check_segments(source, at, framework)
    for index, measure in enumerate(source.measures):
        if measure.n or source.keys.n:
            continue
        if measure.roll_up == "weighted_by_n":
            said = "roll_up weighted_by_n needs `keys: {n: <column>}`, or `n:` of its own"
            problems.append(at.problem(["measures", index, "roll_up"], said))
        if measure.scale == "count":
            said = "scale count needs `keys: {n: <column>}`, or `n:` of its own: what it is counted among"
            problems.append(at.problem(["measures", index, "scale"], said))
    problems += _waves(source, at)
    problems += _changed(source, at)
    return problems


def _questions(source: Source, at: Located, framework: Framework) -> list[Problem]:
    """Each code and each column once, each dimension known."""
    problems = []
    known_dimensions = ", ".join(framework.dimensions)
    columns: dict[str, str] = {}
    codes: set[str] = set()
    for group, entries in _entries(source):
        for index, entry in enumerate(entries):
            where = [group, index]
            if entry.code in codes:
                problems.append(at.problem(where, f"'{entry.code}' is declared twice"))
            codes.add(entry.code)
            for column in _columns(entry):
                if columns.setdefault(column, entry.code) != entry.code:
                    problems.append(
                        at.problem(
                            where,
                            f"column '{column}' feeds both '{columns[column]}' and '{entry.code}'; keep one",
                        )
                    )
            dimension = None if isinstance(entry, Choice) else entry.dimension
            if dimension and dimension not in framework.dimensions:
                problems.append(
                    at.problem(
                        [*where, "dimension"],
                        f"dimension '{dimension}' is not in the framework; it has {known_dimensions}",
                    )
                )
    return problems


def _outcomes(source: Source, at: Located, framework: Framework) -> list[Problem]:
    """Each outcome known, and asked by one item."""
    problems = []
    for index, item in enumerate(source.items):
        if item.outcome and item.outcome not in framework.outcomes:
            problems.append(
                at.problem(
                    ["items", index, "outcome"],
                    f"outcome '{item.outcome}' is not in the framework; it has {', '.join(framework.outcomes)}",
                )
            )
    asked = [item.outcome for item in source.items if item.outcome]
    for index, item in enumerate(source.items):
        if item.outcome and asked.count(item.outcome) > 1:
            problems.append(
                at.problem(["items", index], f"outcome '{item.outcome}' is asked by two items; keep one")
            )
    return problems


def _changed(source: Source, at: Located) -> list[Problem]:
    """What is declared of changes of the source: breaks, confirmed scales, other names of its columns."""
    problems = []
    days = [one.starts for one in source.breaks]
    for index, day in enumerate(days):
        if day in days[:index]:
            problems.append(
                at.problem(["breaks", index], f"two breaks start on {day}; write one with both notes")
            )
    items = {item.code for item in source.items}
    for index, one in enumerate(source.confirmed):
        if strange := sorted(set(one.items) - items):
            said = f"'{strange[0]}' is not an item of this source; leave items out to confirm all of them"
            problems.append(at.problem(["confirmed", index, "items"], said))
    keys = [
        text
        for value in source.keys.model_dump().values()
        for text in ([value] if isinstance(value, str) else value or [])
    ]
    declared = {*keys, *source.segments.values(), *source.exclude}
    declared |= {column for _, entries in _entries(source) for entry in entries for column in _columns(entry)}
    declared |= {day for fact in source.facts for day in (fact.promised, fact.actual) if day}
    for column in source.renamed:
        if column not in declared:
            said = f"'{column}' is not a declared column; write the name it has under keys, segments or items"
            problems.append(at.problem(["renamed", column], said))
    return problems


def _waves(source: Source, at: Located) -> list[Problem]:
    problems = []
    codes: set[str] = set()
    values: dict[str, str] = {}
    asked = [
        (group, index, entry) for group, entries in _entries(source) for index, entry in enumerate(entries)
    ]
    by_file = isinstance(source.waves, list) and not source.keys.wave
    known = {wave.code for wave in source.waves} if isinstance(source.waves, list) and by_file else set()
    for group, index, entry in asked:
        waves = [] if isinstance(entry, Fact) else entry.waves
        if strange := sorted(set(waves) - known):
            said = f"wave '{strange[0]}' is not a wave of this source that has files of its own"
            problems.append(at.problem([group, index, "waves"], said))
    for index, wave in enumerate(source.waves if isinstance(source.waves, list) else []):
        if wave.code in codes:
            problems.append(at.problem(["waves", index], f"wave '{wave.code}' is declared twice"))
        codes.add(wave.code)
        if wave.value and values.setdefault(wave.value, wave.code) != wave.code:
            said = f"'{wave.value}' stands for both wave '{values[wave.value]}' and '{wave.code}'; keep one"
            problems.append(at.problem(["waves", index, "value"], said))
    return problems


@dataclass(frozen=True)
class _Fed:
    """A figure that feeds a cell of the scorecard, and in which waves (none: all)."""

    source: str
    figure: str
    how: tuple[str, ...]
    waves: frozenset[str]

    def clashes(self, other: _Fed) -> bool:
        """Two of one source in the same wave, or of two sources that cannot be pooled."""
        if self.source != other.source:
            return self.how != other.how
        return not (self.waves and other.waves) or bool(self.waves & other.waves)


# How a KPI may be fed by figures that come counted: as sent, or as the share its method gives.
_COUNTED = {"as_reported", "top_box"}


def _figures(
    framework: Framework, sources: Mapping[str, Source], places: Mapping[str, Located]
) -> list[Problem]:
    """One figure per stakeholder, KPI and dimension: the scorecard has one cell for it."""
    problems = []
    fed: dict[tuple[str | None, str, str | None], list[_Fed]] = {}
    asked = {
        (source.stakeholder, code): name
        for name, source in sources.items()
        for item in source.items
        for code, kpi in framework.kpis.items()
        if kpi.outcome and kpi.outcome == item.outcome
    }
    for name, source in sources.items():
        for group in ("measures", "facts"):
            for index, figure in enumerate(getattr(source, group)):
                at, where = places[name], [group, index, "kpi"]
                if figure.kpi not in framework.kpis:
                    said = f"kpi '{figure.kpi}' is not in the framework; add it to framework.yml"
                    problems.append(at.problem(where, said))
                    continue
                method = framework.kpis[figure.kpi].method
                if method not in _COUNTED:
                    said = (
                        f"kpi '{figure.kpi}' is computed by {method} from answers;"
                        " declare a KPI of its own with `method: as_reported`"
                    )
                    problems.append(at.problem(where, said))
                if other := asked.get((source.stakeholder, figure.kpi)):
                    said = (
                        f"kpi '{figure.kpi}' of {source.stakeholder} already comes from the answers of '{other}';"
                        " declare a KPI of its own with `method: as_reported`"
                    )
                    problems.append(at.problem(where, said))
                cell = (source.stakeholder, figure.kpi, figure.dimension)
                mine = _Fed(name, figure.code, _how(figure), frozenset(getattr(figure, "waves", ())))
                first = next((other for other in fed.setdefault(cell, []) if other.clashes(mine)), None)
                fed[cell].append(mine)
                if first:
                    said = (
                        f"kpi '{figure.kpi}' of {source.stakeholder} is already '{first.figure}' of '{first.source}';"
                        " give one of them a dimension or a KPI of its own"
                    )
                    problems.append(at.problem(where, said))
    return problems


def _how(figure: Measure | Fact) -> tuple[str, ...]:
    """What two sources must share for their figures to be pooled in one cell."""
    if isinstance(figure, Fact):
        return ("share", "weighted_by_n", "share")
    return (figure.statistic, figure.roll_up, "points" if figure.scale == "points" else "share")
