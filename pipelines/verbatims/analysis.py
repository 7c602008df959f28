"""One comment read: its language, its tone and its themes, as codes; what it says goes no further."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from pipelines.verbatims.language import SmallWords, decide
from pipelines.verbatims.lexicon import LANGUAGES, Additions, all_themes, shipped, weights
from pipelines.verbatims.redaction import MARK, Names, redact
from pipelines.verbatims.tone import ROLES, STOP, Said, Word, said, tone_of
from pipelines.verbatims.words import CUT, Terms, fold, tokens

LONGEST = 20_000  # characters; what somebody pasted beyond is not read
REMEMBERED = 200_000  # words


class Reading(NamedTuple):
    """What is kept of a comment: fr, en or None; 1, 0, −1 or None; the codes of its themes, None if it was not read."""

    language: str | None
    tone: int | None
    themes: tuple[str, ...] | None
    given: bool


NOTHING = Reading(None, None, None, False)


class Codes(NamedTuple):
    """What is kept of an answer's comments: the first language told, every tone and theme, how many there are."""

    language: str | None
    tones: frozenset[int]
    themes: tuple[str, ...] | None
    number: int

    @property
    def tone(self) -> int | None:
        """The tone on which they agree; 0 where one praises and another blames; None where none has a tone."""
        return (1 in self.tones) - (-1 in self.tones) if self.tones else None


NO_CODES = Codes(None, frozenset(), None, 0)


class Explanation(NamedTuple):
    """A reading and the words that decided: each with its weight in the tone, and those of each theme."""

    reading: Reading
    words: list[tuple[str, float]]
    themes: dict[str, list[str]]


class _About(NamedTuple):
    """What one word tells of themes: codes of its own, and of the expressions it begins."""

    codes: list[str]
    expressions: list[tuple[tuple[str, ...], str]]


class _Token(NamedTuple):
    """All that is known of a word: what it says of the language, then what it means in French and in English."""

    fr: float
    en: float
    other: float
    tone: tuple[Word | None, Word | None]
    about: tuple[_About | None, _About | None]


class _Seen(NamedTuple):
    """What was seen in a comment, by language it was read in for the tone, and together for the themes."""

    tokens: list[str]
    tone: list[list[Said]]
    about: list[tuple[str, int, int]]


_STOP = Word(None, frozenset([STOP]), [])
CLAUSE_ENDS = _Token(0, 0, 0, (_STOP, _STOP), (None, None))


