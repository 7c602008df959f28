"""Rounds of arrivals, kills and recoveries in one home; the plan of which phase to stop next, shared by all homes."""

from __future__ import annotations

import random
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from pipelines.failpoints import POINTS
from tests.faults import broken, checker, others
from tests.faults.runs import Attempt, Server
from tests.faults.world import Arrival, arrivals, declare, empty, land, variant

PHASES = tuple(
    dict.fromkeys("build" if point == "warehouse.built" else point.partition(".")[0] for point in POINTS)
)
# A run that a random moment stops before its first failpoint was in no phase yet.
LONGEST_ATTEMPTS = 4  # runs in a row that may fail to stop where asked before the plan itself is called wrong
Marts = tuple[checker.Marts, list[tuple[object, ...]]]


@dataclass
class Tally:
    """What a campaign has done so far; `wrong` holds a sentence for each promise broken."""

    seed: int
    kills: Counter[str] = field(default_factory=Counter)
    points: Counter[str] = field(default_factory=Counter)
    aimed: Counter[str] = field(default_factory=Counter)
    starts: int = 0
    finished: int = 0
    recoveries: int = 0
    others: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    lock: threading.RLock = field(default_factory=threading.RLock)

    def next_phase(self) -> str:
        """The phase in which fewest runs were stopped, or are about to be."""
        with self.lock:
            phase = min(PHASES, key=lambda name: (self.kills[name], self.aimed[name]))
            self.aimed[phase] += 1
            return phase

    def next_point(self, phase: str) -> str:
        """Of a phase, the point at which fewest runs were stopped."""
        own = [point for point in POINTS if point.startswith(f"{phase}.")]
        with self.lock:
            point = min(own, key=lambda name: self.points[name])
            self.points[point] += 1
            return point

    def ended(self, attempt: Attempt, where: str) -> None:
        with self.lock:
            self.starts += 1
            if attempt.killed:
                self.kills[attempt.phase] += 1
            elif attempt.code == 0:
                self.finished += 1
            else:
                self.blame(where, [attempt.escaped or attempt.reason or f"ended with {attempt.code}"])

    def blame(self, where: str, found: list[str]) -> None:
        with self.lock:
            self.wrong += [f"{where}: {sentence}" for sentence in found]

    @property
    def killed(self) -> int:
        return self.kills.total()


def verdict(tally: Tally, least: int) -> list[str]:
    """What is wrong with a campaign as a whole: a promise broken, or a campaign that proves nothing."""
    found = list(tally.wrong)
    found += [
        f"only {tally.kills[phase]} runs were stopped in {phase}, {least} were wanted"
        for phase in PHASES
        if tally.kills[phase] < least
    ]
    if not tally.finished:
        found.append("no run ever finished")
    if not tally.recoveries:
        found.append("no home ever recovered")
    if not tally.killed:
        found.append("no run was ever killed")
    return found


def reference(server: Server, sent: list[Arrival]) -> Marts:
    """Marts and books of a home to which the same files came and nothing happened."""
    empty(server.home)
    for arrival in sent:
        land(server.home, arrival)
    attempt = server.run()
    if attempt.code or (hurt := checker.wounds(server.home)):
        raise RuntimeError(f"the run that nobody disturbs fails: {attempt.reason or attempt.escaped or hurt}")
    return checker.marts(server.home), checker.books(server.home)


def kill(server: Server, tally: Tally, draw: random.Random) -> Attempt:
    """One run stopped in the phase whose turn it is, or at a random moment."""
    phase = tally.next_phase()
    whole = draw.random() < 0.5
    if phase == "build":
        pid = server.start()
        return server.wait(pid, draw.uniform(0.0, 5.0), whole, since="warehouse.declared")
    if draw.random() < 0.15:
        return server.wait(server.start(), draw.uniform(0.1, 12.0), whole)
    return server.run(failpoint=tally.next_point(phase))


def one_round(
    server: Server,
    tally: Tally,
    draw: random.Random,
    wanted: Marts,
    sent: list[Arrival],
    more: Callable[[], bool],
    same_files: bool = True,
) -> None:
    """Each arrival meets runs that are killed; then something else goes wrong; then one run makes everything good."""
    home = server.home
    empty(home)
    for arrival in sent:
        land(home, arrival)
        if not more():
            continue
        attempt = kill(server, tally, draw)
        where = f"{home.parent.name}, after {arrival.name}, stopped at {attempt.last}"
        tally.ended(attempt, where)
        tally.blame(where, checker.wounds(home))
    other = draw.choice(sorted(others.FAULTS))
    tally.others[other] += 1
    tally.blame(f"{home.parent.name}, {other}", [*others.FAULTS[other](server, draw), *checker.wounds(home)])
    recover(server, tally, wanted, f"{home.parent.name}, after {other}", same_files)


def recover(server: Server, tally: Tally, wanted: Marts, where: str, same_files: bool = True) -> None:
    """The next run must finish by itself, and leave what an undisturbed home holds."""
    last = server.run()
    tally.ended(last, f"{where}, the run that must recover")
    if last.code == 0:
        found = checker.differences(server.home, wanted, same_files)
        tally.blame(where, found)
        tally.recoveries += not found


def caught(server: Server, name: str, wanted: Marts, sent: list[Arrival]) -> list[str]:
    """What the checker of every round finds in a build broken on purpose ('' for the sound one), killed and run again."""
    found: list[str] = []
    for point in broken.BUILDS[name].points if name else ("decode.recorded", "publish.moved", ""):
        empty(server.home)
        for arrival in sent:
            land(server.home, arrival)
        if point:
            stopped = server.run(broken=name, failpoint=point)
            found += [] if stopped.killed or name else [f"a run went past {point}"]
            found += checker.wounds(server.home)
            if found and name:
                break
        last = server.run(broken=name)
        found += checker.wounds(server.home)
        if last.code:
            found.append(f"the next run does not recover: {last.reason or last.escaped}")
        else:
            found += checker.differences(server.home, wanted)
        if found and name:
            break
    return list(dict.fromkeys(found))


def rounds(home: Path, tally: Tally, seed: int, kills: int, told: Callable[[str], None]) -> None:
    """Rounds in one home until the campaign has its kills, in all and in each phase."""
    least = kills // (len(PHASES) + 4)

    def more() -> bool:
        return tally.killed < kills or any(tally.kills[phase] < least for phase in PHASES)

    draw = random.Random(seed)
    try:
        with Server(declare(home)) as server:
            sent = arrivals(tally.seed)
            wanted = reference(server, sent)
            idle = 0
            while more() and idle < LONGEST_ATTEMPTS:
                before = tally.killed
                if draw.random() < 0.5:
                    tally.others["files split, shuffled, renamed, in another order"] += 1
                    one_round(server, tally, draw, wanted, variant(draw, sent), more, same_files=False)
                else:
                    one_round(server, tally, draw, wanted, sent, more)
                idle = 0 if tally.killed > before else idle + 1
                told(f"{tally.killed} kills, {tally.recoveries} recoveries, {len(tally.wrong)} wrong")
    except Exception as error:  # noqa: BLE001 - a thread's end is a finding, told with the rest
        tally.blame(home.parent.name, [f"the campaign stopped: {type(error).__name__}: {error}"])
