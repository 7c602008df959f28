"""A home small enough to recompute by hand: its declarations, and what ingestion would have put in `raw`.

Two agencies, one of which changes region; employees by waves, clients continuously, partners already aggregated;
a ledger. Answers are drawn with a fixed seed, so a failing figure is the same figure every time.
"""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

FILES = {
    "organisation.yml": "name: Essai\nas_of: 2026-01-15\n",
    "units.csv": (
        "unit_code,parent_code,name_fr,name_en,valid_from,valid_to\n"
        "group,,Groupe,Group,2023-01-01,\n"
        "south,group,Sud,South,2023-01-01,\n"
        "north,group,Nord,North,2023-01-01,\n"
        "lyon,south,Lyon,Lyon,2023-01-01,\n"
        "lens,south,Lens,Lens,2023-01-01,2024-12-31\n"
        "lens,north,Lens,Lens,2025-01-01,\n"
    ),
    "unit_aliases.csv": (
        "source,alias,unit_code\ncost_centre,CC1,lyon\ncost_centre,CC2,lens\n"
        "hr_survey,A,lyon\nclient_survey,A,lyon\npartner_panel,A,lyon\n"
        "deliveries,A,lyon\nhelp_desk,A,lyon\n"
    ),
    "privacy.yml": "threshold: {employees: 10, clients: 10, partners: 10}\n",
    "framework.yml": """\
version: "trial"
stakeholders: {partners: {headline: paid_on_time}}
dimensions:
  trust: {weight: 2, asked_of: [employees, clients]}
  listening: {asked_of: [employees, clients]}
  care: {asked_of: [employees, clients]}
  ease: {asked_of: [employees]}
  sincerity: null
  recognition: null
  initiative: null
  competence: null
  cooperation: null
  values: null
  time: null
  joy: null
  client_focus: null
kpis:
  paid_on_time:
    {fr: Payés à temps, en: Paid on time, method: as_reported, unit: percent, range: [0, 100], formula: as sent,
     definition: {fr: Part payée à temps., en: Share paid on time.}}
  disputes:
    {fr: Litiges, en: Disputes, method: as_reported, unit: points, formula: as sent,
     definition: {fr: Litiges ouverts., en: Open disputes.}}
  kept_days:
    {fr: Délais tenus, en: Days kept, method: as_reported, unit: percent, range: [0, 100], formula: counted,
     definition: {fr: Part livrée au jour promis., en: Share delivered by the day promised.}}
  answered:
    {fr: Répondu, en: Answered, method: as_reported, unit: percent, range: [0, 100], formula: as sent,
     definition: {fr: Part des appels pris., en: Share of calls answered.}}
""",
    "sources/hr_survey.yml": """\
kind: responses
format: table
files: "hr_*"
stakeholder: employees
owner: people team
cadence: quarterly
freshness_days: 100
waves:
  - {code: w1, file: "hr_1*", closed: 2024-03-28, invited: 60}
  - {code: w2, file: "hr_2*", closed: 2025-03-28, invited: 70}
  - {code: w3, file: "hr_3*", closed: 2025-06-27}
  - {code: w4, file: "hr_4*", closed: 2026-03-28}
keys: {response: id, respondent: person, unit: agency}
items:
  - {code: q1, column: Q1, dimension: trust, parallel: true, min: 1, max: 5}
  - {code: q2, column: Q2, dimension: trust, parallel: true, min: 1, max: 5, reversed: true}
  - {code: q3, column: Q3, dimension: trust, parallel: true, min: 0, max: 10}
  - {code: q4, column: Q4, dimension: listening, parallel: true, min: 1, max: 5}
  - {code: q5, column: Q5, dimension: care, min: 1, max: 5}
  - {code: q6, column: Q6, dimension: ease, min: 1, max: 5}
  - {code: reco, column: NPS, outcome: recommend, min: 0, max: 10}
  - {code: sat, column: SAT, outcome: satisfaction, min: 1, max: 5}
""",
    "sources/client_survey.yml": """\
kind: responses
format: table
files: "cl_*"
stakeholder: clients
owner: sales
cadence: quarterly
freshness_days: 100
waves: continuous
keys: {response: id, unit: agency, submitted_at: when}
items:
  - {code: q1, column: Q1, dimension: trust, parallel: true, min: 1, max: 7}
  - {code: q2, column: Q2, dimension: listening, parallel: true, min: 1, max: 7}
  - {code: effort, column: CES, outcome: effort, min: 1, max: 7}
  - {code: sat, column: SAT, outcome: satisfaction, min: 0, max: 10}
""",
    "sources/partner_panel.yml": """\
kind: measures
format: table
files: "pa_*"
stakeholder: partners
owner: purchasing
cadence: yearly
freshness_days: 400
waves: [{code: p1, file: "pa_1*", closed: 2024-03-15}, {code: p2, file: "pa_2*", closed: 2025-03-15}]
keys: {unit: agency, n: n}
measures:
  - {code: on_time, column: A, kpi: paid_on_time, statistic: share, scale: percent, roll_up: weighted_by_n}
  - {code: disputes, column: B, kpi: disputes, statistic: index, scale: points, roll_up: sum}
""",
    "sources/deliveries.yml": """\
kind: events
format: table
files: "de_*"
stakeholder: partners
owner: purchasing
cadence: monthly
freshness_days: 40
waves: continuous
keys: {response: id, unit: agency, submitted_at: delivered}
facts:
  - {code: on_day, promised: promised, actual: delivered, kpi: kept_days}
""",
    "sources/help_desk.yml": """\
kind: measures
format: table
files: "he_*"
stakeholder: partners
owner: purchasing
cadence: monthly
freshness_days: 40
waves: continuous
keys: {unit: agency, submitted_at: month, n: calls}
measures:
  - {code: taken, column: taken, kpi: answered, statistic: share, scale: percent, roll_up: weighted_by_n}
""",
    "sources/ledger.yml": """\
kind: ledger
format: fec
files: "*FEC*"
owner: finance
cadence: yearly
freshness_days: 400
""",
    "finance.yml": """\
charts:
  - fiscal_years: [2023, 2024, 2025]
    kpis: {revenue: "credit(70 except 709)"}
to_unit:
  - {when: {account: "7*", piece_prefix: "LY-"}, unit: lyon}
  - {when: {account: "64*", journal: PA}, aux_map: cost_centre}
""",
}

