"""JSON as a Grid: one row per record, one column per member, those of objects inside under dotted names.

A member that is absent is null, one that is null is "": the two are told apart as in a CSV that quotes. A list of
plain values is one cell, joined by ", "; a list of objects is not a value, and stands as "[list]".
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
import pyarrow as pa

from pipelines.ingest.grid import CODED, Cells
from pipelines.ingest.json_scan import DEEPEST, TWICE, Number, Records, too_deep
from pipelines.ingest.model import WITHHELD, FileProblem, Problem
from pipelines.ingest.spec import ChoiceSpec, ItemSpec, MeasureSpec, SourceSpec
from pipelines.ingest.stored import LARGEST_JSON, Data
from pipelines.ingest.text import read_text

MOST_COLUMNS = 5_000
MOST_VALUES = 6_000_000
ABSENT = -1
JOIN = ", "
LIST = "[list]"
Shape = Callable[[dict[str, Any]], dict[str, Any]]


def is_json(raw: Data, declared: bool = False) -> bool:
    """Whether a text file starts as JSON does; a CSV header may start with a bracket, not with what follows it.

    With `declared` (the source says where the records are) a bracket is enough.
    """
    head = raw[:256]
    for mark, name in ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be")):
        if head.startswith(mark):
            head = head[len(mark) :].decode(name, "ignore").encode()
            break
    head = b"".join(head.split())[:2]
    if declared:
        return head[:1] in (b"{", b"[")
    return head in (b'{"', b"{}", b"{", b"[{", b"[[", b"[]", b"[")


def _refuse_large(raw: Data) -> None:
    """What would take more than a gigabyte as Python values: too many bytes, or too many values in few of them."""
    found = f"{len(raw) >> 20} MB"
    if len(raw) <= LARGEST_JSON:
        values = sum(raw[:].count(mark) for mark in (b",", b"[", b"{"))
        if values <= MOST_VALUES:
            return
        found = f"about {values} in {found}"
    raise FileProblem(
        "too_large",
        expected=f"at most {LARGEST_JSON >> 20} MB of JSON and {MOST_VALUES} values",
        found=found,
        fix="send it in several files, or as CSV",
    )


class JsonGrid:
    """The records of a JSON file. `shape` turns a record of one tool into plain members before they are flattened."""

    delimiter: str | None = None
    quotes_header = True

    def __init__(
        self, raw: Data, spec: SourceSpec, records: str | None = None, shape: Shape | None = None
    ) -> None:
        _refuse_large(raw)
        text = read_text(raw)
        self.encoding, self.warnings = text.encoding, list(text.warnings)
        self._columns: dict[str, _Column] = {}
        self._problems: list[Problem] = []
        self._numbers = array("q")
        path = spec.records if spec.records is not None else records or ""
        found = Records(text.data[:].decode(), path)
        self._read(found, shape)
        self.records = found.given
        if found.given != found.counted:
            raise FileProblem(
                "count_mismatch",
                expected=f"{found.counted} records, counted in the text",
                found=f"{found.given} read",
                fix="export the file again",
                records=found.counted,
            )
        if not self.records:
            raise FileProblem(
                "no_records",
                expected="records",
                found="an empty list",
                fix="export the file again once it holds answers",
            )
        declared = _declared(spec)
        if not self._numbers:  # every record is refused: the columns are those it should have had
            self._columns = {name: _Column() for name in declared}
        self._settle_absent(declared)
        if shape:
            self._add_unanswered(spec)
        self.headers = [list(self._columns)]

    def _read(self, found: Records, shape: Shape | None) -> None:
        for number, record in enumerate(found, start=1):
            if not isinstance(record, dict):
                self._refuse(number, "not_a_record", "an object", "export the file again from the tool")
                continue
            try:
                members = dict(_members(shape(record) if shape else record))
            except _Refused as problem:
                self._refuse(number, problem.reason, problem.expected, problem.fix)
                continue
            row = len(self._numbers)
            for name, text in members.items():
                if name not in self._columns:
                    self._refuse_wide(found.given)
                    self._columns[name] = _Column()
                self._columns[name].put(row, text)
            self._numbers.append(number)

    def _refuse(self, number: int, reason: str, expected: str, fix: str) -> None:
        self._problems.append(Problem(number, number, None, reason, expected, WITHHELD, fix))

    def _refuse_wide(self, records: int) -> None:
        if len(self._columns) >= MOST_COLUMNS:
            raise FileProblem(
                "too_wide",
                expected=f"at most {MOST_COLUMNS} different members",
                found="more, as when answers are stored under people's names or numbers",
                fix="set `records:` in the source to the list of records",
                records=records,
            )

    def _settle_absent(self, declared: set[str]) -> None:
        """An object that is null on the whole page has no members to see: those the declaration names are empty."""
        for name in [name for name, column in self._columns.items() if column.is_empty()]:
            within = [one for one in declared if one.startswith(f"{name}.")]
            for one in within:
                self._columns.setdefault(one, _Column())
            if within or any(other.startswith(f"{name}.") for other in self._columns):
                del self._columns[name]

    def _add_unanswered(self, spec: SourceSpec) -> None:
        """A tool that writes only what was answered has no column for a question nobody answered on this page."""
        asked: list[ItemSpec | ChoiceSpec] = [*spec.items, *spec.choices]
        questions = [(one.column, *one.aliases) for one in asked]
        unanswered = [names for names in questions if not self._columns.keys() & set(names)]
        if len(unanswered) < len(questions):
            for names in unanswered:
                self._columns[names[0]] = _Column()

    def read(self, wanted: Mapping[int, pa.DataType]) -> Cells:
        """The wanted columns, a row per record that is one."""
        names, rows = self.headers[0], len(self._numbers)
        columns = {place: self._columns[names[place]].texts(rows, kind) for place, kind in wanted.items()}
        typed = {place: frozenset(self._columns[names[place]].numbers) for place in wanted}
        return Cells(columns, np.array(self._numbers, dtype=np.int64), list(self._problems), typed)

    def lines(self, records: np.ndarray) -> list[int]:
        """A record of JSON is known by its number: lines say nothing of it."""
        return [int(number) for number in records]


class _Column:
    """The cells of one column, each distinct text once."""

    def __init__(self) -> None:
        self._places: dict[str, int] = {}
        self._index = array("i")
        self.numbers: set[str] = set()

    def put(self, row: int, text: str) -> None:
        self._fill(row)
        if type(text) is Number:
            self.numbers.add(str(text))
        self._index.append(self._places.setdefault(str(text), len(self._places)))

    def _fill(self, rows: int) -> None:
        self._index.extend([ABSENT] * (rows - len(self._index)))

    def is_empty(self) -> bool:
        return not any(self._places)

    def texts(self, rows: int, kind: pa.DataType) -> pa.ChunkedArray:
        self._fill(rows)
        index = np.array(self._index, dtype=np.int32)
        coded = pa.DictionaryArray.from_arrays(
            pa.array(index, mask=index == ABSENT), pa.array(list(self._places), pa.string())
        )
        return pa.chunked_array([coded if kind == CODED else coded.cast(pa.string())])


class _Refused(Exception):
    """A record that cannot be flattened."""

    def __init__(self, reason: str, expected: str, fix: str = "export the file again from the tool") -> None:
        super().__init__(reason)
        self.reason, self.expected, self.fix = reason, expected, fix


def twice(name: str) -> _Refused:
    """The refusal of a record that says one thing twice."""
    return _Refused("duplicate_key", f"one member {name}" if name else "each member once")


def _members(record: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Dotted names and texts of a record. Raises _Refused for one that names a member twice."""
    seen: set[str] = set()
    for name, text in _flat(record, "", 0):
        if name in seen:
            raise twice("")
        seen.add(name)
        yield name, text


