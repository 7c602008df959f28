"""Figures of README.md that are planted beside the indices: tables measured on the landing files by plain Python."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
from openpyxl import load_workbook

from rivage import contacts, helpdesk, hr, world
from rivage.items import EMPLOYEES, FAIR_PAY, VALUES
from rivage.measured import Cells, index, spreadsheet, visits
from rivage.tables import REGIONS, UNITS, table

LAST = len(world.QUARTERS) - 1
LAST_BUYERS = LAST - 1
MANAGED = {
    "trust",
    "listening",
    "sincerity",
    "care",
    "recognition",
    "initiative",
    "cooperation",
    "values",
    "time",
}
SHARED = {"trust", "listening", "care", "recognition", "joy"}
"""Dimensions whose questions are parallel: managers and employees, employees and clients."""
YEARS = (2023, 2024, 2025)


def mirrored(found: list, dimensions: set[str]) -> float:
    """The index on `dimensions` alone."""
    kept = [(unit, {d: v for d, v in scores.items() if d in dimensions}, nps) for unit, scores, nps in found]
    return index(kept)


def _regions() -> dict[str, str]:
    return {agency.unit: agency.region for agency in world.AGENCIES}


def managers(above: Cells, staff: Cells) -> str:
    rows = []
    for unit, name in UNITS.items():
        one, other = above[unit, LAST], staff[unit, LAST]
        gap = mirrored(other, MANAGED) - mirrored(one, MANAGED)
        rows.append([name, mirrored(one, MANAGED), len(one), mirrored(other, MANAGED), len(other), gap])
    header = ["unit", "managers", "n", "their teams", "n", "teams less managers"]
    return table(f"Managers against their teams on 9 shared dimensions, {world.label(LAST)}", header, rows)


def symmetry(staff: Cells, clients: Cells) -> str:
    rows = []
    for unit, name in UNITS.items():
        one, other = mirrored(staff[unit, LAST], SHARED), mirrored(clients[unit, LAST], SHARED)
        rows.append([name, one, other, other - one])
    header = ["unit", "employees", "clients", "clients less employees"]
    title = f"Employees against clients on the 5 dimensions asked in parallel wording, {world.label(LAST)}"
    return table(title, header, rows)


def buyers(ours: Cells, partners: Cells) -> str:
    rows = []
    for unit, name in UNITS.items():
        one, other = ours[unit, LAST_BUYERS], partners[unit, LAST_BUYERS]
        rows.append([name, index(one), len(one), index(other), len(other), index(other) - index(one)])
    header = ["unit", "our people on partners", "n", "partners on us", "n", "partners less our people"]
    return table(f"Reciprocity with partners, {world.label(LAST_BUYERS)}", header, rows)


def _points(text: str) -> float | None:
    return None if text in {"", "A9"} else (int(text[1:]) - 1) * 25.0


def _barometer(landing: Path, at: int) -> list[dict[str, str]]:
    known = {agency.hr_code for agency in world.AGENCIES}
    rows = spreadsheet(landing / "barometre_{}T{}.csv".format(*world.QUARTERS[at]))
    return [row for row in rows if row["G0[AGENCE]"] in known]


def said_and_done(landing: Path) -> list[tuple[str, float, float, float, int]]:
    """Value, proclaimed, lived, lived − proclaimed and how many answered both, in the group's last quarter."""
    found = []
    for value in VALUES:
        pairs = [
            (said, done)
            for row in _barometer(landing, LAST)
            if (said := _points(row[value.proclaimed])) is not None
            and (done := _points(row[value.lived])) is not None
        ]
        said, done = np.mean(pairs, axis=0)
        found.append((value.code, float(said), float(done), float(done - said), len(pairs)))
    return found


def _values(landing: Path) -> str:
    header = ["value", "proclaimed", "lived", "lived less proclaimed", "n"]
    return table(f"Values proclaimed and lived, Group, {world.label(LAST)}", header, said_and_done(landing))


