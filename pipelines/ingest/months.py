"""Months by name, in English and French, and months written without a day."""

from __future__ import annotations

import calendar
import re
import unicodedata
from datetime import date

# "April 2021", "avr. 2021", "Apr-21"; "2021-04", "2021/04"; "04/2021".
NAMED = re.compile(r"(?P<name>[^\W\d_]+)\.?[\s/.-]+(?P<year>[0-9]{4}|[0-9]{2})")
NUMBERED = re.compile(
    r"(?P<year>[0-9]{4})[-/.](?P<month>[0-9]{1,2})|(?P<early>[0-9]{1,2})[-/.](?P<late>[0-9]{4})"
)
WORD = re.compile(r"[^\W\d_]+\.?")
ENGLISH = (
    "january", "february", "march", "april", "may", "june",
    "july", "august", "september", "october", "november", "december",
)  # fmt: skip
FRENCH = (
    "janvier", "fevrier", "mars", "avril", "mai", "juin",
    "juillet", "aout", "septembre", "octobre", "novembre", "decembre",
)  # fmt: skip
# Short names that are not the first three letters, or mean two months in one of the languages.
SHORT = {"janv": 1, "fevr": 2, "juil": 7, "sept": 9, "jui": None}


def month_of(name: str) -> int | None:
    """The number of a month by its English or French name, whole or short ("Apr", "avr.", "juil."); else None."""
    bare = unicodedata.normalize("NFD", name.casefold()).rstrip(".")
    bare = "".join(letter for letter in bare if not unicodedata.combining(letter))
    if bare in SHORT:
        return SHORT[bare]
    for months in (ENGLISH, FRENCH):
        for number, month in enumerate(months, start=1):
            if bare == month or (len(bare) == 3 and month.startswith(bare)):
                return number
    return None


def month_end(text: str) -> date | None:
    """The last day of a month written without a day; None for any other text."""
    if named := NAMED.fullmatch(text.strip()):
        month, year = month_of(named["name"]), int(named["year"])
    elif numbered := NUMBERED.fullmatch(text.strip()):
        month, year = int(numbered["month"] or numbered["early"]), int(numbered["year"] or numbered["late"])
    else:
        return None
    if month is None or not 1 <= month <= 12:
        return None
    year += 2000 if year < 100 else 0
    return last_day(year, month) if year else None


def last_day(year: int, month: int) -> date:
    """The last day of a month; `month` is 1 to 12."""
    return date(year, month, calendar.monthrange(year, month)[1])


def in_english(text: str, whole: bool) -> str:
    """The text with its month names as strptime knows them: whole (%B) or their first three letters (%b)."""

    def name(match: re.Match[str]) -> str:
        month = month_of(match[0])
        if month is None:
            return match[0]
        return (ENGLISH[month - 1] if whole else ENGLISH[month - 1][:3]).capitalize()

    return WORD.sub(name, text)
