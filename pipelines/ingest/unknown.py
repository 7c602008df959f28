"""Answers of a whole column that its declaration does not know: reworded labels, another language, another scale.

A stray text refuses its record; many of them say that the question changed, and then the file is held as one, with the
line to write. An answer is quoted only where it cannot be somebody's: a short label of a closed column, given by ten
people or more.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from pipelines.ingest.columns import Scale, read_scale
from pipelines.ingest.header import Layout, quote
from pipelines.ingest.language import language_of
from pipelines.ingest.model import FileProblem
from pipelines.ingest.numbers import parse
from pipelines.ingest.reading import Traits
from pipelines.ingest.scales import looks_like
from pipelines.ingest.spec import ItemSpec, SourceSpec
from pipelines.ingest.spool import Spool

MOST_UNREADABLE = 0.05  # of the answers to an item
FEWEST = 10  # answers, below which nothing is said of a label nor of a column
LONGEST_LABEL, CLOSED = 40, 12
LABEL = re.compile(r"[^@\d]*|[-+]?\d{1,3}(\s?[-–—.:)]\s?[^@\d]*)?")


class Strange(NamedTuple):
    """What one item's column holds besides its declared answers: how many of each unreadable text."""

    item: ItemSpec
    column: str
    texts: dict[str, int]


def refuse_unknown(spool: Spool, layout: Layout, spec: SourceSpec, traits: Traits) -> list[str]:
    """Warnings on scales that look like another. Raises FileProblem (held) where labels of items are not declared."""
    strange: list[Strange] = []
    warnings: list[str] = []
    for item in spec.items:
        place = layout.items.get(item.code)
        if place is None:
            continue
        texts, column = spool.texts(place), layout.names[place]
        scale = Scale(
            column, item.minimum, item.maximum, item.values, item.missing, traits.implied, None, None
        )
        verdicts = read_scale(scale, texts, spool.typed(place))
        reasons = {text: fault.reason for text, (_, _, fault) in zip(texts, verdicts, strict=False) if fault}
        if not reasons:
            continue
        counts = _counted(spool, place, texts)
        answered = sum(
            counts[text]
            for text, (_, why, _) in zip(texts, verdicts, strict=False)
            if not why and text.strip()
        )
        unreadable = {text: counts[text] for text, why in reasons.items() if why == "unreadable_answer"}
        if sum(unreadable.values()) >= max(FEWEST, MOST_UNREADABLE * answered):
            strange.append(Strange(item, column, unreadable))
        outside = sum(counts[text] for text, why in reasons.items() if why == "out_of_scale")
        if outside >= FEWEST and (told := _other_scale(item, column, counts, outside)):
            warnings.append(told)
    if strange:
        raise _held(strange)
    return warnings


def _counted(spool: Spool, place: int, texts: list[str]) -> dict[str, int]:
    """How many cells of the whole file hold each text."""
    total = np.zeros(len(texts), dtype=np.int64)
    for column in spool.column(place):
        for chunk in column.chunks:
            codes = chunk.indices.drop_null().to_numpy()
            total += np.bincount(codes, minlength=len(texts))[: len(texts)]
    return dict(zip(texts, total.tolist(), strict=True))


def _other_scale(item: ItemSpec, column: str, counts: Mapping[str, int], outside: int) -> str | None:
    """« column "Q1" looks like 1-10 where 1-5 is declared »; the range of a whole column is nobody's answer."""
    numbers: dict[float, int] = {}
    for text, count in counts.items():
        number = None if text in item.missing else parse(text.strip(), ".")
        if number is not None:
            numbers[number] = numbers.get(number, 0) + count
    found, low, high = looks_like(numbers), item.minimum, item.maximum
    if not found or low is None or high is None or found == f"{low:g}-{high:g}":
        return None
    return f"column {quote(column)} looks like {found} where {low:g}-{high:g} is declared ({outside} answers outside)"


def _held(strange: list[Strange]) -> FileProblem:
    first = strange[0]
    shown, hidden = _labels(_alike(strange))
    language = language_of([text for one in strange for text in _labels(one.texts)[0]])
    alike = f"; {len(strange) - 1} more items hold answers that are not declared" if len(strange) > 1 else ""
    found = ", ".join(map(quote, shown)) or f"{hidden} other texts, withheld"
    if shown and hidden:
        found += f" and {hidden} more, withheld"
    words = f" (they look {language})" if language else ""
    line = ", ".join(f"{quote(text)}: ..." for text in shown) or '"<text>": ...'
    return FileProblem(
        "unknown_answers",
        expected=f"the declared answers in column {quote(first.column)} of item {first.item.code!r}",
        found=f"{found}{words}{alike}",
        fix=f"add `values: {{{line}}}` to the item (to each that has these answers), or under its missing what is no"
        " answer, or export the file as it was before",
        status="held",
    )


def _alike(strange: list[Strange]) -> dict[str, int]:
    """The unknown texts of the first item and of those answered on the same labels: how often in one column, at most.

    Never their sum: one person may write the same words in every column.
    """
    pooled: dict[str, int] = {}
    for one in strange:
        if one.item.values == strange[0].item.values:
            for text, count in one.texts.items():
                pooled[text] = max(pooled.get(text, 0), count)
    return pooled if len(pooled) <= CLOSED else strange[0].texts


def _labels(texts: Mapping[str, int]) -> tuple[list[str], int]:
    """Labels that may be shown, and how many texts may not."""
    tidied: dict[str, int] = {}
    for text, count in texts.items():
        tidied[" ".join(text.split())] = tidied.get(" ".join(text.split()), 0) + count
    if len(tidied) > CLOSED:
        return [], len(tidied)
    shown = [
        text
        for text, count in tidied.items()
        if count >= FEWEST and len(text) <= LONGEST_LABEL and LABEL.fullmatch(text)
    ]
    return sorted(shown), len(tidied) - len(shown)
