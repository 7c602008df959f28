"""Which columns of a profit and loss statement are accounts, months and totals."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from pipelines.ingest.grid import Grid
from pipelines.ingest.header import listed, matches_glob, quote, tidy
from pipelines.ingest.model import FileProblem
from pipelines.ingest.months import last_day, month_end
from pipelines.ingest.spec import SourceSpec, StatementSpec

TOTAL = re.compile(r"(?i)(?:grand |year )?total(?: .*)?|somme|sum|full year|cumul")
# What a workbook's own date looks like once it is text.
DAY = re.compile(r"([0-9]{4})-([0-9]{2})-[0-9]{2}(?: 00:00:00)?")


@dataclass(frozen=True)
class Statement:
    """Column positions. Wide: `amounts` are the columns of `months`. Long: `amounts` is one column beside `month`."""

    account: int
    label: int | None
    unit: int | None
    month: int | None
    amounts: list[int]
    months: list[date]
    totals: list[int]

    @property
    def others(self) -> list[int]:
        return [place for place in (self.label, self.unit, self.month) if place is not None]


def statement_layout(grid: Grid, spec: SourceSpec, told: StatementSpec) -> Statement:
    """Raises FileProblem (held): missing_column, undeclared_column, no_months, duplicate_column."""
    names = [tidy(name) for name in grid.headers[0]]
    account = _place(names, told.account, "the account")
    label = _place(names, told.label, "the label") if told.label else None
    unit = _place(names, told.unit, "the unit") if told.unit else None
    taken = {place for place in (account, label, unit) if place is not None}
    dropped = {
        place
        for place, name in enumerate(names)
        if any(matches_glob(name, tidy(glob)) for glob in (*spec.drop, *spec.comments))
    } - taken
    if told.month and told.amount:
        period, amount = _place(names, told.month, "the month"), _place(names, told.amount, "the amount")
        _refuse_undeclared(names, {*taken, period, amount} | dropped)
        return Statement(account, label, unit, period, [amount], [], [])
    found = {
        place: month
        for place, name in enumerate(names)
        if place not in taken | dropped and (month := header_month(name))
    }
    totals = [
        place
        for place, name in enumerate(names)
        if place not in taken | dropped | set(found) and TOTAL.fullmatch(name)
    ]
    _refuse_undeclared(names, taken | dropped | set(found) | set(totals))
    _refuse_months(names, found)
    return Statement(account, label, unit, None, list(found), list(found.values()), totals)


def header_month(name: str) -> date | None:
    """The last day of the month a column is headed by."""
    if day := DAY.fullmatch(name):
        year, month = int(day[1]), int(day[2])
        return last_day(year, month) if 1 <= month <= 12 else None
    return month_end(name)


def _place(names: Sequence[str], wanted: str, what: str) -> int:
    if tidy(wanted) in names:
        return list(names).index(tidy(wanted))
    raise FileProblem(
        "missing_column",
        expected=f"{what} in column {quote(wanted)}",
        found="no such column",
        fix="correct `statement:` or `header_row:` in the source",
        status="held",
    )


def _refuse_undeclared(names: Sequence[str], known: set[int]) -> None:
    strange = [name for place, name in enumerate(names) if place not in known and name]
    if strange:
        raise FileProblem(
            "undeclared_column",
            expected="months, totals and declared columns",
            found=listed(strange),
            fix=f"add {quote(strange[0])} to `drop:` of the source",
            status="held",
        )


def _refuse_months(names: Sequence[str], found: dict[int, date]) -> None:
    if not found:
        raise FileProblem(
            "no_months",
            expected="columns headed by months, such as 2026-01, 01/2026, Jan-26 or janv. 2026",
            found=listed([name for name in names if name]) or "no column names",
            fix="set header_row to the row of the months, or declare `month:` and `amount:` for a long statement",
            status="held",
        )
    twice = {month for month in found.values() if list(found.values()).count(month) > 1}
    if twice:
        both = [quote(names[place]) for place, month in found.items() if month in twice]
        raise FileProblem(
            "duplicate_column",
            expected="one column a month",
            found=", ".join(both[:4]),
            fix="list the columns that are no actual figures (budget, last year) under `drop:`",
            status="held",
        )
