"""A home made by `relier new`, and a draft brought into it as a person would: written, its questions answered."""

from __future__ import annotations

import re
from pathlib import Path

from pipelines.declared import Home
from pipelines.onboarding import adding
from pipelines.onboarding.draft import Draft
from pipelines.onboarding.new import make_home

KPI = (
    "kpis:\n  figure: {fr: Chiffre, en: Figure, method: as_reported, unit: percent, range: [0, 100],"
    " definition: {fr: Un chiffre., en: A figure.}, formula: as published}\n"
)
ANSWERS = {
    "stakeholder": "clients", "closed": "2024-12-31", "dimension": "trust", "min": "0", "max": "11", "reversed": "false",
    "kpi": "figure", "time_formats": '"%d/%m/%Y"', "sign": "natural",
}  # fmt: skip


def empty_home(folder: Path) -> Path:
    """An empty home whose periods begin in 2005, with one KPI for figures as reported."""
    root = make_home(folder / "maison", "Maison", "en")
    home = folder / "maison"
    assert root == "maison"
    units = home / "declarations" / "units.csv"
    units.write_text(re.sub(r"\d{4}-01-01", "2005-01-01", units.read_text()))
    (home / "declarations" / "framework.yml").write_text(KPI)
    return home


def drafted_into(home: Path, file: Path, questionnaire: adding.Questionnaire | None = None) -> Draft:
    """Draft the source of `file` into the home, with its unit lines; nothing is answered yet."""
    loaded = Home.load(home)
    made = adding.drafted(file, loaded, None, questionnaire or adding.Questionnaire(), None)
    adding.write_draft(adding.place_of(loaded, made, file), made)
    adding.add_aliases(loaded, made)
    return made


def answer(home: Path, made: Draft, **answers: str) -> Home:
    """Answer every question; figures get a dimension each, as the framework wants.

    Every unit is the root, but of figures, of which a unit has one, each is its own.
    """
    path = home / "declarations" / "sources" / f"{made.name}.yml"
    text = path.read_text()
    measured = re.search(r"^measures:", text, re.MULTILINE)
    if measured:
        count = text.count("dimension: TODO")
        for number in range(1, count + 1):
            text = text.replace("dimension: TODO", f"dimension: d{number}", 1)
        lines = [
            f"  d{n}: {{fr: D, en: D, asked_of: [clients], definition: {{fr: D., en: D.}}}}\n"
            for n in range(1, count + 1)
        ]
        (home / "declarations" / "framework.yml").write_text(KPI + "dimensions:\n" + "".join(lines))
    told = {**ANSWERS, **answers}
    path.write_text(
        re.sub(r"(\w+): (?:&\w+ )?\[?TODO", lambda asked: asked[0].replace("TODO", told[asked[1]]), text)
    )
    aliases = home / "declarations" / "unit_aliases.csv"
    lines = aliases.read_text().splitlines()
    codes = {line: f"u{number}" if measured else "maison" for number, line in enumerate(lines)}
    units = home / "declarations" / "units.csv"
    if measured:
        more = [f"{codes[line]},maison,U,U,2005-01-01," for line in lines if line.endswith(",TODO")]
        units.write_text("\n".join([units.read_text().rstrip("\n"), *more, ""]))
    aliases.write_text("\n".join([line.replace(",TODO", f",{codes[line]}") for line in lines] + [""]))
    return Home.load(home)
