"""Subtotals of a profit and loss statement: which lines are sums of others, and whether they still are.

A subtotal is a sum of lines that follow one another, just above it or just below: a section, or everything so far.
A lost or changed line breaks the sums it was in, so a statement whose subtotals agree is whole.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from pipelines.ingest.header import quote
from pipelines.ingest.model import FileProblem, Problem


@dataclass(frozen=True)
class Mismatch:
    """A subtotal that no run of accounts adds up to: its line, its name, and the months that differ at the best."""

    line: int
    name: str
    months: int


def parents(accounts: Sequence[str | None], units: Sequence[str | None]) -> np.ndarray:
    """Mask of the lines whose account is the beginning of another account of the same unit."""
    known: dict[str | None, set[str]] = {}
    for account, unit in zip(accounts, units, strict=True):
        if account:
            heads = known.setdefault(unit, set())
            heads.update(account[:length] for length in range(1, len(account)))
    return np.array(
        [account is not None and account in known[unit] if account else False
         for account, unit in zip(accounts, units, strict=True)], dtype=bool,
    )  # fmt: skip


def rounding(terms: Any, whole: bool) -> Any:
    """How far a sum of `terms` amounts may be from its total: nothing where cents are written, else their rounding.

    A rounded amount is off by up to a half, 1 / sqrt(12) in the mean; three times that is not passed by chance.
    """
    return 0.9 * np.sqrt(np.asarray(terms) + 1) if whole else np.full(np.shape(terms), 0.006)


def fits(
    target: np.ndarray, leaves: np.ndarray, income: np.ndarray, position: int, whole: bool
) -> tuple[bool, int]:
    """Whether a run of leaves just above or below `position` sums to `target`, and else how few months differ.

    `leaves` (lines × months) are amounts as written, `income` is 1 or -1 per leaf: a result is income less charges
    where both are written positive. Empty months of the target are not compared.
    """
    asked = ~np.isnan(target)
    wanted = np.nan_to_num(target)
    fewest = len(target)
    for amounts in (leaves, leaves * income[:, None]):
        above = np.cumsum(amounts[:position][::-1], axis=0)
        below = np.cumsum(amounts[position:], axis=0)
        for sums in (above, below):
            if not len(sums):
                continue
            room = rounding(np.arange(len(sums)) + 1, whole)[:, None]
            wrong = np.minimum(
                (np.abs(sums - wanted) > room)[:, asked].sum(axis=1),
                (np.abs(sums + wanted) > room)[:, asked].sum(axis=1),
            )
            fewest = min(fewest, int(wrong.min()))
            if fewest == 0:
                return True, 0
    return False, fewest


def descendants_agree(
    target: np.ndarray, leaves: np.ndarray, inside: np.ndarray, whole: bool
) -> tuple[bool, int]:
    """Whether the leaves under a parent account sum to it, and else how many months differ."""
    asked = ~np.isnan(target)
    sums = leaves[inside].sum(axis=0)
    wrong = np.abs(sums - np.nan_to_num(target)) > rounding(int(inside.sum()), whole)
    return not wrong[asked].any(), int(wrong[asked].sum())


def refuse_mismatches(found: Sequence[Mismatch], records: int, months: int) -> None:
    """Hold the file: a sum that is no sum any more means a line lost, changed or counted twice."""
    if not found:
        return
    fix = "export the statement again with all its accounts, or list the line under `not_records:`"
    problems = [
        Problem(
            None,
            one.line,
            None,
            "subtotal_mismatch",
            f"{quote(one.name)} to be the sum of the accounts beside it or under it",
            f"{one.months} of {months} months that differ",
            fix,
        )
        for one in found
    ]
    first = found[0]
    more = f" ({len(found) - 1} more subtotals differ)" if len(found) > 1 else ""
    raise FileProblem(
        "subtotal_mismatch",
        expected=f"{quote(first.name)} (line {first.line}) to be the sum of the accounts beside it or under it",
        found=problems[0].found,
        fix=fix + more,
        status="held",
        records=records,
        problems=problems,
    )
