"""The words that ship with the code, what a home adds to them, and the hash that says which words were used."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from pipelines.verbatims.words import plain

LANGUAGES = ("fr", "en")
HEAVIEST = 3.0
FOLDER = Path(__file__).parent
FILES = ("lexicon_fr", "lexicon_en", "themes", "languages")
# Raised when the same words would be read otherwise: when how negation, degree or language are decided changes.
RULES = 1
_Words = getattr(yaml, "CBaseLoader", yaml.BaseLoader)


@cache
def shipped(name: str) -> Any:
    """One of the files of words, every scalar as text: `no` and `on` are words."""
    return yaml.load((FOLDER / f"{name}.yml").read_text(encoding="utf-8"), Loader=_Words)  # noqa: S506 - builds text only


@cache
def shipped_digest() -> str:
    """Twelve hex digits that change when the shipped words or the rules that read them do."""
    data = b"\0".join((FOLDER / f"{name}.yml").read_bytes() for name in FILES)
    return hashlib.sha256(b"%d\0" % RULES + data).hexdigest()[:12]


@dataclass(frozen=True)
class Theme:
    """What comments may be about: its names and, by language, the terms that tell it."""

    fr: str
    en: str
    keywords: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True)
class Additions:
    """What a home adds: weights of terms by language and themes by code (None takes away), names to take out.

    `shipped` tells the words they are added to: with it, equal additions mean equal readings.
    """

    lexicon: Mapping[str, Mapping[str, float | None]] = field(default_factory=dict)
    themes: Mapping[str, Theme | None] = field(default_factory=dict)
    names: tuple[str, ...] = ()
    shipped: str = field(default_factory=shipped_digest)


def weights(language: str, additions: Additions) -> dict[str, float]:
    """Weight of each plain term of tone, shipped and added; 0 for those that tell nothing."""
    found = {
        plain(term): float(weight)
        for weight, terms in shipped(f"lexicon_{language}")["tone"].items()
        for term in terms
    }
    for term, weight in additions.lexicon.get(language, {}).items():
        if weight is None:
            found.pop(plain(term), None)
        else:
            found[plain(term)] = weight
    return found


def all_themes(additions: Additions) -> dict[str, Theme]:
    """Themes by code, in the order they are shown: shipped, then a home's. A home's theme replaces one of its code."""
    found = {
        code: Theme(
            told["fr"],
            told["en"],
            {language: tuple(told["keywords"].get(language, ())) for language in LANGUAGES},
        )
        for code, told in shipped("themes").items()
    }
    for code, theme in additions.themes.items():
        if theme is None:
            found.pop(code, None)
        else:
            found[code] = theme
    return found


def themes(additions: Additions | None = None) -> dict[str, tuple[str, str]]:
    """French and English label of each theme by code, a home's included."""
    return {code: (theme.fr, theme.en) for code, theme in all_themes(additions or Additions()).items()}
