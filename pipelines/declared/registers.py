"""The registers of a home: what leadership decided about its relations, declared line by line.

`strategy.csv` says who answers for which relation, `bodies.csv` where relations are discussed, `actions.csv` what was
tried. Each is optional; a bad line is refused by its number.
"""

from __future__ import annotations

import datetime as dt
import difflib
import math
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeVar

from pipelines.declared.base import RESERVED
from pipelines.declared.lines import DeclarationError, Problem, read_csv

ALL = "all"
Domain = Literal["relation", "sales", "profit"]
Design = Literal["single", "before_after", "trial"]
Cells = dict[str, str]
Made = TypeVar("Made")
Word = TypeVar("Word")

DOMAINS: dict[str, Domain] = {"relation": "relation", "sales": "sales", "profit": "profit"}
DESIGNS: dict[str, Design] = {"single": "single", "before_after": "before_after", "trial": "trial"}
YES_NO = {"yes": "yes", "no": "no"}

STRATEGY = ("stakeholder", "owner", "objective", "kpi", "target", "review_date", "domain", "weight")
BODIES = ("body", "name_fr", "name_en", "meets", "relations_on_agenda")
ACTIONS = (
    *("action", "unit_code", "stakeholder", "dimension", "starts", "design", "title_fr", "title_en"),
    "compared_with",
)


@dataclass(frozen=True)
class Objective:
    """A line of `strategy.csv`. `stakeholder` is `all` where it is about no group; None and "" are not written yet."""

    line: int
    stakeholder: str
    owner: str
    objective: str
    kpi: str | None
    target: float | None
    review_date: dt.date | None
    domain: Domain
    weight: float

    @property
    def is_complete(self) -> bool:
        """Whether owner, objective, KPI, target and review date are all there."""
        written = bool(self.owner and self.objective and self.kpi)
        return written and self.target is not None and self.review_date is not None

    def is_overdue(self, today: dt.date) -> bool:
        """Whether its review date is past."""
        return self.review_date is not None and self.review_date < today


@dataclass(frozen=True)
class Body:
    """A line of `bodies.csv`: a place where decisions are taken, and whether relations are on its agenda."""

    code: str
    name_fr: str
    name_en: str
    meets: str
    relations_on_agenda: bool


@dataclass(frozen=True)
class Action:
    """A line of `actions.csv`. No `dimension`: the whole index; no `compared_with`: the sibling units."""

    code: str
    unit: str
    stakeholder: str
    dimension: str | None
    starts: dt.date
    design: Design
    title_fr: str
    title_en: str
    compared_with: tuple[str, ...]


@dataclass(frozen=True)
class Registers:
    strategy: tuple[Objective, ...] = ()
    bodies: tuple[Body, ...] = ()
    actions: tuple[Action, ...] = ()


NO_REGISTERS = Registers()


@dataclass(frozen=True)
class Known:
    """The codes that the registers may use."""

    stakeholders: Collection[str]
    kpis: Collection[str]
    dimensions: Collection[str]
    units: Collection[str]


def read_registers(
    folder: Path,
    shown: str,
    *,
    stakeholders: Collection[str],
    kpis: Collection[str],
    dimensions: Collection[str],
    units: Collection[str],
) -> tuple[Registers, list[Problem]]:
    """Registers of `folder` (…/declarations/registers) and every problem found; `shown` is how people see its path.

    A line with a problem is left out. An absent file is an empty register.
    """
    known = Known(stakeholders, kpis, dimensions, units)
    readers = (
        _Reader(folder, shown, "strategy.csv", known),
        _Reader(folder, shown, "bodies.csv", known),
        _Reader(folder, shown, "actions.csv", known),
    )
    strategy, bodies, actions = readers
    found = Registers(
        strategy=tuple(strategy.lines(STRATEGY, strategy.objective)),
        bodies=tuple(bodies.lines(BODIES, bodies.body)),
        actions=tuple(actions.lines(ACTIONS, actions.action)),
    )
    return found, [problem for reader in readers for problem in reader.problems]


