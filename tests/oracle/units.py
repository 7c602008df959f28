"""Derived figures of one unit, from what is published of it and of those beside or under it."""

from __future__ import annotations

import datetime as dt
import math
from typing import Any

from scipy import stats

from tests.oracle.base import Key
from tests.oracle.intervals import t_exact
from tests.oracle.reading import period_of
from tests.oracle.scoring import ALL
from tests.oracle.visible import PROTECTED, PUBLISHED, UNDECIDED, Row, Seen, Side, gap_of, side_of

EXCESS = {
    "equivalent": "like_siblings",
    "above": "above_siblings",
    "below": "below_siblings",
    "undecided": "undecided",
}
LOW = 50.0


def gesture_gap(seen: Seen, code: str, kpi: dict[str, Any]) -> None:
    """Gestures kept less the sincerity the same stakeholder felt; a quadrant by two thresholds."""
    for key, gestures in seen.plain(kpi["of"]).items():
        felt = seen.rows.get((*key[:5], "dimension_score", kpi["dimension"]))
        own: Key = (*key[:5], code, ALL)
        if felt is None:
            continue
        if PROTECTED in (gestures["status"], felt["status"]):
            seen.add(own, PROTECTED)
            continue
        reached = [
            True if row["ci_low"] >= level else False if row["ci_high"] < level else None
            for row, level in (
                (gestures, kpi["thresholds"]["gesture"]),
                (felt, kpi["thresholds"]["intention"]),
            )
        ]
        words = {
            (True, True): "genuine",
            (True, False): "mechanical",
            (False, True): "warm",
            (False, False): "absent",
        }
        gap = gap_of(side_of(felt), side_of(gestures), gestures["value"] - felt["value"])
        seen.add(
            own, PUBLISHED, value=gap.value, n=gestures["n"] + felt["n"], ci_low=gap.low, ci_high=gap.high,
            method="welch", verdict_code=words.get(tuple(reached), "undecided"),
        )  # fmt: skip


def better_together(seen: Seen, code: str, kpi: dict[str, Any]) -> None:
    """Those who used the channels together less the better of those who used one: the smallest of the gains over each."""
    groups = [f"{kpi['segment']}__{group}" for group in (kpi["together"], *kpi["alone"])]
    cells = {(*key[:3], key[4], key[6]) for key in seen.by_kpi[kpi["of"]] if key[3] in groups}
    for unit, period, stakeholder, other, dimension in cells:
        rows = [
            seen.rows.get((unit, period, stakeholder, group, other, kpi["of"], dimension)) for group in groups
        ]
        own: Key = (unit, period, stakeholder, ALL, other, code, dimension)
        if None in rows:
            continue
        if any(row["status"] == PROTECTED for row in rows):
            seen.add(own, PROTECTED)
            continue
        both, *alone = rows
        sides = [(side_of(row), side_of(both)) for row in alone]
        lows = [gap_of(*pair, limit=100).low for pair in sides]
        tail = 1 - 0.025 / len(alone)
        highs = [
            min(100, b.centre - a.centre + t_exact(math.inf, tail) * math.sqrt(a.variance + b.variance))
            for a, b in sides
        ]
        low, high = min(lows), min(highs)
        seen.add(
            own, PUBLISHED, value=both["value"] - max(row["value"] for row in alone), n=sum(row["n"] for row in rows),
            ci_low=low, ci_high=high, method="intersection_union",
            verdict_code="reinforce" if low > 0 else "weaken" if high < 0 else "undecided",
        )  # fmt: skip


def sibling_excess(seen: Seen, code: str, kpi: dict[str, Any]) -> None:
    """A unit's share less that of its visible siblings pooled: Agresti and Caffo."""
    shares = seen.plain(kpi["of"])
    for key, row in shares.items():
        path = seen.paths(key[1]).get(key[0], [])
        if len(path) < 2:
            continue
        beside = [
            unit for unit, other in seen.paths(key[1]).items() if other[1:2] == path[1:2] and unit != key[0]
        ]
        siblings = [found for unit in beside if (found := shares.get((unit, *key[1:])))]
        own: Key = (*key[:5], code, ALL)
        if not siblings:
            continue
        shown = [one for one in siblings if one["status"] == PUBLISHED]
        if row["status"] != PUBLISHED:
            seen.add(own, PROTECTED)
        elif not shown:
            seen.add(own, UNDECIDED, n=row["n"])
        else:
            n = sum(one["n"] for one in shown)
            good = sum(round(one["value"] * one["n"] / 100) for one in shown)
            pooled = (good + 1) / (n + 2)
            side = Side(100 * pooled, 1e4 * pooled * (1 - pooled) / (n + 2), math.inf)
            gap = gap_of(side, side_of(row), row["value"] - 100 * good / n, limit=100)
            seen.add(
                own, PUBLISHED, value=gap.value, n=row["n"], ci_low=gap.low, ci_high=gap.high, method="agresti_caffo",
                verdict_code=EXCESS[gap.proves(seen.home.framework["smallest_effect"])],
            )  # fmt: skip


