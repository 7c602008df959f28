"""Which rows count, whatever the order of arrival: versions, overlaps, corrections and their undoing."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from pipelines import drift
from pipelines.claims import claim
from pipelines.declared import Home
from pipelines.ledger import LOST, Entry, Ledger
from pipelines.loading import RegressionError, load, set_back
from pipelines.settling import settle
from tests.unit.declared.homes import FILES, write_home
from tests.unit.operations_home import NEXT_WAVE

HR = "sources/hr_survey.yml"
CONTINUOUS = (
    FILES[HR]
    .replace('waves:\n  - {code: 2025-Q1, file: "hr_2025Q1*", opened: 2025-03-03, closed: 2025-03-28, invited: 40}', "waves: continuous")
    .replace("unit: agency}", "unit: agency, submitted_at: day}")
    .replace("cadence:", "resend: append\ncadence:")
)  # fmt: skip
KEY = b"k" * 32
BIRTH = 1_700_000_000


def export(*rows: tuple[str, int]) -> bytes:
    lines = [f"{name},AG1,{score},9,2025-02-03 10:00:00" for name, score in rows]
    return "\n".join(["id,agency,Q1,NPS,day", *lines, ""]).encode()


class World:
    """A home, its ledger, and files that arrive with a time of their own."""

    def __init__(self, folder: Path, continuous: bool, source: str = FILES[HR]) -> None:
        self.home = Home.load(
            write_home(folder, {HR: CONTINUOUS if continuous else source + "drop: [day]\n"})
        )
        self.ledger = Ledger(self.home.restricted / "ledger.sqlite")

    def receive(self, name: str, content: bytes, at: int) -> None:
        path = self.home.landing / name
        path.write_bytes(content)
        os.utime(path, (BIRTH + at, BIRTH + at))
        self.run()

    def run(self) -> None:
        claim(self.home, self.ledger, "run", wait=lambda _: None)
        load(self.home, self.ledger, "responses", KEY, "run")
        judged = [replace(entry, status="accepted") for entry in self.ledger.files("candidate")]
        self.ledger.record_all([(entry, None) for entry in judged])
        settle(self.home, self.ledger)

    def rows(self) -> list[tuple[str, float]]:
        """(pseudonym, answer) of every accepted row, as raw would show them."""
        frames = [
            pl.read_parquet(self.home.restricted / str(e.parquet)) for e in self.ledger.files("accepted")
        ]
        return sorted(row for frame in frames for row in frame.select("response_key", "hr_survey__q1").rows())

    def answers(self) -> list[float]:
        return sorted(score for _, score in self.rows())

    def entry(self, name: str) -> Entry:
        return next(entry for entry in self.ledger.files() if entry.name == name)


@pytest.fixture
def waves(tmp_path: Path) -> World:
    return World(tmp_path, continuous=False)


@pytest.fixture
def stream(tmp_path: Path) -> World:
    return World(tmp_path, continuous=True)


def test_a_corrected_wave_replaces_and_putting_the_original_back_restores(waves: World) -> None:
    waves.receive("hr_2025Q1.csv", export(("a", 1), ("b", 2)), at=0)
    waves.receive("hr_2025Q1.csv", export(("a", 5)), at=10)
    assert waves.answers() == [5]
    waves.receive("hr_2025Q1.csv", export(("a", 1), ("b", 2)), at=20)
    assert waves.answers() == [1, 2]


def test_an_older_file_arriving_late_does_not_replace_a_newer(waves: World) -> None:
    waves.receive("hr_2025Q1_v2.csv", export(("a", 5)), at=10)
    waves.receive("hr_2025Q1.csv", export(("a", 1), ("b", 2)), at=0)
    assert waves.answers() == [5]


def test_a_held_file_renamed_as_asked_is_taken_and_the_old_name_retired(waves: World) -> None:
    waves.receive("hr_T1.csv", export(("a", 4)), at=0)
    assert waves.entry("hr_T1.csv").status == "held"
    waves.receive("hr_2025Q1.csv", export(("a", 4)), at=10)
    assert waves.answers() == [4]
    assert waves.entry("hr_T1.csv").status == "superseded"


MISNAMED = [
    ("hr_2025Q1.csv", (("a", 1), ("b", 2)), 0),
    ("hr_2025Q2.csv", (("a", 1), ("b", 2)), 10),  # the file of the first wave, sent under the next one's name
]


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
@pytest.mark.parametrize("earlier", [False, True])
def test_the_bytes_of_a_wave_under_the_name_of_the_next_are_asked_about_whatever_came_first(
    tmp_path: Path, order: tuple[int, ...], earlier: bool
) -> None:
    waves = World(tmp_path, continuous=False, source=FILES[HR].replace("keys:", f"{NEXT_WAVE}keys:"))
    for number in order:
        name, rows, at = MISNAMED[number]
        waves.receive(name, export(*rows), -at if earlier else at)
    assert [entry.wave for entry in waves.ledger.files("accepted")] == ["2025-Q1"]
    held = waves.entry("hr_2025Q2.csv")
    assert (held.status, held.reason) == ("held", "bytes_of_another_wave")
    assert (held.records, held.quarantined) == (2, 2)
    assert "the very bytes of hr_2025Q1.csv, of wave 2025-Q1" in str(held.message)
    assert waves.answers() == [1, 2]


def test_the_right_file_of_either_wave_settles_whose_the_bytes_are(tmp_path: Path) -> None:
    source = FILES[HR].replace("keys:", f"{NEXT_WAVE}keys:")
    for mended in ("hr_2025Q1.csv", "hr_2025Q2.csv"):
        waves = World(tmp_path / mended, continuous=False, source=source)
        for name, rows, at in MISNAMED:
            waves.receive(name, export(*rows), at)
        waves.receive(mended, export(("c", 5)), at=20)
        assert waves.answers() == [1, 2, 5]
        assert not waves.ledger.files("held")
        assert waves.ledger.refusals() == []
        other = {"hr_2025Q1.csv": "2025-Q2", "hr_2025Q2.csv": "2025-Q1"}[mended]
        assert sorted(e.wave or "" for e in waves.ledger.files("accepted") if e.name != mended) == [other]


def test_bytes_stay_with_their_wave_while_a_correction_of_it_is_asked_about(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The correction of the first wave drifts: the version before it goes on counting, so its bytes are taken."""
    waves = World(tmp_path, continuous=False, source=FILES[HR].replace("keys:", f"{NEXT_WAVE}keys:"))
    for name, rows, at in MISNAMED:
        waves.receive(name, export(*rows), at)
    seems = drift.Finding("another scale", "confirm it", ("q1",))

    def drifted(
        home: Home, ledger: Ledger, slots: Iterable[Sequence[Entry]]
    ) -> dict[drift.Key, drift.Finding]:
        return {
            one.key: seems for versions in slots for one in versions if one.modified_ns > (BIRTH + 15) * 10**9
        }

    monkeypatch.setattr(drift, "drifted", drifted)
    waves.receive("hr_2025Q1.csv", export(("a", 5), ("b", 5)), at=20)
    assert waves.answers() == [1, 2]
    held = {(entry.name, entry.reason) for entry in waves.ledger.files("held")}
    assert held == {("hr_2025Q1.csv", drift.REASON), ("hr_2025Q2.csv", "bytes_of_another_wave")}