HR_ITEMS = {
    "q1": (1, 5),
    "q2": (1, 5),
    "q3": (0, 10),
    "q4": (1, 5),
    "q5": (1, 5),
    "q6": (1, 5),
    "reco": (0, 10),
    "sat": (1, 5),
}
CLIENT_ITEMS = {"q1": (1, 7), "q2": (1, 7), "effort": (1, 7), "sat": (0, 10)}


@dataclass
class Response:
    """One row of raw.responses; `answers` by item code, a missing one absent."""

    source_code: str
    response_key: str
    unit_code: str
    wave_code: str | None = None
    respondent_key: str | None = None
    submitted_date: dt.date | None = None
    is_test: bool = False
    answers: dict[str, int] = field(default_factory=dict)

    def row(self) -> dict[str, Any]:
        own = {f"{self.source_code}__{item}": float(value) for item, value in self.answers.items()}
        keys = {key: value for key, value in asdict(self).items() if key != "answers"}
        return {**keys, "file_id": f"file_{self.source_code}", "is_complete": True, **own}


def write_declarations(home: Path) -> Path:
    """Write the declarations under `home` and return it."""
    for relative, text in FILES.items():
        path = home / "declarations" / relative
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return home


def responses() -> list[Response]:
    """Employees: four waves, one of them after the as-of date. Clients: two quarters, with a silent agency."""
    return list(_employees()) + list(_clients())


