"""Groupe Rivage: its agencies, its quarters and the true levels behind every file (latent, 0–100 points).

Everything is drawn from `RandomState`: numpy has frozen its streams, so a seed always means the same files.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np

SEED = 20230101
QUARTERS = [(year, quarter) for year in (2023, 2024, 2025) for quarter in (1, 2, 3, 4)]

# What a director must be able to find again (README.md tells the same stories).
EMPLOYEE_LEVEL = {"reg_nord": 56.0, "reg_ouest": 70.5, "reg_sud": 58.0}
CLIENT_LEVEL = {"reg_nord": 70.0, "reg_ouest": 70.0, "reg_sud": 73.0}
PARTNER_LEVEL = {"reg_nord": 62.0, "reg_ouest": 66.0, "reg_sud": 63.0}
UNLINKED_REGION = "reg_nord"
FALLING = "ag_marseille"
EMPLOYEES_FALL_AT, EMPLOYEES_FALL = QUARTERS.index((2024, 4)), -17.0
CLIENTS_FALL_AT, CLIENTS_FALL = QUARTERS.index((2025, 2)), -15.0
# One point of client index moves the next quarter's operating margin by this share of revenue.
MARGIN_PER_POINT = 0.0045


@dataclass(frozen=True)
class Agency:
    """One agency: employees in 2023, 2024 and 2025, clients and partners answering a quarter, true levels."""

    number: int
    name: str
    region: str
    department: str
    heads: tuple[int, int, int]
    clients: int
    partners: int
    employee_offset: float
    client_offset: float
    margin: float

    @property
    def branch(self) -> str:
        """As the partner survey names it: « Agence de Lyon », « Agence d'Arras »."""
        return f"Agence d'{self.name}" if self.name[0] in "AEIOUÉ" else f"Agence de {self.name}"

    @property
    def unit(self) -> str:
        return f"ag_{self.name.lower()}"

    @property
    def hr_code(self) -> str:
        return f"AG{self.number:02d}"

    @property
    def store(self) -> str:
        return f"{self.department}-{self.name.upper()}"

    @property
    def cost_centre(self) -> str:
        return f"CC-7{self.number:02d}"

    @property
    def piece(self) -> str:
        return f"{self.name[:2].upper()}-"


AGENCIES = [
    Agency(1, "Lille", "reg_nord", "59", (82, 84, 84), 118, 18, 1, 1, 0.125),
    Agency(2, "Rouen", "reg_nord", "76", (42, 40, 40), 78, 13, -2, -1, 0.105),
    Agency(3, "Amiens", "reg_nord", "80", (26, 26, 28), 58, 12, 2, 2, 0.115),
    Agency(4, "Arras", "reg_nord", "62", (18, 18, 18), 36, 11, -1, -2, 0.095),
    Agency(5, "Nantes", "reg_ouest", "44", (68, 70, 74), 112, 17, 1, 1, 0.135),
    Agency(6, "Rennes", "reg_ouest", "35", (48, 50, 50), 90, 14, -1, -1, 0.12),
    Agency(7, "Lyon", "reg_sud", "69", (112, 116, 120), 116, 20, 1, 0, 0.14),
    Agency(8, "Marseille", "reg_sud", "13", (62, 64, 64), 84, 15, 3, 2, 0.14),
    Agency(9, "Montpellier", "reg_sud", "34", (30, 32, 34), 54, 12, -2, -1, 0.11),
    Agency(10, "Nice", "reg_sud", "06", (9, 9, 9), 36, 6, 0, 1, 0.1),
    Agency(11, "Brest", "reg_ouest", "29", (12, 12, 12), 46, 11, 1, 1, 0.11),
    Agency(12, "Vannes", "reg_ouest", "56", (6, 6, 6), 40, 5, -1, -1, 0.105),
]


def random(stream: str) -> np.random.RandomState:
    """One stream a tool: changing what one tool sends leaves the files of the others as they are."""
    return np.random.RandomState([SEED, *stream.encode()])


def label(index: int) -> str:
    """`2025-Q1` of a quarter's position in QUARTERS."""
    year, quarter = QUARTERS[index]
    return f"{year}-Q{quarter}"


