"""Overview: how are our relationships, and our accounts?"""

from __future__ import annotations

import streamlit as st

from dashboards import cards, components

view = components.page_guard()
if view:
    st.title(view.words("overview_title"), anchor=False)
    components.message(view)
    components.stale_lines(view)
    cards.stakeholder_cards(view, view.stakeholder)
    cards.finance_cards(view)
    components.series(view)
    st.subheader(view.words("moves_title"), anchor=False)
    components.moves(view)
    components.definitions(view)
