"""The tone of a comment: the weights of its words, turned round by negations, raised and lowered by words of degree."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

# All were chosen on one half of the labelled comments; docs/verbatims.md tells how they did on the other.
REACH = 3  # words a negation or a wish bears on, until the end of the clause
DEGREE_REACH = 2  # words a word of degree raises or lowers
RAISED, LOWERED = 1.4, 0.6
PRAISE_TURNED, BLAME_TURNED = -0.7, -0.6
PRAISE_WISHED = -0.3  # "should be quicker": what is wished for is not there
# "not good" is less than "bad"; "not bad" less than "good"
CLEARLY_POSITIVE, CLEARLY_NEGATIVE = 0.2, 0.0

NEGATOR, OPENER, WISH, AMPLIFIER, DAMPENER = "negator", "opener", "wish", "amplifier", "dampener"
TURN, STOP = "turn", "stop"
ROLES = {
    "negators": NEGATOR,
    "openers": OPENER,
    "wishes": WISH,
    "amplifiers": AMPLIFIER,
    "dampeners": DAMPENER,
    "turns": TURN,
}

NO_ROLES: frozenset[str] = frozenset()


class Word(NamedTuple):
    """What one word is for the tone: its weight (None: none), its roles, and the expressions it begins."""

    weight: float | None
    roles: frozenset[str]
    expressions: list[tuple[tuple[str, ...], float]]


class Said(NamedTuple):
    """Words that count, from place `start` to before `end` among the words of the text, and by how much."""

    start: int
    end: int
    weight: float


def said(tokens: Sequence[str], words: Sequence[tuple[int, Word]]) -> list[Said]:
    """What each word that counts adds; `words` are those that do anything, with their places in `tokens`."""
    found: list[Said] = []
    negated = opened = wished = degreed = -1
    factor, place = 1.0, 0
    for start, word in words:
        if start < place:
            continue
        place, weight, roles = start + 1, word.weight, word.roles
        closes = (
            NEGATOR in roles
        )  # "ne … pas" is one negation: what ends it, alone or in "pas cher", is not turned round
        for rest, of_all in word.expressions:
            end = start + 1 + len(rest)
            if tuple(tokens[start + 1 : end]) == rest:
                place, weight, roles = end, of_all, NO_ROLES
                break
        if weight:
            if start <= negated or (start <= opened and not closes):
                weight *= PRAISE_TURNED if weight > 0 else BLAME_TURNED
            elif start <= wished and weight > 0:
                weight *= PRAISE_WISHED
            if start <= degreed:
                weight *= factor
            found.append(Said(start, place, weight))
        if not roles:
            continue
        if NEGATOR in roles:
            negated = start + REACH
        elif OPENER in roles:
            opened = start + REACH
        elif WISH in roles:
            wished = start + REACH
        elif STOP in roles or TURN in roles:
            negated = opened = wished = degreed = -1
        if AMPLIFIER in roles or DAMPENER in roles:
            degreed, factor = start + DEGREE_REACH, RAISED if AMPLIFIER in roles else LOWERED
    return found


def tone_of(words: Sequence[Said]) -> int:
    """1, 0 or −1: 0 where praise and blame weigh about the same, or where there is neither."""
    praise = sum(word.weight for word in words if word.weight > 0)
    blame = -sum(word.weight for word in words if word.weight < 0)
    balance = (praise - blame) / (praise + blame) if praise or blame else 0.0
    return 1 if balance > CLEARLY_POSITIVE else -1 if balance < -CLEARLY_NEGATIVE else 0