class Analyser:
    """Reads comments with the shipped words and a home's additions; each word is looked up once."""

    def __init__(self, additions: Additions | None = None) -> None:
        added = additions or Additions()
        self._names = Names(added.names)
        self._small = SmallWords()
        self._tone = [Terms(weights(language, added).items(), language) for language in LANGUAGES]
        self.themes = all_themes(added)
        self._about = [
            Terms(
                (
                    (term, code)
                    for code, theme in self.themes.items()
                    for term in theme.keywords.get(language, ())
                ),
                language,
            )
            for language in LANGUAGES
        ]
        self._roles = [_roles(language) for language in LANGUAGES]
        self._known: dict[str, _Token] = {}

    def read(self, text: str) -> Reading:
        """The codes of one comment. Pure: the same text always gives the same."""
        return self._read(text)[0]

    def codes(self, texts: Iterable[str]) -> Codes:
        """The comments of one answer, as the codes that are kept of them."""
        kept = NO_CODES
        for text in texts:
            language, tone, themes, given = self.read(text)
            if given:
                tones = frozenset(() if tone is None else (tone,))
                kept = self.together(kept, Codes(language, tones, themes, 1))
        return kept

    def together(self, one: Codes, other: Codes) -> Codes:
        """The comments of both as those of one answer."""
        if not one.number or not other.number:
            return other if other.number else one
        codes = {*(one.themes or ()), *(other.themes or ())}
        told = one.themes is not None or other.themes is not None
        return Codes(
            one.language or other.language,
            one.tones | other.tones,
            tuple(code for code in self.themes if code in codes) if told else None,
            one.number + other.number,
        )

    def explain(self, text: str) -> Explanation:
        """The same, with the words that decided, for a person who checks; nothing of it is ever kept."""
        reading, seen = self._read(text)
        words = [
            (" ".join(seen.tokens[one.start : one.end]), one.weight) for said in seen.tone for one in said
        ]
        about: dict[str, list[str]] = {code: [] for code in self.themes}
        for code, start, end in seen.about:
            about[code].append(" ".join(seen.tokens[start:end]))
        return Explanation(reading, words, {code: terms for code, terms in about.items() if terms})

    def _read(self, text: str) -> tuple[Reading, _Seen]:
        text = redact(text[:LONGEST], self._names)
        tokens = CUT.findall(fold(MARK.sub(" ", text) if "[" in text else text))
        words = [token for token in tokens if token[0].isalnum()]
        if self._small.is_no_comment(words):
            return NOTHING._replace(given=not words and any(map(str.isalpha, text))), _Seen(tokens, [], [])
        known = [self._known.get(token) or self._look_up(token) for token in tokens]
        fr = en = other = 0.0
        for one in known:
            fr += one.fr
            en += one.en
            other += one.other
        languages = decide(fr, en, other, len(words))
        tone_words, about = [], []
        for language in languages:
            place = LANGUAGES.index(language)
            tone_words.append(
                said(tokens, [(at, word) for at, one in enumerate(known) if (word := one.tone[place])])
            )
            about += _found(
                tokens, [(at, term) for at, one in enumerate(known) if (term := one.about[place])]
            )
        if not languages or not (fr or en or any(tone_words) or about):
            return NOTHING._replace(given=True), _Seen(tokens, [], [])
        tones, codes = {tone_of(found) for found in tone_words}, {code for code, *_ in about}
        reading = Reading(
            languages[0] if len(languages) == 1 else None,
            tones.pop() if len(tones) == 1 else None,
            tuple(code for code in self.themes if code in codes),
            given=True,
        )
        return reading, _Seen(tokens, tone_words, about)

    def _look_up(self, token: str) -> _Token:
        """All that is known of a token that was not met yet, or not lately."""
        if len(self._known) >= REMEMBERED:
            self._known.clear()
        if not token[0].isalnum():
            found = CLAUSE_ENDS
        else:
            toned = (self._toned(0, token), self._toned(1, token))
            about = (self._told(0, token), self._told(1, token))
            known = {language: _has(toned[place], about[place]) for place, language in enumerate(LANGUAGES)}
            found = _Token(*self._small.evidence(token, known), toned, about)
        self._known[token] = found
        return found

    def _toned(self, place: int, word: str) -> Word | None:
        weight = next(iter(self._tone[place].at(word)), None)
        roles = self._roles[place].get(word, frozenset())
        expressions = self._tone[place].expressions.get(word, [])
        return Word(weight, roles, expressions) if weight or roles or expressions else None

    def _told(self, place: int, word: str) -> _About | None:
        codes, expressions = self._about[place].at(word), self._about[place].expressions.get(word, [])
        return _About(codes, expressions) if codes or expressions else None


_MADE: dict[str, Analyser] = {}


def analyser_for(additions: Additions | None = None) -> Analyser:
    """The analyser of these additions, made once a process: that takes a tenth of a second, and it remembers words."""
    added = additions or Additions()
    made = _MADE.get(key := repr(added))
    if made is None:
        made = _MADE[key] = Analyser(added)
    return made


def _has(toned: Word | None, about: _About | None) -> bool:
    """Whether a word is one of tone or of a theme by itself, not only the beginning of an expression."""
    return bool((toned and toned.weight) or (about and about.codes))


def _roles(language: str) -> dict[str, frozenset[str]]:
    """Roles of each word; what ends a negation may be several words, of which the first is enough."""
    found: dict[str, set[str]] = {}
    for name, role in ROLES.items():
        for text in shipped(f"lexicon_{language}")[name]:
            cut = tokens(text)
            if len(cut) == 1:
                found.setdefault(cut[0], set()).add(role)
    return {word: frozenset(roles) for word, roles in found.items()}


def _found(tokens: Sequence[str], words: Sequence[tuple[int, _About]]) -> list[tuple[str, int, int]]:
    """Every theme told, and by which words: from place to before place."""
    found = []
    for start, word in words:
        found += [(code, start, start + 1) for code in word.codes]
        for rest, code in word.expressions:
            end = start + 1 + len(rest)
            if tuple(tokens[start + 1 : end]) == rest:
                found.append((code, start, end))
    return found
