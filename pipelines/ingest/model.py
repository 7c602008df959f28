"""What a reader hands back: a typed table, counts that balance, and refusals that can be acted on.

No message here ever carries a respondent's value: `found` is `WITHHELD`, a header name or a unit code.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

import pyarrow as pa

WITHHELD = "withheld"


@dataclass(frozen=True)
class Problem:
    """One thing wrong. `record` counts data records from 1, `line` counts lines of the file from 1."""

    record: int | None
    line: int | None
    column: str | None
    reason: str
    expected: str
    found: str
    fix: str


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
        self.expected = expected
        self.found = found
        self.fix = fix
        self.status = status
        self.records = records
        self.problems = list(problems)

    def __str__(self) -> str:
        return f"{self.reason}: expected {self.expected}, found {self.found}; {self.fix}."


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
        counted = self.accepted + len(self.quarantined) + self.duplicates
        if self.records != counted:
            raise AssertionError(f"{self.records} records, but {counted} accounted for")
