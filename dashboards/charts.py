"""Plotly figures: one ink, one accent, intervals as bands, gaps where nothing may be shown.

A figure receives rows of the snapshot and draws them; it decides scales and positions, never a value.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import plotly.graph_objects as go
import streamlit as st
from plotly.subplots import make_subplots

from dashboards import breaks
from dashboards.snapshot import Row
from dashboards.wording import NARROW, Words, in_chart

CONFIG = {"displayModeBar": False, "scrollZoom": False, "doubleClick": False}
FONT = "Source Sans, sans-serif"
SYMBOLS = ("circle", "square", "diamond", "triangle-up", "cross")
DASHES = ("solid", "solid", "solid", "dot", "dash")


@dataclass(frozen=True)
class Palette:
    """Colours of one theme; text holds 4.5:1 and marks 3:1 on its background."""

    ink: str
    accent: str
    muted: str
    last_year: str
    rule: str
    up: str
    down: str

    def line(self, index: int) -> str:
        """Colour of the n-th line: ink, accent, grey, then again with another dash."""
        return (self.ink, self.accent, self.muted)[index % 3]


LIGHT = Palette("#1B2430", "#1F5FA8", "#646D78", "#B9C0C9", "#E3E6EA", "#1F5FA8", "#B3500A")
DARK = Palette("#E8ECF1", "#7FB2EE", "#98A2AE", "#5A6573", "#2B343F", "#7FB2EE", "#F0A35E")


def palette() -> Palette:
    """The palette of the reader's theme."""
    return DARK if st.context.theme.type == "dark" else LIGHT


def _translucent(colour: str, alpha: float) -> str:
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red},{green},{blue},{alpha})"


def base(figure: Any, words: Words, height: int, colours: Palette) -> Any:
    """Shared look: no legend (lines carry their name), thin horizontal rules, the language's decimals."""
    figure.update_layout(
        height=height,
        margin={"l": 8, "r": 8, "t": 28, "b": 8},
        showlegend=False,
        hovermode="closest",
        dragmode=False,
        separators={"fr": "," + NARROW, "en": ".,"}[words.language],
        plot_bgcolor="rgba(0,0,0,0)",
        paper_bgcolor="rgba(0,0,0,0)",
        font={"size": 13, "color": colours.ink, "family": FONT},
        hoverlabel={"font": {"size": 13, "family": FONT}},
    )
    figure.update_xaxes(
        showgrid=False,
        zeroline=False,
        fixedrange=True,
        linecolor=colours.muted,
        tickfont={"size": 12, "color": colours.muted},
        ticks="",
        tickmode="array",
        tickangle=0,
    )
    figure.update_yaxes(
        gridcolor=colours.rule,
        zeroline=False,
        fixedrange=True,
        tickfont={"size": 12, "color": colours.muted},
        automargin=True,
    )
    return figure


def common_range(rows: list[Row]) -> tuple[float, float]:
    """One scale for every panel: the intervals shown, out to the next multiple of five."""
    ends = [float(row[end]) for row in rows for end in ("value", "ci_low", "ci_high") if row[end] is not None]
    if not ends:
        return 0.0, 100.0
    return math.floor((min(ends) - 1) / 5) * 5.0, math.ceil((max(ends) + 1) / 5) * 5.0


def _runs(rows: list[Row]) -> list[list[Row]]:
    """Stretches that may be joined by a line: a protected wave or a changed definition breaks it."""
    runs: list[list[Row]] = []
    before: Row | None = None
    for row in rows:
        if row["value"] is None:
            before = None
            continue
        if before is None or _version(before) != _version(row):
            runs.append([])
        runs[-1].append(row)
        before = row
    return runs


def _version(row: Row) -> tuple[Any, Any]:
    return row["definition_version"], row.get("instrument_version")


def _hover(words: Words, name: str, row: Row, period: str) -> str:
    shown = {"period": period, "name": name, "value": words.measure(row["value"], row.get("unit_of_measure"))}
    if row["ci_low"] is None or row["n"] is None:
        return words("hover_plain", **shown)
    return words(
        "hover",
        **shown,
        interval=words.interval(row["ci_low"], row["ci_high"], None),
        n=words.number(row["n"], 0),
    )


