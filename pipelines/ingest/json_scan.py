"""The records of a JSON file, one at a time, and how many there are, counted from the brackets alone.

A file may be one document, a list of pages, or JSON Lines (a record or a page per line). Numbers stay text, so that a
large identifier never passes through a float; NaN and Infinity are no JSON; a key written twice marks its record.
"""

from __future__ import annotations

import json
import re
from collections.abc import Generator, Iterator
from decimal import Decimal
from typing import Any

import numpy as np

from pipelines.ingest.model import LONGEST_COLUMN, FileProblem

# Gives records, and hands back where their text ends.
Walk = Generator[Any, None, int]
SPACE = re.compile(r"[ \t\r\n]*")
STRING = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)
STRUCTURE = np.zeros(256, dtype=bool)
STRUCTURE[list(b",[]{}")] = True
STEP = np.zeros(256, dtype=np.int8)
STEP[list(b"[{")], STEP[list(b"]}")] = 1, -1
SEGMENT = 1 << 21
LARGEST_EXPONENT = 30
DEEPEST = 60
# The mark of an object that wrote a key twice; no tool writes such a key.
TWICE = "\0twice"


class Number(str):
    """A number as the file writes it."""

    __slots__ = ()


def as_number(text: str) -> Number:
    """The digits of a number, an exponent written out; a huge exponent stays as it is and is no number later."""
    if "e" in text or "E" in text:
        value = Decimal(text)
        if value and abs(value.adjusted()) > LARGEST_EXPONENT:
            return Number(text)
        return Number(format(value, "f"))
    return Number(text)


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        found[TWICE] = True
    return found


def _no_number(text: str) -> Any:
    raise _NotJson(f"{text}, which JSON does not have")


class _NotJson(ValueError):
    """What stands where JSON should."""


DECODER = json.JSONDecoder(
    object_pairs_hook=_pairs, parse_int=as_number, parse_float=as_number, parse_constant=_no_number
)


