"""Router: read the snapshot and the URL, draw the frame, run the page.

Started by `streamlit run dashboards/app.py`.
"""

from __future__ import annotations

import logging
import sys
from pathlib import Path

import streamlit as st

# streamlit puts this folder on the path, not the parent of the package
if str(Path(__file__).parents[1]) not in sys.path:
    sys.path.insert(0, str(Path(__file__).parents[1]))

from dashboards import frame, snapshot
from dashboards.wording import Words

log = logging.getLogger("relier.dashboard")


def main() -> None:
    """One rerun. Whatever fails is logged for the operator and told to the reader in one sentence."""
    st.set_page_config(page_title="Relier", layout="wide")
    st.html(Path(__file__).parent / "style.css")
    try:
        opened = snapshot.open_current()
    except snapshot.NoSnapshotError:
        st.navigation([st.Page(frame.first_run, title="Relier")], position="hidden").run()
        return
    words = Words(frame.language(snapshot.about(opened)["language"])[0])
    page = st.navigation(
        [
            st.Page(
                path,
                title=words(f"nav_{name}"),
                url_path="" if name == "overview" else name,
                default=name == "overview",
            )
            for name, path in frame.PAGES.items()
        ],
        position="hidden",
    )
    try:
        view = frame.read_view(opened)
        st.session_state["view"] = view
        frame.header(view)
        page.run()
    except Exception:
        log.exception("a page could not be composed")
        about = snapshot.about(opened)
        st.error(words("error", id=about["snapshot_id"], run=about["run_id"]))


main()
