"""Drift on three years of a survey nobody here made: San Francisco airport, 2013, 2014 and 2017, forty-odd ratings."""

from __future__ import annotations

import shutil
from pathlib import Path

import polars as pl
import pyarrow.parquet as pq
import pytest

from pipelines.declared import Home, source_spec
from pipelines.drift import drifted
from pipelines.ingest import decode
from pipelines.ledger import Entry, Ledger
from tests.end_to_end.runs import HOMES, REAL, real

YEARS = (2013, 2014, 2017)
pytestmark = real


class Airport:
    """The home with its three files decoded."""

    def __init__(self, folder: Path) -> None:
        shutil.copytree(HOMES / "sfo", folder)
        self.home = Home.load(folder)
        ((self.code, self.source),) = self.home.sources.items()
        self.ledger = Ledger(self.home.restricted / "ledger.sqlite")
        self.entries = []
        for year in YEARS:
            name = f"{year}_SFO_Customer_Survey_20250817.csv"
            decoded = decode(REAL / "customer" / "sfo" / name, name, source_spec(self.home, self.code))
            own = {item.code for item in self.source.items}
            table = decoded.table.rename_columns(
                [
                    f"{self.code}__{column}" if column in own else column
                    for column in decoded.table.column_names
                ]
            )
            pq.write_table(table, self.home.restricted / f"{year}.parquet")
            entry = Entry(
                name,
                str(year),
                0,
                0,
                self.code,
                "responses",
                decoded.wave_code,
                "accepted",
                parquet=f"{year}.parquet",
            )
            self.entries.append(entry)

    def turn(self, year: int, *items: str) -> None:
        """Answer these items the other way round in one year."""
        path = self.home.restricted / f"{year}.parquet"
        columns = [pl.col(f"{self.code}__{item}") for item in items]
        pl.read_parquet(path).with_columns((6 - column).name.keep() for column in columns).write_parquet(path)

    def found(self) -> dict[str, tuple[str, ...]]:
        told = drifted(self.home, self.ledger, [[entry] for entry in self.entries])
        return {name[:4]: finding.items for (name, _), finding in told.items()}


@pytest.fixture
def airport(tmp_path: Path) -> Airport:
    return Airport(tmp_path / "sfo")


def test_four_years_of_real_change_alarm_nobody(airport: Airport) -> None:
    assert airport.found() == {}


def test_two_ratings_coded_the_other_way_round_are_those_named(airport: Airport) -> None:
    airport.turn(2017, "q7food", "q9restroom")
    assert airport.found() == {"2017": ("q7food", "q9restroom")}
