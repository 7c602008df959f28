"""What a source file may say, typed: every key is here or is refused."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Literal

from pydantic import Field, StringConstraints, model_validator

from pipelines.declared.base import Code, Declared, Label, Text


class Wave(Declared):
    """One fieldwork: the files that carry it and the dates that place it in a period."""

    code: Text
    file: Text | None = None
    value: Text | None = None
    opened: dt.date | None = None
    closed: dt.date
    invited: Annotated[int, Field(ge=1)] | None = None

    @model_validator(mode="after")
    def _ordered(self) -> Wave:
        if self.file is None and self.value is None:
            raise ValueError(
                f"wave '{self.code}' needs `file:`, a pattern of its files' names, or `value:`, its text in keys.wave"
            )
        if self.opened and self.opened > self.closed:
            raise ValueError(f"wave '{self.code}' opens on {self.opened}, after it closes on {self.closed}")
        return self


class Keys(Declared):
    """Columns that identify a record: names as in the file's header."""

    response: Text | list[Text] | None = None
    respondent: Text | None = None
    unit: Text | None = None
    submitted_at: Text | None = None
    language: Text | None = None
    channel: Text | None = None
    weight: Text | None = None
    counterparty: Text | None = None
    n: Text | None = None
    wave: Text | None = None


class Item(Declared):
    """One question: its column, its scale, what it measures; `waves:` are those that ask it, all by default.

    `parallel` says that its wording is the same idea and the same verb as on the other side of a relation.
    """

    code: Code
    column: Text
    aliases: list[Text] = []
    waves: list[Text] = []
    dimension: Code | None = None
    outcome: Code | None = None
    value: Code | None = None
    facet: Literal["proclaimed", "lived"] | None = None
    parallel: bool = False
    min: float
    max: float
    reversed: bool = False
    values: dict[str, float] = {}
    missing: dict[str, str] = {}
    text: Label | None = None

    @model_validator(mode="after")
    def _meaningful(self) -> Item:
        if self.min >= self.max:
            raise ValueError(f"item '{self.code}': min {self.min:g} must be below max {self.max:g}")
        if sum(one is not None for one in (self.dimension, self.outcome, self.value)) != 1:
            raise ValueError(f"item '{self.code}' needs exactly one of `dimension:`, `outcome:` or `value:`")
        if (self.value is None) != (self.facet is None):
            raise ValueError(f"item '{self.code}' needs `value:` and `facet: proclaimed` or `facet: lived`")
        if self.parallel and self.dimension is None:
            raise ValueError(f"item '{self.code}': `parallel:` belongs to an item of a dimension")
        outside = [text for text, value in self.values.items() if not self.min <= value <= self.max]
        if outside:
            raise ValueError(
                f"item '{self.code}': values {', '.join(outside)} lie outside {self.min:g}–{self.max:g}"
            )
        return self


class Measure(Declared):
    """One already aggregated figure per unit and wave.

    `n` is its own number of answers, where it is not that of `keys`. A `count` is how many of the n; a `complement`
    counts the contrary of what the KPI says.
    """

    code: Code
    column: Text
    aliases: list[Text] = []
    waves: list[Text] = []
    kpi: Code
    dimension: Code | None = None
    statistic: Literal["share", "mean", "index"]
    scale: Literal["percent", "share", "count", "points"] = "percent"
    complement: bool = False
    n: Text | None = None
    roll_up: Literal["sum", "weighted_by_n", "median", "none"] = "none"
    plus: list[Text] = []
    missing: dict[str, str] = {}
    text: Label | None = None

    @model_validator(mode="after")
    def _part_of_a_whole(self) -> Measure:
        if self.complement and self.scale == "points":
            raise ValueError(f"measure '{self.code}': points have no complement; only a part of a whole has")
        if self.plus and (self.complement or self.scale == "count"):
            raise ValueError(f"measure '{self.code}': `plus:` adds percents or shares as they are")
        return self


