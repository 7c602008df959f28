"""What framework.yml may not say, and what the tables make of what it says."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipelines.declared import DeclarationError, Home, declared_tables
from tests.unit.declared.homes import changed, write_home

HR = "sources/hr_survey.yml"
FRAMEWORK = "framework.yml"
SEGMENTS = (
    "segments: {age: {fr: Âge, en: Age, values: {young: {fr: J, en: Y, texts: [J]}, old: {fr: V, en: O}}}}\n"
)
PAIR = "relations: {pair: {fr: a, en: b, sides: [employees, %s], kind: symmetry}}\n"
SHARE = "kpis: {s: {fr: s, en: s, method: share_between, outcome: recommend, from: %s, to: %s, unit: percent,\n  definition: {fr: s, en: s}, formula: s}}\n"
RESCALED = "code: reco, column: NPS, outcome: recommend, min: 1, max: 5"


def item(text: str) -> dict[str, str | None]:
    return changed(
        HR, "  - {code: reco", f"  - {{code: q2, column: Q2, {text}, min: 1, max: 5}}\n  - {{code: reco"
    )


@pytest.mark.parametrize(
    ("changes", "place", "said"),
    [
        ({FRAMEWORK: "dimensions: {trust: {weight: 0}}\n"}, "framework.yml:1", "greater than 0"),
        ({FRAMEWORK: "dimensions: {trust: {weight: -1}}\n"}, "framework.yml:1", "greater than 0"),
        (
            {FRAMEWORK: "dimensions: {fairness: {fr: Équité, en: Fairness, asked_of: [employees]}}\n"},
            "framework.yml:1",
            "'fairness' is asked of employees and no item measures it",
        ),
        ({FRAMEWORK: PAIR % "citizens"}, "framework.yml:1", "'citizens' is not a stakeholder"),
        ({FRAMEWORK: PAIR % "employees"}, "framework.yml:1", "the two sides of a relation differ"),
        ({FRAMEWORK: PAIR % "clients"}, "framework.yml", "already make relation 'employees_clients'"),
        ({FRAMEWORK: SHARE % (9, 6)}, "framework.yml:1", "`from: 9` must not be above `to: 6`"),
        ({FRAMEWORK: SHARE % ("null", 6)}, "framework.yml:1", "needs `from:`"),
        ({FRAMEWORK: "values: {trust: {fr: a, en: b}}\n"}, "framework.yml:1", "already stands under dimensions"),
        ({FRAMEWORK: SEGMENTS.replace("texts: [J]", "texts: [old]")}, "framework.yml:1", "means both 'young' and 'old'"),
        ({FRAMEWORK: SEGMENTS.replace("young:", "other:")}, "framework.yml:1", "use another code"),
        (
            {FRAMEWORK: SEGMENTS, **changed(HR, "items:", "segments: {agee: AGE}\nitems:")},
            "hr_survey.yml:12",
            "segment 'agee' is not under segments: of the framework; it has age",
        ),
        (item("dimension: trust, outcome: loyalty"), "hr_survey.yml:14", "exactly one of"),
        (item("value: respect, facet: lived"), "hr_survey.yml:14", "'respect' is not under values:"),
        (item("value: respect"), "hr_survey.yml:14", "needs `value:` and `facet:"),
        (item("outcome: loyalty, parallel: true"), "hr_survey.yml:14", "belongs to an item of a dimension"),
        (
            changed(HR, "code: reco, column: NPS, outcome: recommend, min: 0, max: 10", RESCALED),
            "hr_survey.yml:14",
            "goes from 1 to 5; KPI 'nps' counts answers from 9",
        ),
        (changed(HR, "kind: responses", "kind: ledger\nrespondents: false"), "hr_survey.yml", "ledger"),
    ],
)  # fmt: skip
def test_a_framework_that_cannot_be_is_refused(
    tmp_path: Path, changes: dict[str, str | None], place: str, said: str
) -> None:
    with pytest.raises(DeclarationError) as refused:
        Home.load(write_home(tmp_path, changes))
    assert any(place in str(p) and said in str(p) for p in refused.value.problems), str(refused.value)


def test_a_home_does_without_what_rests_on_what_it_removed(tmp_path: Path) -> None:
    removed = (
        "dimensions: {sincerity: null}\nstakeholders: {buyers: null}\nrelations: {buyers_partners: null}\n"
    )
    home = Home.load(write_home(tmp_path, {FRAMEWORK: removed}))
    assert "gesture_gap" in home.framework.kpis
    assert "sincerity" not in home.framework.dimensions


def test_groups_of_a_segment_become_rows_with_what_files_call_them(tmp_path: Path) -> None:
    changes = {FRAMEWORK: SEGMENTS, **changed(HR, "items:", "segments: {age: AGE}\nitems:")}
    tables = declared_tables(Home.load(write_home(tmp_path, changes)))
    assert [row["segment_code"] for row in tables["segments"].to_pylist()] == [
        "all",
        "age__young",
        "age__old",
        "age__other",
    ]
    assert [(row["text"], row["segment_code"]) for row in tables["segment_texts"].to_pylist()] == [
        ("J", "age__young"), ("old", "age__old"),
    ]  # fmt: skip


def test_sides_mirror_what_both_are_asked_in_parallel_wording(tmp_path: Path) -> None:
    clients = """\
