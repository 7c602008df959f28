"""The client survey as Qualtrics exports it: CSV with three header rows, one file a quarter."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json

import numpy as np

from rivage import contacts, verbatims, world
from rivage.answers import agreement, mood, scaled
from rivage.expected import File
from rivage.items import CLIENTS, Question

OUT_OF_SCALE_QUARTER, OUT_OF_SCALE_ROWS = world.QUARTERS.index((2025, 2)), 6
CUT_QUARTER = world.QUARTERS.index((2025, 1))
CUT_AFTER = 250  # whole records that reached us before the transfer broke
PREVIEWS = 3  # a file: read and kept as tests, counted in no score

CHANNELS, CHANNEL_SHARES = ["agence", "telephone", "en_ligne"], [0.45, 0.3, 0.25]
# tag, wording of row 2, ImportId of row 3
METADATA = [
    ("StartDate", "Date de début", "startDate"),
    ("EndDate", "Date de fin", "endDate"),
    ("Status", "Type de réponse", "status"),
    ("IPAddress", "Adresse IP", "ipAddress"),
    ("Progress", "Progression", "progress"),
    ("Duration (in seconds)", "Durée (en secondes)", "duration"),
    ("Finished", "Terminé", "finished"),
    ("RecordedDate", "Date enregistrée", "recordedDate"),
    ("ResponseId", "ID de réponse", "_recordId"),
    ("RecipientLastName", "Nom de famille du destinataire", "recipientLastName"),
    ("RecipientFirstName", "Prénom du destinataire", "recipientFirstName"),
    ("RecipientEmail", "Adresse e-mail du destinataire", "recipientEmail"),
    ("ExternalReference", "Référence de données externe", "externalDataReference"),
    ("LocationLatitude", "Latitude du lieu", "locationLatitude"),
    ("LocationLongitude", "Longitude du lieu", "locationLongitude"),
    ("DistributionChannel", "Canal de distribution", "distributionChannel"),
    ("UserLanguage", "Langue de l'utilisateur", "userLanguage"),
]
STEM = "Après votre dernier échange avec l'agence"
QUESTIONS = [
    *((question.column, f"{STEM} - {question.fr}", f"QID1_{at}") for at, question in enumerate(CLIENTS, 1)),
    ("Q2", "Recommanderiez-vous l'agence à un proche ?", "QID2"),
    ("Q2_NPS_GROUP", "Recommanderiez-vous l'agence à un proche ? - Groupe", "QID2_NPS_GROUP"),
    ("Q3", "Êtes-vous satisfait de l'agence ?", "QID3"),
    ("Q4", "L'agence m'a facilité les choses.", "QID4"),
    ("Q5", "Souhaitez-vous ajouter quelque chose ?", "QID5_TEXT"),
    ("Agence", "Agence", "Agence"),
    ("Canal", "Canal", "Canal"),
    ("Q6", "Qu'avez-vous ressenti en terminant cet échange ?", "QID6"),
    ("Collecte", "Collecte", "Collecte"),
    ("MinutesApresContact", "MinutesApresContact", "MinutesApresContact"),
]


def _header() -> list[list[str]]:
    columns = METADATA + QUESTIONS
    imports = []
    for _, _, name in columns:
        zone = {"timeZone": "Europe/Paris"} if name in {"startDate", "endDate", "recordedDate"} else {}
        imports.append(json.dumps({"ImportId": name, **zone}, separators=(",", ":")))
    return [[tag for tag, _, _ in columns], [text for _, text, _ in columns], imports]


def _moment(rng: np.random.RandomState, index: int) -> dt.datetime:
    """A local moment of the quarter: a few around midnight, none in the hour that summer time skips."""
    first, last = world.first_day(index), world.last_day(index)
    day = first + dt.timedelta(days=int(rng.randint(0, (last - first).days + 1)))
    hour = int(rng.choice([0, 23])) if rng.rand() < 0.02 else int(rng.randint(8, 22))
    return dt.datetime.combine(day, dt.time(hour, int(rng.randint(60)), int(rng.randint(50))))


def _answer(rng: np.random.RandomState, level: float, asked: list[Question]) -> tuple[list[str], float]:
    """The columns of QUESTIONS up to the comment, and the respondent's own level."""
    own = mood(rng, level)
    ticks = []
    for tick in agreement(rng, own, asked):
        chance = rng.rand()
        ticks.append("-99" if chance < 0.015 else "8" if chance < 0.025 else str(tick))
    nps = scaled(rng, own + 12, 0, 10)
    group = 1 if nps <= 6 else 2 if nps <= 8 else 3
    return [
        *ticks,
        str(nps),
        str(group),
        str(scaled(rng, own + 2, 1, 5)),
        str(scaled(rng, own - 3, 1, 7)),
        verbatims.client(rng, own),
    ], own


