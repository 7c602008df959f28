"""The two sides of a relation: which one is better served, on what, in which units."""

from __future__ import annotations

import streamlit as st

from dashboards import charts, components, frame, maps, verdicts
from dashboards import snapshot as data
from dashboards.cards import NONE, REAL, change_badge, change_text
from dashboards.components import table
from dashboards.frame import View
from dashboards.snapshot import Row
from dashboards.verdicts import hover, legend, mark, named, notes, period_of, score, sides, verdict
from dashboards.wording import inside

GAPS = ("counterparty_higher", "stakeholder_higher")
ONE_SIDED = ("one_sided_stakeholder", "one_sided_counterparty")


def asked(view: View, kind: str, code: str) -> tuple[Row, Row] | None:
    """The relation shown and the period a KPI of it is read at; None once the page has said what is missing."""
    if data.serves_relations(view.snapshot) and view.relation_of(kind) is None:
        st.info(view.words(f"relation_undeclared_{kind}"))
        return None
    relation = frame.relation_tabs(view, kind)
    period = period_of(view, code, relation)
    return None if relation is None or period is None else (relation, period)


def gap_sentence(view: View, relation: Row, period: Row) -> str:
    """The verdict of the scope, its widest dimension, and the units just below where a gap is real."""
    words, kind, code = view.words, relation["kind"], relation["relation_code"]
    where = data.unit_gaps(view.snapshot, view.unit["unit_code"], period["period_code"], code, "children")
    own = data.unit_gaps(view.snapshot, view.unit["unit_code"], period["period_code"], code, "self")
    given = {"unit": view.label(view.unit), "when": view.when(period), **sides(view, relation)}
    if not own or own[0]["status"] is None:
        said = words("message_gap_none", **given)
    elif own[0]["status"] == "protected":
        said = words("message_protected", **given)
    else:
        row = own[0]
        size = NONE if row["size"] is None else words("points_short", value=words.number(row["size"]))
        sentence = f"message_{kind}_{row['verdict_code'] or 'undecided'}"
        said = words.known(sentence, f"message_{kind}_undecided")(size=size, **given)
        said += _leading(view, relation, period, row) + "."
    real = [row for row in where if row["verdict_code"] in GAPS]
    listed = named(view, real, lambda row: f"{view.label(row)} ({change_text(view, row['value'], None)})")
    return said + (words("message_gap_where", units=listed, **given) if real else "")


def _leading(view: View, relation: Row, period: Row, own: Row) -> str:
    """The dimension whose real gap, the same way, is the widest."""
    rows = data.dimension_gaps(
        view.snapshot, view.unit["unit_code"], period["period_code"], relation["relation_code"]
    )
    same = [row for row in rows if row["verdict_code"] == own["verdict_code"] and own["verdict_code"] in GAPS]
    if not same:
        return ""
    widest = max(same, key=lambda row: row["size"])
    change = change_text(view, widest["value"], None)
    return view.words("message_gap_leading", dimension=view.label(widest), change=change)


def unit_points(view: View, relation: Row, period: Row) -> tuple[list[Row], list[maps.Point]]:
    """Rows and marks of the leaves of the scope; of its children where no leaf shows both sides."""
    lines = [(f"{side}_", view.words.of(relation, side)) for side in ("first", "second")]
    for level in ("leaves", "children"):
        rows = data.unit_gaps(
            view.snapshot, view.unit["unit_code"], period["period_code"], relation["relation_code"], level
        )
        marks = [
            maps.Point.of(view.words, row, "first_", "second_", mark(row), hover(view, row, lines))
            for row in rows
        ]
        if any(marks):
            return [row for row, one in zip(rows, marks, strict=True) if one is None], [
                one for one in marks if one
            ]
    return [], []


def unit_plane(view: View, relation: Row, hidden: list[Row], points: list[maps.Point]) -> None:
    """Units by both sides' index, against the line of equality."""
    words = view.words
    names = [words.of(relation, side) for side in ("first", "second")]
    figure = maps.plane(words, points, names[0], names[1], maps.Lines(diagonal=words("plane_equal")))
    st.plotly_chart(figure, config=charts.CONFIG, key="plane", theme="streamlit", alt=words("symmetry_plane"))
    st.markdown(legend(view, "symmetry", (*GAPS, "symmetric", "undecided"), False, **sides(view, relation)))
    said = words("plane_hidden", units=words.listed([view.label(row) for row in hidden])) if hidden else ""
    st.caption(f"{words('plane_caption')} {said}")


def status_at(view: View, relation: Row, period: Row, unit: str) -> str | None:
    """Status of the whole gap of a unit."""
    rows = data.unit_gaps(view.snapshot, unit, period["period_code"], relation["relation_code"], "self")
    return rows[0]["status"] if rows else None


def way_up(view: View, page: str, relation: Row, period: Row) -> None:
    """Where the scope is protected, the nearest unit above it whose gap is shown."""
    if status_at(view, relation, period, view.unit["unit_code"]) == "protected":
        verdicts.way_up(view, page, lambda unit: status_at(view, relation, period, unit) == "published")


