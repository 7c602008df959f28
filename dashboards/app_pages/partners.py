"""Partners: do we treat each other alike, and do we keep our word?"""

from __future__ import annotations

import streamlit as st

from dashboards import components, sides

SHOWN = ("mirrored_index", "dimension_score", "reciprocity_gap", "reciprocity", "on_time_share")
view = components.page_guard()
if view:
    words = view.words
    st.title(words("partners_title"), anchor=False)
    asked = sides.asked(view, "reciprocity", "reciprocity_gap")
    if asked:
        components.said(view, sides.reciprocity_sentence(view, *asked), "reciprocity_rule")
        sides.way_up(view, "partners", *asked)
        sides.side_cards(view, *asked)
        st.subheader(words("reciprocity_gaps"), anchor=False)
        sides.dimension_table(view, *asked)
    sides.kept_word(view)
    components.definitions(view, SHOWN)
