"""Events and figures sent again, corrected or overlapping count once, whatever the order of arrival."""

from __future__ import annotations

import itertools
import os
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from pipelines.claims import claim
from pipelines.declared import Home
from pipelines.ledger import Ledger
from pipelines.loading import load
from pipelines.settling import settle
from tests.unit.declared.homes import FILES, write_home

DELIVERIES = """\
kind: events
format: table
files: "de_*.csv"
stakeholder: partners
owner: purchasing
cadence: monthly
freshness_days: 40
waves: continuous
keys: {response: id, unit: agency, submitted_at: delivered, counterparty: vendor}
exclude: {vendor: [ourselves]}
facts:
  - {code: on_time, promised: promised, actual: delivered, missing: {unknown: unknown}, kpi: on_time_share}
"""
CALLS = """\
kind: measures
format: table
files: "ca_*.csv"
stakeholder: clients
owner: sales
cadence: monthly
freshness_days: 40
waves: continuous
keys: {unit: agency, submitted_at: month, n: calls}
measures:
  - {code: taken, column: taken, kpi: calls_taken, statistic: share, roll_up: weighted_by_n}
"""
PULSE = """\
kind: responses
format: table
files: "pu_*.csv"
stakeholder: employees
owner: people team
cadence: monthly
freshness_days: 40
waves: continuous
keys: {response: id, unit: agency, submitted_at: day}
long: {question: question, answer: answer}
items:
  - {code: trust, column: "Trust?", dimension: trust, min: 0, max: 10}
  - {code: care, column: "Care?", dimension: care, min: 0, max: 10}
drop: ["Shoe size?"]
"""
KPI = """\
kpis:
  calls_taken: {fr: Pris, en: Taken, method: as_reported, unit: percent, formula: sent, definition: {fr: Pris, en: Taken}}
"""
BIRTH = 1_700_000_000


class World:
    """A home with deliveries and calls, and files that arrive with a time of their own."""

    def __init__(self, folder: Path, calls: str = CALLS) -> None:
        folder.mkdir(exist_ok=True)
        aliases = FILES["unit_aliases.csv"] + "".join(
            f"{source},{alias},{unit}\n"
            for source in ("deliveries", "calls", "pulse")
            for alias, unit in (("AG1", "sud"), ("AG2", "nord"))
        )
        changes = {
            "sources/deliveries.yml": DELIVERIES,
            "sources/calls.yml": calls,
            "sources/pulse.yml": PULSE,
            "framework.yml": KPI,
            "unit_aliases.csv": aliases,
        }
        self.home = Home.load(write_home(folder, changes))
        self.ledger = Ledger(self.home.restricted / "ledger.sqlite")

    def receive(self, name: str, header: str, *lines: str, at: int) -> None:
        path = self.home.landing / name
        path.write_text("\n".join([header, *lines, ""]))
        os.utime(path, (BIRTH + at, BIRTH + at))
        claim(self.home, self.ledger, "run", wait=lambda _: None)
        for kind in ("events", "measures", "responses"):
            load(self.home, self.ledger, kind, b"k" * 32, "run")
        judged = [replace(entry, status="accepted") for entry in self.ledger.files("candidate")]
        self.ledger.record_all([(entry, None) for entry in judged])
        settle(self.home, self.ledger)

    def deliveries(self, name: str, *lines: str, at: int) -> None:
        self.receive(name, "id,agency,promised,delivered,vendor", *lines, at=at)

    def calls(self, name: str, *lines: str, at: int) -> None:
        self.receive(name, "agency,month,taken,calls", *lines, at=at)

    def rows(self, kind: str, *columns: str) -> list[tuple[object, ...]]:
        entries = self.ledger.files("accepted", kind=kind)
        frames = [pl.read_parquet(self.home.restricted / str(entry.parquet)) for entry in entries]
        return sorted((row for frame in frames for row in frame.select(columns).rows()), key=repr)


A = ("1,AG1,2025-02-10,2025-02-09,x", "2,AG1,2025-02-10,2025-02-12,x", "3,AG2,2025-02-11,2025-02-11,x")
B = (
    "2,AG1,2025-02-13,2025-02-12,x",
    "3,AG2,2025-02-11,2025-02-11,x",
    "4,AG2,2025-03-01,2025-03-02,ourselves",
)


def test_overlapping_exports_of_events_count_each_once_in_any_order(tmp_path: Path) -> None:
    files = {"de_1.csv": (A, 0), "de_2.csv": (B, 10)}
    seen = set()
    for number, order in enumerate(itertools.permutations(files)):
        world = World(tmp_path / str(number))
        for name in order:
            lines, at = files[name]
            world.deliveries(name, *lines, at=at)
        seen.add(repr(world.rows("events", "submitted_date", "unit_code", "value", "is_test")))
        totals = world.ledger.totals()
        assert (totals.records, totals.accepted, totals.quarantined, totals.duplicate) == (6, 4, 0, 2)
    (only,) = seen
    assert only.count("Decimal('1.000000')") == 3  # the second delivery was promised again, and kept


