"""What tells who somebody is, taken out of a comment before anything reads it.

Errs on the side of taking out: a long number is a customer's, a phone's or an account's, and none of them says what a
comment means. Every pattern is bounded, so that a hostile text costs no more than a plain one.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from pipelines.verbatims.words import fold

# What may stand in an address without quotes, and what surely does not.
AROUND_AT = re.compile(r"[^\s<>()\[\],;:\"]+")
SPELT_AT = re.compile(r"\s?(?:\(at\)|\[at\]|\(a\)|\barobase\b)\s?", re.IGNORECASE)
SPELT_DOT = re.compile(r"\s?(?:\(dot\)|\[dot\]|\(point\))\s?", re.IGNORECASE)
TOUCHED_AT = re.compile(r"@\w|\w@")
URL = re.compile(r"(?:\b[a-z][a-z+]{1,9}://|\bwww\.)\S+", re.IGNORECASE)
IBAN = re.compile(r"\b[a-z]{2}\d{2}(?:[ .-]?[a-z0-9]{4}){2,7}(?:[ .-]?[a-z0-9]{1,3})?\b", re.IGNORECASE)
# Sex, year, month, department (2A and 2B are Corsica), commune, order, and the key that is often left out.
NIR = re.compile(
    r"\b[1278][ .-]?\d{2}[ .-]?\d{2}[ .-]?(?:\d{2}|2[ab])[ .-]?\d{3}[ .-]?\d{3}(?:[ .-]?\d{2})?\b",
    re.IGNORECASE,
)
DATE = re.compile(r"(?<![\d.])(?:\d{1,2}[/.-]\d{1,2}[/.-]\d{2,4}|\d{4}[/.-]\d{1,2}[/.-]\d{1,2})(?![./-]?\d)")
PHONE = re.compile(
    r"(?:(?:\+|\b00)\d{1,3}[ .-]?(?:\(0\)[ .-]?)?(?:\d[ .-]?){6,12}\d\b)"  # international
    r"|\b0[1-9](?:[ .-]?\d{2}){4}\b"  # French
    r"|\(?\b0\d{2,4}\)?[ .-]?\d{3,4}[ .-]?\d{3,4}\b"  # British
)
NUMBER = re.compile(r"\d(?:[ ./-]?\d){5,40}")
SOME_DIGITS = re.compile(r"\d(?:[ ./()-]{0,3}\d){5}|\d[/.-]\d{1,2}[/.-]\d")  # fewer are in none of the above
TITLED = re.compile(
    r"\b(?:M\.|Mme\.?|Mlle|Mr\.?|Mrs\.?|Ms\.?|Miss|Dr\.?|Monsieur|Madame|Mademoiselle|Docteur|Doctor|Nurse|Sister) "
    r"[A-ZÀ-Þ][\w'’-]{0,60}(?: [A-ZÀ-Þ][\w'’-]{1,60})?"
)
WORD = re.compile(r"[^\W_]+")
MARK = re.compile(r"\[(?:email|url|iban|nir|date|phone|number|name)\]")


class Names:
    """Names to take out, whole words, whatever their case and accents."""

    def __init__(self, names: Iterable[str] = ()) -> None:
        self._after: dict[str, list[tuple[str, ...]]] = {}
        for name in names:
            first, *rest = [fold(word) for word in WORD.findall(name)] or [""]
            if first:
                self._after.setdefault(first, []).append(tuple(rest))
        for rests in self._after.values():
            rests.sort(key=len, reverse=True)

    def out_of(self, text: str) -> str:
        """The text with [name] in the place of each; linear in its length, for a name has few words."""
        if not self._after:
            return text
        found = [(fold(match.group()), match.span()) for match in WORD.finditer(text)]
        parts, kept, place = [], 0, 0
        while place < len(found):
            word, (start, end) = found[place]
            place += 1
            for rest in self._after.get(word, ()):
                following = found[place : place + len(rest)]
                if tuple(other for other, _ in following) == rest:
                    end = following[-1][1][1] if following else end
                    parts += [text[kept:start], "[name]"]
                    kept, place = end, place + len(rest)
                    break
        return "".join([*parts, text[kept:]])


NOBODY = Names()


def redact(text: str, names: Names | Iterable[str] = NOBODY) -> str:
    """The text with [email], [url], [iban], [nir], [date], [phone], [number] and [name] in the place of what they say.

    `names` are taken out too; so is what stands after a title (Mme, Mr …) with a capital. Linear in the text's length.
    """
    if not text.isascii() and not unicodedata.is_normalized("NFKC", text):
        text = unicodedata.normalize("NFKC", text)
    if "://" in text or "www." in text.lower():
        text = URL.sub("[url]", text)
    if SPELT_AT.search(text):
        text = SPELT_DOT.sub(".", SPELT_AT.sub("@", text))
    if "@" in text:
        text = AROUND_AT.sub(_address, text)
    if SOME_DIGITS.search(text):
        text = IBAN.sub(_iban, text)
        text = NIR.sub("[nir]", text)
        text = DATE.sub("[date]", text)
        text = PHONE.sub("[phone]", text)
        text = NUMBER.sub("[number]", text)
    text = TITLED.sub("[name]", text)
    return (names if isinstance(names, Names) else Names(names)).out_of(text)


def _address(match: re.Match[str]) -> str:
    """A word with an @ that touches a letter is an address, the rest of one, or somebody's name on a network."""
    word = match.group()
    return "[email]" if "@" in word and TOUCHED_AT.search(word) else word


def _iban(match: re.Match[str]) -> str:
    """An account has ten digits or more; the words that follow it are not part of it."""
    text = match.group()
    if sum(map(str.isdigit, text)) < 10:
        return text
    groups = text.split(" ")
    left = len(groups)
    while groups[left - 1].isalpha():
        left -= 1
    return " ".join(["[iban]", *groups[left:]])
