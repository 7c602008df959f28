"""What a column is like, from its cells: a scale, a percent, a date, a person's details, a comment."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

import numpy as np
import pyarrow as pa

from pipelines.ingest import numbers
from pipelines.ingest.columns import coded
from pipelines.onboarding.choices import Options, options_of
from pipelines.onboarding.moments import formats_of
from pipelines.onboarding.words import COMMENT, NO_ANSWER, PERCENT, PERSON, YES_NO, family_of, fold, says

Kind = Literal[
    "empty",
    "personal",
    "identifier",
    "date",
    "percent",
    "scale",
    "verbal",
    "choices",
    "flag",
    "category",
    "number",
    "text",
]
EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
IP = re.compile(r"(?:\d{1,3}\.){3}\d{1,3}|(?:[0-9a-fA-F]{0,4}:){3,7}[0-9a-fA-F]{0,4}")
PHONE = re.compile(r"\+?[0-9][0-9 ().-]{7,18}[0-9]")
CODE = re.compile(r"(?P<prefix>[A-Za-z]{1,3})(?P<number>\d{1,2})")  # AG01..AG12 are too many to be a scale's
MOST_POINTS, HIGHEST_POINT = 13, 11
SHARE = 0.9  # of the answers that must be alike for the column to be called something


@dataclass(frozen=True)
class Column:
    """One column: `name` as a declaration writes it, `title` the longest wording of its header, `names` all of them.

    `counts` are cells by text, without empty ones. They are what people answered: never shown.
    """

    place: int
    name: str
    title: str
    names: tuple[str, ...]
    rows: int
    counts: Counter[str] = field(repr=False)
    kind: Kind = "text"
    twice: bool = False
    points: tuple[float, ...] = ()  # of a scale, as observed
    missing: dict[str, str] = field(default_factory=dict)  # cells that stand for no answer, with the reason
    values: dict[str, float] = field(
        default_factory=dict
    )  # points of a verbal scale, numbers of answer codes
    steps: int = 0  # of the known verbal scale
    fraction: bool = False  # a percent written 0..1
    formats: tuple[str, ...] = ()  # of a date, where it must be told
    options: Options | None = None

    @property
    def filled(self) -> int:
        return self.counts.total()

    @property
    def distinct(self) -> int:
        return len(self.counts)

    @cached_property
    def bounds(self) -> tuple[float, float]:
        """Smallest and largest number among the cells; (0, 0) where there is none."""
        figures = _figures(self.counts).values()
        return (min(figures), max(figures)) if figures else (0.0, 0.0)

    @cached_property
    def unique(self) -> bool:
        return self.filled == self.rows and self.distinct == self.filled


def profile(
    place: int, name: str, title: str, names: tuple[str, ...], cells: pa.ChunkedArray, twice: bool = False
) -> Column:
    """Look at one column of text."""
    column = coded(cells)
    sizes = np.bincount(column.index, minlength=len(column.texts) + 1)
    counts: Counter[str] = Counter()
    for text, size in zip(column.texts, sizes[:-1].tolist(), strict=True):
        if size and (tidied := " ".join(text.split())):
            counts[tidied] += size
    rows = len(column.index)
    return Column(place, name, title, names, rows, counts, twice=twice, **_kind(name, title, counts, rows))


def _kind(name: str, title: str, counts: Counter[str], rows: int) -> dict[str, Any]:
    """The fields of Column that its cells decide."""
    if not counts:
        return {"kind": "personal" if says(PERSON, name) else "empty"}
    missing = {text: NO_ANSWER[fold(text)] for text in counts if fold(text) in NO_ANSWER}
    answers = Counter({text: count for text, count in counts.items() if text not in missing})
    if not answers:
        return {"kind": "empty", "missing": missing}
    total = answers.total()

    def share(pattern: re.Pattern[str]) -> float:
        return sum(count for text, count in answers.items() if pattern.fullmatch(text)) / total

    if (
        share(EMAIL) > 0.2
        or share(IP) > 0.5
        or any("@" in text and EMAIL.fullmatch(text) for text in answers)
    ):
        return {"kind": "personal"}
    figures = _figures(answers)
    alike = sum(answers[text] for text in figures) / total
    if alike < SHARE and (formats := formats_of(answers)) is not None:
        return {"kind": "date", "formats": formats, "missing": missing}
    if says(PERSON, name) and not _few(figures):
        return {"kind": "personal"}
    if alike < SHARE and share(PHONE) > 0.5:
        return {"kind": "personal"}
    if alike >= SHARE:
        aside = _no_answers(figures)
        told = Counter({text: count for text, count in answers.items() if text not in aside})
        plain = {text: value for text, value in figures.items() if text not in aside}
        return {"missing": missing | aside, **_numeric(name, title, told, plain, rows)}
    family = family_of(answers)
    if family:
        kept = {text: "blank" for text in answers if text not in family[0] and answers[text] >= 5}
        return {"kind": "verbal", "values": family[0], "steps": family[1], "missing": {**missing, **kept}}
    return {"missing": missing, **_textual(name, title, answers, rows)}


def _no_answers(figures: dict[str, float]) -> dict[str, str]:
    """Codes such as -99 beside the points of a scale: no answers, each with its reason."""
    codes = {
        text: "seen_unanswered" if value == -99 else "blank" for text, value in figures.items() if value <= -7
    }
    rest = {text: value for text, value in figures.items() if text not in codes}
    whole = all(value.is_integer() for value in rest.values())
    return codes if len(codes) <= 3 and whole and _few(rest) else {}


def _few(figures: dict[str, float]) -> bool:
    """Few small numbers: answers, whatever the header says."""
    return 1 < len(set(figures.values())) <= MOST_POINTS and all(
        0 <= value <= HIGHEST_POINT for value in figures.values()
    )


def _figures(answers: Counter[str]) -> dict[str, float]:
    """Every text that is a number, read with the column's own decimal mark."""
    try:
        mark = numbers.decimal_mark(answers)
    except (numbers.MixedMarks, numbers.AmbiguousMarks):
        mark = "."
    return {text: value for text in answers if (value := numbers.parse(text, mark)) is not None}


