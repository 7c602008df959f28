"""Two sides of a relation, from what is published of each: gaps, reciprocity, agreement across units."""

from __future__ import annotations

import math
from typing import Any

from tests.oracle.base import Key
from tests.oracle.intervals import t_exact
from tests.oracle.scoring import ALL
from tests.oracle.visible import PROTECTED, PUBLISHED, UNDECIDED, Gap, Row, Seen, gap_of, side_of

GAP_VERDICTS = {
    "equivalent": "symmetric", "above": "counterparty_higher", "below": "stakeholder_higher", "undecided": "undecided",
}  # fmt: skip
LEAST_SPREAD = 3.0
Compared = dict[tuple[str, str, str], tuple[Gap | None, str]]  # unit, period, dimension -> its gap and status


def latest(seen: Seen, unit: str, period: str, rest: tuple[str, str, str, str, str]) -> Row | None:
    """The side's last row of the twelve months, whatever its status."""
    return next((row for p in seen.window(period) if (row := seen.rows.get((unit, p, *rest)))), None)


def relations(seen: Seen, kind: str) -> list[tuple[str, str]]:
    return [tuple(one["sides"]) for one in seen.home.framework["relations"].values() if one["kind"] == kind]


def mirrored_gap(seen: Seen, code: str, kpi: dict[str, Any]) -> None:
    """Second side less first, by dimension asked in parallel of both and on the whole."""
    for first, second in relations(seen, kpi["kind"]):
        for (unit, period, dimension), (gap, status, n) in gaps(seen, first, second).items():
            key: Key = (unit, period, first, ALL, second, code, dimension)
            if gap:
                seen.add(
                    key, status, value=gap.value, n=n, ci_low=gap.low, ci_high=gap.high, method="welch",
                    verdict_code=GAP_VERDICTS[gap.proves(seen.home.framework["smallest_effect"])],
                )  # fmt: skip
            else:
                seen.add(key, status, n=n, verdict_code="one_side_only")


def gaps(
    seen: Seen, first: str, second: str
) -> dict[tuple[str, str, str], tuple[Gap | None, str, float | None]]:
    mirror = {d: one.get("mirror_id") for d, one in seen.home.framework["dimensions"].items()}
    pairs = [
        (a, b)
        for a in seen.marts.parallel(first)
        for b in seen.marts.parallel(second)
        if mirror[a] == mirror[b]
    ]
    kpi, index = "dimension_score", "mirrored_index"
    found = {}
    for unit, period in sorted(
        {key[:2] for key in seen.by_kpi[kpi] if key[2] in (first, second) and key[3] == ALL}
    ):
        told = {}
        for a, b in pairs:
            one = latest(seen, unit, period, (first, ALL, ALL, kpi, a))
            other = latest(seen, unit, period, (second, ALL, ALL, kpi, b))
            if one or other:
                told[a] = compared(one, other)
        one = latest(seen, unit, period, (first, ALL, second, index, ALL))
        other = latest(seen, unit, period, (second, ALL, first, index, ALL))
        if one and other:
            told[ALL] = compared(one, other)
        elif told:
            told[ALL] = whole(list(told.values()))
        found.update({(unit, period, dimension): one for dimension, one in told.items()})
    return found


def compared(one: Row | None, other: Row | None) -> tuple[Gap | None, str, float | None]:
    sides = [row for row in (one, other) if row]
    if any(row["status"] == PROTECTED for row in sides):
        return None, PROTECTED, None
    if len(sides) < 2:
        return None, UNDECIDED, sides[0]["n"]
    return gap_of(side_of(sides[0]), side_of(sides[1])), PUBLISHED, sum(row["n"] for row in sides)


def whole(told: list[tuple[Gap | None, str, float | None]]) -> tuple[Gap | None, str, float | None]:
    """Where there is no index of one side: protected as its dimensions are, else asked of one side alone."""
    if any(status == PROTECTED for _, status, _ in told):
        return None, PROTECTED, None
    return None, UNDECIDED, max((n for *_, n in told if n is not None), default=None)


