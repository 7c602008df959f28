"""A sample of the hostile files of `make torture`, those that once failed, and the harness itself put to the test."""

from __future__ import annotations

import gzip
import os
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pytest
import yaml

from pipelines.claims import claim
from pipelines.declared import Home
from pipelines.ingest import Decoded, FileProblem
from pipelines.ledger import Ledger
from pipelines.onboarding.lss import read_lss
from pipelines.onboarding.wording import QuestionnaireError
from tests.faults.world import declare
from tests.hostile import judge as judging
from tests.hostile.judge import Verdict, judge
from tests.hostile.mutants import NAMES, Mutant, mutant
from tests.hostile.originals import CANARY, Original, originals
from tests.hostile.pool import verdicts

SEED, SAMPLED = 20261122, 250
KEPT = Path(__file__).parent / "kept"
TOLD = yaml.safe_load((KEPT / "kept.yml").read_text(encoding="utf-8"))


def original(label: str) -> Original:
    return next(one for one in originals() if one.label == label)


def alone(mutants: list[Mutant], folder: Path) -> list[Verdict]:
    """Judged in a process of their own: what other tests left in this one's memory is not the files'."""
    with ProcessPoolExecutor(1, get_context("spawn")) as process:
        return [process.submit(judge, mutant, folder / "original").result() for mutant in mutants]


def test_the_originals_are_sound(tmp_path: Path) -> None:
    ours = [one for one in originals() if not one.label.startswith(("golden", "real"))]
    for one, verdict in zip(
        ours, alone([Mutant(0, (), one.name, one.raw, one) for one in ours], tmp_path), strict=True
    ):
        assert (verdict.outcome, verdict.wrong) == ("decoded", ()), one.label


def test_a_sample_of_mutants_is_decoded_in_balance_or_refused_with_a_reason() -> None:
    found = list(verdicts(SEED, range(SAMPLED)))
    assert sorted(verdict.number for verdict in found) == list(range(SAMPLED))
    assert [verdict for verdict in found if verdict.wrong] == []
    outcomes = [verdict.outcome for verdict in found]
    assert outcomes.count("decoded") > SAMPLED / 10
    assert sum("decoded" not in outcome for outcome in outcomes) > SAMPLED / 10


def test_a_mutant_is_always_the_same_file() -> None:
    for number in (0, 7, 99):
        assert mutant(SEED, number) == mutant(SEED, number)
    assert mutant(SEED, 1).raw != mutant(SEED + 1, 1).raw


@pytest.mark.parametrize("name", sorted(TOLD))
def test_what_once_failed_does_not_again(name: str, tmp_path: Path) -> None:
    told = TOLD[name]
    raw = (KEPT / name).read_bytes()
    raw = gzip.decompress(raw) if name.endswith(".gz") else raw
    one = original(told["declared as"])
    kept = Mutant(0, ("kept",), told.get("name", one.name), raw, one)
    (verdict,) = alone([kept], tmp_path)
    assert verdict.wrong == ()
    assert verdict.outcome.split(" / ")[0] == told["outcome"]


# ---- the harness ---------------------------------------------------------------------------------------------


def _loses_a_record(decoded: Decoded) -> Decoded:
    return replace(
        decoded, table=decoded.table[1:], records=decoded.records - 1, accepted=decoded.accepted - 1
    )


def _says_an_answer(decoded: Decoded) -> Decoded:
    return replace(decoded, warnings=[f"strange: {CANARY}12"])


def _miscounts(decoded: Decoded) -> Decoded:
    return replace(decoded, table=decoded.table[1:])


def _takes_memory(decoded: Decoded) -> Decoded:
    return replace(decoded) if len(b"x" * (400 << 20)) else decoded


def _has_a_bug(decoded: Decoded) -> Decoded:
    raise KeyError("Q1")


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        (_loses_a_record, "where a simple count finds"),
        (_says_an_answer, "a cell is quoted"),
        (_miscounts, "24 accepted, 23 rows"),
        (_takes_memory, "MB"),
        (_has_a_bug, "KeyError"),
    ],
)
def test_a_broken_reader_is_caught(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, broken: Callable[[Decoded], Decoded], said: str
) -> None:
    decode = judging.decode

    def instead(*arguments: Any) -> Decoded:
        return broken(decode(*arguments))

    monkeypatch.setattr(judging, "decode", instead)
    judging._forget_memory()
    monkeypatch.setattr(judging, "MOST_MEGABYTES", judging._peak() + 300)
    one = original("survey csv")
    verdict = judge(Mutant(0, (), one.name, one.raw, one), tmp_path / "original")
    assert verdict.wrong
    assert all(said in sentence for sentence in verdict.wrong), verdict.wrong


# ---- names and questionnaires --------------------------------------------------------------------------------


def test_no_file_name_harms_a_home(tmp_path: Path) -> None:
    """Each is claimed or refused by name; what landing is sent never leaves it, and every sentence is one line."""
    home = Home.load(declare(tmp_path / "home"))
    names = [f"cl_{name.strip('./').replace('/', '_')}" for name in NAMES] + [
        "..csv",
        ".hidden.csv",
        "-rf.csv",
    ]
    for name in names:
        short = os.fsencode(name.encode("utf-8", "surrogateescape").decode("utf-8", "surrogateescape"))[:255]
        (home.landing / os.fsdecode(short)).write_text("id,agency,when,Q1,SAT\n1,N,2025-01-01 09:00:00,1,1\n")
    (home.landing / "cl_link.csv").symlink_to("/etc/passwd")
    home.restricted.mkdir(parents=True)
    with Ledger(home.restricted / "ledger.sqlite") as ledger:
        claim(home, ledger, "run")
        entries = ledger.files()
    assert {entry.status for entry in entries} <= {"claimed", "duplicate", "refused"}
    assert len(entries) >= len(names) - 1
    kept = {path.name for path in (home.vault / "originals").iterdir()}
    assert all(len(name) == 64 for name in kept)
    assert {path.name for path in tmp_path.iterdir()} == {"home"}


LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10 if n else "lol"}">' for n in range(12))


@pytest.mark.parametrize(
    "told",
    [LAUGHS, '<!ENTITY l11 SYSTEM "file:///etc/passwd">', '<!ENTITY % p SYSTEM "http://127.0.0.1/x"> %p;'],
)
def test_a_questionnaire_with_entities_is_refused(tmp_path: Path, told: str) -> None:
    path = tmp_path / "survey.lss"
    path.write_text(
        f"<?xml version='1.0'?><!DOCTYPE d [{told}]><document><questions>&l11;</questions></document>"
    )
    with pytest.raises(QuestionnaireError, match="entities"):
        read_lss(path)


def test_a_refusal_is_one_printable_line() -> None:
    problem = FileProblem("x", expected="a\x1b[2Jb", found="\u202ecsv\n", fix="\ud800")
    assert str(problem) == "x: expected a\\x1b[2Jb, found \\u202ecsv\\x0a; \\ud800."