def _numeric(
    name: str, title: str, answers: Counter[str], figures: dict[str, float], rows: int
) -> dict[str, Any]:
    values = set(figures.values())
    low, high = min(values), max(values)
    whole = all(value == int(value) for value in values)
    signed = sum(text.rstrip().endswith("%") for text in answers) > 0.5 * len(answers)
    told = says_percent(name) or says_percent(title)
    if (
        signed
        or (told and not whole and low >= 0 and high <= 100)
        or (told and len(values) > MOST_POINTS and low >= 0 and high <= 100)
    ):
        return {"kind": "percent", "fraction": not signed and high <= 1}
    if not whole and low >= 0 and high <= 1 and len(values) > 5:
        return {"kind": "percent", "fraction": True}
    if whole and len(values) == answers.total() and len(values) == rows and rows >= 3:
        return {"kind": "identifier"}
    if formats_of(answers) is not None and whole and low >= 19_000_101:
        return {"kind": "date"}
    if values == {1.0} and answers.total() < rows:
        return {"kind": "flag"}
    if whole and low >= 0 and high <= HIGHEST_POINT and len(values) <= MOST_POINTS:
        return {"kind": "scale", "points": tuple(sorted(values))}
    if whole and low >= 0 and len(values) <= MOST_POINTS and 1900 < low <= high < 2100:
        return {"kind": "category"}
    return {"kind": "number"}


def says_percent(header: str) -> bool:
    """Whether a header speaks of percents."""
    return "%" in header or says(PERCENT, header)


def _codes(answers: Counter[str]) -> dict[str, float]:
    """Points of short answer codes such as A1..A5 by their number; nothing where the texts are no such codes."""
    parts = {text: match for text in answers if (match := CODE.fullmatch(text))}
    prefixes = {match["prefix"] for match in parts.values()}
    if len(parts) < len(answers) or len(prefixes) != 1 or not 3 <= len(parts) <= MOST_POINTS:
        return {}
    found = {text: float(match["number"]) for text, match in parts.items()}
    if answers.total() < 2 * len(found):
        return {}  # each its own: identifiers
    few = max(found.values()) <= HIGHEST_POINT and len(set(found.values())) == len(found)
    return dict(sorted(found.items(), key=lambda pair: pair[1])) if few else {}


def _textual(name: str, title: str, answers: Counter[str], rows: int) -> dict[str, Any]:
    total = answers.total()
    if {fold(text).rstrip("!.") for text in answers} <= YES_NO:
        return {"kind": "flag"}
    lengths = np.array([len(text) for text in answers.elements()][:5000])
    spaced = sum(count for text, count in answers.items() if " " in text) / total
    coded = _codes(answers)
    if coded:
        return {"kind": "scale", "points": tuple(sorted(coded.values())), "values": coded}
    options = None if says(COMMENT, name) or says(COMMENT, title) else options_of(answers)
    if options:
        return {"kind": "choices", "options": options}
    if len(answers) == total and total == rows and not spaced and lengths.max() <= 60:
        return {"kind": "identifier"}
    few = len(answers) <= max(12, 0.34 * total)
    if (few and lengths.mean() <= 60 and not says(COMMENT, name)) or lengths.max() <= 4:
        return {"kind": "category"}
    if len(answers) >= 0.95 * total and lengths.max() <= 60 and not spaced:
        return {"kind": "identifier"}
    return {
        "kind": "text" if lengths.mean() > 25 or says(COMMENT, name) or says(COMMENT, title) else "category"
    }
