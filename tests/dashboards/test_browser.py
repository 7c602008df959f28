"""The real application in a real Chromium: what a director meets, and that nothing leaves the machine."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

pytestmark = pytest.mark.browser
PAGES = ("", "unit", "sources")
RELATIONS = {
    ("fr", "symmetry"): "La relation a-t-elle la même qualité",
    ("fr", "gesture"): "Nos gestes sont-ils sincères",
    ("fr", "partners"): "Nos partenaires et nous",
    ("fr", "early_warning"): "Où agir avant",
    ("en", "symmetry"): "Is the relationship as good",
    ("en", "gesture"): "Are our gestures sincere?",
    ("en", "partners"): "Our partners and us",
    ("en", "early_warning"): "Where should we act",
}
PROBE = re.compile(r"/(unit|symmetry|gesture|partners|early_warning|sources)/_stcore/(health|host-config)$")
QUESTIONS = {
    ("fr", ""): "Comment vont nos relations",
    ("fr", "unit"): "Comment va ",
    ("fr", "sources"): "D’où viennent ces chiffres",
    ("en", ""): "How are our relationships",
    ("en", "unit"): "How is ",
    ("en", "sources"): "Where do these figures come from",
}


# Names of what is cut or sticks out: the page, a table, a cell, a chart, the language switch.
STICKS_OUT = """() => {
    const main = document.querySelector("[data-testid='stMain']"), found = [];
    if (main.scrollWidth > main.clientWidth + 1) found.push("page");
    const beyond = (inner, outer) => inner.getBoundingClientRect().right > outer.getBoundingClientRect().right + 1;
    for (const table of document.querySelectorAll("table")) {
        if (beyond(table, table.closest("[data-testid='stMarkdown']"))) found.push(table.innerText.slice(0, 60));
        for (const cell of table.querySelectorAll("th, td"))
            if (cell.scrollWidth > cell.clientWidth + 1) found.push(cell.innerText);
    }
    for (const chart of document.querySelectorAll(".stPlotlyChart .main-svg"))
        if (beyond(chart, chart.closest(".stPlotlyChart"))) found.push("chart");
    const tongue = document.querySelector(".st-key-filter_lang");
    for (const button of tongue.querySelectorAll("button")) if (beyond(button, tongue)) found.push("language");
    return found;
}"""


class Watched:
    """A page that remembers console errors and every address it asked for."""

    def __init__(self, page: Any) -> None:
        self.page = page
        self.errors: list[str] = []
        self.addresses: list[str] = []
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("request", lambda request: self.addresses.append(request.url))

    def _console(self, line: Any) -> None:
        """Errors count, save Streamlit's own search for its base address when a link names a page."""
        if line.type == "error" and not PROBE.search(line.location["url"]):
            self.errors.append(f"{line.text} {line.location['url']}")

    def open(self, url: str) -> Any:
        """Go there and wait until the script has run."""
        self.page.goto(url)
        self.settled()
        return self.page

    def settled(self) -> None:
        """Wait for a heading and for the end of the run."""
        self.page.locator("h1").first.wait_for()
        self.page.locator("[data-test-script-state='notRunning']").first.wait_for()

    def strangers(self) -> list[str]:
        """Addresses asked for that are neither loopback nor inside the page."""
        return [a for a in self.addresses if urlsplit(a).hostname not in {"127.0.0.1", "localhost", None}]


@pytest.fixture
def watched(chromium: Any) -> Iterator[Watched]:
    context = chromium.new_context(viewport={"width": 1400, "height": 1000}, locale="de-DE")
    context.set_default_timeout(60_000)
    yield Watched(context.new_page())
    context.close()


def query(page: Any) -> dict[str, str]:
    return {key: values[-1] for key, values in parse_qs(urlsplit(page.url).query).items()}


@pytest.mark.parametrize("language", ["fr", "en"])
@pytest.mark.parametrize("path", PAGES)
def test_every_page_in_both_languages_without_errors_or_outside_requests(
    watched: Watched, scorecard_url: str, tmp_path: Path, language: str, path: str
) -> None:
    page = watched.open(f"{scorecard_url}/{path}?lang={language}")
    assert page.locator("h1").first.inner_text().startswith(QUESTIONS[language, path])
    if path != "sources":
        page.locator(".js-plotly-plot .main-svg").first.wait_for()
        assert page.get_by_test_id("stMetric").count() >= 1
    else:
        assert page.locator("table tbody tr").count() >= 1
    assert page.get_by_test_id("stException").count() == 0
    picture = tmp_path / f"{path or 'overview'}-{language}.png"
    page.screenshot(path=str(picture))
    assert picture.stat().st_size > 20_000
    assert watched.errors == []
    assert watched.strangers() == []


@pytest.mark.parametrize(("language", "path"), RELATIONS)
def test_pages_of_relations_draw_in_both_languages_and_nothing_sticks_out(
    watched: Watched, synthetic_url: str, language: str, path: str
) -> None:
    page = watched.open(f"{synthetic_url}/{path}?lang={language}")
    assert page.locator("h1").first.inner_text().startswith(RELATIONS[language, path])
    page.locator(".js-plotly-plot .main-svg").last.wait_for()
    sizes = page.evaluate(
        """() => [...document.querySelectorAll('p, span, td, th, label, .js-plotly-plot text')]
            .filter(e => e.textContent.trim() && e.getClientRects().length)
            .map(e => parseFloat(getComputedStyle(e).fontSize))"""
    )
    assert min(sizes) >= 12
    assert page.evaluate(
        """() => [...document.querySelectorAll('table')].every(t => t.scrollWidth <= t.parentElement.clientWidth + 1)"""
    )
    assert page.get_by_test_id("stException").count() == 0
    assert watched.errors == []
    assert watched.strangers() == []