def test_a_lost_original_does_not_give_its_answers_to_the_wave_they_were_misnamed_for(tmp_path: Path) -> None:
    waves = World(tmp_path, continuous=False, source=FILES[HR].replace("keys:", f"{NEXT_WAVE}keys:"))
    for name, rows, at in MISNAMED:
        waves.receive(name, export(*rows), at)
    first = next(entry for entry in waves.ledger.files("accepted"))
    (waves.home.vault / "originals" / first.sha256).unlink()
    (waves.home.restricted / str(first.parquet)).unlink()
    set_back(waves.home, waves.ledger)
    waves.run()
    assert waves.answers() == []
    assert {entry.status for entry in waves.ledger.files()} == {"held"}


def test_a_lost_version_that_never_counted_empties_no_wave(waves: World) -> None:
    waves.receive("hr_2025Q1.csv", export(("a", 1)), at=0)
    waves.receive("hr_2025Q1.csv", export(("a", 5)), at=10)
    newest = next(entry for entry in waves.ledger.files("accepted"))
    broken = replace(newest, status="held", reason="broken_promise", accepted=0, quarantined=1)
    waves.ledger.record_all([(replace(broken, declaration="of before"), None)])
    settle(waves.home, waves.ledger)
    assert waves.answers() == [1]
    (waves.home.vault / "originals" / newest.sha256).unlink()
    waves.run()
    assert waves.answers() == [1]
    assert [entry.reason for entry in waves.ledger.files("held")] == [LOST]


def test_a_correction_is_not_undone_by_its_first_version_under_the_name_of_another_wave(
    tmp_path: Path,
) -> None:
    waves = World(tmp_path, continuous=False, source=FILES[HR].replace("keys:", f"{NEXT_WAVE}keys:"))
    waves.receive("hr_2025Q1.csv", export(("a", 1)), at=0)
    waves.receive("hr_2025Q1.csv", export(("a", 5)), at=10)
    waves.receive("hr_2025Q2.csv", export(("a", 1)), at=20)
    accepted = {entry.wave: entry.accepted for entry in waves.ledger.files("accepted")}
    assert accepted == {"2025-Q1": 1, "2025-Q2": 1}
    assert waves.answers() == [1, 5]


