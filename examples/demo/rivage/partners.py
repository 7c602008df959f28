"""The partner survey as Microsoft Forms exports it: XLSX, French headers with no-break spaces."""

from __future__ import annotations

import datetime as dt

import numpy as np

from rivage import world
from rivage.answers import agreement, mood, scaled
from rivage.expected import File
from rivage.exports import FORMS, workbook
from rivage.items import AGREEMENT, NO_OPINION, PARTNERS

NBSP = "\u00a0"
UNMAPPED_QUARTER, UNMAPPED_COLUMN = world.QUARTERS.index((2025, 4)), "Code postal"
HEADER = [
    "ID",
    "Heure de début",
    "Heure de fin",
    "Adresse de messagerie",
    "Nom",
    "Heure de la dernière modification",
    "Code partenaire",
    f"Avec quelle agence travaillez-vous{NBSP}?",
    f"Par quels canaux échangeons-nous{NBSP}?",
    *(question.column for question in PARTNERS),
    f"Recommanderiez-vous l'agence à un confrère{NBSP}?\n",
    "Satisfaction d'ensemble",
    "L'agence nous facilite le travail.",
    f"Que devrions-nous changer{NBSP}?",
]
CHANNELS = ["Téléphone", "E-mail", "Portail", "En agence"]
WISHES = [
    "Des délais de paiement tenus.",
    "Un interlocuteur unique.",
    "Prévenir plus tôt des changements de planning.",
    "Rien, tout va bien.",
    "Partager vos prévisions.",
    "Moins de formulaires ; plus de téléphone.",
    "Visiter nos ateliers une fois l'an.",
]
POSTCODES = {"reg_nord": "59", "reg_ouest": "44", "reg_sud": "69"}


def _row(
    rng: np.random.RandomState,
    number: int,
    code: str,
    agency: world.Agency,
    level: float,
    moment: dt.datetime,
) -> list[object]:
    own = mood(rng, level)
    chosen = [channel for channel in CHANNELS if rng.rand() < 0.4] or ["E-mail"]
    words: list[object] = []
    for tick in agreement(rng, own, PARTNERS):
        chance = rng.rand()
        words.append(NO_OPINION if chance < 0.02 else None if chance < 0.03 else AGREEMENT[tick - 1])
    ended = moment + dt.timedelta(seconds=int(rng.randint(90, 600)))
    wish = WISHES[rng.randint(len(WISHES))] if rng.rand() < 0.35 else None
    return [
        number,
        moment,
        ended,
        "anonymous",
        None,
        None,
        code,
        agency.branch,
        ";".join(chosen) + ";",
        *words,
        scaled(rng, own + 13, 0, 10),
        scaled(rng, own, 1, 5),
        scaled(rng, own - 3, 1, 7),
        wish,
    ]


def files() -> list[File]:
    """Twelve quarters; the last one brings a column nobody declared."""
    rng, truth = world.random("partners"), world.levels()
    made, number = [], 0
    for index, (year, quarter) in enumerate(world.QUARTERS):
        opened, closed = world.fieldwork(index)
        drawn = []
        for agency in world.AGENCIES:
            count = agency.partners - int(rng.randint(0, 2 if agency.partners < 12 else 3))
            for chosen in rng.permutation(agency.partners + 5)[:count]:
                day = opened + dt.timedelta(days=int(rng.randint(0, (closed - opened).days + 1)))
                moment = dt.datetime.combine(
                    day, dt.time(int(rng.randint(8, 19)), int(rng.randint(60)), int(rng.randint(60)))
                )
                drawn.append((moment, f"PA-{agency.hr_code[2:]}{chosen:02d}", agency))
        drawn.sort(key=lambda one: one[:2])
        rows = []
        for moment, code, agency in drawn:
            number += 1
            rows.append(_row(rng, number, code, agency, truth.partners[agency.unit][index], moment))
        header, status = list(HEADER), "accepted"
        if index == UNMAPPED_QUARTER:
            header.append(UNMAPPED_COLUMN)
            status = "held"
            for row, (_, _, agency) in zip(rows, drawn, strict=True):
                row.append(f"{POSTCODES[agency.region]}{rng.randint(0, 9)}00")
        made_on = dt.datetime.combine(closed, dt.time(18, 0))
        content = workbook("Sheet1", [header, *rows], made_on, FORMS)
        made.append(File(f"partenaires_{year}T{quarter}.xlsx", content, status, len(rows)))
    return made