kind: responses
format: table
files: "cl_*.csv"
stakeholder: clients
owner: sales
cadence: quarterly
freshness_days: 100
waves: [{code: c, file: "cl_1*", closed: 2025-03-28}]
keys: {response: id}
unit: essai
items:
  - {code: q1, column: Q1, dimension: trust, min: 1, max: 5, parallel: true}
  - {code: q2, column: Q2, dimension: care, min: 1, max: 5, parallel: true}
"""
    changes = {
        **changed(HR, "code: q1,", "code: q1, parallel: true,"),
        "sources/client_survey.yml": clients,
    }
    tables = declared_tables(Home.load(write_home(tmp_path, changes)))
    (relation,) = tables["relations"].to_pylist()
    assert (relation["stakeholder_code"], relation["counterparty_code"]) == ("employees", "clients")
    assert [
        (row["stakeholder_code"], row["dimension_code"], row["is_parallel"])
        for row in tables["mirror_dimensions"].to_pylist()
    ] == [("employees", "trust", True), ("clients", "trust", True)]


PEOPLE = "unit_code,segment,value,people,valid_from\n"


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("ouest,age,young,5,", "unit 'ouest' is not in units.csv"),
        ("sud,job,young,5,", "segment 'job' is not under segments: of framework.yml; it has age"),
        ("sud,age,child,5,", "'child' is not a value of segment 'age'; it has young, old"),
        ("sud,age,young,many,", "people 'many' must be a whole number"),
        ("sud,age,young,5,soon", "valid_from 'soon' must be a date"),
        ("sud,age,young,5,\nsud,age,young,6,", "two lines for 'age__young'"),
    ],
)
def test_a_population_that_cannot_be_is_refused(tmp_path: Path, line: str, said: str) -> None:
    with pytest.raises(DeclarationError, match=said):
        Home.load(write_home(tmp_path, {FRAMEWORK: SEGMENTS, "population.csv": f"{PEOPLE}{line}\n"}))


def test_people_are_known_by_unit_group_and_day(tmp_path: Path) -> None:
    lines = f"{PEOPLE}sud,age,young,5,2024-01-01\nsud,age,other,0,\n"
    home = Home.load(write_home(tmp_path, {FRAMEWORK: SEGMENTS, "population.csv": lines}))
    assert [(one.segment_code, one.people) for one in home.population] == [
        ("age__young", 5),
        ("age__other", 0),
    ]
