"""What the other declarations of a home may say, typed: every key is here or is refused."""

from __future__ import annotations

import datetime as dt
import re
from typing import Annotated, Literal, get_args
from zoneinfo import ZoneInfo, available_timezones

from pydantic import Field, StringConstraints, field_validator, model_validator

from pipelines.declared.base import Code, Declared, Label, Stakeholders, Text


class Alerts(Declared):
    """Who gets a sentence when a run fails or a source is late; where to send it is in the environment.

    RELIER_SMTP (smtp://user:password@host:port, smtps:// for TLS) and RELIER_WEBHOOK hold the addresses and secrets.
    """

    mail_to: list[Text] = []
    mail_from: Text = "relier@localhost"
    webhook: bool = False
    tell: list[Literal["failure", "staleness"]] = ["failure", "staleness"]


class Organisation(Declared):
    """`organisation.yml`."""

    name: Text
    language: Literal["fr", "en"] = "fr"
    currency: Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")] = "EUR"
    time_zone: str = "Europe/Paris"
    fiscal_year_start: Annotated[str, StringConstraints(pattern=r"^(0[1-9]|1[0-2])-01$")] = "01-01"
    scorecard_grain: Literal["month", "quarter", "year", "fiscal_year"] = "quarter"
    schedule: str = "0 6 * * 1"
    compare_with: Literal["last_year", "previous"] = "last_year"
    as_of: dt.date | None = None
    alerts: Alerts = Alerts()

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        if value not in available_timezones():
            raise ValueError("is not an IANA time zone; write one such as Europe/Paris")
        return value

    @field_validator("schedule")
    @classmethod
    def _cron(cls, value: str) -> str:
        fields = value.split()
        bounds = [(0, 59), (0, 23), (1, 31), (1, 12), (0, 7)]
        part = r"(\*|[0-9]+(-[0-9]+)?)(/[1-9][0-9]*)?"
        if len(fields) != len(bounds) or not all(
            re.fullmatch(rf"{part}(,{part})*", field)
            and all(low <= int(number) <= high for number in re.findall(r"(?<!/)\b[0-9]+", field))
            for field, (low, high) in zip(fields, bounds, strict=True)
        ):
            raise ValueError('is not a five-field cron line; write one such as "0 6 * * 1" (Mondays at 6)')
        return value

    @model_validator(mode="after")
    def _one_kind_of_year(self) -> Organisation:
        if self.scorecard_grain == "fiscal_year" and self.fiscal_start_month == 1:
            raise ValueError("the fiscal year starts in January: write `scorecard_grain: year`")
        return self

    @property
    def fiscal_start_month(self) -> int:
        return int(self.fiscal_year_start[:2])

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)


class Stakeholder(Label):
    """A group whose relation is measured; `headline` is the KPI of its card.

    `about` names another group that our own people speak of: a side of that relation, with no card of its own.
    """

    headline: Code = "rqi"
    about: Code | None = None


class Dimension(Label):
    weight: Annotated[float, Field(gt=0)] = 1
    asked_of: list[Code] = []
    mirror_id: Code | None = None
    definition: Label | None = None


class Outcome(Label):
    """What a question asks beside the dimensions, on its own scale."""


class Value(Label):
    """A value the organisation proclaims; items ask how much it is proclaimed and how much it is lived."""

    definition: Label | None = None


class SegmentValue(Label):
    """One group of a segment; `texts` are what files call it, its code where none is given."""

    texts: list[Text] = []


class Segment(Label):
    """A declared cut of respondents (age band, channel); who has no declared value is `other`."""

    values: Annotated[dict[Code, SegmentValue], Field(min_length=2, max_length=12)]

    @model_validator(mode="after")
    def _told_apart(self) -> Segment:
        seen: dict[str, str] = {}
        for code, value in self.values.items():
            if code == "other":
                raise ValueError("'other' is everybody without a declared value; use another code")
            for text in value.texts or [code]:
                if text in seen:
                    raise ValueError(f"text '{text}' means both '{seen[text]}' and '{code}'; keep one")
                seen[text] = code
        return self


