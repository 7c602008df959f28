"""A register is read whole; a wrong line is refused with its number and what to write instead."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.declared.lines import Problem
from pipelines.declared.registers import ACTIONS, Action, Body, Objective, Registers, read_registers

FILES = {
    "strategy.csv": (
        "stakeholder,owner,objective,kpi,target,review_date,domain,weight\n"
        "clients,Directrice clients,Tenir nos promesses,rqi,72.5,2026-03-31,relation,2\n"
        ",Directeur commercial,Vendre plus,revenue,,,sales,3\n"
        "partners,,,,,,relation,0\n"
    ),
    "bodies.csv": (
        "body,name_fr,name_en,meets,relations_on_agenda\n"
        "board,Conseil,Board,monthly,yes\nexcom,Comité,Committee,weekly,no\n"
    ),
    "actions.csv": (
        "action,unit_code,stakeholder,dimension,starts,design,title_fr,title_en,compared_with\n"
        "huddle,lyon,employees,listening,2025-03-01,trial,Point du matin,Morning huddle,nord ; sud\n"
        "visits,nord,clients,,2025-06-15,single,Visites,Visits,\n"
    ),
}


def read(tmp_path: Path, changes: dict[str, str | None] | None = None) -> tuple[Registers, list[Problem]]:
    for name, text in {**FILES, **(changes or {})}.items():
        if text is not None:
            (tmp_path / name).write_text(text, encoding="utf-8")
    return read_registers(
        tmp_path,
        "essai/declarations/registers",
        stakeholders=["employees", "clients", "partners"],
        kpis={"rqi", "nps", "revenue"},
        dimensions={"listening", "trust"},
        units={"group", "lyon", "nord", "sud"},
    )


def test_the_registers_of_a_home(tmp_path: Path) -> None:
    found, problems = read(tmp_path)
    assert problems == []
    first, sales, empty = found.strategy
    assert first == Objective(
        2,
        "clients",
        "Directrice clients",
        "Tenir nos promesses",
        "rqi",
        72.5,
        dt.date(2026, 3, 31),
        "relation",
        2,
    )
    assert (first.is_complete, sales.is_complete, empty.is_complete) == (True, False, False)
    assert (sales.stakeholder, sales.domain, sales.target, empty.kpi) == ("all", "sales", None, None)
    assert first.is_overdue(dt.date(2026, 4, 1))
    assert not first.is_overdue(dt.date(2026, 3, 31))
    assert not empty.is_overdue(dt.date(2030, 1, 1))
    assert found.bodies == (
        Body("board", "Conseil", "Board", "monthly", True),
        Body("excom", "Comité", "Committee", "weekly", False),
    )
    assert found.actions[0] == Action(
        *("huddle", "lyon", "employees", "listening", dt.date(2025, 3, 1), "trial", "Point du matin"),
        *("Morning huddle", ("nord", "sud")),
    )
    assert (found.actions[1].dimension, found.actions[1].compared_with) == (None, ())


def test_a_home_without_registers_has_empty_ones(tmp_path: Path) -> None:
    assert read(tmp_path, dict.fromkeys(FILES)) == (Registers(), [])


@pytest.mark.parametrize(
    ("name", "old", "new", "place", "said"),
    [
        ("strategy.csv", "clients,Dir", "client,Dir", 2, "stakeholder 'client' is not in the framework; it has employees"),
        ("strategy.csv", "partners,,,,", ",,,,", 4, "stakeholder '' is not in the framework"),
        ("strategy.csv", "rqi,", "rqii,", 2, "kpi 'rqii' is not in the framework; did you mean 'rqi'?"),
        ("strategy.csv", "rqi,", "zzz,", 2, "write one of its codes or leave the cell empty"),
        ("strategy.csv", "72.5", '"72,5"', 2, "target '72,5' must be a number such as 72.5"),
        ("strategy.csv", "72.5", "nan", 2, "target 'nan' must be a number"),
        ("strategy.csv", "2026-03-31", "31/03/2026", 2, "review_date '31/03/2026' must be a date such as 2025-01-31"),
        ("strategy.csv", "sales,3", "growth,3", 3, "domain 'growth' must be one of relation, sales, profit"),
        ("strategy.csv", "sales,3", "sales,-3", 3, "weight '-3' must be a number of 0 or more"),
        ("strategy.csv", "sales,3", "sales,", 3, "weight '' must be a number of 0 or more"),
        ("strategy.csv", "domain,", "domaine,", 1, "column 'domain' is missing"),
        ("strategy.csv", "sales,3", "sales,3,9", 3, "expected 8 cells, found 9"),
        ("bodies.csv", "excom", "board", 3, "body 'board' already stands on line 2; give this one another code"),
        ("bodies.csv", "excom", "Ex com", 3, "body 'Ex com' must be lower-case letters"),
        ("bodies.csv", "weekly,no", "weekly,non", 3, "relations_on_agenda 'non' must be one of yes, no"),
        ("bodies.csv", "Comité,", ",", 3, "name_fr is empty"),
        ("actions.csv", "huddle,lyon", "huddle,lille", 2, "unit_code 'lille' is not in units.csv"),
        ("actions.csv", "nord ; sud", "nord ; est", 2, "compared_with 'est' is not in units.csv"),
        ("actions.csv", "nord ; sud", "nord;lyon", 2, "compared_with holds 'lyon', the unit of the action itself"),
        ("actions.csv", "nord ; sud", "nord;nord", 2, "compared_with names a unit twice"),
        ("actions.csv", "nord,clients", "nord,all", 3, "stakeholder 'all' is not in the framework"),
        ("actions.csv", "listening", "listen", 2, "dimension 'listen' is not in the framework; did you mean 'listening'?"),
        ("actions.csv", "2025-03-01", "2025-02-30", 2, "starts '2025-02-30' must be a date"),
        ("actions.csv", "2025-03-01", "", 2, "starts '' must be a date"),
        ("actions.csv", "single", "rct", 3, "design 'rct' must be one of single, before_after, trial"),
        ("actions.csv", "visits,", "huddle,", 3, "action 'huddle' already stands on line 2"),
        ("actions.csv", ",Visits,", ",,", 3, "title_en is empty"),
    ],
)  # fmt: skip
def test_a_wrong_line_names_itself_and_its_remedy(
    tmp_path: Path, name: str, old: str, new: str, place: int, said: str
) -> None:
    assert old in FILES[name]
    _, problems = read(tmp_path, {name: FILES[name].replace(old, new)})
    assert any(
        (one.file, one.line) == (f"essai/declarations/registers/{name}", place) and said in one.message
        for one in problems
    ), problems


def test_every_problem_is_named_at_once_and_good_lines_stay(tmp_path: Path) -> None:
    wrong = FILES["strategy.csv"].replace("72.5", "much").replace("sales,3", "sales,x")
    found, problems = read(
        tmp_path, {"strategy.csv": wrong, "bodies.csv": FILES["bodies.csv"].replace("no", "maybe")}
    )
    assert [(one.file.split("/")[-1], one.line) for one in problems] == [
        ("strategy.csv", 2),
        ("strategy.csv", 3),
        ("bodies.csv", 3),
    ]
    assert [one.line for one in found.strategy] == [4]


def test_a_file_in_another_encoding_is_named(tmp_path: Path) -> None:
    (tmp_path / "bodies.csv").write_bytes(FILES["bodies.csv"].encode("latin-1"))
    found, problems = read(tmp_path, {"bodies.csv": None})
    assert [one.message for one in problems] == ["is not UTF-8; save it as UTF-8"]
    assert found.bodies == ()


@settings(max_examples=100, deadline=None)
@given(
    cells=st.lists(
        st.text(st.characters(exclude_categories=["C"], exclude_characters='",'), max_size=12),
        min_size=9,
        max_size=9,
    )
)
def test_no_text_breaks_the_reading(tmp_path_factory: pytest.TempPathFactory, cells: list[str]) -> None:
    folder = tmp_path_factory.mktemp("registers")
    found, problems = read(folder, {"actions.csv": ",".join(ACTIONS) + "\n" + ",".join(cells) + "\n"})
    assert all(one.message for one in problems)
    assert not (found.actions and problems)
