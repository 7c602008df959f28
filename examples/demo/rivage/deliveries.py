"""Deliveries of partners as the purchasing tool lists them: cp1252, `;`, dd/mm/yyyy, amounts with no-break spaces."""

from __future__ import annotations

import datetime as dt

from rivage import world
from rivage.expected import File
from rivage.exports import NBSP, french, spreadsheet_csv

HEADER = [
    "N° de livraison",
    "Code partenaire",
    "Agence",
    "Commandé le",
    "Promis le",
    "Livré le",
    "Montant HT",
]
ON_TIME, LATE_REGION, LATE_YEAR, LATE = 0.92, "reg_sud", 2025, 0.74
CANCELLED, UNKNOWN = "annulée", 0.01
PER_QUARTER = 2  # deliveries a partner


def _amount(euros: float) -> str:
    """1 234,50 with a no-break space."""
    return f"{euros:,.2f}".replace(",", NBSP).replace(".", ",")


def files() -> list[File]:
    """Three years, each by the day promised."""
    rng, number, years = world.random("deliveries"), 0, dict[int, list[list[str]]]()
    for index, (year, _) in enumerate(world.QUARTERS):
        first, days = world.first_day(index), (world.last_day(index) - world.first_day(index)).days + 1
        drawn = []
        for agency in world.AGENCIES:
            kept = LATE if agency.region == LATE_REGION and year == LATE_YEAR else ON_TIME
            for _ in range(PER_QUARTER * agency.partners):
                promised = first + dt.timedelta(days=int(rng.randint(days)))
                ordered = promised - dt.timedelta(days=int(rng.randint(5, 40)))
                shift = -int(rng.randint(0, 4)) if rng.rand() < kept else int(rng.randint(1, 15))
                delivered = french(promised + dt.timedelta(days=shift))
                if rng.rand() < UNKNOWN:
                    delivered = CANCELLED
                partner = f"PA-{agency.number:02d}{rng.randint(agency.partners + 5):02d}"
                amount = _amount(80 + rng.exponential(1400))
                drawn.append(
                    (promised, [partner, agency.name, french(ordered), french(promised), delivered, amount])
                )
        rows = years.setdefault(year, [])
        for _, cells in sorted(drawn, key=lambda one: one[0]):
            number += 1
            rows.append([f"BL{number:06d}", *cells])
    return [
        File(f"livraisons_{year}.csv", spreadsheet_csv([HEADER, *rows], "cp1252"), "accepted", len(rows))
        for year, rows in years.items()
    ]
