"""What tells who somebody is never reaches the words that are looked up."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.verbatims import Additions, Analyser, redact

WORDS = st.text(st.sampled_from("abcdéïœ ,;.!?()[]<>'\"-_\n0123456789"), max_size=60)


@given(WORDS, st.emails(), WORDS)
def test_no_address_survives(before: str, address: str, after: str) -> None:
    found = redact(f"{before} {address} {after}")
    assert address not in found
    assert address.rpartition("@")[2] not in found.replace(after, "").replace(before, "")


@settings(max_examples=60)
@given(st.sampled_from("aé.,;:!?'«»…-*_/\\|~"), st.emails(), st.sampled_from("aé.,;:!?'«»…-*_/\\|~"))
def test_an_address_that_touches_other_signs_does_not_survive_either(
    left: str, address: str, right: str
) -> None:
    assert address not in redact(left + address + right)


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("Écrivez à marie.durand+pro@exemple.example svp", "Écrivez à [email] svp"),
        ("jean (at) exemple (dot) fr", "[email]"),
        ("jean arobase exemple.fr", "[email]"),
        ("Marie＠exemple.example", "[email]"),
        ("suivez @marie_durand", "suivez [email]"),
        ("01 99 00 45 12 le matin", "[phone] le matin"),
        ("Appelez le 01.99.00.45.12.", "Appelez le [phone]."),
        ("+33 6 39 98 45 12", "[phone]"),
        ("+33 (0)6 39 98 45 12", "[phone]"),
        ("0033639984512", "[phone]"),
        ("call 07700 900123 or (020) 7946 0958", "call [phone] or [phone]"),
        ("+44 20 7946 0958", "[phone]"),
        ("FR76 3000 6000 0112 3456 7890 189 merci bien", "[iban] merci bien"),
        ("GB29NWBK60161331926819", "[iban]"),
        ("2 84 05 88 019 002 51", "[nir]"),
        ("184052A019002 merci", "[nir] merci"),
        ("née le 12/05/1978 à Lyon", "née le [date] à Lyon"),
        ("1978-05-12", "[date]"),
        ("voir https://exemple.example/a?b=c et www.exemple.example", "voir [url] et [url]"),
        ("dossier 2024/0012345", "dossier [number]"),
        ("Mme Durand-Lenoir m'a reçue", "[name] m'a reçue"),
        ("Dr. Good and nurse Joy", "[name] and nurse Joy"),
        ("merci à Léa Grandin et à GRANDIN", "merci à [name] et à GRANDIN"),
        ("merci à LEA  grandin", "merci à [name]"),
    ],
)
def test_what_identifies_is_replaced(said: str, kept: str) -> None:
    assert redact(said, ["Léa Grandin"]) == kept


@pytest.mark.parametrize(
    "said",
    ["20 minutes d'attente", "5 étoiles, 10/10", "24h/24 et 7 jours sur 7", "agence de Lyon 69003", "il y a 3 ans (2019)",
     "mention @ perdue", "un rendez-vous à 14:30", "M. est venu", "15,50 € le kilo"],
)  # fmt: skip
def test_what_identifies_nobody_stays(said: str) -> None:
    assert redact(said, ["Léa Grandin"]) == said


def test_a_name_that_is_a_word_of_tone_decides_nothing() -> None:
    said = "Le dossier de Parfait Joyeux est au guichet"
    assert Analyser().read(said).tone == 1
    assert Analyser(Additions(names=("Parfait Joyeux",))).read(said).tone == 0


@given(st.emails())
@settings(max_examples=50)
def test_an_address_decides_nothing(address: str) -> None:
    said = "Le dossier est au guichet"
    assert ANALYSER.read(f"{said} {address}") == ANALYSER.read(said)


ANALYSER = Analyser()
HOSTILE = ["a", "@", "a@", "1", "1 ", "FR76 ", "M. Aa ", "http://", "x (at) ", "+33 ", "a.-", " ", "n'", "ﬃ"]


@pytest.mark.parametrize("piece", HOSTILE)
def test_a_megabyte_made_to_be_slow_ends(piece: str) -> None:
    """A pattern that went back over its own steps would take hours; measured: 0.75 s at worst, alone."""
    text = (piece * (1_000_000 // len(piece) + 1))[:1_000_000]
    started = time.process_time()
    redact(text, ["Léa Grandin", "a a a"])
    assert time.process_time() - started < 60
    started = time.process_time()
    ANALYSER.read(text)
    assert time.process_time() - started < 60
