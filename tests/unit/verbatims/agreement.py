"""How far the codes agree with people: NHS comments labelled by hand, of which a half was never looked at.

`python tests/unit/verbatims/agreement.py [file]` prints the figures of docs/verbatims.md, and no comment. The file is
shared/real/customer/nhs_comments/v6framework_230831.csv: MIT for the project's own part, CC BY-NC-SA for the comments
of Care Opinion; it stays outside the repository.
"""

from __future__ import annotations

import csv
import hashlib
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from pipelines.verbatims import Analyser

SHARED = (
    Path(__file__).parents[4] / "shared" / "real" / "customer" / "nhs_comments" / "v6framework_230831.csv"
)
TONES = (-1, 0, 1)
# Labels of the people's framework that say what a theme of ours says; the others have no counterpart.
FRAMEWORK = {
    "about_waiting": ("Timeliness of care",),
    "about_welcome": ("Staff manner & personal attributes",),
    "about_listening": ("Staff listening, understanding & involving patients",),
    "about_competence": ("Competence & training",),
    "about_information": (
        "Unspecified communication",
        "Information directly from staff during care",
        "Information provision & guidance",
        "Being kept informed, clarity & consistency of information",
    ),
    "about_ease": (
        "Organisation & efficiency",
        "Contacting services",
        "Appointment arrangements",
        "Appointment method",
    ),
    "about_place": (
        "Environment & Facilities",
        "Cleanliness, tidiness & infection control",
        "Sensory experience",
        "Food & drink provision & facilities",
        "Parking",
    ),
}


class Labelled(NamedTuple):
    """A comment and what a person said of it: −1, 0 or 1 (None: not labelled), and themes of FRAMEWORK."""

    text: str
    tone: int | None
    themes: frozenset[str]


class Agreement(NamedTuple):
    """Shares 0–1; kappa from −1 to 1, 0 being what chance would give."""

    n: int
    accuracy: float
    macro_f1: float
    kappa: float


class Found(NamedTuple):
    """How many comments people gave a theme, and how well it is found, 0–1."""

    n: int
    precision: float
    recall: float


def held_apart(comment_id: str) -> bool:
    """Which half a comment is in; only the other one, the development half, was ever looked at."""
    return hashlib.sha256(comment_id.encode()).digest()[0] % 2 == 1


def labelled(path: Path, apart: bool) -> list[Labelled]:
    """The comments of one half that are not empty."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        return [
            Labelled(row["FFT answer"], _tone(row["Comment sentiment"]), _themes(row))
            for row in csv.DictReader(file)
            if row["FFT answer"].strip() and held_apart(row["Comment ID"]) == apart
        ]


def _tone(label: str) -> int | None:
    """People's 1 and 2 are (very) positive, 4 and 5 (very) negative, 3 neutral or mixed."""
    return None if not label else int(np.sign(3 - float(label)))


def _themes(row: dict[str, str]) -> frozenset[str]:
    return frozenset(
        code for code, labels in FRAMEWORK.items() if any(row[label] in ("1", "1.0") for label in labels)
    )


def agreement(people: Sequence[int], found: Sequence[int]) -> Agreement:
    """Accuracy, mean F1 of the three tones, and Cohen's kappa (1960)."""
    table = np.zeros((3, 3))
    np.add.at(table, (np.array(people) + 1, np.array(found) + 1), 1)
    total, hits, rows, columns = table.sum(), np.diag(table), table.sum(axis=1), table.sum(axis=0)
    f1 = 2 * hits / np.maximum(rows + columns, 1)
    by_chance = (rows @ columns) / total**2
    accuracy = hits.sum() / total
    return Agreement(
        int(total), float(accuracy), float(f1.mean()), float((accuracy - by_chance) / (1 - by_chance))
    )


def tones(comments: Sequence[Labelled], analyser: Analyser) -> dict[str, Agreement]:
    """Of the labelled comments: ours (an undecided one counts as neutral), ours where decided, and the majority's."""
    told = [(one.tone, analyser.read(one.text).tone) for one in comments if one.tone is not None]
    people = [person for person, _ in told]
    most = max(TONES, key=people.count)
    decided = [(person, ours) for person, ours in told if ours is not None]
    return {
        "all": agreement(people, [ours or 0 for _, ours in told]),
        "decided": agreement([person for person, _ in decided], [ours for _, ours in decided]),
        "majority": agreement(people, [most] * len(people)),
    }


def found_themes(comments: Sequence[Labelled], analyser: Analyser) -> dict[str, Found]:
    """Precision and recall of each theme with a counterpart, over the comments that people gave any theme or tone."""
    told = [
        (one.themes, frozenset(analyser.read(one.text).themes or ()))
        for one in comments
        if one.tone is not None
    ]
    out = {}
    for code in FRAMEWORK:
        both = sum(code in people and code in ours for people, ours in told)
        given, ours = sum(code in people for people, _ in told), sum(code in ours for _, ours in told)
        out[code] = Found(given, both / max(ours, 1), both / max(given, 1))
    return out


def main() -> None:
    """Print the figures of the half held apart, and only figures."""
    path, analyser = Path(sys.argv[1]) if len(sys.argv) > 1 else SHARED, Analyser()
    comments = labelled(path, apart=True)
    for name, one in tones(comments, analyser).items():
        print(
            f"{name:12} n {one.n:5} accuracy {one.accuracy:.3f} macro-F1 {one.macro_f1:.3f} kappa {one.kappa:.3f}"
        )
    for code, found in found_themes(comments, analyser).items():
        print(f"{code:12} n {found.n:5} precision {found.precision:.2f} recall {found.recall:.2f}")


if __name__ == "__main__":
    main()