def concentration(seen: Seen, code: str, kpi: dict[str, Any]) -> None:
    """Concentration index of grouped data, (2/μ)·Σ f·μ_t·R_t − 1, from the poorest group up: Kakwani and others 1997."""
    segment = kpi["segment"]
    groups = [f"{segment}__{group}" for group in seen.home.framework["segments"][segment]["values"]]
    cells = {(*key[:3], key[4], key[6]) for key in seen.by_kpi[kpi["of"]] if key[3] in groups}
    span = seen.kpis[code]["range"]
    margin = seen.home.framework["smallest_effect"] * min(1, (span[1] - span[0]) / 100)
    for unit, period, stakeholder, other, dimension in cells:
        found = [
            seen.rows.get((unit, period, stakeholder, group, other, kpi["of"], dimension)) for group in groups
        ]
        rows = [row for row in found if row]
        own: Key = (unit, period, stakeholder, ALL, other, code, dimension)
        if any(row["status"] == PROTECTED for row in rows):
            seen.add(own, PROTECTED)
            continue
        value, error = kakwani(rows)
        low, high = value - t_exact(math.inf) * error, value + t_exact(math.inf) * error
        half_90 = t_exact(math.inf, 0.95) * error
        even = -margin < value - half_90 and value + half_90 < margin
        verdict = (
            "even"
            if even
            else "towards_richest"
            if low > 0
            else "towards_poorest"
            if high < 0
            else "undecided"
        )
        n = sum(row["n"] for row in rows)
        seen.add(
            own, PUBLISHED, value=value, n=n, ci_low=low, ci_high=high, method="kakwani", verdict_code=verdict
        )


def kakwani(rows: list[Row]) -> tuple[float, float]:
    """Index and standard error: eq. 6, and eq. 14 with the variance of the people inside each group."""
    n = sum(row["n"] for row in rows)
    shares = [row["n"] / n for row in rows]
    means = [row["value"] for row in rows]
    variances = [side_of(row).variance * row["n"] for row in rows]
    mean = math.fsum(f * m for f, m in zip(shares, means, strict=True))
    ranks, below = [], 0.0
    for share in shares:
        ranks.append(below + share / 2)
        below += share
    index = 2 / mean * math.fsum(f * m * r for f, m, r in zip(shares, means, ranks, strict=True)) - 1
    # q_t = (1/μ)·Σ_{γ ≤ t} μ_γ f_γ; a_t = (μ_t/μ)(2R_t − 1 − C) + 2 − q_{t−1} − q_t
    squares, q = [], 0.0
    for f, m, r in zip(shares, means, ranks, strict=True):
        before, q = q, q + f * m / mean
        squares.append(f * (m / mean * (2 * r - 1 - index) + 2 - before - q) ** 2)
    inside = math.fsum(
        f * v * (2 * r - 1 - index) ** 2 for f, v, r in zip(shares, variances, ranks, strict=True)
    )
    variance = (math.fsum(squares) - (1 + index) ** 2) / n + inside / (n * mean**2)
    return index, math.sqrt(variance)


def crisis_share(seen: Seen, code: str, kpi: dict[str, Any]) -> None:
    """Percent of the visible leaf cells under a unit that are low for sure or really falling; latest of twelve months."""
    groups = [s for s, one in seen.home.framework["stakeholders"].items() if "about" not in one]
    periods = {key[1] for group in groups for key in seen.plain("rqi", group)}
    for period in periods:
        cells = {}
        for leaf in seen.leaves(period):
            for group in groups:
                found = (seen.rows.get((leaf, p, group, ALL, ALL, "rqi", ALL)) for p in seen.window(period))
                row = next((row for row in found if row), None)
                if row and row["status"] == PUBLISHED:
                    cells[leaf, group] = row
        for unit in seen.paths(period):
            leaves = seen.under(unit, period)
            rows = [row for (leaf, _), row in cells.items() if leaf in leaves]
            if not leaves:
                continue
            own: Key = (unit, period, ALL, ALL, ALL, code, ALL)
            if len({leaf for leaf, _ in cells if leaf in leaves}) < 3:
                seen.add(own, UNDECIDED, n=len(rows))
                continue
            fell = [
                row["change_label"] in ("small_but_real", "real_and_large") and row["change_value"] < 0
                for row in rows
            ]
            bad = sum(row["ci_high"] < LOW or fall for row, fall in zip(rows, fell, strict=True))
            seen.add(own, PUBLISHED, value=100 * bad / len(rows), n=len(rows), method="count")


