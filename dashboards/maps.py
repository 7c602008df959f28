"""Figures of units: two scores against each other, verdicts over time, two sides of a relation one above the other."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from dashboards import breaks
from dashboards.charts import (
    Axis,
    Palette,
    base,
    common_range,
    definition_break,
    draw_line,
    end_labels,
    palette,
)
from dashboards.panels import panel_title
from dashboards.snapshot import Row
from dashboards.verdicts import Mark, mark
from dashboards.wording import Words, in_chart

WIDE, HIGH = 600.0, 430.0  # pixels of a plane's plot, about: labels are placed with them
BESIDE = {  # shift, share of the width and lines up: beside the mark, clear of the arms of its cross
    "top right": (4.0, 0.0, 1.0),
    "top left": (-4.0, -1.0, 1.0),
    "bottom right": (4.0, 0.0, -1.0),
    "bottom left": (-4.0, -1.0, -1.0),
}


@dataclass(frozen=True)
class Point:
    """One unit on a plane: its two scores with their intervals (None where there is none), its mark and its hover."""

    name: str
    x: tuple[float, float | None, float | None]
    y: tuple[float, float | None, float | None]
    mark: Mark
    hover: str

    @classmethod
    def of(cls, words: Words, row: Row, x: str, y: str, mark: Mark, hover: str) -> Point | None:
        """From the columns prefixed `x` and `y` of a row; None where either score is not shown."""
        ends = [tuple(row[f"{stem}{column}"] for column in ("value", "ci_low", "ci_high")) for stem in (x, y)]
        if any(end[0] is None for end in ends):
            return None
        return cls(in_chart(words.of(row, "label")), ends[0], ends[1], mark, hover)


@dataclass(frozen=True)
class Lines:
    """What a plane is read against: the diagonal's name, or a threshold on each axis with the names of its corners."""

    diagonal: str | None = None
    x: float | None = None
    y: float | None = None
    corners: tuple[str, ...] = ()  # top left, top right, bottom left, bottom right


def _extent(points: list[Point], lines: Lines) -> tuple[float, float]:
    ends = [float(end) for point in points for end in (*point.x, *point.y) if end is not None]
    ends += [end for end in (lines.x, lines.y) if end is not None]
    return math.floor((min(ends) - 1) / 5) * 5.0, math.ceil((max(ends) + 1) / 5) * 5.0


def _places(points: list[Point], low: float, high: float) -> list[str]:
    """Where each name stands around its mark so that none covers another; "" where there is no room."""

    def at(point: Point) -> tuple[float, float]:
        return (point.x[0] - low) / (high - low) * WIDE, (point.y[0] - low) / (high - low) * HIGH

    taken = [(x - 7, x + 7, y - 7, y + 7) for x, y in map(at, points)]
    found = []
    for own, point in enumerate(points):
        x, y = at(point)
        width, chosen = 7.0 * len(point.name), ""
        for place, (shift, anchor, above) in BESIDE.items():
            left = x + shift + anchor * width
            box = (left, left + width, y + 15 * above - 7, y + 15 * above + 7)
            others = [one for index, one in enumerate(taken) if index != own]
            clear = all(box[0] > b or box[1] < a or box[2] > d or box[3] < c for a, b, c, d in others)
            if clear and box[0] >= 0 and box[1] <= WIDE:
                taken.append(box)
                chosen = place
                break
        found.append(chosen)
    return found


def _reach(points: list[Point], axis: str) -> dict[str, Any]:
    """Half-lengths of an interval on both sides of its score, as plotly takes them."""
    ends = [getattr(point, axis) for point in points]
    return {
        "array": [0 if end[2] is None else end[2] - end[0] for end in ends],
        "arrayminus": [0 if end[1] is None else end[0] - end[1] for end in ends],
        "symmetric": False,
        "thickness": 1,
        "width": 0,
    }


def _shape(one: Mark, size: int, colour: str) -> dict[str, Any]:
    return {"size": size, "symbol": one.symbol, "color": colour, "line": {"width": 1.6, "color": colour}}


