"""Questions with several answers: one cell that joins them, or one column per option.

Options may hold the separator ("Slack, Teams or Zoom"), so a cell is never split: it is read as a sequence of declared
options, the longest first. What is left over may be somebody's own words and is never quoted.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Sequence
from functools import lru_cache

from pipelines.ingest.columns import Fault
from pipelines.ingest.spec import ChoiceSpec

ANY, OTHER = "*", "other"
# What stands between a question and its option in the name of the option's own column, and what closes it.
GLUES = ((" - ", ""), (" [", "]"), ("[", "]"), ("_", ""), (" / ", ""), (": ", ""))
# In an option's own column anything says "ticked" but these: no, not shown, seen and not ticked.
UNTICKED = frozenset(
    {
        "0", "n", "no", "non", "nein", "false", "faux", "falsch", "n/a", "-99", "unchecked", "unselected",
        "not selected", "non coché",
    }
)  # fmt: skip
# Longer cells are prose; no list of options is so long.
LONGEST = 50_000

Verdict = tuple[list[str] | None, Fault | None]


def read_choice(spec: ChoiceSpec, column_name: str, texts: list[str]) -> list[Verdict]:
    """The options each distinct text of one column holds, in declared order; None for a blank cell.

    `column_name` tells the whole question ("Q2") from one option's own column ("Q2 - Phone", "Q2 [Phone]", "Q2_1"),
    where a filled cell is [option] and an explicit no is []. The answer of a question with a column per option is the
    lists of its columns put together, and null where all of them are None. With "*" among the options a remainder
    counts as "other"; else it is the fault `unknown_option`.
    """
    own = option_of(spec, column_name)
    if own is not None:
        return [(_ticked(own, text), None) for text in texts]
    return [_joined(spec, column_name, text) for text in texts]


def option_columns(spec: ChoiceSpec, names: Sequence[str], taken: Collection[int] = frozenset()) -> list[int]:
    """Where the question is: the position of its one column, else those of its options' columns; empty for neither.

    Columns headed by an option alone count where there are several and no other declaration has `taken` them.
    """
    wanted = {_plain(name) for name in (spec.column, *spec.aliases)}
    whole = [place for place, name in enumerate(names) if _plain(name) in wanted]
    if whole:
        return whole
    found = {place: _plain(name) for place, name in enumerate(names) if option_of(spec, name) is not None}
    options = {_plain(option) for option in spec.options}
    own = [place for place, name in found.items() if name not in options]
    alone = [place for place, name in found.items() if name in options and place not in taken]
    return own or (alone if len(alone) > 1 else [])


def option_of(spec: ChoiceSpec, column_name: str) -> str | None:
    """The option whose own column this is ("other" for an undeclared one where "*" is declared), else None."""
    name = _plain(column_name)
    options = {_plain(option): option for option in spec.options if option != ANY}
    for question in (spec.column, *spec.aliases):
        for glue, end in GLUES:
            start = _plain(question) + glue
            if not name.startswith(start) or not name.endswith(end) or len(name) == len(start + end):
                continue
            rest = name[len(start) : len(name) - len(end)]
            if rest in options:
                return options[rest]
            if ANY in spec.options and glue != "_":
                return OTHER
    return options.get(name)  # the option alone, as older forms of Typeform head its column


def _plain(text: str) -> str:
    return " ".join(unicodedata.normalize("NFC", text).split())


def _ticked(option: str, text: str) -> list[str] | None:
    word = _plain(text).lower()
    if not word:
        return None
    return [] if word in UNTICKED else [option]


def _joined(spec: ChoiceSpec, column: str, text: str) -> Verdict:
    body, between = _bare(text, spec.separator)
    if not body:
        return None, None
    options = {_plain(option): option for option in spec.options if option != ANY}
    found = _cover(body, between, options, ANY in spec.options) if len(body) <= LONGEST else None
    if found is None:
        return None, Fault(
            "unknown_option",
            column,
            f"options of choice {spec.code!r}, joined by {spec.separator!r}",
            f"add `- <the option as the tool writes it>` under `options:` of choice {spec.code}, "
            'or `- "*"` to count any other text as other',
        )
    return [option for option in dict.fromkeys([*options.values(), OTHER]) if option in found], None


def _bare(text: str, separator: str) -> tuple[str, re.Pattern[str]]:
    """The cell with single spaces and without separators at its ends (some tools write them), and what separates.

    Spaces beside the separator do not count, nor does an empty answer between two of them.
    """
    mark = separator.strip()
    if mark:
        once = re.escape(mark)
        return _plain(text).strip(f" {mark}" if len(mark) == 1 else " "), _pattern(f" ?{once}(?: ?{once})* ?")
    pieces = [_plain(piece) for piece in text.split(separator)]
    return separator.join(piece for piece in pieces if piece), _pattern(re.escape(separator))


_pattern = lru_cache(maxsize=64)(re.compile)


def _cover(body: str, between: re.Pattern[str], options: dict[str, str], free: bool) -> set[str] | None:
    """The options that cover the text from end to end with the fewest words of one's own; None where none do.

    Worked out from the last piece back, so that "A, B, C" is read as A and "B, C" where only those are declared.
    """
    gaps = list(between.finditer(body))
    starts = [0, *(gap.end() for gap in gaps)]
    ends = [*(gap.start() for gap in gaps), len(body)]
    follows = {end: place + 1 for place, end in enumerate(ends)}
    longest_first = sorted(options, key=len, reverse=True)
    # By piece, from the last back: own words from here on, the answer read here, the piece that comes next.
    best: dict[int, tuple[int, str, int]] = {len(starts): (0, OTHER, -1)}
    for place in range(len(starts) - 1, -1, -1):
        start = starts[place]
        ways = [
            (best[after][0], options[option], after)
            for option in longest_first
            if body.startswith(option, start) and (after := follows.get(start + len(option))) in best
        ]
        if free and place + 1 in best:
            ways.append((best[place + 1][0] + 1, OTHER, place + 1))
        if ways:
            best[place] = min(ways, key=lambda way: way[0])
    if 0 not in best:
        return None
    found, place = set(), 0
    while place < len(starts):
        _, answer, place = best[place]
        found.add(answer)
    return found
