"""What a questionnaire says of its columns: wording by language, answers in order, whether several may be ticked."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from pipelines.ingest.header import tidy
from pipelines.onboarding.words import NO_ANSWER, fold

LARGEST = 64 << 20  # bytes: the largest questionnaire read
Texts = dict[str, str]  # language code, lower case ("" when the file does not say) -> wording


class QuestionnaireError(Exception):
    """A questionnaire file that cannot be used; str() is a sentence."""


@dataclass(frozen=True)
class Option:
    """One answer: the `code` an export writes, its labels, and its number where the tool gives one."""

    code: str
    labels: Texts
    value: float | None = None
    reason: str | None = None  # declared missing by the questionnaire's author

    @property
    def no_answer(self) -> str | None:
        """The reason it stands for, where it is a way of not answering."""
        reasons = [
            NO_ANSWER[fold(label)] for label in self.labels.values() if label and fold(label) in NO_ANSWER
        ]
        return reasons[0] if reasons else self.reason


@dataclass(frozen=True)
class Question:
    """One column (or the columns of one multi-select) of an export. `columns` are the names exports give it."""

    columns: tuple[str, ...]
    texts: Texts
    options: tuple[Option, ...] = ()
    multiple: bool = False
    open: bool = False
    array: bool = False  # one row of several that share their answers: a scale more often than not
    numeric: tuple[float, float] | None = None

    def scale(self, labelled: bool) -> tuple[dict[str, float], dict[str, str]]:
        """Points by cell text, and reasons of no-answers by cell text, as an export writes codes or labels."""
        values: dict[str, float] = {}
        missing: dict[str, str] = {}
        rank = 0
        for option in self.options:
            cells = [label for label in option.labels.values() if label] if labelled else [option.code]
            if option.no_answer:
                missing.update(dict.fromkeys(cells, option.no_answer))
                continue
            rank += 1
            values.update(dict.fromkeys(cells, float(rank) if option.value is None else option.value))
        return values, missing


@dataclass(frozen=True)
class Wording:
    """A questionnaire: the file it comes from, and its questions in their order."""

    origin: str
    questions: tuple[Question, ...]
    _found: dict[str, Question] = field(default_factory=dict, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        for question in self.questions:
            for name in question.columns:
                self._found.setdefault(tidy(name).lower(), question)

    def of(self, *names: str) -> Question | None:
        """The question of a column, by any of its names."""
        return next((self._found[key] for name in names if (key := tidy(name).lower()) in self._found), None)

    def __iter__(self) -> Iterator[Question]:
        return iter(self.questions)


def number(code: object) -> float | None:
    """A code as the number it is, None where it is none."""
    try:
        return float(str(code))
    except ValueError:
        return None


def plain(text: object) -> str:
    """Wording without its HTML: `<p>Do you&nbsp;agree?</p>` is `Do you agree?`; cut at 400 characters."""
    if not isinstance(text, str):
        return ""
    bare = re.sub(r"(?is)<(script|style)\b.*?</\1\s*>", " ", text[:20_000])
    bare = re.sub(r"(?i)</?(?:a|b|i|u|em|font|small|span|strong|sub|sup)\b[^>]{0,2000}>", "", bare)
    bare = html.unescape(re.sub(r"<[^>]{0,2000}>", " ", bare))
    bare = " ".join(bare.split())
    return bare[:400]


def read_questionnaire(path: Path) -> bytes:
    """The bytes of a questionnaire file; refuses what is absent, empty or too large to be one."""
    try:
        size = path.stat().st_size
        if size > LARGEST:
            raise QuestionnaireError(
                f"{path.name} has {size >> 20} MB; a questionnaire has at most {LARGEST >> 20}."
                " Give the .qsf or .lss, not the answers"
            )
        raw = path.read_bytes()
    except OSError as error:
        raise QuestionnaireError(f"{path.name} cannot be read: {error.strerror}") from None
    if not raw.strip():
        raise QuestionnaireError(f"{path.name} is empty; export the questionnaire again")
    return raw