@pytest.mark.parametrize("language", ["fr", "en"])
@pytest.mark.parametrize("path", [*PAGES, "symmetry", "gesture", "partners", "early_warning"])
def test_nothing_is_wider_than_its_column_on_any_screen(
    watched: Watched, scorecard_url: str, language: str, path: str
) -> None:
    page = watched.open(f"{scorecard_url}/{path}?lang={language}")
    page.wait_for_timeout(700)
    for width in (1400, 1100, 768):
        page.set_viewport_size({"width": width, "height": 1000})
        page.wait_for_timeout(500)
        assert page.evaluate(STICKS_OUT) == [], width


def test_the_relation_is_chosen_in_the_url_and_kept_from_page_to_page(
    watched: Watched, synthetic_url: str
) -> None:
    page = watched.open(f"{synthetic_url}/symmetry?lang=en")
    page.get_by_role("radio", name="Managers and teams").click()
    page.wait_for_url("**relation=managers_employees**")
    page.get_by_text("is as good for managers as for employees").wait_for()
    page.get_by_role("link", name="Early warning").click()
    page.get_by_role("heading", name="Where should we act").wait_for()
    assert query(page)["relation"] == "managers_employees"


def test_a_link_reproduces_the_view(watched: Watched, synthetic_url: str) -> None:
    page = watched.open(f"{synthetic_url}/unit?lang=en&period=2025-Q3&unit=reg_sud&stakeholder=clients")
    assert page.locator("h1").inner_text() == "How is South region doing?"
    assert page.get_by_text("Q3 2025 compared with Q3 2024").is_visible()
    first = page.get_by_test_id("stMetricValue").all_inner_texts()
    other = watched.open(page.url)
    assert other.get_by_test_id("stMetricValue").all_inner_texts() == first


def test_a_filter_writes_the_url_and_back_undoes_it(watched: Watched, synthetic_url: str) -> None:
    page = watched.open(f"{synthetic_url}/?lang=fr&unit=rivage")
    page.get_by_role("combobox", name="Périmètre").click()
    page.get_by_role("option", name="Région Sud", exact=True).click()
    page.wait_for_url("**unit=reg_sud**")
    page.get_by_text("pour Région Sud").first.wait_for()
    page.go_back()
    page.wait_for_url("**unit=rivage**")
    page.get_by_text("pour Groupe Rivage").first.wait_for()
    assert page.get_by_text("pour Région Sud").count() == 0


def test_pages_keep_the_choice_and_back_returns_to_the_page_before(
    watched: Watched, synthetic_url: str
) -> None:
    page = watched.open(f"{synthetic_url}/?lang=en&period=2025-Q2&unit=ag_lyon&stakeholder=all")
    page.get_by_role("link", name="One unit").click()
    page.get_by_role("heading", name="How is Lyon doing?").wait_for()
    assert query(page) == {"lang": "en", "period": "2025-Q2", "unit": "ag_lyon", "stakeholder": "all"}
    page.go_back()
    page.get_by_role("heading", name="How are our relationships, and our accounts?").wait_for()
    assert query(page)["unit"] == "ag_lyon"


def test_the_language_switch_keeps_the_view(watched: Watched, synthetic_url: str) -> None:
    page = watched.open(f"{synthetic_url}/?lang=fr&unit=reg_nord")
    page.get_by_role("radio", name="EN").click()
    page.get_by_role("heading", name="How are our relationships, and our accounts?").wait_for()
    assert query(page)["lang"] == "en"
    assert query(page)["unit"] == "reg_nord"


def test_a_protected_cell_shows_the_symbol_and_not_a_number(watched: Watched, synthetic_url: str) -> None:
    page = watched.open(f"{synthetic_url}/unit?lang=fr&unit=ag_tours&stakeholder=employees")
    card = page.get_by_test_id("stMetric").first
    assert "● protégé" in card.inner_text()
    assert not any(c.isdigit() for c in card.get_by_test_id("stMetricValue").inner_text())
    page.get_by_role("link", name="Voir Région Ouest").first.click()
    page.get_by_role("heading", level=1, name="Comment va Région Ouest").wait_for()
    page.wait_for_url("**unit=reg_ouest**")
    page.go_back()
    page.get_by_role("heading", level=1, name="Comment va Tours").wait_for()


def test_a_hostile_link_is_harmless(watched: Watched, synthetic_url: str) -> None:
    page = watched.open(
        f"{synthetic_url}/?lang=fr&unit=%3Cimg%20src%3Dx%20onerror%3Dalert(1)%3E&period=%27--"
    )
    assert page.get_by_text("un périmètre qui n’est pas publié").is_visible()
    assert page.locator("img[src='x']").count() == 0
    assert page.get_by_test_id("stException").count() == 0
    assert watched.errors == []


def test_small_type_is_at_least_twelve_pixels(watched: Watched, synthetic_url: str) -> None:
    page = watched.open(f"{synthetic_url}/unit?lang=fr&unit=rivage")
    page.locator(".js-plotly-plot .main-svg").last.wait_for()
    sizes = page.evaluate(
        """() => [...document.querySelectorAll('p, span, td, th, label, .js-plotly-plot text, .js-plotly-plot tspan')]
            .filter(e => e.textContent.trim() && e.getClientRects().length)
            .map(e => parseFloat(getComputedStyle(e).fontSize))"""
    )
    assert len(sizes) > 100
    assert min(sizes) >= 12
