"""`relier add-source`: look, read the questionnaire, draft, write; and the lines that units need."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass
from pathlib import Path

from pipelines.claims import owners
from pipelines.declared import Home
from pipelines.onboarding.draft import Draft, draft, ready_draft, unit_names
from pipelines.onboarding.guess import guess
from pipelines.onboarding.labels import read_labels
from pipelines.onboarding.look import look_at
from pipelines.onboarding.lss import read_lss
from pipelines.onboarding.naming import source_name
from pipelines.onboarding.pool import Kind
from pipelines.onboarding.qsf import read_qsf
from pipelines.onboarding.ready import ready
from pipelines.onboarding.wording import Wording

HEADER = "source,alias,unit_code\n"


class NotAddedError(Exception):
    """Why nothing was written; str() is a sentence."""


@dataclass(frozen=True)
class Questionnaire:
    """Where the wording comes from: at most one of the three is given."""

    qsf: Path | None = None
    lss: Path | None = None
    labels: Path | None = None

    def read(self) -> Wording | None:
        """The questionnaire; raises QuestionnaireError."""
        given = [path for path in (self.qsf, self.lss, self.labels) if path]
        if len(given) > 1:
            raise NotAddedError("give one questionnaire: --qsf, --lss or --labels")
        if self.qsf:
            return read_qsf(self.qsf)
        if self.lss:
            return read_lss(self.lss)
        return read_labels(self.labels) if self.labels else None


def drafted(
    file: Path, home: Home, name: str | None, questionnaire: Questionnaire, kind: Kind | None
) -> Draft:
    """The draft for one export. Raises FileProblem, QuestionnaireError or NotAddedError."""
    code = name or source_name(file.name)
    if not re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", code) or len(code) > 40:
        raise NotAddedError(
            f"'{code}' cannot be a source's name: lower-case letters, digits and single _, at most 40"
        )
    wording = questionnaire.read()
    try:
        raw = file.read_bytes()
    except OSError as error:
        raise NotAddedError(f"{file} cannot be read: {error.strerror}") from None
    look = look_at(raw, file.name)
    if wording is None and look.format == "spss_sav":
        wording = read_labels(file)
    like = ready(look) if kind is None and wording is None else None
    if like:
        return ready_draft(file.name, code, like, look, home)
    found = guess(look, wording, unit_names(home), kind)
    return draft(
        file.name, code, look, found, home, wording.origin if wording and wording.origin != file.name else ""
    )


def place_of(home: Home, made: Draft, file: Path) -> Path:
    """Where the draft goes; NotAddedError where something is there, or where another source takes the file already."""
    path = home.path / "declarations" / "sources" / f"{made.name}.yml"
    if path.exists():
        raise NotAddedError(
            f"{home.source_file(made.name)} exists already and is not written over; give another --name, or --print"
        )
    taken = [code for code in owners(home, file.name) if code != made.name]
    if taken:
        pattern = home.sources[taken[0]].files
        raise NotAddedError(
            f"{file.name} already belongs to source '{taken[0]}' (`files: {pattern}`): see `relier check {file.name}`;"
            " to declare another, narrow that pattern first, or look at the draft with --print"
        )
    return path


def write_draft(path: Path, made: Draft) -> None:
    """Write the draft, never over a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("x", encoding="utf-8") as file:
        file.write(made.text)


def alias_lines(made: Draft) -> str:
    """Lines for unit_aliases.csv."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerows((made.name, alias, unit) for alias, unit in made.aliases)
    return out.getvalue()


def add_aliases(home: Home, made: Draft) -> Path:
    """Append the lines to unit_aliases.csv, which keeps every line it has."""
    path = home.path / "declarations" / "unit_aliases.csv"
    before = path.read_text(encoding="utf-8-sig") if path.exists() else HEADER
    lead = "" if before.endswith("\n") or not before else "\n"
    with path.open("a", encoding="utf-8") as file:
        file.write((lead if path.stat().st_size else HEADER) + alias_lines(made))
    return path


def told(home: Home, made: Draft, file: Path, *, written: bool, units: bool) -> list[str]:
    """What to say after drafting; with `units`, also appends to unit_aliases.csv."""
    lines = []
    if written:
        where = home.source_file(made.name)
        lines.append(
            f"{where} is drafted: {made.questions} lines say TODO; answer them, then `relier check {file.name}`"
        )
    open_ones = sum(unit == "TODO" for _, unit in made.aliases)
    if made.aliases and written and units:
        path = add_aliases(home, made)
        lines.append(
            f"{path.name} has {len(made.aliases)} more lines, {open_ones} of which say TODO for the unit"
        )
    elif made.aliases:
        where = f"{home.path.name}/declarations/unit_aliases.csv"
        lines.append(f"Lines for {where} ({open_ones} without a unit yet; --units appends them):")
        lines += alias_lines(made).splitlines()
    if made.hidden_units:
        lines.append(
            f"{made.hidden_units} further texts of the unit column stand in too few records to be shown;"
            " `relier check` names those to declare"
        )
    return lines
