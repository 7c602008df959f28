"""The page of the documentation: what was expected, what was got, and every cell of the simulations."""

from __future__ import annotations

from collections.abc import Sequence

from pipelines.verify.lines import Line
from pipelines.verify.simulated import Table

OPENING = """\
# Are the numbers right?

Made by `relier verify --write docs/verified-numbers.md`: offline, with fixed seeds, by the functions that compute the
scorecard. `relier verify` alone prints the same lines and ends with code 1 when one of them drifts. Figures of
publications agree in every decimal that they give; simulations go through at least {draws:,} samples a cell, or
through every possible outcome, which is exact. The citations of the inputs are in
`pipelines/verify/reference/NOTICE` and `examples/civil_service/NOTICE`; the two ledgers do not travel with the code
and are not checked where they are absent.
"""


def page(found: Sequence[Line | Table], draws: int) -> str:
    """Markdown: a section per target, its lines as a table, then its cells."""
    parts = [OPENING.format(draws=draws)]
    for target in dict.fromkeys(one.target for one in found):
        own = [one for one in found if one.target == target]
        lines = [one for one in own if isinstance(one, Line)]
        rows = [(one.name, one.expected, one.got or "", one.source, one.verdict) for one in lines]
        parts.append(f"## {target}\n\n{_table(('number', 'expected', 'got', 'source', 'verdict'), rows)}")
        for one in own:
            if isinstance(one, Table):
                parts.append(f"### {one.title}\n\n{one.said}\n\n{_table(one.header, one.rows)}")
    return "\n".join(parts)


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |\n" for line in lines)
