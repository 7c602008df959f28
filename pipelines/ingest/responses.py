"""The table of responses: one row per respondent, one column per item and per question with several answers."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from pipelines.ingest.choices import read_choice
from pipelines.ingest.columns import Scale, coded, tidy_texts
from pipelines.ingest.grid import TEXT
from pipelines.ingest.keys import (
    BETWEEN,
    excluded,
    moments,
    plain,
    refuse_undated,
    respondents,
    response_ids,
    units,
    wave_codes,
    weights,
)
from pipelines.ingest.reading import ColumnRead, Reading, Traits, read_column
from pipelines.ingest.spec import ChoiceSpec, ItemSpec
from pipelines.ingest.stored import Data
from pipelines.verbatims import NO_CODES, Analyser, Codes, analyser_for

CHOICES = pa.list_(TEXT)
Ticked = list[str] | None


def responses(reading: Reading, wave_code: str | None, raw: Data) -> tuple[pa.Table, None]:
    """One row per record of the file."""
    spec, rows = reading.spec, reading.rows
    complete, test = np.ones(rows, dtype=bool), np.zeros(rows, dtype=bool)
    if reading.traits.flags:
        marks = {mark: reading.cells.columns[place] for mark, place in reading.layout.marks.items()}
        complete, test = reading.traits.flags(marks, rows)
    test |= excluded(reading)
    answered = moments(reading)
    columns: dict[str, pa.Array | pa.ChunkedArray] = {
        "record_number": pa.array(reading.cells.numbers, pa.int32()),
        "response_id": response_ids(reading, raw),
        "respondent_id": respondents(reading),
        "unit_code": units(reading),
        "wave_code": wave_codes(reading, wave_code),
        "submitted_at": answered.utc.to_arrow().cast(pa.timestamp("us")),
        "submitted_date": answered.local.to_arrow().cast(pa.date32()),
        "language_code": plain(reading, "language"),
        "channel_code": plain(reading, "channel"),
        "counterparty_code": plain(reading, "counterparty"),
        "weight": weights(reading),
        "is_complete": pa.array(complete),
        "is_test": pa.array(test),
    }
    if spec.waves is None:
        refuse_undated(reading, answered, complete & ~test)
    for code, place in reading.layout.segments.items():
        column = coded(reading.cells.columns[place])
        columns[f"segment_{code}"] = column.spread_text(tidy_texts(column))
    reading.traits = reading.whole.once("traits", lambda: _settled(reading))
    columns |= _items(reading)
    columns |= {f"choice_{choice.code}": _choice(reading, choice) for choice in spec.choices}
    if spec.comments:
        columns |= _comments(reading)
    return pa.table(columns), None


def _settled(reading: Reading) -> Traits:
    """Whether this very file tells the reasons of missing answers apart.

    A code of the format for "seen, not answered" says that the empty cells were not shown. Without a single null, a
    writer that could have told nulls from blanks has not.
    """
    places, traits = reading.layout.items.values(), reading.traits
    seen = [code for code, reason in traits.implied.items() if reason == "seen_unanswered"]
    if seen:
        coding = any(code in reading.whole.texts(place) for place in places for code in seen)
        return (
            replace(traits, null_reason="not_shown", blank_reason="not_shown", tells_reasons=True)
            if coding
            else traits
        )
    return replace(traits, tells_reasons=traits.tells_reasons and any(map(reading.whole.has_null, places)))


def _items(reading: Reading) -> dict[str, pa.Array]:
    """A column of numbers per item, and one of reasons where this file tells them apart."""
    traits, layout = reading.traits, reading.layout

    def read(item: ItemSpec) -> ColumnRead:
        place = layout.items[item.code]
        scale = Scale(
            layout.names[place], item.minimum, item.maximum, item.values, item.missing, traits.implied,
            traits.null_reason, traits.blank_reason,
        )  # fmt: skip
        return read_column(reading, place, scale, reasons=traits.tells_reasons or bool(item.missing))

    columns: dict[str, pa.Array] = {}
    with ThreadPoolExecutor(2) as pool:
        for item, found in zip(reading.spec.items, pool.map(read, reading.spec.items), strict=True):
            reading.faults.spread(found.faults, found.places)
            columns[item.code] = found.values
            if found.reasons is not None:
                columns[f"{item.code}__why"] = found.reasons
    return columns


def _choice(reading: Reading, choice: ChoiceSpec) -> pa.Array:
    """The options each record ticked, over the one or several columns of the question; null where it says nothing."""
    answers: list[Ticked] = [None]
    index = np.zeros(reading.rows, dtype=np.int64)
    for place, name in reading.layout.choices[choice.code].items():
        column = coded(reading.cells.columns[place])
        read = partial(read_choice, choice, name, column.texts)
        verdicts = reading.whole.once((place, choice.code), read)
        reading.faults.spread([*(fault for _, fault in verdicts), None], column.index)
        own: list[Ticked] = [*(found for found, _ in verdicts), None]
        pairs, index = np.unique(index * len(own) + column.index, return_inverse=True)
        answers = [_together(answers[pair // len(own)], own[pair % len(own)]) for pair in pairs.tolist()]
    order = {option: place for place, option in enumerate(choice.options)}
    lists = [
        None if one is None else sorted(set(one), key=lambda option: (order.get(option, len(order)), option))
        for one in answers
    ]
    return pa.array(lists, CHOICES).take(pa.array(index))


def _together(left: Ticked, right: Ticked) -> Ticked:
    """Answers of two columns of one question: a null says nothing."""
    if left is None or right is None:
        return right if left is None else left
    return [*left, *right]


def _comments(reading: Reading) -> dict[str, pa.Array]:
    """What the comments of each record say, as codes; each distinct text of the file is read once and goes no further.

    All null where the file has no column of comments; a count of 0 where it has, and nothing was written.
    """
    analyser = analyser_for(reading.spec.verbatims)
    kept, index = [NO_CODES], np.zeros(reading.rows, dtype=np.int64)
    for place in reading.layout.comments:
        told = reading.whole.once(("comments", place), partial(_read_once, analyser, reading, place))
        at = reading.cells.columns[place].chunk(0).indices.fill_null(len(told.which) - 1).to_numpy()
        pairs, index = np.unique(index * len(told.codes) + told.which[at], return_inverse=True)
        kept = [
            analyser.together(kept[pair // len(told.codes)], told.codes[pair % len(told.codes)])
            for pair in pairs.tolist()
        ]
    asked = bool(reading.layout.comments)
    columns = (
        ("comment_language", TEXT, [one.language for one in kept]),
        ("comment_tone", pa.int32(), [one.tone for one in kept]),
        ("comment_themes", CHOICES, [one.themes for one in kept]),
        ("comment_count", pa.int32(), [one.number if asked else None for one in kept]),
    )
    return {name: pa.array(values, kind).take(pa.array(index)) for name, kind, values in columns}


class _Told(NamedTuple):
    """What a column's comments say: the different codes, and which each distinct text has (the last is no text)."""

    codes: list[Codes]
    which: np.ndarray


def _read_once(analyser: Analyser, reading: Reading, place: int) -> _Told:
    places: dict[Codes, int] = {}
    texts = [*reading.whole.texts(place), ""]
    index = [places.setdefault(analyser.codes(text.split(BETWEEN)), len(places)) for text in texts]
    return _Told(list(places), np.array(index, dtype=np.int64))