class _Reader:
    """One register: its cells become values, and what cannot is a problem of its line."""

    def __init__(self, folder: Path, shown: str, name: str, known: Known) -> None:
        self.path = folder / name
        self.shown = f"{shown}/{name}"
        self.known = known
        self.problems: list[Problem] = []
        self.line = 0
        self.seen: dict[str, int] = {}

    def lines(self, columns: tuple[str, ...], made: Callable[[Cells], Made]) -> list[Made]:
        """What `made` makes of each line without a problem."""
        if not self.path.exists():
            return []
        try:
            rows = read_csv(self.path, self.shown, columns)
        except DeclarationError as error:
            self.problems.extend(error.problems)
            return []
        found = []
        for line, cells in rows:
            self.line = line
            before = len(self.problems)
            one = made(cells)
            if len(self.problems) == before:
                found.append(one)
        return found

    def objective(self, cells: Cells) -> Objective:
        domain = self.among("domain", cells["domain"], DOMAINS)
        return Objective(
            line=self.line,
            stakeholder=self.group(cells["stakeholder"], needed=domain == "relation", everyone=True),
            owner=cells["owner"],
            objective=cells["objective"],
            kpi=self.known_code("kpi", cells["kpi"], self.known.kpis, "the framework"),
            target=self.number("target", cells["target"]) if cells["target"] else None,
            review_date=self.date("review_date", cells["review_date"]) if cells["review_date"] else None,
            domain=domain,
            weight=self.weight(cells["weight"]),
        )

    def body(self, cells: Cells) -> Body:
        return Body(
            code=self.code("body", cells["body"]),
            name_fr=self.text("name_fr", cells["name_fr"]),
            name_en=self.text("name_en", cells["name_en"]),
            meets=cells["meets"],
            relations_on_agenda=self.among("relations_on_agenda", cells["relations_on_agenda"], YES_NO)
            == "yes",
        )

    def action(self, cells: Cells) -> Action:
        unit = self.unit("unit_code", cells["unit_code"])
        compared = tuple(code.strip() for code in cells["compared_with"].split(";") if code.strip())
        for code in compared:
            self.unit("compared_with", code)
        if unit in compared:
            self.bad(f"compared_with holds '{unit}', the unit of the action itself; leave it out")
        if len(set(compared)) < len(compared):
            self.bad("compared_with names a unit twice; keep one")
        return Action(
            code=self.code("action", cells["action"]),
            unit=unit,
            stakeholder=self.group(cells["stakeholder"], needed=True, everyone=False),
            dimension=self.known_code(
                "dimension", cells["dimension"], self.known.dimensions, "the framework"
            ),
            starts=self.date("starts", cells["starts"]),
            design=self.among("design", cells["design"], DESIGNS),
            title_fr=self.text("title_fr", cells["title_fr"]),
            title_en=self.text("title_en", cells["title_en"]),
            compared_with=compared,
        )

    def code(self, column: str, text: str) -> str:
        if not text.replace("_", "").isalnum() or text != text.lower() or text in RESERVED:
            self.bad(f"{column} '{text}' must be lower-case letters, digits and _, not a reserved word")
        elif first := self.seen.get(text):
            self.bad(f"{column} '{text}' already stands on line {first}; give this one another code")
        self.seen.setdefault(text, self.line)
        return text

    def group(self, text: str, *, needed: bool, everyone: bool) -> str:
        """A stakeholder; empty or `all` is everyone, where a line may be about no group in particular."""
        if everyone and (text == ALL or (not text and not needed)):
            return ALL
        if text not in self.known.stakeholders:
            known = ", ".join([*self.known.stakeholders, *([ALL] if everyone else [])])
            self.bad(f"stakeholder '{text}' is not in the framework; it has {known}")
        return text

    def known_code(self, column: str, text: str, codes: Collection[str], where: str) -> str | None:
        if text and text not in codes:
            close = difflib.get_close_matches(text, codes, n=1)
            self.bad(
                f"{column} '{text}' is not in {where}; "
                + (
                    f"did you mean '{close[0]}'?"
                    if close
                    else "write one of its codes or leave the cell empty"
                )
            )
        return text or None

    def unit(self, column: str, text: str) -> str:
        if text not in self.known.units:
            self.bad(f"{column} '{text}' is not in units.csv; add it there or mend this line")
        return text

    def among(self, column: str, text: str, words: Mapping[str, Word]) -> Word:
        """One of a few words; the first stands in where it is another, the line being refused."""
        if text not in words:
            self.bad(f"{column} '{text}' must be one of {', '.join(words)}")
        return words.get(text, next(iter(words.values())))

    def text(self, column: str, text: str) -> str:
        if not text:
            self.bad(f"{column} is empty; people read it, write a few words")
        return text

    def date(self, column: str, text: str) -> dt.date:
        try:
            return dt.date.fromisoformat(text)
        except ValueError:
            self.bad(f"{column} '{text}' must be a date such as 2025-01-31")
            return dt.date.max

    def number(self, column: str, text: str, said: str = "a number such as 72.5") -> float:
        try:
            number = float(text)
        except ValueError:
            number = math.nan
        if not math.isfinite(number):
            self.bad(f"{column} '{text}' must be {said}")
        return number

    def weight(self, text: str) -> float:
        said = "a number of 0 or more; 0 where the objective has none"
        number = self.number("weight", text, said)
        if number < 0:
            self.bad(f"weight '{text}' must be {said}")
        return number

    def bad(self, message: str) -> None:
        self.problems.append(Problem(self.shown, self.line, message))
