"""The declarations as tables: the `declared` schema that dbt's macros read.

Pure functions of a Home; one function a table or family, each giving rows in the order of SCHEMAS.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import pyarrow as pa

from pipelines.declared.expressions import resolve
from pipelines.declared.framed import framed
from pipelines.declared.home import FOREVER, UNASSIGNED, Home, Unit
from pipelines.declared.periods import code_of, fiscal_year, periods
from pipelines.declared.schemas import SCHEMAS
from pipelines.declared.sources import Fact, Measure
from pipelines.stats import t_quantiles

Row = tuple[object, ...]


def _latest(home: Home) -> dict[str, Unit]:
    """The last version of each unit, in the order of units.csv: the tree people read today."""
    latest: dict[str, Unit] = {}
    for unit in home.units:
        if unit.code not in latest or unit.valid_from > latest[unit.code].valid_from:
            latest[unit.code] = unit
    return latest


def unit_closure(home: Home) -> list[tuple[str, str, int, dt.date, dt.date]]:
    """(ancestor, unit, depth, valid_from, valid_to): who stood under whom, and when; self at depth 0."""
    versions: dict[str, list[Unit]] = {}
    for unit in home.units:
        versions.setdefault(unit.code, []).append(unit)
    rows = []
    for unit in home.units:
        above: list[tuple[str | None, int, dt.date, dt.date]] = [
            (unit.code, 0, unit.valid_from, unit.valid_to)
        ]
        while above:
            code, depth, start, end = above.pop()
            if code is None:
                continue
            rows.append((code, unit.code, depth, start, end))
            parents = [unit] if depth == 0 else versions[code]
            for version in parents:
                low, high = max(start, version.valid_from), min(end, version.valid_to)
                if low <= high:
                    above.append((version.parent, depth + 1, low, high))
    return rows


def _units(home: Home) -> Iterator[Row]:
    order = {code: index for index, code in enumerate(_latest(home))}
    for unit in home.units:
        yield (
            unit.code,
            unit.parent,
            unit.name_fr,
            unit.name_en,
            unit.valid_from,
            unit.valid_to,
            order[unit.code],
        )
    yield UNASSIGNED, home.root, "Non affecté", "Unassigned", dt.date(1900, 1, 1), FOREVER, len(order)


def _closure(home: Home) -> Iterator[Row]:
    yield from unit_closure(home)
    for ancestor, depth in ((UNASSIGNED, 0), (home.root, 1)):
        yield ancestor, UNASSIGNED, depth, dt.date(1900, 1, 1), FOREVER


def _headcounts(home: Home) -> Iterator[Row]:
    by_unit: dict[str, list[tuple[dt.date, int]]] = {}
    for row in home.headcounts:
        by_unit.setdefault(row.unit, []).append((row.valid_from, row.headcount))
    for unit, known in by_unit.items():
        known.sort()
        ends = [start - dt.timedelta(days=1) for start, _ in known[1:]] + [FOREVER]
        for (start, headcount), end in zip(known, ends, strict=True):
            yield unit, start, end, headcount


def _breaks(home: Home) -> Iterator[Row]:
    """Where an instrument, or the chart of accounts, becomes another version; `all` is the source of finance."""
    grain, start = home.organisation.scorecard_grain, home.organisation.fiscal_start_month
    for code, source in home.sources.items():
        for one in source.breaks:
            period = code_of(one.starts, grain, start)
            yield source.stakeholder, code, one.starts, period, one.note.fr, one.note.en, one.comparable
    for chart in home.finance.charts:
        if note := chart.break_note:
            first = min(chart.fiscal_years)
            day = dt.date(first if start == 1 else first - 1, start, 1)
            yield "finance", "all", day, code_of(day, grain, start), note.fr, note.en, chart.comparable


def _sources(home: Home) -> Iterator[tuple[str, Row]]:
    grain, start = home.organisation.scorecard_grain, home.organisation.fiscal_start_month
    for code, source in home.sources.items():
        yield (
            "sources",
            (
                code,
                source.kind,
                source.stakeholder,
                source.subject,
                source.owner,
                source.cadence,
                source.freshness_days,
                source.version,
                source.disclosure,
                source.waves == "continuous",
                source.respondents,
            ),
        )
        for wave in source.waves if isinstance(source.waves, list) else []:
            period = code_of(wave.closed, grain, start)
            yield "waves", (code, wave.code, wave.opened, wave.closed, wave.invited, period)
        for item in source.items:
            roles = {"dimension": item.dimension, "outcome": item.outcome, "value": item.value}
            role, target = next((name, code) for name, code in roles.items() if code)
            yield (
                "items",
                (
                    code,
                    item.code,
                    f"{code}__{item.code}",
                    role,
                    target,
                    item.facet,
                    item.min,
                    item.max,
                    item.reversed,
                    int(item.max - item.min) + 1,
                    item.text.fr if item.text else None,
                    item.text.en if item.text else None,
                ),
            )
        if source.kind == "responses" and source.comments:
            # what a lexicon reads of the open questions stands where an answer would
            tone = ("comment_tone", "outcome", "comment_tone", None, -1.0, 1.0, False, 3, None, None)
            yield "items", (code, "comment_tone", *tone)
        yield from (("source_segments", (code, group)) for group in source.segments)
        for measure in source.measures:
            scale = (
                "percent" if measure.scale == "count" else measure.scale
            )  # the reader makes percents of counts
            how = (measure.statistic, scale, measure.roll_up)
            yield "measures", _figure(code, source.kind, measure, how)
        for fact in source.facts:  # a share of counted events: it rolls up by their number
            yield "measures", _figure(code, source.kind, fact, ("share", "share", "weighted_by_n"))


def _figure(code: str, kind: str, figure: Measure | Fact, how: tuple[str, str, str]) -> Row:
    text = figure.text
    wording = (text.fr, text.en) if text else (None, None)
    return (code, kind, figure.code, figure.kpi, figure.dimension or "all", *how, *wording)


def _finance(home: Home) -> Iterator[tuple[str, Row]]:
    for chart in home.finance.charts:
        expressions = {**home.finance_kpis, **chart.kpis}
        for year in chart.fiscal_years:
            for kpi in expressions:
                for prefix, coefficient in sorted(resolve(kpi, expressions).items()):
                    yield "account_map", (year, kpi, prefix, coefficient)
    for number, rule in enumerate(home.finance.to_unit, start=1):
        account = rule.when.account.rstrip("*") if rule.when.account else None
        yield (
            "ledger_rules",
            (
                number,
                account,
                rule.when.journal,
                rule.when.piece_prefix,
                rule.when.aux_prefix,
                rule.aux_map,
                rule.unit,
            ),
        )


def span(home: Home) -> tuple[dt.date, dt.date]:
    """First and last day the periods must hold: a year before anything declared, to the end of the as-of year."""
    start_month = home.organisation.fiscal_start_month
    days = [unit.valid_from for unit in home.units if unit.valid_from.year > 1900] + [home.as_of]
    days += [
        wave.closed
        for source in home.sources.values()
        if isinstance(source.waves, list)
        for wave in source.waves
    ]
    days += [
        dt.date(year - 1, start_month, 1) for chart in home.finance.charts for year in chart.fiscal_years
    ]
    days += [dt.date(year, 12, 31) for chart in home.finance.charts for year in chart.fiscal_years]
    return dt.date(min(days).year - 1, 1, 1), dt.date(max(days).year, 12, 31)


def _periods(home: Home) -> Iterator[Row]:
    first, last = span(home)
    for order, period in enumerate(periods(first, last, home.organisation.fiscal_start_month)):
        yield (
            period.code,
            period.grain,
            period.start,
            period.end,
            period.fiscal_year,
            period.label_fr,
            period.label_en,
            period.previous,
            period.last_year,
            order,
        )


def chart_years(home: Home) -> set[int]:
    """Fiscal years that a chart of accounts covers."""
    return {year for chart in home.finance.charts for year in chart.fiscal_years}


def fiscal_year_of(home: Home, day: dt.date) -> int:
    """The home's fiscal year that holds `day`."""
    return fiscal_year(day, home.organisation.fiscal_start_month)


