"""Months, quarters, years and fiscal years of a home, with their French and English labels."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from babel.dates import format_date

Grain = str  # month | quarter | year | fiscal_year
MONTHS = {"month": 1, "quarter": 3, "year": 12, "fiscal_year": 12}


@dataclass(frozen=True)
class Period:
    """A calendar span; `previous` and `last_year` are codes of the same grain."""

    code: str
    grain: Grain
    start: dt.date
    end: dt.date
    fiscal_year: int
    label_fr: str
    label_en: str
    previous: str
    last_year: str


def _shift(first: dt.date, months: int) -> dt.date:
    index = first.year * 12 + first.month - 1 + months
    return dt.date(index // 12, index % 12 + 1, 1)


def fiscal_year(day: dt.date, start_month: int) -> int:
    """The fiscal year of `day`, named after the year in which it closes."""
    return day.year if start_month == 1 or day.month < start_month else day.year + 1


def _code(first: dt.date, grain: Grain, start_month: int) -> str:
    if grain == "month":
        return f"{first:%Y-%m}"
    if grain == "quarter":
        return f"{first.year}-Q{(first.month - 1) // 3 + 1}"
    return str(first.year) if grain == "year" else f"FY{fiscal_year(first, start_month)}"


def first_day(day: dt.date, grain: Grain, start_month: int = 1) -> dt.date:
    """First day of the period of `grain` that holds `day`."""
    if grain == "month":
        return day.replace(day=1)
    if grain == "quarter":
        return dt.date(day.year, (day.month - 1) // 3 * 3 + 1, 1)
    if grain == "year":
        return dt.date(day.year, 1, 1)
    return _shift(dt.date(fiscal_year(day, start_month), start_month, 1), 0 if start_month == 1 else -12)


def code_of(day: dt.date, grain: Grain, start_month: int = 1) -> str:
    """Code of the period of `grain` that holds `day`: 2025-03, 2025-Q1, 2025, FY2025."""
    return _code(first_day(day, grain, start_month), grain, start_month)


def _labels(first: dt.date, grain: Grain, start_month: int) -> tuple[str, str]:
    if grain == "month":
        return format_date(first, "LLLL y", "fr"), format_date(first, "LLLL y", "en")
    if grain == "quarter":
        number = (first.month - 1) // 3 + 1
        return f"T{number} {first.year}", f"Q{number} {first.year}"
    if grain == "year":
        return str(first.year), str(first.year)
    return str(fiscal_year(first, start_month)), str(fiscal_year(first, start_month))


def periods(first: dt.date, last: dt.date, start_month: int) -> list[Period]:
    """Every period that touches [first, last], each grain in order; fiscal years only when not calendar years."""
    found = []
    for grain, length in MONTHS.items():
        if grain == "fiscal_year" and start_month == 1:
            continue
        start = first_day(first, grain, start_month)
        while start <= last:
            fr, en = _labels(start, grain, start_month)
            end = _shift(start, length) - dt.timedelta(days=1)
            found.append(
                Period(
                    code=_code(start, grain, start_month),
                    grain=grain,
                    start=start,
                    end=end,
                    fiscal_year=fiscal_year(end, start_month),
                    label_fr=fr,
                    label_en=en,
                    previous=_code(_shift(start, -length), grain, start_month),
                    last_year=_code(_shift(start, -12), grain, start_month),
                )
            )
            start = _shift(start, length)
    return found
