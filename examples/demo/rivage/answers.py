"""From a true level to a closed answer: the one place where noise is added."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from rivage.items import Question

PERSON_SPREAD, ITEM_SPREAD = 13.0, 16.0  # points; together about 20 on one item


def mood(rng: np.random.RandomState, level: float) -> float:
    """One respondent's own level around the unit's, in points."""
    return level + PERSON_SPREAD * rng.standard_normal()


def agreement(rng: np.random.RandomState, level: float, questions: Sequence[Question]) -> list[int]:
    """Answers 1–5 to `questions`, those reversed already turned as the respondent ticks them."""
    points = (
        level
        + np.array([question.shift for question in questions])
        + ITEM_SPREAD * rng.standard_normal(len(questions))
    )
    ticks = np.clip(np.rint(1 + 4 * points / 100), 1, 5).astype(int)
    return [
        int(6 - tick if question.is_reversed else tick)
        for tick, question in zip(ticks, questions, strict=True)
    ]


def scaled(rng: np.random.RandomState, level: float, low: int, high: int) -> int:
    """One answer on low–high that follows `level` (points), with a third of the item noise."""
    points = level + ITEM_SPREAD / 2 * rng.standard_normal()
    return int(np.clip(np.rint(low + (high - low) * points / 100), low, high))
