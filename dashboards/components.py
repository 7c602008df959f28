"""What pages are made of besides cards: the message, charts, tables, what is late or protected."""

from __future__ import annotations

import streamlit as st

from dashboards import breaks, charts, frame, panels
from dashboards import snapshot as data
from dashboards.cards import NONE, break_note, change_text, is_first
from dashboards.frame import ALL, PAGES, View
from dashboards.snapshot import Row
from dashboards.wording import PROTECTED, plain

LONGEST = 60  # rows of a table of units
JUDGED = {"message_rule", "reciprocity_rule"}  # rules that call a change real


def said(view: View, sentence: str, rule: str) -> None:
    """The written message of a screen, and on demand the rule that chose it."""
    with st.container(border=True):
        text, why = st.columns([6, 1.6], vertical_alignment="center")
        text.markdown(f"##### {sentence}", anchors=False)
        with why.popover(view.words("how_message"), type="tertiary"):
            st.markdown(view.words(rule))
            if rule in JUDGED:
                st.markdown(view.words("real_rule"))


def message(view: View) -> None:
    """The message of the period: relations, then accounts."""
    said(view, _relation_sentence(view) + _finance_sentence(view), "message_rule")


def _relation_sentence(view: View) -> str:
    words, (snapshot, unit, period, public) = view.words, view.choice
    name = view.label(view.unit)
    rows = data.cards(snapshot, unit, period, public)
    cards = [row for row in rows if row["headline_status"] == "published"]
    real = data.largest_change(snapshot, unit, period, public)
    if real:
        return _change_sentence(view, real) + _watch_sentence(view)
    if not cards:
        hidden = any(row["headline_status"] == "protected" for row in rows)
        return words("message_protected" if hidden else "message_nothing", unit=name)
    if all(row["headline_method"] == "as_reported" for row in cards):
        return _reported_sentence(view, cards[0])
    given = {"unit": name, "when": view.when(view.period)}
    if all(row["headline_change_value"] is None for row in cards):
        if any(row["headline_change_label"] == "not_comparable" for row in cards):
            return words("message_not_comparable", **given)
        first = all(is_first(view, row) for row in cards)
        return words("message_first", unit=name) if first else words("message_no_comparison", **given)
    hidden = any(row["headline_status"] == "protected" for row in rows)
    return words("message_noise_shown" if hidden else "message_noise", **given) + _watch_sentence(view)


def _watch_sentence(view: View) -> str:
    """The deepest real fall under the unit: an average hides it."""
    falls = data.movers(*view.choice, True)
    if not falls:
        return ""
    row = falls[0]
    return view.words(
        "message_watch",
        unit=view.label(row, "unit"),
        stakeholder=view.label(row, "stakeholder"),
        change=change_text(view, row["headline_change_value"], row["unit_of_measure"]),
    )


def _change_sentence(view: View, row: Row) -> str:
    falls = row["headline_change_value"] < 0
    lead = data.leading_dimension(
        view.snapshot, row["unit_code"], row["period_code"], row["stakeholder_code"], falls
    )
    leading = (
        ""
        if lead is None
        else view.words(
            "message_leading_down" if falls else "message_leading_up",
            dimension=view.label(lead),
            change=change_text(view, lead["change_value"], None),
        )
    )
    return view.words(
        "message_change_period",
        stakeholder=view.label(row, "stakeholder"),
        compared=view.label(row, "compared"),
        change=change_text(view, row["headline_change_value"], row["unit_of_measure"]),
        unit=view.label(view.unit),
        leading=leading,
    )


def _reported_sentence(view: View, row: Row) -> str:
    given = {
        "stakeholder": view.label(row, "stakeholder"),
        "unit": view.label(view.unit),
        "value": view.words.measure(row["headline_value"], row["unit_of_measure"]),
    }
    if row["headline_change_value"] is None:
        return view.words("message_reported_first", **given)
    return view.words(
        "message_reported",
        **given,
        change=change_text(view, row["headline_change_value"], row["unit_of_measure"]),
    )


def _finance_sentence(view: View) -> str:
    rows = data.cards(*view.choice)
    if not rows or rows[0]["revenue_rolling_12m"] is None or rows[0]["revenue_rolling_12m_change"] is None:
        return ""
    return view.words(
        "message_finance",
        value=view.words.money(rows[0]["revenue_rolling_12m"]),
        change=view.words.share(rows[0]["revenue_rolling_12m_change"], signed=True),
    )


