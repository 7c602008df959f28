"""Invented answers of a commune's citizens and staff: the same files every time. `python generate.py` writes landing/."""

from __future__ import annotations

import csv
import io
import random
from pathlib import Path

LANDING = Path(__file__).parent / "landing"
CITIZENS_EACH, STAFF_EACH = 24, 16  # of each district and year
# How each district stands to the middle of the scale, and what a year adds.
DISTRICTS = {"N": ("Quartier nord", 0.4), "S": ("Quartier sud", -0.5), "R": ("Les Rives", 0.1)}
YEARS = {2024: 0.0, 2025: 0.3}


def _answer(draw: random.Random, middle: float, spread: float, low: int, high: int) -> int:
    return min(high, max(low, round(draw.gauss(middle, spread))))


def citizens(year: int) -> str:
    """Per citizen: 10 in 24 newcomers (under two names), 10 settled, 4 who do not say; one answer in 12 is NSP."""
    draw, number, out = random.Random(f"citizens {year}"), 0, io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["numero", "quartier", "anciennete", "A1", "A2", "A3", "A4"])
    since = ["moins de 5 ans"] * 7 + ["arrivée récente"] * 3 + ["5 ans et plus"] * 10 + [""] * 4
    for district, (_, lift) in DISTRICTS.items():
        for place in range(CITIZENS_EACH):
            number += 1
            mood = draw.gauss(lift + YEARS[year], 0.6)
            told = [_answer(draw, 3 + sign * mood, 0.7, 1, 5) for sign in (1, -1, 1, 1)]
            answers = ["NSP" if draw.random() < 1 / 12 else str(one) for one in told]
            writer.writerow([f"h{year % 100}-{number:03d}", district, since[place], *answers])
    return out.getvalue()


def staff(year: int) -> str:
    """Per member of staff: five answers from 0 to 10, one in 20 left out; impartiality is said more than done."""
    draw, number, out = random.Random(f"staff {year}"), 0, io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["id", "service", "Q1", "Q2", "Q3", "Q4", "Q5"])
    for service, lift in DISTRICTS.values():
        for _ in range(STAFF_EACH):
            number += 1
            mood = draw.gauss(6 + 2 * lift, 1.2)
            told = [_answer(draw, mood + more, 1.5, 0, 10) for more in (0, 0.5, 0, 1.5, -0.5)]
            answers = ["" if draw.random() < 1 / 20 else str(one) for one in told]
            writer.writerow([f"a{year % 100}-{number:03d}", service, *answers])
    return out.getvalue()


def files() -> dict[str, str]:
    """Text of each landing file by its name."""
    made = {f"habitants_{year}.csv": citizens(year) for year in YEARS}
    return made | {f"agents_{year}.csv": staff(year) for year in YEARS}


if __name__ == "__main__":
    LANDING.mkdir(exist_ok=True)
    for name, text in files().items():
        (LANDING / name).write_text(text, encoding="utf-8")