def _flat(members: dict[str, Any], prefix: str, depth: int) -> Iterator[tuple[str, str]]:
    if depth > DEEPEST:
        raise too_deep()
    if TWICE in members:
        raise twice("")
    for key, value in members.items():
        name = _sound(prefix + key)
        if isinstance(value, dict):
            yield from _flat(value, f"{name}.", depth + 1)
        else:
            yield name, _text(value)


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value if type(value) is Number else _sound(value)
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if any(isinstance(one, (dict, list)) for one in value):
        return LIST
    return JOIN.join(_text(one) for one in value)


def _sound(text: str) -> str:
    """A text without half characters, which an escape can write and no file can hold."""
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            raise _Refused("damaged_characters", "whole characters") from None
    return text


def _declared(spec: SourceSpec) -> set[str]:
    """Every column name a declaration gives."""
    asked: list[ItemSpec | MeasureSpec | ChoiceSpec] = [*spec.items, *spec.measures, *spec.choices]
    names = {*spec.keys.values(), *spec.also, *spec.exclude, *spec.segments.values()}
    names |= {name for others in spec.renamed.values() for name in others}
    for one in asked:
        names |= {one.column, *one.aliases}
    for fact in spec.facts:
        names |= {name for name in (fact.column, fact.promised, fact.actual) if name}
    if spec.long:
        names |= {name for name in (spec.long.question, spec.long.answer, spec.long.reason) if name}
    return names
