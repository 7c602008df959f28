"""Mystery visits: one line per gesture looked for in a contact, a CSV a year. No client and no employee is in it."""

from __future__ import annotations

import datetime as dt

import numpy as np

from rivage import contacts, world
from rivage.expected import File
from rivage.exports import NBSP, french, spreadsheet_csv

HEADER = [
    f"N°{NBSP}de visite", "Date de visite", "Agence", "Canal audité", "Geste", f"Fait{NBSP}?", "Enquêteur"
]  # fmt: skip
GESTURES = {
    "Salutation": 0.03,
    "Nom du client prononcé": 0.0,
    "Proposition d'un service": -0.05,
    "Remerciement": 0.02,
}
"""Each gesture and how far it stands from the agency's own share."""
RECITED, MEANT, LOOSE = 0.93, 0.87, 0.43
VISITS, VISITS_MORE = 11, 4
NOT_APPLICABLE = 0.02


def share(unit: str, index: int) -> float:
    """Probability that a gesture is made, as the same story plants it in the clients' answers."""
    if index < contacts.SCRIPT_ENDS or unit == contacts.SCRIPTED:
        return RECITED
    return LOOSE if unit == contacts.LOOSE else MEANT


def _visits(rng: np.random.RandomState, index: int) -> list[tuple[dt.date, world.Agency]]:
    first, days = world.first_day(index), (world.last_day(index) - world.first_day(index)).days + 1
    return [
        (first + dt.timedelta(days=int(rng.randint(days))), agency)
        for agency in world.AGENCIES
        for _ in range(VISITS + rng.randint(VISITS_MORE))
    ]


def files() -> list[File]:
    """Three years."""
    rng, number, years = world.random("audits"), 0, dict[int, list[list[str]]]()
    for index, (year, _) in enumerate(world.QUARTERS):
        rows = years.setdefault(year, [])
        for day, agency in sorted(_visits(rng, index), key=lambda one: (one[0], one[1].number)):
            number += 1
            place = "téléphone" if rng.rand() < 0.4 else "agence"
            for gesture, apart in GESTURES.items():
                done = "Oui" if rng.rand() < share(agency.unit, index) + apart else "Non"
                if rng.rand() < NOT_APPLICABLE:
                    done = "Sans objet"
                who = f"E{rng.randint(1, 7)}"
                rows.append([f"V{number:05d}", french(day), agency.name, place, gesture, done, who])
    return [
        File(
            f"visites_mystere_{year}.csv",
            spreadsheet_csv([HEADER, *rows], "utf-8-sig"),
            "accepted",
            len(rows),
        )
        for year, rows in years.items()
    ]
