"""The profit and loss of one unit: the period, rolling 12 months, the fiscal year, the unassigned."""

from __future__ import annotations

import streamlit as st

from dashboards import snapshot as data
from dashboards.cards import NONE, finance_break_notes, protected_accounts
from dashboards.components import table
from dashboards.frame import View
from dashboards.snapshot import Row
from dashboards.wording import PROTECTED


def _cell(view: View, row: Row | None) -> str:
    if row is None:
        return NONE
    if row["status"] == "protected":
        return PROTECTED
    return NONE if row["value"] is None else view.words.measure(row["value"], row["unit_of_measure"])


def _change(view: View, card: Row, kpi: str, unit: str) -> str:
    change = card.get(f"{kpi}_rolling_12m_change")
    if change is None:
        return (
            PROTECTED
            if card["finance_status"] == "protected" and card.get(f"{kpi}_rolling_12m") is None
            else NONE
        )
    return view.words.points_of_share(change) if unit == "ratio" else view.words.share(change, signed=True)


def profit_and_loss(view: View) -> None:
    """The table and its caveat; a sentence where no ledger is declared."""
    snapshot, unit, period, public = view.choice
    words, rows = view.words, data.profit_and_loss(snapshot, unit, period)
    cards = data.cards(snapshot, unit, period, public)
    if not rows or not cards:
        st.caption(words("finance_none"))
        return
    lost = [r for r in data.profit_and_loss(snapshot, "unassigned", period) if r["basis"] == "rolling_12m"]
    has_lost = bool(lost) and view.unit["parent_code"] is None
    fiscal = next((row for row in rows if row["basis"] == "fiscal_year"), None)
    has_period = any(row["basis"] == "period" for row in rows)
    head = [words("pnl_kpi"), *([view.label(view.period)] if has_period else []), words("pnl_rolling")]
    head += [
        words("pnl_change"),
        *([words("pnl_fiscal", period=view.label(fiscal, "period"))] if fiscal else []),
    ]
    head += [words("pnl_unassigned")] if has_lost else []
    lines = []
    for kpi in dict.fromkeys(row["kpi_code"] for row in rows):
        by = {row["basis"]: row for row in rows if row["kpi_code"] == kpi}
        known = next(iter(by.values()))
        line = [view.label(known), *([_cell(view, by.get("period"))] if has_period else [])]
        line += [_cell(view, by.get("rolling_12m")), _change(view, cards[0], kpi, known["unit_of_measure"])]
        line += [_cell(view, by.get("fiscal_year"))] if fiscal else []
        line += [_cell(view, next((r for r in lost if r["kpi_code"] == kpi), None))] if has_lost else []
        lines.append(line)
    table(head, lines, figures=len(head) - 1)
    st.caption(words("pnl_caption"))
    finance_break_notes(view)
    if any(PROTECTED in (line[:-1] if has_lost else line) for line in lines):
        st.caption(protected_accounts(view))
    elif any(PROTECTED in line for line in lines):
        st.caption(words("protected_finance_other"))