class Relation(Label):
    """Two groups who see one relation from its two sides, compared on the dimensions they mirror."""

    sides: tuple[Code, Code]
    kind: Literal["symmetry", "reciprocity"]

    @model_validator(mode="after")
    def _two(self) -> Relation:
        if self.sides[0] == self.sides[1]:
            raise ValueError(f"the two sides of a relation differ; both are '{self.sides[0]}'")
        return self


class Link(Label):
    """What must hold together: a KPI that stays above a level."""

    kpi: Code
    stakeholder: Code
    holds_from: float


class Side(Declared):
    """A KPI of a stakeholder, as one side of a correlation."""

    stakeholder: Code
    kpi: Code


# Computed from answers, events and figures by the SQL, before the mask.
BaseMethod = Literal[
    "pomp_mean",
    "weighted_index",
    "mirrored_index",
    "index_coverage",
    "net_promoter",
    "top_box",
    "share_between",
    "outcome_mean",
    "value_mean",
    "say_do",
    "theme_share",
    "respondent_count",
    "response_rate",
    "group_coverage",
    "group_balance",
    "as_reported",
    "ledger_sum",
    "ledger_ratio",
]
# Computed from published figures, after the mask: `pipelines.derive`.
DerivedMethod = Literal[
    "mirrored_gap",
    "york_slope",
    "concordance",
    "reciprocity",
    "gesture_gap",
    "better_together",
    "sibling_excess",
    "concentration",
    "crisis_share",
    "early_warning",
    "link",
    "rank_correlation",
    "register_share",
    "relational_weight",
    "post_stratified",
    "design_effect",
]
DERIVED_METHODS = frozenset(get_args(DerivedMethod))
# What each method cannot do without, as people write it.
_NEEDED: dict[str, tuple[str, ...]] = {
    "net_promoter": ("outcome",),
    "top_box": ("outcome", "top"),
    "share_between": ("outcome", "from", "to"),
    "outcome_mean": ("outcome",),
    "value_mean": ("outcome",),
    "ledger_ratio": ("numerator", "denominator"),
    "mirrored_gap": ("kind",),
    "gesture_gap": ("of", "dimension", "thresholds"),
    "better_together": ("of", "segment", "together", "alone"),
    "sibling_excess": ("of",),
    "concentration": ("of", "segment"),
    "rank_correlation": ("x", "y"),
    "register_share": ("register",),
    "post_stratified": ("of", "segment"),
    "design_effect": ("of", "segment"),
}


