"""Which column of the file is which declared thing; anything undeclared or absent holds the file, by name."""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from pipelines.ingest.choices import option_columns, option_of
from pipelines.ingest.language import language_of
from pipelines.ingest.model import FileProblem, Problem
from pipelines.ingest.spec import ChoiceSpec, SourceSpec

LONGEST_NAME = 80
SHOWN = 5
DROPPED, WORDS = -1, -2  # what a question of a long file is when it is none of an item's
CLEARLY = 0.05  # how much more alike a name must be than the next one
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
    """Column positions by code. `names` are the file's header names; `unnamed` are columns that must hold nothing.

    `choices` are a question's one column or its options' columns. `named` are the columns a declaration names outside
    keys, items and measures: parts of a composite key, columns to exclude by, to add, facts. `comments` are words.
    """

    names: list[str]
    keys: dict[str, int]
    items: dict[str, int]
    measures: dict[str, int]
    segments: dict[str, int]
    marks: dict[str, int]
    unnamed: list[int]
    choices: dict[str, dict[int, str]] = field(default_factory=dict)
    named: dict[str, int] = field(default_factory=dict)
    comments: list[int] = field(default_factory=list)


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

    def __init__(
        self,
        levels: Sequence[Sequence[str]],
        conventions: Conventions,
        renamed: Mapping[str, Sequence[str]] = MappingProxyType({}),
    ) -> None:
        self.levels = [[tidy(name) for name in level] for level in levels]
        self.width = len(self.levels[0])
        self.unnamed = [
            place for place in range(self.width) if not any(level[place] for level in self.levels)
        ]
        for place in self.unnamed:  # so that a declaration can name it
            self.levels[0][place] = f"column {place + 1}"
        self.conventions = conventions
        self.renamed = {tidy(name): others for name, others in renamed.items()}
        self.claimed: set[int] = set()
        self.problems: list[Problem] = []

    def find(self, wanted: Iterable[str]) -> int | None:
        """Position of the first of the wanted names that the file has; claims it."""
        for name in (other for one in wanted for other in (one, *self.renamed.get(tidy(one), ()))):
            for candidate in self._spellings(tidy(name)):
                for level in self.levels:
                    places = [place for place, given in enumerate(level) if given == candidate]
                    if len(places) > 1:
                        self.refuse_twice(name, len(places))
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

    def refuse_twice(self, name: str, times: int) -> None:
        """Note that a declared name is that of several columns."""
        one, found = f"one column named {quote(name)}", f"{times} columns of that name"
        fix = f"declare it as {quote(name + ' (1)')} or {quote(name + ' (2)')}, in the order of the file"
        self.problems.append(Problem(None, None, name, "duplicate_column", one, found, fix))

    def shown(self, place: int) -> str:
        """The surest name a column has."""
        return next((level[place] for level in self.levels if level[place]), "")

    def is_one_of(self, place: int, patterns: Iterable[str]) -> bool:
        """Whether a name of the column is that of one of the patterns."""
        given = [level[place] for level in self.levels if level[place]]
        return any(matches_glob(name, tidy(pattern)) for name in given for pattern in patterns)

    def require(self, what: str, wanted: Sequence[str]) -> int | None:
        place = self.find(wanted)
        if place is None:
            where, absent = f"{what} in column {quote(wanted[0])}", "no such column"
            fix = f"add {_other_name(what, wanted[0], '<its name in the file>')}, or {_unasked(what)}"
            self.problems.append(Problem(None, None, wanted[0], "missing_column", where, absent, fix))
        return place


_ASKED = ("item", "measure", "choice")  # what has aliases and waves of its own


def _other_name(what: str, declared: str, name: str) -> str:
    if what.startswith(_ASKED):
        return f"`aliases: [{quote(name)}]` to {what}"
    return f"`renamed: {{{quote(declared)}: [{quote(name)}]}}` to the source"


def _unasked(what: str) -> str:
    if what.startswith(_ASKED):
        return f"`waves: [<codes of the waves that ask it>]` on {what} where it is not asked any more"
    return "ask the owner of the source"


