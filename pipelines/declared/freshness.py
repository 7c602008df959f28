"""How old a source's data are, against what its declaration promises."""

from __future__ import annotations

import datetime as dt
from typing import Literal

from pipelines.declared.home import Home

Freshness = Literal["fresh", "stale", "never"]


def freshness(home: Home, code: str, last_day: dt.date | None) -> tuple[int | None, Freshness]:
    """(age in days at the home's as-of date, status) of source `code` whose data speak of `last_day` at the latest."""
    if last_day is None:
        return None, "never"
    age = (home.as_of - last_day).days
    return age, "stale" if age > home.sources[code].freshness_days else "fresh"