def test_a_truncated_file_sent_again_whole_is_made_good(waves: World) -> None:
    waves.receive("hr_2025Q1.csv", export(("a", 4), ("b", 4))[:-25], at=0)
    assert waves.entry("hr_2025Q1.csv").status == "refused"
    waves.receive("hr_2025Q1.csv", export(("a", 4), ("b", 4)), at=10)
    assert {entry.status for entry in waves.ledger.files()} == {"accepted", "superseded"}
    assert waves.ledger.refusals() == []


def test_overlapping_exports_count_each_answer_once_in_any_order(tmp_path: Path) -> None:
    files = {
        "hr_1.csv": (export(("r1", 1), ("r2", 2), ("r3", 3)), 0),
        "hr_2.csv": (export(("r2", 2), ("r3", 5), ("r4", 4)), 10),
        "hr_3.csv": (export(("r4", 1), ("r5", 5)), 20),
    }
    seen = set()
    for number, order in enumerate(itertools.permutations(files)):
        folder = tmp_path / str(number)
        folder.mkdir()
        world = World(folder, continuous=True)
        for name in order:
            world.receive(name, *files[name])
        seen.add(tuple(world.answers()))
        totals = world.ledger.totals()
        assert (totals.records, totals.accepted, totals.duplicate) == (8, 5, 3)
    assert seen == {(1, 1, 2, 5, 5)}


def test_a_correction_of_an_overlapping_export_gives_back_what_it_had_taken(stream: World) -> None:
    stream.receive("hr_a.csv", export(("r1", 1), ("r2", 2), ("r3", 3)), at=0)
    stream.receive("hr_b.csv", export(("r2", 4), ("r3", 4), ("r4", 4)), at=10)
    assert stream.answers() == [1, 4, 4, 4]
    # the source appends: a second version under the same name adds to the first, the newer answer wins
    stream.receive("hr_b.csv", export(("r2", 5)), at=20)
    assert stream.answers() == [1, 4, 4, 5]


def test_settling_twice_changes_nothing(stream: World) -> None:
    stream.receive("hr_a.csv", export(("r1", 1), ("r2", 2)), at=0)
    stream.receive("hr_b.csv", export(("r2", 4)), at=10)
    before = stream.ledger.files()
    settle(stream.home, stream.ledger)
    assert stream.ledger.files() == before


def test_an_answer_outside_every_period_is_quarantined_and_named(stream: World) -> None:
    stray = export(("r1", 1)).replace(b"2025-02-03", b"1970-01-01") + export(("r2", 2)).split(b"\n", 1)[1]
    stream.receive("hr_a.csv", stray, at=0)
    assert stream.answers() == [2]
    ((_, refusal),) = stream.ledger.refusals()
    assert (refusal.reason, refusal.column, refusal.found) == ("bad_date", "day", "withheld")


def test_a_declaration_cannot_take_back_an_accepted_file(waves: World) -> None:
    waves.receive("hr_2025Q1.csv", export(("a", 1)), at=0)
    path = waves.home.path / "declarations" / HR
    path.write_text(path.read_text().replace("drop: [day]", "drop: []"))
    waves.home = Home.load(waves.home.path)
    with pytest.raises(RegressionError, match="refuses 1 file"):
        waves.run()
    assert waves.answers() == [1]


def test_the_same_number_in_two_waves_is_two_answers(tmp_path: Path) -> None:
    second = '  - {code: 2025-Q2, file: "hr_2025Q2*", closed: 2025-06-27}\nkeys:'
    home = write_home(tmp_path, {HR: FILES[HR].replace("keys:", second) + "drop: [day]\n"})
    world = World.__new__(World)
    world.home, world.ledger = Home.load(home), Ledger(home / "data/restricted/ledger.sqlite")
    world.receive("hr_2025Q1.csv", export(("1", 1)), at=0)
    world.receive("hr_2025Q2.csv", export(("1", 5)), at=10)
    assert world.answers() == [1, 5]


def test_a_name_that_is_no_text_is_refused_and_stops_nothing(waves: World) -> None:
    (waves.home.landing / os.fsdecode(b"hr_2025Q1_\xff.csv")).write_bytes(export(("b", 2)))
    waves.receive("hr_2025Q1.csv", export(("a", 1)), at=0)
    assert waves.answers() == [1]
    assert [entry.reason for entry in waves.ledger.files("refused")] == ["unreadable_name"]
