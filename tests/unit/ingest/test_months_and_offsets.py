"""Months without a day, month names of two languages, offsets and seconds since 1970."""

from __future__ import annotations

import datetime as dt

import polars as pl
import pytest

from pipelines.ingest.dates import Moments, read_moments
from pipelines.ingest.months import month_of


def moments(*texts: str | None, formats: tuple[str, ...] = (), zone: str = "Europe/Paris") -> Moments:
    return read_moments(pl.Series(texts, dtype=pl.String), zone, formats)


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("April 2021", "2021-04-30"), ("avr. 2021", "2021-04-30"), ("févr. 2024", "2024-02-29"),
        ("2021-04", "2021-04-30"), ("04/2021", "2021-04-30"), ("Dec-21", "2021-12-31"), ("AOÛT 2020", "2020-08-31"),
        ("juin 2020", "2020-06-30"), ("juil. 2020", "2020-07-31"), ("mai 2021", "2021-05-31"),
    ],
)  # fmt: skip
def test_a_month_is_its_last_day(text: str, day: str) -> None:
    assert str(moments(text).local[0]) == day


@pytest.mark.parametrize(
    "text", ["Nonsense 2021", "jui 2021", "2021-13", "00/2021", "April", "April 2021 or so"]
)
def test_what_is_no_month_is_bad(text: str) -> None:
    assert moments("April 2021", text).bad.to_list() == [False, True]


def test_ma_and_jui_are_two_months_in_french() -> None:
    assert (month_of("mar"), month_of("mai"), month_of("may"), month_of("jui"), month_of("ma")) == (
        3,
        5,
        5,
        None,
        None,
    )


def test_declared_formats_take_french_and_english_names_beside_each_other() -> None:
    found = moments(
        "2-Jun-06", "8/27/2014", "14-févr.-07", "1-Août-08", "soon", formats=("%d-%b-%y", "%m/%d/%Y")
    )
    assert list(map(str, found.local)) == ["2006-06-02", "2014-08-27", "2007-02-14", "2008-08-01", "None"]
    assert found.bad.to_list() == [False, False, False, False, True]


def test_a_declared_format_without_a_day_is_the_end_of_its_month() -> None:
    assert str(moments("février 2024", formats=("%B %Y",)).local[0]) == "2024-02-29"


def test_seconds_since_1970_are_utc() -> None:
    found = moments("1772409600", "1772409600.7", "0", "soon", None, formats=("unix",))
    assert found.utc.to_list()[:2] == [dt.datetime(2026, 3, 2)] * 2
    assert found.local.to_list()[0] == dt.date(2026, 3, 2)
    assert found.bad.to_list() == [False, False, False, True, False]


def test_seconds_just_before_midnight_belong_to_the_local_day() -> None:
    assert str(moments("1772407800", formats=("unix",)).local[0]) == "2026-03-02"  # 23:30 UTC, 00:30 in Paris


@pytest.mark.parametrize("written", ["UTC+2", "GMT+02:00", "+0200", "+02"])
def test_offsets_as_forms_write_them(written: str) -> None:
    assert moments(f"2026/07/29 1:08:24 PM {written}").utc[0] == dt.datetime(2026, 7, 29, 11, 8, 24)


def test_a_zone_in_a_declared_format_wins_over_the_homes() -> None:
    found = moments("2026-03-01T23:30:00+00:00", formats=("%Y-%m-%dT%H:%M:%S%z",))
    assert (found.utc[0], str(found.local[0])) == (dt.datetime(2026, 3, 1, 23, 30), "2026-03-02")
