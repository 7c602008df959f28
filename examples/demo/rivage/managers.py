"""The managers' survey as LimeSurvey exports it: what they say they offer their teams, twice a year."""

from __future__ import annotations

import datetime as dt

import numpy as np

from rivage import world
from rivage.answers import agreement
from rivage.expected import File
from rivage.exports import limesurvey
from rivage.hr import moment
from rivage.items import MANAGERS

WAVES = [at for at, (_, quarter) in enumerate(world.QUARTERS) if quarter in (2, 4)]
# Managers of each agency, then of the three regions and of the head office.
COUNTS = {
    "ag_lille": 9, "ag_rouen": 6, "ag_amiens": 4, "ag_arras": 3,
    "ag_nantes": 9, "ag_rennes": 8, "ag_brest": 2, "ag_vannes": 1,
    "ag_lyon": 9, "ag_marseille": 8, "ag_montpellier": 5, "ag_nice": 1,
    "reg_nord": 2, "reg_ouest": 2, "reg_sud": 2, "rivage": 18,
}  # fmt: skip
INVITED = sum(COUNTS.values())
OFFICES = {"reg_nord": "RN", "reg_ouest": "RO", "reg_sud": "RS", "rivage": "SG"}
# Points above what the teams of the region say.
ABOVE_TEAMS = {"reg_nord": 9.0, "reg_ouest": -1.5, "reg_sud": 28.0}
HEAD_OFFICE_LEVEL, SPREAD, ANSWERING = 68.0, 7.0, 0.9
HEADER = [
    "id", "submitdate", "lastpage", "startlanguage", "token", "G0[UNITE]", *(one.column for one in MANAGERS)
]  # fmt: skip


def codes() -> dict[str, str]:
    """What the survey calls each unit: an agency's HR code, RN, RO, RS, and SG for the head office."""
    return {agency.unit: agency.hr_code for agency in world.AGENCIES} | OFFICES


def _level(unit: str, at: int, teams: dict[str, np.ndarray]) -> float:
    """Where a manager of `unit` stands: the teams of the agency, or of the region's agencies, and what is planted."""
    region = next((agency.region for agency in world.AGENCIES if unit in (agency.unit, agency.region)), None)
    if region is None:
        return HEAD_OFFICE_LEVEL
    mine = [agency for agency in world.AGENCIES if unit in (agency.unit, agency.region)]
    seen = np.average([teams[one.unit][at] for one in mine], weights=[one.heads[2] for one in mine])
    return float(seen) + ABOVE_TEAMS[region]


def files() -> list[File]:
    """Six waves."""
    rng, teams = world.random("managers"), world.levels().employees
    made, number = [], 0
    for at in WAVES:
        opened, closed = world.fieldwork(at)
        drawn: list[tuple[dt.datetime, list[str | None]]] = []
        for unit, code in codes().items():
            for place in range(COUNTS[unit]):
                if rng.rand() > ANSWERING:
                    continue
                own = _level(unit, at, teams) + SPREAD * rng.standard_normal()
                ticks = zip(agreement(rng, own, MANAGERS), rng.rand(len(MANAGERS)), strict=True)
                answers = ["A9" if chance < 0.02 else f"A{tick}" for tick, chance in ticks]
                drawn.append((moment(rng, opened, closed), [f"enc{code.lower()}{place:02d}", code, *answers]))
        lines: list[list[str | None]] = [list(HEADER)]
        for seen, (token, *answers) in sorted(drawn, key=lambda one: one[0]):
            number += 1
            lines.append([str(number), str(seen), "3", "fr", token, *answers])
        year, quarter = world.QUARTERS[at]
        made.append(File(f"encadrants_{year}T{quarter}.csv", limesurvey(lines), "accepted", len(drawn)))
    return made
