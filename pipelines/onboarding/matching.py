"""`relier match`: the unit that each text of a file's unit column may mean, proposed by name and left to a person.

A run never joins by likeness: it knows what `unit_aliases.csv` says. Here lines for that file are proposed, with the
reason of each; a name that means several units is never chosen, and one that is only alike is asked as TODO.
"""

from __future__ import annotations

import csv
import difflib
import io
import os
import re
import shutil
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np

from pipelines.claims import owners
from pipelines.declared import Home, source_spec
from pipelines.declared.lines import TODO, read_csv, read_yaml
from pipelines.ingest import READERS, SourceSpec, partner_workbook
from pipelines.ingest.columns import coded
from pipelines.ingest.header import quote
from pipelines.ingest.keys import ADDRESS, LONGEST_CODE
from pipelines.ingest.recognise import settled
from pipelines.ingest.table import read_cells
from pipelines.onboarding.choices import SHOWN
from pipelines.onboarding.draft import LONGEST_NAME
from pipelines.onboarding.look import look_at

ALIASES = "unit_aliases.csv"
COLUMNS = ["source", "alias", "unit_code"]
AND = {"et", "und", "y", "e"}  # beside `and` itself and `&`
NEAREST, ALIKE = 3, 0.6  # names told where none matches, and how alike (0 to 1) they must be
FEW = 20  # candidates among which the nearest are looked for: those that share the rarest words
Verdict = Literal["exact", "cleaned", "ambiguous", "none"]
Units = tuple[tuple[str, str], ...]  # (code, the name that told)


class NotMatchedError(Exception):
    """Why nothing can be proposed; str() is a sentence."""


@dataclass(frozen=True)
class Match:
    """One text of the unit column without a unit, in how many records it stands, and what it may mean.

    `units` is the one meant, the several an ambiguous text could mean, or the nearest.
    """

    text: str
    records: int
    verdict: Verdict
    units: Units = ()

    @property
    def code(self) -> str:
        """The unit meant, TODO where a person has to say."""
        return self.units[0][0] if self.verdict in {"exact", "cleaned"} else TODO


@dataclass(frozen=True)
class Matched:
    """`known` texts have a unit already; `hidden` ones may be about a person and are only counted."""

    source: str
    column: str
    known: int
    matches: tuple[Match, ...]
    hidden: int = 0

    def of(self, verdict: Verdict) -> tuple[Match, ...]:
        return tuple(match for match in self.matches if match.verdict == verdict)


def tidied(name: str) -> str:
    """A name without what nobody sees: no-break and repeated spaces, decomposed accents."""
    return " ".join(unicodedata.normalize("NFC", name).replace("\u200b", "").split())


def cleaned(name: str, ignored: Iterable[str] = ()) -> str:
    """A name as compared: no case, accents, punctuation; `&` is `and`; words of `ignored` left out.

    Apostrophes and full stops join (`St. Peter's` is `st peters`), any other mark parts words. "" means nothing.
    """
    plain = unicodedata.normalize("NFKD", name.replace("&", " and ")).casefold()
    plain = "".join(letter for letter in plain if not unicodedata.combining(letter))
    plain = re.sub(r"['’‘ʼ`´.\u200b]", "", plain)
    left_out = {word for text in ignored for word in cleaned(text).split()}
    words = ["and" if word in AND else word for word in re.findall(r"[^\W_]+", plain)]
    return " ".join(word for word in words if word not in left_out)


