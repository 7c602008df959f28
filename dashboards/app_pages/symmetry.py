"""Symmetry: is the relationship as good on both sides?"""

from __future__ import annotations

import streamlit as st

from dashboards import components, sides

SHOWN = (
    "mirrored_index",
    "dimension_score",
    "symmetry_gap",
    "symmetry_slope",
    "symmetry_concordance",
    "say_do_gap",
)
view = components.page_guard()
if view:
    words = view.words
    st.title(words("symmetry_title"), anchor=False)
    asked = sides.asked(view, "symmetry", "symmetry_gap")
    if asked:
        components.said(view, sides.gap_sentence(view, *asked), "symmetry_rule")
        sides.way_up(view, "symmetry", *asked)
        hidden, points = sides.unit_points(view, *asked)
        units, beside = st.columns([1.35, 1], gap="medium") if points else (None, st.container())
        if units:
            with units:
                st.subheader(words("symmetry_plane"), anchor=False)
                sides.unit_plane(view, asked[0], hidden, points)
        with beside:
            st.subheader(words("chain_title"), anchor=False)
            sides.chain(view)
            st.subheader(words("across_title"), anchor=False)
            sides.across_units(view, *asked)
            sides.values_table(view)
        st.subheader(words("gaps_title"), anchor=False)
        sides.dimension_table(view, *asked)
    components.definitions(view, SHOWN)