@dataclass(frozen=True)
class Axis:
    """The time axis: place and label of each period, in order."""

    place: dict[str, int]
    label: dict[str, str]

    @classmethod
    def of(cls, words: Words, rows: list[Row]) -> Axis:
        """From dim_periods rows in time order."""
        return cls(
            {row["period_code"]: i for i, row in enumerate(rows)},
            {row["period_code"]: in_chart(words.of(row, "label")) for row in rows},
        )

    @property
    def span(self) -> list[float]:
        """Half a period of room on both sides."""
        return [-0.5, len(self.place) - 0.5]


def draw_line(
    figure: Any,
    words: Words,
    rows: list[Row],
    name: str,
    time: Axis,
    index: int,
    colours: Palette,
    at: dict[str, int],
    size: int = 6,
) -> None:
    """One measured series: interval band, line, a marker per wave."""
    colour = colours.line(index)
    for run in _runs(rows):
        x = [time.place[row["period_code"]] for row in run]
        if all(row["ci_low"] is not None for row in run) and len(run) > 1:
            figure.add_trace(
                go.Scatter(
                    x=x + x[::-1],
                    y=[row["ci_high"] for row in run] + [row["ci_low"] for row in reversed(run)],
                    fill="toself",
                    fillcolor=_translucent(colour, 0.14),
                    line={"width": 0},
                    mode="lines",
                    hoverinfo="skip",
                ),
                **at,
            )
        figure.add_trace(
            go.Scatter(
                x=x,
                y=[row["value"] for row in run],
                mode="lines+markers",
                name=name,
                line={"color": colour, "width": 2.2, "dash": DASHES[index % len(DASHES)]},
                marker={"size": size, "symbol": SYMBOLS[index % len(SYMBOLS)], "color": colour},
                text=[_hover(words, name, row, time.label[row["period_code"]]) for row in run],
                hovertemplate="%{text}<extra></extra>",
            ),
            **at,
        )


def _spread(wanted: list[float], room: float) -> list[float]:
    """Push labels apart so that none covers another; order is kept."""
    placed: list[float] = []
    order = sorted(range(len(wanted)), key=lambda i: wanted[i])
    result = list(wanted)
    for i in order:
        result[i] = max(wanted[i], placed[-1] + room) if placed else wanted[i]
        placed.append(result[i])
    return result


def end_labels(
    figure: Any,
    words: Words,
    series: list[list[Row]],
    scale: tuple[float, float],
    time: Axis,
    colours: Palette,
) -> None:
    """Names at the right end instead of a legend; an older wave says its period."""
    low, high = scale
    latest = list(time.place)[-1]

    def when(row: Row) -> str:
        return "" if row["period_code"] == latest else f"<br>{time.label[row['period_code']]}"

    last = [
        (index, next((row for row in reversed(rows) if row["value"] is not None), None))
        for index, rows in enumerate(series)
    ]
    shown = [(index, row) for index, row in last if row is not None]
    heights = _spread([float(row["value"]) for _, row in shown], (high - low) * 0.105)
    for (index, row), y in zip(shown, heights, strict=True):
        value = words.measure(row["value"], row["unit_of_measure"])
        figure.add_annotation(
            x=1.01,
            xref="paper",
            y=y,
            yref="y",
            xanchor="left",
            showarrow=False,
            align="left",
            text=f"<b>{in_chart(words.of(row, 'stakeholder'))} {value}</b>{when(row)}",
            font={"color": colours.line(index), "size": 13},
        )


def definition_break(
    figure: Any, words: Words, series: list[list[Row]], time: Axis, colours: Palette
) -> None:
    """A dotted line where the definition changed: values on both sides are not comparable."""
    for rows in series:
        for before, after in pairwise(rows):
            if before["definition_version"] != after["definition_version"]:
                x = time.place[after["period_code"]] - 0.5
                figure.add_vline(x=x, line={"color": colours.muted, "dash": "dot", "width": 1}, row=1, col=1)
                figure.add_annotation(
                    x=x + 0.05,
                    y=0.03,
                    yref="y domain",
                    text=words("definition_break"),
                    showarrow=False,
                    xanchor="left",
                    font={"size": 12, "color": colours.muted},
                )
                return


