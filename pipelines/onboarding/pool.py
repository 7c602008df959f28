"""What is known of an export while its draft is thought out: its columns, and which are spoken for."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from pipelines.onboarding.look import Look
from pipelines.onboarding.profile import Column
from pipelines.onboarding.wording import Question, Wording
from pipelines.onboarding.words import says

Kind = Literal["responses", "events", "measures", "ledger"]


@dataclass(frozen=True)
class Item:
    """A column that looks like a scale. `points` as seen; a bound or a text is None where only a person knows it."""

    column: Column
    points: tuple[float, ...]
    values: dict[str, float]
    missing: dict[str, str]
    question: Question | None = None
    low: float | None = None
    high: float | None = None
    outcome: str | None = None
    named: str | None = None  # in a long file: the question's text, which stands for a column


@dataclass
class Guess:
    """Everything a draft is written from.

    `asked` are the sheets that are a question each, with their wording, and `answer` their figure and what adds to it.
    `ticked` are the options of multi-selects with a column per option. `left` are columns by why they are not kept.
    """

    kind: Kind
    keys: dict[str, str] = field(default_factory=dict)
    unit_column: Column | None = None
    unit_candidates: list[str] = field(default_factory=list)
    submitted: Column | None = None
    wave_column: Column | None = None
    time_formats: tuple[str, ...] = ()
    segments: list[Column] = field(default_factory=list)
    items: list[Item] = field(default_factory=list)
    measures: list[Column] = field(default_factory=list)
    asked: dict[str, str] = field(default_factory=dict)
    answer: tuple[Column, list[Column]] | None = None
    facts: list[tuple[Column, Column]] = field(default_factory=list)
    choices: list[tuple[Column, tuple[str, ...], str, Question | None]] = field(default_factory=list)
    ticked: dict[str, list[str]] = field(default_factory=dict)
    long: tuple[Column, Column] | None = None
    comments: list[Column] = field(default_factory=list)
    not_records: list[str] = field(default_factory=list)
    left: dict[str, list[Column]] = field(default_factory=dict)


class Pool:
    """The columns of a look; `names` are the home's units by folded code, name or alias."""

    def __init__(self, look: Look, wording: Wording | None, names: Mapping[str, str]) -> None:
        self.look, self.wording, self.names = look, wording, names
        self.columns = list(look.columns)
        self.used: set[int] = set()
        self.no_percent = not any(column.kind == "percent" for column in self.columns)

    def take(self, columns: Iterable[Column]) -> None:
        self.used |= {column.place for column in columns}

    def free(self, *kinds: str) -> list[Column]:
        """Columns not spoken for; one that shares its name with another cannot be declared, only dropped."""
        left = [one for one in self.columns if one.place not in self.used and not one.twice]
        return [one for one in left if not kinds or one.kind in kinds]

    def best(self, pattern: re.Pattern[str], columns: Iterable[Column]) -> Column | None:
        return next((column for column in columns if says(pattern, column.name)), None)

    def asked(self, *names: str) -> Question | None:
        return self.wording.of(*names) if self.wording else None