def reciprocity(seen: Seen, code: str, kpi: dict[str, Any]) -> None:
    """100 − (mean |gap| − √(2/π)·mean error): what the two sides see differently beyond noise."""
    margin = seen.home.framework["smallest_effect"]
    for first, second in relations(seen, kpi["kind"]):
        all_gaps = gaps(seen, first, second)
        for unit, period in sorted({key[:2] for key in all_gaps}):
            parts = [one for (u, p, d), one in all_gaps.items() if (u, p) == (unit, period) and d != ALL]
            key: Key = (unit, period, first, ALL, second, code, ALL)
            if any(status == PROTECTED for _, status, _ in parts):
                seen.add(key, PROTECTED)
                continue
            told = [(gap, n) for gap, _, n in parts if gap]
            if not told:
                seen.add(key, UNDECIDED, n=max(n for *_, n in parts))
                continue
            apart = math.fsum(abs(gap.value) for gap, _ in told) / len(told)
            error = math.fsum(gap.error for gap, _ in told) / len(told)
            df = min(gap.df for gap, _ in told)
            noise, half = math.sqrt(2 / math.pi) * error, t_exact(df) * error
            overall = all_gaps[unit, period, ALL][0]
            proved = overall.proves(0) if overall else "undecided"
            verdict = {"above": "one_sided_stakeholder", "below": "one_sided_counterparty"}.get(
                proved, "undecided"
            )
            if apart + t_exact(df, 0.95) * error < margin:
                verdict = "mutual"
            seen.add(
                key, PUBLISHED, value=within(100 - (apart - noise)), n=max(n for _, n in told),
                ci_low=within(100 - apart - half), ci_high=within(100 - (apart - noise - half)),
                method="folded_normal", verdict_code=verdict,
            )  # fmt: skip


def within(value: float) -> float:
    return max(0.0, min(100.0, value))


def across(seen: Seen, kpi: dict[str, Any]) -> list[tuple[Key, list[tuple[Row, Row]]]]:
    """Leaf units under each unit and period whose two mirrored indices are shown, by relation."""
    found = []
    for first, second in relations(seen, kpi.get("kind", "symmetry")):
        pairs: dict[tuple[str, str], tuple[Row, Row]] = {}
        known = seen.by_kpi["mirrored_index"]
        measured = {key[:2] for key in known if {key[2], key[4]} == {first, second}}
        for unit, period in measured:
            one = latest(seen, unit, period, (first, ALL, second, "mirrored_index", ALL))
            other = latest(seen, unit, period, (second, ALL, first, "mirrored_index", ALL))
            if one and other:
                pairs[unit, period] = one, other
        for period in sorted({period for _, period in pairs}):
            for unit in seen.paths(period):
                leaves = [pairs[leaf, period] for leaf in seen.under(unit, period) if (leaf, period) in pairs]
                if leaves:
                    shown = [pair for pair in leaves if all(row["status"] == PUBLISHED for row in pair)]
                    found.append(((unit, period, first, ALL, second, "", ALL), shown))
    return found


def concordance(seen: Seen, code: str, kpi: dict[str, Any]) -> None:
    """Lin's coefficient of agreement over leaf units: 2·s_xy/(s_x² + s_y² + (x̄ − ȳ)²), Fisher's z of Lin 1989 and 2000."""
    for key, pairs in across(seen, kpi):
        key = (*key[:5], code, ALL)
        n = len(pairs)
        x, y = ([pair[side]["value"] for pair in pairs] for side in (0, 1))
        if n < 3:
            seen.add(key, UNDECIDED, n=n)
            continue
        mean_x, mean_y = math.fsum(x) / n, math.fsum(y) / n
        s_x = math.fsum((a - mean_x) ** 2 for a in x) / n
        s_y = math.fsum((b - mean_y) ** 2 for b in y) / n
        s_xy = math.fsum((a - mean_x) * (b - mean_y) for a, b in zip(x, y, strict=True)) / n
        c = 2 * s_xy / (s_x + s_y + (mean_x - mean_y) ** 2)
        r, u2 = s_xy / math.sqrt(s_x * s_y), (mean_x - mean_y) ** 2 / math.sqrt(s_x * s_y)
        variance = (
            (1 - r * r) * c * c / ((1 - c * c) * r * r)
            + 2 * c**3 * (1 - c) * u2 / (r * (1 - c * c) ** 2)
            - c**4 * u2 * u2 / (2 * r * r * (1 - c * c) ** 2)
        ) / (n - 2)
        half = t_exact(math.inf) * math.sqrt(variance)
        low, high = (math.tanh(math.atanh(c) + sign * half) for sign in (-1, 1))
        seen.add(key, PUBLISHED, value=c, n=n, ci_low=low, ci_high=high, method="lin")