def series(view: View) -> None:
    """Indices over time above the margin of the same periods; each part says how to read it."""
    words, (snapshot, unit, period, public) = view.words, view.choice
    headline = data.headline_series(snapshot, unit, period, public)
    margin = data.margin_series(snapshot, unit, period)
    has_margin = any(row["operating_margin"] is not None for row in margin)
    title = words("series_title" if has_margin else "series_title_alone")
    st.subheader(title, anchor=False)
    if not any(row["headline_value"] is not None for row in headline):
        st.caption(words("series_empty"))
        return
    reported = all(row["headline_method"] in {"as_reported", None} for row in headline)
    axis, known = data.time_axis(snapshot, period), data.breaks(snapshot, period)
    figure = charts.indices_above_margin(words, axis, headline, margin, reported, known)
    st.plotly_chart(figure, config=charts.CONFIG, key="series", theme="streamlit", alt=title)
    notes = ["series_caption_reported"] if reported else ["series_caption", "series_zoom"]
    st.caption(" ".join(words(note) for note in [*notes, *(["series_caption_margin"] if has_margin else [])]))
    break_notes(view, breaks.of(known, *{row["stakeholder_code"] for row in headline}), axis)


def break_notes(view: View, known: list[Row], axis: list[Row]) -> None:
    """What each line drawn across a chart says."""
    for one in breaks.drawn(known, axis):
        st.caption(break_note(view, one))


def moves(view: View) -> None:
    """Three real rises and three real falls under the chosen unit; each leads to its unit."""
    words = view.words
    if view.unit["is_leaf"]:
        st.caption(words("moves_leaf"))
        return
    if all(row["headline_method"] in {"as_reported", None} for row in data.cards(*view.choice)):
        st.caption(words("moves_untested"))
        return
    for falls, column in zip((False, True), st.columns(2), strict=True):
        with column:
            name = "down" if falls else "up"
            st.markdown(f"**{words(f'moves_{name}')}**")
            rows = data.movers(*view.choice, falls)
            for row in rows:
                _move(view, row, falls)
            if not rows:
                st.caption(words(f"moves_none_{name}"))
    st.caption(f"{words('moves_caption')} {words('real_rule')}")


def _move(view: View, row: Row, falls: bool) -> None:
    words, (glyph, colour) = view.words, ("▼", "orange") if falls else ("▲", "blue")
    change = change_text(view, row["headline_change_value"], row["unit_of_measure"])
    low, high, n = row["headline_change_ci_low"], row["headline_change_ci_high"], row["headline_n"]
    detail = [] if low is None else [plain(words.interval(low, high, row["unit_of_measure"]))]
    detail += [] if n is None else [words("respondents", n=words.number(n, 0))]
    link, figure = st.columns([1, 1], vertical_alignment="center")
    link.page_link(
        PAGES["unit"],
        label=f"{view.label(row, 'unit')} · {view.label(row, 'stakeholder')}",
        query_params=view.link(unit=row["unit_code"], stakeholder=row["stakeholder_code"]),
    )
    figure.markdown(f":{colour}-badge[{glyph} {change}] :gray[{' · '.join(detail)}]")


def stale_lines(view: View, link: bool = True) -> None:
    """An amber line per late source: which, whose, since when."""
    for row in data.sources(view.snapshot):
        if row["freshness_status"] == "fresh":
            continue
        given = {"source": view.label(row), "owner": plain(row["owner"] or NONE)}
        said = (
            view.words("stale_never", **given)
            if row["last_wave_date"] is None
            else view.words(
                "stale_line", **given, date=view.words.date(row["last_wave_date"]), days=row["freshness_days"]
            )
        )
        with st.container(horizontal=True, vertical_alignment="center"):
            st.warning(said)
            if link:
                st.page_link(PAGES["sources"], label=view.words("stale_detail"), query_params=view.link())


def breadcrumb(view: View) -> None:
    """From the root to the unit; each step above is a link."""
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        *above, _ = view.path(view.unit)
        for row in above:
            st.page_link(
                PAGES["unit"], label=f"{view.label(row)} ›", query_params=view.link(unit=row["unit_code"])
            )


def measured_publics(view: View) -> list[Row]:
    """The cards of the stakeholders that this unit asked."""
    rows = data.cards(*view.choice[:3], ALL)
    return [row for row in rows if row["measured_period_code"] is not None]


