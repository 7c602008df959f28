"""What the other declarations of a home may say, typed: every key is here or is refused."""

from __future__ import annotations

import datetime as dt
import re
from typing import Annotated, Literal
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
    scorecard_grain: Literal["month", "quarter", "year"] = "quarter"
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

    @property
    def fiscal_start_month(self) -> int:
        return int(self.fiscal_year_start[:2])

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)


class Stakeholder(Label):
    """A group whose relation is measured; `headline` is the KPI of its card."""

    headline: Code = "rqi"


class Dimension(Label):
    weight: Annotated[float, Field(gt=0)] = 1
    asked_of: list[Code] = []
    mirror_id: Code | None = None
    definition: Label | None = None


class Outcome(Label):
    pass


Method = Literal[
    "pomp_mean",
    "weighted_index",
    "index_coverage",
    "net_promoter",
    "top_box",
    "outcome_mean",
    "respondent_count",
    "response_rate",
    "group_coverage",
    "group_balance",
    "as_reported",
    "ledger_sum",
    "ledger_ratio",
]


class Kpi(Label):
    """One KPI: a method of the code, instantiated. `names` are per-stakeholder names (eNPS)."""

    method: Method
    outcome: Code | None = None
    stakeholders: Stakeholders = "all"
    range: tuple[float, float] | None = None
    better: Literal["higher", "lower", "neither"] = "higher"
    unit: Literal["points", "score", "percent", "money", "ratio", "count"]
    top: dict[int, list[int]] = {}
    numerator: Code | None = None
    denominator: Code | None = None
    names: dict[Code, Text] = {}
    definition: Label
    formula: Label | Text
    needs: Label | None = None

    @model_validator(mode="after")
    def _instantiated(self) -> Kpi:
        if self.method in {"net_promoter", "top_box", "outcome_mean"} and not self.outcome:
            raise ValueError(f"method {self.method} needs `outcome:`")
        if self.method == "top_box" and not self.top:
            raise ValueError("method top_box needs `top:`, such as {5: [4, 5]}")
        if self.method == "ledger_ratio" and not (self.numerator and self.denominator):
            raise ValueError("method ledger_ratio needs `numerator:` and `denominator:`")
        return self


class Framework(Declared):
    """`framework.yml`: one definition of every stakeholder, dimension and KPI."""

    version: Text
    smallest_effect: Annotated[float, Field(gt=0)] = 5
    stakeholders: dict[Code, Stakeholder]
    outcomes: dict[Code, Outcome] = {}
    dimensions: dict[Code, Dimension]
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
