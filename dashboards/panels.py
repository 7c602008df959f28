"""Small figures: the panels of dimensions on one scale, and the line inside a card."""

from __future__ import annotations

import math
from typing import Any

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from dashboards import breaks
from dashboards.charts import Axis, Palette, as_line, base, common_range, draw_line, palette
from dashboards.snapshot import Row
from dashboards.wording import Words, in_chart


def dimension_panels(
    words: Words, axis: list[Row], rows: list[Row], known_breaks: list[Row] | None = None
) -> Any:
    """Small multiples on one scale: a panel per dimension with its last value, change, n and interval.

    `known_breaks` are those of the one stakeholder shown.
    """
    colours, time = palette(), Axis.of(words, axis)
    known = known_breaks or []
    shown = [row for row in rows if row["period_code"] in time.place]
    if known:
        shown = breaks.versioned(shown, known, known[0]["stakeholder_code"])
    codes = list(dict.fromkeys(row["dimension_code"] for row in shown))
    lines = [[row for row in shown if row["dimension_code"] == code] for code in codes]
    wide = min((4, 5), key=lambda columns: math.ceil(len(lines) / columns) * columns - len(lines))
    deep = math.ceil(len(lines) / wide)
    figure = make_subplots(
        rows=deep, cols=wide, shared_yaxes=True, horizontal_spacing=0.025, vertical_spacing=0.44 / deep
    )
    for position, line in enumerate(lines):
        at = {"row": position // wide + 1, "col": position % wide + 1}
        draw_line(figure, words, line, in_chart(words.of(line[0], "label")), time, 0, colours, at, size=4)
        breaks.draw(figure, words, known, axis, colours.muted, at["row"], at["col"], False)
    base(figure, words, 40 + 190 * deep, colours)
    figure.update_yaxes(range=common_range(shown), nticks=4)
    # the first and last labels sit inside their panel, so that neighbours never touch
    names, inside = list(time.label.values()), 0.075 * len(time.place)
    figure.update_xaxes(
        range=time.span,
        ticktext=[names[0], names[-1]][: len(names)],
        tickvals=[inside, len(names) - 1 - inside] if len(names) > 1 else [0],
    )
    for position, line in enumerate(lines):
        suffix = "" if position == 0 else str(position + 1)
        figure.add_annotation(
            text=panel_title(words, line, colours),
            x=0,
            xref=f"x{suffix} domain",
            y=1.06,
            yref=f"y{suffix} domain",
            xanchor="left",
            yanchor="bottom",
            align="left",
            showarrow=False,
            font={"size": 13, "color": colours.ink},
        )
    for position in range(len(lines), deep * wide):
        figure.update_xaxes(visible=False, row=position // wide + 1, col=position % wide + 1)
        figure.update_yaxes(visible=False, row=position // wide + 1, col=position % wide + 1)
    figure.update_layout(margin={"t": 52})
    return figure


def panel_title(words: Words, line: list[Row], colours: Palette) -> str:
    """« Confiance » over « 72,4 [71,3 ; 73,5] ▲ +3,0 n = 412 », of the last wave, or « protégé »."""
    last, name = line[-1], in_chart(words.of(line[-1], "label"))
    quiet = f"<span style='color:{colours.muted};font-size:12px'>"
    if last["status"] != "published" or last["value"] is None:
        state = words("protected" if last["status"] == "protected" else "not_enough")
        return f"<b>{name}</b><br>{quiet}{state}</span>"
    between = (
        ""
        if last["ci_low"] is None
        else f" {quiet}{words.interval(last['ci_low'], last['ci_high'], None)}</span>"
    )
    count = (
        "" if last["n"] is None else f" {quiet}{words('respondents', n=words.number(last['n'], 0))}</span>"
    )
    change = _panel_change(words, last, colours)
    return f"<b>{name}</b><br><b>{words.number(last['value'])}</b>{between}{change}{count}"


def _panel_change(words: Words, last: Row, colours: Palette) -> str:
    if last["change_value"] is None:
        return ""
    real, falls = last["change_label"] in {"small_but_real", "real_and_large"}, last["change_value"] < 0
    colour = colours.muted if not real else colours.down if falls else colours.up
    glyph = "" if not real else "▼" if falls else "▲"
    return f" <span style='color:{colour}'>{glyph}{words.number(last['change_value'], signed=True)}</span>"


def sparkline(words: Words, rows: list[Row], known_breaks: list[Row] | None = None) -> Any:
    """The headline's waves in a card: line and band, no axes; the last wave has the dot."""
    colours, lines = palette(), breaks.versioned([as_line(row) for row in rows], known_breaks or [])
    time = Axis(
        {row["period_code"]: i for i, row in enumerate(rows)},
        {row["period_code"]: in_chart(words.of(row, "measured")) for row in rows},
    )
    figure = make_subplots(rows=1, cols=1)
    draw_line(
        figure,
        words,
        lines,
        in_chart(words.of(rows[-1], "stakeholder")),
        time,
        0,
        colours,
        {"row": 1, "col": 1},
        size=3,
    )
    base(figure, words, 74, colours)
    figure.update_layout(margin={"l": 4, "r": 6, "t": 6, "b": 6})
    figure.update_xaxes(visible=False, range=[-0.3, len(time.place) - 0.4])
    figure.update_yaxes(visible=False)
    last = lines[-1]
    if last["value"] is not None:
        figure.add_trace(
            go.Scatter(
                x=[time.place[last["period_code"]]],
                y=[last["value"]],
                mode="markers",
                hoverinfo="skip",
                marker={"size": 8, "color": colours.ink},
            )
        )
    return figure