def plane(words: Words, points: list[Point], x_title: str, y_title: str, lines: Lines) -> Any:
    """Units by two scores on one scale, each with the cross of its two intervals."""
    colours = palette()
    low, high = _extent(points, lines)
    figure = go.Figure()
    if lines.diagonal:
        figure.add_shape(
            type="line",
            x0=low,
            y0=low,
            x1=high,
            y1=high,
            layer="below",
            line={"color": colours.muted, "width": 1.2},
        )
    for name, value in (("x", lines.x), ("y", lines.y)):
        if value is not None:
            draw = figure.add_vline if name == "x" else figure.add_hline
            draw(**{name: value}, line={"color": colours.muted, "dash": "dash", "width": 1.2}, layer="below")
    for point, place in zip(points, _places(points, low, high), strict=True):
        colour = point.mark.colour(colours)
        figure.add_trace(
            go.Scatter(
                x=[point.x[0]],
                y=[point.y[0]],
                name=point.name,
                mode="markers+text" if place else "markers",
                text=[point.name],
                textposition=place or "middle right",
                textfont={"size": 12, "color": colours.ink},
                marker={
                    "size": 11,
                    "symbol": point.mark.symbol,
                    "color": colour,
                    "line": {"width": 1.6, "color": colour},
                },
                error_x={**_reach([point], "x"), "color": colours.last_year},
                error_y={**_reach([point], "y"), "color": colours.last_year},
                customdata=[point.hover],
                hovertemplate="%{customdata}<extra></extra>",
            )
        )
    base(figure, words, 520, colours)
    figure.update_xaxes(range=[low, high], tickmode="auto", nticks=7, showline=True)
    figure.update_yaxes(range=[low, high], nticks=7)
    _titles(figure, x_title, y_title, lines, colours)
    return figure


def _titles(figure: Any, x_title: str, y_title: str, lines: Lines, colours: Palette) -> None:
    """Names of the axes at their ends, of the diagonal on it, of the corners in them."""

    def write(text: str, x: float, y: float, xanchor: str, yanchor: str, **more: Any) -> None:
        figure.add_annotation(
            text=text,
            x=x,
            y=y,
            xref="x domain",
            yref="y domain",
            xanchor=xanchor,
            yanchor=yanchor,
            showarrow=False,
            font={"size": 13, "color": colours.muted},
            **more,
        )

    write(f"↑ {y_title}", 0, 1.01, "left", "bottom")
    write(f"{x_title} →", 1, -0.06, "right", "top")
    if lines.diagonal:
        write(lines.diagonal, 1, 0.92, "right", "top")
    for text, (x, y) in zip(lines.corners, ((0, 1), (1, 1), (0, 0), (1, 0)), strict=False):
        if text:
            write(
                f"<b>{text}</b>",
                0.01 + 0.98 * x,
                0.015 + 0.97 * y,
                ("left", "right")[x],
                ("bottom", "top")[y],
            )
    figure.update_layout(margin={"t": 34, "b": 46, "r": 18})


def verdict_grid(
    words: Words, axis: list[Row], rows: list[Row], said: dict[str, str], known_breaks: list[Row]
) -> Any:
    """A symbol per unit and period. `rows` in reading order; `said` gives a verdict's words under the pointer."""
    colours, time = palette(), Axis.of(words, axis)
    shown = [row for row in rows if row["period_code"] in time.place]
    names = list(dict.fromkeys(in_chart(words.of(row, "label")) for row in shown))
    figure = make_subplots(rows=1, cols=1)
    for row in shown:
        one, name = mark(row), in_chart(words.of(row, "label"))
        hidden = row["status"] == "protected"
        text = words("protected") if hidden else said.get(row["verdict_code"], said["undecided"])
        place = time.label[row["period_code"]]
        figure.add_trace(
            go.Scatter(
                x=[time.place[row["period_code"]]],
                y=[names.index(name)],
                mode="markers",
                marker=_shape(one, 12, one.colour(colours)),
                hovertemplate=words("hover_plain", period=place, name=name, value=text) + "<extra></extra>",
            )
        )
    base(figure, words, 62 + (36 if len(names) <= 12 else 27) * len(names), colours)
    breaks.draw(figure, words, known_breaks, axis, colours.muted, 1, 1, False)
    told = list(time.place.values())[
        ::-2
    ]  # every other period, the latest first: a label is wider than a column
    figure.update_xaxes(range=time.span, tickvals=told, ticktext=list(time.label.values())[::-2], side="top")
    figure.update_yaxes(
        range=[len(names) - 0.5, -0.5],
        tickvals=list(range(len(names))),
        ticktext=[f"{name}  " for name in names],
        tickfont={"size": 13, "color": colours.ink},
    )
    return figure