def detailed(view: View) -> str | None:
    """The stakeholder whose details a unit shows: the one chosen, else the first that is published."""
    measured = measured_publics(view)
    if view.stakeholder in {row["stakeholder_code"] for row in measured}:
        return view.stakeholder
    return next((row["stakeholder_code"] for row in measured if row["headline_status"] == "published"), None)


def dimensions(view: View) -> None:
    """Small multiples of the dimension scores of one stakeholder."""
    words, (snapshot, unit, period, _) = view.words, view.choice
    measured, shown = measured_publics(view), detailed(view)
    if shown is None:
        return
    label = next(row for row in measured if row["stakeholder_code"] == shown)
    st.subheader(words("dimensions_title", stakeholder=view.label(label, "stakeholder")), anchor=False)
    if len(measured) > 1:
        frame.stakeholder_tabs(
            view, {row["stakeholder_code"]: words.of(row, "stakeholder") for row in measured}, shown
        )
    rows = data.dimension_series(snapshot, unit, period, shown)
    if not any(row["value"] is not None for row in rows):
        st.caption(words("dimensions_none"))
        return
    axis, known = data.time_axis(snapshot, period), breaks.of(data.breaks(snapshot, period), shown)
    st.plotly_chart(
        panels.dimension_panels(words, axis, rows, known),
        config=charts.CONFIG,
        key="dimensions",
        theme="streamlit",
        alt=words("dimensions_title", stakeholder=words.of(label, "stakeholder")),
    )
    drawn = {row["period_code"] for row in axis}
    is_finite = any(row["method"] == "t_fpc" for row in rows if row["period_code"] in drawn)
    st.caption(words("dimensions_caption") + (" " + words("dimensions_fpc") if is_finite else ""))
    break_notes(view, known, axis)


def protection(view: View) -> None:
    """What is hidden just below, why, and which level can be seen."""
    words = view.words
    rows = data.protected_children(*view.choice)
    thresholds = [row["threshold_count"] for row in view.stakeholders]
    above = {row["stakeholder_code"]: row["headline_status"] for row in data.cards(*view.choice)}
    is_seen = bool(rows) and all(above.get(row["stakeholder_code"]) == "published" for row in rows)
    intro = words("protected_intro", threshold=max(thresholds))
    st.caption(intro + (" " + words("protected_above") if is_seen else ""))
    if not rows:
        st.caption(words("protected_none"))
    for code in dict.fromkeys(row["unit_code"] for row in rows):
        publics = [row for row in rows if row["unit_code"] == code]
        st.markdown(
            "- "
            + words(
                "protected_row",
                unit=view.label(publics[0]),
                stakeholders=", ".join(view.label(row, "stakeholder") for row in publics),
            )
            + f" {PROTECTED}"
        )


def protected_note(view: View, rows: list[Row]) -> None:
    """What the symbol means, under figures of which at least one is protected."""
    if any(row[column] == "protected" for row in rows for column in row if column.endswith("status")):
        threshold = max((row["threshold_count"] for row in view.stakeholders), default=0)
        st.caption(view.words("protected_intro", threshold=threshold))


def definitions(view: View, codes: tuple[str, ...] = ()) -> None:
    """Meaning and formula of each KPI, or of those that a page shows, on demand."""
    with st.popover(view.words("definitions"), type="tertiary"):
        for row in data.definitions(view.snapshot):
            if codes and row["kpi_code"] not in codes:
                continue
            said = [f"**{view.label(row)}**", view.label(row, "definition")]
            idea = view.label(row, "idea")
            said += [f"*{idea}*"] if idea else []
            formula = view.label(row, "formula")
            said += [f":gray[{view.words('formula', formula=formula)}]"] if formula else []
            st.markdown("  \n".join(said))


def table(head: list[str], rows: list[list[str]], figures: int) -> None:
    """A Markdown table whose last `figures` columns are numbers, set on the right."""
    rule = [":---"] * (len(head) - figures) + ["---:"] * figures
    st.markdown("\n".join("| " + " | ".join(line) + " |" for line in [head, rule, *rows]))


def unit_table(view: View, head: list[str], rows: list[list[str]]) -> None:
    """A table of units, what asks for attention first: the first ones only where there are very many."""
    table(head, rows[:LONGEST], figures=0)
    if len(rows) > LONGEST:
        st.caption(view.words("table_first", count=LONGEST))


def page_guard() -> View | None:
    """The view of this page, or None when the chosen filters leave nothing and that has been said."""
    view = frame.current()
    return None if frame.empty(view) else view
