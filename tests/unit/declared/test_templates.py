"""Declarations that ship for one tool each: a home that says `like:` reads that tool's own pages."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from pipelines.declared import DeclarationError, Home, source_spec
from pipelines.declared.templates import known
from pipelines.ingest import Decoded, decode
from tests.unit.declared.homes import FILES, write_home

GOLDEN = Path(__file__).parents[1] / "ingest" / "golden" / "json"
ALIASES = (
    FILES["unit_aliases.csv"]
    + "tickets,44,sud\ntickets,45,nord\ntalks,814865,sud\ntalks,814866,nord\nasked,Sud,sud\nasked,Nord,nord\n"
)


def declared(like: str, more: str = "") -> str:
    return f'like: {like}\nfiles: "*.json"\nowner: somebody\ncadence: monthly\nfreshness_days: 40\n{more}'


def read(folder: Path, code: str, like: str, more: str = "") -> Decoded:
    """The golden file of a shipped declaration, decoded through a home on disk."""
    text = declared(like, more)
    home = Home.load(write_home(folder, {"unit_aliases.csv": ALIASES, f"sources/{code}.yml": text}))
    return decode(GOLDEN / f"{like}.json", f"{like}.json", source_spec(home, code))


def shown(decoded: Decoded, *names: str) -> list[tuple[object, ...]]:
    return [tuple(row.values()) for row in decoded.table.select(list(names)).to_pylist()]


def test_every_shipped_declaration_has_its_golden_file() -> None:
    assert known() == ["asknicely_responses", "intercom_conversations", "peakon_answers", "zendesk_ratings"]
    assert all((GOLDEN / f"{name}.json").exists() for name in known())


def test_zendesk_ratings_offered_or_not_are_no_answers(tmp_path: Path) -> None:
    decoded = read(tmp_path, "tickets", "zendesk_ratings", "checks: {unknown_unit_max_share: 1}\n")
    assert (decoded.records, decoded.accepted, decoded.format) == (5, 4, "table")
    assert shown(decoded, "response_id", "unit_code", "satisfaction", "satisfaction__why", "is_test") == [
        ("35436", "sud", 1, None, False),
        ("35437", "sud", None, "seen_unanswered", True),
        ("35438", "nord", None, "not_shown", True),
        ("35439", "nord", 0, None, False),
    ]
    # given at 23:05 in UTC: the next day in Paris
    assert decoded.table["submitted_date"][0].as_py() == dt.date(2026, 3, 2)
    refused = decoded.quarantined[0]
    assert (refused.record, refused.reason, refused.found) == (5, "unknown_unit", '"99"')
    assert "Trop long" not in str(decoded.table.to_pylist())


def test_zendesk_identifiers_never_pass_through_a_float(tmp_path: Path) -> None:
    keys = "keys: {unit: null}\nunit: sud\n"
    assert (
        read(tmp_path, "tickets", "zendesk_ratings", keys).table["response_id"].to_pylist()[-1]
        == "90071992547409930"
    )


def test_intercom_answers_are_dated_when_given_and_unrated_conversations_count_nowhere(
    tmp_path: Path,
) -> None:
    decoded = read(tmp_path, "talks", "intercom_conversations")
    assert (decoded.records, decoded.accepted, decoded.quarantined) == (4, 4, [])
    assert shown(decoded, "response_id", "respondent_id", "satisfaction", "is_test", "submitted_date") == [
        ("1001", "c1", 5, False, dt.date(2026, 3, 2)),
        ("1002", "c2", None, True, None),
        ("1003", None, None, True, None),
        ("1004", "c4", 2, False, dt.date(2026, 3, 2)),
    ]


def test_asknicely_strings_and_seconds(tmp_path: Path) -> None:
    decoded = read(tmp_path, "asked", "asknicely_responses", "segments: {branch: branch_location_c}\n")
    assert (decoded.records, decoded.accepted, decoded.quarantined) == (4, 4, [])
    assert shown(decoded, "response_id", "unit_code", "recommend", "is_test", "segment_branch") == [
        ("11", "nord", 10, False, "Lille"),
        ("12", "nord", None, True, "Lille"),
        ("13", "sud", 4, False, None),
        ("14", "sud", 5, True, None),
    ]
    assert str(decoded.table["submitted_at"][0]) == "2026-03-01 09:00:00"


PEAKON = """\
unit: sud
items:
  - {code: meaning, column: 9001, dimension: trust, min: 0, max: 10, missing: {not_relevant: not_applicable}}
  - {code: loyal, column: 9002, outcome: recommend, min: 0, max: 10}
drop: ["9003"]
"""


def test_peakon_answers_become_responses_and_the_books_count_answers(tmp_path: Path) -> None:
    decoded = read(tmp_path, "voice", "peakon_answers", PEAKON)
    assert (decoded.records, decoded.accepted, decoded.quarantined) == (7, 7, [])
    assert shown(decoded, "response_id", "meaning", "meaning__why", "loyal", "loyal__why", "is_test") == [
        ("501", 9, None, 0, None, False),
        ("502", None, "not_applicable", 7, None, False),
        ("503", 10, None, None, "not_shown", True),
        ("504", None, "not_shown", 3, None, False),
    ]
    assert decoded.table["submitted_date"].to_pylist()[0] == dt.date(2026, 3, 2)


def test_what_a_source_says_itself_wins_over_its_template(tmp_path: Path) -> None:
    changes = {
        "unit_aliases.csv": ALIASES,
        "sources/tickets.yml": declared("zendesk_ratings", "stakeholder: partners\ndrop: [x]\n"),
    }
    source = Home.load(write_home(tmp_path, changes)).sources["tickets"]
    assert (source.stakeholder, source.records) == ("partners", "satisfaction_ratings")
    assert {"x", "url"} <= set(source.drop)


def test_an_unknown_template_is_refused_with_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(
        DeclarationError, match=r"tickets.yml:1: 'zendesk' is no shipped declaration; like: takes askn"
    ):
        Home.load(write_home(tmp_path, {"sources/tickets.yml": declared("zendesk")}))
