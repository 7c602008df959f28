"""A commented declaration drafted from a guess: loadable once every TODO in it is answered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pipelines.declared import Home
from pipelines.declared.lines import shipped
from pipelines.ingest.keys import ADDRESS, LONGEST_CODE
from pipelines.onboarding.choices import SHOWN
from pipelines.onboarding.look import Look
from pipelines.onboarding.pool import Guess
from pipelines.onboarding.ready import ready_lines
from pipelines.onboarding.words import fold
from pipelines.onboarding.writer import Writer

LONGEST_NAME = 200  # of an organisation


@dataclass(frozen=True)
class Draft:
    """`text` of sources/<name>.yml, how many lines of it ask something, and the lines unit_aliases.csv needs."""

    name: str
    text: str
    questions: int
    aliases: tuple[tuple[str, str], ...]  # (text in the file, unit code or TODO)
    hidden_units: int = 0  # units of too few records to be written down


def draft(file: str, name: str, look: Look, found: Guess, home: Home, origin: str = "") -> Draft:
    """Write the declaration. `file` is the file's own name, `origin` the questionnaire's."""
    writer = Writer(file, name, look, found, home, origin)
    lines = list(writer.lines())
    text = "\n".join(lines) + "\n"
    aliases, hidden = _aliases(found, home, name)
    return Draft(name, text, _questions(lines), tuple(aliases), hidden)


def ready_draft(file: str, name: str, like: str, look: Look, home: Home) -> Draft:
    """The draft of an export whose declaration ships with the code."""
    lines = list(ready_lines(file, like, look, home))
    unit = shipped(f"sources/{like}")["keys"].get("unit")
    found = Guess("responses", unit_column=look.named(unit) if unit else None)
    aliases, hidden = _aliases(found, home, name)
    return Draft(name, "\n".join(lines) + "\n", _questions(lines), tuple(aliases), hidden)


def _questions(lines: Sequence[str]) -> int:
    """Lines that ask something."""
    return sum("TODO" in line.split("#", 1)[0] for line in lines if not line.lstrip().startswith("#"))


def _aliases(found: Guess, home: Home, name: str) -> tuple[list[tuple[str, str]], int]:
    """Every text of the unit column that has no line yet, with the unit it names where one has that name."""
    if found.unit_column is None:
        return [], 0
    names = unit_names(home)
    known = {" ".join(alias.split()) for alias in home.aliases.get(name, {})}
    lines, hidden = [], 0
    for text, count in sorted(found.unit_column.counts.items()):
        if text in known or text in found.not_records or text in found.unit_column.missing:
            continue
        code = names.get(fold(text))
        if code is None and _private(text, count, found.kind == "responses"):
            hidden += 1
        else:
            lines.append((text, code or "TODO"))
    return lines, hidden


def _private(text: str, records: int, people: bool) -> bool:
    """Whether a text that should name a unit could be something about a person: such a one is not written down."""
    longest = LONGEST_CODE if people else LONGEST_NAME
    return len(text) > longest or bool(ADDRESS.search(text)) or (people and records < SHOWN)


def unit_names(home: Home) -> dict[str, str]:
    """Units by their folded code, names and aliases; a name of two units means none."""
    told: dict[str, set[str]] = {}
    for unit in home.units:
        for text in (unit.code, unit.name_fr, unit.name_en):
            told.setdefault(fold(text), set()).add(unit.code)
    for lines in home.aliases.values():
        for alias, code in lines.items():
            told.setdefault(fold(alias), set()).add(code)
    return {text: next(iter(codes)) for text, codes in told.items() if len(codes) == 1}
