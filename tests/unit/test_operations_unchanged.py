"""When a run has nothing to do: everything that could change a figure makes it run, and nothing else does."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from pipelines import fingerprint as module
from pipelines.declared import Home
from pipelines.ledger import Ledger
from pipelines.unchanged import news
from tests.unit.declared.homes import FILES
from tests.unit.operations_home import SNAPSHOT, answers, ledger_of, publish, put, worked_home

UNPINNED = {"organisation.yml": 'name: Essai\nschedule: "0 6 * * 1"\n'}


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = worked_home(tmp_path / "essai")
    with ledger_of(home) as ledger:
        publish(home, ledger)
    return home


def said(home: Home) -> str | None:
    with ledger_of(home) as ledger:
        return news(home, ledger)


def read_at(home: Home, day: str) -> Home:
    """The home as it reads on another day, its files untouched."""
    organisation = home.organisation.model_copy(update={"as_of": module.dt.date.fromisoformat(day)})
    return replace(home, organisation=organisation)


def test_nothing_touched_is_nothing_new(home: Home) -> None:
    assert said(home) is None


def test_before_the_first_publication_there_is_work(tmp_path: Path) -> None:
    assert said(worked_home(tmp_path / "essai")) == "nothing is published yet"


def landed(home: Home) -> None:
    put(home, "hr_2025Q1_suite.csv", answers(200))


def landed_again(home: Home) -> None:
    put(home, "hr_2025Q2.csv", answers(60))


def sent_again(home: Home) -> None:
    os.utime(home.landing / "hr_2025Q2.csv", (1, 1))


def replay_asked(home: Home) -> None:
    with ledger_of(home) as ledger:
        entry = next(e for e in ledger.files() if e.name == "hr_2025Q2.csv")
        ledger.ask_replay([(entry.name, entry.sha256)])


def left_unjudged(home: Home) -> None:
    with ledger_of(home) as ledger:
        ledger.record(replace(ledger.files("accepted")[0], status="candidate"))


def parquet_lost(home: Home) -> None:
    next((home.restricted / "raw").rglob("*.parquet")).unlink()


def pointer_lost(home: Home) -> None:
    (home.published / "CURRENT").unlink()


def snapshot_cut(home: Home) -> None:
    (home.published / f"scorecard-{SNAPSHOT}.duckdb").write_bytes(b"fig")


def books_changed(home: Home) -> None:
    with ledger_of(home) as ledger:
        entry = ledger.files("accepted")[0]
        ledger.record(replace(entry, accepted=entry.accepted - 1, duplicate=entry.duplicate + 1))


@pytest.mark.parametrize(
    "touch",
    [
        landed,
        landed_again,
        sent_again,
        replay_asked,
        left_unjudged,
        parquet_lost,
        pointer_lost,
        snapshot_cut,
        books_changed,
    ],
)
def test_each_input_touched_makes_it_run(home: Home, touch: Callable[[Home], None]) -> None:
    touch(home)
    assert said(home) is not None


@pytest.mark.parametrize(
    "relative", ["units.csv", "privacy.yml", "finance.yml", "unit_aliases.csv", "organisation.yml"]
)
def test_each_declaration_changed_makes_it_run(home: Home, relative: str) -> None:
    path = home.path / "declarations" / relative
    path.write_text(FILES[relative] + ("\n" if relative.endswith("csv") else "# seen again\n"))
    assert said(Home.load(home.path)) is not None


@pytest.mark.parametrize("relative", ["pipelines/loading.py", "pipelines/declared/defaults/framework.yml"])
def test_code_and_defaults_are_inputs(tmp_path: Path, relative: str) -> None:
    for folder in ("pipelines", "dbt_project"):
        shutil.copytree(
            module.REPOSITORY / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__")
        )
    same = module.code_digest(tmp_path)
    module.code_digest.cache_clear()
    assert module.code_digest(module.REPOSITORY) == same
    (tmp_path / relative).write_text((tmp_path / relative).read_text() + "\n# changed\n")
    module.code_digest.cache_clear()
    assert module.code_digest(tmp_path) != same


@pytest.mark.parametrize(
    "model", sorted(path.name for path in (module.REPOSITORY / "dbt_project").rglob("*.sql"))[:3]
)
def test_every_model_is_an_input(tmp_path: Path, model: str) -> None:
    (tmp_path / "pipelines").mkdir()
    shutil.copytree(module.REPOSITORY / "dbt_project", tmp_path / "dbt_project")
    module.code_digest.cache_clear()
    before = module.code_digest(tmp_path)
    found = next((tmp_path / "dbt_project").rglob(model))
    found.write_text(found.read_text() + "\n")
    module.code_digest.cache_clear()
    assert module.code_digest(tmp_path) != before
    module.code_digest.cache_clear()


def test_an_upgraded_package_is_an_input(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module.sys, "path", [str(tmp_path)])
    module.packages_digest.cache_clear()
    (tmp_path / "duckdb-1.5.6.dist-info").mkdir()
    before = module.packages_digest()
    (tmp_path / "duckdb-1.5.6.dist-info").rename(tmp_path / "duckdb-1.5.7.dist-info")
    module.packages_digest.cache_clear()
    assert module.packages_digest() != before
    module.packages_digest.cache_clear()


@pytest.mark.parametrize(
    ("day", "runs"),
    [
        ("2025-07-10", False),  # a week later: no period ended, nobody is late
        ("2025-07-30", False),  # the last day of the month but one
        ("2025-07-31", True),  # a month is over
        ("2025-06-26", True),  # before the close of the second wave: it does not count yet
        ("2025-10-06", True),  # 101 days after the last data: late
        ("2026-01-02", True),  # another year's periods
    ],
)
def test_of_the_date_only_what_it_crosses_counts(tmp_path: Path, day: str, runs: bool) -> None:
    home = worked_home(tmp_path / "essai", UNPINNED)
    with ledger_of(home) as ledger:
        publish(read_at(home, "2025-07-02"), ledger)
    assert (said(read_at(home, day)) is not None) == runs


def test_data_of_days_to_come_count_every_day(tmp_path: Path) -> None:
    home = worked_home(tmp_path / "essai", UNPINNED)
    with ledger_of(home) as ledger:
        publish(read_at(home, "2025-06-10"), ledger)  # the second wave closes on the 27th
    assert said(read_at(home, "2025-06-10")) is None
    assert said(read_at(home, "2025-06-11")) is not None


def test_a_file_nobody_may_read_does_not_build_every_time(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = put(home, "hr_2025Q1_locked.csv", answers(300))
    seen = path.lstat()
    with ledger_of(home) as ledger:
        refused = replace(
            ledger.files()[0], name=path.name, sha256="", size=seen.st_size, modified_ns=seen.st_mtime_ns,
            source=None, status="refused", reason="unreadable_file", declaration=None, parquet=None,
            records=0, accepted=0, quarantined=0, duplicate=0,
        )  # fmt: skip
        ledger.record(refused)
        publish(home, ledger)
    monkeypatch.setattr("pipelines.unchanged.os.access", lambda *_: False)
    assert said(home) is None
    monkeypatch.setattr("pipelines.unchanged.os.access", lambda *_: True)
    assert said(home) is not None


def test_the_books_are_opened_by_a_ledger_of_the_first_version(home: Home) -> None:
    """A home of before these tables keeps its books and gains them."""
    with ledger_of(home) as ledger, ledger._transaction() as connection:
        for table in ("replays", "published", "alerts", "facts"):
            connection.execute(f"drop table {table}")
    with Ledger(home.restricted / "ledger.sqlite") as ledger:
        assert ledger.replays() == {}
        assert news(home, ledger) == "nothing is published yet"
