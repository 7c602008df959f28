"""A small home and what is sent to it over time: every kind of source, copies, corrections, a bad file.

Times of files are fixed, so that the same arrivals are the same home whenever they are written.
"""

from __future__ import annotations

import os
import random
import shutil
from dataclasses import dataclass, replace
from pathlib import Path

DECLARATIONS = {
    "organisation.yml": "name: Essai\nas_of: 2026-01-15\n",
    "units.csv": (
        "unit_code,parent_code,name_fr,name_en,valid_from,valid_to\n"
        "group,,Groupe,Group,2024-01-01,\nnorth,group,Nord,North,2024-01-01,\nsouth,group,Sud,South,2024-01-01,\n"
    ),
    "unit_aliases.csv": "source,alias,unit_code\n"
    + "".join(
        f"{source},{alias},{unit}\n"
        for source in ("hr_survey", "client_survey", "partner_panel", "deliveries", "cost_centre")
        for alias, unit in (("N", "north"), ("S", "south"))
    ),
    "headcounts.csv": "unit_code,valid_from,headcount\ngroup,2024-01-01,90\nnorth,2024-01-01,50\nsouth,2024-01-01,40\n",
    "finance.yml": "charts: [{fiscal_years: [2025]}]\nto_unit: [{when: {account: '7*'}, aux_map: cost_centre}]\n",
    "sources/hr_survey.yml": """\
kind: responses
files: "hr_*"
stakeholder: employees
owner: people team
cadence: half_yearly
freshness_days: 200
waves:
  - {code: w1, file: "hr_1*", closed: 2025-03-28, invited: 90}
  - {code: w2, file: "hr_2*", closed: 2025-09-26, invited: 90}
keys: {response: id, respondent: token, unit: AGENCE}
items:
  - {code: q1, column: Q1, dimension: trust, min: 1, max: 5}
  - {code: q2, column: Q2, dimension: listening, min: 1, max: 5}
  - {code: reco, column: NPS, outcome: recommend, min: 0, max: 10}
drop: [ipaddr]
""",
    "sources/client_survey.yml": """\
kind: responses
format: table
files: "cl_*"
stakeholder: clients
owner: sales
cadence: weekly
freshness_days: 30
waves: continuous
resend: append
keys: {response: id, unit: agency, submitted_at: when}
items:
  - {code: q1, column: Q1, dimension: trust, min: 1, max: 5}
  - {code: sat, column: SAT, outcome: satisfaction, min: 1, max: 5}
""",
    "sources/partner_panel.yml": """\
kind: measures
format: table
files: "pa_*"
stakeholder: partners
owner: purchasing
cadence: yearly
freshness_days: 400
waves: [{code: p1, file: "pa_1*", closed: 2025-06-15}]
keys: {unit: agency, n: n}
measures: [{code: on_time, column: A, kpi: on_time_share, statistic: share, scale: percent, roll_up: weighted_by_n}]
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
resend: append
keys: {response: id, unit: agency, submitted_at: delivered}
facts: [{code: on_day, promised: promised, actual: delivered, kpi: on_time_share}]
""",
    "sources/ledger.yml": """\
kind: ledger
files: "*FEC*"
owner: finance
cadence: monthly
freshness_days: 40
""",
}


@dataclass(frozen=True)
class Arrival:
    """A file of landing/; `age` orders the times of files, in days."""

    name: str
    text: str
    age: int


def declare(home: Path) -> Path:
    """Write the declarations of the home; landing stays empty."""
    for name, text in DECLARATIONS.items():
        path = home / "declarations" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    (home / "landing").mkdir(exist_ok=True)
    return home


def land(home: Path, arrival: Arrival) -> None:
    """Put a file in landing, written and dated a long time ago."""
    path = home / "landing" / arrival.name
    path.write_text(arrival.text, encoding="utf-8")
    when = 1_760_000_000 + 86_400 * arrival.age
    os.utime(path, (when, when))