def _employees() -> Iterator[Response]:
    draw = random.Random(20250328)
    number = 0
    for wave, agency, count, level in (
        ("w1", "lyon", 24, 3),
        ("w1", "lens", 14, 2),
        ("w2", "lyon", 26, 4),
        ("w2", "lens", 13, 2),
        ("w3", "lyon", 21, 3),
        ("w3", "group", 4, 3),
        ("w4", "lyon", 20, 5),
    ):
        for rank in range(count):
            number += 1
            answers = {
                item: min(high, max(low, round(draw.gauss(level * high / 5, high / 4))))
                for item, (low, high) in HR_ITEMS.items()
                if draw.random() > 0.15
            }
            if wave == "w1" or (agency == "lens" and rank >= 6):
                answers.pop("q6", None)  # ease: not asked in w1, too few answers at Lens in w2
            if (wave, rank) == ("w2", 0):
                answers = {"q1": 5}  # one of three trust items: under half, no score at all
            yield Response(
                "hr_survey",
                f"r{number}",
                agency,
                wave,
                # The same person answers for two agencies: one respondent of the group.
                respondent_key="p_both" if wave == "w2" and rank == 1 else f"p{number}",
                is_test=(wave, agency, rank) == ("w3", "lyon", 0),
                answers=answers,
            )


def _clients() -> Iterator[Response]:
    draw = random.Random(7)
    for number in range(150):
        year, month = ((2024, 2), (2025, 2), (2025, 5))[number % 3]
        agency = "lyon" if month == 5 or number % 2 else "lens"
        yield Response(
            "client_survey",
            f"c{number}",
            agency,
            submitted_date=dt.date(year, month, 1 + number % 28),
            answers={
                item: draw.randint(low, high)
                for item, (low, high) in CLIENT_ITEMS.items()
                if draw.random() > 0.1
            },
        )


# source_code, unit, wave, measure, value, n
MEASURES = [
    ("partner_panel", "lyon", "p1", "on_time", Decimal("80"), 40),
    ("partner_panel", "lens", "p1", "on_time", Decimal("50"), 10),
    ("partner_panel", "lyon", "p2", "on_time", Decimal("90"), 60),
    ("partner_panel", "lens", "p2", "on_time", None, None),
    ("partner_panel", "lyon", "p2", "disputes", Decimal("3"), None),
    ("partner_panel", "lens", "p2", "disputes", Decimal("4"), None),
]

# unit, day, on time (None: the promised day is not known), is_test
EVENTS = [
    ("lyon", dt.date(2025, 4, 1), 1, False),
    ("lyon", dt.date(2025, 6, 30), 0, False),
    ("lyon", dt.date(2025, 6, 30), 1, False),
    ("lyon", dt.date(2025, 5, 5), None, False),
    ("lyon", dt.date(2025, 5, 6), 0, True),
    *[("lens", dt.date(2025, 5, 1 + number), int(number < 9), False) for number in range(12)],
    ("lyon", dt.date(2026, 1, 5), 0, False),  # a quarter that has not ended
]
# unit, first of the month, share in percent, calls
DATED = [
    ("lyon", dt.date(2025, 4, 1), Decimal("80"), 100),
    ("lyon", dt.date(2025, 6, 1), Decimal("50"), 300),
    ("lens", dt.date(2025, 5, 1), Decimal("90"), 20),
    ("lyon", dt.date(2025, 7, 1), Decimal("60"), 40),
]


@dataclass(frozen=True)
class Line:
    """One row of raw.ledger_lines, amounts in euros."""

    day: dt.date
    account: str
    debit: Decimal
    credit: Decimal
    journal: str = "VE"
    piece: str = ""
    auxiliary: str | None = None


def lines() -> list[Line]:
    """Two years of months: sales of Lyon by piece, pay of both by cost centre, the rest of nobody."""
    found = []
    for month in range(24):
        day = dt.date(2024 + month // 12, month % 12 + 1, 15)
        cents = Decimal(month) / 100
        found += [
            Line(day, "706000", Decimal(0), 10_000 + cents, piece="LY-1"),
            Line(day, "709000", 100 + cents, Decimal(0), piece="LY-2"),
            Line(day, "707000", Decimal(0), 500 + cents, piece="XX-3"),
            Line(day, "641000", 3_000 + 3 * cents, Decimal(0), journal="PA", auxiliary="CC1"),
            Line(day, "607000", 1_000 + cents, Decimal(0), journal="HA"),
        ]
        if month >= 6 and month != 8:
            found.append(Line(day, "645000", 700 + cents, Decimal(0), journal="PA", auxiliary="CC2"))
    return found
