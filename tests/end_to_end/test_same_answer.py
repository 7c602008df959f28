"""The same records give the same raw tables, whatever the order, the names, the cuts and the copies they come in."""

from __future__ import annotations

import itertools
import random
import tempfile
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.claims import claim
from pipelines.declared import Home
from pipelines.ledger import Ledger
from pipelines.loading import load
from pipelines.settling import settle
from pipelines.warehouse import VIEWS, path_of, write_raw
from tests.faults.world import Arrival, arrivals, declare, land, variant

KEY = b"k" * 32
Rows = dict[str, list[tuple[Any, ...]]]


def taken(home: Path, batches: Sequence[Sequence[Arrival]]) -> Rows:
    """What raw holds after each batch was claimed, loaded and settled, every check passing."""
    declare(home)
    declared = Home.load(home)
    declared.restricted.mkdir(parents=True, exist_ok=True)
    with Ledger(declared.restricted / "ledger.sqlite") as ledger:
        for number, batch in enumerate(batches):
            for arrival in batch:
                land(home, arrival)
            claim(declared, ledger, f"run {number}")
            for kind in VIEWS:
                load(declared, ledger, kind, KEY, f"run {number}")
                judged = [(replace(entry, status="accepted"), None) for entry in ledger.files("candidate")]
                ledger.record_all(judged)
                settle(declared, ledger)
        assert all(e.records == e.accepted + e.quarantined + e.duplicate for e in ledger.files())
        write_raw(declared, ledger, "accepted")
    with closing(duckdb.connect(str(path_of(declared)), read_only=True)) as connection:
        return {
            view: connection.execute(
                f"select columns(c -> c not in ('file_id', 'record_number')) from raw.{view} order by all"
            ).fetchall()
            for view in VIEWS.values()
        }


def batches_of(sent: list[Arrival], cuts: Sequence[int]) -> list[list[Arrival]]:
    places = [0, *sorted(cut % (len(sent) + 1) for cut in cuts), len(sent)]
    return [sent[low:high] for low, high in itertools.pairwise(places)]


@pytest.fixture(scope="module")
def wanted(tmp_path_factory: pytest.TempPathFactory) -> Rows:
    return taken(tmp_path_factory.mktemp("once") / "home", [arrivals(1)])


def test_the_world_sends_every_kind(wanted: Rows) -> None:
    counts = {view: len(rows) for view, rows in wanted.items()}
    assert counts == {"responses": 59 * 2 + 140, "events": 50, "measures": 2, "ledger_lines": 44}


@settings(max_examples=12, deadline=None)
@given(seed=st.integers(0, 10**6), cuts=st.lists(st.integers(0, 40), max_size=3))
def test_any_order_names_cuts_and_copies(wanted: Rows, seed: int, cuts: list[int]) -> None:
    sent = variant(random.Random(seed), arrivals(1))
    with tempfile.TemporaryDirectory() as folder:
        found = taken(Path(folder) / "home", batches_of(sent, cuts))
    for view, rows in wanted.items():
        assert found[view] == rows, f"{view}: {len(found[view])} rows where {len(rows)} are wanted"


def test_a_version_sent_again_after_its_correction_wins_in_one_batch_as_in_three(tmp_path: Path) -> None:
    first, corrected = (a for a in arrivals(1) if a.name in ("hr_2.csv", "hr_2 corrected.csv"))
    again = replace(first, name="hr_2 again.csv", age=corrected.age + 2)
    sent = [first, corrected, again]
    alone = taken(tmp_path / "alone", [[first]])
    for number, batches in enumerate(
        ([sent], [[one] for one in sent], [[again], [first, corrected]], [sent[::-1]])
    ):
        assert taken(tmp_path / str(number), batches)["responses"] == alone["responses"]
