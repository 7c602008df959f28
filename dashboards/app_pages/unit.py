"""One unit: its relationships dimension by dimension, its accounts, and what is protected below it."""

from __future__ import annotations

import streamlit as st

from dashboards import bonds, cards, components, pnl
from dashboards.frame import ALL

view = components.page_guard()
if view:
    components.breadcrumb(view)
    title = "unassigned_title" if view.unit["unit_code"] == "unassigned" else "unit_title"
    st.title(view.words(title, unit=view.label(view.unit)), anchor=False)
    cards.stakeholder_cards(view, ALL)
    components.dimensions(view)
    bonds.segments(view)
    bonds.bonds(view)
    st.subheader(view.words("pnl_title"), anchor=False)
    pnl.profit_and_loss(view)
    if not view.unit["is_leaf"]:
        st.subheader(view.words("protected_title"), anchor=False)
        components.protection(view)
    components.definitions(view)
