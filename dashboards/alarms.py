"""Early warnings: where one side falls before the other, what was tried, and what moved since."""

from __future__ import annotations

import streamlit as st

from dashboards import charts, components, maps
from dashboards import snapshot as data
from dashboards.cards import NONE, change_text
from dashboards.components import table, unit_table
from dashboards.frame import PAGES, View
from dashboards.snapshot import Row
from dashboards.verdicts import named, score, sides, verdict
from dashboards.wording import PROTECTED, inside, plain

WATCHED = 3  # units drawn side by side
DECIDED = {"published", None}


def sentence(view: View, relation: Row, period: Row, rows: list[Row]) -> str:
    """The units in alarm; else that there is none, or that it is too early to say."""
    words = view.words
    given = {"unit": view.label(view.unit), "when": view.when(period), **sides(view, relation)}
    by = {
        code: [row for row in rows if row["verdict_code"] == code]
        for code in ("alarm", "moved_together", "calm")
    }
    if by["alarm"]:
        said = words("message_alarm", units=named(view, by["alarm"]), **given)
    elif by["calm"] or by["moved_together"]:
        said = words("message_no_alarm", **given)
    else:
        hidden = any(row["status"] == "protected" for row in rows)
        return words("message_protected" if hidden else "message_alarm_early", **given)
    together = by["moved_together"]
    units = named(view, together, lambda row: f"{view.label(row)}{_since(view, row, ' ({})')}")
    return said + (words("message_moved_together", units=units, **given) if together else "")


def _since(view: View, row: Row, shape: str) -> str:
    """« première alerte au T4 2024 » in `shape`, where the unit rang since it was last calm."""
    rang = row["rang_fr"] is not None
    return shape.format(view.words("first_alarm", when=view.when(row, "rang"))) if rang else ""


def panels(view: View, relation: Row, rows: list[Row]) -> None:
    """Both sides' index over time, one above the other: the units in alarm, else the scope."""
    words, snapshot, period = view.words, view.snapshot, view.period["period_code"]
    first, second = relation["stakeholder_code"], relation["counterparty_code"]
    units = [row for row in rows if row["verdict_code"] in {"alarm", "moved_together"}][:WATCHED] or [
        view.unit
    ]
    axis, known = data.time_axis(snapshot, period), data.breaks(snapshot, period)
    pairs = []
    for unit in units:
        code = unit["unit_code"]
        rung = data.waves(snapshot, code, period, "early_warning", first, second)
        pairs.append(
            maps.Pair(
                words.of(unit, "label"),
                data.waves(snapshot, code, period, "rqi", first),
                data.waves(snapshot, code, period, "rqi", second),
                {row["period_code"] for row in rung if row["verdict_code"] == "alarm"},
            )
        )
    if not any(row["value"] is not None for pair in pairs for row in [*pair.first, *pair.second]):
        st.caption(words("series_empty"))
        return
    st.plotly_chart(
        maps.two_sides(words, axis, pairs, known),
        config=charts.CONFIG,
        key="sides",
        theme="streamlit",
        alt=words("alarm_panels"),
    )
    st.caption(words("alarm_panels_caption"))
    components.break_notes(view, known, axis)


def meaning(view: View) -> None:
    """What an alarm is, and how often it rings for nothing, as declared."""
    words = view.words
    rate = data.thresholds(view.snapshot, "early_warning").get("false_alarm_rate")
    said, digits = words("alarm_meaning"), 0 if rate is None or round(100 * rate, 6).is_integer() else 1
    st.caption(said if rate is None else said + " " + words("alarm_rate", rate=words.share(rate, digits)))


