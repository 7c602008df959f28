"""Numbers as people write them. The decimal mark is decided once per column, from all its distinct values."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable

SPACES = re.compile(r"[\s\u00a0\u202f\u2007\u2009]+")
BARE = re.compile(r"[0-9]+")
MARKED = re.compile(r"[0-9]*[.,][0-9]*")
# Groups of three, all cut by one same mark, then maybe the other mark and decimals.
GROUPED = re.compile(
    r"[0-9]{1,3}(?:(?P<group>[ .,])[0-9]{3})(?:(?P=group)[0-9]{3})*(?:(?P<decimal>[.,])[0-9]+)?"
)


class MixedMarks(Exception):
    """One column uses the comma and the dot as decimal mark."""


class AmbiguousMarks(Exception):
    """Nothing in the column tells whether 1.234 is one and a bit or a thousand."""


def decimal_mark(
    values: Iterable[str], minimum: float | None = None, maximum: float | None = None, *, whole: bool = False
) -> str:
    """The decimal mark of a column: "," or "." ("." where no value has any).

    With a declared range, a reading that leaves it is not considered; nor, in a column of `whole` numbers, one that
    finds a fraction. Raises MixedMarks or AmbiguousMarks.
    """
    proofs: set[str] = set()
    doubtful: set[str] = set()
    for value in values:
        body, _ = _bare(value)
        if "," not in body and "." not in body:
            continue
        proof = _proof(body)
        if proof == "?":
            doubtful.add(body)
        elif proof:
            proofs.add(proof)
    if len(proofs) > 1:
        raise MixedMarks
    if proofs:
        return proofs.pop()
    if not doubtful:
        return "."
    readings = [mark for mark in ".," if _all_within(doubtful, mark, minimum, maximum, whole)]
    if len(readings) != 1:
        raise AmbiguousMarks
    return readings[0]


def _proof(body: str) -> str | None:
    """The decimal mark this value proves, "?" where it fits both readings, None where it is no number."""
    marks = [mark for mark in ",." if mark in body]
    if len(marks) == 2:
        decimal = max(marks, key=body.rfind)
        return decimal if parse(body, decimal) is not None else None
    mark = marks[0]
    other = "." if mark == "," else ","
    as_decimal, as_group = parse(body, mark) is not None, parse(body, other) is not None
    if as_decimal and as_group:
        return "?"
    return mark if as_decimal else other if as_group else None


def _all_within(
    bodies: set[str], mark: str, minimum: float | None, maximum: float | None, whole: bool
) -> bool:
    if minimum is None and maximum is None and not whole:
        return True
    numbers = [number for body in bodies if (number := parse(body, mark)) is not None]
    low = -math.inf if minimum is None else minimum
    high = math.inf if maximum is None else maximum
    if whole and not all(number.is_integer() for number in numbers):
        return False
    return len(numbers) == len(bodies) and all(low <= number <= high for number in numbers)


def _bare(value: str) -> tuple[str, int]:
    """The digits and marks of a number without spaces around, sign, brackets and percent sign; and its sign."""
    text = SPACES.sub(" ", value).strip().replace("\u2212", "-")
    sign = 1
    if text.startswith("(") and text.endswith(")"):
        text, sign = text[1:-1].strip(), -1
    text = text.removesuffix("%").rstrip()
    if text.startswith(("-", "+")):
        sign = -sign if text[0] == "-" else sign
        text = text[1:].lstrip()
    elif text.endswith("-"):
        text, sign = text[:-1].rstrip(), -sign
    return text, sign


def parse(value: str, mark: str) -> float | None:
    """The number a text writes with decimal mark `mark`; None if it is no number (inf, nan, 1_000 and 1e3 are not)."""
    body, sign = _bare(value)
    other = "." if mark == "," else ","
    grouped = GROUPED.fullmatch(body)
    if BARE.fullmatch(body):
        plain = body
    elif MARKED.fullmatch(body) and mark in body and len(body) > 1:
        plain = body.replace(mark, ".")
    elif grouped and grouped["group"] in (" ", other) and grouped["decimal"] in (None, mark):
        if body.startswith("0"):
            return None
        plain = body.replace(grouped["group"], "").replace(mark, ".")
    else:
        return None
    number = sign * float(plain)
    return number if math.isfinite(number) else None


def is_percent(value: str) -> bool:
    """Whether the text carries a percent sign."""
    return value.strip().rstrip(")").rstrip().endswith("%")
