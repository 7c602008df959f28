"""The attacker: what somebody who holds the published marts alone can find out about fewer than k people.

It shares no code with the mask. It knows what is public: the unit tree and thresholds of the published
dimensions, the weights of the index, and how many people work where. Its report holds codes and counts,
never a figure.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import combinations
from typing import Any, NamedTuple

import polars as pl

from pipelines.privacy import attack_segments as segments
from pipelines.privacy.attack_segments import Isolated, Made, Roster

Marts = Mapping[str, pl.DataFrame]
Row = dict[str, Any]
PRECISION = 1e-6
PEOPLE_KPIS = ("payroll", "ebe", "operating_result", "net_result")
INDICES = ("rqi", "mirrored_index")
RATIOS = {"payroll_ratio": "payroll", "operating_margin": "operating_result"}


class Leak(NamedTuple):
    """A group that was isolated: the channel, where, and how many people (0 where the channel does not
    say).
    """

    channel: str
    place: str
    people: int


class Tree:
    """Units by parent, as dim_units publishes them."""

    def __init__(self, units: pl.DataFrame) -> None:
        self.children: dict[str, list[str]] = defaultdict(list)
        for row in units.rows(named=True):
            if row["parent_code"] is not None:
                self.children[row["parent_code"]].append(row["unit_code"])
        self._below: dict[str, set[str]] = {}

    def below(self, unit: str) -> set[str]:
        """Everything strictly below a unit."""
        if unit not in self._below:
            parts = self.children[unit]
            self._below[unit] = set(parts).union(*(self.below(part) for part in parts))
        return self._below[unit]

    def rest(self, unit: str, shown: Mapping[str, float]) -> float | None:
        """A shown unit less everything shown below it; None when nothing below is shown."""
        parts = [self._inside(child, shown) for child in self.children[unit]]
        known = [part for part in parts if part is not None]
        return shown[unit] - sum(known) if known else None

    def _inside(self, unit: str, shown: Mapping[str, float]) -> float | None:
        if unit in shown:
            return shown[unit]
        parts = [self._inside(child, shown) for child in self.children[unit]]
        known = [part for part in parts if part is not None]
        return sum(known) if known else None


def attack(
    published: Marts,
    headcounts: Mapping[str, int] | None = None,
    finance_threshold: int = 10,
    report: Callable[[str], object] = print,
    roster: Roster = (),
    made: Mapping[str, Made] | None = None,
) -> list[Leak]:
    """Every attack on one snapshot; prints how many derivations each channel tried.

    `published` holds fct_kpi_values, fct_finance, scorecard_unit_period, dim_units, dim_stakeholders and
    dim_dimensions. `headcounts` are the people at or under each unit, which colleagues know anyway, and
    `roster` who is where: (unit, stakeholder, period, the segment codes of somebody directly there). `made` says
    what each derived KPI is made of.
    """
    made = made or {}
    rows = published["fct_kpi_values"].filter(pl.col("disclosure") != "already_public").rows(named=True)
    kpi = [row for row in rows if row["kpi_code"] not in made]
    derived = [row for row in rows if row["kpi_code"] in made]
    tree = Tree(published["dim_units"])
    thresholds = dict(published["dim_stakeholders"].select("stakeholder_code", "threshold_count").iter_rows())
    weights = dict(published["dim_dimensions"].select("dimension_code", "weight").iter_rows())
    finance = published["fct_finance"].rows(named=True)
    answers = [row for row in kpi if _is_answers(row)]
    cuts = segments.cuts(answers)
    channels: dict[str, Iterator[Leak | None]] = {
        "small cell": _small(kpi, thresholds),
        "parent less siblings": _subtraction(
            "parent less siblings", [row for row in answers if row["segment_code"] == "all"], tree, thresholds
        ),
        "value less its units": _subtraction(
            "value less its units", [row for row in answers if row["segment_code"] != "all"], tree, thresholds
        ),
        "dimension through index": _through_index(kpi, weights),
        "group through balance": _through_balance(kpi),
        "value through change": _through_change(kpi),
        "finance of a team": _team_finance(finance, tree, headcounts or {}, finance_threshold),
        "finance through ratio or period": _finance_identities(finance),
        **{
            channel: _leaks(channel, isolated)
            for channel, isolated in {
                "segment less its values": segments.less_values(cuts, thresholds),
                "crossed cuts": segments.crossed(cuts, tree.below, thresholds, roster),
                "crossed segments": segments.between(cuts, tree.below, thresholds, roster),
                "derived through parts": segments.through_parts(kpi, derived, made),
            }.items()
        },
        "two products": _two_products(published["scorecard_unit_period"], kpi),
    }
    return _run(channels, report)


def attack_between(
    before: Marts, after: Marts, report: Callable[[str], object] = print, roster: Roster = ()
) -> list[Leak]:
    """What two consecutive snapshots say together: answers that came late or were corrected. `roster`: who of
    those who answered late is where.
    """
    tree = Tree(after["dim_units"])
    thresholds = dict(after["dim_stakeholders"].select("stakeholder_code", "threshold_count").iter_rows())
    old, new = (marts["fct_kpi_values"].rows(named=True) for marts in (before, after))
    late = segments.cuts(_gained(old, new))
    crossed = segments.crossed(late, tree.below, thresholds, roster)
    channels = {
        "late answer": _late(old, new, tree, thresholds),
        "crossed late answers": _leaks("crossed late answers", crossed),
    }
    return _run(channels, report)


def _leaks(channel: str, isolated: Iterable[Isolated | None]) -> Iterator[Leak | None]:
    for found in isolated:
        yield Leak(channel, *found) if found is not None else None


def _run(channels: Mapping[str, Iterator[Leak | None]], report: Callable[[str], object]) -> list[Leak]:
    leaks: list[Leak] = []
    for channel, attempts in channels.items():
        tried: Counter[bool] = Counter()
        for leak in attempts:
            tried[leak is not None] += 1
            if leak is not None:
                leaks.append(leak)
        report(f"attack, {channel}: {tried.total()} tried, {tried[True]} leaks")
    return leaks


def _place(row: Row) -> str:
    keys = ("unit_code", "stakeholder_code", "period_code", "segment_code", "kpi_code", "dimension_code")
    return "/".join(str(row[key]) for key in keys if key in row)


def _measure(row: Row) -> tuple[str, ...]:
    keys = (
        "stakeholder_code",
        "period_code",
        "segment_code",
        "counterparty_code",
        "kpi_code",
        "dimension_code",
    )
    return tuple(row[key] for key in keys)


def _is_answers(row: Row) -> bool:
    """A shown row whose n counts its own answers."""
    return row["stakeholder_code"] != "all" and row["n"] is not None and row["kpi_code"] != "participation"


def _small(kpi: list[Row], thresholds: Mapping[str, int]) -> Iterator[Leak | None]:
    for row in kpi:
        if row["stakeholder_code"] != "all" and row["n"] is not None:
            k = thresholds[row["stakeholder_code"]]
            # a value of a segment that is nobody's is known by subtraction, and nobody
            small = row["n"] < k and (row["n"] > 0 or row["segment_code"] == "all")
            yield Leak("small cell", _place(row), row["n"]) if small else None


def _subtraction(
    channel: str, answers: list[Row], tree: Tree, thresholds: Mapping[str, int]
) -> Iterator[Leak | None]:
    """n and n·mean add up over units: a whole less its shown parts is the group nobody was shown."""
    measures: dict[tuple[str, ...], dict[str, Row]] = defaultdict(dict)
    for row in answers:
        measures[_measure(row)][row["unit_code"]] = row
    for measure, rows in measures.items():
        counts = {unit: row["n"] for unit, row in rows.items()}
        for unit in rows:
            rest = tree.rest(unit, counts)
            if rest is not None:
                isolated = rest != 0 and rest < thresholds[measure[0]]
                yield Leak(channel, _place(rows[unit]), int(rest)) if isolated else None


def _through_index(kpi: list[Row], weights: Mapping[str, float]) -> Iterator[Leak | None]:
    """An index is a weighted mean: when the shown dimensions do not make it, a hidden one is inside.

    The one towards a counterparty is made of some of them: of which, is tried.
    """
    cells: dict[tuple[str, ...], dict[str, Row]] = defaultdict(dict)
    indices: list[tuple[tuple[str, ...], Row]] = []
    for row in kpi:
        cell = (row["unit_code"], *_measure(row)[:3])
        if row["kpi_code"] == "dimension_score":
            cells[cell][row["dimension_code"]] = row
        elif row["kpi_code"] in INDICES and row["value"] is not None:
            indices.append((cell, row))
    for cell, index in indices:
        dimensions = cells[cell]
        shown = {code: row["value"] for code, row in dimensions.items() if row["value"] is not None}
        if len(shown) == len(dimensions) and index["kpi_code"] != "rqi":
            yield None
            continue
        least = len(shown) if index["kpi_code"] == "rqi" else 1
        made = any(
            abs(_mean(chosen, shown, weights) - index["value"]) <= PRECISION
            for size in range(max(least, 1), len(shown) + 1)
            for chosen in combinations(shown, size)
        )
        yield None if made else Leak("dimension through index", _place(index), 0)


def _mean(codes: Iterable[str], values: Mapping[str, float], weights: Mapping[str, float]) -> float:
    chosen = list(codes)
    return sum(weights[code] * values[code] for code in chosen) / sum(weights[code] for code in chosen)


def _through_balance(kpi: list[Row]) -> Iterator[Leak | None]:
    """Balance is the lowest index over the mean of all: with one index hidden it is solved for it."""
    hidden = {
        (row["unit_code"], row["period_code"])
        for row in kpi
        if row["stakeholder_code"] != "all"
        and row["segment_code"] == "all"
        and row["status"] == "protected"
        and row["kpi_code"] == "rqi"
    }
    for row in kpi:
        if row["stakeholder_code"] == "all" and row["value"] is not None:
            solved = (row["unit_code"], row["period_code"]) in hidden
            yield Leak("group through balance", _place(row), 0) if solved else None


def _through_change(kpi: list[Row]) -> Iterator[Leak | None]:
    """A value and its change give the value it is compared with."""
    values = {(row["unit_code"], *_measure(row)): row["value"] for row in kpi}
    for row in kpi:
        if row["change_value"] is not None:
            stakeholder, _, *others = _measure(row)
            before = values.get((row["unit_code"], stakeholder, row["compared_period_code"], *others))
            yield (
                Leak("value through change", _place(row), 0)
                if before is None or row["value"] is None
                else None
            )


def _team_finance(
    finance: list[Row], tree: Tree, headcounts: Mapping[str, int], k: int
) -> Iterator[Leak | None]:
    """Payroll adds up over units too: a whole less its shown parts is the pay of whoever is left."""
    measures: dict[tuple[str, ...], dict[str, Row]] = defaultdict(dict)
    for row in finance:
        if row["kpi_code"] in PEOPLE_KPIS and row["value"] is not None and row["unit_code"] in headcounts:
            measures[row["period_code"], row["basis"], row["kpi_code"]][row["unit_code"]] = row
    for rows in measures.values():
        people = {unit: headcounts[unit] for unit in rows}
        for unit, row in rows.items():
            yield Leak("finance of a team", _place(row), people[unit]) if people[unit] < k else None
            rest = tree.rest(unit, people)
            if rest is not None:
                yield Leak("finance of a team", _place(row), int(rest)) if rest != 0 and rest < k else None


def _finance_identities(finance: list[Row]) -> Iterator[Leak | None]:
    """A ratio times its revenue is its amount; months inside a shown year are the year less the others."""
    values = {
        (row["unit_code"], row["period_code"], row["basis"], row["kpi_code"]): (row["value"], row["status"])
        for row in finance
    }
    statuses: dict[tuple[str, str], set[str]] = defaultdict(set)
    for row in finance:
        statuses[row["unit_code"], row["kpi_code"]].add(row["status"])
        amount = values.get(
            (row["unit_code"], row["period_code"], row["basis"], RATIOS.get(row["kpi_code"], ""))
        )
        if amount is not None:
            solved = row["value"] is not None and amount[1] == "protected"
            yield Leak("finance through ratio or period", _place(row), 0) if solved else None
    for (unit, kpi), seen in statuses.items():
        mixed = {"protected", "published"} <= seen
        yield Leak("finance through ratio or period", f"{unit}/{kpi}", 0) if mixed else None


def _two_products(scorecard: pl.DataFrame, kpi: list[Row]) -> Iterator[Leak | None]:
    """A figure protected in one product and shown in the other."""
    hidden = {
        (row["unit_code"], row["stakeholder_code"], row["period_code"], row["kpi_code"])
        for row in kpi
        if row["status"] == "protected"
        and {row["dimension_code"], row["segment_code"], row["counterparty_code"]} == {"all"}
    }
    others = ("change_value", "change_p_value", "ranking_value")
    names = [name for name in scorecard.columns if name.endswith("_value") and not name.endswith(others)]
    for row in scorecard.rows(named=True):
        for prefix in (name.removesuffix("_value") for name in names):
            code = row["headline_kpi_code"] if prefix == "headline" else prefix
            place = (row["unit_code"], row["stakeholder_code"], row["measured_period_code"], code)
            leaks = row[f"{prefix}_value"] is not None and place in hidden
            yield Leak("two products", _place(row), 0) if leaks else None


def _late(old: list[Row], new: list[Row], tree: Tree, thresholds: Mapping[str, int]) -> Iterator[Leak | None]:
    """The difference of two snapshots is the late answers: few of them are somebody."""
    before = {(row["unit_code"], *_measure(row)): row for row in filter(_is_answers, old)}
    gained: dict[tuple[str, ...], dict[str, int]] = defaultdict(dict)
    for row in filter(_is_answers, new):
        was = before.get((row["unit_code"], *_measure(row)))
        if was is None:
            continue
        late = row["n"] - was["n"]
        gained[_measure(row)][row["unit_code"]] = late
        same_words = row["definition_version"] == was["definition_version"]
        corrected = late == 0 and same_words and row["value"] != was["value"]
        few = 0 < abs(late) < thresholds[row["stakeholder_code"]]
        yield Leak("late answer", _place(row), abs(late)) if corrected or few else None
    for measure, units in gained.items():
        for unit in units:
            rest = tree.rest(unit, units)
            if rest is not None:
                few = 0 < abs(rest) < thresholds[measure[0]]
                yield Leak("late answer", f"{unit}/{'/'.join(measure)}", int(abs(rest))) if few else None


def _gained(old: list[Row], new: list[Row]) -> list[Row]:
    """Rows shown in both snapshots, with the respondents gained as their n."""
    before = {(row["unit_code"], *_measure(row)): row["n"] for row in filter(_is_answers, old)}
    keys = {(row["unit_code"], *_measure(row)): row for row in filter(_is_answers, new)}
    return [row | {"n": row["n"] - before[key]} for key, row in keys.items() if key in before]
