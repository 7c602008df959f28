"""What each screen says in each state, through Streamlit's own test harness on a synthetic snapshot."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest

from dashboards import snapshot
from dashboards.wording import NARROW

App = Callable[..., Any]


def said(at: Any) -> str:
    """Everything written on the page, thin spaces made ordinary."""
    parts = [
        e.value
        for kind in ("title", "subheader", "markdown", "caption", "warning", "info", "error")
        for e in at.get(kind)
    ]
    parts += [f"{m.label} {m.value}" for m in at.metric]
    return (
        "\n".join(str(p) for p in parts)
        .replace(NARROW, " ")
        .replace("\u00a0", " ")
        .replace("\\", "")
        .replace("’", "'")
    )


def links(at: Any) -> dict[str, str]:
    """Label of each link and the query it leads to."""
    return {e.proto.label.replace(NARROW, " "): e.proto.query_string for e in at.get("page_link")}


def test_overview_shows_every_stakeholder_with_interval_change_n_and_the_accounts(app: App) -> None:
    at = app()
    text = said(at)
    assert at.title[0].value == f"Comment vont nos relations, et nos comptes{NARROW}?"
    for label in ("Collaborateurs", "Clients", "Partenaires", "eNPS", "pNPS"):
        assert label in text
    assert text.count("IC 95 %") == 3
    assert len(re.findall(r"n = \d", text)) >= 3
    assert [m.label for m in at.metric][3:] == [
        "Chiffre d’affaires, 12 mois",
        "Marge d’exploitation, 12 mois",
        "Masse salariale / chiffre d’affaires, 12 mois",
    ]
    assert len(at.get("plotly_chart")) == 4


def test_a_real_change_has_sign_shape_and_colour_and_noise_has_neither(app: App) -> None:
    text = said(app())
    assert ":blue-badge[▲ +3,8 pt]" in text
    assert ":gray-badge[+0,3 pt] :gray[dans le bruit, par rapport à T4 2024]" in text


def test_the_message_names_the_real_change_its_leading_dimension_and_what_to_watch(app: App) -> None:
    message = said(app()).split("##### ")[1].split("\n")[0]
    assert message.startswith(
        "**Clients : +3,8 pt** par rapport à T4 2024 pour Groupe Rivage, la hausse la plus nette"
    )
    assert "À surveiller : Lyon, Collaborateurs, −" in message
    assert "Chiffre d'affaires sur 12 mois : 68,9 M€ (+5,9 %)." in message


def test_the_message_says_so_when_nothing_moved(app: App) -> None:
    assert "**Rien n'a bougé au-delà du bruit** pour Amiens" in said(
        app(unit="ag_amiens", stakeholder="clients")
    )


def test_moves_are_real_only_at_most_three_and_lead_to_their_unit(app: App) -> None:
    at = app()
    assert (
        "lang=fr&period=2025-Q4&unit=ag_rennes&stakeholder=employees" in links(at)["Rennes · Collaborateurs"]
    )
    moves = [
        e.value for e in at.markdown if re.match(r":(blue|orange)-badge\[[▲▼] .*\] :gray\[.*n\s=\s", e.value)
    ]
    assert 1 <= len(moves) <= 6


def test_english_has_the_same_figures_in_english(app: App) -> None:
    text = said(app(lang="en"))
    assert "How are our relationships, and our accounts?" in text
    assert "€68.9M" in text
    assert "95% CI" in text


def test_an_older_measure_says_its_period(app: App) -> None:
    assert ":orange[Mesuré au T2 2025]" in said(app())


def test_the_filters_write_the_url(app: App) -> None:
    at = app()
    at.selectbox(key="filter_unit").select("reg_sud").run()
    at.selectbox(key="filter_stakeholder").select("clients").run()
    assert at.query_params["unit"] == "reg_sud"
    assert at.query_params["stakeholder"] == "clients"
    assert [m.label for m in at.metric].count("Indice de qualité relationnelle") == 1


def test_an_unknown_link_falls_back_with_a_notice_that_never_repeats_it(app: App) -> None:
    hostile = "<script>alert(1)</script>"
    at = app(period=hostile, unit="'; DROP TABLE x --", stakeholder="nobody", lang="xx")
    text = said(at)
    assert "une période qui n'est pas publiée : voici T4 2025" in text
    assert "un périmètre qui n'est pas publié : voici Groupe Rivage" in text
    assert "un public qui n'est pas publié" in text
    assert "une langue inconnue" in text
    assert "script" not in text
    assert "DROP" not in text


def test_a_protected_cell_shows_the_symbol_the_threshold_and_the_parent_and_no_number(app: App) -> None:
    at = app("unit", unit="ag_tours")
    hidden = [m.value for m in at.metric if m.label == "Indice de qualité relationnelle"]
    assert hidden[0] == "● protégé"
    assert "un groupe de moins de 10 personnes" in said(at)
    leads = [e.proto.query_string for e in at.get("page_link") if e.proto.label == "Voir Région Ouest"]
    assert "unit=reg_ouest&stakeholder=employees" in leads[0]


def test_the_whole_page_of_a_protected_stakeholder_has_no_trace_of_its_count(app: App) -> None:
    at = app("unit", unit="ag_tours", stakeholder="employees")
    assert "Aucune dimension n'est publiée" in said(at)
    assert not re.search(r"n = [1-9]\b(?!\d)", said(at))


def test_the_parent_lists_what_is_protected_below(app: App) -> None:
    text = said(app("unit", unit="reg_ouest"))
    assert re.search(r"- \*\*Tours\*\* : .*Collaborateurs.* ●", text)


def test_the_accounts_of_a_tiny_team_keep_revenue_and_hide_its_payroll(app: App) -> None:
    table = next(e.value for e in app("unit", unit="ag_tours").markdown if e.value.startswith("| Compte"))
    rows = {line.split(" | ")[0].strip("| "): line for line in table.splitlines()}
    assert "€" in rows["Chiffre d’affaires"]
    assert "●" not in rows["Chiffre d’affaires"]
    assert rows["Masse salariale"].count("●") == 4
    assert "€" not in rows["Masse salariale"]


def test_not_enough_data_says_that_it_cannot_be_decided(app: App) -> None:
    assert "eNPS non concluant" in said(app(unit="ag_amiens"))


def test_unassigned_lines_are_shown_in_the_accounts(app: App) -> None:
    assert "dont non affecté, 12 mois" in said(app("unit"))
    alone = said(app("unit", unit="unassigned"))
    assert "aucune relation n'y est mesurée" in alone
    assert "salaires" not in alone


def test_a_first_wave_is_said_and_has_no_change(app: App) -> None:
    text = said(app(home="first_wave"))
    assert text.count("Première mesure") == 4
    assert "Pas de période de comparaison" not in text
    assert "-badge[▲ +" not in text.split("Chiffre")[0]


def test_a_source_that_publishes_only_an_index_is_shown_as_such(app: App) -> None:
    at = app(home="yearly")
    text = said(at)
    assert "Tel que publié par la source" in text
    assert "écart non testé" in text
    assert "Aucune comptabilité n'est déclarée" in text
    assert "IC 95 %" not in text
    assert "n = " not in text
    assert [m.value.replace(NARROW, " ") for m in at.metric] == ["66,0 %"]


def test_before_twelve_months_the_rolling_figure_is_absent_and_said(app: App) -> None:
    text = said(app(period="2023-Q2"))
    assert "Moins de 12 mois de comptes" in text
    assert "Chiffre d'affaires, 12 mois —" in text


def test_an_empty_choice_says_which_filter_empties_it_and_offers_the_way_back(app: App) -> None:
    at = app(home="yearly", period="2020", unit="reg_nord")
    assert not at.get("page_link")[0].proto.disabled
    path = snapshot.open_current().path
    copy = Path(path).parents[3] / "sparse"
    shutil.copytree(Path(path).parents[2], copy, dirs_exist_ok=True)
    with duckdb.connect(str(copy / "data" / "published" / Path(path).name)) as base:
        base.execute(
            "DELETE FROM mart.scorecard_unit_period WHERE unit_code = 'reg_nord' AND period_code = '2020'"
        )
    text_at = app(home=copy, period="2020", unit="reg_nord")
    assert "Rien à montrer pour ce choix." in said(text_at)
    assert "Région Nord n'a aucune ligne en 2020." in said(text_at)
    assert links(text_at)["Voir Groupe Rivage"].startswith("lang=fr&period=2020&unit=rivage")


def test_a_late_source_has_an_amber_line_with_owner_and_date(app: App) -> None:
    at = app()
    assert "**Enquête partner\\_survey**" in at.warning[0].value
    assert "purchasing" in at.warning[0].value
    assert "30/05/2025" in at.warning[0].value
    assert "Voir les sources" in links(at)


def test_sources_page_shows_owner_wave_freshness_checks_and_version(app: App) -> None:
    at = app("sources")
    table = next(e.value for e in at.markdown if e.value.startswith("| Source"))
    late = next(line for line in table.splitlines() if "partner" in line)
    for part in (
        "purchasing",
        "30/05/2025",
        ":orange-badge[en retard]",
        ":orange-badge[retenu]",
        "12 sur 14",
        "v3",
    ):
        assert part in late
    assert table.count(":gray-badge[à jour]") == 3


def test_first_run_gives_three_steps(app: App) -> None:
    at = app(home="empty")
    assert [line[:2] for line in said(at).splitlines() if re.match(r"[123]\. ", line)] == ["1.", "2.", "3."]
    assert not at.metric


@pytest.mark.parametrize("broken", ["missing", "corrupt", "hostile"])
def test_the_last_good_snapshot_is_shown_when_the_current_one_cannot_be_read(
    app: App, homes: Callable[[str], Path], tmp_path: Path, broken: str
) -> None:
    home = tmp_path / "home"
    shutil.copytree(homes("demo"), home)
    published = home / "data" / "published"
    if broken == "corrupt":
        (published / "scorecard-next.duckdb").write_bytes(b"not a database")
    (published / "CURRENT").write_text(
        "../../etc/passwd" if broken == "hostile" else "next", encoding="utf-8"
    )
    at = app(home=home)
    assert "n'a pas pu être lue" in said(at)
    assert len(at.metric) == 6


def test_a_page_that_fails_says_a_sentence_and_the_run(
    app: App, homes: Callable[[str], Path], tmp_path: Path
) -> None:
    home = tmp_path / "home"
    shutil.copytree(homes("demo"), home)
    with duckdb.connect(str(next((home / "data" / "published").glob("*.duckdb")))) as base:
        base.execute("DROP TABLE mart.fct_kpi_values")
    at = app(home=home)
    assert "Cet écran n'a pas pu être composé" in at.error[0].value.replace("’", "'")
    assert "synthetic" in at.error[0].value


def test_a_new_publication_is_seen_on_the_next_rerun(
    app: App, homes: Callable[[str], Path], tmp_path: Path
) -> None:
    home = tmp_path / "home"
    shutil.copytree(homes("demo"), home)
    at = app(home=home)
    assert "Groupe Rivage" in said(at)
    published = home / "data" / "published"
    newer = published / "scorecard-newer.duckdb"
    shutil.copy(next(published.glob("*.duckdb")), newer)
    with duckdb.connect(str(newer)) as base:
        base.execute("UPDATE meta.snapshot SET snapshot_id = 'newer', organisation_name = 'Maison Delta'")
    (published / "CURRENT").write_text("newer\n", encoding="utf-8")
    assert "Maison Delta" in said(at.run())


def test_the_connection_cannot_reach_files_or_be_unlocked(
    homes: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RELIER_HOME", str(homes("demo")))
    opened = snapshot.open_current()
    for attack in (
        "SELECT * FROM read_text('/etc/passwd')",
        "COPY (SELECT 1) TO 'leak.csv'",
        "SET enable_external_access = true",
        "SET lock_configuration = false",
        "INSTALL httpfs",
        "DELETE FROM mart.dim_units",
    ):
        with pytest.raises(duckdb.Error):
            opened.rows(attack)


def test_only_the_snapshot_package_opens_duckdb_or_holds_sql() -> None:
    inside = Path(snapshot.__file__).parent
    others = [file for file in inside.parent.rglob("*.py") if inside not in file.parents]
    assert len(others) >= 8
    for file in others:
        source = file.read_text(encoding="utf-8")
        assert "duckdb" not in source, file
        assert not re.search(r"\bSELECT\b|\bFROM mart\b", source), file
        assert "unsafe_allow_html" not in source, file
        assert ":material/" not in source, file
        assert "import pipelines" not in source, file
        assert "from pipelines" not in source, file
        if file.parent.name == "app_pages":
            assert len(source.splitlines()) <= 100
