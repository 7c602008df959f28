"""Every base KPI of every cell, worked out from scored records, and its change against a year before.

Keys are those of fct_kpi_values. Which rows exist: a unit that ever answered for a stakeholder has a row in each of its periods
for everything that was asked somewhere; a figure that nobody was asked about has none.
"""

from __future__ import annotations

import datetime as dt
import math
from collections import Counter, defaultdict
from collections.abc import Iterator
from functools import cached_property
from typing import Any

from tests.oracle.intervals import (
    Change,
    Figure,
    Z,
    change,
    mean_figure,
    promoter_figure,
    share_figure,
    t_table,
)
from tests.oracle.reading import Home, period_of
from tests.oracle.scoring import ALL, Cell, Said, cells

Key = tuple[
    str, str, str, str, str, str, str
]  # unit, period, stakeholder, segment, counterparty, KPI, dimension

UNCOMPARED = {
    "group_balance",
    "mirrored_index",
}  # each on the dimensions of its own cell, not those of a year before


class Marts:
    """Base figures of a home; `sources` limits them to some sources, so that a part can be checked alone."""

    def __init__(self, home: Home, sources: list[str] | None = None) -> None:
        self.home, self.framework = home, home.framework
        self.cells = cells(home, sources)
        self.kpis: dict[str, dict[str, Any]] = self.framework["kpis"]
        self.closes: dict[str, dt.date] = {}
        self.units: dict[str, set[str]] = defaultdict(set)
        for unit, period, stakeholder, _ in self.cells:
            self.units[stakeholder].add(unit)
            self.closes[period] = last_day(period)
        self.indices: dict[tuple[Cell, frozenset[str]], Figure] = {}
        self.presents: dict[Cell, frozenset[str]] = {}

    def asked_of(self, stakeholder: str) -> list[str]:
        return [
            d for d, one in self.framework["dimensions"].items() if stakeholder in one.get("asked_of", [])
        ]

    @property
    def groups(self) -> list[str]:
        """Stakeholders that are not our own people's view of another."""
        return [s for s, one in self.framework["stakeholders"].items() if "about" not in one]

    def present(self, cell: Cell) -> frozenset[str]:
        """Dimensions asked of the stakeholder that enough people of the cell are scored on."""
        if cell not in self.presents:
            counts = Counter(d for said in self.cells.get(cell, []) if said.counted for d in said.scores)
            enough = self.home.thresholds[cell[2]]
            self.presents[cell] = frozenset(d for d in self.asked_of(cell[2]) if counts[d] >= enough)
        return self.presents[cell]

    def index(self, cell: Cell, dimensions: frozenset[str]) -> Figure:
        """Σ w·m over the dimensions, weights rescaled, with the spread of its influence values (CONTRACT)."""
        if (cell, dimensions) not in self.indices:
            self.indices[cell, dimensions] = self._index(cell, sorted(dimensions))
        return self.indices[cell, dimensions]

    def _index(self, cell: Cell, chosen: list[str]) -> Figure:
        people = [s.scores for s in self.cells[cell] if s.counted and any(d in s.scores for d in chosen)]
        weights = {d: self.framework["dimensions"][d].get("weight", 1) for d in chosen}
        total, n = sum(weights.values()), len(people)
        answered = {d: [scores[d] for scores in people if d in scores] for d in chosen}
        means = {d: math.fsum(values) / len(values) for d, values in answered.items()}
        index = math.fsum(weights[d] * means[d] for d in chosen) / total
        pull = {d: weights[d] / total * n / len(answered[d]) for d in chosen}
        psi = [math.fsum(pull[d] * (s[d] - means[d]) for d in chosen if d in s) for s in people]
        if n < 2:
            return Figure(index, n, method="t")
        variance = math.fsum(x * x for x in psi) / (n - 1) / n  # ψ sums to 0
        half = t_table(n - 1) * math.sqrt(variance)
        return Figure(index, n, index - half, index + half, "t", index, variance, n - 1)

    def periods(self) -> Iterator[tuple[str, str, list[str]]]:
        """(stakeholder, period, its groups) of everything measured."""
        for stakeholder, period in sorted({(s, p) for _, p, s, _ in self.cells}):
            cuts = {
                segment
                for said in self.cells[self.home.root, period, stakeholder, ALL]
                for segment in said.record.cuts
                if segment in self.framework["segments"]
            }
            groups = [
                f"{cut}__{group}"
                for cut in sorted(cuts)
                for group in (*self.framework["segments"][cut]["values"], "other")
            ]
            yield stakeholder, period, [ALL, *groups]

    @cached_property
    def figures(self) -> dict[Key, Figure]:
        found: dict[Key, Figure] = {}
        for stakeholder, period, groups in self.periods():
            for group in groups:
                asked = self._asked((self.home.root, period, stakeholder, group))
                for unit in self.units[stakeholder]:
                    cell = unit, period, stakeholder, group
                    found.update(
                        ((unit, period, stakeholder, group, ALL, kpi, dimension), figure)
                        for kpi, dimension, figure in self._cell(cell, asked)
                    )
            found.update(self._mirrored(stakeholder, period))
        return {**found, **self._coverage(), **self._balance()}

    def _coverage(self) -> dict[Key, Figure]:
        """Share of the declared groups that enough people speak of within twelve months; one that is `about` another is none."""
        groups = self.groups
        measured = {cell[:3] for cell in self.cells if cell[3] == ALL and self._speaks(cell)}
        found = {}
        for unit, period in {cell[:2] for cell in self.cells if cell[2] in groups}:
            window = [self.years_before(period, steps) for steps in range(self.periods_a_year)]
            share = sum(any((unit, p, group) in measured for p in window) for group in groups) / len(groups)
            key = unit, period, ALL, ALL, ALL, "coverage", ALL
            found[key] = Figure(100 * share, None, method="point")
        return found

    def _speaks(self, cell: Cell) -> bool:
        """Whether as many people as the threshold were asked, or stand behind a figure; an event is nobody's answer."""
        said, told = self.cells[cell], Counter[str]()
        for one in said:
            if self.home.sources[one.record.source]["kind"] == "measures":
                told.update(dict.fromkeys(one.facts, one.record.n))
        people = len({one.record.respondent for one in said if one.counted})
        return max([people, *told.values()]) >= self.home.thresholds[cell[2]]

    def _asked(self, root: Cell) -> set[tuple[str, str]]:
        """(KPI, dimension) that somebody under the root answered to."""
        said = self.cells.get(root, [])
        outcomes = {outcome for one in said for outcome in one.outcomes}
        scales = {o: int(high - low + 1) for one in said for o, (_, low, high) in one.outcomes.items()}
        dimensions = {d for one in said for d in one.scores} & set(self.asked_of(root[2]))
        asked = any(one.counted for one in said)
        found = {("respondents", ALL)} if asked else set()
        for code, kpi in self.kpis.items():
            method, outcome = kpi["method"], kpi.get("outcome")
            if method == "top_box":
                wanted = outcome in outcomes and scales[outcome] in kpi["top"]
            elif method in {"net_promoter", "share_between", "outcome_mean", "value_mean"}:
                wanted = outcome in outcomes
            elif method == "weighted_index":
                wanted = bool(dimensions)
            elif method == "index_coverage":
                wanted = bool(dimensions) and root[3] == ALL
            elif method == "response_rate":
                wanted = root[3] == ALL and self.invited(root[1], root[2]) is not None
            else:
                wanted = method == "as_reported" and any(code in one.facts for one in said)
            if wanted:
                found.add((code, ALL))
            if method == "pomp_mean":
                found.update((code, dimension) for dimension in dimensions)
            if method == "say_do":
                found.update((code, value) for one in said for value in one.gaps)
            if method == "theme_share" and any(one.themes is not None for one in said):
                found.update((code, theme) for theme in self.home.themes)
        return found

    def invited(self, period: str, stakeholder: str) -> int | None:
        """People invited to the waves of the period, where it is known of them all."""
        waves = {
            (code, wave["code"]): wave.get("invited")
            for code, source in self.home.sources.items()
            if source.get("stakeholder") == stakeholder and source.get("waves", "continuous") != "continuous"
            for wave in source["waves"]
            if any(r.closed == wave["closed"] and r.period == period for r in self.home.records[code])
        }
        return None if not waves or None in waves.values() else sum(filter(None, waves.values()))

    def _cell(self, cell: Cell, asked: set[tuple[str, str]]) -> Iterator[tuple[str, str, Figure]]:
        said = self.cells.get(cell, [])
        people = [one for one in said if one.counted]
        whole = cell[0] == self.home.root and cell[3] == ALL
        invited = self.invited(cell[1], cell[2]) if whole and ("participation", ALL) in asked else None
        for code, dimension in asked:
            kpi = self.kpis[code]
            if kpi["method"] == "response_rate" and not whole:
                continue
            yield code, dimension, self._figure(cell, kpi, code, dimension, said, people, invited)

    def _figure(
        self, cell: Cell, kpi: dict[str, Any], code: str, dimension: str, said: list[Said], people: list[Said], invited: int | None
    ) -> Figure:  # fmt: skip
        method = kpi["method"]
        points = [one.outcomes[kpi["outcome"]] for one in said if kpi.get("outcome") in one.outcomes]
        if method == "pomp_mean":
            return mean_figure([one.scores[dimension] for one in people if dimension in one.scores], invited)
        if method == "weighted_index":
            present = self.present(cell)
            if 2 * len(present) < len(self.asked_of(cell[2])):
                return Figure(None, sum(bool(one.scores) for one in people))
            return self.index(cell, present)
        if method == "index_coverage" and not any(one.scores for one in people):
            return Figure(None, 0)
        if method == "index_coverage":
            share = 100 * len(self.present(cell)) / len(self.asked_of(cell[2]))
            return Figure(share, sum(bool(one.scores) for one in people), method="count")
        if method == "respondent_count":
            n = len({one.record.respondent for one in people})
            return Figure(n or None, n, method="count" if n else None)
        if method == "response_rate":
            n = len({one.record.respondent for one in people})
            return Figure(100 * n / invited, n, method="count") if invited else Figure(None, n)
        if method == "say_do":
            return mean_figure([one.gaps[dimension] for one in people if dimension in one.gaps], invited)
        if method == "net_promoter":
            above, below = kpi.get("promoters_from", 9), kpi.get("detractors_to", 6)
            return promoter_figure(
                sum(x >= above for x, *_ in points), sum(x <= below for x, *_ in points), len(points)
            )
        if method == "top_box":
            best = [x in (kpi["top"][int(high - low + 1)]) for x, low, high in points]
            return share_figure(sum(best), len(best))
        if method == "share_between":
            return share_figure(sum(kpi["from"] <= x <= kpi["to"] for x, *_ in points), len(points))
        if method == "outcome_mean":
            return mean_figure([100 * (x - low) / (high - low) for x, low, high in points], invited)
        if method == "value_mean":
            return mean_figure([x for x, *_ in points], invited)
        if method == "theme_share":
            read = [one for one in said if one.themes is not None]
            return share_figure(sum(dimension in one.themes for one in read), len(read))
        return self._reported(code, said)

    def _reported(self, code: str, said: list[Said]) -> Figure:
        """Events and sent figures, together: a share of their number, or a mean weighted by it."""
        told = [(one.facts[code], one.record.n, one.record.source) for one in said if code in one.facts]
        n = sum(weight for _, weight, _ in told)
        if not told:
            return Figure(None, 0)
        if all(self.home.sources[source]["kind"] == "events" for *_, source in told):
            return share_figure(sum(value for value, *_ in told), n)
        return Figure(math.fsum(value * weight for value, weight, _ in told) / n, n, method="as_reported")

    def _mirrored(self, stakeholder: str, period: str) -> Iterator[tuple[Key, Figure]]:
        """The index of a side on the dimensions asked in parallel of the other, present on both."""
        for relation in self.framework["relations"].values():
            if stakeholder in relation["sides"]:
                (other,) = (side for side in relation["sides"] if side != stakeholder)
                for unit in self.units[stakeholder]:
                    shared = self._shared((unit, period, stakeholder, ALL), other)
                    if shared:
                        key = unit, period, stakeholder, ALL, other, "mirrored_index", ALL
                        yield key, self.index(key[:4], shared)

    def _shared(self, cell: Cell, other: str) -> frozenset[str]:
        window = [self.years_before(cell[1], quarters) for quarters in range(self.periods_a_year)]
        latest = next((p for p in window if (cell[0], p, other, ALL) in self.cells), None)
        if latest is None:
            return frozenset()
        mirror = {d: one.get("mirror_id") for d, one in self.framework["dimensions"].items()}
        theirs = {mirror[d] for d in self.present((cell[0], latest, other, ALL)) & self.parallel(other)}
        return frozenset(d for d in self.present(cell) & self.parallel(cell[2]) if mirror[d] in theirs)

    def parallel(self, stakeholder: str) -> frozenset[str]:
        """Dimensions of which every item of the stakeholder is in parallel wording."""
        items = [
            item
            for source in self.home.sources.values()
            if source.get("stakeholder") == stakeholder
            for item in source.get("items", [])
            if "dimension" in item
        ]
        return frozenset(i["dimension"] for i in items) - {
            i["dimension"] for i in items if not i.get("parallel")
        }

    @property
    def periods_a_year(self) -> int:
        return {"month": 12, "quarter": 4, "year": 1}[self.home.organisation["scorecard_grain"]]

    def years_before(self, period: str, steps: int) -> str:
        """The period so many steps of the grain before."""
        year, part = int(period[:4]), int(period[5:].lstrip("Q") or 1)
        place = year * self.periods_a_year + part - 1 - steps
        year, part = divmod(place, self.periods_a_year)
        return {12: f"{year}-{part + 1:02}", 4: f"{year}-Q{part + 1}", 1: f"{year}"}[self.periods_a_year]

    def _balance(self) -> dict[Key, Figure]:
        """Lowest index over the mean of the groups that have one, on the dimensions they share; delta method.

        It takes two groups, and three shared dimensions or half of those asked of each.
        """
        found = {}
        for unit, period in {cell[:2] for cell in self.cells}:
            cells_here = [(unit, period, group, ALL) for group in self.groups]
            given = [
                c
                for c in cells_here
                if c in self.cells and 2 * len(self.present(c)) >= len(self.asked_of(c[2]))
            ]
            common = frozenset.intersection(*(self.present(c) for c in given)) if given else frozenset()
            most = max((len(self.asked_of(c[2])) for c in given), default=0)
            if len(given) < 2 or not (len(common) >= 3 or 2 * len(common) >= most):
                continue
            indices = sorted((self.index(c, common) for c in given), key=lambda figure: figure.value)
            mean = math.fsum(one.value for one in indices) / len(indices)
            ratio = indices[0].value / mean
            pulls = [((place == 0) - ratio / len(indices)) / mean for place in range(len(indices))]
            half = Z * math.sqrt(
                math.fsum(p * p * one.variance for p, one in zip(pulls, indices, strict=True))
            )
            figure = Figure(
                ratio, min(one.n for one in indices), max(0.0, ratio - half), min(1.0, ratio + half), "delta"
            )
            found[unit, period, ALL, ALL, ALL, "balance", ALL] = figure
        return found

    def changes(self, shown: set[Key]) -> dict[Key, tuple[str, Change]]:
        """Change of each shown row whose compared row is shown too; the index on the dimensions both have."""
        found = {}
        steps = (
            self.periods_a_year
            if self.home.organisation.get("compare_with", "last_year") == "last_year"
            else 1
        )
        for key in shown & self.figures.keys():
            before = (key[0], self.years_before(key[1], steps), *key[2:])
            if before not in shown or before not in self.figures or self.kpis[key[5]]["method"] in UNCOMPARED:
                continue
            now, then = self.figures[key], self.figures[before]
            if self.kpis[key[5]]["method"] == "weighted_index":
                common = self.present(key[:4]) & self.present(before[:4])
                if not common:
                    continue
                now, then = self.index(key[:4], common), self.index(before[:4], common)
            if told := change(now, then):
                found[key] = (before[1], told)
        return found


def last_day(period: str) -> dt.date:
    year, part = int(period[:4]), period[5:]
    month = int(part[1]) * 3 if part.startswith("Q") else int(part or 12)
    grain = "quarter" if part.startswith("Q") else "month" if part else "year"
    return period_of(dt.date(year, month, 1), grain)[1]
