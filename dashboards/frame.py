"""What surrounds every page: the view read from the URL, the header, the states that replace a page.

The URL is the only state. Each rerun reads and checks it; a filter that changes writes it; a value nobody
published falls back with a notice that never repeats what was asked.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import streamlit as st

from dashboards import snapshot as data
from dashboards.snapshot import Row, Snapshot
from dashboards.wording import LANGUAGES, Words, plain

ALL = "all"
SCREENS = ("overview", "unit", "symmetry", "gesture", "partners", "early_warning", "sources")
PAGES = {name: f"app_pages/{name}.py" for name in SCREENS}


@dataclass(frozen=True)
class View:
    """One checked choice: everything a page needs to ask its questions and write its links."""

    snapshot: Snapshot
    words: Words
    about: Row
    period: Row
    unit: Row
    stakeholder: str
    periods: list[Row]
    units: list[Row]
    stakeholders: list[Row]
    relations: list[Row]
    relation: str | None
    notices: tuple[str, ...]

    @property
    def choice(self) -> tuple[Snapshot, str, str, str]:
        """Snapshot, unit, period, stakeholder: the arguments of most queries."""
        return self.snapshot, self.unit["unit_code"], self.period["period_code"], self.stakeholder

    def link(self, **changed: str) -> dict[str, str]:
        """Query parameters that reproduce this view, with some of them changed."""
        here = {
            "lang": self.words.language,
            "period": self.period["period_code"],
            "unit": self.unit["unit_code"],
            "stakeholder": self.stakeholder,
        }
        chosen = {} if self.relation is None else {"relation": self.relation}
        return here | chosen | changed

    def relation_of(self, kind: str) -> Row | None:
        """The relation asked for if it is of that kind, else the first of the kind; None where none is declared."""
        mine = [row for row in self.relations if row["kind"] == kind]
        return next((row for row in mine if row["relation_code"] == self.relation), mine[0] if mine else None)

    def label(self, row: Row, stem: str = "label") -> str:
        """A label of the snapshot in the page's language, safe inside Markdown."""
        return plain(self.words.of(row, stem))

    def when(self, row: Row, stem: str = "label") -> str:
        """A period as an adverb (« au T3 2025 », « en 2020 »), safe inside Markdown."""
        return plain(self.words.when(row, stem))

    def unit_row(self, code: str | None) -> Row | None:
        """The unit with that code, if the scorecard knows it."""
        return next((row for row in self.units if row["unit_code"] == code), None)

    def path(self, unit: Row) -> list[Row]:
        """From the root down to `unit`."""
        above: list[Row] = []
        at: Row | None = unit
        while at is not None and at not in above:
            above.insert(0, at)
            at = self.unit_row(at["parent_code"])
        return above


def language(default: str = "fr") -> tuple[str, bool]:
    """The language of the URL, and whether the one asked for is known."""
    asked = st.query_params.get("lang")
    return (asked, True) if asked in LANGUAGES else (default, asked is None)


def _chosen(name: str, column: str, rows: list[Row], default: Row) -> tuple[Row, bool]:
    asked = st.query_params.get(name)
    found = next((row for row in rows if row[column] == asked), None)
    return found or default, found is not None or asked is None


def read_view(snapshot: Snapshot) -> View:
    """Check the URL against the snapshot; unknown values fall back on the latest period, root, everyone."""
    about = data.about(snapshot)
    lang, lang_known = language(about["language"] if about["language"] in LANGUAGES else "fr")
    words = Words(lang, about["currency_code"] or "EUR")
    everyone = {
        "stakeholder_code": ALL,
        "label_fr": Words("fr")("everyone"),
        "label_en": Words("en")("everyone"),
    }
    periods, units, stakeholders = data.periods(snapshot), data.units(snapshot), data.stakeholders(snapshot)
    latest = next((row for row in periods if row["is_measured"]), periods[0])
    period, period_known = _chosen("period", "period_code", periods, latest)
    unit, unit_known = _chosen("unit", "unit_code", units, units[0])
    public, public_known = _chosen(
        "stakeholder",
        "stakeholder_code",
        [everyone, *stakeholders],
        stakeholders[0] if len(stakeholders) == 1 else everyone,
    )
    relations, asked = data.relations(snapshot), st.query_params.get("relation")
    relation = asked if asked in {row["relation_code"] for row in relations} else None
    notices = [
        words(f"notice_{name}", shown=plain(words.of(row, "label")))
        for name, row, known in (
            ("period", period, period_known),
            ("unit", unit, unit_known),
            ("stakeholder", public, public_known),
        )
        if not known
    ]
    if asked != relation:
        notices.append(words("notice_relation"))
    if not lang_known:
        notices.append(words("notice_lang"))
    return View(
        snapshot,
        words,
        about,
        period,
        unit,
        public["stakeholder_code"],
        periods,
        units,
        stakeholders,
        relations,
        relation,
        tuple(notices),
    )


def current() -> View:
    """The view of this rerun, as the router read it."""
    view: View = st.session_state["view"]
    return view


def _write(name: str) -> None:
    """A filter was changed by hand: the URL follows, and the browser remembers the step before."""
    st.query_params[name] = st.session_state[f"filter_{name}"]


def _filter(view: View, name: str, rows: list[Row], column: str, shown: Any) -> None:
    labels = {row[column]: shown(row) for row in rows}
    st.session_state[f"filter_{name}"] = view.link()[name]
    st.selectbox(
        view.words(f"filter_{name}"),
        list(labels),
        key=f"filter_{name}",
        on_change=_write,
        args=(name,),
        format_func=lambda code: labels.get(code, ""),
    )


