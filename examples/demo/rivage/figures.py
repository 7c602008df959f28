"""The figures of README.md, measured on the landing files by plain Python, as Markdown tables."""

from __future__ import annotations

import fnmatch
import json
from pathlib import Path

import numpy as np

from rivage import world
from rivage.findings import findings
from rivage.measured import OPERATING, READ, Cells, answers, index, money, recommendation, total
from rivage.tables import REGIONS, UNITS, table

SOURCES = {
    "hr_survey": "barometre_*",
    "client_survey": "clients_*",
    "partner_survey": "partenaires_*",
    "ledger": "*FEC*",
    "manager_survey": "encadrants_*",
    "buyer_survey": "acheteurs_*",
    "quality_audits": "visites_mystere_*",
    "deliveries": "livraisons_*",
    "client_accounts": "comptes_clients_*",
    "training_hours": "formation_*",
    "helpdesk": "zendesk_notes_*",
}
COUNTS = ("records", "accepted", "quarantined", "duplicate")
LAST = len(world.QUARTERS) - 1
ALL_UNITS = {agency.unit for agency in world.AGENCIES} | {"unassigned"}


def _symmetry(staff: Cells, clients: Cells) -> str:
    names = UNITS
    rows = []
    for unit, name in names.items():
        one, other = index(staff[unit, LAST]), index(clients[unit, LAST])
        gaps = [common_gap(staff[unit, at], clients[unit, at]) for at in range(LAST + 1)]
        rows.append(
            [
                name,
                one,
                len(staff[unit, LAST]),
                other,
                len(clients[unit, LAST]),
                gaps[LAST],
                min(gaps),
                max(gaps),
            ]
        )
    header = [
        "unit",
        "employees RQI",
        "n",
        "clients RQI",
        "n",
        "gap on common dimensions",
        "lowest of 12 quarters",
        "highest",
    ]
    return table(f"Employees against clients, {world.label(LAST)}", header, rows)


def common_gap(staff: list, clients: list) -> float:
    """Clients less employees, over the dimensions asked of both."""
    common = {name for _, scores, _ in clients for name in scores}
    kept = [
        (unit, {name: value for name, value in scores.items() if name in common}, nps)
        for unit, scores, nps in staff
    ]
    return index(clients) - index(kept)


def _fall(staff: Cells, clients: Cells, euros: dict) -> str:
    rows = []
    for at in range(world.EMPLOYEES_FALL_AT - 2, LAST + 1):
        unit = world.FALLING
        rows.append(
            [world.label(at), index(staff[unit, at]), index(clients[unit, at]), _margin(euros, {unit}, {at})]
        )
    return table(
        "Marseille: employees first, clients two quarters later, margin after that",
        ["quarter", "employees RQI", "clients RQI", "operating margin %"],
        rows,
    )


def _margin(euros: dict, units: set[str], quarters: set[int]) -> float:
    return 100 * total(euros, units, quarters, OPERATING) / total(euros, units, quarters, ["70"])


def link(clients: Cells, euros: dict, region: str) -> tuple[float, float, dict[str, float]]:
    """Operating margin on clients' RQI one quarter before: slope, correlation within agency, by agency."""
    before, after, agencies = [], [], {}
    for agency in (one for one in world.AGENCIES if one.region == region):
        relation = np.array([index(clients[agency.unit, at]) for at in range(LAST)])
        margin = np.array([_margin(euros, {agency.unit}, {at}) for at in range(1, LAST + 1)])
        before.append(relation - relation.mean())
        after.append(margin - margin.mean())
        agencies[agency.name] = float(np.corrcoef(relation, margin)[0, 1])
    x, y = np.concatenate(before), np.concatenate(after)
    return float(x @ y / (x @ x)), float(np.corrcoef(x, y)[0, 1]), agencies