def by_job(landing: Path) -> dict[str, tuple[float, float, int]]:
    """Job family -> recognition (mean of its two questions) and fair pay, 0–100, and answers, last quarter."""
    columns = [question.column for question in EMPLOYEES if question.target == "recognition"]
    found: dict[str, tuple[float, float, int]] = {}
    for job in hr.JOBS:
        mine = [row for row in _barometer(landing, LAST) if row["G0[METIER]"] == job]
        known = [[p for column in columns if (p := _points(row[column])) is not None] for row in mine]
        pay = [p for row in mine if (p := _points(row[FAIR_PAY.column])) is not None]
        recognised = [np.mean(points) for points in known if points]
        found[job] = float(np.mean(recognised)), float(np.mean(pay)), len(mine)
    return found


def _jobs(landing: Path) -> str:
    rows = [[job, *measured] for job, measured in by_job(landing).items()]
    title = f"Recognition and fair pay by job family, Group, {world.label(LAST)}"
    return table(title, ["job family", "recognition", "fair pay", "n"], rows)


def gestures(landing: Path, clients: Cells) -> dict[tuple[str, int], tuple[float, float]]:
    """(Agency, year) -> share of gestures made in percent, clients' sincerity."""
    done: dict[tuple[str, int], list[bool]] = defaultdict(list)
    units = {agency.name: agency.unit for agency in world.AGENCIES}
    for year in YEARS:
        for row in spreadsheet(landing / f"visites_mystere_{year}.csv"):
            made = row["Fait\u00a0?"]
            if made != "Sans objet":
                done[units[row["Agence"]], year].append(made == "Oui")
    found = {}
    for (unit, year), made in done.items():
        quarters = [at for at, (one, _) in enumerate(world.QUARTERS) if one == year]
        felt = [s["sincerity"] for at in quarters for _, s, _ in clients[unit, at] if "sincerity" in s]
        found[unit, year] = 100 * float(np.mean(made)), float(np.mean(felt))
    return found


def _gestures(landing: Path, clients: Cells) -> str:
    measured = gestures(landing, clients)
    rows = [
        [agency.name, *(figure for year in YEARS for figure in measured[agency.unit, year])]
        for agency in world.AGENCIES
    ]
    header = ["agency", *(f"{what} {year}" for year in YEARS for what in ("gestures %", "sincerity"))]
    return table("Gestures made and sincerity felt, whole years", header, rows)


def _clients(landing: Path, quarters: Iterable[int]) -> Iterator[tuple[str, dict[str, str]]]:
    units = {agency.store: agency.unit for agency in world.AGENCIES}
    for at in quarters:
        for row, _ in visits(landing / "clients_{}-Q{}.csv".format(*world.QUARTERS[at])):
            yield units[row["Agence"]], row


def _percent(flags: Sequence[bool]) -> float:
    return 100 * float(np.mean(flags))


def channels(landing: Path, quarters: Iterable[int]) -> dict[str, tuple[float, int]]:
    """human, digital, both -> share satisfied (4 or 5 of 5) in percent and answers."""
    names = {"agence": "human", "telephone": "human", "en_ligne": "digital", contacts.BOTH: "both"}
    found: dict[str, list[bool]] = {"human": [], "digital": [], "both": []}
    for _, row in _clients(landing, quarters):
        if row["Q3"]:
            found[names[row["Canal"]]].append(int(row["Q3"]) >= 4)
    return {name: (_percent(flags), len(flags)) for name, flags in found.items()}


def _channels(landing: Path) -> str:
    rows = []
    for title, quarters in ((world.label(LAST), [LAST]), ("12 quarters", range(LAST + 1))):
        measured = channels(landing, quarters)
        gain = measured["both"][0] - max(measured["human"][0], measured["digital"][0])
        rows.append([title, *(figure for pair in measured.values() for figure in pair), gain])
    header = ["Group", "human %", "n", "digital %", "n", "both %", "n", "both less the better"]
    return table("Satisfied clients by channel", header, rows)


def pushed(landing: Path, at: int) -> dict[str, tuple[float, float, float]]:
    """Montpellier and its siblings -> scores 9–10, collected by the seller, within ten minutes, in percent."""
    regions, found = _regions(), {}
    rows = list(_clients(landing, [at]))
    family = {unit for unit, region in regions.items() if region == regions[contacts.PUSHING]}
    for name, units in (
        ("Montpellier", {contacts.PUSHING}),
        ("its siblings", family - {contacts.PUSHING}),
    ):
        mine = [row for unit, row in rows if unit in units]
        found[name] = (
            _percent([int(row["Q2"]) >= 9 for row in mine if row["Q2"]]),
            _percent([row["Collecte"] == contacts.SELLER for row in mine]),
            _percent([int(row["MinutesApresContact"]) <= 10 for row in mine]),
        )
    return found


