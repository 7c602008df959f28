"""Our people who work with partners, on these partners: Microsoft Forms, XLSX, twice a year."""

from __future__ import annotations

import datetime as dt

from rivage import world
from rivage.answers import agreement, mood
from rivage.expected import File
from rivage.exports import FORMS, NBSP, workbook
from rivage.hr import moment
from rivage.items import AGREEMENT, BUYERS, NO_OPINION

WAVES = [at for at, (_, quarter) in enumerate(world.QUARTERS) if quarter in (1, 3)]
COUNTS = {
    "ag_lille": 16, "ag_rouen": 8, "ag_amiens": 6, "ag_arras": 4,
    "ag_nantes": 15, "ag_rennes": 13, "ag_brest": 4, "ag_vannes": 2,
    "ag_lyon": 17, "ag_marseille": 13, "ag_montpellier": 8, "ag_nice": 2,
}  # fmt: skip
# In Nord our people give the partners more than the partners give them.
ABOVE_PARTNERS = {"reg_nord": 23.0, "reg_ouest": 0.0, "reg_sud": 0.0}
ANSWERING = 0.9
HEADER = [
    "ID",
    "Heure de début",
    "Heure de fin",
    "Adresse de messagerie",
    "Nom",
    "Matricule",
    f"Dans quelle agence travaillez-vous{NBSP}?",
    *(question.column for question in BUYERS),
]


def files() -> list[File]:
    """Six waves."""
    rng, truth = world.random("buyers"), world.levels().partners
    made, number = [], 0
    for at in WAVES:
        opened, closed = world.fieldwork(at)
        drawn = []
        for agency in world.AGENCIES:
            level = truth[agency.unit][at] + ABOVE_PARTNERS[agency.region]
            for place in range(COUNTS[agency.unit]):
                if rng.rand() > ANSWERING:
                    continue
                ticks = zip(agreement(rng, mood(rng, level), BUYERS), rng.rand(len(BUYERS)), strict=True)
                words = [NO_OPINION if chance < 0.02 else AGREEMENT[tick - 1] for tick, chance in ticks]
                begun = moment(rng, opened, closed)
                ended = begun + dt.timedelta(seconds=int(rng.randint(60, 400)))
                who = ["anonymous", None, f"MA-{agency.number:02d}{place:03d}", agency.branch]
                drawn.append((begun, [ended, *who, *words]))
        rows: list[list[object]] = [list(HEADER)]
        for begun, rest in sorted(drawn, key=lambda one: (one[0], one[1][3])):
            number += 1
            rows.append([number, begun, *rest])
        year, quarter = world.QUARTERS[at]
        content = workbook("Sheet1", rows, dt.datetime.combine(closed, dt.time(18, 0)), FORMS)
        made.append(File(f"acheteurs_{year}T{quarter}.xlsx", content, "accepted", len(drawn)))
    return made
