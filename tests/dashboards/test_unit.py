"""What holds relations together on the page of one unit, its groups of people, and how « real » is explained."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from test_pages import said
from test_relations import rows_of

from dashboards import wording

App = Callable[..., Any]
Altered = Callable[..., Path]


def test_links_attention_gain_and_feelings_have_figures_and_a_verdict_in_words(app: App) -> None:
    at = app("unit")
    rows = rows_of(at, "Quoi")
    assert list(rows)[:3] == ["Entreprise et collaborateurs", "Entreprise et clients", "Numérique et humain"]
    first = "| Collaborateurs | **66,0** :gray[[64,0 ; 68,0] n = 412] | :gray-badge[◆ tient] |"
    assert rows["Entreprise et collaborateurs"].endswith(first)
    assert ":gray-badge[○ indécis]" in rows["Numérique et humain"]
    assert "**0,18** :gray[[0,16 ; 0,20] n = 1 383]" in rows["Concentration de l’attention"]
    assert ":gray-badge[▲ va à ceux qui rapportent le plus]" in rows["Concentration de l’attention"]
    gain = rows["Gain du numérique et de l’humain ensemble"]
    assert "**+11,6 pt** :gray[[4,6 ; 18,6] n = 850] | :blue-badge[▲ se renforcent]" in gain
    assert "une association, pas une cause" in said(at)
    english = rows_of(app("unit", lang="en"), "What")
    assert ":gray-badge[◆ holds]" in english["Company and clients"]


def test_fewer_negative_feelings_are_good_news_noise_is_grey_and_an_older_wave_says_so(app: App) -> None:
    rows = rows_of(app("unit"), "Quoi")
    assert ":blue-badge[▼ −6,1 pt] :gray[réel et net, par rapport à T4 2024]" in rows["Émotions négatives"]
    assert (
        ":gray-badge[−1,8 pt] :gray[dans le bruit, par rapport à T4 2024]" in rows["Rémunération jugée juste"]
    )
    assert ":orange[Mesuré au T3 2025]" in rows["Rémunération jugée juste"]


def test_a_link_that_comes_undone_is_said_and_a_protected_one_has_the_symbol_alone(app: App) -> None:
    lyon = rows_of(app("unit", unit="ag_lyon"), "Quoi")
    assert ":orange-badge[▽ se défait]" in lyon["Entreprise et collaborateurs"]
    tours = rows_of(app("unit", unit="ag_tours"), "Quoi")
    assert all(line.endswith("| ● | ● |") for line in tours.values())


def test_links_follow_the_stakeholder_chosen_and_are_absent_where_nothing_is_published(app: App) -> None:
    chosen = rows_of(app("unit", stakeholder="employees"), "Quoi")
    assert set(chosen) == {"Entreprise et collaborateurs", "Rémunération jugée juste"}
    assert "Ce qui relie" not in said(app("unit", unit="ag_nantes"))


def test_groups_of_one_stakeholder_stand_side_by_side_and_no_difference_is_claimed(app: App) -> None:
    at = app("unit", stakeholder="clients")
    rows = rows_of(at, "Groupe")
    assert list(rows) == ["Canal : Humain", "Canal : Numérique", "Canal : Les deux"]
    assert rows["Canal : Humain"].endswith("| **69,6** :gray[[67,5 ; 71,7] n = 190] |")
    assert rows["Canal : Les deux"].endswith("| ● |")
    assert "Et d'un groupe à l'autre, côté « Clients » ?" in said(at)
    assert "aucun n'est dit réel" in said(at)
    assert not any("badge" in line for line in rows.values())
    assert "Canal" not in said(app("unit", stakeholder="employees"))


def test_a_snapshot_older_than_segments_shows_none(app: App, altered: Altered) -> None:
    at = app("unit", home=altered("ALTER TABLE mart.dim_segments DROP segment_group"), stakeholder="clients")
    assert "Canal" not in said(at)
    assert not at.error


def test_real_is_explained_as_judged_with_every_change_of_the_period(app: App) -> None:
    for language, words in (("fr", "jugés ensemble"), ("en", "judged together")):
        captions = [e.value for e in app(lang=language).caption if words in e.value]
        rules = [e.value for e in app(lang=language).markdown if words in e.value]
        assert len(captions) == len(rules) == 1
        assert "Benjamini" in captions[0]
        texts = wording._texts(language)
        assert all("par hasard" not in text and "by chance" not in text for text in texts.values())