@dataclass(frozen=True)
class Pair:
    """One unit's two sides over time: the rows of each, and the periods in alarm."""

    name: str
    first: list[Row]
    second: list[Row]
    alarms: set[str]


def two_sides(words: Words, axis: list[Row], pairs: list[Pair], known_breaks: list[Row]) -> Any:
    """Two aligned panels a unit, the first side above the second, on one scale."""
    colours, time = palette(), Axis.of(words, axis)
    figure = make_subplots(
        rows=2,
        cols=len(pairs),
        shared_xaxes=True,
        shared_yaxes="all",
        horizontal_spacing=0.03,
        vertical_spacing=0.22,
    )
    drawn: list[Row] = []
    titles: list[tuple[int, str]] = []
    for column, pair in enumerate(pairs, start=1):
        for line, side in enumerate((pair.first, pair.second), start=1):
            rows = breaks.versioned([row for row in side if row["period_code"] in time.place], known_breaks)
            if not rows:
                continue
            name = f"{pair.name} · {words.of(rows[0], 'stakeholder')}"
            at = {"row": line, "col": column}
            draw_line(figure, words, rows, in_chart(name), time, line - 1, colours, at, size=5)
            own = breaks.of(known_breaks, rows[0]["stakeholder_code"])
            breaks.draw(figure, words, own, axis, colours.muted, line, column, False)
            titled = [row | {"label_fr": name, "label_en": name} for row in rows]
            titles.append(((line - 1) * len(pairs) + column, panel_title(words, titled, colours)))
            drawn += rows
        _ring(figure, [row for row in pair.first if row["period_code"] in pair.alarms], time, colours, column)
    base(figure, words, 470, colours)
    figure.update_yaxes(range=common_range(drawn), nticks=5)
    names, inside = list(time.label.values()), 0.075 * len(time.place)
    figure.update_xaxes(
        range=time.span,
        ticktext=[names[0], names[-1]][: len(names)],
        tickvals=[inside, len(names) - 1 - inside] if len(names) > 1 else [0],
    )
    for number, text in titles:
        suffix = "" if number == 1 else str(number)
        figure.add_annotation(
            text=text,
            x=0,
            xref=f"x{suffix} domain",
            y=1.03,
            yref=f"y{suffix} domain",
            xanchor="left",
            yanchor="bottom",
            align="left",
            showarrow=False,
            font={"size": 13, "color": colours.ink},
        )
    figure.update_layout(margin={"t": 52})
    return figure


def _ring(figure: Any, rows: list[Row], time: Axis, colours: Palette, column: int) -> None:
    """A square around each wave in alarm."""
    shown = [row for row in rows if row["value"] is not None and row["period_code"] in time.place]
    figure.add_trace(
        go.Scatter(
            x=[time.place[row["period_code"]] for row in shown],
            y=[row["value"] for row in shown],
            mode="markers",
            hoverinfo="skip",
            marker={"size": 14, "symbol": "square-open", "color": colours.down, "line": {"width": 2.4}},
        ),
        row=1,
        col=column,
    )


def waves_chart(words: Words, axis: list[Row], rows: list[Row], known_breaks: list[Row]) -> Any:
    """One KPI over time, a line per stakeholder named at its end."""
    colours, time = palette(), Axis.of(words, axis)
    shown = breaks.versioned([row for row in rows if row["period_code"] in time.place], known_breaks)
    codes = list(dict.fromkeys(row["stakeholder_code"] for row in shown))
    series = [[row for row in shown if row["stakeholder_code"] == code] for code in codes]
    figure = make_subplots(rows=1, cols=1)
    for index, line in enumerate(series):
        name = in_chart(words.of(line[0], "stakeholder"))
        draw_line(figure, words, line, name, time, index, colours, {"row": 1, "col": 1})
    scale = common_range(shown)
    base(figure, words, 300, colours)
    figure.update_yaxes(range=scale, nticks=5)
    figure.update_xaxes(
        range=time.span, tickvals=list(time.place.values()), ticktext=list(time.label.values())
    )
    end_labels(figure, words, series, scale, time, colours)
    definition_break(figure, words, series, time, colours)
    breaks.draw(figure, words, breaks.of(known_breaks, *codes), axis, colours.muted, 1, 1, True)
    figure.update_layout(margin={"r": 150})
    return figure
