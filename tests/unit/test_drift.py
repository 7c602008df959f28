"""A scale that seems changed: held by name with the line to write, the same files in whatever order they come."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from pipelines.claims import claim
from pipelines.declared import Home
from pipelines.drift import REASON
from pipelines.expectations import Verdict
from pipelines.judging import judged
from pipelines.ledger import Entry, Ledger
from pipelines.loading import load
from pipelines.settling import settle
from tests.unit.declared.homes import write_home

SOURCE = "sources/hr_survey.yml"
QUARTERS = {"Q1": "03-28", "Q2": "06-27", "Q3": "09-26", "Q4": "12-19"}
WAVES = "".join(
    f'  - {{code: 2025-{q}, file: "hr_2025{q}*", opened: 2025-{day[:2]}-01, closed: 2025-{day}}}\n'
    for q, day in QUARTERS.items()
)
DECLARED = f"""\
version: 1
kind: responses
format: table
files: "hr_*.csv"
stakeholder: employees
owner: people team
cadence: quarterly
freshness_days: 100
waves:
{WAVES}keys: {{response: id, unit: agency}}
items:
  - {{code: q1, column: Q1, dimension: trust, min: 1, max: 5}}
  - {{code: q2, column: Q2, dimension: trust, min: 1, max: 5}}
  - {{code: q3, column: Q3, dimension: care, min: 1, max: 5}}
  - {{code: q4, column: Q4, dimension: care, min: 1, max: 5, reversed: true}}
  - {{code: reco, column: NPS, outcome: recommend, min: 0, max: 10}}
checks: {{out_of_scale_max_share: 0.5}}
"""


def answers(seed: int, people: int = 200, centre: float = 3.0) -> pl.DataFrame:
    """People who answer five items alike, the fourth the other way round; three cells out of four are 2 to 4."""
    drawn = np.random.default_rng(seed)
    mood = drawn.normal(size=people)
    scores = {
        f"Q{n}": np.clip(np.round(centre + 0.8 * mood + 0.7 * drawn.normal(size=people)), 1, 5)
        for n in range(1, 5)
    }
    scores["Q4"] = 6 - scores["Q4"]
    scores["NPS"] = np.clip(np.round(7 + 1.5 * mood + 1.5 * drawn.normal(size=people)), 0, 10)
    return pl.DataFrame(
        {"id": [f"r{n}" for n in range(people)], "agency": ["AG1"] * people}
        | {name: values.astype(int) for name, values in scores.items()}
    )


def turned(frame: pl.DataFrame, *columns: str) -> pl.DataFrame:
    return frame.with_columns((6 - pl.col(column)).alias(column) for column in columns)


class World:
    def __init__(self, folder: Path, declared: str = DECLARED) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.home = Home.load(write_home(folder, {SOURCE: declared}))
        self.ledger = Ledger(self.home.restricted / "ledger.sqlite")

    def declare(self, text: str) -> None:
        (self.home.path / "declarations" / SOURCE).write_text(text)
        self.home = Home.load(self.home.path)

    def receive(self, name: str, frame: pl.DataFrame, at: int = 0) -> None:
        path = self.home.landing / name
        path.write_text(frame.write_csv())
        os.utime(path, (1_700_000_000 + at, 1_700_000_000 + at))
        self.run()

    def run(self) -> None:
        claim(self.home, self.ledger, "run", wait=lambda _: None)
        load(self.home, self.ledger, "responses", b"k" * 32, "run")
        judged = [replace(entry, status="accepted") for entry in self.ledger.files("candidate")]
        self.ledger.record_all([(entry, None) for entry in judged])
        settle(self.home, self.ledger)

    def entry(self, name: str) -> Entry:
        return next(entry for entry in self.ledger.files() if entry.name == name)

    def statuses(self) -> dict[str, str]:
        return {entry.name: entry.status for entry in self.ledger.files()}

    def books(self) -> list[object]:
        """What the marts are made of and what the operator reads, but for the claim's own time."""
        for entry in self.ledger.files():
            refused = sum(one.records for _, one in self.ledger.refusals(entry))
            assert refused == entry.quarantined, entry.name
            assert entry.records == entry.accepted + entry.quarantined + entry.duplicate
        return [
            (
                e.name,
                e.status,
                e.reason,
                e.message,
                e.records,
                e.accepted,
                e.quarantined,
                e.duplicate,
                e.parquet,
            )
            for e in self.ledger.files()
        ]


@pytest.fixture
def world(tmp_path: Path) -> World:
    world = World(tmp_path)
    world.receive("hr_2025Q1.csv", answers(1))
    world.receive("hr_2025Q2.csv", answers(2))
    assert set(world.statuses().values()) == {"accepted"}
    return world


