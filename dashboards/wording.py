"""What a director reads: sentences from the locale files, numbers and dates through babel, French typography.

The language is the page's, never the browser's.
"""

from __future__ import annotations

import datetime as dt
import html
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml
from babel.dates import format_date
from babel.lists import format_list
from babel.numbers import format_decimal, format_percent

LANGUAGES = ("fr", "en")
NARROW, NO_BREAK, MINUS = "\u202f", "\u00a0", "\u2212"
PROTECTED = "●"
_BABEL = {"fr": "fr_FR", "en": "en_GB"}
_BEFORE = re.compile(r" ([;:?!%»])(?=[\s).,\]]|$)")
_SCALES = ((1e9, "Md"), (1e6, "M"), (1e3, "k"), (1.0, ""))
_QUARTER = re.compile(r"T[1-4] ")
_MARKDOWN = re.compile(r"([\\`*_\[\]{}()#~<>$|:!])")


def typeset(text: str, language: str) -> str:
    """French takes a thin no-break space before ; : ? ! % and inside « »; English is left alone."""
    if language != "fr":
        return text
    return _BEFORE.sub(NARROW + r"\1", text).replace("« ", "«" + NARROW).replace("'", "’")


@lru_cache(maxsize=len(LANGUAGES))
def _texts(language: str) -> dict[str, str]:
    path = Path(__file__).parent / "locales" / f"{language}.yml"
    texts = yaml.safe_load(path.read_text(encoding="utf-8"))
    return {key: typeset(str(text), language) for key, text in texts.items()}


def plain(text: str) -> str:
    """Text of a declaration, so that its characters are shown and never read as Markdown."""
    return _MARKDOWN.sub(r"\\\1", text)


def inside(text: str) -> str:
    """A label in the middle of a sentence: « Clients » gives « clients », « PME » stays."""
    return text[:1].lower() + text[1:] if text[1:2].islower() else text


def in_chart(text: str) -> str:
    """Text of a declaration for plotly, which reads a little HTML."""
    return html.escape(text, quote=False)


@dataclass(frozen=True)
class Words:
    """The voice of one page: `language` is fr or en, `currency` the home's."""

    language: str
    currency: str = "EUR"

    def __call__(self, key: str, **given: Any) -> str:
        """The sentence `key` of the locale file with its places filled."""
        return _texts(self.language)[key].format(**given)

    def code(self, value: Any, prefix: str = "") -> str:
        """The words of a code of the snapshot; one this version does not know is shown as it is, none as a dash."""
        known = _texts(self.language).get(f"{prefix}{value}")
        return known or ("—" if value is None else plain(str(value)))

    def known(self, key: str, otherwise: str) -> Callable[..., str]:
        """The sentence `key` to fill, else `otherwise` where this version has no such sentence."""
        texts = _texts(self.language)
        return texts.get(key, texts[otherwise]).format

    def of(self, row: dict[str, Any], stem: str) -> str:
        """The column `<stem>_<language>` of a row, else its other language, else nothing."""
        other = "en" if self.language == "fr" else "fr"
        found = row.get(f"{stem}_{self.language}") or row.get(f"{stem}_{other}") or ""
        return typeset(str(found), self.language)

    def when(self, row: dict[str, Any], stem: str = "label") -> str:
        """The period of a row as an adverb: « au T3 2025 », « en mars 2025 », « en 2020 »; in Q3 2025."""
        period = self.of(row, stem)
        return (
            f"au {period}" if self.language == "fr" and _QUARTER.match(period) else f"{self('in')} {period}"
        )

    def listed(self, names: list[str]) -> str:
        """Nord, Ouest et Sud; North, West and South."""
        return format_list(names, locale=_BABEL[self.language])

    def number(self, value: Any, digits: int = 1, signed: bool = False) -> str:
        """72.42 gives « 72,4 » and 72.4; the minus is a real one, a zero has no sign."""
        pattern = "#,##0" + ("." + "0" * digits if digits else "")
        text = format_decimal(value, pattern, locale=_BABEL[self.language]).replace("-", MINUS)
        return self._signed(value, text) if signed else text

    def _signed(self, value: Any, text: str) -> str:
        if not any(c in text for c in "123456789"):
            return text.lstrip(MINUS)
        return f"+{text}" if value > 0 else text

    def share(self, value: Any, digits: int = 1, signed: bool = False) -> str:
        """A ratio as a percentage: 0.0914 gives « 9,1 % » and 9.1%."""
        pattern = (
            "#,##0" + ("." + "0" * digits if digits else "") + (NARROW if self.language == "fr" else "") + "%"
        )
        text = format_percent(value, pattern, locale=_BABEL[self.language]).replace("-", MINUS)
        return self._signed(value, text) if signed else text

    def points_of_share(self, value: Any) -> str:
        """A difference between two ratios, in points: 0.012 gives « +1,2 pt »."""
        return self("points_short", value=self.number(100 * float(value), signed=True))

    def money(self, value: Any) -> str:
        """12,400,000 gives « 12,4 M€ » and €12.4M: three significant figures are enough on a scorecard."""
        amount = float(value)
        scale, letter = next(s for s in _SCALES if abs(amount) >= s[0] or s[0] == 1.0)
        symbol = {"EUR": "€", "GBP": "£", "USD": "$"}.get(self.currency, self.currency)
        text = self.number(amount / scale, _digits(amount))
        if self.language == "fr":
            return f"{text}{NO_BREAK}{letter}{symbol}"
        sign = MINUS if text.startswith(MINUS) else ""
        return f"{sign}{symbol}{text.removeprefix(MINUS)}{letter.replace('Md', 'bn')}"

    def measure(self, value: Any, unit: str | None) -> str:
        """A KPI in its own unit of measure: score, points, percent (0–100), ratio (0–1), coefficient, money, count."""
        if unit == "coefficient":
            return self.number(value, 2)
        if unit == "money":
            return self.money(value)
        if unit == "ratio":
            return self.share(value)
        if unit == "percent":
            return self.share(float(value) / 100)
        return self.number(value, 0 if unit in {"count", "points"} else 1)

    def interval(self, low: Any, high: Any, unit: str | None) -> str:
        """« [71,3 ; 73,5] »: as published, not a half-width, since it need not be symmetrical."""
        digits = {"points": 0, "coefficient": 2}.get(unit or "", 1)
        between = f"{NARROW};{NO_BREAK}" if self.language == "fr" else f",{NO_BREAK}"
        return f"[{self.number(low, digits)}{between}{self.number(high, digits)}]"

    def date(self, day: dt.date) -> str:
        """31/01/2026 in French, 31 January 2026 in English, whatever the browser thinks."""
        return format_date(
            day, "dd/MM/yyyy" if self.language == "fr" else "d MMMM yyyy", locale=_BABEL[self.language]
        )


def _digits(amount: float) -> int:
    """Decimals that keep three significant figures after scaling: 1.23 M, 12.4 M, 124 M; no cents."""
    size = abs(amount)
    if size < 1e3:
        return 0
    while size >= 1e3:
        size /= 1e3
    return 2 if size < 10 else 1 if size < 100 else 0