def york_slope(seen: Seen, code: str, kpi: dict[str, Any]) -> None:
    """By how much the second side rises with the first: York's line where units differ enough on the first (Cochran's Q)."""
    for key, pairs in across(seen, kpi):
        key, n = (*key[:5], code, ALL), len(pairs)
        if n < 3 or spread_over_chance([pair[0] for pair in pairs]) < LEAST_SPREAD:
            seen.add(key, UNDECIDED, n=n)
            continue
        low, high = 0.0, 1e6 if york(pairs, 0)[2] > 1 else 0.0
        for _ in range(80):  # Paule and Mandel: as much scatter of their own as brings mswd down to 1
            middle = (low + high) / 2
            low, high = (middle, high) if york(pairs, middle)[2] > 1 else (low, middle)
        slope, error, _ = york(pairs, high)
        half = t_exact(n - 2) * error
        low, high = slope - half, slope + half
        one, zero = low <= 1 <= high, low <= 0 <= high
        word = "more_than_one_for_one" if low > 1 else "less_than_one_for_one" if high < 1 else "one_for_one"
        seen.add(
            key, PUBLISHED, value=slope, n=n, ci_low=low, ci_high=high, method="york",
            verdict_code="undecided" if one and zero else word,
        )  # fmt: skip


def spread_over_chance(rows: list[Row]) -> float:
    """Cochran's Q over its degrees of freedom."""
    weights = [1 / side_of(row).variance for row in rows]
    mean = math.fsum(w * row["value"] for w, row in zip(weights, rows, strict=True)) / math.fsum(weights)
    return math.fsum(w * (row["value"] - mean) ** 2 for w, row in zip(weights, rows, strict=True)) / (
        len(rows) - 1
    )


def york(pairs: list[tuple[Row, Row]], scatter: float) -> tuple[float, float, float]:
    """(slope, its error, mswd) of York and others 2004, eq. 13, `scatter` added to the variance of y.

    The error is the larger of York's, widened by √mswd above 1, and that of the residuals, whose divisor the errors of x leave.
    """
    x, y = ([pair[side]["value"] for pair in pairs] for side in (0, 1))
    vx = [side_of(pair[0]).variance for pair in pairs]
    vy = [side_of(pair[1]).variance + scatter for pair in pairs]
    n, slope = len(pairs), 1.0
    for _ in range(10_000):
        w = [1 / (b + slope**2 * a) for a, b in zip(vx, vy, strict=True)]
        total = math.fsum(w)
        u, v = (
            [z - math.fsum(map(math.prod, zip(w, side, strict=True))) / total for z in side]
            for side in (x, y)
        )
        beta = [k * (p * b + slope * q * a) for k, p, q, a, b in zip(w, u, v, vx, vy, strict=True)]
        bent, over = ([k * b * z for k, b, z in zip(w, beta, side, strict=True)] for side in (u, v))
        before, slope = slope, math.fsum(over) / math.fsum(bent)
        if abs(slope - before) < 1e-13 * max(1, abs(slope)):
            break
    residuals = [q - slope * p for p, q in zip(u, v, strict=True)]
    centre = math.fsum(k * b for k, b in zip(w, beta, strict=True)) / total
    own = 1 / math.sqrt(math.fsum(k * (b - centre) ** 2 for k, b in zip(w, beta, strict=True)))
    mswd = math.fsum(k * r * r for k, r in zip(w, residuals, strict=True)) / (n - 2)
    shown = math.sqrt(
        math.fsum((k * b * r) ** 2 for k, b, r in zip(w, beta, residuals, strict=True)) * n / (n - 2)
    )
    divisor = math.fsum(k * (p * p - a) for k, p, a in zip(w, u, vx, strict=True))
    return slope, max(own * math.sqrt(max(1, mswd)), shown / divisor), mswd
