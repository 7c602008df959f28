"""Sentences that must be true of what the page shows: no comparison, protection, small intervals, formulas."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from test_pages import said

from dashboards import verdicts, wording

App = Callable[..., Any]
Altered = Callable[..., Path]


def test_without_a_period_to_compare_with_a_later_wave_is_not_called_a_first_measure(app: App) -> None:
    text = said(app(period="2023-Q3"))
    assert text.count(":gray-badge[Pas de période de comparaison]") == 2
    assert text.count(":gray-badge[Première mesure]") == 1  # partners, asked in 2023-Q2 only
    assert "**Pas de période de comparaison** pour Groupe Rivage au T3 2023" in text
    assert "T3 2023, sans période de comparaison" in text
    english = said(app(period="2023-Q3", lang="en"))
    assert "**No period to compare with** for Rivage Group in Q3 2023" in english


def test_a_source_that_skips_years_has_one_first_measure(app: App, altered: Altered) -> None:
    blank = "SET headline_change_value = NULL, headline_compared_period_code = NULL"
    home = altered(f"UPDATE mart.scorecard_unit_period {blank}", variant="yearly")
    assert ":gray-badge[Première mesure]" in said(app(home=home, period="2016"))
    for year in ("2018", "2020"):
        text = said(app(home=home, period=year))
        assert ":gray-badge[Pas de période de comparaison]" in text
        assert "Première mesure" not in text


def test_periods_are_compared_in_good_french(app: App) -> None:
    assert "T4 2025, par rapport à T4 2024" in said(app())
    assert "Q4 2025 compared with Q4 2024" in said(app(lang="en"))
    assert not [text for text in wording._texts("fr").values() if re.search(r"\bvs\b|\bau \{period\}", text)]


def test_nothing_moved_is_only_said_of_what_is_shown(app: App) -> None:
    whole = said(app(unit="ag_amiens", stakeholder="employees"))
    assert "**Rien n'a bougé au-delà du bruit** pour Amiens au T4 2025." in whole
    partly = said(app(unit="ag_amiens"))  # its partners are protected
    assert "**Rien de ce qui est montré n'a bougé au-delà du bruit** pour Amiens au T4 2025." in partly
    english = said(app(unit="ag_amiens", lang="en"))
    assert "**Nothing of what is shown moved beyond noise** for Amiens in Q4 2025." in english


def test_a_label_of_the_snapshot_is_escaped_once(app: App, altered: Altered) -> None:
    home = altered("UPDATE meta.sources SET label_fr = 'Grand livre (FEC)', freshness_status = 'stale'")
    table = next(e.value for e in app("sources", home=home).markdown if e.value.startswith("| Source"))
    assert r"**Grand livre \(FEC\)**" in table
    assert r"**Grand livre \(FEC\)**" in app(home=home).warning[0].value


def test_the_accounts_of_no_team_are_never_called_those_of_a_small_one(app: App, altered: Altered) -> None:
    home = altered(
        "UPDATE mart.fct_finance SET value = NULL, status = 'protected' "
        "WHERE unit_code = 'unassigned' AND kpi_code = 'payroll'",
        "UPDATE mart.scorecard_unit_period SET finance_status = 'protected' WHERE unit_code = 'unassigned'",
    )
    for page in (app("unit", home=home), app("unit", home=home, unit="unassigned")):
        text = said(page)
        assert "●" in next(e.value for e in page.markdown if e.value.startswith("| Compte"))
        assert "une équipe de cette taille" not in text
        assert "● : avec les comptes du groupe" in text
    assert "une équipe de cette taille" in said(app("unit", home=home, unit="ag_tours"))


def test_what_is_protected_below_never_contradicts_the_page(app: App, altered: Altered) -> None:
    west = said(app("unit", unit="reg_ouest"))
    assert "Le niveau supérieur reste visible." in west
    whole = said(app("unit", unit="rivage"))
    assert "Juste en dessous, aucun indice n'est protégé." in whole
    assert "Le niveau supérieur reste visible" not in whole
    home = altered(
        "UPDATE mart.scorecard_unit_period SET headline_status = 'protected', headline_value = NULL "
        "WHERE unit_code = 'reg_ouest'"
    )
    assert "Le niveau supérieur reste visible" not in said(app("unit", home=home, unit="reg_ouest"))


def test_an_interval_narrowed_by_a_large_answer_says_what_it_assumes(app: App) -> None:
    assumes = "suppose que les absents ressemblent aux répondants"
    assert assumes in said(app("unit", stakeholder="employees"))
    assert assumes not in said(app("unit", stakeholder="clients"))
    assert "it assumes that the absent resemble" in said(app("unit", stakeholder="employees", lang="en"))


def test_formulas_are_in_the_language_of_the_page(app: App) -> None:
    french, english = said(app()), said(app(lang="en"))
    assert ":gray[Formule : 100 · (moyenne − min) / (max − min)]" in french
    assert ":gray[Formula: 100 · (mean − min) / (max − min)]" in english


def _composed(source: str) -> list[str]:
    """The strings of a module as patterns: an f-string such as f"nav_{page}" becomes nav_.* ."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            found.append(re.escape(node.value))
        elif isinstance(node, ast.JoinedStr) and isinstance(node.values[0], ast.Constant):
            known = [re.escape(str(v.value)) if isinstance(v, ast.Constant) else ".*" for v in node.values]
            found.append("".join(known))
    return found


def test_every_sentence_of_the_locales_is_used() -> None:
    folder = Path(wording.__file__).parent
    patterns = {p for file in folder.rglob("*.py") for p in _composed(file.read_text(encoding="utf-8"))}
    codes = {
        "fresh",
        "stale",
        "never",
        "accepted",
        "held",
        "refused",
    }  # codes of the snapshot, said by Words.code
    codes |= {
        f"cadence_{name}" for name in ["daily", "weekly", "monthly", "quarterly", "half_yearly", "yearly"]
    }
    codes |= {f"design_{name}" for name in ["single", "before_after", "trial"]}
    said = [*verdicts.MARKS, *verdicts.OPEN]
    codes |= {f"verdict_{family}_{code}" for family in verdicts.FAMILIES for code in said}
    unused = {
        key for key in wording._texts("fr").keys() - codes if not any(re.fullmatch(p, key) for p in patterns)
    }
    assert unused == set()
