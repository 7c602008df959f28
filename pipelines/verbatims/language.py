"""Which of French and English a comment is in, from its small words and from words that only one of them has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from pipelines.verbatims.lexicon import LANGUAGES, shipped
from pipelines.verbatims.words import tokens

ONE_KNOWS = 0.5  # a word of tone or of a theme that only one of the languages has, beside 1 for a small word
FEWEST_WORDS = 4  # from this many words on, a text must show its language:
LEAST_SHARE = 0.15  # by this share of its words at least


class Evidence(NamedTuple):
    """How much a word speaks for French, for English, and for any other language."""

    fr: float
    en: float
    other: float


class SmallWords:
    """The small words of each language, read once."""

    def __init__(self) -> None:
        listed: Mapping[str, Sequence[str]] = shipped("languages")
        self._words = {name: frozenset(listed[name]) for name in (*LANGUAGES, "others")}
        self._none = frozenset(" ".join(tokens(text)) for text in listed["no_comment"])

    def is_no_comment(self, words: Sequence[str]) -> bool:
        """Whether the words of a text only say that there is nothing to say; a text without a word says nothing."""
        return " ".join(words) in self._none or not words

    def evidence(self, word: str, known: Mapping[str, bool]) -> Evidence:
        """What one word says; `known`: whether it is one of tone or of a theme in French, in English."""
        fr, en = (
            max(float(word in self._words[name]), ONE_KNOWS * (known[name] and not known[other]))
            for name, other in (LANGUAGES, LANGUAGES[::-1])
        )
        return Evidence(fr, en, float(word in self._words["others"]))


def decide(fr: float, en: float, other: float, words: int) -> tuple[str, ...]:
    """The language, or both where nothing tells them apart, or none: ("fr",), ("en",), ("fr", "en") or ().

    `words` is how many words the text has; the sums of their evidence are what is compared.
    """
    most = max(fr, en)
    if other > most or (words >= FEWEST_WORDS and most < LEAST_SHARE * words):
        return ()
    if fr == en:
        return LANGUAGES
    return ("fr",) if fr > en else ("en",)
