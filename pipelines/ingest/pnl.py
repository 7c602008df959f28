"""Profit and loss statements: accounts by month, wide or long, as ledger lines. Sums are checked, then left out.

The unit of account is the line of the file that holds an account of its own; a line gives one row per month.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.ingest import numbers
from pipelines.ingest.amounts import MONEY
from pipelines.ingest.columns import as_text
from pipelines.ingest.dates import read_day
from pipelines.ingest.fec import ORDER
from pipelines.ingest.generic import open_grid
from pipelines.ingest.grid import TEXT, Grid
from pipelines.ingest.header import matches_glob, tidy
from pipelines.ingest.model import WITHHELD, Decoded, FileProblem, Problem
from pipelines.ingest.months import last_day, month_end
from pipelines.ingest.spec import SourceSpec, StatementSpec
from pipelines.ingest.statement import Statement, statement_layout
from pipelines.ingest.subtotals import Mismatch, descendants_agree, fits, parents, refuse_mismatches, rounding

JOURNAL = "PNL"
ACCOUNT = re.compile(r"[1-9][0-9].*")
NOTHING = {"", "-", "–", "—"}
INCOME, CHARGES = "7", "6"


@dataclass
class Lines:
    """The lines of one statement. `amounts` is lines × months, NaN where empty; `bad`: an amount cannot be read."""

    accounts: list[str | None]
    labels: list[str | None]
    units: list[str | None]
    months: list[date]
    amounts: np.ndarray
    totals: np.ndarray
    ratio: np.ndarray
    bad: np.ndarray
    numbers: np.ndarray


def decode_pnl(raw: bytes, spec: SourceSpec) -> Decoded:
    """A statement as ledger rows. Raises FileProblem (held) where a sum differs, a sign or a year is unsettled."""
    if spec.statement is None:
        raise FileProblem(
            "no_statement",
            expected="`statement: {account: <column>, sign: ...}` in the source",
            found="none",
            fix="declare which column holds the account and how income and charges are signed",
            status="held",
        )
    grid = open_grid(raw, spec)
    try:
        return _decode(grid, spec, spec.statement)
    except FileProblem as problem:
        problem.records = problem.records or grid.records
        raise


def _decode(grid: Grid, spec: SourceSpec, told: StatementSpec) -> Decoded:
    layout = statement_layout(grid, spec, told)
    lines = _read(grid, layout)
    own, sums, empty = _sorted_out(lines, spec)
    leaves = own & ~lines.bad
    _reconcile(grid, lines, leaves, sums, long=told.month is not None)
    _refuse_signs(lines, leaves, told.sign)
    closing = _closing(lines, leaves, spec.fiscal_start_month)
    warnings = list(grid.warnings)
    if sums.any():
        warnings.append(f"{int(sums.sum())} lines are sums of others: checked against them and left out")
    if empty.any():
        warnings.append(f"{int(empty.sum())} lines without an account or without amounts are left out")
    fix = "correct the line in the tool and export again"
    bad = lines.numbers[own & lines.bad]
    problems = [
        Problem(int(number), line, told.amount, "bad_amount", "amounts such as 1 234,56", WITHHELD, fix)
        for number, line in zip(bad, grid.lines(bad), strict=True)
    ]
    return Decoded(
        table=_table(lines, leaves, spec, told.sign, closing),
        records=int(own.sum()),
        accepted=int(leaves.sum()),
        duplicates=0,
        quarantined=problems,
        wave_code=None,
        encoding=grid.encoding,
        delimiter=grid.delimiter,
        format="pnl",
        warnings=warnings,
        company_code=spec.code,
        closing_date=closing,
    )


def _read(grid: Grid, layout: Statement) -> Lines:
    places = [layout.account, *layout.others, *layout.amounts, *layout.totals]
    cells = grid.read(dict.fromkeys(sorted(set(places)), TEXT))

    def texts(place: int | None) -> list[str | None]:
        if place is None:
            return [None] * len(cells.numbers)
        return as_text(cells.columns[place]).to_pylist()

    rows = len(cells.numbers)
    if cells.problems:
        raise FileProblem(
            "wrong_width",
            expected="lines as wide as the header",
            found=f"{len(cells.problems)} lines of another width",
            fix="export the statement again",
            status="held",
            problems=cells.problems,
        )
    money = [texts(place) for place in (*layout.amounts, *layout.totals)]
    typed = [cells.typed.get(place, frozenset()) for place in (*layout.amounts, *layout.totals)]
    values, unread, ratio = _money(money, typed)
    months = layout.months
    amounts, totals = values[:, : len(layout.amounts)], values[:, len(layout.amounts) :]
    bad = np.asarray(unread.any(axis=1))
    if layout.month is not None:
        days = [_month(text or "") for text in texts(layout.month)]
        bad |= np.array([day is None for day in days], dtype=bool)
        months = sorted({day for day in days if day})
        places_of = {day: place for place, day in enumerate(months)}
        spread = np.full((rows, len(months)), np.nan)
        for row, day in enumerate(days):
            if day:
                spread[row, places_of[day]] = amounts[row, 0]
        amounts = spread
    return Lines(
        [(text or "").replace(" ", "") or None for text in texts(layout.account)],
        texts(layout.label), texts(layout.unit), months, amounts, totals, ratio, bad, cells.numbers,
    )  # fmt: skip


def _month(text: str) -> date | None:
    """The last day of the month of a text: a month, or any day of it."""
    found = month_end(text)
    if found is None:
        try:
            found = read_day(text)
        except ValueError:
            return None
    return found and last_day(found.year, found.month)


def _money(
    columns: Sequence[list[str | None]], typed: Sequence[frozenset[str]]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Amounts (lines × columns, NaN where empty), which cells are none, and which lines hold ratios in percent.

    One decimal mark for all columns: they are one table. Raises FileProblem (held) where it is unsettled.
    """
    bare = [[(text or "").replace("€", "").strip() for text in column] for column in columns]
    written = {
        text for column, own in zip(bare, typed, strict=True) for text in column if text not in own
    } - NOTHING
    try:
        mark = numbers.decimal_mark(written)
    except (numbers.MixedMarks, numbers.AmbiguousMarks):
        raise FileProblem(
            "unsettled_decimal_mark",
            expected="one decimal mark in the amounts",
            found="amounts that read both as decimals and as thousands, or both marks",
            fix="export the statement again with decimals, without thousands marks",
            status="held",
        ) from None
    rows = len(columns[0]) if columns else 0
    values, unread = np.full((rows, len(columns)), np.nan), np.zeros((rows, len(columns)), dtype=bool)
    ratio = np.zeros(rows, dtype=bool)
    for place, (column, own) in enumerate(zip(bare, typed, strict=True)):
        known: dict[str, float | None] = {}
        for row, text in enumerate(column):
            if text in NOTHING:
                continue
            if text not in known:
                known[text] = numbers.parse(text, "." if text in own else mark)
            value = known[text]
            ratio[row] |= numbers.is_percent(text)
            unread[row, place] = value is None
            values[row, place] = np.nan if value is None else value
    return values, unread, ratio