class Fact(Declared):
    """One yes-or-no fact of an event: a coded column, or a day promised against the actual day."""

    code: Code
    kpi: Code
    dimension: Code | None = None
    column: Text | None = None
    values: dict[str, Annotated[float, Field(ge=0, le=1)]] = {}
    missing: dict[str, str] = {}
    promised: Text | None = None
    actual: Text | None = None
    text: Label | None = None

    @model_validator(mode="after")
    def _one_way(self) -> Fact:
        coded = self.column is not None and bool(self.values)
        compared = self.promised is not None and self.actual is not None
        if coded == compared:
            raise ValueError(
                f"fact '{self.code}' needs either `column:` with `values:`, or `promised:` and `actual:`"
            )
        return self


class Choice(Declared):
    """One question with several answers, in one cell."""

    code: Code
    column: Text
    aliases: list[Text] = []
    waves: list[Text] = []
    options: Annotated[list[Text], Field(min_length=1)]
    separator: Annotated[str, StringConstraints(min_length=1)] = ", "
    text: Label | None = None


class Long(Declared):
    """A row per answer: items and measures name a text of `question` as their column.

    `reason` is the column that says why there is no answer.
    """

    question: Text
    answer: Text
    reason: Text | None = None


class Statement(Declared):
    """Columns of a profit and loss statement, and its sign convention."""

    account: Text
    label: Text | None = None
    unit: Text | None = None
    month: Text | None = None
    amount: Text | None = None
    sign: Literal["result", "natural", "debit"] = "natural"

    @model_validator(mode="after")
    def _whole(self) -> Statement:
        if (self.month is None) != (self.amount is None):
            raise ValueError("a long statement needs both `month:` and `amount:`; a wide one neither")
        return self


class Break(Declared):
    """From this day the instrument is another version; unless `comparable`, nothing is compared across."""

    starts: dt.date
    comparable: bool = False
    note: Label


class Confirmed(Declared):
    """Somebody looked at a scale that seemed changed and says that it is not."""

    file: Text
    items: list[Code] = []
    reason: Text


class Checks(Declared):
    """What the source promises; Great Expectations holds a file that breaks it."""

    response_id_unique: Literal["block", "off"] = "block"
    unknown_unit_max_share: Annotated[float, Field(ge=0, le=1)] = 0.02
    out_of_scale_max_share: Annotated[float, Field(ge=0, le=1)] = 0.01
    balance: Literal["block", "off"] = "block"
    drift: Literal["block", "off"] = "block"
    population_stability_max: Annotated[float, Field(gt=0)] = 0.25


Format = Literal[
    "auto",
    "fec",
    "forms_xlsx",
    "formbricks_csv",
    "formbricks_json",
    "glint_csv",
    "google_forms",
    "limesurvey_csv",
    "partner_workbook",
    "pnl",
    "qualtrics_csv",
    "spss_sav",
    "surveymonkey_csv",
    "table",
    "typeform_csv",
    "typeform_json",
]


