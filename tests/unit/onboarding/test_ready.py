"""An export of a tool whose declaration ships is drafted by naming it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pipelines.declared import Home
from pipelines.declared.lines import shipped
from pipelines.onboarding import adding
from pipelines.onboarding.check import check
from pipelines.onboarding.look import look_at
from tests.unit.onboarding.homes import answer, drafted_into, empty_home

GOLDEN = Path(__file__).parents[1] / "ingest" / "golden" / "json"


@pytest.mark.parametrize("name", ["zendesk_ratings", "intercom_conversations", "asknicely_responses"])
def test_a_known_tool_needs_no_answer_and_loses_no_record(tmp_path: Path, name: str) -> None:
    home, file = empty_home(tmp_path), GOLDEN / f"{name}.json"
    made = drafted_into(home, file)
    assert f"like: {name}\n" in made.text
    assert made.questions == 0
    column = look_at(file.read_bytes(), file.name).named(shipped(f"sources/{name}")["keys"]["unit"])
    with (home / "declarations" / "unit_aliases.csv").open(
        "a"
    ) as lines:  # too few records here to be written down
        lines.writelines(f"{name},{text},maison\n" for text in (column.counts if column else ()))
    report = check(file, Home.load(home))
    assert report["would_be_accepted"] + report["duplicates"] == report["records"] > 0, report["verdict"]
    assert {one["why"] for one in report["not_mapped"]} <= {"dropped", "comment"}


def test_a_long_export_is_asked_its_questions(tmp_path: Path) -> None:
    page = json.loads((GOLDEN / "peakon_answers.json").read_text(encoding="utf-8").splitlines()[0])
    file = tmp_path / "peakon_answers.json"
    file.write_text(json.dumps(page), encoding="utf-8")
    home = empty_home(tmp_path)
    made = drafted_into(home, file)
    assert "like: peakon_answers\n" in made.text
    assert made.questions == made.text.count("dimension: TODO") > 0
    report = check(file, answer(home, made, stakeholder="employees"))
    assert report["accepted"], report["verdict"]


def test_a_kind_or_a_questionnaire_said_by_a_person_wins(tmp_path: Path) -> None:
    home, file = empty_home(tmp_path), GOLDEN / "zendesk_ratings.json"
    made = adding.drafted(file, Home.load(home), None, adding.Questionnaire(), "events")
    assert "like:" not in made.text