def resolve(
    levels: Sequence[Sequence[str]], spec: SourceSpec, conventions: Conventions, records: int
) -> Layout:
    """Match every declared column. Raises FileProblem (held) naming columns absent, twice there or undeclared.

    `levels` are the kinds of names columns have, the surest kind first, each as wide as the file; `records` is how many
    records the file holds.
    """
    matcher = Matcher(levels, conventions, spec.renamed)
    wide = replace(spec, items=(), measures=(), choices=()) if spec.long else spec
    names = [matcher.shown(place) for place in range(matcher.width)]
    layout = Layout(
        names,
        _found({key: matcher.require(f"key {key}", (column,)) for key, column in spec.keys.items()}),
        _found({i.code: matcher.require(f"item {i.code!r}", (i.column, *i.aliases)) for i in wide.items}),
        _found(
            {m.code: matcher.require(f"measure {m.code!r}", (m.column, *m.aliases)) for m in wide.measures}
        ),
        _found(
            {code: matcher.require(f"segment {code!r}", (column,)) for code, column in spec.segments.items()}
        ),
        _found({mark: matcher.find((column,)) for mark, column in conventions.marks.items()}),
        [],
        {choice.code: _choice(matcher, choice) for choice in wide.choices},
        _found({column: matcher.require(what, (column,)) for column, what in _named(spec).items()}),
    )
    absent = [problem for problem in matcher.problems if problem.reason == "missing_column"]
    for key in conventions.keys.keys() - spec.keys.keys():
        place = matcher.find((conventions.keys[key],))
        if place is not None:
            layout.keys[key] = place
    layout.unnamed.extend(place for place in matcher.unnamed if _is_unsettled(matcher, spec, place))
    layout.comments.extend(place for place in range(matcher.width) if _holds_words(matcher, spec, place))
    undeclared = _undeclared(matcher, spec)
    if matcher.problems or undeclared:
        problem = _held(matcher, absent, undeclared)
        problem.records = records
        raise problem
    return layout


def _found(places: dict[str, int | None]) -> dict[str, int]:
    return {code: place for code, place in places.items() if place is not None}


def _named(spec: SourceSpec) -> dict[str, str]:
    """Columns declared outside keys, items and measures, and what each is for."""
    wanted = dict.fromkeys(spec.also, "key response")
    wanted |= dict.fromkeys(spec.exclude, "exclude")
    wanted |= {column: f"measure {m.code!r}" for m in spec.measures for column in (*m.plus, m.n) if column}
    if spec.long:
        parts = (spec.long.question, spec.long.answer, spec.long.reason)
        wanted |= {column: "the long table" for column in parts if column}
    for fact in spec.facts:
        used = (fact.column, fact.promised, fact.actual)
        wanted |= {column: f"fact {fact.code!r}" for column in used if column}
    return wanted


def _choice(matcher: Matcher, choice: ChoiceSpec) -> dict[int, str]:
    """The column of a question with several answers, or the columns of its options, and the name each was known by."""
    for level in matcher.levels:
        places = option_columns(choice, level, matcher.claimed)
        if len(places) > 1 and option_of(choice, level[places[0]]) is None:
            matcher.refuse_twice(level[places[0]], len(places))
        if places:
            matcher.claimed.update(places)
            return {place: level[place] for place in places}
    matcher.require(f"choice {choice.code!r}", (choice.column, *choice.aliases))
    return {}


def questions_of(
    texts: Sequence[str], names: Mapping[str, Sequence[str]], spec: SourceSpec, records: int
) -> list[int]:
    """Which declared thing each distinct text of a long file's question column means, and a last one for no text.

    DROPPED is a question the declaration drops, WORDS one of comments. `names` are the texts of each code. Raises
    FileProblem (held): a question nobody declared, named because it is the instrument's wording; none declared at all,
    and then nothing is quoted.
    """
    meant = {tidy(name): place for place, given in enumerate(names.values()) for name in given}
    words = [tidy(pattern) for pattern in spec.comments]
    found = [
        meant.get(name := tidy(text), WORDS if any(matches_glob(name, one) for one in words) else DROPPED)
        for text in texts
    ]
    if texts and max(found) < 0:
        wanted = [given[0] for given in names.values()]
        raise FileProblem(
            "header_not_recognised",
            expected=f"questions such as {listed(wanted)} in column {quote(spec.long.question if spec.long else '')}",
            found="none of them",
            fix="correct `long: {question: ...}` in the source",
            status="held",
            records=records,
        )
    patterns = [tidy(pattern) for pattern in spec.drop]
    strangers = sorted(
        {tidy(text) for text, place in zip(texts, found, strict=True) if place == DROPPED and tidy(text)}
    )
    strangers = [name for name in strangers if not any(matches_glob(name, one) for one in patterns)]
    if strangers:
        what = "every question declared"
        problems = [
            Problem(None, None, name, "undeclared_column", what, quote(name), _yaml_line(name))
            for name in strangers
        ]
        more = f" ({len(strangers) - 1} more questions to settle)" if len(strangers) > 1 else ""
        raise FileProblem(
            "undeclared_column", expected=what, found=listed(strangers),
            fix=problems[0].fix + more, status="held", records=records, problems=problems,
        )  # fmt: skip
    return [*found, DROPPED]


def _is_unsettled(matcher: Matcher, spec: SourceSpec, place: int) -> bool:
    """Whether nothing says what becomes of a column."""
    given = [level[place] for level in matcher.levels if level[place]]
    if place in matcher.claimed or not given:
        return False
    known = matcher.conventions.known
    if known and any(known.fullmatch(name) for name in given):
        return False
    return not matcher.is_one_of(place, (*spec.drop, *spec.comments))


