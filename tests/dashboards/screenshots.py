"""Write PNG pictures of the scorecard (1400×1000, French and English) into a folder.

python tests/dashboards/screenshots.py <folder> [home] [query] [--dark] [--full] [--only=overview-fr,unit-fr]

`docs/screenshots` holds the README's pictures: those named in README, whatever is asked.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from make_snapshot import build
from serve import browser, serving

VIEWS = {"overview": "", "unit": "unit", "symmetry": "symmetry", "gesture": "gesture", "partners": "partners"}
VIEWS |= {"early_warning": "early_warning", "sources": "sources"}
SHOWN = Path(__file__).resolve().parents[2] / "docs" / "screenshots"
README = ["overview-fr", "overview-en", "unit-fr", "symmetry-fr"]


def take(
    folder: Path,
    home: Path,
    dark: bool = False,
    query: str = "",
    full: bool = False,
    only: list[str] | None = None,
) -> list[Path]:
    """One picture per page and language, or `only` some (« unit-fr »); returns the files written."""
    folder.mkdir(parents=True, exist_ok=True)
    only = README if folder.resolve() == SHOWN else only
    written = []
    with serving(home) as url, browser() as chromium:
        for language in ("fr", "en"):
            page = chromium.new_page(
                viewport={"width": 1400, "height": 1000}, color_scheme="dark" if dark else "light"
            )
            for name, path in VIEWS.items():
                if only and f"{name}-{language}" not in only:
                    continue
                page.goto(f"{url}/{path}?lang={language}{query}")
                page.get_by_role("heading", level=1).wait_for()
                page.wait_for_selector(
                    "[data-testid='stAppViewContainer'][data-test-script-state='notRunning'], "
                    "[data-test-script-state='notRunning']"
                )
                page.wait_for_timeout(1500)
                target = folder / f"{name}-{language}{'-dark' if dark else ''}.png"
                if full:
                    height = page.evaluate("document.querySelector('[data-testid=\"stMain\"]').scrollHeight")
                    page.set_viewport_size({"width": 1400, "height": max(1000, height)})
                    page.wait_for_timeout(700)
                page.screenshot(path=str(target))
                page.set_viewport_size({"width": 1400, "height": 1000})
                written.append(target)
            page.close()
    return written


if __name__ == "__main__":
    words = [word for word in sys.argv[1:] if not word.startswith("--")]
    with tempfile.TemporaryDirectory() as made:
        given = Path(words[1]) if len(words) > 1 else Path(made)
        if len(words) < 2:
            build(given)
        extra = words[2] if len(words) > 2 else ""
        only = next(
            (word.removeprefix("--only=").split(",") for word in sys.argv if word.startswith("--only=")), None
        )
        taken = take(Path(words[0]), given, "--dark" in sys.argv, extra, "--full" in sys.argv, only)
        print(*taken, sep="\n")
