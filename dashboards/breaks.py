"""Breaks of series: from that day the questionnaire, or the chart of accounts, is another version.

A line is cut where the versions are not comparable; a break is always drawn, with its note, on every chart of time.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from dashboards.snapshot import Row
from dashboards.wording import Words, in_chart

FINANCE = "finance"
LONGEST_NOTE = 44  # a longer one is written under the chart only


def versioned(rows: list[Row], breaks: list[Row], stakeholder: str | None = None) -> list[Row]:
    """Each row with the number of its instrument's version: rows of two versions are never joined by a line."""
    return [
        row
        | {
            "instrument_version": sum(
                not one["is_comparable"]
                and one["stakeholder_code"] == (stakeholder or row["stakeholder_code"])
                and one["starts_date"] <= row["end_date"]
                for one in breaks
            )
        }
        for row in rows
    ]


def of(breaks: list[Row], *stakeholders: str) -> list[Row]:
    """The breaks of some stakeholders (or of finance), in time order."""
    return [one for one in breaks if one["stakeholder_code"] in stakeholders]


def place(one: Row, axis: list[Row]) -> float | None:
    """Where a break stands between the periods of an axis; None where it is not between two of them."""
    before = sum(period["end_date"] < one["starts_date"] for period in axis)
    return before - 0.5 if 0 < before < len(axis) else None


def drawn(breaks: list[Row], axis: list[Row]) -> list[Row]:
    """The breaks that a chart on this axis shows."""
    return [one for one in breaks if place(one, axis) is not None]


def draw(
    figure: Any,
    words: Words,
    breaks: list[Row],
    axis: list[Row],
    colour: str,
    row: int,
    col: int,
    named: bool,
) -> None:
    """A dashed upright line per break and, when `named`, its note or that there is one."""
    suffix = figure.get_subplot(row, col).yaxis.plotly_name.removeprefix("yaxis")
    for level, one in enumerate(drawn(breaks, axis)):
        x = place(one, axis)
        figure.add_vline(x=x, line={"color": colour, "dash": "dash", "width": 1}, row=row, col=col)
        if named:
            note = words.of(one, "label")
            figure.add_annotation(
                x=x,
                xref=f"x{suffix}",
                y=0.97 - 0.1 * level,
                yref=f"y{suffix} domain",
                xanchor="left",
                xshift=4,
                showarrow=False,
                text=in_chart(note if len(note) <= LONGEST_NOTE else words("break_short")),
                font={"size": 12, "color": colour},
            )


def crossed(breaks: list[Row], start: dt.date | None, end: dt.date | None) -> list[Row]:
    """The breaks that forbid a comparison of a period that ends at `start` with one that ends at `end`."""
    if start is None or end is None:
        return []
    return [one for one in breaks if not one["is_comparable"] and start < one["starts_date"] <= end]
