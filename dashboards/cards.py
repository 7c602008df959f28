"""Cards: each stakeholder's index with its interval and change, and the accounts of the same unit."""

from __future__ import annotations

from typing import Any

import streamlit as st

from dashboards import breaks, charts, panels
from dashboards import snapshot as data
from dashboards.frame import PAGES, View
from dashboards.snapshot import Row
from dashboards.wording import PROTECTED, plain

REAL = {"small_but_real", "real_and_large"}
FINANCE_CARDS = ("revenue", "operating_margin", "payroll_ratio")
NONE = "—"


def change_text(view: View, value: Any, unit: str | None) -> str:
    """A signed difference in its unit: « +3,0 pt »."""
    digits = 0 if unit == "points" else 1
    return view.words("change_points", value=view.words.number(value, digits, signed=True))


def change_badge(view: View, row: Row) -> list[str]:
    """The change of a figure that has no card: shape and colour only where it is real, nothing where there is none."""
    value, label, words = row["change_value"], row["change_label"], view.words
    if value is None:
        return []
    text, against = change_text(view, value, None), view.label(row, "compared")
    if label not in REAL:
        said = "change_noise" if label == "noise" else "change_untested"
        return [f":gray-badge[{text}] :gray[{words(said, period=against)}]"]
    glyph, colour = _finance_glyph(value, row["better"])
    return [f":{colour}-badge[{glyph} {text}] :gray[{words(f'change_{label}', period=against)}]"]


def stakeholder_cards(view: View, stakeholder: str) -> None:
    """One bordered card per stakeholder, or only the one asked for; a single card keeps a readable width."""
    rows = data.cards(*view.choice[:3], stakeholder)
    if all(row["measured_period_code"] is None for row in rows) and view.unit["unit_code"] == "unassigned":
        st.info(view.words("relation_none"))
        return
    for row, column in zip(rows, st.columns(max(len(rows), 2)), strict=False):
        with column.container(border=True, height="stretch"):
            _card(view, row)


def _card(view: View, row: Row) -> None:
    words = view.words
    first = []
    if row["headline_status"] == "published":
        if row["participation_share"] is not None:
            first.append(words("participation", share=words.share(row["participation_share"], 0)))
        if row["headline_n"] is not None:
            first.append(words("respondents", n=words.number(row["headline_n"], 0)))
        if row["measured_period_code"] != row["period_code"]:
            first.append(f":orange[{words('measured_earlier', when=view.when(row, 'measured'))}]")
    said = [f"**{view.label(row, 'stakeholder')}**", *([f":gray[{' · '.join(first)}]"] if first else [])]
    st.markdown("  \n".join(said))
    states = {"published": _published, "protected": _protected, "not_enough_data": _undecided}
    has_value = row["headline_status"] != "published" or row["headline_value"] is not None
    state = states.get(row["headline_status"], _not_measured) if has_value else _not_measured
    state(view, row)


def _published(view: View, row: Row) -> None:
    words, unit = view.words, row["unit_of_measure"]
    waves = data.headline_series(view.snapshot, row["unit_code"], row["period_code"], row["stakeholder_code"])
    figure, line = st.columns([1, 1.35], vertical_alignment="bottom", gap="xsmall")
    figure.metric(
        words.of(row, "headline"), words.measure(row["headline_value"], unit), help=_definition(view, row)
    )
    if sum(wave["headline_value"] is not None for wave in waves) > 1:
        line.plotly_chart(
            panels.sparkline(words, waves, data.breaks(view.snapshot, row["period_code"])),
            config=charts.CONFIG,
            key=f"spark_{row['stakeholder_code']}",
            alt=words("series_index"),
        )
    st.markdown(_change(view, row))
    if row["headline_ci_low"] is not None:
        st.caption(
            words(
                "interval",
                interval=plain(words.interval(row["headline_ci_low"], row["headline_ci_high"], unit)),
            )
        )
    elif row["headline_method"] == "as_reported":
        st.caption(words("as_reported"))
    for note in broken_notes(view, row):
        st.caption(note)
    _beside(view, row)


