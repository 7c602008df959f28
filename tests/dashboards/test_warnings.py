"""Early warnings, actions, what is missing, old snapshots, and the marks that the screens of relations share."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from test_pages import said
from test_relations import figure, message, rows_of

from dashboards import maps, snapshot, verdicts, wording
from dashboards.wording import Words

App = Callable[..., Any]
Altered = Callable[..., Path]
SCREENS = ("symmetry", "gesture", "partners", "early_warning")


# ---- early warning -----------------------------------------------------------------------------------------


def test_alarms_come_first_and_say_what_they_are_not(app: App) -> None:
    at = app("early_warning")
    assert message(at) == (
        "**Alerte : Rouen.** L'indice y baisse côté collaborateurs ; côté clients, rien n'a encore bougé. "
        "Les deux côtés ont déjà bougé : Lyon (première alerte au T1 2025)."
    )
    assert list(rows_of(at, "Unité"))[:3] == ["Rouen", "Lyon", "Nice"]
    text = said(at)
    assert "elle ne dit pas pourquoi" in text
    assert "Taux de fausse alerte déclaré : 5 % par unité et par an." in text
    assert "Pas assez de recul : cinq périodes au moins du premier côté" in text
    assert (
        rows_of(at, "Unité")["Rouen"].split(" | ")[1]
        == ":orange-badge[■ alerte] :gray[première alerte au T3 2025]"
    )
    english = app("early_warning", lang="en")
    assert "**Alarm: Rouen.**" in message(english)
    assert "Lyon (first alarm in Q1 2025)" in message(english)
    assert "Declared rate of false alarms: 5% per unit and year." in said(english)


def test_the_panels_show_both_sides_on_one_scale_and_ring_the_waves_in_alarm(app: App) -> None:
    drawn = figure(app("early_warning"), 0)
    scales = {tuple(drawn["layout"][axis]["range"]) for axis in drawn["layout"] if axis.startswith("yaxis")}
    assert len(scales) == 1
    rings = [trace["x"] for trace in drawn["data"] if trace.get("marker", {}).get("symbol") == "square-open"]
    assert rings == [[10, 11], [8, 9]]  # Rouen now, Lyon in early 2025


def test_without_alarm_the_scope_itself_is_drawn(app: App) -> None:
    at = app("early_warning", unit="reg_ouest")
    assert message(at).startswith("**Aucune alerte** pour Région Ouest au T4 2025")
    titles = [a["text"] for a in figure(at, 0)["layout"]["annotations"]]
    assert all("Région Ouest" in title for title in titles)
    assert len(titles) == 2


def test_actions_have_a_change_an_effect_and_a_verdict_in_every_state(app: App) -> None:
    rows = rows_of(app("early_warning"), "Action")
    assert ":blue-badge[▲ en hausse]" in rows["**Accueil des nouveaux par un pair**"]
    assert (
        "**+6,2 pt** :gray[[2,3 ; 10,1]] :gray[face à 3 unités]"
        in rows["**Accueil des nouveaux par un pair**"]
    )
    assert ":gray-badge[◆ pas de différence]" in rows["**Moins de scripts en agence**"]
    assert ":orange-badge[▼ en baisse]" in rows["**Nouveaux horaires du soir**"]
    assert rows["**Tutorat**"].count("●") == 3
    assert ":gray-badge[○ trop tôt]" in rows["**Paiement à trente jours**"]
    assert ":gray-badge[○ pas assez de données]" in rows["**Journée d’écoute**"]
    assert set(rows_of(app("early_warning", unit="reg_ouest"), "Action")) == {
        "**Accueil des nouveaux par un pair**", "**Moins de scripts en agence**", "**Tutorat**"
    }  # fmt: skip


def test_the_share_in_crisis_has_its_count(app: App) -> None:
    at = app("early_warning")
    assert [(m.label, m.value.replace(wording.NARROW, " ")) for m in at.metric] == [
        ("Relations en crise", "8,3 %")
    ]
    assert "sur 36 relations visibles" in said(at)


# ---- what is missing ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("screen", SCREENS)
def test_a_home_without_the_measure_says_what_would_give_it(app: App, screen: str) -> None:
    french, english = said(app(screen, home="yearly")), said(app(screen, home="yearly", lang="en"))
    assert "Ce qu'il faudrait" in french
    assert "What it would take" in english
    assert "-badge[" not in french.split("Définitions")[0]


@pytest.mark.parametrize("screen", SCREENS)
def test_a_snapshot_older_than_relations_opens_and_says_so(app: App, altered: Altered, screen: str) -> None:
    old = [
        *(f"DROP TABLE mart.{name}" for name in ("dim_relations", "fct_actions", "dim_kpi_thresholds")),
        *(f"ALTER TABLE mart.fct_kpi_values DROP {name}" for name in ("verdict_code", "ranking_value", "change_p_value")),
        "ALTER TABLE mart.dim_dimensions DROP kind",
        "ALTER TABLE mart.dim_segments DROP segment_group",
        "DELETE FROM mart.scorecard_unit_period WHERE stakeholder_code = 'buyers'",
        "DELETE FROM mart.dim_stakeholders WHERE about_code IS NOT NULL",
        "ALTER TABLE mart.dim_stakeholders DROP about_code",
    ]  # fmt: skip
    home = altered(*old)
    at = app(screen, home=home)
    assert not app("unit", home=home).error
    assert "plus ancienne que cet écran" in said(at)
    assert not at.error
    assert len(app(home=home).metric) == 6


def test_a_side_that_speaks_about_another_stakeholder_is_never_a_card(app: App) -> None:
    for page in ("overview", "unit"):
        text = said(app(page))
        assert "Équipes partenaires" not in text
    options = app().selectbox(key="filter_stakeholder").options
    assert options == ["Tous les publics", "Collaborateurs", "Clients", "Partenaires"]


def test_a_scope_of_very_many_units_shows_the_first_ones_and_says_so(app: App, altered: Altered) -> None:
    home = altered(
        "INSERT INTO mart.dim_units SELECT 'u' || i, 'reg_nord', 'Agence ' || i, 'Branch ' || i, 2, true, NULL, "
        "DATE '2016-01-01', DATE '9999-12-31', 100 + i FROM range(80) t(i)",
        "INSERT INTO mart.fct_kpi_values BY NAME SELECT * REPLACE ('u' || i AS unit_code, 'mechanical' AS verdict_code) "
        "FROM mart.fct_kpi_values, range(80) t(i) WHERE unit_code = 'ag_lille' AND period_code = '2025-Q4' "
        "AND kpi_code IN ('gesture_gap', 'script_compliance')".replace("SELECT *", "SELECT * EXCLUDE (i)"),
    )
    at = app("gesture", home=home, unit="reg_nord", lang="en")
    assert len(rows_of(at, "Unit")) == 60
    assert "The first 60 rows. A smaller scope shows the others." in said(at)
    assert "and others" in message(at)
    whole = app("gesture", home=home, lang="en")  # too many leaves: its children are compared instead
    assert {"North region", "West region", "South region"} == set(rows_of(whole, "Unit"))


# ---- words, marks and places -------------------------------------------------------------------------------


def test_every_verdict_has_its_words_its_shape_and_no_shape_says_two_things_in_one_chart() -> None:
    families: dict[str, list[str]] = {}
    for key in wording._texts("fr"):
        if found := re.fullmatch(rf"verdict_({'|'.join(verdicts.FAMILIES)})_(.+)", key):
            families.setdefault(found[1], []).append(found[2])
    assert set(families) == set(verdicts.FAMILIES)
    unmarked = verdicts.OPEN
    for codes in families.values():
        decided = [verdicts.MARKS[code] for code in codes if code not in unmarked]
        assert len({one.glyph for one in decided}) == len(decided)
        assert not {"○", "●"} & {one.glyph for one in decided}


# Functions of pipelines/derive whose documentation lists their verdicts, and the families of words that say them.
SAID_BY = {
    "mirrored_gap": ("symmetry", "reciprocity"), "york_slope": ("slope",), "reciprocity": ("agreement",),
    "gesture_gap": ("gesture",), "sibling_excess": ("excess",), "early_warning": ("alarm",), "actions": ("action",),
    "link": ("link",), "concentration": ("attention",), "better_together": ("together",),
}  # fmt: skip
NOT_VERDICTS = {
    "gesture",
    "intention",
    "holds_from",
    "protected",
}  # thresholds; what is protected has its symbol


def test_every_verdict_the_pipeline_can_give_has_words_in_both_languages_and_a_shape() -> None:
    folder = Path(wording.__file__).parents[1] / "pipelines" / "derive"
    given: dict[str, set[str]] = {}
    trees = [ast.parse(file.read_text(encoding="utf-8")) for file in sorted(folder.glob("*.py"))]
    for made in (node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)):
        written = ast.get_docstring(made) or ""
        if "Verdict" in written:
            codes = re.findall(r"`([a-z_]+)`", written.split("Verdict", 1)[1])
            given[made.name] = set(codes) - NOT_VERDICTS
    assert set(given) == set(SAID_BY)
    assert all(len(codes) >= 3 for codes in given.values())
    for name, families in SAID_BY.items():
        for code in given[name]:
            for family in families:
                key = f"verdict_{family}_{code}"
                assert all(key in wording._texts(language) for language in wording.LANGUAGES), key
            assert code in verdicts.MARKS or code in verdicts.OPEN, code


def test_a_verdict_this_version_does_not_know_is_shown_as_it_is(app: App, altered: Altered) -> None:
    home = altered("UPDATE mart.fct_kpi_values SET verdict_code = 'brand_new' WHERE kpi_code = 'gesture_gap'")
    at = app("gesture", home=home)
    assert "brand_new" in rows_of(at, "Unité")["Lille"]
    assert message(at).startswith("**Indécis**")


def test_names_never_cover_each_other_and_a_crowd_leaves_some_out() -> None:
    mark = verdicts.UNDECIDED
    near = [
        maps.Point(f"Agence {i}", (50 + i / 10, None, None), (50, None, None), mark, "") for i in range(12)
    ]
    places = maps._places(near, 0, 100)
    assert places.count("") >= 6
    assert any(places)
    apart = [
        maps.Point(f"Agence {i}", (8.0 * i, None, None), (8.0 * i, None, None), mark, "")
        for i in range(1, 11)
    ]
    assert all(maps._places(apart, 0, 100))


def test_labels_inside_a_sentence_lose_their_capital_but_acronyms_keep_theirs() -> None:
    assert [wording.inside(text) for text in ("Clients", "PME", "Équipes partenaires", "")] == [
        "clients",
        "PME",
        "équipes partenaires",
        "",
    ]


def test_lists_are_written_in_the_language_of_the_page() -> None:
    names = ["Nord", "Ouest", "Sud"]
    assert (Words("fr").listed(names), Words("en").listed(names)) == (
        "Nord, Ouest et Sud",
        "Nord, Ouest and Sud",
    )


def test_a_gap_of_sides_asked_apart_is_read_at_its_latest_period(
    homes: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RELIER_HOME", str(homes("demo")))
    opened = snapshot.open_current()
    relation = next(row for row in snapshot.relations(opened) if row["kind"] == "reciprocity")
    found = snapshot.measured(opened, "2025-Q4", "reciprocity_gap", relation)
    assert found is not None
    assert found["period_code"] == "2025-Q2"
    assert snapshot.measured(opened, "2023-Q1", "reciprocity_gap", relation) is None