def _holds_words(matcher: Matcher, spec: SourceSpec, place: int) -> bool:
    """Whether a column is one of comments: declared so, and neither dropped nor read as something else."""
    free = place not in matcher.claimed and not matcher.is_one_of(place, spec.drop)
    return free and matcher.is_one_of(place, spec.comments)


def _undeclared(matcher: Matcher, spec: SourceSpec) -> list[str]:
    """Names of the columns nobody declared; those without a name are accidents unless they hold something."""
    return [
        matcher.shown(place)
        for place in sorted({*range(matcher.width)}.difference(matcher.unnamed))
        if _is_unsettled(matcher, spec, place)
    ]


def _held(matcher: Matcher, absent: list[Problem], undeclared: list[str]) -> FileProblem:
    """One refusal for everything wrong with the header. A line that may hold answers is never quoted."""
    if not _is_header(matcher, len(absent)):
        return FileProblem(
            "header_not_recognised",
            expected="a header with " + listed([problem.column or "" for problem in absent]),
            found="a first row without them",
            fix="check header_row and sheet in the declaration, or export the file with its header",
            status="held",
            problems=absent,
        )
    hints = _hints(absent, undeclared)
    problems = [_with_hint(problem, hints) for problem in matcher.problems]
    problems += [
        Problem(None, None, name, "undeclared_column", "every column declared", quote(name), _yaml_line(name))
        for name in undeclared
    ]
    first = problems[0]
    same = [problem.column or "" for problem in problems if problem.reason == first.reason]
    found = listed(same) if first.reason == "undeclared_column" else first.found
    language = language_of(undeclared) if len(absent) > 1 else None
    if language:
        found += f" (the columns it has instead look {language})"
    return FileProblem(
        first.reason,
        expected=first.expected,
        found=found,
        fix=_fixes(problems, hints),
        status="held",
        problems=problems,
    )


def _fixes(problems: list[Problem], hints: Mapping[str, str]) -> str:
    """What to write for each of the first columns; a column offered for an absent one is not told twice."""
    told = [problem for problem in problems if problem.column not in hints.values()]
    lines = [told[0].fix]
    for problem in told[1:SHOWN]:
        name = hints.get(problem.column or "") if problem.reason == "missing_column" else None
        what = problem.expected.split(" in column ")[0]
        lines.append(f"{_other_name(what, problem.column or '', name)}" if name else problem.fix)
    more = f" ({len(told) - SHOWN} more columns to settle)" if len(told) > SHOWN else ""
    return "; ".join(lines) + more


def _is_header(matcher: Matcher, absent: int) -> bool:
    """Whether the header row is one beyond doubt, so that its cells may be named in a message."""
    claimed = len(matcher.claimed)
    values = [name for level in matcher.levels[:1] for name in level if VALUE_LIKE.fullmatch(name)]
    return claimed > 0 and (claimed >= absent or not values)


def _hints(absent: list[Problem], undeclared: list[str]) -> dict[str, str]:
    """The column of the file that each absent one may be: the one spelt alike, else, of as many, the one in its place.

    A questionnaire in another language, or reworded, keeps its order.
    """
    left, hints = list(undeclared), {}
    for problem in absent:
        name = problem.column or ""
        close = [*difflib.get_close_matches(name, left, n=2), "", ""]
        first, second = (
            difflib.SequenceMatcher(None, name, one).ratio() if one else 0.0 for one in close[:2]
        )
        if first > second + CLEARLY:
            hints[name] = close[0]
            left.remove(close[0])
    others = [problem.column or "" for problem in absent if (problem.column or "") not in hints]
    if len(others) == len(left) and (len(others) > 1 or not hints):
        hints |= dict(zip(others, left, strict=True))
    return hints


def _with_hint(problem: Problem, hints: dict[str, str]) -> Problem:
    name = hints.get(problem.column or "")
    if problem.reason != "missing_column" or name is None:
        return problem
    what = problem.expected.split(" in column ")[0]
    line = _other_name(what, problem.column or "", name)
    fix = f"add {line} if it is the same column, or {_unasked(what)}"
    return replace(problem, found=f"no such column; it has {quote(name)}", fix=fix)


def _yaml_line(name: str) -> str:
    return (
        f"add {quote(name)} to `drop:` of the source, or `- {{code: ..., column: {quote(name)}}}` under items"
    )


def quote(name: str) -> str:
    """A header name as YAML text, cut to a readable length."""
    short = name if len(name) <= LONGEST_NAME else name[: LONGEST_NAME - 1] + "…"
    return '"' + short.replace("\\", "\\\\").replace('"', '\\"') + '"'


def listed(names: Sequence[str], most: int = SHOWN) -> str:
    """The first names in a sentence, and how many more there are; "" for none."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(quote(name) for name in names[:most]) + more
