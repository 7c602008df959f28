"""How a verdict looks and reads: a shape, a colour and a word, the same in tables and charts.

Also what a screen of relations says where there is nothing to judge.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import streamlit as st

from dashboards import components
from dashboards import snapshot as data
from dashboards.cards import NONE, change_text
from dashboards.charts import Palette
from dashboards.frame import PAGES, View
from dashboards.snapshot import Row
from dashboards.wording import PROTECTED, in_chart, inside, plain

NAMED = 4  # units a sentence names before « et d'autres »


@dataclass(frozen=True)
class Mark:
    """Glyph in text, symbol in charts, tone: up (blue), down (orange), ink or muted."""

    glyph: str
    symbol: str
    tone: str

    def colour(self, colours: Palette) -> str:
        """The tone in a chart's palette."""
        return str(getattr(colours, self.tone))

    @property
    def badge(self) -> str:
        """The tone as Streamlit names it."""
        return {"up": "blue", "down": "orange"}.get(self.tone, "gray")


# Families of words for a verdict, `verdict_<family>_<code>` in the locales.
FAMILIES = ["symmetry", "reciprocity", "agreement", "slope", "gesture", "excess", "alarm", "action"]
FAMILIES += ["link", "attention", "together"]
OPEN = {"undecided", "one_side_only", "not_enough_data", "too_early"}  # not decided: one open circle
UNDECIDED = Mark("○", "circle-open", "muted")
HIDDEN = Mark(PROTECTED, "circle", "muted")
MARKS = {
    "counterparty_higher": Mark("▲", "triangle-up", "up"),
    "stakeholder_higher": Mark("▼", "triangle-down", "down"),
    "symmetric": Mark("◆", "diamond", "ink"),
    "mutual": Mark("◆", "diamond", "ink"),
    "one_sided_counterparty": Mark("▼", "triangle-down", "down"),
    "one_sided_stakeholder": Mark("▲", "triangle-up", "up"),
    "genuine": Mark("▲", "triangle-up", "up"),
    "warm": Mark("◇", "diamond-open", "up"),
    "mechanical": Mark("■", "square", "down"),
    "absent": Mark("▽", "triangle-down-open", "down"),
    "above_siblings": Mark("▲", "triangle-up", "down"),
    "below_siblings": Mark("▽", "triangle-down-open", "muted"),
    "like_siblings": Mark("◆", "diamond", "ink"),
    "alarm": Mark("■", "square", "down"),
    "moved_together": Mark("▽", "triangle-down-open", "down"),
    "calm": Mark("◆", "diamond", "ink"),
    "moved_up": Mark("▲", "triangle-up", "up"),
    "moved_down": Mark("▼", "triangle-down", "down"),
    "no_difference": Mark("◆", "diamond", "ink"),
    "one_for_one": Mark("◆", "diamond", "ink"),
    "more_than_one_for_one": Mark("▲", "triangle-up", "ink"),
    "less_than_one_for_one": Mark("▼", "triangle-down", "ink"),
    "holds": Mark("◆", "diamond", "ink"),
    "apart": Mark("▽", "triangle-down-open", "down"),
    "even": Mark("◆", "diamond", "ink"),
    "towards_richest": Mark("▲", "triangle-up", "ink"),
    "towards_poorest": Mark("▼", "triangle-down", "ink"),
    "reinforce": Mark("▲", "triangle-up", "up"),
    "weaken": Mark("▼", "triangle-down", "down"),
}


def mark(row: Row) -> Mark:
    """The mark of a row's verdict; a protected row has the one symbol of all that is protected."""
    return HIDDEN if row["status"] == "protected" else MARKS.get(row["verdict_code"], UNDECIDED)


def verdict(view: View, row: Row, family: str, **given: str) -> str:
    """The verdict of a row in a director's words, as a badge; `given` fills the places of its sentence."""
    if row["status"] == "protected":
        return PROTECTED
    known = mark(row)
    said = view.words.code(row["verdict_code"] or "undecided", f"verdict_{family}_").format(**given)
    return f":{known.badge}-badge[{known.glyph} {said}]"


