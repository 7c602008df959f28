"""What a draft may say of an export: its kind, keys, items, measures, facts, and what is left out.

Only what the file or its questionnaire shows. Meaning (scale, polarity, dimension, stakeholder) is left open.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from pipelines.onboarding.identity import Identity
from pipelines.onboarding.look import Look
from pipelines.onboarding.pool import Guess, Item, Kind
from pipelines.onboarding.profile import Column
from pipelines.onboarding.scales import Scales
from pipelines.onboarding.wording import Wording
from pipelines.onboarding.words import COMMENT, COUNT, PERSON, family_of, says, words_of

STATUS = re.compile(
    r"\b(status|finished|progress|duration|start ?date|lastpage|seed|interviewtime|collector ?id|network ?id|ttc)\b"
)


def guess(look: Look, wording: Wording | None, names: Mapping[str, str], kind: Kind | None = None) -> Guess:
    """Read a look. `names` are the home's units by folded code, name or alias; `kind` is what a person said."""
    return _Guesser(look, wording, names).guess(kind)


class _Guesser(Scales, Identity):
    """The whole guess, from the surest to the least."""

    def guess(self, kind: Kind | None) -> Guess:
        if kind == "ledger" or (kind is None and self.look.format in {"fec", "pnl"}):
            return Guess("ledger")
        found = Guess(kind or self.kind())
        self.keys(found)
        self.units(found)
        if found.kind == "events":
            found.facts = self.promises()
            self.take(column for pair in found.facts for column in pair)
        elif found.kind == "measures":
            found.measures = [column for column in self.free() if self.is_measure(column)]
            self.take(found.measures)
            if self.look.alike:
                self.sheets(found)
        else:
            self.long(found)
            self.multiple(found)
            found.items += self.items()
            # too few records to tell a scale from a code
            codes = [] if found.items else [one for one in self.free("scale") if not says(STATUS, one.name)]
            found.items += [Item(column, column.points, column.values, column.missing) for column in codes]
            self.take(item.column for item in found.items)
        self.dates(found)
        self.leave(found)
        return found

    def kind(self) -> Kind:
        percents = [column for column in self.columns if column.kind == "percent"]
        if percents and len(percents) >= len(self.items()):
            return "measures"
        figures = [column for column in self.columns if self.is_measure(column)]
        named = [
            column
            for column in self.columns
            if column.kind in {"text", "category"}
            and column.filled > 1
            and column.distinct > 0.9 * column.filled
        ]
        filled = [column for column in self.columns if column.kind != "empty"]
        if named and not self.items() and (len(figures) > 0.5 * len(filled) or (figures and self.look.alike)):
            return "measures"
        if self.promises() and not self.wording:
            return "events"
        return "responses"

    def is_measure(self, column: Column) -> bool:
        """A percent, or a figure from 0 to 100 among percents; where there is no percent at all, any decimal figure."""
        if column.kind == "percent":
            return True
        low, high = column.bounds
        if column.kind == "number" and not (low.is_integer() and high.is_integer()) and self.no_percent:
            return True
        count = says(COUNT, column.name) or re.search(
            r"\b(total|base|sum|nombre|number)\b", words_of(column.name)
        )
        return column.kind == "number" and not count and low >= 0 and 1 < high <= 100 and column.distinct > 5

    def sheets(self, found: Guess) -> None:
        """A question a sheet, a column an answer: the positive ones are the figure."""
        family = family_of({column.name: 1 for column in found.measures})
        if not found.measures:
            return
        ranks = family[0] if family else {}
        middle = (1 + family[1]) / 2 if family else 0.0
        positive = [
            column for column in found.measures if ranks.get(column.name, 0) > middle
        ] or found.measures[:1]
        positive.sort(key=lambda column: -ranks.get(column.name, 0))
        found.answer, found.asked = (positive[0], positive[1:]), self.look.alike
        found.left["other answers of each question"] = [one for one in found.measures if one not in positive]
        found.measures = []

    def dates(self, found: Guess) -> None:
        used = [found.submitted] if found.submitted else []
        used += [column for pair in found.facts for column in pair]
        found.time_formats = tuple(dict.fromkeys(form for column in used for form in column.formats))

    def leave(self, found: Guess) -> None:
        """Every column that is left: comments are kept apart, a person's details and the rest are dropped."""
        for column in [*self.free(), *(one for one in self.columns if one.twice)]:
            question = self.asked(*column.names)
            free_text = column.kind == "text" or (question is not None and question.open)
            if column.kind == "personal" or (
                says(PERSON, column.name) and column.kind not in {"scale", "verbal", "flag"}
            ):
                why = "personal details: never kept"
            elif found.kind == "responses" and (
                free_text or (says(COMMENT, column.name) and column.kind == "category")
            ):
                found.comments.append(column)
                continue
            else:
                why = _why(column, found.kind)
            found.left.setdefault(why, []).append(column)


def _why(column: Column, kind: Kind) -> str:
    if column.kind == "empty":
        return "empty in this file"
    if column.twice:
        return "several columns of one name: to keep one, give it a name of its own in the tool"
    if says(STATUS, column.name):
        return "the tool's own columns"
    if column.kind == "identifier":
        return "identifiers that nothing needs"
    if column.kind == "date":
        return "other dates"
    if kind == "responses" and column.kind == "scale":
        return "small whole numbers, codes by the look of them: if one is a scale, make it an item"
    if kind == "responses" and column.kind in {"category", "flag", "verbal", "choices"}:
        return "categories: one that matters to compare groups goes under `segments: {<code>: <column>}`"
    return "not used"
