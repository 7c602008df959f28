"""An empty home is valid, explains itself, and says how to go on."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipelines.declared import Home
from pipelines.onboarding.new import NotEmptyError, make_home
from tests.conftest import relier


@pytest.mark.parametrize("language", ["fr", "en"])
def test_a_new_home_loads_and_has_its_root(tmp_path: Path, language: str) -> None:
    folder = tmp_path / "groupe-été"
    root = make_home(folder, 'Groupe "Été", SA', language)
    home = Home.load(folder)
    assert (home.root, home.organisation.name, home.organisation.language) == (
        root,
        'Groupe "Été", SA',
        language,
    )
    assert root == "groupe_ete_sa"
    assert not home.sources
    assert (folder / ".gitignore").read_text() == "data/\n"
    assert "relier add-source" in (folder / "README.md").read_text()


@pytest.mark.parametrize(("name", "root"), [("all", "org_all"), ("2024", "org_2024"), ("—", "organisation")])
def test_a_name_that_is_no_code_still_gives_a_root(tmp_path: Path, name: str, root: str) -> None:
    assert make_home(tmp_path / "home", name, "fr") == root
    assert Home.load(tmp_path / "home").root == root


def test_a_folder_that_holds_something_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(NotEmptyError, match="not an empty folder"):
        make_home(tmp_path, None, "fr")
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_an_empty_home_runs_into_one_sentence_and_its_status_is_sane(tmp_path: Path) -> None:
    folder = tmp_path / "maison"
    made = relier(tmp_path, "new", str(folder), "--language", "en")
    assert made.returncode == 0, made.stderr
    run = relier(folder, "run")
    assert run.returncode == 1
    assert run.stderr.strip().splitlines() == [
        "no source is declared in maison/declarations/sources; add one with `relier add-source FILE`"
    ]
    status = relier(folder, "status")
    assert status.returncode == 0, status.stderr
    assert "Traceback" not in status.stdout + status.stderr