def first_day(index: int) -> dt.date:
    year, quarter = QUARTERS[index]
    return dt.date(year, 3 * quarter - 2, 1)


def last_day(index: int) -> dt.date:
    year, quarter = QUARTERS[index]
    return dt.date(year + quarter // 4, 3 * quarter % 12 + 1, 1) - dt.timedelta(days=1)


def fieldwork(index: int) -> tuple[dt.date, dt.date]:
    """Monday and Friday between which the barometer and the partner survey run, late in the quarter."""
    year, quarter = QUARTERS[index]
    start = dt.date(year, 3 * quarter, 1) if quarter < 4 else dt.date(year, 11, 22)
    monday = start + dt.timedelta(days=-start.weekday() % 7)
    return monday, monday + dt.timedelta(days=25 if quarter < 4 else 18)


def _wander(rng: np.random.RandomState, spread: float, length: int) -> np.ndarray:
    """A stationary AR(1) walk of standard deviation `spread`, centred, of `length` quarters."""
    steps = rng.standard_normal(length)
    walk = np.empty(length)
    walk[0] = steps[0]
    for at in range(1, length):
        walk[at] = 0.4 * walk[at - 1] + np.sqrt(1 - 0.4**2) * steps[at]
    walk -= walk.mean()
    return spread * walk / walk.std()


@dataclass(frozen=True)
class Levels:
    """Latent levels, arrays of one value a quarter: points 0–100, margins as a share of revenue."""

    employees: dict[str, np.ndarray]
    clients: dict[str, np.ndarray]
    partners: dict[str, np.ndarray]
    margins: dict[str, np.ndarray]


def _client_walks(rng: np.random.RandomState) -> dict[str, np.ndarray]:
    """Clients' walks from the quarter before 2023: agencies move, their region as a whole holds."""
    walks = {
        agency.unit: _wander(rng, 1.0 if agency.unit == FALLING else 5.0, len(QUARTERS) + 1)
        for agency in AGENCIES
    }
    for region in CLIENT_LEVEL:
        moving = [agency for agency in AGENCIES if agency.region == region and agency.unit != FALLING]
        weights = np.array([agency.clients for agency in moving], dtype=float)
        shared = np.average([walks[agency.unit] for agency in moving], axis=0, weights=weights)
        for agency in moving:
            walks[agency.unit] = walks[agency.unit] - shared
    return walks


def levels() -> Levels:
    """The truth every file is drawn from, the same at every call."""
    rng = random("levels")
    quarters = len(QUARTERS)
    walks = _client_walks(rng)
    employees, clients, partners, margins = {}, {}, {}, {}
    for agency in AGENCIES:
        falls = agency.unit == FALLING
        own = (
            EMPLOYEE_LEVEL[agency.region]
            + agency.employee_offset
            + _wander(rng, 0.8 if falls else 1.6, quarters)
        )
        seen = CLIENT_LEVEL[agency.region] + agency.client_offset + walks[agency.unit]
        noise = rng.standard_normal(quarters)
        if falls:
            own[EMPLOYEES_FALL_AT:] += EMPLOYEES_FALL
            seen[1 + CLIENTS_FALL_AT :] += CLIENTS_FALL
        before = seen[:-1]
        if agency.region == UNLINKED_REGION:
            moved = 0.022 * _without(noise, before, seen[1:])
        else:
            # The level before any fall is the reference: the fall then costs margin.
            moved = MARGIN_PER_POINT * (before - np.median(before)) + 0.005 * noise
        employees[agency.unit], clients[agency.unit] = own, seen[1:]
        partners[agency.unit] = PARTNER_LEVEL[agency.region] + _wander(rng, 1.5, quarters)
        margins[agency.unit] = agency.margin + moved
    return Levels(employees, clients, partners, margins)


def _without(noise: np.ndarray, *others: np.ndarray) -> np.ndarray:
    """`noise` made uncorrelated with each of `others`, standard deviation 1: no link, even by chance."""
    design = np.column_stack([np.ones(len(noise)), *others])
    left = noise - design @ np.linalg.lstsq(design, noise, rcond=None)[0]
    return left / left.std()
