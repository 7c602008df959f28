"""The HR barometer as LimeSurvey exports it: `;`, BOM, all quoted, NULL bare, a blank last line."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from rivage import verbatims, world
from rivage.answers import PERSON_SPREAD, agreement, scaled
from rivage.expected import File
from rivage.exports import limesurvey
from rivage.items import EMPLOYEES, FAIR_PAY, VALUES, Question

AGES, AGE_SHARES = ["moins_30", "30_44", "45_54", "55_plus"], [0.2, 0.4, 0.25, 0.15]
JOBS, JOB_SHARES = ["conseil", "technique", "accueil", "support"], [0.4, 0.3, 0.15, 0.15]
FIRST_PAGE = 8  # questions of group G1: what an interrupted answer holds
CP1252_WAVE = world.QUARTERS.index((2023, 4))
RESENT_WAVE = world.QUARTERS.index((2024, 3))
# The counter is less recognised; the others a little more, so that no agency moves as a whole.
COUNTER, COUNTER_RECOGNITION, OTHERS_RECOGNITION, COUNTER_PAY = "accueil", -12.0, 2.1, -9.0
# A trial: ten minutes a week with each person, in one agency of Ouest, from the spring of 2025.
TRIAL_UNIT, TRIAL_DIMENSION = "ag_rennes", "listening"
TRIAL_WAVE, TRIAL_EFFECT = world.QUARTERS.index((2025, 2)), 15.0
UNKNOWN_UNIT_WAVE, UNKNOWN_UNIT, UNKNOWN_UNIT_ROWS = world.QUARTERS.index((2025, 2)), "AG99", 4

HEADER = [
    "id",
    "submitdate",
    "lastpage",
    "startlanguage",
    "token",
    "datestamp",
    "ipaddr",
    "refurl",
    "G0[AGENCE]",
    "G0[AGE]",
    "G0[METIER]",
    *(question.column for question in EMPLOYEES),
    "NPS",
    "SAT",
    "EFF",
    "VERB",
    FAIR_PAY.column,
    *(column for value in VALUES for column in (value.proclaimed, value.lived)),
]


@dataclass(frozen=True)
class Person:
    """An employee of the invitation list; `bent` is their lasting distance from their agency, in points."""

    token: str
    age: str
    job: str
    bent: float


class Answer(NamedTuple):
    """One record: last moment seen, whether it stopped before the end, token … segments, answers."""

    moment: dt.datetime
    stopped: bool
    who: list[str]
    answers: list[str | None]


def _person(rng: np.random.RandomState) -> Person:
    letters = np.array(list("abcdefghijkmnpqrstuvwxyz23456789"))
    token = "".join(letters[rng.randint(0, len(letters), 12)])
    return Person(
        token,
        rng.choice(AGES, p=AGE_SHARES),
        rng.choice(JOBS, p=JOB_SHARES),
        0.8 * PERSON_SPREAD * rng.standard_normal(),
    )


def _respondents(rng: np.random.RandomState, staff: list[Person]) -> list[Person]:
    """About three in four. A team of 12 never reaches 10 answers; one of 18 always does."""
    share = 0.75 + 0.025 * rng.standard_normal()
    wanted = round(len(staff) * share)
    if len(staff) <= 12:
        wanted = min(wanted, 9)
    elif len(staff) < 20:
        wanted = max(wanted, 13)
    return [staff[at] for at in rng.permutation(len(staff))[:wanted]]


def moment(rng: np.random.RandomState, opened: dt.date, closed: dt.date) -> dt.datetime:
    day = opened + dt.timedelta(days=int(rng.randint(0, (closed - opened).days + 1)))
    return dt.datetime.combine(
        day, dt.time(int(rng.randint(7, 19)), int(rng.randint(60)), int(rng.randint(60)))
    )


def _asked(person: Person, unit: str, index: int) -> list[Question]:
    """The questions with what is planted in them for one person, agency and quarter."""
    tried = unit == TRIAL_UNIT and index >= TRIAL_WAVE
    moved = {
        "recognition": COUNTER_RECOGNITION if person.job == COUNTER else OTHERS_RECOGNITION,
        TRIAL_DIMENSION: TRIAL_EFFECT if tried else 0.0,
    }
    return [
        question._replace(shift=question.shift + moved.get(question.target, 0.0)) for question in EMPLOYEES
    ]


def _last_page(rng: np.random.RandomState, person: Person, own: float) -> list[str | None]:
    """Fair pay, then each value proclaimed and lived: drawn apart, so that the rest of the file holds."""
    pay = FAIR_PAY._replace(shift=FAIR_PAY.shift + (COUNTER_PAY if person.job == COUNTER else 0.0))
    values = [
        Question(value.code, "", "", "", shift)
        for value in VALUES
        for shift in (value.proclaimed_shift, value.lived_shift)
    ]
    ticks = agreement(rng, own, [pay, *values])
    return [
        "A9" if chance < 0.02 else f"A{tick}"
        for tick, chance in zip(ticks, rng.rand(len(ticks)), strict=True)
    ]


def _answers(
    rng: np.random.RandomState, person: Person, level: float, asked: list[Question]
) -> tuple[list[str | None], float]:
    """The closed questions, the three outcomes and the comment; None is NULL: never shown. And the own level."""
    own = level + person.bent + 0.6 * PERSON_SPREAD * rng.standard_normal()
    codes: list[str | None] = []
    for question, tick in zip(asked, agreement(rng, own, asked), strict=True):
        chance = rng.rand()
        code = "A9" if chance < 0.02 else "" if chance < 0.03 else f"A{tick}"
        # Support staff meet no client: LimeSurvey does not show them that question.
        codes.append(None if question.target == "client_focus" and person.job == "support" else code)
    outcomes = [scaled(rng, own + 12, 0, 10), scaled(rng, own, 1, 5), scaled(rng, own - 2, 1, 7)]
    return [*codes, *map(str, outcomes), verbatims.employee(rng, own)], own


def files() -> list[File]:
    """The twelve barometers, one of them twice."""
    rng, more, truth = world.random("hr"), world.random("hr_last_page"), world.levels()
    staff: dict[str, list[Person]] = {agency.unit: [] for agency in world.AGENCIES}
    made, number = [], 0
    for index, (year, quarter) in enumerate(world.QUARTERS):
        dates, rows = world.fieldwork(index), list[Answer]()
        for agency in world.AGENCIES:
            team = _turned_over(rng, staff[agency.unit], agency.heads[year - world.QUARTERS[0][0]])
            staff[agency.unit], level = team, truth.employees[agency.unit][index]
            # Only where losing an answer cannot bring a shown agency under the threshold.
            stops = 0.015 if len(team) >= 20 else 0.0
            answering = _respondents(rng, team)
            for person in answering:
                asked = _asked(person, agency.unit, index)
                rows.append(_answered((rng, more), person, agency.hr_code, level, asked, dates, stops))
        unknown = UNKNOWN_UNIT_ROWS if index == UNKNOWN_UNIT_WAVE else 0
        for _ in range(unknown):
            stranger = _person(rng)
            rows.append(_answered((rng, more), stranger, UNKNOWN_UNIT, 60.0, EMPLOYEES, dates, 0.0))
        content = _export(rows, number)
        if index == CP1252_WAVE:
            content = content.decode("utf-8-sig").encode("cp1252")
        number += len(rows)
        name = f"barometre_{year}T{quarter}"
        made.append(File(f"{name}.csv", content, "accepted", len(rows), unknown))
        if index == RESENT_WAVE:
            made.append(File(f"{name}_renvoi.csv", content, "duplicate", len(rows)))
    return made


def _export(rows: list[Answer], number: int) -> bytes:
    """The whole file; response ids go on from `number`."""
    lines: list[list[str | None]] = [list(HEADER)]
    for at, (moment, stopped, who, answers) in enumerate(
        sorted(rows, key=lambda row: row.moment), number + 1
    ):
        seen = [
            None if stopped else str(moment),
            "2" if stopped else "4",
            "fr",
            who[0],
            str(moment),
            *who[1:],
        ]
        lines.append([str(at), *seen, *answers])
    return limesurvey(lines)


def _turned_over(rng: np.random.RandomState, team: list[Person], heads: int) -> list[Person]:
    """Four in a hundred leave each quarter; arrivals fill the declared headcount."""
    stay = [person for person in team if rng.rand() > 0.04][:heads]
    return stay + [_person(rng) for _ in range(heads - len(stay))]


def _answered(
    streams: tuple[np.random.RandomState, np.random.RandomState],
    person: Person,
    code: str,
    level: float,
    asked: list[Question],
    dates: tuple[dt.date, dt.date],
    stops: float,
) -> Answer:
    """One answer to the barometer; with probability `stops` the person leaves after the first page."""
    rng, more = streams
    seen, (answers, own), stopped = (
        moment(rng, *dates),
        _answers(rng, person, level, asked),
        bool(rng.rand() < stops),
    )
    answers += _last_page(more, person, own)
    if stopped:
        answers[FIRST_PAGE:] = [None] * (len(answers) - FIRST_PAGE)
    address = f"203.0.113.{rng.randint(1, 255)}"
    return Answer(seen, stopped, [person.token, address, "", code, person.age, person.job], answers)
