"""A Markdown table, and the names units have in README.md."""

from __future__ import annotations

from collections.abc import Sequence

REGIONS = {"reg_nord": "Nord", "reg_ouest": "Ouest", "reg_sud": "Sud"}
UNITS = {"rivage": "Group", **REGIONS}


def table(title: str, header: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Floats with one decimal."""
    lines = [f"**{title}**", "", "| " + " | ".join(header) + " |", "|" + "---|" * len(header)]
    lines += [
        "| " + " | ".join(f"{cell:.1f}" if isinstance(cell, float) else str(cell) for cell in row) + " |"
        for row in rows
    ]
    return "\n".join(lines) + "\n"