def _links(clients: Cells, euros: dict) -> str:
    rows = []
    for region, name in REGIONS.items():
        slope, correlation, agencies = link(clients, euros, region)
        each = ", ".join(f"{agency} {value:.2f}" for agency, value in agencies.items())
        rows.append([name, f"{slope:.2f}", f"{correlation:.2f}", each])
    return table(
        "Operating margin on the clients' RQI of the quarter before, within agency (11 quarters)",
        ["region", "margin points per RQI point", "correlation", "by agency"],
        rows,
    )


def _small(staff: Cells, partners: Cells) -> str:
    rows = []
    for agency in world.AGENCIES:
        asked = [len(staff[agency.unit, at]) for at in range(LAST + 1)]
        companies = [len(partners[agency.unit, at]) for at in range(LAST)]
        if min(asked) < 10 or min(companies) < 10:
            rows.append(
                [
                    agency.name,
                    agency.heads[-1],
                    f"{min(asked)}–{max(asked)}",
                    f"{min(companies)}–{max(companies)}",
                ]
            )
    return table(
        "Agencies with fewer than 10 answers",
        ["agency", "headcount 2025", "employees answering", "partners answering"],
        rows,
    )


def _partners(partners: Cells) -> str:
    rows = []
    for unit, name in UNITS.items():
        cell = partners[unit, LAST - 1]
        rows.append([name, index(cell), recommendation(cell), len(cell)])
    return table(
        f"Partners, {world.label(LAST - 1)} (the last quarter is held)", ["unit", "RQI", "pNPS", "n"], rows
    )


def _recommend(staff: Cells, clients: Cells) -> str:
    rows = [
        [name, recommendation(staff[unit, LAST]), recommendation(clients[unit, LAST])]
        for unit, name in UNITS.items()
    ]
    return table(f"Recommendation, {world.label(LAST)}", ["unit", "eNPS", "client NPS"], rows)


def _accounts(euros: dict) -> str:
    rows = []
    for year in (2023, 2024, 2025):
        quarters = {at for at, (one, _) in enumerate(world.QUARTERS) if one == year}
        income = total(euros, ALL_UNITS, quarters, ["70"])
        lost = total(euros, {"unassigned"}, quarters, ["70"])
        payroll, office = (
            -total(euros, ALL_UNITS, quarters, ["64"]),
            -total(euros, {"unassigned"}, quarters, ["64"]),
        )
        figures = [
            income,
            lost,
            payroll,
            office,
            total(euros, ALL_UNITS, quarters, OPERATING),
            total(euros, ALL_UNITS, quarters, ["6", "7"]),
        ]
        rows.append([year, *(f"{euro:,.2f}" for euro in figures)])
    header = [
        "year",
        "revenue",
        "of it unassigned",
        "payroll",
        "of it unassigned",
        "operating result",
        "net result",
    ]
    return table("The ledgers, euros", header, rows)


def _counts(planted: dict) -> str:
    rows: list[list[object]] = []
    for source, pattern in SOURCES.items():
        mine = [entry for name, entry in planted["files"].items() if fnmatch.fnmatch(name, pattern)]
        rows.append([source, len(mine), *(sum(entry[count] for entry in mine) for count in COUNTS)])
    rows.append(["all", planted["totals"]["files"], *(planted["totals"][count] for count in COUNTS)])
    return table("Records, as expected.json has them a file", ["source", "files", *COUNTS], rows)


def figures(landing: Path) -> str:
    """All tables, in the order of the README's stories."""
    cells = {group: answers(landing, group) for group in READ}
    staff, clients, partners = (cells[group] for group in ("employees", "clients", "partners"))
    euros = money(landing)
    parts = [
        _symmetry(staff, clients),
        _fall(staff, clients, euros),
        _links(clients, euros),
        _small(staff, partners),
    ]
    parts += [_recommend(staff, clients), _partners(partners), _accounts(euros)]
    parts += findings(landing, cells)
    planted = json.loads((landing.parent / "expected.json").read_text(encoding="utf-8"))
    return "\n".join([*parts, _counts(planted)])