def broken_notes(view: View, row: Row) -> list[str]:
    """What changed between a wave and the one it would be compared with, when the change is not computed for it."""
    if row["headline_change_label"] != "not_comparable":
        return []
    mine = breaks.of(data.breaks(view.snapshot, row["period_code"]), row["stakeholder_code"])
    return [break_note(view, one) for one in breaks.crossed(mine, row["compared_end_date"], row["end_date"])]


def break_note(view: View, one: Row) -> str:
    """« Depuis le 01/04/2025 (Clients) : nouveau questionnaire. Pas comparable à ce qui précède. »"""
    finance = one["stakeholder_code"] == breaks.FINANCE
    whose = view.words("break_accounts") if finance else view.label(one, "stakeholder")
    said = "break_note" if one["is_comparable"] else "break_note_apart"
    return view.words(
        said, date=view.words.date(one["starts_date"]), whose=whose, note=view.label(one).rstrip(".")
    )


def _change(view: View, row: Row) -> str:
    """Sign, shape and colour only when the change is real; noise is grey and has no arrow."""
    value, label = row["headline_change_value"], row["headline_change_label"]
    if label == "not_comparable":
        return f":gray-badge[{view.words('not_comparable', period=view.label(row, 'compared'))}]"
    if value is None:
        return f":gray-badge[{view.words('first_measure' if is_first(view, row) else 'no_comparison')}]"
    text, against = change_text(view, value, row["unit_of_measure"]), view.label(row, "compared")
    if label in REAL:
        glyph, colour = ("▼", "orange") if value < 0 else ("▲", "blue")
        return f":{colour}-badge[{glyph} {text}] :gray[{view.words(f'change_{label}', period=against)}]"
    said = "change_noise" if label == "noise" else "change_untested"
    return f":gray-badge[{text}] :gray[{view.words(said, period=against)}]"


def is_first(view: View, row: Row) -> bool:
    """Whether the stakeholder had been measured once only when the period ended: later, a change may lack too."""
    waves = data.headline_series(view.snapshot, row["unit_code"], row["period_code"], row["stakeholder_code"])
    return len(waves) < 2


def protected_accounts(view: View) -> str:
    """Why accounts are hidden: wages of a small team, or, for the lines of no team, those of another one."""
    is_team = view.unit["unit_code"] != "unassigned"
    return view.words("protected_finance" if is_team else "protected_finance_other")


def _definition(view: View, row: Row) -> str | None:
    return view.label(row, "definition") or None


def _beside(view: View, row: Row) -> None:
    """NPS (eNPS, pNPS) and satisfaction next to the index: value and interval, same wave."""
    said = []
    for kpi, unit in (("nps", "points"), ("csat", "percent")):
        name = view.label(row, "nps") if kpi == "nps" else view.label(_kpi(view, kpi))
        if (
            row[f"{kpi}_status"] == "published"
            and row[f"{kpi}_value"] is not None
            and row["headline_kpi_code"] != kpi
        ):
            signed = view.words.number(row[f"{kpi}_value"], 0, signed=True) if kpi == "nps" else None
            between = (
                ""
                if row[f"{kpi}_ci_low"] is None
                else " " + plain(view.words.interval(row[f"{kpi}_ci_low"], row[f"{kpi}_ci_high"], unit))
            )
            said.append(f"{name} **{signed or view.words.measure(row[f'{kpi}_value'], unit)}**{between}")
        elif row[f"{kpi}_status"] == "protected":
            said.append(f"{name} {PROTECTED}")
        elif row[f"{kpi}_status"] == "not_enough_data":
            said.append(f"{name} {view.words('not_enough').lower()}")
    if said:
        st.markdown("  \n".join(said))


def _kpi(view: View, code: str) -> Row:
    return next((row for row in data.definitions(view.snapshot) if row["kpi_code"] == code), {})