def stakeholder_tabs(view: View, labels: dict[str, str], shown: str) -> None:
    """The stakeholder filter again, beside what it details."""

    def follow() -> None:
        st.query_params["stakeholder"] = st.session_state["tab_stakeholder"]

    st.session_state["tab_stakeholder"] = shown
    st.segmented_control(
        view.words("filter_stakeholder"),
        list(labels),
        key="tab_stakeholder",
        required=True,
        on_change=follow,
        format_func=lambda code: labels.get(code, ""),
        label_visibility="collapsed",
    )


def relation_tabs(view: View, kind: str) -> Row | None:
    """The relation of this kind that the page shows; a choice where several are declared, kept in the URL."""
    shown = view.relation_of(kind)
    labels = {
        row["relation_code"]: view.words.of(row, "label") for row in view.relations if row["kind"] == kind
    }

    def follow() -> None:
        st.query_params["relation"] = st.session_state["tab_relation"]

    if shown and len(labels) > 1:
        st.session_state["tab_relation"] = shown["relation_code"]
        st.segmented_control(
            view.words("filter_relation"),
            list(labels),
            key="tab_relation",
            required=True,
            on_change=follow,
            format_func=lambda code: labels.get(code, ""),
            label_visibility="collapsed",
        )
    return shown


def _unit_name(view: View, unit: Row) -> str:
    below_root = view.path(unit)[1:] or [unit]
    return " › ".join(view.words.of(row, "label") for row in below_root)


def header(view: View) -> None:
    """Organisation, pages, language; then the filters and how old the data are.

    The address bar is completed first, so that what a reader copies reproduces the view after the next publication.
    """
    st.query_params.from_dict(view.link())
    words = view.words
    name, pages, tongue = st.columns([2.9, 7.4, 1], vertical_alignment="center")
    name.markdown(f"**{plain(view.about['organisation_name'])}** · {words('app')}")
    with pages.container(horizontal=True, horizontal_alignment="right", gap="small"):
        for page, path in PAGES.items():
            st.page_link(path, label=words(f"nav_{page}"), query_params=view.link())
    with tongue.container(horizontal=True, horizontal_alignment="right"):
        st.session_state["filter_lang"] = words.language
        st.segmented_control(
            words("language"),
            LANGUAGES,
            key="filter_lang",
            required=True,
            format_func=str.upper,
            on_change=_write,
            args=("lang",),
            label_visibility="collapsed",
        )
    _filters(view)
    if view.notices:
        st.info(" ".join(view.notices))
    if view.snapshot.is_last_good:
        st.warning(words("last_good", date=words.date(view.about["as_of_date"])))


def _filters(view: View) -> None:
    words = view.words
    with st.container(border=True):
        period, unit, public, age = st.columns([1.3, 2.4, 1.7, 2.2], vertical_alignment="bottom")
        with period:
            _filter(view, "period", view.periods, "period_code", lambda row: words.of(row, "label"))
        with unit:
            _filter(view, "unit", view.units, "unit_code", lambda row: _unit_name(view, row))
        with public:
            everyone = {"stakeholder_code": ALL, "label_fr": words("everyone"), "label_en": words("everyone")}
            options = [everyone, *view.stakeholders] if len(view.stakeholders) > 1 else view.stakeholders
            _filter(view, "stakeholder", options, "stakeholder_code", lambda row: words.of(row, "label"))
        before = data.compared_period(view.snapshot, view.period["period_code"])
        shown = view.label(view.period)
        against = (
            words("compared", period=shown, against=view.label(before))
            if before
            else words("compared_none", period=shown)
        )
        late = sum(row["freshness_status"] != "fresh" for row in data.sources(view.snapshot))
        state = (
            words("up_to_date")
            if not late
            else words("late_count_one" if late == 1 else "late_count", count=late)
        )
        colour = ":orange" if late else ":gray"
        as_of = words("as_of", date=words.date(view.about["as_of_date"]))
        age.markdown(f":gray[{against}]  \n:gray[{as_of}] · {colour}[{state}]")


def first_run() -> None:
    """Nothing published yet: the three steps, and the demo."""
    words = Words(language()[0])
    st.title(words("first_run_title"), anchor=False)
    st.markdown(words("first_run_intro"))
    for step in (1, 2, 3):
        st.markdown(f"{step}. " + words(f"first_run_{step}"))
    st.caption(words("first_run_demo"))


def empty(view: View) -> bool:
    """Whether the choice has no row at all; if so, say which filter empties it and offer the way back."""
    snapshot, unit, period, stakeholder = view.choice
    if data.has_rows(snapshot, unit, period, stakeholder):
        return False
    words, root, latest = view.words, view.units[0], view.periods[0]
    said = {
        "unit": view.label(view.unit),
        "period": view.label(view.period),
        "when": view.when(view.period),
        "stakeholder": next(
            (view.label(r) for r in view.stakeholders if r["stakeholder_code"] == stakeholder), ""
        ),
    }
    ways = [
        ("stakeholder", (unit, period, ALL), {"stakeholder": ALL}, {}),
        (
            "period",
            (unit, latest["period_code"], ALL),
            {"period": latest["period_code"], "stakeholder": ALL},
            {"period": view.label(latest)},
        ),
        (
            "unit",
            (root["unit_code"], period, ALL),
            {"unit": root["unit_code"], "stakeholder": ALL},
            {"unit": view.label(root)},
        ),
    ]
    st.subheader(words("empty_title"), anchor=False)
    name, _, change, given = next((way for way in ways if data.has_rows(snapshot, *way[1])), ways[-1])
    st.markdown(words(f"empty_{name}", **said))
    st.page_link(
        PAGES["overview"], label=words(f"empty_back_{name}", **given), query_params=view.link(**change)
    )
    return True