def _pushed(landing: Path) -> str:
    rows = []
    for at in (contacts.PUSHED_FROM - 1, contacts.PUSHED_FROM, LAST):
        rows += [[world.label(at), name, *shares] for name, shares in pushed(landing, at).items()]
    header = ["quarter", "agency", "9–10 %", "collected by the seller %", "within ten minutes %"]
    return table("Recommendation pushed rather than earned", header, rows)


def upset(landing: Path, at: int) -> float:
    """Marseille's share of negative emotions, percent of those who answered the question."""
    felt = [row["Q6"] for unit, row in _clients(landing, [at]) if unit == world.FALLING]
    return _percent([one in contacts.UPSET for one in felt if one not in {"", contacts.UNANSWERED}])


def _upset(landing: Path) -> str:
    quarters = range(world.CLIENTS_FALL_AT - 4, LAST + 1)
    rows = [["Marseille", *(upset(landing, at) for at in quarters)]]
    return table("Negative emotions, % of clients", ["", *map(world.label, quarters)], rows)


def on_time(landing: Path) -> dict[tuple[str, int], float]:
    """(Region, year) -> percent of deliveries no later than promised, of those that came."""
    regions = {agency.name: agency.region for agency in world.AGENCIES}
    found: dict[tuple[str, int], list[bool]] = defaultdict(list)
    for year in YEARS:
        for row in spreadsheet(landing / f"livraisons_{year}.csv"):
            if row["Livré le"][:1].isdigit():
                promised, actual = (row[day].split("/")[::-1] for day in ("Promis le", "Livré le"))
                found[regions[row["Agence"]], year].append(actual <= promised)
    return {key: _percent(flags) for key, flags in found.items()}


def hours(landing: Path) -> dict[tuple[str, int], float]:
    """(Region, year) -> mean hours of training a quarter and FTE."""
    regions = {agency.hr_code: agency.region for agency in world.AGENCIES}
    given: dict[tuple[str, int], float] = defaultdict(float)
    people: dict[tuple[str, int], float] = defaultdict(float)
    for year in YEARS:
        for row in load_workbook(landing / f"formation_{year}.xlsx").active.iter_rows(values_only=True):
            if row[1] in regions:
                given[regions[row[1]], year] += row[2] * row[4]
                people[regions[row[1]], year] += row[2]
    return {key: given[key] / people[key] for key in given}


def ratings(landing: Path) -> dict[tuple[str, int], float]:
    """(Region, year) -> percent of good among the ratings given."""
    regions = {group: region for region, group in helpdesk.GROUPS.items()}
    found: dict[tuple[str, int], list[bool]] = defaultdict(list)
    for year, quarter in world.QUARTERS:
        page = json.loads((landing / f"zendesk_notes_{year}T{quarter}.json").read_text(encoding="utf-8"))
        for rating in page["satisfaction_ratings"]:
            if rating["score"] != "offered":
                found[regions[rating["group_id"]], year].append(rating["score"] == "good")
    return {key: _percent(flags) for key, flags in found.items()}


def _by_year(title: str, measured: dict[tuple[str, int], float]) -> str:
    rows = [[name, *(measured[region, year] for year in YEARS)] for region, name in REGIONS.items()]
    return table(title, ["region", *map(str, YEARS)], rows)


def _accounts(landing: Path, at: int) -> Iterator[tuple[str, int, dict[str, str]]]:
    """Region, decile and line of each client account of a quarter."""
    regions = {agency.store: agency.region for agency in world.AGENCIES}
    for row in spreadsheet(landing / "comptes_clients_{}T{}.csv".format(*world.QUARTERS[at])):
        yield regions[row["Agence"]], int(row["Décile de CA"]), row


def attention_counts(landing: Path, at: int) -> Counter[tuple[str, int]]:
    """(Region, decile) -> client accounts."""
    return Counter((region, decile) for region, decile, _ in _accounts(landing, at))


