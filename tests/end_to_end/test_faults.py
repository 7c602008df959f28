"""A sample of `make torture`: runs killed in every phase, a full disk, two at once, readers, and a broken build."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults import broken, checker, others, readers
from tests.faults.campaign import PHASES, Marts, Tally, caught, one_round, recover, reference, verdict
from tests.faults.runs import Attempt, Server
from tests.faults.world import Arrival, arrivals, declare, empty, land, variant

SEED = 20261122
SENT = arrivals(SEED)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(declare(tmp_path_factory.mktemp("faults") / "home")) as running:
        yield running


@pytest.fixture(scope="module")
def wanted(server: Server) -> Marts:
    return reference(server, SENT)


def test_a_round_of_kills_in_every_phase_loses_nothing(server: Server, wanted: Marts) -> None:
    tally = Tally(SEED)
    one_round(server, tally, random.Random(SEED), wanted, SENT, lambda: True)
    assert tally.wrong == []
    assert tally.recoveries == 1
    assert sum(tally.kills[phase] > 0 for phase in PHASES) >= len(PHASES) - 1, tally.kills
    assert tally.killed >= 8


def test_another_order_other_names_and_cuts_give_the_same_marts(server: Server, wanted: Marts) -> None:
    """Two runs, the second after the first has published: cell by cell what one run makes of the files as sent."""
    sent = variant(random.Random(SEED), SENT)
    found = _marts_of(server, [sent[: len(sent) // 2], sent[len(sent) // 2 :]])
    assert [name for name in wanted[0] if found[name] != wanted[0][name]] == []


def _marts_of(server: Server, batches: list[list[Arrival]]) -> checker.Marts:
    empty(server.home)
    for batch in batches:
        for arrival in batch:
            land(server.home, arrival)
        attempt = server.run()
        assert attempt.code == 0, attempt.reason or attempt.escaped
        assert checker.wounds(server.home) == []
    return checker.marts(server.home)


def test_a_full_disk_is_a_sentence_and_the_next_run_recovers(server: Server, wanted: Marts) -> None:
    """No file may grow past a few pages: SQLite, DuckDB, Parquet and dbt meet it, whoever comes first."""
    empty(server.home)
    for arrival in SENT:
        land(server.home, arrival)
    for limit in (20_000, 300_000):
        stopped = server.run(limit=limit)
        assert (stopped.code, stopped.escaped) == (1, "")
        assert "Not published" in stopped.reason
        assert checker.wounds(server.home) == []
    assert others.full_at_a_point(server, random.Random(SEED)) == []
    assert others.two_at_once(server, random.Random(SEED)) == []
    assert checker.differences(server.home, wanted) == []


def test_a_broken_build_is_caught(server: Server, wanted: Marts) -> None:
    name = "ledger before Parquet"
    assert name in broken.BUILDS
    assert caught(server, name, wanted, SENT)
    tally = Tally(SEED)
    recover(server, tally, wanted, "after the broken build")  # a sound one mends what it left
    assert tally.wrong == []


def test_eight_readers_see_whole_snapshots(tmp_path: Path) -> None:
    seen = readers.watch(tmp_path / "published", 6)
    assert seen.wrong == ()
    assert seen.reads > 50
    assert seen.snapshots > 2


# ---- the harness ---------------------------------------------------------------------------------------------


def _campaign(codes: list[tuple[int, str]]) -> list[str]:
    tally = Tally(SEED)
    for code, point in codes:
        tally.ended(
            Attempt(code, (point,), "reason: None" if code == 0 else "reason: Not published: x."), "here"
        )
    tally.recoveries = sum(code == 0 for code, _ in codes)
    return verdict(tally, 1)


KILLS = [(-9, "warehouse.declared" if phase == "build" else f"{phase}.x") for phase in PHASES]


def test_a_campaign_that_proves_nothing_fails() -> None:
    assert _campaign([*KILLS, (0, "publish.pruned")]) == []
    assert "no run ever finished" in _campaign(KILLS)
    assert "no run was ever killed" in _campaign([(0, "publish.pruned")])
    assert any(
        "stopped in build" in found for found in _campaign([k for k in KILLS if k[1] != "warehouse.declared"])
    )
    assert any("Not published" in found for found in _campaign([*KILLS, (0, "publish.pruned"), (1, "start")]))


def test_readers_of_a_torn_snapshot_say_so(tmp_path: Path) -> None:
    folder = tmp_path / "published"
    folder.mkdir()
    readers.publish_one(folder, 1)
    assert readers.read_one(folder) == ("scorecard-000001.duckdb", [])
    readers.publish_one(folder, 2)
    (folder / "scorecard-000002.duckdb").rename(folder / "scorecard-000001.duckdb")
    (folder / "CURRENT").write_text("000001")
    assert readers.read_one(folder)[1] == ["scorecard-000001.duckdb: of several pieces"]