def dimension_table(view: View, relation: Row, period: Row) -> None:
    """Each dimension: both sides, the gap with its interval, the verdict; the surest first."""
    words, kind = view.words, relation["kind"]
    rows = data.dimension_gaps(
        view.snapshot, view.unit["unit_code"], period["period_code"], relation["relation_code"]
    )
    if not rows:
        st.caption(words("gaps_none"))
        return
    named_sides = sides(view, relation)
    head = [words("gap_dimension"), *(view.label(relation, side) for side in ("first", "second"))]
    table(
        [*head, words("gap_column"), words("gap_verdict")],
        [
            [
                view.label(row),
                score(view, row, "first_"),
                score(view, row, "second_"),
                score(view, row, signed=True),
                verdict(view, row, kind, **named_sides),
            ]
            for row in rows
        ],
        figures=0,
    )
    st.caption(words("gap_caption", **named_sides))
    notes(view, rows, "gap_undecided")


def chain(view: View) -> None:
    """Every relation of symmetry at this scope, so that a gap can be followed from one to the next."""
    words, lines = view.words, []
    for relation in (row for row in view.relations if row["kind"] == "symmetry"):
        period = data.measured(view.snapshot, view.period["period_code"], "symmetry_gap", relation)
        rows = (
            []
            if period is None
            else data.unit_gaps(
                view.snapshot,
                view.unit["unit_code"],
                period["period_code"],
                relation["relation_code"],
                "self",
            )
        )
        names = sides(view, relation)
        name = f"{view.label(relation, 'first')} → {view.label(relation, 'second')}"
        row = rows[0] if rows else None
        said = (
            [score(view, row, signed=True), verdict(view, row, "symmetry", **names)] if row else [NONE, NONE]
        )
        lines.append([name, *said])
    table([words("chain_relation"), words("gap_column"), words("gap_verdict")], lines, figures=0)
    st.caption(words("chain_caption"))


def across_units(view: View, relation: Row, period: Row) -> None:
    """Slope and concordance over the units of the scope: a card each, with interval and number of units."""
    words = view.words
    if view.unit["is_leaf"]:
        st.caption(words("moves_leaf"))
        return
    codes = ("symmetry_slope", "symmetry_concordance")
    for code, column in zip(codes, st.columns(2), strict=True):
        known = data.kpi(view.snapshot, code)
        row = data.figure(view.snapshot, view.unit["unit_code"], period["period_code"], code, relation)
        with column.container(border=True, height="stretch"):
            help_text = view.label(known, "definition") or None
            name = words.of(known, "label") or words(code)
            if row is None or row["value"] is None:
                hidden = row is not None and row["status"] == "protected"
                st.metric(name, words("protected" if hidden else "not_enough"), help=help_text)
                st.caption(words("across_short"))
                continue
            st.metric(name, words.number(row["value"], 2), help=help_text)
            said = (
                []
                if row["ci_low"] is None
                else [
                    words("interval", interval=words.interval(row["ci_low"], row["ci_high"], "coefficient"))
                ]
            )
            said += [] if row["n"] is None else [words("units_count", n=words.number(row["n"], 0))]
            st.caption(" · ".join(said))
            if row["verdict_code"]:
                st.markdown(verdict(view, row, "slope"))
    st.caption(words("across_caption", **sides(view, relation)))


def values_table(view: View) -> None:
    """Lived less proclaimed, value by value; needs its own questions."""
    words = view.words
    st.subheader(words("values_title"), anchor=False)
    period = period_of(view, "say_do_gap")
    rows = [] if period is None else data.values(view.snapshot, view.unit["unit_code"], period["period_code"])
    if not rows:
        if period is not None:
            st.caption(words("values_none"))
        return
    table(
        [words("value_column"), words("value_asked"), words("value_gap")],
        [[view.label(row), view.label(row, "stakeholder"), _lived(view, row)] for row in rows],
        figures=0,
    )
    st.caption(words("values_caption"))


def _lived(view: View, row: Row) -> str:
    """A shortfall or a surplus has a colour and a shape only where its interval excludes zero."""
    said = score(view, row, signed=True)
    if row["value"] is None or row["ci_low"] is None:
        return said
    if row["ci_high"] < 0:
        return f":orange[▼] {said}"
    return f":blue[▲] {said}" if row["ci_low"] > 0 else said


def reciprocity(view: View, relation: Row, period: Row) -> Row | None:
    """How far both sides see the relation alike, at this scope."""
    return data.figure(view.snapshot, view.unit["unit_code"], period["period_code"], "reciprocity", relation)


