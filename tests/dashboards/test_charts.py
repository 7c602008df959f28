"""Figures draw what the rows say: breaks, gaps, one scale, both years' bars."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dashboards import charts, panels, snapshot
from dashboards.snapshot import Snapshot
from dashboards.wording import NARROW, Words

FR = Words("fr")


@pytest.fixture
def demo(homes: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch) -> Snapshot:
    monkeypatch.setenv("RELIER_HOME", str(homes("demo")))
    return snapshot.open_current()


def overview(demo: Snapshot, unit: str, period: str = "2025-Q4") -> Any:
    return charts.indices_above_margin(
        FR,
        snapshot.time_axis(demo, period),
        snapshot.headline_series(demo, unit, period, "all"),
        snapshot.margin_series(demo, unit, period),
        False,
    )


def test_two_aligned_panels_and_never_a_second_axis_on_one_of_them(demo: Snapshot) -> None:
    figure = overview(demo, "rivage")
    assert figure.layout.xaxis.range == figure.layout.xaxis2.range
    assert figure.layout.yaxis.overlaying is None
    assert figure.layout.yaxis2.overlaying is None
    assert figure.layout.yaxis.domain[0] > figure.layout.yaxis2.domain[1]


def test_a_changed_definition_breaks_the_line_and_says_so(demo: Snapshot) -> None:
    figure = overview(demo, "rivage")
    lines = [t for t in figure.data if t.name == "Collaborateurs"]
    assert [list(line.x) for line in lines] == [[0, 1, 2, 3], [4, 5, 6, 7, 8, 9, 10, 11]]
    assert "définition changée" in [a.text for a in figure.layout.annotations]


def test_a_protected_wave_is_never_drawn(demo: Snapshot) -> None:
    figure = overview(demo, "ag_tours")
    assert {t.name for t in figure.data if t.type == "scatter" and t.name} == {"Clients"}


def test_last_year_is_lighter_and_equals_this_year_four_quarters_before(demo: Snapshot) -> None:
    before, now = (t for t in overview(demo, "rivage").data if t.type == "bar")
    assert (before.marker.color, now.marker.color) == (charts.LIGHT.last_year, charts.LIGHT.ink)
    assert list(before.y) == list(now.y)[:8]
    assert list(before.x) == list(range(4, 12))


def test_an_older_wave_says_its_period_beside_its_name(demo: Snapshot) -> None:
    texts = [a.text for a in overview(demo, "rivage").layout.annotations]
    assert any("Partenaires" in text and text.endswith("<br>T2 2025") for text in texts)


def test_panels_share_one_scale_and_a_protected_one_has_a_symbol_and_no_number(demo: Snapshot) -> None:
    rows = snapshot.dimension_series(demo, "ag_brest", "2025-Q4", "clients")
    figure = panels.dimension_panels(FR, snapshot.time_axis(demo, "2025-Q4"), rows)
    scales = {axis.range for axis in figure.select_yaxes()}
    assert len(scales) == 1
    titles = {a.text.split("</b>")[0].removeprefix("<b>"): a.text for a in figure.layout.annotations}
    assert "● protégé" in titles["Plaisir"]
    assert "n\u00a0=" not in titles["Plaisir"]
    assert "n\u00a0=\u00a070" in titles["Confiance"]
    assert f"{NARROW};\u00a0" in titles["Confiance"]


def test_labels_at_the_end_of_lines_do_not_cover_each_other() -> None:
    spread = charts._spread([70.0, 70.2, 60.0], 2.0)
    assert spread[2] == 60.0
    assert spread[1] - spread[0] >= 2.0


def test_a_label_cannot_carry_markup_into_a_figure(demo: Snapshot) -> None:
    rows = [
        r | {"stakeholder_fr": "<a href='x'>R&D</a>"}
        for r in snapshot.headline_series(demo, "rivage", "2025-Q4", "clients")
    ]
    figure = charts.indices_above_margin(FR, snapshot.time_axis(demo, "2025-Q4"), rows, [], False)
    assert "<a " not in figure.to_json().replace("\\u003c", "<")