def _row(
    streams: tuple[np.random.RandomState, np.random.RandomState],
    index: int,
    level: float,
    agency: world.Agency,
    reference: str,
    status: str,
) -> list[str]:
    rng, more = streams
    letters = np.array(list("0123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"))
    started, seconds = _moment(rng, index), int(rng.randint(60, 540))
    ended = min(
        started + dt.timedelta(seconds=seconds), dt.datetime.combine(started.date(), dt.time(23, 59, 59))
    )
    answers, own = _answer(rng, level, contacts.asked(agency.unit, index))
    finished = rng.rand() > 0.02
    if not finished:  # the last page holds the outcomes and the comment
        answers[len(CLIENTS) :] = [""] * (len(answers) - len(CLIENTS))
    identity = "R_" + "".join(letters[rng.randint(0, len(letters), 15)])
    channel = rng.choice(CHANNELS, p=CHANNEL_SHARES)
    meta = [
        str(started),
        str(ended),
        status,
        "",
        "100" if finished else "60",
        str((ended - started).seconds),
        str(int(finished)),
        str(ended),
        identity,
        "",
        "",
        "",
        reference,
        "",
        "",
        "email" if status == "0" else "preview",
        "FR",
    ]
    row = [*meta, *answers, agency.store, str(channel)]
    return contacts.completed(more, row, len(meta) + len(CLIENTS), own, agency.unit, index)


def _break(rows: list[list[str]], rng: np.random.RandomState) -> None:
    """Answers no scale holds, as a mis-set question would record them: an 11 out of 10, a 7 out of 5."""
    nps, first = len(METADATA) + len(CLIENTS), len(METADATA)
    whole = [at for at, row in enumerate(rows) if row[2] == "0" and row[6] == "1"]
    for at, chosen in enumerate(rng.permutation(len(whole))[:OUT_OF_SCALE_ROWS]):
        row = rows[whole[chosen]]
        if at < 4:
            row[nps], row[nps + 1] = "11", "3"
        else:
            row[first] = "7"


def files() -> list[File]:
    """Twelve quarters, and the first part of one of them under another name."""
    rng, truth = world.random("clients"), world.levels()
    streams = (rng, world.random("contacts"))
    made = []
    for index, (year, quarter) in enumerate(world.QUARTERS):
        rows: list[list[str]] = []
        for agency in world.AGENCIES:
            count = int(np.rint(agency.clients * (1 + 0.03 * rng.standard_normal())))
            pool = rng.permutation(agency.clients * 5)[:count]
            level, known = truth.clients[agency.unit][index], f"C{agency.number:02d}"
            rows += [_row(streams, index, level, agency, f"{known}{client:04d}", "0") for client in pool]
        rows += [_row(streams, index, 90.0, world.AGENCIES[0], "", "1") for _ in range(PREVIEWS)]
        rows.sort(key=lambda row: row[7])
        broken = OUT_OF_SCALE_ROWS if index == OUT_OF_SCALE_QUARTER else 0
        if broken:
            _break(rows, rng)
        name, content = f"clients_{year}-Q{quarter}", _csv([*_header(), *rows])
        made.append(File(f"{name}.csv", content, "accepted", len(rows), broken))
        if index == CUT_QUARTER:
            made.append(_cut(f"{name}_partiel.csv", rows))
    return made


def _csv(rows: list[list[str]]) -> bytes:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(rows)
    return out.getvalue().encode("utf-8")


def _cut(name: str, rows: list[list[str]]) -> File:
    """A transfer that stopped inside a record: the last line is short and has no end."""
    whole, next_one = _csv([*_header(), *rows[:CUT_AFTER]]), _csv([rows[CUT_AFTER]])
    return File(name, whole + next_one[:70], "refused", CUT_AFTER + 1)
