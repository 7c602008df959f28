"""A wrong declaration is refused with its file, its line and what to write instead."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipelines.declared import DeclarationError, Home
from tests.unit.declared.homes import DELIVERIES, FILES, changed, write_home

HR = "sources/hr_survey.yml"


def test_a_valid_home_loads(tmp_path: Path) -> None:
    home = Home.load(write_home(tmp_path))
    assert home.root == "essai"
    assert home.sources["hr_survey"].waves[0].invited == 40
    assert home.framework.kpis["nps"].names["employees"] == "eNPS"


@pytest.mark.parametrize(
    ("changes", "place", "said"),
    [
        (changed(HR, "freshness_days: 100", "freshnes_days: 100"), "hr_survey.yml:8", "did you mean 'freshness_days'"),
        (changed(HR, "min: 1, max: 5", "min: 5, max: 1"), "hr_survey.yml:13", "min 5 must be below max 1"),
        (changed(HR, "dimension: trust", "dimension: truts"), "hr_survey.yml:13", "'truts' is not in the framework"),
        (changed(HR, "column: NPS", "column: Q1"), "hr_survey.yml:14", "feeds both 'q1' and 'reco'"),
        (changed(HR, "dimension: trust", "outcome: recommend"), "hr_survey.yml:13", "asked by two items"),
        (changed(HR, "code: reco", "code: q1"), "hr_survey.yml:14", "declared twice"),
        (changed(HR, "opened: 2025-03-03", "opened: 2025-04-03"), "hr_survey.yml:10", "opens on 2025-04-03, after"),
        (changed(HR, "owner: people team\n", "owner: people team\nowner: me\n"), "hr_survey.yml:7", "written twice"),
        (changed(HR, "stakeholder: employees", "stakeholder: staff"), "hr_survey.yml:5", "it has employees, clients"),
        (changed(HR, "kind: responses", "kind: responses\n  x: ["), "hr_survey.yml:", "not valid YAML"),
        (changed("organisation.yml", '"0 6 * * 1"', "weekly"), "organisation.yml:2", "five-field cron"),
        (changed("units.csv", "sud,essai", "sud,esssai"), "units.csv:3", "parent 'esssai'"),
        (changed("units.csv", "essai,,", "essai,sud,"), "units.csv:", "stands above itself"),
        (changed("units.csv", "2024-01-01,\nnord", "1 janvier,\nnord"), "units.csv:3", "must be a date"),
        (changed("unit_aliases.csv", "AG1,sud", "AG1,ouest"), "unit_aliases.csv:2", "'ouest' is not in units.csv"),
        ({"unit_aliases.csv": None}, "hr_survey.yml:11", "hr_survey,<text in the file>,<unit_code>"),
        (changed("privacy.yml", "employees: 10", "employees: 4"), "privacy.yml:1", "4 is refused"),
        (changed("privacy.yml", "employees: 10", "employees: 7"), "privacy.yml:1", "needs `reason:`"),
        (changed("finance.yml", "credit(70)", "credit(vente)"), "finance.yml:4", "'vente' is not an account prefix"),
        (changed("finance.yml", "credit(70)", "gross_margin"), "finance.yml:4", "refers to itself"),
        (changed("organisation.yml", "0 6 * * 1", "0 25 * * 1"), "organisation.yml:2", "five-field cron"),
        ({"privcy.yml": "threshold: {}\n"}, "privcy.yml", "did you mean 'privacy.yml'"),
        ({"framework.yml": "kpis:\n  respondents:\n"}, "framework.yml", "cannot be removed"),
        ({"framework.yml": "kpis:\n  calm: {method: weighted_index}\n"}, "framework.yml", "calm"),
        (changed("organisation.yml", "2025-12-31", "2025-13-31"), "organisation.yml:3", "impossible date"),
        (changed(HR, "closed: 2025-03-28", "closed: 2025-06-31"), "hr_survey.yml:10", "impossible date"),
        (changed(HR, "response: id", "response: null"), "hr_survey.yml", "needs `keys: {response: <column>}`"),
        ({"privacy.yml": "a: &a [*a]\n"}, "privacy.yml", "refers to itself"),
        ({"sources/foo.yml/x.yml": "a: 1\n"}, "sources/foo.yml", "cannot be read"),
        ({"units.csv": None}, "units.csv", "is missing"),
        ({"organisation.yml": None}, "organisation.yml", "is missing"),
    ],
)  # fmt: skip
def test_a_wrong_declaration_names_file_line_and_remedy(
    tmp_path: Path, changes: dict[str, str | None], place: str, said: str
) -> None:
    with pytest.raises(DeclarationError) as refused:
        Home.load(write_home(tmp_path, changes))
    assert any(place in line and said in line for line in str(refused.value).splitlines()), str(refused.value)


def test_every_problem_is_named_at_once(tmp_path: Path) -> None:
    changes = changed(HR, "owner: people team", "owmer: x") | changed("units.csv", "sud,essai", "sud,esssai")
    with pytest.raises(DeclarationError) as refused:
        Home.load(write_home(tmp_path, changes))
    assert {problem.file.split("/")[-1] for problem in refused.value.problems} == {
        "hr_survey.yml",
        "units.csv",
    }


def test_a_folder_that_is_no_home_says_so(tmp_path: Path) -> None:
    with pytest.raises(DeclarationError, match="no declarations/ folder"):
        Home.load(tmp_path)


def test_a_threshold_below_ten_with_a_reason_is_kept(tmp_path: Path) -> None:
    home = Home.load(
        write_home(tmp_path, {"privacy.yml": "threshold: {employees: 7}\nreason: works council, 2025\n"})
    )
    assert home.privacy.k("employees") == 7


EVENTS = "sources/deliveries.yml"
ALIASES = FILES["unit_aliases.csv"] + "deliveries,AG1,sud\nmore,AG1,sud\n"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("kpi: on_time_share}", "kpi: on_tim}", "kpi 'on_tim' is not in the framework"),
        ("dimension: ease", "dimension: eas", "dimension 'eas' is not in the framework"),
        (", dimension: ease", "", "already 'on_time' of 'deliveries'; give one of them a dimension or a KPI"),
        ("code: complete", "code: on_time", "'on_time' is declared twice"),
        ("kpi: on_time_share, dimension: ease", "kpi: rqi", "computed by weighted_index from answers"),
        ("actual: delivered", "actual: delivered, column: x, values: {y: 1}", "needs either `column:` with `values:`"),
        ("response: id, ", "", "kind events needs `keys: {response: <column>}`"),
        ("facts:", "choices: [{code: why, column: state, options: [a]}]\nfacts:", "feeds both 'complete' and 'why'"),
    ],
)  # fmt: skip
def test_a_wrong_fact_is_refused(tmp_path: Path, old: str, new: str, said: str) -> None:
    assert old in DELIVERIES
    with pytest.raises(DeclarationError) as refused:
        Home.load(write_home(tmp_path, {EVENTS: DELIVERIES.replace(old, new), "unit_aliases.csv": ALIASES}))
    assert said in str(refused.value)


def test_two_sources_of_one_kind_of_event_are_pooled(tmp_path: Path) -> None:
    changes = {EVENTS: DELIVERIES, "sources/more.yml": DELIVERIES, "unit_aliases.csv": ALIASES}
    assert len(Home.load(write_home(tmp_path, changes)).sources) == 3


def test_a_kpi_of_answers_is_not_fed_by_facts_of_the_same_people(tmp_path: Path) -> None:
    changes = changed(HR, "outcome: recommend", "outcome: satisfaction")
    fed = DELIVERIES.replace("kpi: on_time_share}", "kpi: csat}").replace("partners", "employees")
    with pytest.raises(DeclarationError, match="already comes from the answers of 'hr_survey'"):
        Home.load(write_home(tmp_path, {**changes, EVENTS: fed, "unit_aliases.csv": ALIASES}))


def test_one_text_cannot_mean_two_waves(tmp_path: Path) -> None:
    waves = (
        "waves:\n  - {code: a, value: x, closed: 2025-03-28}\n  - {code: b, value: x, closed: 2025-06-28}\n"
    )
    fed = DELIVERIES.replace("waves: continuous\n", waves).replace("submitted_at: delivered", "wave: w")
    with pytest.raises(DeclarationError, match="'x' stands for both wave 'a' and 'b'"):
        Home.load(write_home(tmp_path, {EVENTS: fed, "unit_aliases.csv": ALIASES}))


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            "keys: {response: id",
            "long: {question: a, answer: b}\nkeys: {response: '@record'",
            "which says what answers belong",
        ),
        ("keys: {response: id", "like: zendesk\nkeys: {response: id", "'zendesk' is no shipped declaration"),
    ],
)
def test_a_long_source_or_a_template_that_cannot_be_is_refused(
    tmp_path: Path, old: str, new: str, said: str
) -> None:
    with pytest.raises(DeclarationError, match=said):
        Home.load(write_home(tmp_path, changed(HR, old, new)))
