"""Words: text without case and accents, cut into words, and terms that match them with their regular forms.

A term is one word, which also matches its regular forms; `stem*`, which matches any word that begins so; or several
words, which match side by side. Forms are made when terms are compiled, so that reading a comment is looking up words.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from typing import Generic, TypeVar

Value = TypeVar("Value")
MARKS = re.compile("[\u0300-\u036f]")
SAME = (("’", "'"), ("‘", "'"), ("ʼ", "'"), ("`", "'"), ("œ", "oe"), ("æ", "ae"), ("ß", "ss"))
# Letters and digits together are a word; what ends a clause is kept, for a negation ends with it.
CUT = re.compile(r"[a-z0-9]+|[.,;:!?…()\n]+")
SHORTEST_STEM = 3


def _ends(text: str) -> list[str]:
    return text.split()


ENGLISH, FRENCH = _ends("s es ed ing ly"), _ends("s e es x ment ement")
VERBS_ER, TENSES_ER = _ends("e es s z nt ra rait"), _ends("ait aient ant ons a")
VERBS_IR = _ends("e s es t ssent ssait ssant")


def fold(text: str) -> str:
    """Lower case, without accents nor typographic apostrophes; `n't` is one with its verb (`dont`)."""
    text = text.lower()
    if not text.isascii():
        for sign, other in SAME:
            text = text.replace(sign, other)
        text = MARKS.sub("", unicodedata.normalize("NFKD", text))
    return text.replace("n't", "nt")


def tokens(text: str) -> list[str]:
    """The words of a text and, between them, what ends a clause. Linear in its length."""
    return CUT.findall(fold(text))


def plain(term: str) -> str:
    """A term as it is matched: two spellings of one term are one."""
    return " ".join(tokens(term)) + "*" * term.endswith("*")


def english_forms(word: str) -> Iterator[str]:
    """Plural, third person, past, -ing and -ly: kind, kindly; resolve, resolving; happy, happily, happier."""
    yield from (word + end for end in ENGLISH)
    if word.endswith("e"):
        yield from (word + "d", word[:-1] + "ing")
    if word.endswith("le"):
        yield word[:-1] + "y"
    if word.endswith("y"):
        yield from (word[:-1] + end for end in ("ies", "ied", "ily", "ier", "iest"))


def french_forms(word: str) -> Iterator[str]:
    """Feminine, plural, -ment, and the commonest tenses of verbs in -er and -ir, without accents.

    charmant, charmante, charmants; heureux, heureuse; vif, vive; bon, bonne; aider, aide, aident, aidait, aidant.
    """
    yield from (word + end for end in FRENCH)
    if word.endswith(("eux", "eur")):
        yield from (word[:-1] + "se", word[:-1] + "ses", word[:-1] + "sement")
    if word.endswith("if"):
        yield from (word[:-1] + "ve", word[:-1] + "ves", word[:-1] + "vement")
    if word.endswith(("n", "l", "t")):
        double = word + word[-1] + "e"
        yield from (double, double + "s", double + "ment")
    if word.endswith("al"):
        yield word[:-1] + "ux"
    if word.endswith("er"):
        yield from (word[:-1] + end for end in ["", *VERBS_ER])
        yield from (word[:-2] + end for end in TENSES_ER)
    if word.endswith("ir"):
        yield from (word[:-1] + end for end in ["", *VERBS_IR])


FORMS: dict[str, Callable[[str], Iterator[str]]] = {"en": english_forms, "fr": french_forms}


class Terms(Generic[Value]):
    """Terms and what each stands for, compiled for one language; of two terms that match, the one written so wins."""

    def __init__(self, terms: Iterable[tuple[str, Value]], language: str) -> None:
        self._written: dict[str, list[Value]] = {}
        self._made: dict[str, list[Value]] = {}
        self._stems: dict[str, list[Value]] = {}
        self.expressions: dict[str, list[tuple[tuple[str, ...], Value]]] = {}
        for term, value in terms:
            words = tokens(term)
            if len(words) > 1:
                self.expressions.setdefault(words[0], []).append((tuple(words[1:]), value))
            elif term.endswith("*"):
                self._stems.setdefault(words[0], []).append(value)
            else:
                self._written.setdefault(words[0], []).append(value)
                if len(words[0]) >= SHORTEST_STEM:
                    for form in FORMS[language](words[0]):
                        self._made.setdefault(form, []).append(value)
        self._longest_stem = max(map(len, self._stems), default=0)
        for rests in self.expressions.values():
            rests.sort(key=lambda rest: -len(rest[0]))

    def at(self, word: str) -> list[Value]:
        """What one word stands for, in the order of the terms: as written, else as a form, else by the longest stem."""
        found = self._written.get(word) or self._made.get(word)
        if found:
            return found
        for length in range(min(len(word), self._longest_stem), SHORTEST_STEM - 1, -1):
            if stem := self._stems.get(word[:length]):
                return stem
        return []
