"""Which column of the file is which declared thing; anything undeclared or absent holds the file, by name."""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from pipelines.ingest.model import FileProblem, Problem
from pipelines.ingest.spec import SourceSpec

LONGEST_NAME = 80
VALUE_LIKE = re.compile(r"[-+]?\d[\d.,:/ -]*%?|.*@.*\..*")


@dataclass(frozen=True)
class Conventions:
    """What a format knows by itself.

    `keys`: its names for the keys a declaration leaves out. `marks`: its own columns that tell finished or test
    responses, read where present. `known`: its other columns, which need no declaration and are not kept.
    `synonyms`: sets of names, lower case, that mean one same column.
    """

    keys: dict[str, str] = field(default_factory=dict)
    marks: dict[str, str] = field(default_factory=dict)
    known: re.Pattern[str] | None = None
    synonyms: tuple[frozenset[str], ...] = ()


@dataclass(frozen=True)
class Layout:
    """Column positions by code. `names` are the file's header names; `unnamed` are columns that must hold nothing."""

    names: list[str]
    keys: dict[str, int]
    items: dict[str, int]
    measures: dict[str, int]
    segments: dict[str, int]
    marks: dict[str, int]
    unnamed: list[int]


def tidy(name: str) -> str:
    """A header name without the accidents of typing: no-break spaces, line breaks, decomposed accents."""
    text = unicodedata.normalize("NFC", name).replace("\ufeff", "").replace("\u200b", "")
    return " ".join(text.split())


def matches_glob(name: str, pattern: str) -> bool:
    """`*` and `?` only: question codes such as `G0[AGE]` hold brackets that are not a set of letters."""
    if name == pattern:
        return True
    return (
        re.fullmatch(re.escape(pattern).replace(r"\*", ".*").replace(r"\?", "."), name, re.DOTALL) is not None
    )


class Matcher:
    """Finds declared names among columns that may each have several names, the surest kind first."""

    def __init__(self, levels: Sequence[Sequence[str]], conventions: Conventions) -> None:
        self.levels = [[tidy(name) for name in level] for level in levels]
        self.width = len(self.levels[0])
        self.conventions = conventions
        self.claimed: set[int] = set()
        self.problems: list[Problem] = []

    def find(self, wanted: Iterable[str]) -> int | None:
        """Position of the first of the wanted names that the file has; claims it."""
        for name in wanted:
            for candidate in self._spellings(tidy(name)):
                for level in self.levels:
                    places = [place for place, given in enumerate(level) if given == candidate]
                    if len(places) > 1:
                        self._duplicate(name, len(places))
                    if places:
                        self.claimed.add(places[0])
                        return places[0]
        return None

    def _spellings(self, name: str) -> list[str]:
        for synonyms in self.conventions.synonyms:
            if name.lower() in synonyms:
                present = [given for level in self.levels for given in level if given.lower() in synonyms]
                return [name, *present]
        return [name]

    def _duplicate(self, name: str, times: int) -> None:
        self.problems.append(
            Problem(
                None,
                None,
                name,
                "duplicate_column",
                f"one column named {quote(name)}",
                f"{times} columns of that name",
                "declare the column by a name that is its own, or rename one in the tool",
            )
        )

    def shown(self, place: int) -> str:
        """The surest name a column has."""
        return next((level[place] for level in self.levels if level[place]), "")

    def require(self, what: str, wanted: Sequence[str]) -> int | None:
        place = self.find(wanted)
        if place is None:
            self.problems.append(
                Problem(
                    None,
                    None,
                    wanted[0],
                    "missing_column",
                    f"{what} in column {quote(wanted[0])}",
                    "no such column",
                    f"add the file's name for {quote(wanted[0])} under aliases, or ask the owner of the source",
                )
            )
        return place


