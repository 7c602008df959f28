"""What a reader hands back: a typed table, counts that balance, and refusals that can be acted on.

No message here ever carries a respondent's value: `found` is `WITHHELD`, a header name or a unit code.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

import pyarrow as pa

WITHHELD = "withheld"
# What a terminal, a log or an eye takes for something else: commands, line ends, changes of direction, nothing at all.
_UNPRINTABLE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u200b\u200e\u200f\u2028\u2029\u202a-\u202e\u2060\u2066-\u2069\ufeff\ud800-\udfff]"
)
LONGEST_COLUMN = 200
# More refused records than these are one thing wrong with the file; to hold them all would fill the memory.
MOST_PROBLEMS = 500_000


def printable(text: str) -> str:
    """The text on one line of visible characters; others are escaped as YAML escapes them."""
    if text.isprintable():
        return text
    return _UNPRINTABLE.sub(
        lambda found: f"\\x{ord(found[0]):02x}" if found[0] < "\x80" else f"\\u{ord(found[0]):04x}", text
    )


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong. `record` counts data records from 1, `line` counts lines of the file from 1.

    Whatever a header holds, what is said is printable and the name of a column not endless.
    """

    record: int | None
    line: int | None
    column: str | None
    reason: str
    expected: str
    found: str
    fix: str

    def __post_init__(self) -> None:
        for name in ("expected", "found", "fix"):
            said = getattr(self, name)
            if not said.isprintable():
                object.__setattr__(self, name, printable(said))
        if self.column and (len(self.column) > LONGEST_COLUMN or not self.column.isprintable()):
            object.__setattr__(self, "column", printable(self.column[:LONGEST_COLUMN]))


class FileProblem(Exception):
    """A file that cannot be taken. status `refused`: the bytes are no good; `held`: a declaration can settle it.

    `records` is how many records the file holds, 0 when that could not be counted.
    """

    def __init__(
        self,
        reason: str,
        *,
        expected: str,
        found: str,
        fix: str,
        status: str = "refused",
        records: int = 0,
        problems: Sequence[Problem] = (),
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.expected = printable(expected)
        self.found = printable(found)
        self.fix = printable(fix)
        self.status = status
        self.records = records
        self.problems = list(problems)

    def __str__(self) -> str:
        return f"{self.reason}: expected {self.expected}, found {self.found}; {self.fix}."


def too_many(records: int, first: str) -> FileProblem:
    """The refusal of a file most of whose records would have to be refused one by one, for the reason `first`."""
    return FileProblem(
        "too_many_problems",
        expected=f"at most {MOST_PROBLEMS:,} records that cannot be taken",
        found=f"{records:,} of them or more, many for the reason {first}",
        fix="export the file again from the tool, or correct the declaration: the reason is the same for many",
        status="held",
    )


@dataclass(frozen=True)
class Decoded:
    """An accepted file. records == accepted + len(quarantined) + duplicates, always.

    `table` has one row per accepted record, except for kind measures: one row per accepted record and measure.
    """

    table: pa.Table
    records: int
    accepted: int
    duplicates: int
    quarantined: list[Problem]
    wave_code: str | None
    encoding: str
    delimiter: str | None
    format: str
    warnings: list[str] = field(default_factory=list)
    company_code: str | None = None
    closing_date: date | None = None

    def __post_init__(self) -> None:
        self.warnings[:] = map(printable, self.warnings)
        counted = self.accepted + len(self.quarantined) + self.duplicates
        if self.records != counted:
            raise AssertionError(f"{self.records} records, but {counted} accounted for")
