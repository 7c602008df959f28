"""Sources and quality: where the figures come from, whose they are and how old."""

from __future__ import annotations

import streamlit as st

from dashboards import frame
from dashboards import snapshot as data
from dashboards.cards import NONE
from dashboards.components import table
from dashboards.frame import View
from dashboards.snapshot import Row
from dashboards.wording import plain


def _freshness(view: View, row: Row) -> str:
    words, status = view.words, row["freshness_status"]
    colour = "gray" if status == "fresh" else "orange"
    age = (
        ""
        if row["age_days"] is None
        else " · " + words("age", days=row["age_days"], limit=row["freshness_days"])
    )
    return f":{colour}-badge[{words.code(status)}]{age}"


def _line(view: View, row: Row) -> list[str]:
    words = view.words
    wave = f" ({plain(row['last_wave_code'])})" if row["last_wave_code"] else ""
    last = NONE if row["last_wave_date"] is None else words.date(row["last_wave_date"]) + wave
    passed, total = row["checks_passed_count"], row["checks_count"]
    public = f" · {words('public')}" if row["disclosure"] == "already_public" else ""
    file = words.code(row["last_file_status"])
    return [
        f"**{view.label(row)}**{public}",
        view.label(row, "stakeholder") or NONE,
        plain(row["owner"] or NONE),
        words.code(row["cadence"], "cadence_"),
        last,
        _freshness(view, row),
        file if row["last_file_status"] in {"accepted", None} else f":orange-badge[{file}]",
        NONE if total is None else words("checks", passed=passed, total=total),
        words("version", version=row["declaration_version"]),
    ]


view = frame.current()
words = view.words
sources, about = data.sources(view.snapshot), view.about
st.title(words("sources_title"), anchor=False)
st.markdown(
    words("sources_late" if any(row["freshness_status"] != "fresh" for row in sources) else "sources_ok")
)
table(
    [
        words(f"source{part}")
        for part in (
            "",
            "_stakeholder",
            "_owner",
            "_cadence",
            "_last",
            "_freshness",
            "_file",
            "_checks",
            "_version",
        )
    ],
    [_line(view, row) for row in sources],
    figures=2,
)
st.caption(words("sources_caption"))
st.caption(
    words(
        "sources_snapshot",
        id=plain(about["snapshot_id"]),
        definition=plain(str(about["definition_version"])),
        code=plain(str(about["code_version"])),
        run=plain(str(about["run_id"])),
    )
)