def resolve(
    levels: Sequence[Sequence[str]], spec: SourceSpec, conventions: Conventions, records: int
) -> Layout:
    """Match every declared column. Raises FileProblem (held) naming columns absent, twice there or undeclared.

    `levels` are the kinds of names columns have, the surest kind first, each as wide as the file; `records` is how many
    records the file holds.
    """
    matcher = Matcher(levels, conventions)
    layout = Layout(
        [matcher.shown(place) for place in range(matcher.width)],
        _found({key: matcher.require(f"key {key}", (column,)) for key, column in spec.keys.items()}),
        _found({i.code: matcher.require(f"item {i.code!r}", (i.column, *i.aliases)) for i in spec.items}),
        _found(
            {m.code: matcher.require(f"measure {m.code!r}", (m.column, *m.aliases)) for m in spec.measures}
        ),
        _found(
            {code: matcher.require(f"segment {code!r}", (column,)) for code, column in spec.segments.items()}
        ),
        _found({mark: matcher.find((column,)) for mark, column in conventions.marks.items()}),
        [place for place in range(matcher.width) if not matcher.shown(place)],
    )
    absent = [problem for problem in matcher.problems if problem.reason == "missing_column"]
    for key in conventions.keys.keys() - spec.keys.keys():
        place = matcher.find((conventions.keys[key],))
        if place is not None:
            layout.keys[key] = place
    undeclared = _undeclared(matcher, spec)
    if matcher.problems or undeclared:
        problem = _held(matcher, absent, undeclared)
        problem.records = records
        raise problem
    return layout


def _found(places: dict[str, int | None]) -> dict[str, int]:
    return {code: place for code, place in places.items() if place is not None}


def _undeclared(matcher: Matcher, spec: SourceSpec) -> list[str]:
    known = matcher.conventions.known
    names = []
    for place in range(matcher.width):
        given = [level[place] for level in matcher.levels if level[place]]
        if place in matcher.claimed or not given:
            continue
        if any(
            matches_glob(name, tidy(pattern)) for name in given for pattern in (*spec.drop, *spec.comments)
        ):
            continue
        if known and any(known.fullmatch(name) for name in given):
            continue
        names.append(given[0])
    return names


def _held(matcher: Matcher, absent: list[Problem], undeclared: list[str]) -> FileProblem:
    """One refusal for everything wrong with the header. A line that may hold answers is never quoted."""
    if not _is_header(matcher, len(absent)):
        return FileProblem(
            "header_not_recognised",
            expected="a header with " + _listed([problem.column or "" for problem in absent]),
            found="a first row without them",
            fix="check header_row and sheet in the declaration, or export the file with its header",
            status="held",
            problems=absent,
        )
    problems = [_with_hint(problem, undeclared) for problem in matcher.problems]
    problems += [
        Problem(None, None, name, "undeclared_column", "every column declared", quote(name), _yaml_line(name))
        for name in undeclared
    ]
    first = problems[0]
    same = [problem for problem in problems if problem.reason == first.reason]
    return FileProblem(
        first.reason,
        expected=first.expected,
        found=_listed([problem.column or "" for problem in same])
        if first.reason == "undeclared_column"
        else first.found,
        fix=first.fix + (f" ({len(problems) - 1} more columns to settle)" if len(problems) > 1 else ""),
        status="held",
        problems=problems,
    )


def _is_header(matcher: Matcher, absent: int) -> bool:
    """Whether the header row is one beyond doubt, so that its cells may be named in a message."""
    claimed = len(matcher.claimed)
    values = [name for level in matcher.levels[:1] for name in level if VALUE_LIKE.fullmatch(name)]
    return claimed > 0 and (claimed >= absent or not values)


def _with_hint(problem: Problem, undeclared: list[str]) -> Problem:
    close = difflib.get_close_matches(problem.column or "", undeclared, n=1)
    if problem.reason != "missing_column" or not close:
        return problem
    fix = f"add `aliases: [{quote(close[0])}]` if it is the same column, or ask the owner of the source"
    return replace(problem, found=f"no such column; it has {quote(close[0])}", fix=fix)


def _yaml_line(name: str) -> str:
    return (
        f"add {quote(name)} to `drop:` of the source, or `- {{code: ..., column: {quote(name)}}}` under items"
    )


def quote(name: str) -> str:
    """A header name as YAML text, cut to a readable length."""
    short = name if len(name) <= LONGEST_NAME else name[: LONGEST_NAME - 1] + "…"
    return '"' + short.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - 5} more" if len(names) > 5 else ""
    return ", ".join(quote(name) for name in names[:5]) + more