def link(seen: Seen, code: str, kpi: dict[str, Any]) -> None:
    """Each declared link: the figure of its KPI, and whether its interval is at or above the level."""
    for name, one in seen.home.framework["links"].items():
        for key, row in seen.plain(one["kpi"], one["stakeholder"]).items():
            own: Key = (*key[:5], code, name)
            if row["status"] == PROTECTED or key[6] != ALL:
                seen.add(own, PROTECTED)
                continue
            sure = row["ci_low"] is not None
            level = one["holds_from"]
            word = (
                "holds"
                if sure and row["ci_low"] >= level
                else "apart"
                if sure and row["ci_high"] < level
                else "undecided"
            )
            figures = {name: row[name] for name in ("value", "n", "ci_low", "ci_high", "method")}
            seen.add(own, row["status"], **figures, verdict_code=word)


def rank_correlation(seen: Seen, code: str, kpi: dict[str, Any]) -> None:
    """Spearman over the leaf units shown; Fisher's z with (1 + r²/2)/(n − 3): Bonett and Wright 2000."""
    x, y = kpi["x"], kpi["y"]
    left, right = seen.plain(x["kpi"], x["stakeholder"]), seen.plain(y["kpi"], y["stakeholder"])
    for period in {key[1] for key in left} & {key[1] for key in right}:
        at = [{key[0]: row for key, row in side.items() if key[1] == period} for side in (left, right)]
        for unit in seen.paths(period):
            leaves = [leaf for leaf in seen.under(unit, period) if all(leaf in side for side in at)]
            pairs = [
                [side[leaf]["value"] for side in at]
                for leaf in leaves
                if all(s[leaf]["status"] == PUBLISHED for s in at)
            ]
            own: Key = (unit, period, x["stakeholder"], ALL, y["stakeholder"], code, ALL)
            if not leaves:
                continue
            n = len(pairs)
            if n < 4 or any(len(set(values)) == 1 for values in zip(*pairs, strict=True)):
                seen.add(own, UNDECIDED, n=n)
                continue
            r = float(stats.spearmanr(pairs).statistic)
            if abs(r) > 1 - 1e-12:  # a perfect order of a few units has no interval
                seen.add(own, UNDECIDED, n=n)
                continue
            half = t_exact(math.inf) * math.sqrt((1 + r * r / 2) / (n - 3))
            low, high = (math.tanh(math.atanh(r) + sign * half) for sign in (-1, 1))
            seen.add(own, PUBLISHED, value=r, n=n, ci_low=low, ci_high=high, method="bonett_wright")


def register_share(seen: Seen, code: str, kpi: dict[str, Any]) -> None:
    """Complete and not overdue relational strategies over the stakeholders surveyed; bodies with relations on the agenda."""
    lines = seen.home.registers[kpi["register"]]
    if not lines:
        return
    if kpi["register"] == "bodies":
        part, total = sum(line["relations_on_agenda"] == "yes" for line in lines), len(lines)
    else:
        asked = {
            source["stakeholder"]
            for source in seen.home.sources.values()
            if source["kind"] == "responses" and source.get("respondents", True)
        }
        groups = {s for s in asked if "about" not in seen.home.framework["stakeholders"][s]}
        needed = ("owner", "objective", "kpi", "target", "review_date")
        written = {
            line["stakeholder"]
            for line in lines
            if line["domain"] == "relation"
            and all(line[name] for name in needed)
            and dt.date.fromisoformat(line["review_date"]) >= seen.home.as_of
        }
        part, total = len(written & groups), len(groups)
    whole(seen, code, part, total)


def relational_weight(seen: Seen, code: str, kpi: dict[str, Any]) -> None:
    lines = [line for line in seen.home.registers["strategy"] if line["weight"]]
    if lines:
        part = math.fsum(float(line["weight"]) for line in lines if line["domain"] == "relation")
        whole(seen, code, part, math.fsum(float(line["weight"]) for line in lines))


def whole(seen: Seen, code: str, part: float, total: float) -> None:
    """One percent at the root, in the period of the as-of date."""
    period, _ = period_of(seen.home.as_of, seen.home.organisation["scorecard_grain"])
    key: Key = (seen.home.root, period, ALL, ALL, ALL, code, ALL)
    seen.add(key, PUBLISHED, value=100 * part / total, method="point")
