"""A home: one organisation's declarations, loaded whole or refused with every problem found."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from pipelines.declared.base import RESERVED
from pipelines.declared.explain import lines_told, problems_of, unanswered
from pipelines.declared.folder import digest, strangers
from pipelines.declared.lines import TODO, DeclarationError, Located, Problem, read_csv, read_yaml, shipped
from pipelines.declared.models import Finance, Framework, Organisation, Privacy
from pipelines.declared.population import People, read_population
from pipelines.declared.registers import NO_REGISTERS, Registers, read_registers
from pipelines.declared.sources import Source
from pipelines.declared.templates import completed, merged
from pipelines.declared.verbatims import Verbatims

FOREVER = dt.date(9999, 12, 31)
UNASSIGNED = "unassigned"
Model = TypeVar("Model", bound=BaseModel)


def home_path() -> Path:
    """The home people mean: `RELIER_HOME`, else the demo."""
    demo = Path(__file__).resolve().parents[2] / "examples" / "demo"
    return Path(os.environ.get("RELIER_HOME") or demo).resolve()


@dataclass(frozen=True)
class Unit:
    """One version of a node of the unit tree, valid from `valid_from` to `valid_to`, both included."""

    code: str
    parent: str | None
    name_fr: str
    name_en: str
    valid_from: dt.date
    valid_to: dt.date


@dataclass(frozen=True)
class Headcount:
    unit: str
    valid_from: dt.date
    headcount: int


@dataclass(frozen=True)
class Home:
    """The declarations of one organisation and the places of its data.

    `drafts` are the questions of sources that still say TODO: such a source waits, the others go on.
    """

    path: Path
    organisation: Organisation
    units: tuple[Unit, ...]
    aliases: Mapping[str, Mapping[str, str]]
    headcounts: tuple[Headcount, ...]
    framework: Framework
    sources: Mapping[str, Source]
    finance: Finance
    finance_kpis: Mapping[str, str]
    privacy: Privacy
    digest: str
    verbatims: Verbatims
    drafts: tuple[Problem, ...] = ()
    registers: Registers = NO_REGISTERS
    population: tuple[People, ...] = ()

    @property
    def landing(self) -> Path:
        return self.path / "landing"

    @property
    def vault(self) -> Path:
        return self.path / "data" / "vault"

    @property
    def restricted(self) -> Path:
        return self.path / "data" / "restricted"

    @property
    def published(self) -> Path:
        return self.path / "data" / "published"

    @property
    def as_of(self) -> dt.date:
        """The date the home is read at: declared, else today where the organisation is."""
        return self.organisation.as_of or dt.datetime.now(self.organisation.zone).date()

    @property
    def root(self) -> str:
        """The unit whose accounts are the whole ledger: declared, else the first without parent."""
        return self.finance.root or next(unit.code for unit in self.units if unit.parent is None)

    def source_file(self, code: str) -> str:
        """Where a source is declared, as people type it."""
        return f"{self.path.name}/declarations/sources/{code}.yml"

    @classmethod
    def load(cls, path: Path | str) -> Home:
        """Read and cross-check every declaration under `path`/declarations; raises DeclarationError."""
        return _Reader(Path(path).resolve()).read()


class _Reader:
    """Collects problems over all files of a home, so that one reading names everything to mend."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.folder = path / "declarations"
        self.problems: list[Problem] = []
        self.drafts: list[Problem] = []

    def shown(self, relative: str) -> str:
        return f"{self.path.name}/declarations/{relative}"

    def attempt(self, action: Callable[[], Any]) -> Any:
        try:
            return action()
        except DeclarationError as error:
            self.problems.extend(error.problems)
            return None

    def model(
        self,
        relative: str,
        model: type[Model],
        *,
        default: Any = None,
        base: Any = None,
        under: Callable[[Located], Any] | None = None,
    ) -> tuple[Model | None, Located]:
        """Validate one YAML file as `model`; `base` is laid under it, `default` stands in for an absent file.

        `under` completes what the file says by what it refers to.
        """
        path = self.folder / relative
        located = Located(self.shown(relative), {})
        if path.exists():
            read = self.attempt(lambda: read_yaml(path, self.shown(relative)))
            if read is None:
                return None, located
            located = read
            if located.open_questions:
                draft = relative.startswith("sources/")
                (self.drafts if draft else self.problems).extend(unanswered(located))
                return None, located
        elif default is None:
            self.problems.append(Problem(self.shown(relative), None, "is missing; every home has one"))
            return None, located
        try:
            value = under(located) if under else located.value
            return model.model_validate(merged(base, value) if base is not None else value), located
        except DeclarationError as error:
            self.problems.extend(error.problems)
            return None, located
        except ValidationError as error:
            self.problems += problems_of(error, model, located)
            return None, located

    def read(self) -> Home:
        told = ""
        if not self.folder.is_dir():
            told = "is not a home: it has no declarations/ folder; see examples/demo or give --home"
        elif marks := sorted(set(str(self.path)) & set("*?[")):  # DuckDB would take them for a pattern
            told = f"lies under a path with {' '.join(marks)}, by which no file is safely opened; rename the folder"
        if told:
            raise DeclarationError([Problem(str(self.path), None, told)])
        organisation, _ = self.model("organisation.yml", Organisation)
        framework, framework_at = self.model(
            "framework.yml", Framework, default={}, base=shipped("framework")
        )
        finance, finance_at = self.model("finance.yml", Finance, default={})
        privacy, privacy_at = self.model("privacy.yml", Privacy, default={})
        verbatims, _ = self.model("verbatims.yml", Verbatims, default={})
        self.problems += strangers(self.folder, self.shown)
        units = self.units()
        codes = {unit.code for unit in units}
        aliases = self.aliases(codes)
        headcounts = self.headcounts(codes)
        sources, places = self.sources()
        if organisation and framework and finance and privacy and not self.problems:
            from pipelines.declared.crosscheck import cross_check

            self.problems += cross_check(
                framework,
                framework_at,
                finance,
                finance_at,
                privacy,
                privacy_at,
                codes,
                aliases,
                sources,
                places,
            )
        registers, population = self.registers(framework, codes) if framework else (NO_REGISTERS, ())
        if self.problems or not (organisation and framework and finance and privacy):
            raise DeclarationError(self.problems)
        return Home(
            path=self.path,
            organisation=organisation,
            units=tuple(units),
            aliases=aliases,
            headcounts=tuple(headcounts),
            framework=framework,
            sources=sources,
            finance=finance,
            finance_kpis=shipped("finance")["kpis"],
            privacy=privacy,
            digest=digest(self.folder),
            verbatims=verbatims or Verbatims(),
            drafts=tuple(self.drafts),
            registers=registers,
            population=population,
        )

    def registers(self, framework: Framework, units: set[str]) -> tuple[Registers, tuple[People, ...]]:
        """What leadership decided, and how many people there are."""
        found, problems = read_registers(
            self.folder / "registers",
            self.shown("registers"),
            stakeholders=framework.stakeholders,
            kpis=framework.kpis,
            dimensions=framework.dimensions,
            units=units,
        )
        path, shown = self.folder / "population.csv", self.shown("population.csv")
        people, others = read_population(path, shown, units, framework.segments)
        self.problems += [*problems, *others]
        return found, people

    def units(self) -> list[Unit]:
        relative = "units.csv"
        path = self.folder / relative
        if not path.exists():
            self.problems.append(
                Problem(self.shown(relative), None, "is missing; one line per unit, the root first")
            )
            return []
        columns = ["unit_code", "parent_code", "name_fr", "name_en", "valid_from", "valid_to"]
        rows = self.attempt(lambda: read_csv(path, self.shown(relative), columns)) or []
        units: list[Unit] = []
        for line, row in rows:
            code = row["unit_code"]
            if not code or not code.replace("_", "").isalnum() or code != code.lower() or code in RESERVED:
                self.bad(
                    relative,
                    line,
                    f"unit_code '{code}' must be lower-case letters, digits and _, not a reserved word",
                )
                continue
            start = self.date(relative, line, "valid_from", row["valid_from"], dt.date(1900, 1, 1))
            end = self.date(relative, line, "valid_to", row["valid_to"], FOREVER)
            if not row["name_fr"] or not row["name_en"]:
                self.bad(relative, line, f"unit '{code}' needs name_fr and name_en")
            for other in units:
                if other.code == code and other.valid_from <= end and start <= other.valid_to:
                    self.bad(
                        relative,
                        line,
                        f"unit '{code}' has two versions valid on the same day; close the first with valid_to",
                    )
            units.append(Unit(code, row["parent_code"] or None, row["name_fr"], row["name_en"], start, end))
        self.tree(relative, units, {code: line for line, row in rows for code in [row["unit_code"]]})
        return units

    def tree(self, relative: str, units: Sequence[Unit], line_of: Mapping[str, int]) -> None:
        """Refuse unknown parents and circles; a tree without root has no totals."""
        codes = {unit.code for unit in units}
        for unit in units:
            if unit.parent and unit.parent not in codes:
                self.bad(
                    relative,
                    line_of[unit.code],
                    f"parent '{unit.parent}' of unit '{unit.code}' is not a unit; add its line",
                )
        parents: dict[str, set[str]] = {}
        for unit in units:
            parents.setdefault(unit.code, set()).update({unit.parent} if unit.parent else set())
        for unit in units:
            seen: set[str] = set()
            above = set(parents[unit.code])
            while above:
                if unit.code in above:
                    self.bad(relative, line_of[unit.code], f"unit '{unit.code}' stands above itself")
                    break
                seen |= above
                above = {up for code in above for up in parents.get(code, set())} - seen
        if units and not any(unit.parent is None for unit in units):
            self.bad(relative, None, "no unit is without parent_code; the whole organisation is one")

    def aliases(self, codes: set[str]) -> dict[str, dict[str, str]]:
        relative = "unit_aliases.csv"
        path = self.folder / relative
        found: dict[str, dict[str, str]] = {}
        asked: list[int] = []
        if not path.exists():
            return found
        for line, row in (
            self.attempt(lambda: read_csv(path, self.shown(relative), ["source", "alias", "unit_code"])) or []
        ):
            if row["unit_code"] == TODO:
                asked.append(line)
                continue
            if row["unit_code"] not in codes:
                self.bad(
                    relative,
                    line,
                    f"unit '{row['unit_code']}' is not in units.csv; add it there or mend this line",
                )
            known = found.setdefault(row["source"], {})
            if known.get(row["alias"], row["unit_code"]) != row["unit_code"]:
                self.bad(
                    relative,
                    line,
                    f"alias '{row['alias']}' of {row['source']} already means '{known[row['alias']]}'; keep one",
                )
            known[row["alias"]] = row["unit_code"]
        if asked:
            said = f"answer the question at {lines_told(asked)}: which unit of units.csv is each text?"
            told = f"{said} Write its code in the place of TODO"
            self.drafts.append(Problem(self.shown(relative), asked[0], told))
        return found

    def headcounts(self, codes: set[str]) -> list[Headcount]:
        relative = "headcounts.csv"
        path = self.folder / relative
        found: list[Headcount] = []
        if not path.exists():
            return found
        for line, row in (
            self.attempt(
                lambda: read_csv(path, self.shown(relative), ["unit_code", "valid_from", "headcount"])
            )
            or []
        ):
            if row["unit_code"] not in codes:
                self.bad(relative, line, f"unit '{row['unit_code']}' is not in units.csv")
            elif not row["headcount"].isdigit():
                self.bad(relative, line, f"headcount '{row['headcount']}' must be a whole number of people")
            else:
                start = self.date(relative, line, "valid_from", row["valid_from"], dt.date(1900, 1, 1))
                found.append(Headcount(row["unit_code"], start, int(row["headcount"])))
        return found

    def sources(self) -> tuple[dict[str, Source], dict[str, Located]]:
        sources: dict[str, Source] = {}
        places: dict[str, Located] = {}
        for path in sorted((self.folder / "sources").glob("*.yml")):
            code = path.stem
            if not code.replace("_", "").isalnum() or code != code.lower() or "__" in code:
                self.bad(
                    f"sources/{path.name}",
                    None,
                    "a source's file name is its code: lower-case letters, digits and single _",
                )
                continue
            source, located = self.model(f"sources/{path.name}", Source, under=completed)
            if source:
                sources[code], places[code] = source, located
        return sources, places

    def date(self, relative: str, line: int, column: str, text: str, default: dt.date) -> dt.date:
        if not text:
            return default
        try:
            return dt.date.fromisoformat(text)
        except ValueError:
            self.bad(relative, line, f"{column} '{text}' must be a date such as 2025-01-31")
            return default

    def bad(self, relative: str, line: Hashable | None, message: str) -> None:
        self.problems.append(Problem(self.shown(relative), line if isinstance(line, int) else None, message))
