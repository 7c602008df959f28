"""Who, which unit and when: the keys of an export."""

from __future__ import annotations

import re

from pipelines.onboarding.pool import Guess, Pool
from pipelines.onboarding.profile import Column
from pipelines.onboarding.words import (
    ACTUAL,
    CHANNEL,
    COUNT,
    COUNTERPARTY,
    LANGUAGE,
    PROMISED,
    RESPONDENT,
    RESPONSE,
    SUBMITTED,
    UNIT,
    WEIGHT,
    YEAR,
    fold,
    says,
    words_of,
)  # fmt: skip

LONGEST_UNIT_NAME = 5  # words: a longer header is a question
TOTALS = re.compile(
    r"^(?:.*\b(?:total|totals|benchmark|overall|all responses|grand total|ensemble|moyenne|average|median)\b.*"
    r"|note\b.*|source\b.*|\*.*|click here.*)$"
)


class Identity(Pool):
    """Finds the keys."""

    def keys(self, found: Guess) -> None:
        own = {key: column for key, name in self.look.keys.items() if (column := self.look.named(name))}
        plain = [column for column in self.columns if column.kind not in {"empty", "personal"}]
        if found.kind != "measures":
            unique = [
                one
                for one in plain
                if one.unique
                and (one.kind in {"identifier", "category", "number"} or says(RESPONSE, one.name))
            ]
            response = own.get("response") or self.best(RESPONSE, unique) or next(iter(unique), None)
            found.keys["response"] = response.name if response else "@record"
            self.take([response] if response else [])
        if found.kind == "responses":
            many = [
                one
                for one in self.free("identifier", "category", "number")
                if one.filled > 1 and one.distinct > 0.3 * one.filled
            ]
            self.key(found, "respondent", self.best(RESPONDENT, many))
            self.key(
                found,
                "language",
                own.get("language") or self.best(LANGUAGE, self.free("category", "scale", "verbal")),
            )
            self.key(found, "channel", own.get("channel") or self.best(CHANNEL, self.free("category")))
            numbers = self.free("number", "scale")
            self.key(found, "weight", self.best(WEIGHT, [one for one in numbers if one.filled == one.rows]))
        if found.kind == "events":
            self.key(
                found,
                "counterparty",
                self.best(
                    COUNTERPARTY, sorted(self.free("category", "choices"), key=lambda one: len(one.name))
                ),
            )
        if found.kind == "measures":
            counts = [column for column in self.free("number", "identifier") if says(COUNT, column.name)]
            plain_names = {"respondents", "responses", "n", "repondants", "base", "effectif"}
            whole = [one for one in counts if fold(one.name) in plain_names]
            # several counts are each another figure's: none is the whole record's
            self.key(found, "n", next(iter(whole or (counts if len(counts) < 4 else [])), None))
        found.submitted = own.get("submitted_at") or self.submitted(found)
        self.key(found, "submitted_at", found.submitted)
        if found.submitted is None:
            years = [
                one
                for one in self.free("category", "number", "scale")
                if says(YEAR, one.name) and one.distinct <= 60
            ]
            found.wave_column = next(
                (one for one in years if all(re.fullmatch(r"(19|20)\d\d.*", text) for text in one.counts)),
                None,
            )
            self.key(found, "wave", found.wave_column)

    def key(self, found: Guess, key: str, column: Column | None) -> None:
        if column is not None and column.place not in self.used:
            found.keys[key] = column.name
            self.take([column])

    def submitted(self, found: Guess) -> Column | None:
        dates = [
            column for column in self.columns if column.kind == "date" and column.filled >= 0.5 * column.rows
        ]
        if found.kind == "events":
            pairs = self.promises()
            return pairs[0][1] if pairs else next(iter(dates), None)
        late = re.compile(
            r"\b(submit\w*|soumis\w*|complet\w*|recorded ?date|end\w*|fin|horodat\w*|timestamp|answered ?at)\b"
        )
        return self.best(late, dates) or self.best(SUBMITTED, dates) or next(iter(dates), None)

    def promises(self) -> list[tuple[Column, Column]]:
        dates = [column for column in self.columns if column.kind == "date"]
        promised, actual = (
            self.best(PROMISED, dates),
            self.best(ACTUAL, [one for one in dates if not says(PROMISED, one.name)]),
        )
        return [(promised, actual)] if promised and actual else []

    def units(self, found: Guess) -> None:
        kinds = {"category", "identifier", "text", "choices"} if found.kind == "measures" else {"category"}
        scored: list[tuple[float, float, Column]] = []
        for column in self.free():
            if column.kind not in kinds or column.filled < 0.5 * column.rows:
                continue
            known = (
                sum(count for text, count in column.counts.items() if fold(text) in self.names)
                / column.filled
            )
            told = says(UNIT, column.name) and len(words_of(column.name).split()) <= LONGEST_UNIT_NAME
            if known < 0.3 and (not told or (column.missing and found.kind != "measures")):
                continue
            spread = column.distinct / column.filled if found.kind == "measures" else 0.0
            scored.append(
                (
                    known,
                    spread
                    + column.filled / column.rows
                    + (told and "code" in words_of(column.name) and column.filled == column.rows) * 0.1,
                    column,
                )
            )
        if (
            not scored and found.kind == "measures"
        ):  # a figure belongs to something: the first column of names
            first = [one for one in self.free(*kinds) if one.filled > 1 and one.distinct > 0.5 * one.filled]
            scored = [(0.0, 0.0, column) for column in first]
        if scored:
            scored.sort(key=lambda one: (-one[0], -one[1], one[2].place))
            found.unit_column = scored[0][2]
            found.unit_candidates = [column.name for _, _, column in scored[1:6]]
            found.keys["unit"] = found.unit_column.name
            self.take([found.unit_column])
            found.not_records = [
                text for text in found.unit_column.counts if TOTALS.match(fold(text)) and fold(text) not in self.names
            ] if found.kind == "measures" else []  # fmt: skip
