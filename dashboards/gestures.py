"""Gestures and intention by unit, and recommendations that may be pushed. Units only, never a person."""

from __future__ import annotations

import streamlit as st

from dashboards import breaks, charts, components, maps, verdicts
from dashboards import snapshot as data
from dashboards.components import unit_table
from dashboards.frame import View
from dashboards.snapshot import Row
from dashboards.verdicts import hover, legend, mark, named, notes, period_of, score, verdict
from dashboards.wording import plain

CODES = ("genuine", "warm", "mechanical", "absent", "undecided")


def sentence(view: View, period: Row) -> str:
    """The scope's own verdict, then the units whose gestures are kept without intention."""
    words, unit = view.words, view.unit["unit_code"]
    own = data.gestures(view.snapshot, unit, period["period_code"], "self")
    given = {"unit": view.label(view.unit), "when": view.when(period)}
    if not own:
        said = words("message_gesture_none", **given)
    elif own[0]["status"] == "protected":
        said = words("message_protected", **given)
    else:
        said = words.known(f"message_gesture_{own[0]['verdict_code']}", "message_gesture_undecided")(**given)
    if view.unit["is_leaf"]:
        return said
    rows = data.gestures(view.snapshot, unit, period["period_code"])
    for code in ("mechanical", "absent"):
        units = [row for row in rows if row["verdict_code"] == code]
        said += words(f"message_units_{code}", units=named(view, units)) if units else ""
    return said


def way_up(view: View, period: Row) -> None:
    """Where the scope is protected, the nearest unit above it whose gap is shown."""

    def status(unit: str) -> str | None:
        rows = data.gestures(view.snapshot, unit, period["period_code"], "self")
        return rows[0]["status"] if rows else None

    if status(view.unit["unit_code"]) == "protected":
        verdicts.way_up(view, "gesture", lambda unit: status(unit) == "published")


def quadrant(view: View, rows: list[Row]) -> None:
    """Gestures against intention, with the two declared thresholds."""
    words = view.words
    known = data.thresholds(view.snapshot, "gesture_gap")
    gesture = words.of(data.kpi(view.snapshot, "script_compliance"), "label") or words("gesture_axis")
    intention = next((words.of(row, "dimension") for row in rows if words.of(row, "dimension")), "")
    lines = [("gesture_", gesture), ("intention_", intention)]
    points = [
        maps.Point.of(words, row, "intention_", "gesture_", mark(row), hover(view, row, lines))
        for row in rows
    ]
    shown = [point for point in points if point is not None]
    if not shown:
        st.caption(words("plane_none"))
        return
    corners = tuple(words(f"verdict_gesture_{code}") for code in ("mechanical", "genuine", "absent", "warm"))
    read = maps.Lines(x=known.get("intention"), y=known.get("gesture"), corners=corners if known else ())
    st.plotly_chart(
        maps.plane(words, shown, intention, gesture, read),
        config=charts.CONFIG,
        key="plane",
        theme="streamlit",
        alt=words("gesture_plane"),
    )
    st.markdown(legend(view, "gesture", CODES, True))
    said = words("quadrant_caption")
    if known:
        ends = {name: words.number(value, 0) for name, value in known.items()}
        said += " " + words(
            "quadrant_thresholds", gesture=ends.get("gesture", ""), intention=ends.get("intention", "")
        )
    st.caption(said)


def verdict_table(view: View, rows: list[Row]) -> None:
    """Each unit's gestures, intention, gap and verdict; what asks for attention first."""
    words = view.words
    unit_table(
        view,
        [words(f"gesture_{name}") for name in ("unit", "kept", "felt", "gap", "verdict")],
        [
            [
                view.label(row),
                score(view, row, "gesture_", "percent"),
                score(view, row, "intention_"),
                score(view, row, signed=True),
                verdict(view, row, "gesture"),
            ]
            for row in rows
        ],
    )
    notes(view, rows, "gesture_undecided")


def history(view: View) -> None:
    """A symbol per unit and period: does a verdict last?"""
    words, snapshot, period = view.words, view.snapshot, view.period["period_code"]
    axis, known = data.time_axis(snapshot, period), data.breaks(snapshot, period)
    rows = data.verdicts(snapshot, view.unit["unit_code"], period, "gesture_gap")
    if not rows:
        return
    first = set(list(dict.fromkeys(row["unit_code"] for row in rows))[: components.LONGEST])
    rows = [row for row in rows if row["unit_code"] in first]
    st.subheader(words("gesture_history"), anchor=False)
    said = {code: words(f"verdict_gesture_{code}") for code in CODES}
    st.plotly_chart(
        maps.verdict_grid(words, axis, rows, said, known),
        config=charts.CONFIG,
        key="history",
        theme="streamlit",
        alt=words("gesture_history"),
    )
    components.break_notes(view, breaks.drawn(known, axis), axis)


def pushed(view: View) -> None:
    """Shares of 9–10 against sibling units, and how the answers were collected."""
    words = view.words
    st.subheader(words("pushed_title"), anchor=False)
    period = period_of(view, "promoter_excess")
    if period is None:
        return
    rows = data.promoters(view.snapshot, view.unit["unit_code"], period["period_code"])
    if not rows:
        st.caption(words("pushed_none"))
        return
    asked = [stem for stem in ("seller", "prompt") if any(row[f"{stem}_status"] for row in rows)]
    several = len({row["stakeholder_fr"] for row in rows}) > 1
    head = ["unit", "share", "gap", "verdict", *asked]
    unit_table(
        view,
        [words(f"pushed_{name}") for name in head],
        [
            [
                view.label(row) + (f" · {plain(words.of(row, 'stakeholder'))}" if several else ""),
                score(view, row, "share_", "percent"),
                score(view, row, signed=True),
                verdict(view, row, "excess"),
                *(score(view, row, f"{stem}_", "percent") for stem in asked),
            ]
            for row in rows
        ],
    )
    st.caption(words("pushed_caption"))
    notes(view, rows, "pushed_undecided")
