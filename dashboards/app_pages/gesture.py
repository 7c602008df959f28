"""Gesture and intention: are our gestures sincere?"""

from __future__ import annotations

import streamlit as st

from dashboards import components, gestures
from dashboards import snapshot as data
from dashboards.verdicts import period_of

SHOWN = (
    "script_compliance",
    "dimension_score",
    "gesture_gap",
    "promoter_share",
    "promoter_excess",
    "seller_collected_share",
    "prompt_answer_share",
)
view = components.page_guard()
if view:
    words = view.words
    st.title(words("gesture_title"), anchor=False)
    period = period_of(view, "gesture_gap")
    if period:
        components.said(view, gestures.sentence(view, period), "gesture_rule")
        gestures.way_up(view, period)
        rows = data.gestures(view.snapshot, view.unit["unit_code"], period["period_code"])
        if rows:
            plane, over_time = st.columns([1.2, 1], gap="medium")
            with plane:
                st.subheader(words("gesture_plane"), anchor=False)
                gestures.quadrant(view, rows)
            with over_time:
                gestures.history(view)
            st.subheader(words("gesture_table"), anchor=False)
            gestures.verdict_table(view, rows)
        gestures.pushed(view)
    components.definitions(view, SHOWN)