class Kpi(Label):
    """One KPI: a method of the code, instantiated. `names` are per-stakeholder names (eNPS)."""

    method: BaseMethod | DerivedMethod
    outcome: Code | None = None
    stakeholders: Stakeholders = "all"
    range: tuple[float, float] | None = None
    better: Literal["higher", "lower", "neither"] = "higher"
    unit: Literal["points", "score", "percent", "money", "ratio", "count", "hours"]
    top: dict[int, list[int]] = {}
    from_value: Annotated[float | None, Field(alias="from")] = None
    to_value: Annotated[float | None, Field(alias="to")] = None
    promoters_from: float = 9
    detractors_to: float = 6
    numerator: Code | None = None
    denominator: Code | None = None
    of: Code | None = None
    dimension: Code | None = None
    segment: Code | None = None
    together: Code | None = None
    alone: list[Code] = []
    thresholds: dict[Code, float] = {}
    kind: Literal["symmetry", "reciprocity"] | None = None
    false_alarm_rate: Annotated[float, Field(gt=0, le=0.5)] = 0.05
    x: Side | None = None
    y: Side | None = None
    register_code: Annotated[Literal["strategy", "bodies"] | None, Field(alias="register")] = None
    names: dict[Code, Text] = {}
    definition: Label
    formula: Label | Text
    needs: Label | None = None
    idea: Label | None = None
    target: float | None = None

    @model_validator(mode="after")
    def _instantiated(self) -> Kpi:
        given = self.model_dump(by_alias=True)
        absent = [name for name in _NEEDED.get(self.method, ()) if given[name] in (None, [], {})]
        if absent:
            said = " and ".join(f"`{name}:`" for name in absent)
            hint = ", such as {5: [4, 5]}" if absent == ["top"] else ""
            raise ValueError(f"method {self.method} needs {said}{hint}")
        if self.method == "share_between" and (self.from_value or 0) > (self.to_value or 0):
            raise ValueError(f"`from: {self.from_value:g}` must not be above `to: {self.to_value:g}`")
        if self.method == "gesture_gap" and set(self.thresholds) != {"gesture", "intention"}:
            raise ValueError(
                "method gesture_gap needs `thresholds: {gesture: 70, intention: 65}`, those two names"
            )
        if self.detractors_to >= self.promoters_from:
            raise ValueError("`detractors_to:` must be below `promoters_from:`")
        return self

    @property
    def is_derived(self) -> bool:
        """Whether it is a function of published figures."""
        return self.method in DERIVED_METHODS


class Framework(Declared):
    """`framework.yml`: one definition of every stakeholder, dimension and KPI."""

    version: Text
    smallest_effect: Annotated[float, Field(gt=0)] = 5
    stakeholders: dict[Code, Stakeholder]
    outcomes: dict[Code, Outcome] = {}
    dimensions: dict[Code, Dimension]
    values: dict[Code, Value] = {}
    segments: dict[Code, Segment] = {}
    relations: dict[Code, Relation] = {}
    links: dict[Code, Link] = {}
    kpis: dict[Code, Kpi]


class Chart(Declared):
    """A chart-of-accounts map for some fiscal years; KPI expressions over account prefixes.

    `break_note` draws a break where its first year begins. Its KPIs mean what those of the chart before mean, unless
    `comparable: false` says that no change may be computed across.
    """

    fiscal_years: Annotated[list[int], Field(min_length=1)]
    kpis: dict[Code, Text] = {}
    break_note: Label | None = None
    comparable: bool = True

    @model_validator(mode="after")
    def _said(self) -> Chart:
        if not self.comparable and not self.break_note:
            raise ValueError(
                "`comparable: false` needs `break_note: {fr: ..., en: ...}`, what readers are told"
            )
        return self


class When(Declared):
    account: Annotated[str, StringConstraints(pattern=r"^[0-9]+\*?$")] | None = None
    journal: Text | None = None
    piece_prefix: Text | None = None
    aux_prefix: Text | None = None


class ToUnit(Declared):
    """A rule from a ledger line to a unit; the first that matches wins."""

    when: When
    unit: Code | None = None
    aux_map: Code | None = None

    @model_validator(mode="after")
    def _one_target(self) -> ToUnit:
        if (self.unit is None) == (self.aux_map is None):
            raise ValueError("a rule needs exactly one of `unit:` or `aux_map:`")
        return self


class Finance(Declared):
    """`finance.yml`."""

    charts: list[Chart] = []
    to_unit: list[ToUnit] = []
    root: Code | None = None


class Privacy(Declared):
    """`privacy.yml`: thresholds, column classes, retention."""

    threshold: dict[Code, Annotated[int, Field(ge=1)]] = {}
    reason: Text | None = None
    columns: dict[str, Literal["identifier", "quasi_identifier", "comment", "sensitive", "none"]] = {}
    retention_months: dict[Literal["originals", "raw"], Annotated[int, Field(ge=1)]] = {}

    def k(self, stakeholder: str) -> int:
        """Minimum group of `stakeholder` (people), 10 unless declared."""
        return self.threshold.get(stakeholder, 10)
