"""Training hours from HR: one workbook a year, a title above the header, a total below the agencies."""

from __future__ import annotations

import datetime as dt

from rivage import world
from rivage.expected import File
from rivage.exports import Look, workbook

HEADER = ["Fin de trimestre", "Agence", "Effectif (ETP)", "Heures de formation", "Heures par ETP"]
HOURS = {"reg_nord": 3.2, "reg_ouest": 6.1, "reg_sud": 2.1}  # per FTE and quarter
TOTAL = "Total groupe"
LOOK = Look("SIRH", (1,), "dd/mm/yyyy")


def files() -> list[File]:
    """Three years."""
    rng, made = world.random("training"), []
    years: dict[int, list[list[object]]] = {}
    for index, (year, _) in enumerate(world.QUARTERS):
        rows = years.setdefault(year, [])
        for agency in world.AGENCIES:
            heads = agency.heads[year - world.QUARTERS[0][0]]
            hours = round(max(0.4, HOURS[agency.region] * (1 + 0.18 * rng.standard_normal())) * heads)
            day = dt.datetime.combine(world.last_day(index), dt.time())
            rows.append([day, agency.hr_code, heads, hours, round(hours / heads, 2)])
    for year, rows in years.items():
        heads, hours = (sum(int(str(row[at])) for row in rows) for at in (2, 3))
        above: list[list[object]] = [[f"Formation {year}, heures réalisées"], []]
        below: list[object] = [None, TOTAL, heads, hours, round(hours / heads, 2)]
        made_on = dt.datetime(year, 12, 31, 18, 0)
        content = workbook("Heures", [*above, list(HEADER), *rows, below], made_on, LOOK)
        made.append(File(f"formation_{year}.xlsx", content, "accepted", len(rows)))
    return made