def indices_above_margin(
    words: Words,
    axis: list[Row],
    headline: list[Row],
    margin: list[Row],
    reported: bool,
    known_breaks: list[Row] | None = None,
) -> Any:
    """Index of each stakeholder over operating margin: two aligned panels on one time axis."""
    known = known_breaks or []
    colours, time = palette(), Axis.of(words, axis)
    rows = breaks.versioned([as_line(row) for row in headline if row["period_code"] in time.place], known)
    codes = list(dict.fromkeys(row["stakeholder_code"] for row in rows))
    series = [[row for row in rows if row["stakeholder_code"] == code] for code in codes]
    money = [
        row for row in margin if row["period_code"] in time.place and row["operating_margin"] is not None
    ]
    panels, upper = 2 if money else 1, "series_index_reported" if reported else "series_index"
    figure = make_subplots(
        rows=panels,
        cols=1,
        shared_xaxes=True,
        vertical_spacing=0.13,
        row_heights=[0.64, 0.36] if money else [1.0],
        subplot_titles=[words(title) for title in (upper, "series_margin")][:panels],
    )
    for title in figure.layout.annotations:
        title.update(x=0, xanchor="left", font={"size": 13, "color": colours.muted})
    for index, line in enumerate(series):
        draw_line(
            figure,
            words,
            line,
            in_chart(words.of(line[0], "stakeholder")),
            time,
            index,
            colours,
            {"row": 1, "col": 1},
        )
    scale = common_range(rows)
    base(figure, words, 500 if money else 340, colours)
    figure.update_yaxes(range=scale, row=1, col=1)
    figure.update_xaxes(
        range=time.span, tickvals=list(time.place.values()), ticktext=list(time.label.values())
    )
    if money:
        _margin_bars(figure, words, money, time, colours)
        breaks.draw(figure, words, breaks.of(known, breaks.FINANCE), axis, colours.muted, 2, 1, True)
    end_labels(figure, words, series, scale, time, colours)
    definition_break(figure, words, series, time, colours)
    breaks.draw(figure, words, breaks.of(known, *codes), axis, colours.muted, 1, 1, True)
    figure.update_layout(margin={"r": 150, "t": 28})
    return figure


def as_line(row: Row) -> Row:
    """The headline columns under the names every series uses."""
    return row | {name: row[f"headline_{name}"] for name in ("value", "n", "ci_low", "ci_high")}


def _margin_bars(figure: Any, words: Words, money: list[Row], time: Axis, colours: Palette) -> None:
    """This year solid and dark; the same period a year earlier lighter, just behind and to the left."""
    for column, offset, colour, name in (
        ("last_year", -0.40, colours.last_year, "last_year"),
        ("operating_margin", -0.20, colours.ink, "this_year"),
    ):
        known = [row for row in money if row[column] is not None]
        figure.add_trace(
            go.Bar(
                x=[time.place[row["period_code"]] for row in known],
                y=[float(row[column]) for row in known],
                width=0.58,
                offset=offset,
                marker={"color": colour, "line": {"width": 0}},
                hovertemplate="%{text}<extra></extra>",
                textposition="none",
                text=[
                    words(
                        "hover_plain",
                        period=time.label[row["period_code"]],
                        name=words(name),
                        value=words.share(row[column]),
                    )
                    for row in known
                ],
            ),
            row=2,
            col=1,
        )
    latest = money[-1]
    figure.add_annotation(
        x=1.01,
        xref="paper",
        y=float(latest["operating_margin"]),
        yref="y2",
        xanchor="left",
        showarrow=False,
        text=f"<b>{words.share(latest['operating_margin'])}</b>",
        font={"color": colours.ink, "size": 13},
    )
    figure.update_layout(barmode="overlay")
    values = [
        0.0,
        *(float(row[c]) for row in money for c in ("operating_margin", "last_year") if row[c] is not None),
    ]
    step = 0.05 if max(values) - min(values) < 0.25 else 0.1
    ticks = [step * i for i in range(math.floor(min(values) / step), math.ceil(max(values) / step) + 1)]
    figure.update_yaxes(
        zeroline=True,
        zerolinecolor=colours.muted,
        range=[ticks[0], ticks[-1]],
        row=2,
        col=1,
        tickmode="array",
        tickvals=ticks,
        ticktext=[words.share(tick, 0) for tick in ticks],
    )
