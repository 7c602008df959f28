"""How the dates of a column are written, and which time_formats a declaration must give for them."""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from pipelines.ingest.dates import EARLIEST, LATEST, AmbiguousDays, MixedDays, UnknownZone, read_moments

# Tried in turn on what the readers do not settle by themselves.
FORMATS = (
    "%d-%b-%y", "%d-%b-%Y", "%d %b %Y", "%d %B %Y", "%B %Y", "%b %Y", "%b-%y",
    "%d/%m/%Y %H:%M:%S", "%d/%m/%Y %H:%M", "%d/%m/%Y",
    "%m/%d/%Y %I:%M:%S %p", "%m/%d/%Y %I:%M %p", "%m/%d/%Y %H:%M:%S", "%m/%d/%Y %H:%M", "%m/%d/%Y",
    "%m/%d/%y %H:%M", "%m/%d/%y", "%d-%m-%Y %H:%M", "%d-%m-%Y",
    "%d.%m.%Y %H:%M:%S", "%d.%m.%Y %H:%M", "%d.%m.%Y", "%Y/%m/%d %I:%M:%S %p", "%Y/%m/%d", "%Y-%m",
)  # fmt: skip
UNSETTLED = "?"  # day or month first: nothing in the column tells
ENOUGH = 0.9  # of the distinct texts: words such as "not captured" stand among real dates


def formats_of(texts: Iterable[str]) -> tuple[str, ...] | None:
    """() where dates are read without help, the formats to declare where not, None where these are no dates."""
    values = pl.Series(list(texts)[:5000], dtype=pl.String)
    half = 0.5 * len(values)
    if _sum(values.str.contains(r"\d")) <= half or _sum(values.str.contains(r"^\d{1,7}([.,]\d+)?$")) > half:
        return None
    try:
        if _sum(read_moments(values, "UTC").bad) <= (1 - ENOUGH) * len(values):
            return ()
    except (AmbiguousDays, MixedDays):
        pass
    except UnknownZone:
        return None
    left, chosen = values, []
    while len(left) > (1 - ENOUGH) * len(values):
        best, read = None, 0
        for form in FORMATS:
            parsed = _parsed(left, form)
            if parsed > read:
                best, read = form, parsed
        if best is None or read < 0.02 * len(values):
            break
        twin = best.replace("%d/%m", "%m/%d") if "%d/%m" in best else best.replace("%m/%d", "%d/%m")
        settled = twin == best or _parsed(left, twin) < read
        chosen.append(best if settled else UNSETTLED)
        left = left.filter(~_matches(left, best))
    slashed = {form for form in chosen if form.startswith(("%d/%m", "%m/%d"))}
    # both orders in one column: no list of formats reads it right
    if len({form[:2] for form in slashed}) > 1 or (slashed and UNSETTLED in chosen):
        chosen = [*(form for form in chosen if form not in {*slashed, UNSETTLED}), UNSETTLED]
    return tuple(chosen) if chosen and len(left) <= (1 - ENOUGH) * len(values) else None


def _matches(values: pl.Series, form: str) -> pl.Series:
    if "%d" not in form:  # a month alone is no day to polars
        found = ("1 " + values).str.to_date(f"%d {form}", strict=False)
    elif "%H" in form or "%I" in form:
        found = values.str.to_datetime(form, strict=False, time_unit="us")
    else:
        found = values.str.to_date(form, strict=False)
    return found.dt.year().is_between(EARLIEST, LATEST).fill_null(False)


def _parsed(values: pl.Series, form: str) -> int:
    return _sum(_matches(values, form))


def _sum(mask: pl.Series) -> int:
    return int(mask.sum() or 0)
