"""What is planted in the clients' answers beside their level: scripts, channels, emotions, how answers are collected.

Drawn from a stream of its own, so that the answers themselves stay as `clients` draws them.
"""

from __future__ import annotations

import numpy as np

from rivage import world
from rivage.items import CLIENTS, Question

# 2023: everybody recites. From 2024 Rouen alone still does; Brest is warm and leaves its gestures to chance.
SCRIPT_ENDS = world.QUARTERS.index((2024, 1))
SCRIPTED, LOOSE = "ag_rouen", "ag_brest"
# On sincerity, in points; the other dimensions move the other way, so that the index holds.
RECITED, MEANT, WARM = -26.0, 9.0, 12.0

BOTH, BOTH_SHARE, BOTH_GAIN = "mixte", 0.22, 0.45  # of the dissatisfied, those whom two channels satisfy

PUSHING, PUSHED_FROM = "ag_montpellier", world.QUARTERS.index((2025, 1))
SELLER_SHARE, PUSHED_SHARE, PUSHED_UP = 0.12, 0.7, 0.4
SELLER, AUTOMATIC = "vendeur", "automatique"

EMOTION_SPREAD, UPSET_BELOW, HAPPY_ABOVE = 30.0, 38.0, 65.0
HAPPY, UPSET, NEITHER = ("1", "2"), ("4", "5"), "3"
"""Qualtrics recodes: 1 confiance, 2 soulagement, 3 rien de particulier, 4 agacement, 5 inquiétude."""
UNANSWERED = "-99"


def asked(unit: str, index: int) -> list[Question]:
    """The questions to the clients of one agency and quarter, with the level of sincerity planted there."""
    felt = RECITED if index < SCRIPT_ENDS or unit == SCRIPTED else WARM if unit == LOOSE else MEANT
    others = len({question.target for question in CLIENTS}) - 1
    return [
        question._replace(shift=question.shift + (felt if question.target == "sincerity" else -felt / others))
        for question in CLIENTS
    ]


def completed(
    rng: np.random.RandomState, row: list[str], outcomes: int, own: float, unit: str, index: int
) -> list[str]:
    """`row` with its channel and the three last columns; `outcomes` is where recommendation stands in it.

    Recommendation, its group, satisfaction and effort follow each other there; all empty where the answer stopped.
    """
    finished = row[outcomes] != ""
    drawn = rng.rand(5)
    if drawn[0] < BOTH_SHARE:
        row[-1] = BOTH
        if finished and int(row[outcomes + 2]) < 4 and drawn[1] < BOTH_GAIN:
            row[outcomes + 2] = "4"
    pushed = unit == PUSHING and index >= PUSHED_FROM
    by_seller = bool(drawn[2] < (PUSHED_SHARE if pushed else SELLER_SHARE))
    if pushed and by_seller and finished and int(row[outcomes]) < 9 and drawn[3] < PUSHED_UP:
        row[outcomes], row[outcomes + 1] = ("10" if drawn[4] < 0.4 else "9"), "3"
    minutes = rng.randint(1, 9) if by_seller else 20 + int(rng.exponential(1500))
    emotion = _emotion(rng, own) if finished else ""
    return [*row, emotion, SELLER if by_seller else AUTOMATIC, str(minutes)]


def _emotion(rng: np.random.RandomState, own: float) -> str:
    felt = own + EMOTION_SPREAD * rng.standard_normal()
    which, skipped = rng.randint(2), rng.rand() < 0.02
    if skipped:
        return UNANSWERED
    return UPSET[which] if felt < UPSET_BELOW else HAPPY[which] if felt > HAPPY_ABOVE else NEITHER