def declared_tables(home: Home) -> dict[str, pa.Table]:
    """Every table of schema `declared`, typed as SCHEMAS; the same home gives the same tables on the same day."""
    organisation = home.organisation
    rows: dict[str, list[Row]] = {name: [] for name in SCHEMAS}
    rows["organisation"].append(
        (
            organisation.name,
            organisation.language,
            organisation.currency,
            organisation.time_zone,
            organisation.fiscal_start_month,
            organisation.scorecard_grain,
            organisation.compare_with,
            home.as_of,
            home.root,
            home.framework.version,
            home.framework.smallest_effect,
        )
    )
    rows["units"] += _units(home)
    rows["unit_closure"] += _closure(home)
    rows["unit_aliases"] += [
        (source, alias, unit) for source, known in home.aliases.items() for alias, unit in known.items()
    ]
    rows["headcounts"] += _headcounts(home)
    rows["periods"] += _periods(home)
    rows["breaks"] += _breaks(home)
    for family in (framed(home), _sources(home), _finance(home)):
        for name, row in family:
            rows[name].append(row)
    tables = {
        name: pa.table(
            {
                column: pa.array([row[index] for row in rows[name]], kind)
                for index, (column, kind) in enumerate(schema.items())
            }
        )
        for name, schema in SCHEMAS.items()
    }
    tables["t_quantiles"] = t_quantiles()
    return tables
