"""The words tools and people use in French, English and German: headers of keys and of persons, scales, no-answers.

They only ever suggest: what a draft says of meaning stays a question for a person.
"""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path

import yaml

_WORDS = yaml.safe_load(Path(__file__).with_name("words.yml").read_text(encoding="utf-8"))


def _header(name: str) -> re.Pattern[str]:
    return re.compile(rf"\b(?:{'|'.join(_WORDS['headers'][name])})\b")


RESPONSE = _header("response")
RESPONDENT = _header("respondent")
UNIT = _header("unit")
SUBMITTED = _header("submitted")
LANGUAGE = _header("language")
CHANNEL = _header("channel")
WEIGHT = _header("weight")
COUNT = _header("count")
COUNTERPARTY = _header("counterparty")
PROMISED = _header("promised")
ACTUAL = _header("actual")
YEAR = _header("year")
QUESTION = _header("question")
ANSWER = _header("answer")
PERCENT = _header("percent")
BATTERY = _header("battery")
PERSON = _header("person")
COMMENT = _header("comment")
# The reason each text for no answer tells.
NO_ANSWER: dict[str, str] = {text: reason for reason, texts in _WORDS["no_answer"].items() for text in texts}
# Ordered answers, lowest first, each step with its wordings.
SCALES: list[list[list[str]]] = _WORDS["scales"]
YES_NO: frozenset[str] = frozenset(_WORDS["yes_no"])


def fold(text: str) -> str:
    """Lower case, without accents, typographic quotes and repeated spaces: how words are compared."""
    plain = unicodedata.normalize("NFKD", text.replace("’", "'").replace("‘", "'"))
    plain = "".join(letter for letter in plain if not unicodedata.combining(letter))
    return " ".join(plain.lower().split())


def words_of(header: str) -> str:
    """A header cut into words: `form_started_dttm`, `RecordedDate` and `G0[AGENCE]` all have some."""
    apart = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", header)
    return fold(re.sub(r"[^\w%#'.]+|_", " ", apart))


def says(pattern: re.Pattern[str], header: str) -> bool:
    """Whether a header has one of the words, whole or as a compound (`ResponseId`)."""
    return bool(pattern.search(words_of(header)) or pattern.search(fold(header)))


def family_of(texts: dict[str, int]) -> tuple[dict[str, float], int] | None:
    """Points 1..k of each text of a verbal scale, and k; None unless the texts are answers of one known family.

    `texts` are counts by text. Words for no answer are left out; any other stranger must be rare (a tenth).
    """
    told = {text: count for text, count in texts.items() if fold(text) not in NO_ANSWER}
    total = sum(told.values())
    best: tuple[int, dict[str, float], int] | None = None
    for family in SCALES:
        ranks = {word: rank for rank, words in enumerate(family, start=1) for word in words}
        found = {text: float(ranks[word]) for text in told if (word := fold(text).rstrip(".!")) in ranks}
        covered = sum(told[text] for text in found)
        if len(set(found.values())) >= 2 and covered >= 0.9 * total and (best is None or covered > best[0]):
            best = (covered, dict(sorted(found.items(), key=lambda pair: pair[1])), len(family))
    return (best[1], best[2]) if best else None
