"""One unit: what holds its relations together and what undoes them, and its groups of people side by side."""

from __future__ import annotations

import streamlit as st

from dashboards import components
from dashboards import snapshot as data
from dashboards.cards import NONE, change_badge
from dashboards.components import table, unit_table
from dashboards.frame import View
from dashboards.snapshot import Row
from dashboards.verdicts import score, verdict

# How each KPI is written, (unit, signed), where its own unit of measure does not say; its family of verdicts.
SHAPES = {
    "link": ("score", False),
    "attention_concentration": ("coefficient", False),
    "together_gain": (None, True),
}
FAMILIES = {"link": "link", "attention_concentration": "attention", "together_gain": "together"}


def bonds(view: View) -> None:
    """Declared links, attention, both channels together, feelings and pay: each with interval, n and what it says."""
    words, rows = view.words, data.bonds(*view.choice) if data.serves_relations(view.snapshot) else []
    if not rows:
        return
    st.subheader(words("bonds_title"), anchor=False)
    head = [words(f"bonds_{name}") for name in ("what", "whose", "measure", "verdict")]
    table(head, [_bond(view, row) for row in rows], figures=0)
    shown = {row["kpi_code"] for row in rows}
    st.caption(" ".join(words(f"bonds_caption_{code}") for code in FAMILIES if code in shown))
    components.protected_note(view, rows)


def _bond(view: View, row: Row) -> list[str]:
    unit, signed = SHAPES.get(row["kpi_code"], (row["unit_of_measure"], False))
    figure = score(view, row, unit=unit, signed=signed)
    if row["period_code"] != view.period["period_code"] and row["status"] != "protected":
        figure += f" :orange[{view.words('measured_earlier', when=view.when(row, 'measured'))}]"
    family = FAMILIES.get(row["kpi_code"])
    if family or row["status"] == "protected":
        said = verdict(view, row, family or "link")
    else:
        said = " ".join(change_badge(view, row)) or NONE
    return [view.label(row), view.label(row, "stakeholder"), figure, said]


def segments(view: View) -> None:
    """The index of the stakeholder detailed above, group by group; no difference between groups is claimed."""
    words, public = view.words, components.detailed(view)
    rows = [] if public is None else data.segments(*view.choice[:3], public)
    if not rows:
        return
    names = {row["stakeholder_code"]: view.label(row) for row in view.stakeholders}
    st.subheader(words("segments_title", stakeholder=names[str(public)]), anchor=False)
    head = [words("segments_group"), view.label(data.kpi(view.snapshot, "rqi"))]
    unit_table(view, head, [[view.label(row), score(view, row)] for row in rows])
    st.caption(words("segments_caption"))
    components.protected_note(view, rows)