def warning_table(view: View, relation: Row, rows: list[Row]) -> None:
    """Each unit's verdict with both sides' index; alarms first."""
    words, names = view.words, sides(view, relation)
    head = [words("alarm_unit"), words("alarm_verdict"), words("alarm_fall", **names)]
    unit_table(
        view,
        [*head, view.label(relation, "first"), view.label(relation, "second")],
        [
            [
                view.label(row),
                verdict(view, row, "alarm", **names) + _since(view, row, " :gray[{}]"),
                NONE if row["verdict_code"] == "not_enough_data" else score(view, row, signed=True),
                score(view, row, "first_"),
                score(view, row, "second_"),
            ]
            for row in rows
        ],
    )
    if any(row["verdict_code"] == "not_enough_data" for row in rows):
        needs = inside(view.label(data.kpi(view.snapshot, "early_warning"), "needs"))
        st.caption(words("alarm_early", needs=needs))
    components.protected_note(view, rows)


def crisis(view: View) -> None:
    """The share of relations in crisis under the scope, with its interval and the number of relations seen."""
    words, code = view.words, "crisis_share"
    row = data.figure(view.snapshot, view.unit["unit_code"], view.period["period_code"], code)
    known = data.kpi(view.snapshot, code)
    with st.container(border=True, height="stretch"):
        title, help_text = (
            words.of(known, "label") or words("crisis"),
            view.label(known, "definition") or None,
        )
        if not row or row["value"] is None:
            state = {None: "not_measured", "protected": "protected"}.get(
                row["status"] if row else None, "not_enough"
            )
            st.metric(title, words(state), help=help_text)
            st.caption(
                words("crisis_needs", needs=inside(view.label(known, "needs")) or words("needs_undeclared"))
            )
            return
        st.metric(title, words.measure(row["value"], row["unit_of_measure"]), help=help_text)
        said = [] if row["n"] is None else [words("relations_seen", n=words.number(row["n"], 0))]
        if row["ci_low"] is not None:
            interval = words.interval(row["ci_low"], row["ci_high"], row["unit_of_measure"])
            said.append(words("interval", interval=interval))
        st.caption(" · ".join(said))


def register(view: View) -> None:
    """What was tried in the scope, and what moved since, beside comparable units where the design has some."""
    words = view.words
    st.subheader(words("actions_title"), anchor=False)
    rows = data.actions(view.snapshot, view.unit["unit_code"])
    if not rows:
        st.caption(words("actions_none"))
        return
    head = ("action", "where", "since", "change", "effect", "verdict")
    table([words(f"actions_{name}") for name in head], [_action(view, row) for row in rows], figures=0)
    st.caption(words("actions_caption"))


def _action(view: View, row: Row) -> list[str]:
    words = view.words
    where = [view.label(row, stem) for stem in ("unit", "stakeholder", "dimension")]
    design = words.code(row["design"], "design_")
    hidden = row["status"] == "protected"
    compared = (
        []
        if not row["compared_unit_count"]
        else [words("actions_compared", count=row["compared_unit_count"])]
    )
    effect = _difference(view, row, "effect") + (f" :gray[{compared[0]}]" if compared and not hidden else "")
    return [
        f"**{view.label(row, 'title')}**",
        " · ".join(filter(None, where)),
        f"{words.date(row['starts_date'])} :gray[{design}]",
        PROTECTED if hidden else _difference(view, row, "change"),
        PROTECTED if hidden else effect,
        verdict(view, row, "action"),
    ]


def _difference(view: View, row: Row, stem: str) -> str:
    value, low = row[f"{stem}_value"], row[f"{stem}_ci_low"]
    if value is None:
        return NONE
    between = "" if low is None else plain(view.words.interval(low, row[f"{stem}_ci_high"], None))
    return (
        f"**{change_text(view, value, None)}** :gray[{between}]"
        if between
        else f"**{change_text(view, value, None)}**"
    )


def leads(view: View, rows: list[Row]) -> None:
    """One click from each alarm to its unit."""
    alarms = [row for row in rows if row["verdict_code"] == "alarm"][:WATCHED]
    with st.container(horizontal=True):
        for row in alarms:
            st.page_link(
                PAGES["unit"],
                label=view.words("protected_parent", unit=view.label(row)),
                query_params=view.link(unit=row["unit_code"]),
            )