def attention(landing: Path, at: int) -> dict[str, tuple[float, float, float, float]]:
    """Region -> contacts a client in the smallest and the largest decile, concentration, dormant reached %.

    The concentration index is 2·Σ share·contacts·rank / mean − 1, ranks in the middle of each decile.
    """
    seen: dict[str, dict[int, list[int]]] = {region: defaultdict(list) for region in REGIONS}
    reached: dict[str, list[bool]] = defaultdict(list)
    for region, decile, row in _accounts(landing, at):
        seen[region][decile].append(int(row["Contacts du trimestre"]))
        if row["Dormant joint hors offre"]:
            reached[region].append(row["Dormant joint hors offre"] == "oui")
    found = {}
    for region, deciles in seen.items():
        means = np.array([np.mean(deciles[one]) for one in range(1, 11)])
        shares = np.array([len(deciles[one]) for one in range(1, 11)], dtype=float)
        shares /= shares.sum()
        ranks = np.cumsum(shares) - shares / 2
        concentrated = 2 * (shares @ (means * ranks)) / (shares @ means) - 1
        found[region] = float(means[0]), float(means[-1]), float(concentrated), _percent(reached[region])
    return found


def _attention(landing: Path) -> str:
    rows = [
        [REGIONS[region], low, high, f"{concentrated:.2f}", dormant]
        for region, (low, high, concentrated, dormant) in attention(landing, LAST).items()
    ]
    header = ["region", "contacts, smallest decile", "largest decile", "concentration", "dormant reached %"]
    return table(f"Attention by decile of revenue, {world.label(LAST)}", header, rows)


def change(cells: Cells, unit: str, dimension: str, starts: int) -> tuple[float, float]:
    """Mean of a dimension in the last quarter before `starts`, and in the latest quarter."""
    before, after = (
        float(np.mean([scores[dimension] for _, scores, _ in cells[unit, at] if dimension in scores]))
        for at in (starts - 1, LAST)
    )
    return before, after


CHARTER_UNIT, CHARTER_DIMENSION, CHARTER_STARTS = "ag_nantes", "care", world.QUARTERS.index((2025, 2))
TRIAL_BESIDE = ("ag_nantes", "ag_lille", "ag_rouen", "ag_amiens", "ag_lyon")
CHARTER_BESIDE = ("ag_rennes", "ag_brest", "ag_vannes")


def beside(cells: Cells, units: Sequence[str], dimension: str, starts: int) -> float:
    """Mean change of comparable units."""
    return float(
        np.mean([after - before for before, after in (change(cells, u, dimension, starts) for u in units)])
    )


def _actions(staff: Cells, clients: Cells) -> str:
    names = {agency.unit: agency.name for agency in world.AGENCIES}
    rows = []
    for action, cells, group, unit, dimension, starts, others in (
        ("weekly talk", staff, "employees", hr.TRIAL_UNIT, hr.TRIAL_DIMENSION, hr.TRIAL_WAVE, TRIAL_BESIDE),
        (
            "welcome charter", clients, "clients",
            CHARTER_UNIT, CHARTER_DIMENSION, CHARTER_STARTS, CHARTER_BESIDE,
        ),
    ):  # fmt: skip
        before, after = change(cells, unit, dimension, starts)
        elsewhere = beside(cells, others, dimension, starts)
        told = [action, names[unit], f"{group}, {dimension}"]
        rows.append([*told, before, after, after - before, elsewhere, after - before - elsewhere])
    header = [
        *("action", "agency", "on", world.label(hr.TRIAL_WAVE - 1), world.label(LAST)),
        *("change", "comparable agencies", "difference"),
    ]
    return table("Actions: what moved and what did not", header, rows)


def findings(landing: Path, cells: dict[str, Cells]) -> list[str]:
    """All tables of this module, in the order of the README."""
    staff, clients = cells["employees"], cells["clients"]
    return [
        managers(cells["managers"], staff),
        symmetry(staff, clients),
        buyers(cells["buyers"], cells["partners"]),
        _values(landing),
        _jobs(landing),
        _gestures(landing, clients),
        _channels(landing),
        _pushed(landing),
        _upset(landing),
        _by_year("Deliveries on time, %", on_time(landing)),
        _attention(landing),
        _by_year("Training, hours per FTE and quarter", hours(landing)),
        _by_year("Good ratings after a request, %", ratings(landing)),
        _actions(staff, clients),
    ]