class Names:
    """Every name of the units of a home: codes, labels in both languages and over time, aliases of any source."""

    def __init__(self, home: Home, ignored: Sequence[str] = ()) -> None:
        self._ignored = ignored
        # by the name as written, as cleaned, and as cleaned without the ignored words: a name of each unit
        self._told: dict[str, dict[str, str]] = {}
        self._plain: dict[str, dict[str, str]] = {}
        self._cleaned: dict[str, dict[str, str]] = {}
        for unit in home.units:
            for name in (unit.name_en, unit.name_fr, unit.code):
                self._note(unit.code, tidied(name))
        for lines in home.aliases.values():
            for alias, code in lines.items():
                self._note(code, tidied(alias))
        self._sharing: dict[str, set[str]] = {}
        for name in self._cleaned:
            for word in name.split():
                self._sharing.setdefault(word, set()).add(name)

    def _note(self, code: str, name: str) -> None:
        keys = (name, cleaned(name), cleaned(name, self._ignored))
        for key, kept in zip(keys, (self._told, self._plain, self._cleaned), strict=True):
            if key:
                kept.setdefault(key, {}).setdefault(code, name)

    def meant(self, text: str) -> tuple[Verdict, Units]:
        """What a text means, and the units it names or resembles.

        A text that is one unit's name is still ambiguous when another unit's name differs by marks or case alone, and
        to be reviewed when it is a bare number, which each tool gives anew.
        """
        key = cleaned(text, self._ignored)
        told = self._told.get(tidied(text), {})
        plain = self._plain.get(cleaned(text), {}) | told
        if told and len(plain) == 1 and re.search(r"[^\W\d_]", text):
            return "exact", tuple(told.items())
        units = tuple(sorted((self._cleaned.get(key, {}) | plain).items()))
        if units:
            return ("cleaned" if len(units) == 1 else "ambiguous"), units
        return "none", self._nearest(key)

    def _nearest(self, key: str) -> Units:
        """The units of the names most alike, among those that share the rarest of its words."""
        sharing = sorted((self._sharing[word] for word in key.split() if word in self._sharing), key=len)
        candidates: set[str] = set() if sharing else set(self._cleaned)
        for names in sharing:
            if len(candidates) >= FEW:
                break
            candidates |= names
        near = difflib.get_close_matches(key, sorted(candidates), n=NEAREST, cutoff=ALIKE)
        return tuple({code: told for name in near for code, told in self._cleaned[name].items()}.items())


def source_of(home: Home, file: Path) -> str:
    """The one declared source that takes the file's name; NotMatchedError where none or several do."""
    mine = owners(home, file.name)
    if len(mine) != 1:
        told = f"{' and '.join(mine)} match" if mine else "no source matches"
        raise NotMatchedError(f"{told} the name {file.name}; say whose file it is with --source")
    return mine[0]


def match_units(
    home: Home, file: Path, source: str, column: str | None = None, ignored: Sequence[str] = ()
) -> Matched:
    """What each text of the unit column that is no alias of the source may mean, in the order of the alphabet.

    Raises NotMatchedError, or FileProblem where the file cannot be read.
    """
    declared = home.sources.get(source)
    kind, unit = (declared.kind, declared.keys.unit) if declared else _drafted(home, source)
    name = column or unit
    if kind == "ledger":
        raise NotMatchedError(f"{source} is a ledger: its lines find their unit by `to_unit:` of finance.yml")
    if name is None:
        why = "declares one unit for the whole file" if declared else "does not say its column of units yet"
        raise NotMatchedError(f"{source} {why}; name the column of the units with --column")
    counts = texts_of(file, source_spec(home, source) if declared else None, name)
    people = kind in {None, "responses"}
    aliases, names = {tidied(alias) for alias in home.aliases.get(source, {})}, Names(home, ignored)
    matches, known, hidden = [], 0, 0
    for text, records in sorted(counts.items()):
        if tidied(text) in aliases:
            known += 1
            continue
        verdict, units = names.meant(text)
        if verdict == "none" and _private(text, records, people):
            hidden += 1
        else:
            matches.append(Match(text, records, verdict, units))
    return Matched(source, name, known, tuple(matches), hidden)


def _drafted(home: Home, source: str) -> tuple[str | None, str | None]:
    """Kind and unit column of a source that still says TODO elsewhere; None where it does not tell, or is not there."""
    path = home.path / "declarations" / "sources" / f"{source}.yml"
    told = read_yaml(path, home.source_file(source)).value if path.exists() else {}
    keys = told.get("keys")
    found = (told.get("kind"), keys.get("unit") if isinstance(keys, dict) else None)
    kind, unit = (one if isinstance(one, str) and one != TODO else None for one in found)
    return kind, unit


def _private(text: str, records: int, people: bool) -> bool:
    """Whether a text that names no unit could be something about a person: such a one is neither shown nor written."""
    longest = LONGEST_CODE if people else LONGEST_NAME
    return len(text) > longest or bool(ADDRESS.search(text)) or (people and records < SHOWN)


