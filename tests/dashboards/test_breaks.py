"""A new version of an instrument: drawn with its note on every chart of time, and no change pretended across it."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest

from dashboards import charts, panels, snapshot
from dashboards.snapshot import Row, Snapshot
from dashboards.wording import Words

FR = Words("fr")


@pytest.fixture
def broken(homes: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch) -> Snapshot:
    monkeypatch.setenv("RELIER_HOME", str(homes("broken")))
    return snapshot.open_current()


def overview(opened: Snapshot, known: list[Row]) -> Any:
    return charts.indices_above_margin(
        FR,
        snapshot.time_axis(opened, "2025-Q4"),
        snapshot.headline_series(opened, "rivage", "2025-Q4", "all"),
        snapshot.margin_series(opened, "rivage", "2025-Q4"),
        False,
        known,
    )


def uprights(figure: Any) -> list[tuple[float, str]]:
    """(place, axis) of each dashed upright line."""
    return [(shape.x0, shape.xref) for shape in figure.layout.shapes if shape.line.dash == "dash"]


def test_a_break_is_a_line_with_its_note_and_cuts_what_is_not_comparable(broken: Snapshot) -> None:
    figure = overview(broken, snapshot.breaks(broken, "2025-Q4"))
    assert sorted(uprights(figure)) == [(7.5, "x2"), (8.5, "x")]
    texts = [annotation.text for annotation in figure.layout.annotations]
    assert "Nouveau questionnaire" in texts
    assert (
        "nouvelle version" in texts
    )  # the note on the accounts is too long for the chart, and stands under it
    clients = [list(line.x) for line in figure.data if line.name == "Clients"]
    assert clients == [[0, 1, 2, 3], [4, 5, 6, 7, 8], [9, 10, 11]]
    assert [list(line.x) for line in figure.data if line.name == "Collaborateurs"][-1] == list(range(4, 12))


def test_a_comparable_break_is_drawn_and_cuts_nothing(broken: Snapshot) -> None:
    known = [one | {"is_comparable": True} for one in snapshot.breaks(broken, "2025-Q4")]
    figure = overview(broken, known)
    assert len(uprights(figure)) == 2
    assert [list(line.x) for line in figure.data if line.name == "Clients"][-1] == list(range(4, 12))


def test_a_break_after_the_period_shown_is_not_known_yet(broken: Snapshot) -> None:
    assert [one["stakeholder_code"] for one in snapshot.breaks(broken, "2025-Q1")] == ["finance"]
    assert snapshot.breaks(broken, "2024-Q4") == []


def test_every_panel_of_the_stakeholder_shows_it(broken: Snapshot) -> None:
    rows = snapshot.dimension_series(broken, "rivage", "2025-Q4", "clients")
    known = [one for one in snapshot.breaks(broken, "2025-Q4") if one["stakeholder_code"] == "clients"]
    figure = panels.dimension_panels(FR, snapshot.time_axis(broken, "2025-Q4"), rows, known)
    assert len(uprights(figure)) == len({row["dimension_code"] for row in rows})


@pytest.mark.parametrize(
    ("lang", "badge", "note"),
    [
        (
            "fr",
            "Non comparable à T4 2024",
            "Depuis le 01/04/2025 (Clients) : Nouveau questionnaire. Ce qui précède ne se compare pas.",
        ),
        (
            "en",
            "Not comparable with Q4 2024",
            "Since 1 April 2025 (Clients): New questionnaire. What came before does not compare.",
        ),
    ],
)
def test_the_card_says_why_it_has_no_change(
    app: Callable[..., Any], lang: str, badge: str, note: str
) -> None:
    page = app("overview", home="broken", lang=lang, period="2025-Q4", unit="rivage")
    assert not page.exception
    assert any(badge in element.value for element in page.markdown)
    captions = [element.value.replace("\u202f", " ") for element in page.caption]
    assert captions.count(note) == 2  # on the card, and under the chart
    assert any("2025" in caption and "79" in caption for caption in captions)


def test_when_everything_shown_is_across_a_break_the_message_says_it(app: Callable[..., Any]) -> None:
    page = app("overview", home="broken", lang="en", period="2025-Q4", unit="rivage", stakeholder="clients")
    assert any("A new version of the questionnaire" in element.value for element in page.markdown)


def test_a_snapshot_older_than_breaks_is_still_shown(
    homes: Callable[[str], Path], tmp_path: Path, app: Callable[..., Any]
) -> None:
    home = tmp_path / "old"
    shutil.copytree(homes("demo"), home)
    with duckdb.connect(str(next((home / "data" / "published").glob("*.duckdb")))) as base:
        base.execute("DROP TABLE mart.dim_breaks")
    page = app("overview", home=home)
    assert not page.exception
    assert page.title