def legend(view: View, family: str, codes: tuple[str, ...], hides: bool, **given: str) -> str:
    """« ▲ meilleur côté clients · ○ indécis », for the marks of a chart; `hides` where it shows protected ones."""
    rows = [{"status": "published", "verdict_code": code} for code in codes]
    said = [verdict(view, row, family, **given) for row in rows]
    return " ".join([*said, *([f":gray-badge[{view.words('protected')}]"] if hides else [])])


def sides(view: View, relation: Row) -> dict[str, str]:
    """Names of the two sides, as they read inside a sentence."""
    return {side: plain(inside(view.words.of(relation, side))) for side in ("first", "second")}


def score(view: View, row: Row, stem: str = "", unit: str | None = "score", signed: bool = False) -> str:
    """« **72,4** [71,3 ; 73,5] n = 412 », the symbol where protected, what is missing elsewhere."""
    words, status, value = view.words, row[f"{stem}status"], row[f"{stem}value"]
    if status == "protected":
        return PROTECTED
    n = row[f"{stem}n"]
    count = [] if n is None else [words("respondents", n=words.number(n, 0))]
    if value is None:
        return NONE if status is None else " ".join([words("not_enough").lower(), *count])
    low, high = row[f"{stem}ci_low"], row[f"{stem}ci_high"]
    between = [] if low is None else [plain(words.interval(low, high, unit))]
    shown = change_text(view, value, None) if signed else words.measure(value, unit)
    return " ".join(
        [f"**{shown}**", *([f":gray[{' '.join([*between, *count])}]"] if between or count else [])]
    )


def named(view: View, rows: list[Row], shown: Any = None) -> str:
    """« Nord, Ouest et Sud », at most four, then « d'autres »; `shown` writes each row otherwise."""
    said = [(shown or view.label)(row) for row in rows[:NAMED]]
    return view.words.listed([*said, view.words("others")] if len(rows) > NAMED else said)


def hover(view: View, row: Row, lines: list[tuple[str, str]]) -> str:
    """What a mark says under the pointer: the unit, then one figure per line, as (stem, name)."""
    words = view.words
    said = [f"<b>{in_chart(words.of(row, 'label'))}</b>"]
    for stem, name in lines:
        value, low, n = (row[f"{stem}{column}"] for column in ("value", "ci_low", "n"))
        if value is None:
            continue
        between = "" if low is None else words.interval(low, row[f"{stem}ci_high"], None)
        count = "" if n is None else words("respondents", n=words.number(n, 0))
        said.append(
            words("hover_line", name=in_chart(name), value=words.number(value), interval=between, n=count)
        )
    return "<br>".join(said)


def period_of(view: View, code: str, relation: Row | None = None, quiet: bool = False) -> Row | None:
    """The period a KPI is read at; None once the page has said what is missing, and what would give it."""
    words = view.words
    if not data.serves_relations(view.snapshot):
        st.info(words("older_snapshot"))
        return None
    found = data.measured(view.snapshot, view.period["period_code"], code, relation)
    if found is None:
        known = data.kpi(view.snapshot, code)
        needs = inside(view.label(known, "needs")) or words("needs_undeclared")
        st.info(words("kpi_absent", kpi=view.label(known) or words("kpi_unknown"), needs=needs))
    elif found["period_code"] != view.period["period_code"] and not quiet:
        st.caption(f":orange[{words('measured_earlier', when=view.when(found))}]")
    return found


def way_up(view: View, page: str, shows: Callable[[str], bool]) -> None:
    """Where a scope is protected: the nearest unit above it that can be shown, one click away."""
    above = [unit for unit in reversed(view.path(view.unit)[:-1]) if shows(unit["unit_code"])]
    if above:
        label = view.words("protected_way_up", unit=view.label(above[0]))
        st.page_link(PAGES[page], label=label, query_params=view.link(unit=above[0]["unit_code"]))


def notes(view: View, rows: list[Row], undecided: str) -> None:
    """Under a table: what would decide the undecided, and why something is protected, only where they occur."""
    if any(row["status"] != "protected" and row["verdict_code"] in {None, "undecided"} for row in rows):
        st.caption(view.words(undecided))
    components.protected_note(view, rows)
