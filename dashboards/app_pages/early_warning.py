"""Early warning: where should we act before it is felt on the other side?"""

from __future__ import annotations

import streamlit as st

from dashboards import alarms, components, sides
from dashboards import snapshot as data

SHOWN = ("rqi", "early_warning", "crisis_share")
view = components.page_guard()
if view:
    words = view.words
    st.title(words("alarm_title"), anchor=False)
    asked = sides.asked(view, "symmetry", "early_warning")
    if asked:
        relation, period = asked
        rows = data.warnings(
            view.snapshot, view.unit["unit_code"], period["period_code"], relation["relation_code"]
        )
        components.said(view, alarms.sentence(view, relation, period, rows), "alarm_rule")
        crisis, meaning = st.columns([1, 2.4], gap="medium", vertical_alignment="center")
        with crisis:
            alarms.crisis(view)
        with meaning:
            alarms.meaning(view)
            alarms.leads(view, rows)
        st.subheader(words("alarm_panels"), anchor=False)
        alarms.panels(view, relation, rows)
        if rows:
            st.subheader(words("alarm_table"), anchor=False)
            alarms.warning_table(view, relation, rows)
    if view.relations:
        alarms.register(view)
    components.definitions(view, SHOWN)
