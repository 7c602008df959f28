"""What a declaration says about one source, as plain frozen values.

The declarations layer builds these from YAML; the readers never see YAML. Codes are lower snake case,
columns are header names as the file spells them.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from pipelines.verbatims import Additions


@dataclass(frozen=True)
class ItemSpec:
    """One closed question. `values` maps raw text to points, `missing` maps raw text to a missing reason."""

    code: str
    column: str
    aliases: tuple[str, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    values: dict[str, float] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class MeasureSpec:
    """One already aggregated figure. `scale` is percent (0-100), share (0-1), count (of the n) or points (as it comes).

    `n` is the column of its own number of answers. A `complement` is read as 100 (or 1) less the figure.
    """

    code: str
    column: str
    aliases: tuple[str, ...] = ()
    scale: str = "points"
    missing: dict[str, str] = field(default_factory=dict)
    minimum: float | None = None
    maximum: float | None = None
    plus: tuple[str, ...] = ()
    complement: bool = False
    n: str | None = None


@dataclass(frozen=True)
class FactSpec:
    """One yes-or-no fact of an event.

    Either `column` holds a text that `values` maps to 1 or 0, or the day in `actual` is compared with the day in
    `promised`: 1 when not later, 0 when later, nothing where either is absent.
    """

    code: str
    column: str | None = None
    values: dict[str, float] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)
    promised: str | None = None
    actual: str | None = None


@dataclass(frozen=True)
class ChoiceSpec:
    """One question with several answers in one cell (joined by `separator`) or in one column per option.

    `options` are the option texts, which may hold the separator: the longest is recognised first.
    """

    code: str
    column: str
    aliases: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
    separator: str = ", "


@dataclass(frozen=True)
class LongSpec:
    """A long file: one row per answer. `question` holds what items (or measures) name as their column.

    `reason` is read where `answer` is empty: the text that says why, which the item declares as missing.
    """

    question: str
    answer: str
    reason: str | None = None


@dataclass(frozen=True)
class StatementSpec:
    """A profit and loss statement, wide (a column per month) or long (`month` and `amount`).

    `sign`: result (income positive, charges negative), natural (both positive), debit (charges positive).
    """

    account: str
    label: str | None = None
    unit: str | None = None
    month: str | None = None
    amount: str | None = None
    sign: str = "natural"


@dataclass(frozen=True)
class WaveSpec:
    """One fieldwork; `file` is a glob on the file name, `value` its text in the column `keys.wave`."""

    code: str
    file: str | None = None
    value: str | None = None


@dataclass(frozen=True)
class SourceSpec:
    """One source. `waves=None` means continuous: the wave is read later from the submission date.

    `keys` maps response, respondent, unit, submitted_at, language, channel, weight, counterparty, n, wave
    to header names; `response` may be several columns, `also` holds the second and later ones. `format` may be `auto`:
    recognised from the content. `records` is the path to the records of a JSON file ("" is its top), `sheet` may be
    "*": every sheet, its name in the column "@sheet". `not_records` are globs on the unit's cell (or the first one):
    footnotes and totals, which are no records. `asked`: codes asked in some waves only, and in which.
    `exclude` maps a column to texts: such records are kept as tests. `renamed`: other names of a declared column.
    `aliases` maps the unit as the file writes it to a unit code. `ledger_aliases` are the
    auxiliary codes of a ledger that name a unit rather than a person. `comments` are globs of columns that hold words,
    of which codes alone are kept; `verbatims` are what the home adds to the words that read them.
    """

    code: str
    kind: str
    format: str
    files: str
    keys: dict[str, str] = field(default_factory=dict)
    unit: str | None = None
    items: tuple[ItemSpec, ...] = ()
    measures: tuple[MeasureSpec, ...] = ()
    facts: tuple[FactSpec, ...] = ()
    choices: tuple[ChoiceSpec, ...] = ()
    segments: dict[str, str] = field(default_factory=dict)
    drop: tuple[str, ...] = ()
    comments: tuple[str, ...] = ()
    verbatims: Additions | None = None
    waves: tuple[WaveSpec, ...] | None = None
    aliases: dict[str, str] = field(default_factory=dict)
    time_zone: str = "UTC"
    time_formats: tuple[str, ...] = ()
    sheet: str | None = None
    header_row: int | None = None
    ledger_aliases: frozenset[str] = frozenset()
    records: str | None = None
    long: LongSpec | None = None
    statement: StatementSpec | None = None
    not_records: tuple[str, ...] = ()
    exclude: dict[str, tuple[str, ...]] = field(default_factory=dict)
    also: tuple[str, ...] = ()
    fiscal_start_month: int = 1
    asked: dict[str, tuple[str, ...]] = field(default_factory=dict)
    renamed: dict[str, tuple[str, ...]] = field(default_factory=dict)
