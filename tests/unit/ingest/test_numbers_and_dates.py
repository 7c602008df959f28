"""Numbers and dates as people write them, decided per column."""

from __future__ import annotations

from datetime import date, datetime

import polars as pl
import pytest

from pipelines.ingest.dates import AmbiguousDays, MixedDays, UnknownZone, read_day, read_moments
from pipelines.ingest.numbers import AmbiguousMarks, MixedMarks, decimal_mark, parse


@pytest.mark.parametrize(
    ("text", "mark", "number"),
    [
        ("1 234,56", ",", 1234.56),
        ("1\u00a0234,56", ",", 1234.56),
        ("1\u202f234,56", ",", 1234.56),
        ("1.234,56", ",", 1234.56),
        ("1,234.56", ".", 1234.56),
        ("(123)", ".", -123),
        ("12,5-", ",", -12.5),
        ("\u22125", ".", -5),
        ("66 %", ".", 66),
        ("007", ".", 7),
        ("5,0", ",", 5),
    ],
)
def test_numbers_people_write(text: str, mark: str, number: float) -> None:
    assert parse(text, mark) == number


@pytest.mark.parametrize(
    "text", ["inf", "nan", "1_000", "1e3", "٣", "1 23", "4.5.6", "", ".", "0x1", "1,2,3", "9" * 400]
)
def test_what_is_no_number(text: str) -> None:
    assert parse(text, ".") is None


def test_the_decimal_mark_is_the_columns_not_the_cells() -> None:
    assert decimal_mark(["1.234", "2,5"]) == ","
    assert decimal_mark(["1,234", "2.5"]) == "."
    assert decimal_mark(["3", "4"]) == "."
    assert decimal_mark(["0.845"]) == "."


def test_a_column_that_settles_nothing_is_an_error_until_a_range_does() -> None:
    with pytest.raises(AmbiguousMarks):
        decimal_mark(["1,234"])
    assert decimal_mark(["1,234"], 0, 5) == ","
    with pytest.raises(MixedMarks):
        decimal_mark(["2,5", "2.5"])


def moments(*texts: str | None, **options: object) -> list[datetime | None]:
    return read_moments(pl.Series(texts, dtype=pl.String), "Europe/Paris", **options).utc.to_list()  # type: ignore[arg-type]  # options are read_moments's own


@pytest.mark.parametrize(
    ("texts", "first"),
    [
        (("2026-03-01 09:00:00",), datetime(2026, 3, 1, 8)),
        (("2026-03-01T09:00:00.123",), datetime(2026, 3, 1, 8)),
        (("2026-07-01T09:00",), datetime(2026, 7, 1, 7)),
        (("2026-03-01T09:00:00Z",), datetime(2026, 3, 1, 9)),
        (("2026-03-01T09:00:00+05:30",), datetime(2026, 3, 1, 3, 30)),
        (("01/02/2026 10:00", "13/02/2026 10:00"), datetime(2026, 2, 1, 9)),
        (("01/02/2026 10:00", "01/13/2026 10:00"), datetime(2026, 1, 2, 9)),
        (("3/15/26 9:00:00 PM",), datetime(2026, 3, 15, 20)),
        (("01.02.2026 10:00",), datetime(2026, 2, 1, 9)),
        (("20260301",), datetime(2026, 2, 28, 23)),
        (("0000-00-00 00:00:00",), None),
        (("",), None),
    ],
)
def test_moments_are_utc(texts: tuple[str, ...], first: datetime | None) -> None:
    found = moments(*texts)[0]
    assert (found.replace(microsecond=0) if found else None) == first


def test_the_hour_skipped_in_spring_moves_on_and_the_one_repeated_in_autumn_is_the_first() -> None:
    assert moments("2026-03-29 02:30:00", "2026-10-25 02:30:00") == [
        datetime(2026, 3, 29, 1, 30),
        datetime(2026, 10, 25, 0, 30),
    ]


def test_days_and_months_that_swap_are_an_error_until_declared() -> None:
    with pytest.raises(AmbiguousDays):
        moments("01/02/2026", "03/04/2026")
    with pytest.raises(MixedDays):
        moments("13/02/2026", "02/13/2026")
    assert moments("01/02/2026", formats=["%d/%m/%Y"]) == [datetime(2026, 1, 31, 23)]
    assert moments("01/02/2026", formats=["%m/%d/%Y"]) == [datetime(2026, 1, 1, 23)]
    assert moments("05/05/2026") == [datetime(2026, 5, 4, 22)]


def test_impossible_days_are_bad_not_moved() -> None:
    found = read_moments(
        pl.Series(["2026-02-30 10:00:00", "soon", None, "2026-02-28 23:30:00"]), "Europe/Paris"
    )
    assert found.bad.to_list() == [True, True, False, False]
    assert found.local.to_list()[3] == date(2026, 2, 28)


def test_workbook_dates_left_as_numbers() -> None:
    assert moments("46082.375", serial_epoch=date(1899, 12, 30)) == [datetime(2026, 3, 1, 8)]
    assert moments("44620.375", serial_epoch=date(1904, 1, 1)) == [datetime(2026, 3, 1, 8)]


def test_an_unknown_time_zone_is_said() -> None:
    with pytest.raises(UnknownZone):
        read_moments(pl.Series(["2026-03-01 09:00:00"]), "Europe/Nowhere")


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("20250131", date(2025, 1, 31)),
        ("2025-01-31", date(2025, 1, 31)),
        ("31/01/2025", date(2025, 1, 31)),
        ("2025.01.31 10:20:30", date(2025, 1, 31)),
        ("20250131 000000", date(2025, 1, 31)),
        ("00000000", None),
        ("00/00/0000", None),
        ("  ", None),
    ],
)
def test_ledger_days(text: str, day: date | None) -> None:
    assert read_day(text) == day


@pytest.mark.parametrize("text", ["20251331", "31/02/2025", "hier", "202501311", "1/2/25"])
def test_what_is_no_ledger_day(text: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        read_day(text)
