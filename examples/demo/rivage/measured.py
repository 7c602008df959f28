"""Plain readings of the landing files, enough to check what was planted by hands that wrote them."""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from openpyxl import load_workbook

from rivage import buyers, ledger, managers, partners, world
from rivage.items import AGREEMENT, BUYERS, CLIENTS, EMPLOYEES, MANAGERS, PARTNERS, Question

Answer = tuple[str, dict[str, float], float | None]
"""Unit, points by dimension (0–100), recommendation 0–10 or None."""
Cells = dict[tuple[str, int], list[Answer]]
"""Answers by (unit, quarter index)."""


def _points(questions: Sequence[Question], ticks: Sequence[int | None]) -> dict[str, float]:
    """POMP by dimension, where at least half of its items are answered."""
    found: dict[str, list[float | None]] = defaultdict(list)
    for question, tick in zip(questions, ticks, strict=True):
        value = None if tick is None else 6 - tick if question.is_reversed else tick
        found[question.target].append(None if value is None else (value - 1) * 25.0)
    scores = {}
    for dimension, values in found.items():
        known = [value for value in values if value is not None]
        if known and 2 * len(known) >= len(values):
            scores[dimension] = sum(known) / len(known)
    return scores


def spreadsheet(path: Path) -> Iterator[dict[str, str]]:
    """Rows of a `;` file, UTF-8 where it says so and cp1252 otherwise."""
    raw = path.read_bytes()
    text = raw.decode("utf-8-sig" if raw.startswith(b"\xef\xbb\xbf") else "cp1252")
    yield from csv.DictReader(text.splitlines(), delimiter=";")


def _agreed(row: dict[str, str], questions: Sequence[Question]) -> list[int | None]:
    """Ticks 1–5 of LimeSurvey's A1–A5."""
    return [int(row[q.column][1:]) if row[q.column] not in {"", "A9"} else None for q in questions]


def _barometer(path: Path) -> Iterator[Answer]:
    units = {agency.hr_code: agency.unit for agency in world.AGENCIES}
    for row in spreadsheet(path):
        if row["G0[AGENCE]"] in units:
            scores = _points(EMPLOYEES, _agreed(row, EMPLOYEES))
            yield units[row["G0[AGENCE]"]], scores, float(row["NPS"]) if row["NPS"] else None


def _encadrants(path: Path) -> Iterator[Answer]:
    units = {code: unit for unit, code in managers.codes().items()}
    for row in spreadsheet(path):
        yield units[row["G0[UNITE]"]], _points(MANAGERS, _agreed(row, MANAGERS)), None


def visits(path: Path) -> Iterator[tuple[dict[str, str], list[int | None]]]:
    """Clients' answers a careful reader keeps, as sent, each with its ticks: no preview, nothing out of scale."""
    with path.open(encoding="utf-8", newline="") as handle:
        rows = csv.reader(handle)
        tags = next(rows)
        for values in list(rows)[2:]:
            row = dict(zip(tags, values, strict=True))
            ticks = [int(row[q.column]) if row[q.column] not in {"-99", "8"} else None for q in CLIENTS]
            if row["Status"] == "0" and max(tick or 0 for tick in ticks) <= 5 and float(row["Q2"] or 0) <= 10:
                yield row, ticks


def _visitors(path: Path) -> Iterator[Answer]:
    units = {agency.store: agency.unit for agency in world.AGENCIES}
    for row, ticks in visits(path):
        yield units[row["Agence"]], _points(CLIENTS, ticks), float(row["Q2"]) if row["Q2"] else None


def _companies(path: Path) -> Iterator[Answer]:
    units = {agency.branch: agency.unit for agency in world.AGENCIES}
    rows = load_workbook(path).active.iter_rows(values_only=True)
    header = next(rows)
    if partners.UNMAPPED_COLUMN in header:
        return
    for row in rows:
        yield units[row[7]], _points(PARTNERS, _worded(row, header, PARTNERS)), float(row[9 + len(PARTNERS)])


