"""French and English typography, and two locale files that say the same things."""

from __future__ import annotations

import datetime as dt
import string
from decimal import Decimal

import pytest

from dashboards import wording
from dashboards.wording import MINUS, NARROW, NO_BREAK, Words, plain, typeset

FR, EN = Words("fr"), Words("en")


def test_both_languages_have_the_same_sentences_with_the_same_places() -> None:
    french, english = wording._texts("fr"), wording._texts("en")

    def places(text: str) -> set[str]:
        return {name for _, name, _, _ in string.Formatter().parse(text) if name}

    assert french.keys() == english.keys()
    assert {k: places(v) for k, v in french.items()} == {k: places(v) for k, v in english.items()}


def test_no_french_sentence_leaves_an_ordinary_space_before_double_punctuation() -> None:
    wrong = {
        k: v for k, v in wording._texts("fr").items() if any(f" {mark}" in v for mark in ";?!%»") or "« " in v
    }
    assert wrong == {}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Et nos comptes ?", f"Et nos comptes{NARROW}?"),
        ("« mot »", f"«{NARROW}mot{NARROW}»"),
        ("Règle : l'autre ; fin !", f"Règle{NARROW}: l’autre{NARROW}; fin{NARROW}!"),
        (":orange[en retard]", ":orange[en retard]"),
    ],
)
def test_typeset_french(text: str, expected: str) -> None:
    assert typeset(text, "fr") == expected
    assert typeset(text, "en") == text


@pytest.mark.parametrize(
    ("amount", "french", "english"),
    [
        (Decimal("12400000"), f"12,4{NO_BREAK}M€", "€12.4M"),
        (1_100_000, f"1,10{NO_BREAK}M€", "€1.10M"),
        (-27_600, f"{MINUS}27,6{NO_BREAK}k€", f"{MINUS}€27.6k"),
        (412, f"412{NO_BREAK}€", "€412"),
        (0, f"0{NO_BREAK}€", "€0"),
        (3_200_000_000, f"3,20{NO_BREAK}Md€", "€3.20bn"),
    ],
)
def test_money_keeps_three_figures(amount: Decimal | float, french: str, english: str) -> None:
    assert (FR.money(amount), EN.money(amount)) == (french, english)


def test_numbers_shares_signs_and_intervals() -> None:
    assert FR.number(1234.56) == f"1{NARROW}234,6"
    assert EN.number(1234.56) == "1,234.6"
    assert FR.share(0.0914) == f"9,1{NARROW}%"
    assert FR.number(-6, signed=True) == f"{MINUS}6,0"
    assert FR.number(3, signed=True) == "+3,0"
    assert FR.number(-0.01, signed=True) == "0,0"
    assert FR.points_of_share(-0.012) == f"{MINUS}1,2{NO_BREAK}pt"
    assert FR.interval(71.3, 73.5, "score") == f"[71,3{NARROW};{NO_BREAK}73,5]"
    assert EN.interval(-10, 24.4, "points") == f"[{MINUS}10,{NO_BREAK}24]"


def test_dates_follow_the_page_not_the_browser() -> None:
    day = dt.date(2026, 1, 31)
    assert (FR.date(day), EN.date(day)) == ("31/01/2026", "31 January 2026")


@pytest.mark.parametrize(
    ("french", "english", "expected"),
    [
        ("T3 2025", "Q3 2025", ("au T3 2025", "in Q3 2025")),
        ("mars 2025", "March 2025", ("en mars 2025", "in March 2025")),
        ("2020", "2020", ("en 2020", "in 2020")),
    ],
)
def test_a_period_takes_the_preposition_of_its_kind(
    french: str, english: str, expected: tuple[str, str]
) -> None:
    row = {"label_fr": french, "label_en": english}
    assert (FR.when(row), EN.when(row)) == expected


def test_a_label_never_becomes_markdown() -> None:
    assert plain("[ici](http://x) **gras** :red[x]") == r"\[ici\]\(http\://x\) \*\*gras\*\* \:red\[x\]"
