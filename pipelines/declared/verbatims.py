"""What a home adds to the words that read comments: `declarations/verbatims.yml`, optional."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated, Literal

from pydantic import Field, field_validator

from pipelines.declared.base import Code, Declared, Label, Text
from pipelines.verbatims import HEAVIEST, LANGUAGES, Additions, Theme
from pipelines.verbatims.lexicon import shipped, weights
from pipelines.verbatims.words import plain, tokens

ABOUT = "about_"
Weight = Annotated[float, Field(ge=-HEAVIEST, le=HEAVIEST)]


def _is_term(text: str) -> bool:
    """One word or several, of which a lone one may end with * after three letters."""
    words = tokens(text.removesuffix("*"))
    wild = "*" in text
    return (
        bool(words)
        and all(word[0].isalnum() for word in words)
        and (
            not wild
            or (text.endswith("*") and text.count("*") == 1 and len(words) == 1 and len(words[0]) >= 3)
        )
    )


def _refuse_terms(terms: Iterable[str], where: str) -> None:
    for term in terms:
        if not _is_term(term):
            raise ValueError(
                f"'{term}' under {where} is no term; write one word, a word's first letters (three or more) and *, "
                "or several words"
            )


class Words(Declared):
    """Terms by language, French and English."""

    fr: tuple[Text, ...] = ()
    en: tuple[Text, ...] = ()

    @field_validator("fr", "en")
    @classmethod
    def _terms(cls, terms: tuple[str, ...]) -> tuple[str, ...]:
        _refuse_terms(terms, "keywords")
        return terms


class Weights(Declared):
    """Weight of each term by language, −3 (strongest blame) to 3; null takes a shipped term away."""

    fr: dict[Text, Weight | None] = Field(default_factory=dict)
    en: dict[Text, Weight | None] = Field(default_factory=dict)

    @field_validator("fr", "en")
    @classmethod
    def _terms(cls, terms: dict[str, float | None]) -> dict[str, float | None]:
        _refuse_terms(terms, "lexicon")
        return terms


class CommentTheme(Label):
    """A theme of the home's own, or another version of a shipped one, which it replaces whole."""

    keywords: Words

    @field_validator("keywords")
    @classmethod
    def _some(cls, keywords: Words) -> Words:
        if not (keywords.fr or keywords.en):
            raise ValueError("needs a term in French or in English; without one the theme is never found")
        return keywords


class Verbatims(Declared):
    """The whole file."""

    version: Literal[1] = 1
    lexicon: Weights = Weights()
    themes: dict[Code, CommentTheme | None] = Field(default_factory=dict)
    names: tuple[Text, ...] = ()

    @field_validator("themes")
    @classmethod
    def _codes(cls, themes: Mapping[str, CommentTheme | None]) -> Mapping[str, CommentTheme | None]:
        for code, theme in themes.items():
            if not code.startswith(ABOUT):
                raise ValueError(
                    f"theme '{code}' must begin with {ABOUT}: '{ABOUT}{code}'; a dimension may have the name"
                )
            if theme is None and code not in shipped("themes"):
                raise ValueError(
                    f"'{code}: null' takes away a theme there is not; themes are {', '.join(shipped('themes'))}"
                )
        return themes

    @field_validator("lexicon")
    @classmethod
    def _taken_away(cls, lexicon: Weights) -> Weights:
        for language in LANGUAGES:
            for term, weight in getattr(lexicon, language).items():
                if weight is None and plain(term) not in weights(language, Additions()):
                    raise ValueError(
                        f"'{term}: null' takes away a term that lexicon_{language}.yml does not have; write 0 to say "
                        "that a word tells nothing, or the term as it stands there"
                    )
        return lexicon

    def additions(self) -> Additions:
        """What the reader of comments takes."""
        return Additions(
            lexicon={language: dict(getattr(self.lexicon, language)) for language in LANGUAGES},
            themes={
                code: None
                if theme is None
                else Theme(theme.fr, theme.en, {"fr": theme.keywords.fr, "en": theme.keywords.en})
                for code, theme in self.themes.items()
            },
            names=self.names,
        )