def _acheteurs(path: Path) -> Iterator[Answer]:
    units = {agency.branch: agency.unit for agency in world.AGENCIES}
    rows = load_workbook(path).active.iter_rows(values_only=True)
    header = next(rows)
    for row in rows:
        yield units[row[6]], _points(BUYERS, _worded(row, header, BUYERS)), None


def _worded(row: tuple, header: tuple, questions: Sequence[Question]) -> list[int | None]:
    """Ticks 1–5 of answers given as labels; None for any other text."""
    words = [row[header.index(q.column)] for q in questions]
    return [AGREEMENT.index(word) + 1 if word in AGREEMENT else None for word in words]


EVERY_QUARTER = list(range(len(world.QUARTERS)))
READ = {
    "employees": ("barometre_{}T{}.csv", _barometer, EVERY_QUARTER),
    "clients": ("clients_{}-Q{}.csv", _visitors, EVERY_QUARTER),
    "partners": ("partenaires_{}T{}.xlsx", _companies, EVERY_QUARTER),
    "managers": ("encadrants_{}T{}.csv", _encadrants, managers.WAVES),
    "buyers": ("acheteurs_{}T{}.xlsx", _acheteurs, buyers.WAVES),
}


def answers(landing: Path, stakeholder: str) -> Cells:
    """Every answer that a careful reader keeps, by unit (agencies, regions, the group) and quarter."""
    name, read, quarters = READ[stakeholder]
    above = {agency.unit: (agency.unit, agency.region, "rivage") for agency in world.AGENCIES}
    above |= {agency.region: (agency.region, "rivage") for agency in world.AGENCIES} | {"rivage": ("rivage",)}
    cells: Cells = defaultdict(list)
    for at in quarters:
        for answer in read(landing / name.format(*world.QUARTERS[at])):
            for unit in above[answer[0]]:
                cells[unit, at].append(answer)
    return cells


def index(found: list[Answer]) -> float:
    """RQI with equal weights: the mean of the dimensions' means, each over those who answered it."""
    dimensions = sorted({dimension for _, scores, _ in found for dimension in scores})
    return float(
        np.mean([np.mean([scores[name] for _, scores, _ in found if name in scores]) for name in dimensions])
    )


def recommendation(found: list[Answer]) -> float:
    """% of 9–10 less % of 0–6."""
    given = [nps for _, _, nps in found if nps is not None]
    return 100 * (sum(nps >= 9 for nps in given) - sum(nps <= 6 for nps in given)) / len(given)


def money(landing: Path) -> dict[tuple[str, int, str], float]:
    """Credit − debit in euros by (unit, quarter index, account), classes 6 and 7, as finance.yml says."""
    pieces = {agency.piece: agency.unit for agency in world.AGENCIES}
    centres = {agency.cost_centre: agency.unit for agency in world.AGENCIES}
    found: dict[tuple[str, int, str], float] = defaultdict(float)
    for year, delimiter in ledger.DELIMITERS.items():
        raw = (landing / f"{ledger.SIREN}FEC{year}1231.txt").read_bytes()
        for line in raw.decode("iso8859-15" if year == 2023 else "utf-8").splitlines()[1:]:
            cells = line.split(delimiter)
            if cells[4][0] in "67":
                unit = pieces.get(cells[8][:3]) or centres.get(cells[6]) or "unassigned"
                at = world.QUARTERS.index((int(cells[3][:4]), (int(cells[3][4:6]) + 2) // 3))
                found[unit, at, cells[4]] += float(cells[12].replace(",", ".")) - float(
                    cells[11].replace(",", ".")
                )
    return found


OPERATING = ("60", "61", "62", "63", "64", "65", "681", "70", "71", "72", "74", "75", "781", "791")


def total(
    found: dict[tuple[str, int, str], float], units: set[str], quarters: set[int], prefixes: Sequence[str]
) -> float:
    """Credit − debit over units, quarters and account prefixes, in euros."""
    return sum(
        value
        for (unit, at, account), value in found.items()
        if unit in units and at in quarters and account.startswith(tuple(prefixes))
    )
