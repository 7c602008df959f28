"""Questions with several answers in one cell: the separator and the options, commas inside an option included."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import pairwise

SEPARATORS = (";", ", ", " / ", "/ ", " | ", "|")
MOST_OPTIONS, LONGEST_OPTION = 60, 120
PROSE = (".", "!", "?", "…")  # an option is no sentence: these are somebody's words
SHOWN = 3  # records a text needs to be written into a draft: rarer ones may be somebody's own words


@dataclass(frozen=True)
class Options:
    """`texts` are the options seen at least SHOWN times, most frequent first; `others` counts the answers left out."""

    separator: str
    texts: tuple[str, ...]
    others: int


def options_of(answers: Counter[str]) -> Options | None:
    """The options of a multi-select column, None where its cells are no lists of a few repeated texts."""
    best: Options | None = None
    for separator in SEPARATORS:
        found = _split(answers, separator)
        if found and (best is None or (found.others, len(found.texts)) < (best.others, len(best.texts))):
            best = found
    return best


def _split(answers: Counter[str], separator: str) -> Options | None:
    cells = [(_parts(text, separator), count) for text, count in answers.items()]
    # Microsoft Forms ends every option with one, and only where several may be ticked
    if not (separator == ";" and answers and all(text.rstrip().endswith(";") for text in answers)):
        several = sum(count for text, count in answers.items() if separator in text.strip(separator + " "))
        if several < max(2, 0.1 * answers.total()):
            return None
        cells = _joined(cells, separator)
        if sum(count for parts, count in cells if len(parts) > 1) < max(2, 0.1 * answers.total()):
            return None  # the separator only ever stood inside an option
    options: Counter[str] = Counter()
    for parts, count in cells:
        for part in parts:
            options[part] += count
    kept = [text for text, count in options.most_common() if count >= min(SHOWN, answers.total())]
    others = sum(count for text, count in options.items() if text not in kept)
    covered = options.total() - others
    short = all(len(text) <= LONGEST_OPTION and not text.endswith(PROSE) for text in kept)
    if not 2 <= len(kept) <= MOST_OPTIONS or not short or covered < 0.75 * options.total():
        return None
    return Options(separator, tuple(kept), others)


def _parts(text: str, separator: str) -> list[str]:
    """Cut outside brackets: `Binding voting (i.e., on chain), None` holds two options."""
    parts: list[str] = []
    depth_open = False
    for piece in text.split(separator):
        if depth_open:
            parts[-1] += separator + piece
        else:
            parts.append(piece)
        depth_open = parts[-1].count("(") > parts[-1].count(")")
    return [tidied for part in parts if (tidied := part.strip().strip(separator.strip()).strip())]


def _joined(cells: list[tuple[list[str], int]], separator: str) -> list[tuple[list[str], int]]:
    """Pieces that only ever stand one after the other are one option with the separator inside."""
    while True:
        alone: Counter[str] = Counter()
        pairs: Counter[tuple[str, str]] = Counter()
        for parts, count in cells:
            for part in parts:
                alone[part] += count
            for pair in pairwise(parts):
                pairs[pair] += count
        glued = next(
            (
                pair
                for pair, count in pairs.most_common()
                if count >= SHOWN and alone[pair[0]] == count == alone[pair[1]]
            ),
            None,
        )
        if glued is None:
            return cells
        cells = [(_glue(parts, glued, separator), count) for parts, count in cells]


def _glue(parts: list[str], pair: tuple[str, str], separator: str) -> list[str]:
    out: list[str] = []
    for part in parts:
        if out and (out[-1], part) == pair:
            out[-1] += separator + part
        else:
            out.append(part)
    return out