def _sorted_out(lines: Lines, spec: SourceSpec) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Masks of lines with an account of their own, of sums, and of lines that say nothing (headings, ratios)."""
    account = np.array([bool(text and ACCOUNT.fullmatch(text)) for text in lines.accounts], dtype=bool)
    named = [label or text or "" for label, text in zip(lines.labels, lines.accounts, strict=True)]
    foot = np.array(
        [any(matches_glob(tidy(name), tidy(glob)) for glob in spec.not_records) for name in named], dtype=bool
    )
    filled = ~np.isnan(lines.amounts).all(axis=1) | lines.bad
    empty = ~filled | foot | (lines.ratio & ~account)
    plain = [text if is_one else None for text, is_one in zip(lines.accounts, account, strict=True)]
    sums = ~empty & (~account | parents(plain, lines.units))
    return ~empty & ~sums, sums, empty


def _reconcile(grid: Grid, lines: Lines, leaves: np.ndarray, sums: np.ndarray, long: bool) -> None:
    """Every sum against the accounts beside it or under it, and the total column against the months."""
    amounts = np.nan_to_num(lines.amounts)
    written = amounts[leaves | sums]
    whole = bool((written == np.round(written)).all())
    found = []
    for row in np.flatnonzero(sums):
        target = lines.amounts[row]
        if lines.bad[row]:
            agrees, months = False, len(lines.months)
        else:
            agrees, months = _agrees(lines, amounts, leaves, int(row), target, whole, long)
        if not agrees:
            name = lines.labels[row] or lines.accounts[row] or "a line without a name"
            found.append(Mismatch(grid.lines(lines.numbers[[row]])[0], name, months))
    refuse_mismatches(found, int(leaves.sum()), len(lines.months))
    _refuse_totals(grid, lines, leaves, whole)


def _agrees(
    lines: Lines,
    amounts: np.ndarray,
    leaves: np.ndarray,
    row: int,
    target: np.ndarray,
    whole: bool,
    long: bool,
) -> tuple[bool, int]:
    account, unit = lines.accounts[row], lines.units[row]
    if account and ACCOUNT.fullmatch(account):
        inside = np.array([(text or "").startswith(account) for text in lines.accounts], dtype=bool)
        inside &= leaves & np.array([one == unit for one in lines.units], dtype=bool)
        return descendants_agree(target, amounts, inside, whole)
    chosen = leaves
    if long:  # a line is one month: only the accounts of that month are beside it
        chosen = leaves & ~np.isnan(lines.amounts[:, ~np.isnan(target)]).any(axis=1)
    places = np.flatnonzero(chosen)
    income = np.array([-1 if (lines.accounts[place] or "").startswith(CHARGES) else 1 for place in places])
    return fits(target, amounts[places], income, int(np.searchsorted(places, row)), whole)


def _refuse_totals(grid: Grid, lines: Lines, leaves: np.ndarray, whole: bool) -> None:
    if not lines.totals.shape[1]:
        return
    sums = np.nansum(lines.amounts, axis=1)[:, None]
    wrong = np.abs(lines.totals - sums) > rounding(len(lines.months), whole)
    rows = np.flatnonzero((wrong & ~np.isnan(lines.totals)).any(axis=1) & leaves)
    if len(rows):
        account = lines.accounts[rows[0]]
        line = grid.lines(lines.numbers[rows[:1]])[0]
        raise FileProblem(
            "total_mismatch",
            expected="the total column to be the sum of the months",
            found=f"{len(rows)} lines where it is not, the first on line {line} (account {account})",
            fix="export the statement again with all its months, or list the column under `drop:`",
            status="held",
        )


def _refuse_signs(lines: Lines, leaves: np.ndarray, sign: str) -> None:
    """The declared convention must be the one the file shows: a charge read as income is worse than no figure."""
    expected = {"natural": (1, 1), "result": (1, -1), "debit": (-1, 1)}[sign]
    classes = np.array([(account or " ")[0] for account in lines.accounts])
    for first, direction in zip((INCOME, CHARGES), expected, strict=True):
        amounts = np.nan_to_num(lines.amounts[leaves & (classes == first)])
        if (
            amounts.size
            and direction * amounts.sum() < 0
            and (direction * amounts < 0).sum() > (direction * amounts > 0).sum()
        ):
            other = "result" if sign == "natural" else "natural"
            raise FileProblem(
                "sign_changed",
                expected=f"the signs of `sign: {sign}`",
                found=f"accounts of class {first} written with the other sign",
                fix=f"declare `sign: {other}` (or debit) under statement, as the tool writes them",
                status="held",
            )
    strange = leaves & ~np.isin(classes, (INCOME, CHARGES))
    if sign == "natural" and strange.any():
        account = lines.accounts[np.flatnonzero(strange)[0]]
        raise FileProblem(
            "sign_unsettled",
            expected="accounts of class 6 or 7, which say what is income",
            found=f"{int(strange.sum())} of other classes, the first {account}",
            fix="declare `sign: result` (income positive) or `sign: debit` (charges positive) under statement",
            status="held",
        )


def _closing(lines: Lines, leaves: np.ndarray, start: int) -> date:
    """The last day of the fiscal year of the months; a file of several years would be replaced by none of them."""
    filled = ~np.isnan(lines.amounts[leaves]).all(axis=0)
    months = [month for month, is_filled in zip(lines.months, filled, strict=True) if is_filled]
    ends = sorted({_year_end(month, start) for month in months})
    if len(ends) == 1:
        return ends[0]
    years = ", ".join(str(end) for end in ends)
    raise FileProblem(
        "several_fiscal_years" if ends else "no_records",
        expected="months of one fiscal year",
        found=f"years that close on {years}" if ends else "no account with an amount",
        fix='export one fiscal year per file, or list the other year\'s months under `drop:`, such as `"* 2025"`',
        status="held",
    )


def _year_end(day: date, start: int) -> date:
    month = (start - 2) % 12 + 1
    return last_day(day.year + (day.month > month), month)


def _table(lines: Lines, leaves: np.ndarray, spec: SourceSpec, sign: str, closing: date) -> pa.Table:
    rows, places = np.nonzero(leaves[:, None] & ~np.isnan(lines.amounts))
    amounts = lines.amounts[rows, places]
    charges = np.array([(account or "").startswith(CHARGES) for account in lines.accounts])[rows]
    if sign == "natural":
        amounts = np.where(charges, -amounts, amounts)
    elif sign == "debit":
        amounts = -amounts
    size = len(rows)
    month_ends = pa.array(lines.months, pa.date32()).take(pa.array(places))
    texts = {name: pa.nulls(size, TEXT) for name in ("entry_number", "piece_ref", "lettering_code")}
    days = {name: pa.nulls(size, pa.date32()) for name in ("piece_date", "lettering_date", "validation_date")}
    units = pa.array(lines.units, TEXT).take(pa.array(rows))
    columns = {
        "record_number": pa.array(lines.numbers[rows], pa.int32()),
        "company_code": pa.repeat(spec.code, size),
        "closing_date": pa.array([closing] * size, pa.date32()),
        "journal_code": pa.repeat(JOURNAL, size),
        "entry_date": month_ends,
        "account_code": pa.array(lines.accounts, TEXT).take(pa.array(rows)),
        "auxiliary_code": units,
        "auxiliary_is_alias": pc.is_in(units, pa.array(sorted(spec.ledger_aliases), TEXT)),
        "debit": _decimals(np.where(amounts < 0, -amounts, 0)),
        "credit": _decimals(np.where(amounts > 0, amounts, 0)),
        **texts,
        **days,
    }
    return pa.table({name: columns[name] for name in ORDER})


def _decimals(amounts: np.ndarray) -> pa.Array:
    cent = Decimal("0.01")
    return pa.array([Decimal(repr(float(amount))).quantize(cent) for amount in amounts], MONEY)