def side_cards(view: View, relation: Row, period: Row) -> None:
    """What each side says of the other on the dimensions they share, then how far they agree."""
    words = view.words
    rows = data.unit_gaps(
        view.snapshot, view.unit["unit_code"], period["period_code"], relation["relation_code"], "self"
    )
    own = rows[0] if rows else {}
    whole = reciprocity(view, relation, period)
    cells = [(words.of(relation, side), own, f"{side}_", "side_says") for side in ("first", "second")]
    cells.append(
        (words.of(data.kpi(view.snapshot, "reciprocity"), "label"), whole or {}, "", "reciprocity_says")
    )
    for (name, row, stem, said), column in zip(cells, st.columns(3), strict=True):
        with column.container(border=True, height="stretch"):
            status = row.get(f"{stem}status")
            if status == "published" and row[f"{stem}value"] is not None:
                st.metric(name, words.number(row[f"{stem}value"]))
                _precision(view, row, stem)
                st.caption(words(said))
                if not stem and row["verdict_code"]:
                    st.markdown(verdict(view, row, "agreement", **sides(view, relation)))
            else:
                st.metric(
                    name, words({"protected": "protected", None: "not_measured"}.get(status, "not_enough"))
                )
                st.caption(words("side_missing"))
    components.protected_note(view, [row for _, row, _, _ in cells])


def _precision(view: View, row: Row, stem: str) -> None:
    words, low = view.words, row[f"{stem}ci_low"]
    said = (
        [] if low is None else [words("interval", interval=words.interval(low, row[f"{stem}ci_high"], None))]
    )
    said += [] if row[f"{stem}n"] is None else [words("respondents", n=words.number(row[f"{stem}n"], 0))]
    st.caption(" · ".join(said))


def reciprocity_sentence(view: View, relation: Row, period: Row) -> str:
    """Who is the more demanding side, or that both see the relation alike; then the gaps."""
    words, row = view.words, reciprocity(view, relation, period)
    given = {"unit": view.label(view.unit), "when": view.when(period), **sides(view, relation)}
    if row is None:
        return words("message_gap_none", **given)
    if row["status"] == "protected":
        return words("message_protected", **given)
    said = words.known(f"message_reciprocity_{row['verdict_code']}", "message_reciprocity_undecided")(**given)
    said += _where_one_sided(view, relation, period, row)
    rows = data.dimension_gaps(
        view.snapshot, view.unit["unit_code"], period["period_code"], relation["relation_code"]
    )
    real = sorted((one for one in rows if one["verdict_code"] in GAPS), key=lambda one: -one["size"])
    listed = named(
        view, real, lambda one: f"{inside(view.label(one))} ({change_text(view, one['value'], None)})"
    )
    return said + (words("message_reciprocity_on", dimensions=listed) if real else "") + _on_time(view)


def _where_one_sided(view: View, relation: Row, period: Row, own: Row) -> str:
    """The units just below where one side is clearly the more demanding; which one, unless it is said already."""
    rows = data.agreements(view.snapshot, view.unit["unit_code"], period["period_code"], relation)
    found = [row for row in rows if row["verdict_code"] in ONE_SIDED]

    def shown(row: Row) -> str:
        code, names = row["verdict_code"], sides(view, relation)
        same = code == own["verdict_code"]
        said = view.words.code(code, "verdict_agreement_").format(**names)
        return view.label(row) if same else f"{view.label(row)} ({said})"

    return view.words("message_reciprocity_where", units=named(view, found, shown)) if found else ""


def _on_time(view: View) -> str:
    """That promised dates are kept less or more often, only where the change is real."""
    row = data.figure(view.snapshot, view.unit["unit_code"], view.period["period_code"], "on_time_share")
    if row is None or row["change_label"] not in REAL:
        return ""
    return view.words(
        f"message_on_time_{'down' if row['change_value'] < 0 else 'up'}",
        when=view.when(row, "measured"),
        change=change_text(view, row["change_value"], None),
        compared=view.label(row, "compared"),
    )


def kept_word(view: View) -> None:
    """Promises kept on time, period by period, with their interval."""
    words, snapshot, period = view.words, view.snapshot, view.period["period_code"]
    st.subheader(words("on_time_title"), anchor=False)
    if period_of(view, "on_time_share", quiet=True) is None:
        return
    axis, known = data.time_axis(snapshot, period), data.breaks(snapshot, period)
    rows = data.waves(snapshot, view.unit["unit_code"], period, "on_time_share")
    if not any(row["value"] is not None for row in rows):
        hidden = any(row["status"] == "protected" for row in rows)
        st.markdown(words("protected")) if hidden else st.caption(words("series_empty"))
        components.protected_note(view, rows)
        return
    last = data.figure(snapshot, view.unit["unit_code"], period, "on_time_share")
    if last:
        shown = " ".join([score(view, last, unit="percent"), *change_badge(view, last)])
        st.markdown(words("on_time_last", period=view.label(last, "measured"), score=shown))
    figure = maps.waves_chart(words, axis, rows, known)
    st.plotly_chart(
        figure, config=charts.CONFIG, key="on_time", theme="streamlit", alt=words("on_time_title")
    )
    st.caption(words("on_time_caption"))
    components.break_notes(view, known, axis)
