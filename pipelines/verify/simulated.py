"""What mathematics promises of our intervals, labels and verdicts, held by simulation on a declared grid."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from pipelines.stats import nps_adjusted_wald
from pipelines.stats.simulation import (
    SIZES,
    TEAMS,
    Cell,
    claims,
    coverage_of_counts,
    false_alarms,
    false_discoveries,
    grid,
    mean_of_counts,
    share_of_counts,
)
from pipelines.verify.lines import Inputs, Line, at_least, at_most, between, percent

COVERAGE, DISCOVERIES = "Coverage of the 95 % intervals", "False discoveries among labelled changes"
SUPPORTED, ALARMS = "Relation to finance: false and true claims", "Early warning: false alarms"
METHODS = {
    "t": "normal, skewed (exponential) and 1–5 answers as POMP",
    "Wilson": "shares from 5 to 95 %",
    "adjusted Wald": "net promoter scores",
}
PERIODS, PLANTED, LARGE = 12, 0.75, 15.0
UNITS = (8, 12, 30)
ALARM_RATE, MOVEMENT = 0.05, 3.0


@dataclass(frozen=True)
class Table:
    """Cells to show under the lines of a target."""

    target: str
    title: str
    said: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def lines(inputs: Inputs) -> Iterator[Line | Table]:
    """Every simulated line, and the cells behind it."""
    yield from _coverage(5 * inputs.draws)  # cheap, and read to a tenth of a percent
    yield from _discoveries(inputs.draws)
    yield from _claims(inputs.draws)
    yield from _alarms(inputs.draws)


def _coverage(draws: int) -> Iterator[Line | Table]:
    cells = list(grid(draws))
    for method, populations in METHODS.items():
        own = [cell for cell in cells if cell.method == method]
        source = f"nominal 95 %; {populations}"
        mean = float(np.mean([cell.coverage for cell in own]))
        yield between(COVERAGE, f"{method}: mean over the grid", 0.94, 0.96, mean, source)
        for name, limit, part in (
            ("lowest at n = 10", 0.89, [cell for cell in own if cell.n == 10]),
            ("lowest from n = 30", 0.92, [cell for cell in own if cell.n >= 30]),
        ):
            low = min(part, key=lambda cell: cell.coverage)
            where = f"{low.population}, n = {low.n}"
            yield at_least(COVERAGE, f"{method}: {name}", limit, low.coverage, source, where)
    for method, populations in METHODS.items():
        yield _cells(method, populations, [cell for cell in cells if cell.method == method])
    yield _beyond()


def _cells(method: str, populations: str, cells: list[Cell]) -> Table:
    """Coverage by population and n; below 94 % in bold; an asterisk where it was sampled."""
    by_place = {(cell.population, cell.n): cell for cell in cells}
    names = dict.fromkeys(cell.population for cell in cells)
    rows = [(name, *(_shown(by_place[name, n]) for n in SIZES)) for name in names]
    said = "In percent; bold below 94"
    draws = max(cell.draws for cell in cells)
    said += (
        f"; * from {draws:,} samples, else exact (every possible outcome)."
        if draws
        else "; exact: every possible outcome."
    )
    header = ("population", *(f"n = {n}" for n in SIZES))
    return Table(COVERAGE, f"{method}: {populations}", said, header, tuple(rows))


def _shown(cell: Cell) -> str:
    text = f"{100 * cell.coverage:.1f}" + ("*" if cell.draws else "")
    return f"**{text}**" if cell.coverage < 0.94 else text


def _beyond() -> Table:
    """Where the intervals are known to fail: exact, held to no limit."""
    cases = (
        ("Wilson", "share 1.78 %", share_of_counts, (0.0178, 0.9822), (1, 0)),
        ("Wilson", "share 0.59 %", share_of_counts, (0.0059, 0.9941), (1, 0)),
        (
            "adjusted Wald",
            "98 % promoters, 1 % detractors",
            nps_adjusted_wald,
            (0.98, 0.01, 0.01),
            (100, 0, -100),
        ),
        (
            "t",
            "answers 4 and 5 only, 90 % of them 5",
            mean_of_counts,
            (0, 0, 0, 0.1, 0.9),
            (0, 25, 50, 75, 100),
        ),
    )
    rows = []
    for method, name, interval, shares, worth in cases:
        found = [
            coverage_of_counts(interval, n, {name: shares}, worth, 0, np.random.default_rng(0))[0][name]
            for n in (10, 30)
        ]
        rows.append((method, name, *(f"{100 * coverage:.1f}" for coverage in found)))
    said = (
        "Wilson's interval falls short next to 0 and 100 %, the t interval where answers hardly vary. "
        "Exact figures in percent, outside of the declared grid and held to no limit: read such cells with their n."
    )
    return Table(COVERAGE, "Beyond the grid", said, ("method", "population", "n = 10", "n = 30"), tuple(rows))


def _discoveries(draws: int) -> Iterator[Line | Table]:
    source = "Welch, Benjamini–Hochberg per report, 147 correlated changes"
    still, moved = false_discoveries(0.0, draws), false_discoveries(LARGE, draws)
    yield at_most(DISCOVERIES, "false share, nothing has moved", 0.05, still.false_rate, source)
    yield at_most(
        DISCOVERIES, "false share, a quarter of the teams moved by 15 points", 0.05, moved.false_rate, source
    )
    yield at_least(DISCOVERIES, "such a move is found, 60 answers a wave", 0.8, moved.found[60], source)
    yield Table(
        DISCOVERIES,
        "What is found of a move of 15 points",
        f"Share of {draws:,} reports that label it, by answers a wave; standard deviation of an answer 20 points.",
        tuple(f"n = {n}" for n in TEAMS),
        (tuple(percent(moved.found[n], 1) for n in TEAMS),),
    )


def _claims(draws: int) -> Iterator[Line | Table]:
    source = f"AR(1) finance and score, {PERIODS} periods, {draws:,} panels a cell"
    nothing: list[tuple[str, ...]] = []
    for units in UNITS:
        worst = 0.0
        for persistence in (0.8, 0.95):
            for uneven in (False, True):
                null = claims(units, PERIODS, persistence, 0.0, uneven, draws)
                worst = max(worst, null.supported)
                kind = "uneven, gaps" if uneven else "even"
                nothing.append((f"{units}", f"{persistence:g}", kind, *(percent(share, 1) for share in null)))
        yield at_most(SUPPORTED, f"false “supported”, {units} units, worst of 4 cells", 0.05, worst, source)
    found = {units: claims(units, PERIODS, 0.8, PLANTED, False, draws) for units in UNITS}
    yield at_least(SUPPORTED, "planted effect found “supported”, 30 units", 0.8, found[30].supported, source)
    verdicts = ("supported", "contradicted", "not enough data", "p < 5 %")
    said = (
        "Nothing links finance and score; each follows its own autocorrelated path around unit and period effects. "
        "Shares of panels by verdict, and with a p value below 5 %. The effect of interest is half a standard "
        "deviation; uneven: a whole one, the noise of units from a half to twice, one cell in ten missing."
    )
    header = ("units", "autocorrelation", "units are", *verdicts)
    yield Table(SUPPORTED, "Verdicts where there is nothing to find", said, header, tuple(nothing))
    said = (
        f"Finance follows the score by {PLANTED:g} standard deviations, of which a half is of interest; "
        "autocorrelation 0.8, even. Where the smallest detectable effect is above that of interest, there is not "
        "enough data, whatever the estimate."
    )
    something = tuple((f"{units}", *(percent(share, 1) for share in one)) for units, one in found.items())
    yield Table(SUPPORTED, "Verdicts where there is an effect", said, ("units", *verdicts), something)


def _alarms(draws: int) -> Iterator[Line | Table]:
    """At least `draws` unit-years a cell: a panel is 60 units over two years."""
    source = f"60 units, 12 quarters, 12 to 200 answers, true scores moving by {MOVEMENT:g} points"
    for persistence in (0.0, 0.6, 0.9):
        rate = false_alarms(persistence, MOVEMENT, ALARM_RATE, -(-draws // 120))
        name = f"per unit and year, autocorrelation {persistence:g}, declared rate {percent(ALARM_RATE, 0)}"
        yield at_most(ALARMS, name, ALARM_RATE, rate, source)
