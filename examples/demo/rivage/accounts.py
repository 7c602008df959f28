"""Client accounts as the CRM extracts them: one line a client and quarter of 2025, nobody was asked anything."""

from __future__ import annotations

import numpy as np

from rivage import world
from rivage.expected import File
from rivage.exports import french, spreadsheet_csv

HEADER = [
    "Réf. client", "Agence", "Arrêté au", "Décile de CA", "Contacts du trimestre", "Dormant joint hors offre"
]  # fmt: skip
YEAR, PER_ANSWER = 2025, 1.6  # accounts for one client who answers the survey
MEAN_CONTACTS = 4.0
# How much more the richest decile is contacted: mean = MEAN_CONTACTS x exp(steepness x (rank - 1/2)), rank 0-1.
STEEPNESS = {"reg_nord": 0.6, "reg_ouest": 0.0, "reg_sud": 2.6}
DORMANT_SHARE = 0.14
REACHED = {"reg_nord": 0.42, "reg_ouest": 0.64, "reg_sud": 0.2}


def _line(rng: np.random.RandomState, region: str, decile: int) -> list[str]:
    """Decile, contacts, and for a dormant client whether somebody called otherwise than with an offer."""
    rank = (decile - 0.5) / 10
    seen = int(rng.poisson(MEAN_CONTACTS * np.exp(STEEPNESS[region] * (rank - 0.5))))
    is_dormant, is_reached = rng.rand() < DORMANT_SHARE, rng.rand() < REACHED[region]
    return [str(decile), str(seen), ("oui" if is_reached else "non") if is_dormant else ""]


def files() -> list[File]:
    """The four quarters of 2025."""
    rng, made = world.random("accounts"), []
    for index, (year, quarter) in enumerate(world.QUARTERS):
        if year != YEAR:
            continue
        rows, day = [], french(world.last_day(index))
        for agency in world.AGENCIES:
            count = int(PER_ANSWER * agency.clients)
            for place in range(count):
                reference = f"C{agency.number:02d}{place:04d}"
                rows.append(
                    [reference, agency.store, day, *_line(rng, agency.region, 1 + 10 * place // count)]
                )
        content = spreadsheet_csv([HEADER, *rows], "utf-8-sig")
        made.append(File(f"comptes_clients_{year}T{quarter}.csv", content, "accepted", len(rows)))
    return made
