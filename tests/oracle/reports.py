"""What rows say of each other: changes judged together, values drawn together for ranking, falls seen early."""

from __future__ import annotations

import math
from collections import defaultdict
from typing import Any, NamedTuple

from tests.oracle.base import Key
from tests.oracle.intervals import discovered, t_exact
from tests.oracle.scoring import ALL
from tests.oracle.sides import relations
from tests.oracle.visible import PROTECTED, PUBLISHED, UNDECIDED, Seen, change_p, side_of

DECAY = 0.7  # 1 − the smoothing of 0.3
BASELINE = 4
RANKED = {"weighted_index", "pomp_mean", "net_promoter", "top_box", "outcome_mean"}


def labels(seen: Seen) -> dict[Key, str | None]:
    """`noise`, `small_but_real` or `real_and_large`: Benjamini and Hochberg over the changes of a period and family of segments."""
    reports: dict[tuple[str, str], list[Key]] = defaultdict(list)
    for key, row in seen.rows.items():
        if row["change_ci_low"] is not None:
            reports[key[1], key[3].partition("__")[0]].append(key)
    found: dict[Key, str | None] = {}
    for keys in reports.values():
        real = discovered([seen.rows[key]["change_p_value"] for key in keys])
        for key, sure in zip(keys, real, strict=True):
            row, span = seen.rows[key], seen.kpis[key[5]].get("range")
            smallest = seen.home.framework["smallest_effect"] * (
                min(1, (span[1] - span[0]) / 100) if span else 1
            )
            inside = row["change_ci_low"] <= 0 <= row["change_ci_high"]
            large = abs(row["change_value"]) >= smallest
            found[key] = "noise" if inside or not sure else "real_and_large" if large else "small_but_real"
    return found


def p_values(seen: Seen) -> dict[Key, list[float]]:
    """P values that each published change may have (two where a rounding decides)."""
    return {
        key: change_p(row, row, seen.rows.get((key[0], row["compared_period_code"], *key[2:])))
        for key, row in seen.rows.items()
        if row["change_ci_low"] is not None
    }


def ranking(seen: Seen) -> dict[Key, float]:
    """Empirical Bayes: leaf units drawn to their weighted mean, the variance between them by Paule and Mandel."""
    groups: dict[tuple[str, ...], list[Key]] = defaultdict(list)
    for key, row in seen.rows.items():
        ranked = seen.kpis[key[5]]["method"] in RANKED and key[3:5] == (ALL, ALL)
        if (
            ranked
            and row["status"] == PUBLISHED
            and row["ci_low"] is not None
            and key[0] in seen.leaves(key[1])
        ):
            groups[key[1], key[2], key[5], key[6]].append(key)
    found = {}
    for keys in groups.values():
        if len(keys) >= 3:
            values = [seen.rows[key]["value"] for key in keys]
            variances = [side_of(seen.rows[key]).variance for key in keys]
            least = min((v for v in variances if v > 0), default=0)
            found.update(zip(keys, shrunken(values, [v or least for v in variances]), strict=True))
    return found


def shrunken(values: list[float], variances: list[float]) -> list[float]:
    if not any(variances):
        return values

    def mean_and_chi(between: float) -> tuple[float, float]:
        weights = [1 / (between + v) for v in variances]
        mean = math.fsum(w * y for w, y in zip(weights, values, strict=True)) / math.fsum(weights)
        return mean, math.fsum(w * (y - mean) ** 2 for w, y in zip(weights, values, strict=True))

    low, high = 0.0, 1e5 if mean_and_chi(0)[1] > len(values) - 1 else 0.0
    for _ in range(100):
        middle = (low + high) / 2
        low, high = (middle, high) if mean_and_chi(middle)[1] > len(values) - 1 else (low, middle)
    mean = mean_and_chi(high)[0]
    return [mean + high / (high + v) * (y - mean) for y, v in zip(values, variances, strict=True)]


def early_warning(seen: Seen, code: str, kpi: dict[str, Any]) -> None:
    """Deviations of a side's index from its first four published periods, each weighing 0.7 of the next.

    The value alone: its limits rest on what all units did before, which tests/unit/stats checks by simulation.
    """
    for first, second in relations(seen, "symmetry"):
        for unit in {key[0] for key in seen.plain("rqi", first)}:
            past: list[tuple[int, float]] = []
            for place, period in enumerate(seen.period_codes):
                row = seen.rows.get((unit, period, first, ALL, ALL, "rqi", ALL))
                if row is None:
                    continue
                own: Key = (unit, period, first, ALL, second, code, ALL)
                if row["status"] == PROTECTED:
                    seen.add(own, PROTECTED)
                    continue
                if row["status"] == PUBLISHED:
                    past.append((place, row["value"]))
                if len(past) <= BASELINE or row["status"] != PUBLISHED:
                    seen.add(own, UNDECIDED, n=row["n"], verdict_code="not_enough_data")
                    continue
                level = math.fsum(value for _, value in past[:BASELINE]) / BASELINE
                weights = [DECAY ** (place - at) for at, _ in past[BASELINE:]]
                fall = math.fsum(
                    w * (v - level) for w, (_, v) in zip(weights, past[BASELINE:], strict=True)
                ) / sum(weights)
                seen.add(own, PUBLISHED, value=fall, n=row["n"], method="ewma_cusum")


class Limit(NamedTuple):
    """What an early warning's interval rests on beyond sampling: `movement`, points², alike for all units with `points` alike."""

    points: tuple[int, ...]  # periods of the figures it holds
    movement: float
    signals: bool  # the smoothed fall alone is one at a third of the rate of false alarms, spread over a year


def early_limits(seen: Seen, code: str, kpi: dict[str, Any]) -> dict[Key, Limit]:
    """Movement of true scores that each interval allows for, worked back from its width and the errors of its points."""
    found = {}
    places = {period: place for place, period in enumerate(seen.period_codes)}
    for key, told in seen.by_kpi[code].items():
        if told["status"] != PUBLISHED:
            continue
        rows = seen.plain("rqi", key[2])
        past = sorted(
            k[1]
            for k, row in rows.items()
            if k[0] == key[0] and row["status"] == PUBLISHED and k[1] <= key[1]
        )
        parts = [side_of(rows[(key[0], period, *key[2:4], ALL, "rqi", ALL)]) for period in past]
        decay = [DECAY ** (places[key[1]] - places[period]) for period in past[BASELINE:]]
        weights = [1 / BASELINE] * BASELINE + [weight / sum(decay) for weight in decay]
        errors = [w * w * part.variance for w, part in zip(weights, parts, strict=True)]
        doubt = math.fsum(error**2 / part.df for error, part in zip(errors, parts, strict=True))
        half = (told["ci_high"] - told["ci_low"]) / 2
        low, high = 0.0, 1e4  # movement m such that half = t(df(m))·√(errors + m), df of Satterthwaite
        for _ in range(100):
            total = math.fsum(errors) + (low + high) / 2
            low, high = (
                ((low + high) / 2, high)
                if t_exact(total**2 / doubt) * math.sqrt(total) < half
                else (low, (low + high) / 2)
            )
        tail = kpi["false_alarm_rate"] / 3 / seen.marts.periods_a_year
        total = math.fsum(errors) + high
        signals = told["value"] < -t_exact(total**2 / doubt, 1 - tail) * math.sqrt(total)
        found[key] = Limit(tuple(places[period] for period in past), high, signals)
    return found
