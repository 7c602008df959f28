"""Which columns are questions: scales, batteries, multi-selects, rows of a long file."""

from __future__ import annotations

import re

from pipelines.onboarding.choices import SHOWN
from pipelines.onboarding.pool import Guess, Item, Pool
from pipelines.onboarding.profile import Column
from pipelines.onboarding.wording import Question, number
from pipelines.onboarding.words import (
    ANSWER,
    BATTERY,
    PERSON,
    QUESTION,
    RESPONDENT,
    RESPONSE,
    UNIT,
    family_of,
    fold,
    says,
    words_of,
)

RUN, FEWEST_POINTS = 3, 5  # neighbours of nearly the same points are a battery of questions
ALIKE = 0.7  # of two sets of points, for both to be one scale
DEMOGRAPHIC = re.compile(
    r"\b(age|sex|sexe|gender|genre|income|revenu|salary|country|pays|zip|postal|tenure|anciennete|education|diploma"
    r"|metier|job|band|grade|language|langue|lang|quota|strata|gate|airline|destination|purpose|method)\b"
)
OPTION = re.compile(r"(?P<question>.{3,}?)(?: - (?P<option>.+)| ?\[(?P<bracket>[^\]]+)\])")


class Scales(Pool):
    """Finds items and choices."""

    def long(self, found: Guess) -> None:
        """A row per answer: a column of a few repeated questions beside their own column of numbers."""
        asked = [
            one
            for one in self.free("category", "text")
            if says(QUESTION, one.name) and 2 <= one.distinct <= 0.34 * one.filled
        ]
        given = [one for one in self.free("scale", "number", "verbal") if says(ANSWER, one.name)]
        if not asked or not given:
            return
        question = next((one for one in asked if not one.name.lower().endswith("text")), asked[0])
        answer = min(
            self.free(), key=lambda one: (not says(ANSWER, one.name), _apart(one.name, question.name))
        )
        if answer not in given or answer is question:
            return  # the answers to these questions are words
        found.long = (question, answer)
        self.take([question, answer])
        self.several_rows(found)
        texts = [text for text, count in question.counts.most_common(200) if count >= SHOWN]
        found.items = [
            Item(answer, answer.points, answer.values, answer.missing, self.asked(text), named=text)
            for text in sorted(texts)
        ]

    def several_rows(self, found: Guess) -> None:
        """A response is several rows of a long file: what tells every row from the others is an answer's."""
        spoken = {*found.keys.values()} - {found.keys.get("response"), found.keys.get("respondent")}
        many = [
            one
            for one in self.columns
            if 1 < one.distinct < one.filled == one.rows and one.name not in spoken
        ]
        many = [one for one in many if one.kind in {"identifier", "category", "number"} and not one.twice]
        own = self.best(RESPONSE, [one for one in many if not says(RESPONDENT, one.name)]) or next(
            (one for one in many if one.name == found.keys.get("respondent")), None
        )
        found.keys["response"] = own.name if own else "TODO"
        self.take([own] if own else [])

    def multiple(self, found: Guess) -> None:
        told: dict[int, list[Column]] = {}
        for column in self.free():
            question = self.asked(*column.names)
            if question and question.multiple and question.options:
                told.setdefault(id(question), []).append(column)
        for columns in told.values():
            question = self.asked(*columns[0].names)
            if question is not None and len(columns) == 1:
                labels = tuple(next(iter(one.labels.values()), one.code) for one in question.options)
                separator = columns[0].options.separator if columns[0].options else ", "
                found.choices.append((columns[0], labels, separator, question))
                self.take(columns)
        self.ticks(found)
        for column in self.free("choices"):
            if column.options and not says(UNIT, column.name):
                found.choices.append(
                    (column, column.options.texts, column.options.separator, self.asked(*column.names))
                )
                self.take([column])

    def ticks(self, found: Guess) -> None:
        """Columns headed `question - option` or `question [option]` that are filled or not: one column per option."""
        groups: dict[str, list[tuple[Column, str]]] = {}
        for column in self.free():
            parts = next((match for name in column.names if (match := OPTION.fullmatch(name))), None)
            question = self.asked(*column.names)
            ticked = column.distinct <= 1 or column.kind == "flag"
            if parts and (
                question.multiple if question else ticked and column.kind not in {"personal", "text"}
            ):
                groups.setdefault(parts["question"], []).append((column, parts["option"] or parts["bracket"]))
        for asked, members in groups.items():
            partly = any(0 < column.filled < column.rows for column, _ in members)
            if len(members) >= 2 and partly and len({option for _, option in members}) == len(members):
                found.ticked[asked] = [option for _, option in members]
                self.take(column for column, _ in members)

    def items(self) -> list[Item]:
        scales = [
            column
            for column in self.free()
            if column.kind in {"scale", "verbal"} or self.asked(*column.names)
        ]
        battery = self.battery()
        found = []
        for column in scales:
            question = self.asked(*column.names)
            if question and (question.open or question.multiple):
                continue
            if says(PERSON, column.name) and not question:
                continue
            if question and (item := self.told(column, question)):
                found.append(item)
            elif column.kind == "verbal" and not says(DEMOGRAPHIC, column.name):
                found.append(
                    Item(column, (), column.values, column.missing, question, 1.0, float(column.steps))
                )
            elif column.kind == "scale" and (
                column.place in battery or self.reads_like_one(column) or self.of_an_array(column)
            ):
                found.append(Item(column, column.points, column.values, column.missing, question))
        return found

    def told(self, column: Column, question: Question) -> Item | None:
        """An item whose scale the questionnaire gives."""
        if question.numeric:
            low, high = question.numeric
            return Item(
                column,
                column.points,
                {},
                column.missing,
                question,
                low,
                high,
                "recommend" if high == 10 else None,
            )
        if len(question.options) < 2 or column.kind in {"personal", "date"}:
            return None
        languages = {language for option in question.options for language in option.labels}
        told = [{option.labels.get(one, ""): 1 for option in question.options} for one in languages]
        values, missing = question.scale(labelled=self.labelled(column, question))
        ordered = question.array or any(family_of(texts) for texts in told) or column.place in self.battery()
        plain = sorted(set(values.values())) == [
            float(point)
            for point in range(
                int(min(values.values(), default=0)), int(max(values.values(), default=-1)) + 1
            )
        ]
        if len(set(values.values())) < 2 or not (ordered or (plain and self.reads_like_one(column))):
            return None
        kept = {} if all(number(text) == value for text, value in values.items()) else values
        return Item(
            column,
            column.points,
            kept,
            {**column.missing, **missing},
            question,
            min(values.values()),
            max(values.values()),
        )

    def labelled(self, column: Column, question: Question) -> bool:
        codes = {option.code for option in question.options}
        return bool(column.counts) and not any(text in codes for text in column.counts)

    def battery(self) -> set[int]:
        """Places of neighbouring columns that share one set of at least five points."""
        found: set[int] = set()
        run: list[Column] = []
        for column in [*[one for one in self.columns if one.kind != "empty"], None]:
            if column and column.kind == "scale" and run and _alike(column.points, run[-1].points):
                run.append(column)
                continue
            if len(run) >= RUN and max(len(one.points) for one in run) >= FEWEST_POINTS:
                found |= {one.place for one in run}
            run = [column] if column and column.kind == "scale" and not says(DEMOGRAPHIC, column.name) else []
        return found

    def of_an_array(self, column: Column) -> bool:
        """Codes such as A1..A5 under `G1[SQ001]`: LimeSurvey's rows of an array."""
        return bool(column.values) and column.name.endswith("]") and not says(DEMOGRAPHIC, column.name)

    def reads_like_one(self, column: Column) -> bool:
        bare = re.sub(r"(?i)^q\d+(?:[a-z]_)?_?", "", column.name)
        named = any(
            says(BATTERY, text) or says(ANSWER, text) for text in (column.name, column.title, bare)
        ) or bool(re.search(r"rate$|netpro|nps", fold(bare)))
        return len(column.points) >= 4 and named and not says(DEMOGRAPHIC, column.name)


def _alike(one: tuple[float, ...], other: tuple[float, ...]) -> bool:
    return (
        bool(one and other)
        and one[-1] == other[-1]
        and len({*one} & {*other}) >= ALIKE * len({*one} | {*other})
    )


def _apart(answer: str, question: str) -> int:
    """How many words an answer's header has that its question's has not, ANSWER's own words aside."""
    asked = set(words_of(question).split())
    return len(
        [word for word in words_of(answer).split() if word not in asked and not ANSWER.fullmatch(word)]
    )
