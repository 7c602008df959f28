"""The written figures of docs/verbatims.md, computed again on the half of the labelled comments kept apart."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pipelines.verbatims import Analyser
from tests.unit.verbatims.agreement import FRAMEWORK, agreement, found_themes, labelled, tones

PAGE = Path(__file__).parents[3] / "docs" / "verbatims.md"
MARGIN = 0.01  # of a written figure: what a better word elsewhere may cost


def written(name: str) -> list[float]:
    """The figures of one line of the page's tables."""
    line = next(
        line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith(f"| {name} |")
    )
    return [
        float(cell.replace(",", "")) for cell in line.split("|")[2:-1] if re.fullmatch(r" -?[\d.,]+ ", cell)
    ]


@pytest.mark.real
def test_agreement_with_people_is_as_written_and_better_than_the_majority(real: Path) -> None:
    path = real / "customer" / "nhs_comments" / "v6framework_230831.csv"
    comments, analyser = labelled(path, apart=True), Analyser()
    found = tones(comments, analyser)
    for name in ("all", "decided", "majority"):
        n, *shares = written(name)
        assert found[name].n == pytest.approx(n, rel=0.02)
        for share, one in zip(shares, found[name][1:], strict=True):
            assert one >= share - MARGIN, name
    for name in ("all", "decided"):
        assert found[name].macro_f1 > found["majority"].macro_f1 + 0.2
        assert found[name].kappa > found["majority"].kappa + 0.3
    for code, one in found_themes(comments, analyser).items():
        n, precision, recall = written(f"`{code}`")
        assert one.n == n
        assert one.precision >= precision - 2 * MARGIN, code
        assert one.recall >= recall - 2 * MARGIN, code
    assert len(FRAMEWORK) == 7


def test_agreement_on_a_worked_example() -> None:
    """Cohen's kappa of 50 proposals, .40: observed agreement .70, by chance .50 (the textbook 20, 5, 10, 15)."""
    people = [1] * 25 + [-1] * 25
    ours = [1] * 20 + [-1] * 5 + [1] * 10 + [-1] * 15
    found = agreement(people, ours)
    assert (found.n, round(found.accuracy, 6), round(found.kappa, 6)) == (50, 0.7, 0.4)
    f1 = (2 * 20 / (25 + 30) + 2 * 15 / (25 + 20)) / 3  # the third tone is nobody's
    assert found.macro_f1 == pytest.approx(f1)


def test_the_majority_agrees_no_more_than_chance() -> None:
    found = agreement([1, 1, 1, 0, -1], [1] * 5)
    assert (found.accuracy, found.kappa) == (0.6, 0.0)
