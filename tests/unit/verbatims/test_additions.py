"""declarations/verbatims.yml: what a home adds to the words, and what is refused with a sentence."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from pipelines.declared.explain import problems_of
from pipelines.declared.lines import read_yaml
from pipelines.declared.verbatims import Verbatims
from pipelines.verbatims import Additions, Analyser, themes

WHOLE = """\
version: 1
lexicon:
  fr: {zazou: 2, "coup de zazou": -3, merci: null, "a l'ecoute": null}
  en: {zazoo: -2, 'stell*': 1}
themes:
  about_zoo: {fr: Zoo, en: Zoo, keywords: {fr: [girafe, "enclos du haut"], en: [giraffe]}}
  about_place: null
names: [Léa Grandin]
"""


def declared(folder: Path, text: str) -> Verbatims:
    path = folder / "verbatims.yml"
    path.write_text(text, encoding="utf-8")
    return Verbatims.model_validate(read_yaml(path, "verbatims.yml").value)


def test_words_themes_and_names_are_added_and_taken_away(tmp_path: Path) -> None:
    added = declared(tmp_path, WHOLE).additions()
    analyser = Analyser(added)
    assert analyser.read("La girafe est zazou pour nous").themes == ("about_zoo",)
    assert [analyser.read(said).tone for said in ("La girafe est zazou", "Le coup de zazou est là")] == [
        1,
        -1,
    ]
    told = [[word for word, _ in one.explain("Merci, à l'écoute").words] for one in (Analyser(), analyser)]
    assert told == [["merci", "a l ecoute"], ["ecoute"]]  # both terms are gone; the verb is another
    assert analyser.read("This is a clean room with Lea Grandin").themes == ()
    assert "about_place" not in themes(added)
    assert themes(added)["about_zoo"] == ("Zoo", "Zoo")
    assert len(themes(added)) == len(themes())


def test_an_empty_file_adds_nothing(tmp_path: Path) -> None:
    nothing = declared(tmp_path, "version: 1\n").additions()
    assert (nothing.themes, nothing.names, any(nothing.lexicon.values())) == ({}, (), False)
    assert themes(nothing) == themes(Additions())


@pytest.mark.parametrize(
    ("text", "line", "sentence"),
    [
        ("version: 2\n", 1, "'version'"),
        ("lexicon:\n  fr: {zazou: 4}\n", 2, "less than or equal to 3"),
        ("lexicon:\n  fr: {zazou: beau}\n", 2, "number"),
        ("lexicon:\n  de: {gut: 1}\n", 2, "unknown key 'lexicon.de'"),
        ("lexicon:\n  fr: {'?!': 1}\n", 2, "is no term"),
        ("lexicon:\n  fr: {'za*': 1}\n", 2, "is no term"),
        ("lexicon:\n  fr: {'coup de zaz*': 1}\n", 2, "is no term"),
        ("lexicon:\n  fr: {zazou: null}\n", 1, "takes away a term"),
        ("themes:\n  zoo: {fr: Zoo, en: Zoo, keywords: {fr: [girafe]}}\n", 1, "'about_zoo'"),
        ("themes:\n  about_zoo: null\n", 1, "takes away a theme"),
        ("themes:\n  about_zoo: {fr: Zoo, en: Zoo, keywords: {}}\n", 2, "never found"),
        (
            "themes:\n  about_zoo: {fr: Zoo, keywords: {fr: [girafe]}}\n",
            2,
            "'themes.about_zoo.en' is missing",
        ),
        ("themes:\n  about_zoo: {fr: Zoo, en: Zoo, keywords: {fr: ['*']}}\n", 2, "is no term"),
        ("mots: {}\n", 1, "unknown key 'mots'"),
    ],
)
def test_a_file_that_cannot_be_used_says_why(tmp_path: Path, text: str, line: int, sentence: str) -> None:
    with pytest.raises(ValidationError) as caught:
        declared(tmp_path, text)
    located = read_yaml(tmp_path / "verbatims.yml", "verbatims.yml")
    problems = problems_of(caught.value, Verbatims, located)
    assert len(problems) == 1
    assert sentence in problems[0].message
    assert problems[0].line == line
