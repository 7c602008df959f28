"""Worked examples of publications: drivers, reliability, multiple comparisons, a net promoter score."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from pipelines.stats import nps_adjusted_wald
from pipelines.stats.drivers import johnson, lmg
from pipelines.stats.multiplicity import LEVEL, discoveries
from pipelines.stats.reliability import cronbach_alpha
from pipelines.verify.lines import Inputs, Line, rounded

JOHNSON, ATTITUDE = "Johnson weights", "R data set attitude"
FALSE_DISCOVERIES, PROMOTERS = "Benjamini–Hochberg 1995", "Net promoter score"
EXAMPLE = "example of R iopsych::relWt"
SURVEY = "Chatterjee and Price, Regression Analysis by Example; R data set attitude"
PAPER = "Benjamini and Hochberg 1995, J. R. Stat. Soc. B 57:289–300"


def lines(inputs: Inputs) -> Iterator[Line]:
    """Every number of a published worked example."""
    matrix = np.loadtxt(inputs.reference / "johnson_weights.csv", delimiter=",", skiprows=1)
    weights = (".24066119", ".05492664", ".12143476", ".28158189")
    yield rounded(JOHNSON, "weights of 4 predictors", weights, johnson(matrix).tolist(), EXAMPLE)

    table = np.loadtxt(inputs.reference / "attitude.csv", delimiter=",", skiprows=1)
    found = lmg(np.corrcoef(np.roll(table, -1, axis=1), rowvar=False))
    yield rounded(ATTITUDE, "R² of rating on the 6 others", (".7326",), [float(found.sum())], SURVEY)
    shares = (".3708", ".0509", ".1558", ".1203", ".0066", ".0282")
    yield rounded(ATTITUDE, "LMG shares of the 6", shares, found.tolist(), SURVEY)

    alpha = cronbach_alpha(len(table), table.sum(axis=0), table.T @ table)
    yield rounded(ATTITUDE, "Cronbach α of the 7 items", (".8431",), [float(alpha.raw)], SURVEY)
    yield rounded(ATTITUDE, "the same, standardised", (".8391",), [float(alpha.standardised)], SURVEY)

    p_values = np.loadtxt(inputs.reference / "p_values.csv", skiprows=1)
    rejected = [float(discoveries(p_values, np.zeros_like(p_values)).sum())]
    yield rounded(FALSE_DISCOVERIES, "rejections of 15 at 5 %", ("4",), rejected, PAPER)
    alone = [float((p_values * p_values.size <= LEVEL).sum())]
    yield rounded(FALSE_DISCOVERIES, "rejections by Bonferroni", ("3",), alone, PAPER)

    score = nps_adjusted_wald(19, 9, 8)
    yield rounded(
        PROMOTERS,
        "19 promoters, 9 passives, 8 detractors: score, 95 % interval",
        ("30.6", "2.9", "53.5"),
        score[:3],
        "adjusted Wald, Rocks 2016, The American Statistician 70:365–372",
    )