class Source(Declared):
    """`sources/<source>.yml`: what arrives, from whom, and what it means."""

    version: Annotated[int, Field(ge=1)] = 1
    like: Code | None = None
    kind: Literal["responses", "events", "measures", "ledger"]
    format: Format = "auto"
    files: Text
    stakeholder: Code | None = None
    subject: Literal["person", "organisation"] = "person"
    respondents: bool = True
    label: Label | None = None
    owner: Text
    cadence: Literal["daily", "weekly", "monthly", "quarterly", "half_yearly", "yearly"]
    freshness_days: Annotated[int, Field(ge=1, le=36500)]
    waves: list[Wave] | Literal["continuous"] = []
    keys: Keys = Keys()
    unit: Code | None = None
    sheet: Text | None = None
    header_row: Annotated[int, Field(ge=1)] | None = None
    time_formats: list[Text] = []
    resend: Literal["replace", "append"] = "replace"
    segments: dict[Code, Text] = {}
    renamed: dict[Text, list[Text]] = {}
    items: list[Item] = []
    measures: list[Measure] = []
    facts: list[Fact] = []
    choices: list[Choice] = []
    records: str | None = None
    long: Long | None = None
    statement: Statement | None = None
    not_records: list[str] = []
    exclude: dict[Text, list[str]] = {}
    breaks: list[Break] = []
    confirmed: list[Confirmed] = []
    drop: list[Text] = []
    comments: list[Text] = []
    checks: Checks = Checks()
    disclosure: Literal["standard", "already_public"] = "standard"

    @model_validator(mode="after")
    def _whole(self) -> Source:
        if self.kind == "ledger":
            self._whole_ledger()
            return self
        if self.format in {"fec", "pnl"} or self.statement:
            raise ValueError("`format: fec`, `format: pnl` and `statement:` belong to `kind: ledger`")
        if self.stakeholder is None:
            raise ValueError("needs `stakeholder:`, the group whose relation it measures")
        if not self.keys.unit and not self.unit:
            raise ValueError(
                "needs `keys: {unit: <column>}` or, when one unit sent the whole file, `unit: <unit_code>`"
            )
        if not self.waves:
            raise ValueError("needs `waves:` (a list of {code, file, closed}) or `waves: continuous`")
        if self.waves == "continuous" and not self.keys.submitted_at:
            raise ValueError(
                "`waves: continuous` needs `keys: {submitted_at: <column>}` to place each record"
            )
        if isinstance(self.waves, list):
            if self.keys.wave and any(wave.value is None for wave in self.waves):
                raise ValueError(
                    "with `keys: {wave: <column>}` every wave needs `value:`, its text in that column"
                )
            if not self.keys.wave and any(wave.file is None for wave in self.waves):
                raise ValueError("every wave needs `file:`, or `keys: {wave: <column>}` and `value:`")
        elif self.keys.wave:
            raise ValueError("`keys: {wave: ...}` needs a list of `waves:`")
        own = {"responses": "items", "measures": "measures", "events": "facts"}
        for kind, needed in own.items():
            given = getattr(self, needed)
            if kind == self.kind and not given:
                raise ValueError(f"kind {kind} needs `{needed}:`")
            if kind != self.kind and given:
                raise ValueError(f"`{needed}:` belong to `kind: {kind}`")
        if self.kind in {"responses", "events"} and not self.keys.response:
            raise ValueError(
                f"kind {self.kind} needs `keys: {{response: <column>}}`;"
                " where the tool gives no identifier, `response: '@record'`"
            )
        if self.long and self.kind == "events":
            raise ValueError("`long:` belongs to `kind: responses` and `kind: measures`; an event is one row")
        if self.long and self.kind == "responses" and self.keys.response in ("@record", ["@record"]):
            raise ValueError(
                "`long:` needs `keys: {response: <column>}`, which says what answers belong together"
            )
        if not self.respondents and self.kind != "responses":
            raise ValueError("`respondents: false` belongs to `kind: responses`: other kinds count nobody")
        if self.exclude and self.kind == "measures":
            raise ValueError(
                "`exclude:` keeps responses and events as tests; leave rows out with `not_records:`"
            )
        if self.disclosure == "already_public" and self.kind != "measures":
            raise ValueError("`disclosure: already_public` belongs to `kind: measures`")
        return self

    def _whole_ledger(self) -> None:
        if self.format not in {"auto", "fec", "pnl"}:
            raise ValueError("kind ledger is read from `format: fec` or `format: pnl`")
        if self.items or self.measures or self.facts or self.stakeholder:
            raise ValueError("a ledger has no items, measures, facts or stakeholder; remove them")
        if self.format == "pnl" and not self.statement:
            raise ValueError("`format: pnl` needs `statement: {account: <column>, sign: ...}`")