class Records:
    """Iterates over the records at `path` ("" is the top); afterwards `counted` is how many the brackets say there are.

    Raises FileProblem: a file that is no JSON or is cut, and (held) one without records at the path.
    """

    def __init__(self, text: str, path: str) -> None:
        self._text = text
        self._path = tuple(step for step in path.split(".") if step)
        self.counted = 0
        self.given = 0
        self._lists: set[str] = set()
        self._alone_read = False

    def __iter__(self) -> Iterator[Any]:
        position, documents = self._skip(0), 0
        while position < len(self._text):
            documents += 1
            position = yield from self._page(position, self._path)
            position = self._skip(position)
        if self._alone_read:  # each document is a record
            self.counted += count_documents(self._text.encode()) - documents
        if not documents:
            raise FileProblem(
                "empty", expected="a JSON document", found="no text", fix="export the file again"
            )

    def _page(self, position: int, path: tuple[str, ...], depth: int = 0) -> Walk:
        """The records of the value at `position`; returns where it ends."""
        first = self._text[position : position + 1]
        if not path:
            if self._path and first not in ("[", "{"):
                raise self._missing()
            return (yield from (self._list(position) if first == "[" else self._alone(position)))
        if first == "[" and depth == 0:  # a list of pages
            return (yield from self._pages(position, path))
        if first != "{":
            raise self._missing()
        return (yield from self._member(position, path, depth))

    def _pages(self, position: int, path: tuple[str, ...]) -> Walk:
        position = self._skip(position + 1)
        while not self._is(position, "]"):
            position = yield from self._page(position, path, depth=1)
            position = self._next(position, "]")
        return position + 1

    def _member(self, position: int, path: tuple[str, ...], depth: int) -> Walk:
        """Walk an object to its member path[0], passing over the others."""
        position, seen = self._skip(position + 1), 0
        while not self._is(position, "}"):
            key, position = self._value(position)
            if not isinstance(key, str) or isinstance(key, Number):
                raise self._broken(position)
            position = self._skip(position)
            if not self._is(position, ":"):
                raise self._broken(position)
            position = self._skip(position + 1)
            if key == path[0]:
                seen += 1
                position = yield from self._page(position, path[1:], depth + 1)
            else:
                value, position = self._value(position)
                if isinstance(value, list) and (not value or isinstance(value[0], dict)):
                    self._lists.add(key)
            position = self._next(position, "}")
        if seen > 1:
            raise _refused("duplicate_key", f"one member {path[0]!r}", "it twice")
        if not seen:
            raise self._missing()
        return position + 1

    def _list(self, position: int) -> Walk:
        count, start, position = Elements(), position, self._skip(position + 1)
        while not self._is(position, "]"):
            value, position = self._value(position)
            self.given += 1
            yield value
            if position - start > SEGMENT:  # between two elements, so that no string is cut
                count.add(self._text[start:position].encode())
                start = position
            position = self._next(position, "]")
        count.add(self._text[start : position + 1].encode())
        self.counted += count.total
        return position + 1

    def _alone(self, position: int) -> Walk:
        """A document that is itself a record: a line of JSON Lines."""
        value, end = self._value(position)
        self.given += 1
        self.counted += 1
        self._alone_read = True
        if (
            not self._path
            and isinstance(value, dict)
            and self.given == 1
            and self._skip(end) == len(self._text)
        ):
            inside = [key for key, member in value.items() if isinstance(member, list)]
            if inside and all(isinstance(one, dict) for one in value[inside[0]]):
                self._lists.update(inside)
                raise self._missing()
        yield value
        return end

    def _value(self, position: int) -> tuple[Any, int]:
        try:
            return DECODER.raw_decode(self._text, position)
        except _NotJson as problem:
            raise _refused("unreadable", "JSON", str(problem), self.given) from None
        except json.JSONDecodeError as problem:
            raise self._broken(problem.pos) from None
        except RecursionError:
            raise too_deep(self.given) from None

    def _next(self, position: int, end: str) -> int:
        """Past the comma after a value, or at the bracket that closes."""
        position = self._skip(position)
        if self._is(position, ","):
            position = self._skip(position + 1)
            if not self._is(position, end):
                return position
        elif self._is(position, end):
            return position
        raise self._broken(position)

    def _skip(self, position: int) -> int:
        return SPACE.match(self._text, position).end()  # type: ignore[union-attr]  # it matches nothing too

    def _is(self, position: int, mark: str) -> bool:
        return self._text.startswith(mark, position)

    def _broken(self, position: int) -> FileProblem:
        rest = self._text[position:].rstrip()
        if not rest or (rest.startswith('"') and not STRING.match(rest.encode("utf-8", "surrogatepass"))):
            return FileProblem(
                "truncated",
                expected="a complete file",
                found="JSON that stops before its end",
                fix="send the whole file again",
                records=self.given,
            )
        line = self._text.count("\n", 0, position) + 1
        return _refused("unreadable", "JSON", f"something else on line {line}", self.given)

    def _missing(self) -> FileProblem:
        path = ".".join(self._path)
        lists = [name for name in sorted(self._lists) if len(name) <= LONGEST_COLUMN]
        found = f"lists of records at {', '.join(lists[:5])}" if lists else "none"
        return FileProblem(
            "missing_records",
            expected=f'a list of records at "{path}"' if path else "a list of records at the top",
            found=found if lists or not self._lists else "lists under names too long to be shown",
            fix=f"set `records: {lists[0]}` in the source"
            if lists
            else "set `records:` in the source to the name of the list that holds them",
            status="held",
            records=self.given,
        )


class Elements:
    """Counts the elements of a JSON array from its commas and brackets outside strings, segment after segment."""

    def __init__(self) -> None:
        self._commas, self._depth, self._filled = 0, 0, False

    def add(self, data: bytes) -> None:
        """The next part of the array's text; no string is cut between two parts."""
        bare = STRING.sub(b"s", data)
        self._filled = self._filled or bool(bare.strip(b"[] \t\r\n")) or bare.count(b"[") > 1
        marks, depth = _depths(bare)
        self._commas += int(np.count_nonzero((marks == ord(",")) & (depth + self._depth == 1)))
        self._depth += int(depth[-1]) if len(depth) else 0

    @property
    def total(self) -> int:
        return self._commas + 1 if self._filled else 0


def count_documents(data: bytes) -> int:
    """How many objects and arrays stand at the top of a text, from its brackets outside strings."""
    marks, depth = _depths(STRING.sub(b"s", data))
    return int(np.count_nonzero((marks != ord(",")) & (depth == 0)))


def _depths(bare: bytes) -> tuple[np.ndarray, np.ndarray]:
    """The commas and brackets of a text without strings, and how deep each leaves it."""
    every = np.frombuffer(bare, dtype=np.uint8)
    marks = every[STRUCTURE[every]]
    return marks, np.cumsum(STEP[marks], dtype=np.int32)


def _refused(reason: str, expected: str, found: str, records: int = 0) -> FileProblem:
    return FileProblem(
        reason, expected=expected, found=found, fix="export the file again from the tool", records=records
    )


def too_deep(records: int = 0) -> FileProblem:
    """The refusal of JSON nested deeper than any tool writes."""
    return _refused("too_deep", f"at most {DEEPEST} levels of nesting", "more", records)
