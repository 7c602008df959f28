"""Language, tone and themes of invented sentences, and the words that decided."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.verbatims import Analyser, analyser_for, shipped_digest, themes
from pipelines.verbatims.lexicon import LANGUAGES, shipped
from pipelines.verbatims.words import english_forms, french_forms, plain, tokens

ANALYSER = Analyser()

TOLD = [
    # praise
    ("fr", 1, "L'équipe est vraiment à l'écoute et très compétente."),
    ("fr", 1, "Livraison rapide, emballage soigné, merci !"),
    ("fr", 1, "Nous n'avons jamais eu de problème avec ce fournisseur."),
    ("fr", 1, "Ce n'est pas cher et c'est pratique."),
    ("fr", 1, "Rien à redire, tout était parfait."),
    ("fr", 1, "Pas mal du tout"),
    ("fr", 1, "Ma responsable tient parole et nous soutient."),
    ("fr", 1, "EQUIPE TRES SYMPATHIQUE ET EFFICACE"),
    ("fr", 1, "On se sent bien dans cette maison, il y a de l’entraide."),
    ("en", 1, "The adviser was kind and really listened to us."),
    ("en", 1, "Never rude, always on time."),
    ("en", 1, "Couldn't fault the service, thank you"),
    ("en", 1, "No problems at all with the delivery."),
    ("en", 1, "My manager keeps their promises and supports the team."),
    # blame
    ("fr", -1, "Personne ne répond au téléphone, c'est inadmissible."),
    ("fr", -1, "Le conseiller n'a pas été très aimable."),
    ("fr", -1, "Aucune reconnaissance et une charge de travail insupportable."),
    ("fr", -1, "Trop d'attente, et des promesses non tenues."),
    ("fr", -1, "Les factures sont pleines d'erreurs et les délais interminables."),
    ("fr", -1, "Il faudrait être plus aimable."),
    ("fr", -1, "Je ne suis pas satisfait."),
    ("fr", -1, "Le site plante sans arrêt et on perd nos commandes, quelle galère"),
    ("en", -1, "Staff should be friendlier and better trained."),
    ("en", -1, "I was not happy with the answer."),
    ("en", -1, "Waited three hours and nobody called back."),
    ("en", -1, "Don't waste your money, terrible quality."),
    ("en", -1, "We had to chase our payment again and again."),
    # both, or neither
    ("fr", 0, "Bon accueil mais les prix sont trop élevés."),
    ("fr", 0, "Je suis venu mardi avec ma fille pour le dossier."),
    ("en", 0, "Friendly team but too expensive."),
    ("en", 0, "I went there on Tuesday with my daughter."),
]  # fmt: skip


@pytest.mark.parametrize(("language", "tone", "said"), TOLD)
def test_language_and_tone_of_a_sentence(language: str, tone: int, said: str) -> None:
    reading = ANALYSER.read(said)
    assert (reading.language, reading.tone, reading.given) == (language, tone, True), ANALYSER.explain(said)


@pytest.mark.parametrize(
    "said",
    ["Muy buen servicio, gracias por todo y hasta pronto", "Sehr freundlich und immer sehr gut, danke",
     "Tudo muito bom, obrigado pelo atendimento", "Molto bene, grazie per tutto e per la cortesia", "非常好", "Qwx zzkr ptt"],
)  # fmt: skip
def test_another_language_is_not_read(said: str) -> None:
    assert ANALYSER.read(said) == (None, None, None, True)


@pytest.mark.parametrize(
    "said",
    [
        "",
        " ",
        "...",
        "-",
        "n/a",
        "N/A.",
        "RAS",
        "R.A.S",
        "néant",
        "Rien à signaler",
        "nothing",
        "No comment!",
    ],
)
def test_what_leaves_a_box_empty_is_no_comment(said: str) -> None:
    assert ANALYSER.read(said) == (None, None, None, False)


def test_a_word_of_both_languages_has_a_tone_and_no_language() -> None:
    assert ANALYSER.read("Excellent !") == (None, 1, (), True)


@pytest.mark.parametrize(
    ("said", "codes"),
    [
        ("Vingt minutes d'attente au guichet", ["about_waiting"]),
        ("Le site est en panne depuis lundi", ["about_digital"]),
        ("Une remise sur la facture", ["about_price"]),
        ("Elle m'a tout expliqué avec le sourire", ["about_welcome", "about_information"]),
        ("On ne nous écoute pas, aucune reconnaissance", ["about_listening", "about_recognition"]),
        ("The team helped each other", ["about_cooperation"]),
        ("They broke their promise", ["about_reliability"]),
        ("Too much paperwork", ["about_ease"]),
        ("The shop was clean", ["about_place"]),
        ("They knew what they were doing, very skilled", ["about_competence"]),
        ("C'était mardi", []),
    ],
)
def test_themes_are_found_by_their_words(said: str, codes: list[str]) -> None:
    assert list(ANALYSER.read(said).themes or ()) == codes


def test_an_explanation_names_the_words_that_decided() -> None:
    told = ANALYSER.explain("Le conseiller n'est pas très aimable")
    assert told.reading == ANALYSER.read("Le conseiller n'est pas très aimable")
    assert [(word, round(weight, 2)) for word, weight in told.words] == [("pas", -0.5), ("aimable", -1.96)]
    assert told.themes == {"about_welcome": ["aimable"]}


def test_a_word_of_degree_raises_or_lowers_what_follows() -> None:
    weights = {
        degree: ANALYSER.explain(f"Elle est {degree} aimable").words[-1][1]
        for degree in ("", "très", "plutôt")
    }
    assert weights["plutôt"] < weights[""] < weights["très"]


def test_accents_case_and_apostrophes_do_not_count() -> None:
    assert ANALYSER.read("À L’ÉCOUTE, sœur très DÉVOUÉE") == ANALYSER.read("a l'ecoute, soeur tres devouee")


@settings(max_examples=60)
@given(st.text(max_size=300))
def test_any_text_has_a_reading_and_always_the_same(said: str) -> None:
    reading = ANALYSER.read(said)
    assert reading == Analyser.read(analyser_for(), said)
    assert reading.language in (None, "fr", "en")
    assert reading.tone in (None, -1, 0, 1)
    assert set(reading.themes or ()) <= set(themes())
    assert reading.given or (reading.language, reading.tone, reading.themes) == (None, None, None)


@given(st.lists(st.sampled_from([said for _, _, said in TOLD]), max_size=4))
def test_the_order_of_comments_changes_no_tone_theme_nor_count(said: list[str]) -> None:
    codes, turned = ANALYSER.codes(said), ANALYSER.codes(said[::-1])
    assert (codes.tone, codes.themes, codes.number) == (turned.tone, turned.themes, turned.number)
    assert codes.number == len(said)


def test_regular_forms_are_those_of_the_language() -> None:
    assert {"heureuse", "heureux", "heureusement"} <= {"heureux", *french_forms("heureux")}
    assert {"aidaient", "aident", "aidant", "aidera"} <= set(french_forms("aider"))
    assert {"bonne", "bonnes"} <= set(french_forms("bon"))
    assert {"resolved", "resolving", "resolves"} <= set(english_forms("resolve"))
    assert {"happily"} <= set(english_forms("happy"))


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_shipped_lexicon_is_whole(language: str) -> None:
    """Every term has one weight, however it is spelt; a second one would be lost in silence."""
    tone = shipped(f"lexicon_{language}")["tone"]
    terms = [plain(term) for listed in tone.values() for term in listed]
    assert sorted(terms) == sorted(set(terms))
    assert len(terms) > 400
    assert all(-3 <= float(weight) <= 3 for weight in tone)


def test_themes_have_labels_in_both_languages_and_keywords_in_each() -> None:
    assert 8 <= len(themes()) <= 12
    for code, told in shipped("themes").items():
        assert themes()[code] == (told["fr"], told["en"])
        for language in LANGUAGES:
            terms = [plain(term) for term in told["keywords"][language]]
            assert len(terms) >= 20
            assert sorted(terms) == sorted(set(terms)), (code, language)


def test_small_words_are_written_as_they_are_matched() -> None:
    listed = shipped("languages")
    assert all(tokens(word) == [word] for name in (*LANGUAGES, "others") for word in listed[name])
    assert not set(listed["fr"]) & set(listed["en"])


def test_the_digest_is_twelve_hex_digits() -> None:
    assert len(shipped_digest()) == 12
    assert int(shipped_digest(), 16) >= 0