def test_an_item_that_goes_against_the_others_is_held_as_reversed_and_blocks_nothing_else(
    world: World,
) -> None:
    world.receive("hr_2025Q3.csv", turned(answers(3), "Q2"))
    world.receive("hr_2025Q4.csv", answers(4))
    held = world.entry("hr_2025Q3.csv")
    assert (held.status, held.reason, held.accepted, held.quarantined) == ("held", REASON, 0, 200)
    assert world.statuses()["hr_2025Q4.csv"] == "accepted"
    said = str(held.message)
    assert "'q2' looks reversed: it goes against the other items" in said
    assert "'q1'" not in said
    assert 'under confirmed: `- {file: "hr_2025Q3.csv", items: [q2], reason: "..."}`' in said
    assert 'under breaks: `- {starts: 2025-09-01, note: {fr: "...", en: "..."}}`' in said
    world.books()


def test_a_whole_export_coded_the_other_way_round_is_seen_by_its_spread(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.receive("hr_2025Q1.csv", answers(1, centre=4.0))
    world.receive("hr_2025Q2.csv", turned(answers(2, centre=4.0), "Q1", "Q2", "Q3", "Q4"))
    assert "'q1' looks reversed: turned round, its answers are spread as before" in str(
        world.entry("hr_2025Q2.csv").message
    )


def test_ten_points_answered_on_five_are_recognised(world: World) -> None:
    frame = answers(3)
    world.receive("hr_2025Q3.csv", frame.with_columns(pl.col("Q1").alias("NPS")))
    assert "'reco' looks like 1-5 where 0-10 is declared and was answered" in str(
        world.entry("hr_2025Q3.csv").message
    )


def test_five_points_that_become_ten_by_halves_are_recognised(world: World) -> None:
    frame = answers(3)
    halves = (pl.col("Q1") - 0.5 * (pl.col("Q2") % 2)).clip(1, 5)
    world.receive("hr_2025Q3.csv", frame.with_columns(halves.alias("Q1")))
    assert "'q1' looks like 1-5 by fractions where 1-5 is declared" in str(
        world.entry("hr_2025Q3.csv").message
    )


def test_few_answers_prove_nothing(world: World) -> None:
    world.receive("hr_2025Q3.csv", turned(answers(3, people=49), "Q1", "Q2"))
    assert world.statuses()["hr_2025Q3.csv"] == "accepted"


def test_a_source_may_be_left_unjudged(tmp_path: Path) -> None:
    world = World(tmp_path, DECLARED.replace("checks: {", "checks: {drift: off, "))
    world.receive("hr_2025Q1.csv", answers(1))
    world.receive("hr_2025Q2.csv", turned(answers(2), "Q2"))
    assert set(world.statuses().values()) == {"accepted"}


def test_what_somebody_confirms_is_taken_and_the_next_wave_at_the_new_level_asks_nothing(
    world: World,
) -> None:
    world.receive("hr_2025Q3.csv", answers(3, centre=4.4))
    assert "'q1' is spread otherwise than before" in str(world.entry("hr_2025Q3.csv").message)
    world.declare(DECLARED + 'confirmed:\n  - {file: "hr_2025Q3.csv", reason: "new management in July"}\n')
    world.run()
    assert (world.entry("hr_2025Q3.csv").status, world.entry("hr_2025Q3.csv").message) == ("accepted", None)
    world.receive("hr_2025Q4.csv", answers(4, centre=4.4))
    assert world.statuses()["hr_2025Q4.csv"] == "accepted"
    world.books()


def test_a_declared_break_starts_a_new_reference(world: World) -> None:
    world.receive("hr_2025Q3.csv", answers(3, centre=4.4))
    assert world.statuses()["hr_2025Q3.csv"] == "held"
    world.declare(
        DECLARED + "breaks:\n  - {starts: 2025-09-01, note: {fr: Nouvelle version, en: New version}}\n"
    )
    world.run()
    assert world.statuses()["hr_2025Q3.csv"] == "accepted"


def test_confirming_other_items_is_not_enough(world: World) -> None:
    world.receive("hr_2025Q3.csv", turned(answers(3), "Q2"))
    world.declare(DECLARED + "confirmed:\n  - {file: hr_2025Q3.csv, items: [q1], reason: read again}\n")
    world.run()
    assert world.statuses()["hr_2025Q3.csv"] == "held"


def test_a_corrected_export_replaces_the_held_one(world: World) -> None:
    world.receive("hr_2025Q3.csv", turned(answers(3), "Q2"))
    world.receive("hr_2025Q3.csv", answers(3), at=10)
    assert sorted(entry.status for entry in world.ledger.files()) == ["accepted"] * 3 + ["superseded"]
    world.books()


def test_a_drifting_new_version_is_held_and_the_version_before_it_stays(world: World) -> None:
    world.receive("hr_2025Q2_v2.csv", turned(answers(2), "Q2"), at=10)
    assert world.statuses() == {
        "hr_2025Q1.csv": "accepted", "hr_2025Q2.csv": "accepted", "hr_2025Q2_v2.csv": "held",
    }  # fmt: skip


def test_records_already_refused_stay_refused_while_held_and_after(world: World) -> None:
    frame = turned(answers(3), "Q2").with_columns(
        pl.when(pl.col("id") == "r0").then(77).otherwise("Q3").alias("Q3")
    )
    world.receive("hr_2025Q3.csv", frame)
    assert [(one.reason, one.records) for _, one in world.ledger.refusals()] == [
        (REASON, 199), ("out_of_scale", 1),
    ]  # fmt: skip
    world.declare(DECLARED + "confirmed:\n  - {file: hr_2025Q3.csv, reason: as meant}\n")
    world.run()
    assert [one.reason for _, one in world.ledger.refusals()] == ["out_of_scale"]
    entry = world.entry("hr_2025Q3.csv")
    assert (entry.accepted, entry.quarantined) == (199, 1)


def orders() -> Iterable[tuple[str, ...]]:
    return itertools.permutations(["hr_2025Q1.csv", "hr_2025Q2.csv", "hr_2025Q3.csv", "hr_2025Q3_v2.csv"])


def test_any_order_of_arrival_gives_the_same_books_the_first_wave_last_included(tmp_path: Path) -> None:
    files = {
        "hr_2025Q1.csv": (answers(1), 0),
        "hr_2025Q2.csv": (turned(answers(2), "Q2"), 10),
        "hr_2025Q3.csv": (answers(3), 20),
        "hr_2025Q3_v2.csv": (turned(answers(3), "Q3"), 30),
    }
    seen = []
    for number, order in enumerate(orders()):
        world = World(tmp_path / str(number))
        for name in order:
            world.receive(name, *files[name])
        seen.append(world.books())
        world.ledger.close()
    assert all(books == seen[0] for books in seen)
    assert [row[1] for row in seen[0]] == ["accepted", "held", "accepted", "held"]  # type: ignore[index]


def test_profiles_are_counted_once_and_hold_counts_only(world: World) -> None:
    connection = world.ledger._connection
    kept = connection.execute("select parquet, portions from profiles order by parquet").fetchall()
    assert len(kept) == 2
    world.run()
    assert connection.execute("select parquet, portions from profiles order by parquet").fetchall() == kept
    assert all("r1" not in row["portions"] and "AG1" not in row["portions"] for row in kept)


def test_a_file_of_several_waves_is_judged_wave_after_wave(tmp_path: Path) -> None:
    values = "".join(
        f"  - {{code: 2025-{q}, value: {q}, closed: 2025-{day}}}\n" for q, day in QUARTERS.items()
    )
    declared = DECLARED.replace(WAVES, values).replace("unit: agency}", "unit: agency, wave: quarter}")
    for turn, status in ((False, "accepted"), (True, "held")):
        world = World(tmp_path / status, declared)
        parts = [answers(1), turned(answers(2), "Q2") if turn else answers(2)]
        frames = [
            frame.with_columns(pl.lit(q).alias("quarter"), pl.col("id") + q)
            for q, frame in zip(("Q1", "Q2"), parts, strict=True)
        ]
        world.receive("hr_all.csv", pl.concat(frames))
        assert world.statuses() == {"hr_all.csv": status}
        world.ledger.close()


def test_a_continuous_source_is_compared_by_the_days_of_its_answers(tmp_path: Path) -> None:
    declared = (
        DECLARED.replace(f"waves:\n{WAVES}", "waves: continuous\nresend: append\n")
        .replace("unit: agency}", "unit: agency, submitted_at: day}")
    )  # fmt: skip
    world = World(tmp_path, declared)
    days = {"hr_a.csv": (1, "2025-02-10"), "hr_b.csv": (2, "2025-05-10"), "hr_c.csv": (3, "2025-08-10")}
    for name in ("hr_b.csv", "hr_c.csv", "hr_a.csv"):  # the first days arrive last
        seed, day = days[name]
        frame = turned(answers(seed), "Q2") if name == "hr_b.csv" else answers(seed)
        world.receive(name, frame.with_columns(pl.lit(day).alias("day"), pl.col("id") + name))
    assert world.statuses() == {"hr_a.csv": "accepted", "hr_b.csv": "held", "hr_c.csv": "accepted"}
    assert "starts: 2025-05-10" in str(world.entry("hr_b.csv").message)


def test_a_broken_promise_says_which_scale_the_answers_look_like(tmp_path: Path) -> None:
    """The check that counts answers out of scale holds the file; what was seen when it was read goes with it."""
    world = World(tmp_path)
    world.receive("hr_2025Q1.csv", answers(1).with_columns((pl.col("Q1") * 2).alias("Q1")))
    entry = world.entry("hr_2025Q1.csv")
    held, _ = judged(
        world.home, world.ledger, entry, Verdict(entry.file_id, 8, 9, ("out_of_scale share at most 0.01",))
    )
    assert 'column "Q1" looks like 1-10 where 1-5 is declared' in str(held.message)