def arrivals(seed: int) -> list[Arrival]:
    """What is sent, in order: surveys, an overlapping export, a copy, a correction, a cut file, a ledger."""
    draw = random.Random(seed)
    first, second, mended = (_survey(draw, wave) for wave in (1, 2, 2))
    clients = [
        _clients(draw, low, low + 60) for low in (0, 40, 80)
    ]  # each export brings the end of the last again
    deliveries = _deliveries(draw)
    return [
        Arrival("hr_1.csv", first, 1),
        Arrival("cl_1.csv", clients[0], 2),
        Arrival("FEC20251231_000000000FEC20251231.txt", _ledger(draw), 3),
        Arrival("hr_1 (1).csv", first, 4),
        Arrival("pa_1.csv", "agency;n;A\nN;60;81,5\nS;40;72,5\n", 5),
        Arrival("cl_2.csv", clients[1], 6),
        Arrival("de_1.csv", deliveries, 7),
        Arrival("hr_2.csv", second, 8),
        Arrival("cl_cut.csv", clients[2][: len(clients[2]) // 2].rsplit(",", 2)[0], 9),
        Arrival("hr_2 corrected.csv", mended, 10),
        Arrival("cl_3.csv", clients[2], 11),
    ]


def _survey(draw: random.Random, wave: int) -> str:
    lines = ['"id";"submitdate";"lastpage";"startlanguage";"token";"ipaddr";"AGENCE";"Q1";"Q2";"NPS"']
    for number in range(1, 61):
        unit = "N" if number % 2 else "S"
        answers = (draw.randint(1, 5), draw.randint(1, 5), draw.randint(0, 10))
        if number == 7:
            unit = "?"  # a unit nobody declared: one record in quarantine
        cells = (
            number,
            f"2025-0{3 * wave}-10 10:00:00",
            3,
            "fr",
            f"t{wave}-{number}",
            "10.0.0.1",
            unit,
            *answers,
        )
        lines.append(";".join(f'"{cell}"' for cell in cells))
    return "\r\n".join(lines) + "\r\n"


def _clients(draw: random.Random, low: int, high: int) -> str:
    lines = ["id,agency,when,Q1,SAT"]
    for number in range(low, high):
        own = random.Random(number)  # the same answer in every export that brings it
        day = 1 + number % 27
        month = 1 + number * 11 // 140
        lines.append(
            f"c{number},{'NS'[number % 2]},2025-{month:02}-{day:02} 09:00:00,{own.randint(1, 5)},{own.randint(1, 5)}"
        )
    return "\n".join(lines) + "\n"


def _deliveries(draw: random.Random) -> str:
    lines = ["id,agency,promised,delivered"]
    for number in range(50):
        late = draw.random() < 0.2
        lines.append(f"d{number},{'NS'[number % 2]},2025-05-10,2025-05-{11 if late else 9}")
    return "\n".join(lines) + "\n"


def _ledger(draw: random.Random) -> str:
    names = [
        "JournalCode",
        "JournalLib",
        "EcritureNum",
        "EcritureDate",
        "CompteNum",
        "CompteLib",
        "CompAuxNum",
        "CompAuxLib",
        "PieceRef",
        "PieceDate",
        "EcritureLib",
        "Debit",
        "Credit",
        "EcritureLet",
        "DateLet",
        "ValidDate",
        "Montantdevise",
        "Idevise",
    ]
    lines = ["\t".join(names)]
    for number in range(1, 23):
        day = f"2025{1 + number // 2:02}15"
        amount = f"{draw.randint(100, 900)},00"
        for account, debit, credit in (("706000", "0,00", amount), ("411000", amount, "0,00")):
            cells = [
                "VE",
                "Ventes",
                str(number),
                day,
                account,
                "x",
                "NS"[number % 2],
                "",
                f"F{number}",
                day,
                "x",
            ]
            lines.append("\t".join([*cells, debit, credit, "", "", day, "", ""]))
    return "\r\n".join(lines) + "\r\n"


def empty(home: Path) -> None:
    """Forget all that runs made and all that was sent; what Dagster and dbt keep for themselves may stay."""
    for path in [*(home / "landing").iterdir(), *(home / "data").glob("*/*")]:
        if path.name in {"dagster", "dbt"}:
            continue
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()


def variant(draw: random.Random, sent: list[Arrival]) -> list[Arrival]:
    """The same records sent another way: files split, rows shuffled, sent twice, renamed, and in another order."""
    out: list[Arrival] = []
    for arrival in sent:
        lines = arrival.text.splitlines(keepends=True)
        appended = arrival.name.startswith(("cl_", "de_")) and arrival.text.endswith("\n")
        way = draw.choice(["as it is", "shuffled", "split", "twice", "renamed"])
        stem, dot, end = arrival.name.rpartition(".")
        if way == "shuffled" and arrival.text.endswith("\n") and "FEC" not in arrival.name:
            body = lines[1:]
            draw.shuffle(body)
            out.append(replace(arrival, text="".join([lines[0], *body])))
        elif way == "split" and appended and len(lines) > 2:
            cut = draw.randrange(2, len(lines))
            parts = (lines[:cut], [lines[0], *lines[cut:]])
            out += [
                replace(arrival, name=f"{stem} part {number}{dot}{end}", text="".join(part))
                for number, part in enumerate(parts)
            ]
        elif way == "twice":
            later = draw.choice([-1, 0, 1])  # a copy has a time of its own
            out += [arrival, replace(arrival, name=f"{stem} copy{dot}{end}", age=arrival.age + later)]
        elif way == "renamed":
            out.append(replace(arrival, name=f"{stem} final{dot}{end}"))
        else:
            out.append(arrival)
    draw.shuffle(out)
    return out