def test_an_event_is_known_by_its_pseudonym_and_kept_with_its_counterparty(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.deliveries("de_1.csv", *A, at=0)
    ((key, vendor), *_) = world.rows("events", "event_key", "counterparty_code")
    assert vendor == "x"
    assert len(str(key)) >= 32
    assert not {"1", "2", "3"} & {str(row[0]) for row in world.rows("events", "event_key")}


def test_an_event_outside_every_period_is_quarantined_once(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.deliveries("de_1.csv", *A, "9,AG1,1970-01-01,1970-01-01,x", at=0)
    (entry,) = world.ledger.files()
    assert (entry.records, entry.accepted, entry.quarantined) == (4, 3, 1)
    assert [refusal.reason for _, refusal in world.ledger.refusals()] == ["bad_date"]


def test_a_corrected_figure_replaces_its_unit_and_month_only(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.calls("ca_a.csv", "AG1,2025-01-01,80,10", "AG1,2025-02-01,70,10", "AG2,2025-01-01,60,10", at=0)
    world.calls("ca_b.csv", "AG1,2025-02-01,75,12", "AG1,2025-03-01,90,10", at=10)
    found = world.rows("measures", "unit_code", "submitted_date", "value", "n")
    assert [(unit, day.month, float(value), n) for unit, day, value, n in found] == [  # type: ignore[attr-defined,arg-type]
        ("nord", 1, 60, 10),
        ("sud", 1, 80, 10),
        ("sud", 2, 75, 12),
        ("sud", 3, 90, 10),
    ]
    totals = world.ledger.totals()
    assert (totals.records, totals.accepted, totals.duplicate) == (5, 4, 1)


@pytest.mark.parametrize("newest", ["ca_a.csv", "ca_b.csv"])
def test_a_record_says_its_wave_and_the_newer_file_wins(tmp_path: Path, newest: str) -> None:
    waves = "waves:\n  - {code: y24, value: '2024', closed: 2024-12-31}\n  - {code: y25, value: '2025', closed: 2025-12-31}\n"
    by_wave = CALLS.replace("waves: continuous\n", waves).replace("submitted_at: month", "wave: month")
    world = World(tmp_path, by_wave)
    world.calls("ca_a.csv", "AG1,2024,80,10", "AG1,2025,70,10", at=20 if newest == "ca_a.csv" else 0)
    world.calls("ca_b.csv", "AG1,2025,75,12", at=10)
    found = world.rows("measures", "wave_code", "value")
    assert [(wave, float(value)) for wave, value in found] == [  # type: ignore[arg-type]
        ("y24", 80),
        ("y25", 70 if newest == "ca_a.csv" else 75),
    ]


def test_a_response_of_several_records_weighs_all_of_them_in_the_books(tmp_path: Path) -> None:
    """A row per answer: three records make one response, one of them to a question that is not kept."""
    world = World(tmp_path)
    header = "id,agency,day,question,answer"
    first = [f"r1,AG1,2025-02-03,{text}" for text in ("Trust?,8", "Care?,9", "Shoe size?,42")]
    world.receive("pu_1.csv", header, *first, "r2,AG1,2025-02-03,Trust?,5", at=0)
    world.receive("pu_2.csv", header, "r1,AG1,2025-02-03,Trust?,7", at=10)
    totals = world.ledger.totals()
    assert (totals.records, totals.accepted, totals.quarantined, totals.duplicate) == (5, 2, 0, 3)
    assert sum(int(records) for (records,) in world.rows("responses", "records")) == 2  # type: ignore[call-overload]
    found = world.rows("responses", "pulse__trust", "pulse__care")
    assert found == [(5, None), (7, None)]


def test_answers_to_a_dropped_question_of_figures_stay_in_the_books(tmp_path: Path) -> None:
    by_question = CALLS.replace("measures:", "long: {question: what, answer: figure}\nmeasures:")
    world = World(
        tmp_path,
        by_question.replace(", n: calls}", "}").replace(", roll_up: weighted_by_n", "") + "drop: [lost]\n",
    )
    world.receive(
        "ca_1.csv", "agency,month,what,figure", "AG1,2025-01-01,taken,80", "AG1,2025-01-01,lost,3", at=0
    )
    (entry,) = world.ledger.files()
    assert (entry.records, entry.accepted) == (2, 2)
    assert {code for (code,) in world.rows("measures", "measure_code")} == {"taken", None}
