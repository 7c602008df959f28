"""What symmetry, gesture and partners say in each state, in both languages, on the synthetic snapshot."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from test_pages import links, said

from dashboards import wording

App = Callable[..., Any]
Altered = Callable[..., Path]


def message(at: Any) -> str:
    """The written message of a screen."""
    return said(at).split("##### ")[1].split("\n")[0]


def rows_of(at: Any, head: str) -> dict[str, str]:
    """Lines of the table whose first heading is `head`, by first cell."""
    table = next(e.value for e in at.markdown if e.value.startswith(f"| {head} |"))
    lines = table.replace(wording.NARROW, " ").replace("\u00a0", " ").replace("\\", "").splitlines()[2:]
    return {line.split(" | ")[0].strip("| "): line for line in lines}


def figure(at: Any, position: int) -> dict[str, Any]:
    """The n-th chart of a page as plotly was given it."""
    return json.loads(
        at.get("plotly_chart")[position].proto.spec or at.get("plotly_chart")[position].proto.figure.spec
    )


# ---- symmetry ----------------------------------------------------------------------------------------------


def test_symmetry_says_who_is_better_served_by_how_much_on_what_and_where(app: App) -> None:
    french, english = message(app("symmetry")), message(app("symmetry", lang="en"))
    assert french == (
        "**La relation est meilleure côté clients que côté collaborateurs**, de 8,0 pt, pour Groupe Rivage au T4 2025, "
        "d'abord sur « Reconnaissance » (+21,2 pt). Écart net juste en dessous : Région Nord (+9,1 pt) et "
        "Région Sud (+6,2 pt)."
    )
    assert english == (
        "**The relationship is better for clients than for employees**, by 8.0 pts, for Rivage Group in Q4 2025, first "
        "of all on “Recognition” (+21.2 pts). Real gap just below: North region (+9.1 pts) and South region (+6.2 pts)."
    )


def test_a_dimension_shows_both_sides_with_n_its_gap_and_a_verdict_in_words_shape_and_colour(
    app: App,
) -> None:
    rows = rows_of(app("symmetry", unit="reg_ouest"), "Dimension")
    assert re.search(r"\*\*71,8\*\* :gray\[\[68,8 ; 74,7\] n = 128\]", rows["Simplicité"])
    assert ":orange-badge[▼ meilleur côté collaborateurs]" in rows["Simplicité"]
    assert ":blue-badge[▲ meilleur côté clients]" in rows["Reconnaissance"]
    assert ":gray-badge[◆ même qualité]" in rows["Confiance"]
    assert ":gray-badge[○ indécis]" in rows["Sincérité"]


def test_the_surest_gaps_come_first_and_protected_ones_last(app: App, homes: Callable[[str], Path]) -> None:
    order = [
        line.count("indécis") + line.count("même qualité")
        for line in rows_of(app("symmetry", unit="reg_ouest"), "Dimension").values()
    ]
    assert order == sorted(order)


def test_an_undecided_scope_says_what_would_decide(app: App) -> None:
    at = app("symmetry", unit="reg_ouest")
    assert message(at).startswith("**Indécis** pour Région Ouest au T4 2025")
    assert "Écart net juste en dessous : Brest" in message(at)
    assert "Environ 250 réponses de chaque côté" in said(at)
    assert "About 250 answers on each side" in said(app("symmetry", unit="reg_ouest", lang="en"))


def test_a_protected_scope_has_one_symbol_no_gap_and_a_way_up(app: App) -> None:
    at = app("symmetry", unit="ag_tours")
    assert "sont protégées" in message(at)
    lines = rows_of(at, "Dimension").values()
    assert all(line.endswith("| ● | ● |") for line in lines)
    assert "unit=reg_ouest" in links(at)["Voir Région Ouest, où l'écart peut être montré".replace("'", "’")]
    assert not at.get("plotly_chart")


def test_one_side_only_says_which_sides_it_takes(app: App, altered: Altered) -> None:
    home = altered(
        "UPDATE mart.fct_kpi_values SET value = NULL, ci_low = NULL, ci_high = NULL, status = 'not_enough_data', "
        "verdict_code = 'one_side_only' WHERE kpi_code = 'symmetry_gap'",
        "DELETE FROM mart.fct_kpi_values WHERE kpi_code = 'mirrored_index' AND stakeholder_code = 'clients'",
    )
    at = app("symmetry", home=home)
    assert message(at).startswith(
        "**Un seul côté est mesuré** pour Groupe Rivage au T4 2025 : il faut collaborateurs et clients"
    )
    assert ":gray-badge[○ un seul côté mesuré]" in rows_of(at, "Dimension")["Confiance"]
    assert "Only one side is measured" in message(app("symmetry", home=home, lang="en"))


def test_the_relation_comes_from_the_url_and_the_chain_shows_every_one(app: App) -> None:
    at = app("symmetry", lang="en", relation="managers_employees")
    assert message(at).startswith("**The relationship is as good for managers as for employees**")
    chain = rows_of(at, "From → to")
    assert set(chain) == {"Employees → Clients", "Managers → Employees"}
    assert at.query_params["relation"] == "managers_employees"
    unknown = app("symmetry", lang="en", relation="<script>")
    assert "a relation that is not published" in said(unknown)
    assert "relation" not in unknown.query_params
    assert "better for clients than for employees" in message(unknown)


def test_slope_and_agreement_are_given_with_interval_units_and_no_cause(app: App) -> None:
    at = app("symmetry")
    text = said(at)
    assert "Pente de symétrie 0,71" in text
    assert "IC 95 % [0,33 ; 1,09] · 9 unités" in text
    assert "Une association, pas une cause." in text
    assert "Cette unité n'en contient pas d'autre." in said(app("symmetry", unit="ag_lyon"))


def test_values_lived_less_proclaimed_stand_beside(app: App) -> None:
    rows = rows_of(app("symmetry"), "Valeur")
    assert ":orange[▼] **−14,0 pt** :gray[[−18,2 ; −9,8] n = 412]" in rows["Respect"]
    assert "▲" not in rows["Transparence"]


def test_the_plane_has_a_mark_by_verdict_a_cross_and_no_protected_unit(app: App) -> None:
    drawn = {trace["name"]: trace for trace in figure(app("symmetry"), 0)["data"]}
    assert {"Tours", "Reims"}.isdisjoint(drawn)
    assert drawn["Lille"]["marker"]["symbol"] == "triangle-up"
    assert drawn["Brest"]["marker"]["symbol"] == "triangle-down"
    assert drawn["Nantes"]["marker"]["symbol"] == "circle-open"
    assert drawn["Lille"]["error_x"]["array"][0] > 0
    assert drawn["Lille"]["error_y"]["arrayminus"][0] > 0
    assert len({trace["marker"]["color"] for trace in drawn.values()}) == 3


# ---- gesture and intention ---------------------------------------------------------------------------------


def test_gestures_without_intention_are_named_by_unit(app: App) -> None:
    assert message(app("gesture")) == (
        "**Des gestes tenus, et ressentis comme sincères** pour Groupe Rivage au T4 2025. "
        "Gestes sans intention : Lille et Rouen. Ni gestes ni intention : Lyon."
    )
    assert "Gestures without intention: Lille and Rouen." in message(app("gesture", lang="en"))


def test_each_unit_has_its_two_measures_and_a_verdict_and_never_a_person(app: App) -> None:
    at = app("gesture")
    rows = rows_of(at, "Unité")
    assert list(rows)[:2] == ["Lille", "Rouen"]
    assert re.search(
        r"\*\*88,8 %\*\* .*\*\*51,9\*\* .*\*\*\+36,9 pt\*\* .*:orange-badge\[■ mécanique\]", rows["Lille"]
    )
    assert ":blue-badge[▲ sincère]" in rows["Rennes"]
    assert ":blue-badge[◇ chaleureux mais relâché]" in rows["Brest"]
    assert ":orange-badge[▽ absent]" in rows["Lyon"]
    assert rows["Tours"].count("●") == 4
    assert "jamais une personne" in said(at)


def test_the_thresholds_are_those_declared_and_absent_where_they_are_not(app: App, altered: Altered) -> None:
    assert "Seuils déclarés (tirets) : gestes 70, intention 65." in said(app("gesture"))
    shapes = figure(app("gesture"), 0)["layout"]["shapes"]
    assert sorted(shape["x0"] for shape in shapes if shape["x0"] == shape["x1"]) == [65]
    home = altered("DROP TABLE mart.dim_kpi_thresholds")
    bare = app("gesture", home=home)
    assert "Seuils déclarés" not in said(bare)
    assert not figure(bare, 0)["layout"].get("shapes")


def test_the_history_has_a_symbol_per_unit_and_period(app: App) -> None:
    grid = figure(app("gesture"), 1)
    assert len(grid["data"]) == 12 * 10  # units × periods audited
    lille = [t for t in grid["data"] if "Lille" in t["hovertemplate"]]
    assert {t["marker"]["symbol"] for t in lille} == {"circle-open", "square"}
    hidden = [t for t in grid["data"] if "Tours" in t["hovertemplate"]]
    assert {t["marker"]["symbol"] for t in hidden} == {"circle"}


def test_a_pushed_recommendation_is_an_excess_beside_how_answers_were_collected(app: App) -> None:
    at = app("gesture", lang="en")
    table = [e.value for e in at.markdown if e.value.startswith("| Unit | Scores 9 and 10")]
    first = table[0].splitlines()[2]
    assert first.startswith("| Nice |")
    assert ":orange-badge[▲ above its neighbours]" in first
    assert "Collected by the seller" in table[0]
    assert "An excess is no fault" in said(at)


# ---- partners ----------------------------------------------------------------------------------------------


def test_partners_say_who_is_the_more_demanding_side(app: App) -> None:
    at = app("partners")
    assert message(at).startswith(
        "**Le côté le plus exigeant : partenaires**, pour Groupe Rivage au T2 2025. Juste en dessous, la relation n'est "
        "pas réciproque : Région Nord et Région Sud. Écarts nets, les plus larges d'abord : simplicité (−8,0 pt), écoute"
    )
    assert "Mesuré au T2 2025" in said(at)
    assert ":orange-badge[▼ plus exigeant : partenaires]" in rows_of(at, "Dimension")["Simplicité"]
    assert "**The more demanding side: partners**" in message(app("partners", lang="en"))


def test_both_sides_and_their_agreement_have_interval_and_n(app: App) -> None:
    at = app("partners")
    assert [m.label for m in at.metric] == ["Équipes partenaires", "Partenaires", "Réciprocité"]
    assert said(at).count("IC 95 %") == 3
    assert len(re.findall(r"n\s=\s\d+", "\n".join(e.value for e in at.caption))) == 3
    assert ":orange-badge[▼ plus exigeant : partenaires]" in said(at)


def test_promises_kept_have_the_last_value_written_and_a_protected_unit_has_the_symbol(app: App) -> None:
    assert re.search(r"T4 2025 : \*\*82,6 %\*\* :gray\[\[80,8 ; 84,4\] n = 1 120\]", said(app("partners")))
    at = app("partners", unit="ag_tours")
    assert "● protégé" in said(at)
    assert not at.get("plotly_chart")


def test_a_unit_whose_verdict_differs_says_which_side_is_the_more_demanding(
    app: App, altered: Altered
) -> None:
    home = altered(
        "UPDATE mart.fct_kpi_values SET verdict_code = 'undecided' WHERE kpi_code = 'reciprocity' "
        "AND unit_code <> 'reg_nord'"
    )
    assert "pas réciproque : Région Nord (plus exigeant : partenaires). Écarts" in message(
        app("partners", home=home)
    )
    english = message(app("partners", home=home, lang="en"))
    assert (
        "is not mutual: North region (more demanding: partners). Real gaps, the widest first: ease" in english
    )


def test_promises_kept_less_often_are_said_only_where_the_change_is_real(app: App, altered: Altered) -> None:
    assert "Délais promis" not in message(app("partners"))
    change = (
        "UPDATE mart.fct_kpi_values SET change_value = {}, change_label = '{}', compared_period_code = '2024-Q4' "
        "WHERE kpi_code = 'on_time_share' AND period_code = '2025-Q4'"
    )
    fell = app("partners", home=altered(change.format(-9.1, "real_and_large")))
    assert "Délais promis moins tenus au T4 2025 : −9,1 pt par rapport à T4 2024." in message(fell)
    assert ":orange-badge[▼ −9,1 pt] :gray[réel et net, par rapport à T4 2024]" in said(fell)
    noise = app("partners", home=altered(change.format(-9.1, "noise")), lang="en")
    assert "Promised dates" not in message(noise)
    assert ":gray-badge[−9.1 pts] :gray[within noise" in said(noise)