def texts_of(file: Path, spec: SourceSpec | None, column: str) -> Counter[str]:
    """Records by text of one column, read as the declaration says, or as the file looks where there is none."""
    raw = file.read_bytes()
    if spec is None:
        looked = look_at(raw, file.name)
        found = looked.named(column)
        if found is None:
            there = ", ".join(quote(one.name) for one in looked.columns)
            raise NotMatchedError(f"{file.name} has no column {quote(column)}; it has {there}")
        return found.counts
    form = settled(raw, spec) if spec.format == "auto" else spec.format
    whole = partner_workbook.understood(raw, spec) if form == "partner_workbook" else spec
    alone = replace(
        whole, format=form, keys={"unit": column}, also=(), items=(), measures=(), facts=(), choices=(),
        segments={}, exclude={}, long=None, comments=(), drop=("*",),
    )  # fmt: skip
    grid, layout, _ = READERS[form](raw, alone)
    cells = coded(read_cells(grid, layout, alone)[0].columns[layout.keys["unit"]])
    sizes = np.bincount(cells.index, minlength=len(cells.texts) + 1).tolist()
    counts: Counter[str] = Counter()
    for text, records in zip(cells.texts, sizes[:-1], strict=True):
        if records and (told := tidied(text)):
            counts[told] += records
    return counts


# ---- told and written


def lines_of(found: Matched) -> Iterator[str]:
    """The table for a person: totals, then every text with what it may mean and why."""
    counts = Counter(match.verdict for match in found.matches)
    texts = found.known + found.hidden + len(found.matches)
    yield f"{found.source}, column {quote(found.column)}: {texts:,} texts, {found.known:,} with a unit already"
    told: dict[Verdict, str] = {
        "exact": "is a name of one unit",
        "cleaned": "is one but for case, accents, marks or ignored words, or is a bare number: to be confirmed",
        "ambiguous": "could mean several units: never chosen",
        "none": "resembles no name of a unit, or only from afar",
    }
    for verdict, what in told.items():
        yield f"  {verdict:<10} {counts[verdict]:>6,}  {what}"
    if found.hidden:
        yield f"  {found.hidden:,} more are too rare or too long to be shown, for they could be about a person"
    for verdict in told:
        for match in found.matches:
            if match.verdict == verdict and verdict != "exact":
                yield f"  {verdict}: {quote(match.text)} ({match.records:,} records) {_meaning(match)}"


def _meaning(match: Match) -> str:
    named = "; ".join(f"{code} {quote(name)}" for code, name in match.units)
    lead = {"cleaned": "as", "ambiguous": "among", "none": "nearest"}[match.verdict]
    return f"{lead} {named}" if named else "and no name is near"


def answers_of(found: Matched, accept_cleaned: bool = False) -> dict[str, str]:
    """The unit of each text, TODO where a person has to say: cleaned names are, unless accepted all at once."""
    return {
        match.text: match.code if match.verdict == "exact" or accept_cleaned else TODO
        for match in found.matches
    }


def write_aliases(home: Home, source: str, answers: Mapping[str, str]) -> tuple[int, int]:
    """Bring answers into unit_aliases.csv: TODO lines of the same text are answered, other texts get a line.

    Every other line stays as it is, and no answer is ever replaced. Returns how many lines were answered and added.
    """
    path = home.path / "declarations" / ALIASES
    raw = path.read_bytes() if path.exists() else (",".join(COLUMNS) + "\n").encode()
    mark = "utf-8-sig" if raw.startswith(b"\xef\xbb\xbf") else "utf-8"
    lines = io.StringIO(raw.decode(mark), newline="").readlines()
    header = [name.strip() for name in next(csv.reader(lines[:1]))]
    end = "\r\n" if lines[0].endswith("\r\n") else "\n"
    if not lines[-1].endswith(("\n", "\r")):
        lines[-1] += end
    asked, answered = set(), 0
    for last, row in read_csv(path, ALIASES, COLUMNS) if path.exists() else []:
        if (row["source"], row["unit_code"]) == (source, TODO):
            asked.add(alias := tidied(row["alias"]))
            whole = len(next(csv.reader([lines[last - 1]]))) == len(
                header
            )  # not the end of a text of two lines
            if whole and (code := answers.get(alias, TODO)) != TODO:
                lines[last - 1] = _line(header, {**row, "unit_code": code}, end)
                answered += 1
    more = {alias: code for alias, code in answers.items() if alias not in asked}
    lines += [
        _line(header, {"source": source, "alias": alias, "unit_code": code}, end)
        for alias, code in more.items()
    ]
    beside = path.with_name(f".{ALIASES}.new")
    beside.write_bytes("".join(lines).encode(mark))
    if path.exists():
        shutil.copymode(path, beside)
    os.replace(beside, path)
    return answered, len(more)


def _line(header: Sequence[str], row: Mapping[str, str], end: str) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator=end).writerow(row[name] for name in header)
    return out.getvalue()
