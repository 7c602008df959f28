"""Ratings left on requests, as Zendesk's satisfaction_ratings pages give them: one JSON file a quarter."""

from __future__ import annotations

import datetime as dt
import json

from rivage import world
from rivage.expected import File

GROUPS = {"reg_nord": 360001, "reg_ouest": 360002, "reg_sud": 360003}
PER_QUARTER = 42
GOOD = {"reg_nord": 0.86, "reg_ouest": 0.91, "reg_sud": 0.72}
OFFERED = 0.12  # sent and left without an answer: no rating
COMMENTS = {
    True: ["Réponse claire, merci.", "Rapide et aimable.", "Problème réglé en un message."],
    False: ["Réponse toute faite.", "J'attends toujours.", "Il a fallu tout réexpliquer."],
}


def files() -> list[File]:
    """Twelve quarters."""
    rng, made, number = world.random("helpdesk"), [], 41000
    for index, (year, quarter) in enumerate(world.QUARTERS):
        first, days = world.first_day(index), (world.last_day(index) - world.first_day(index)).days
        ratings = []
        for region, group in GROUPS.items():
            for _ in range(PER_QUARTER + rng.randint(7)):
                number += 1
                asked = dt.datetime.combine(
                    first + dt.timedelta(days=int(rng.randint(days))),
                    dt.time(int(rng.randint(7, 17)), int(rng.randint(60)), int(rng.randint(60))),
                )
                is_good, is_left = bool(rng.rand() < GOOD[region]), rng.rand() < OFFERED
                said = COMMENTS[is_good][rng.randint(3)] if rng.rand() < 0.3 else None
                given = asked if is_left else asked + dt.timedelta(minutes=int(rng.randint(5, 300)))
                ratings.append({
                    "id": number,
                    "score": "offered" if is_left else "good" if is_good else "bad",
                    "comment": None if is_left else said,
                    "ticket_id": number + 5200,
                    "group_id": group,
                    "requester_id": int(rng.randint(700000, 799999)),
                    "created_at": f"{asked:%Y-%m-%dT%H:%M:%SZ}",
                    "updated_at": f"{given:%Y-%m-%dT%H:%M:%SZ}",
                })  # fmt: skip
        ratings.sort(key=lambda rating: str(rating["updated_at"]))
        lines = ",\n".join(
            json.dumps(rating, ensure_ascii=False, separators=(",", ":")) for rating in ratings
        )
        content = f'{{"satisfaction_ratings":[\n{lines}\n],"meta":{{"has_more":false}}}}\n'.encode()
        made.append(File(f"zendesk_notes_{year}T{quarter}.json", content, "accepted", len(ratings)))
    return made