def _protected(view: View, row: Row) -> None:
    words = view.words
    st.metric(words.of(row, "headline"), words("protected"), help=_definition(view, row))
    st.caption(words("protected_detail", threshold=row["threshold_count"]))
    parent = data.visible_parent(view.snapshot, row["unit_code"], row["period_code"], row["stakeholder_code"])
    if parent is None:
        st.caption(words("protected_no_parent"))
        return
    st.page_link(
        PAGES["unit"],
        label=words("protected_parent", unit=view.label(parent)),
        query_params=view.link(unit=parent["unit_code"], stakeholder=row["stakeholder_code"]),
    )


def _undecided(view: View, row: Row) -> None:
    st.metric(view.words.of(row, "headline"), view.words("not_enough"), help=_definition(view, row))
    st.caption(view.words("not_enough_detail", n=view.words.number(row["headline_n"] or 0, 0)))


def _not_measured(view: View, row: Row) -> None:
    st.metric(view.words.of(row, "headline") or NONE, view.words("not_measured"))
    st.caption(view.words("not_measured_detail", needs=view.label(row, "needs")))


def finance_cards(view: View) -> None:
    """Revenue, operating margin and payroll ratio: rolling 12 months with its change, then the period."""
    rows, words = data.cards(*view.choice), view.words
    if not rows or all(
        rows[0][f"{kpi}{end}"] is None for kpi in FINANCE_CARDS for end in ("", "_rolling_12m")
    ):
        st.caption(words("finance_none"))
        return
    row = rows[0]
    for kpi, column in zip(FINANCE_CARDS, st.columns(len(FINANCE_CARDS)), strict=True):
        with column.container(border=True, height="stretch"):
            _finance_card(view, row, _kpi(view, kpi), kpi)
    if row["finance_status"] == "protected":
        st.caption(protected_accounts(view))
    finance_break_notes(view)


def finance_break_notes(view: View) -> None:
    """A new chart of accounts among the periods shown, in a line under the figures it touches."""
    snapshot, _, period, _ = view.choice
    mine = breaks.of(data.breaks(snapshot, period), breaks.FINANCE)
    for one in breaks.drawn(mine, data.time_axis(snapshot, period)):
        st.caption(break_note(view, one))


def _finance_card(view: View, row: Row, known: Row, kpi: str) -> None:
    words = view.words
    value, change = row[f"{kpi}_rolling_12m"], row[f"{kpi}_rolling_12m_change"]
    title = words("finance_12m", kpi=words.of(known, "label"))
    if row["finance_status"] == "protected" and row[kpi] is None and value is None:
        st.metric(title, words("protected"), help=_definition(view, known))
        return
    unit = known.get("unit_of_measure")
    st.metric(title, NONE if value is None else words.measure(value, unit), help=_definition(view, known))
    if change is not None:
        glyph, colour = _finance_glyph(change, known.get("better"))
        st.markdown(
            f":{colour}-badge[{glyph} {_finance_change(view, change, unit)}] :gray[{words('finance_change')}]"
        )
    if value is None:
        st.caption(words("finance_short"))
    if row[kpi] is not None:
        st.caption(
            words("finance_period", period=view.label(view.period), value=words.measure(row[kpi], unit))
        )


def _finance_change(view: View, change: Any, unit: str | None) -> str:
    """Money changes by a share of last year's value, ratios by points."""
    return view.words.points_of_share(change) if unit == "ratio" else view.words.share(change, signed=True)


def _finance_glyph(change: Any, better: str | None) -> tuple[str, str]:
    """Accounts are exact: the sign gives the shape; colour says better or worse where one is declared."""
    if not change:
        return "=", "gray"
    rises = change > 0
    colour = (
        "gray" if better not in {"higher", "lower"} else "blue" if rises == (better == "higher") else "orange"
    )
    return ("▲" if rises else "▼"), colour
