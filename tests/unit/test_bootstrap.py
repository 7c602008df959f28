"""The installer on a tiny project: a lock of one package, served from a folder, with no network."""

from __future__ import annotations

import fcntl
import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from tests.unit.tiny_backend import write_wheel

REPO = Path(__file__).resolve().parents[2]
SITE = Path(f".venv/lib/python{sys.version_info[0]}.{sys.version_info[1]}/site-packages")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A checkout with tools/, a pyproject.toml and a lock that names `tiny` only, so that pip installs it."""
    shutil.copytree(REPO / "tools", tmp_path / "tools", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(Path(__file__).with_name("tiny_backend.py"), tmp_path)
    (tmp_path / "pyproject.toml").write_text(
        '[build-system]\nrequires = []\nbuild-backend = "tiny_backend"\nbackend-path = ["."]\n'
        '[project]\nname = "relier"\nversion = "1.0"\n'
    )
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    wheel = write_wheel(wheels, "tiny", {"tiny/__init__.py": "answer = 42\n", "tiny/more.py": "more = 1\n"})
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    (tmp_path / "requirements.lock").write_text(f"tiny==1.0 \\\n    --hash=sha256:{digest}\n")
    return tmp_path


def environment(project: Path, **more: str) -> dict[str, str]:
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("PIP_", "UV_", "VIRTUAL"))
    }
    offline = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(project / "wheels"), "PIP_CONFIG_FILE": os.devnull}
    return {**kept, **offline, "PYTHON": sys.executable, **more}


def bootstrap(project: Path, **more: str) -> subprocess.CompletedProcess[str]:
    command = ["sh", str(project / "tools" / "bootstrap.sh")]
    return subprocess.run(
        command, env=environment(project, **more), capture_output=True, text=True, check=False
    )


def works(project: Path) -> bool:
    command = [
        str(project / ".venv/bin/python"),
        "-c",
        "import tiny, tiny.more, tiny_backend; print(tiny.answer)",
    ]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout == "42\n"


def fake_python(folder: Path, name: str, script: str) -> Path:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


def load_bootstrap(project: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("bootstrap", project / "tools" / "bootstrap.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def sound(project: Path) -> ModuleType:
    """The bootstrap module of a project whose .venv was built by hand and stamped as the installer does."""
    module = load_bootstrap(project)
    (project / ".venv/bin").mkdir(parents=True)
    (project / ".venv/bin/python").symlink_to(sys.executable)
    shutil.unpack_archive(project / "wheels/tiny-1.0-py3-none-any.whl", project / SITE, "zip")
    module.stamp()
    assert module.what_is_wrong() == ""
    return module


def test_install_then_nothing_to_do_then_mend_then_synchronise(project: Path) -> None:
    """From nothing, on a PATH whose first Pythons are shims that cannot run."""
    shims = project / "shims"
    shims.mkdir()
    for name in ("python3.13", "python3.12", "python3.11"):
        fake_python(shims, name, "echo 'no such version' >&2; exit 127")
    fake_python(shims, "python3", f'exec "{sys.executable}" "$@"')
    path = {"PYTHON": "", "PATH": f"{shims}:{os.environ['PATH']}"}

    first = bootstrap(project, **path)
    assert first.returncode == 0, first.stderr
    assert "there is none yet" in first.stdout
    assert works(project)

    second = bootstrap(project, **path)
    assert (second.returncode, second.stdout, second.stderr) == (0, "", "")

    truncated_module(project)
    (project / ".venv/bin/python").unlink()
    mended = bootstrap(project, **path)
    assert mended.returncode == 0, mended.stderr
    assert works(project)

    mark = project / ".venv/mark"
    mark.touch()
    lock = project / "requirements.lock"
    lock.write_text(lock.read_text() + "# refreshed\n")
    assert "requirements.lock has changed" in bootstrap(project, **path).stdout
    assert mark.exists()
    assert works(project)


def no_interpreter(project: Path) -> None:
    (project / ".venv/bin/python").unlink()


def truncated_module(project: Path) -> None:
    (project / SITE / "tiny/__init__.py").write_text("")


def missing_module(project: Path) -> None:
    (project / SITE / "tiny/more.py").unlink()


def missing_package(project: Path) -> None:
    shutil.rmtree(project / SITE / "tiny")
    shutil.rmtree(project / SITE / "tiny-1.0.dist-info")


def interrupted(project: Path) -> None:
    (project / ".venv/relier-stamp.json").unlink()
    shutil.rmtree(project / SITE / "tiny")


def another_python(project: Path) -> None:
    stamp = project / ".venv/relier-stamp.json"
    stamp.write_text(stamp.read_text().replace(f'"python": "{sys.version_info[0]}.', '"python": "2.'))


def a_file_in_its_place(project: Path) -> None:
    shutil.rmtree(project / ".venv")
    a_file(project / ".venv")


def a_file(place: Path) -> None:
    place.write_text("")


def a_dangling_link(place: Path) -> None:
    place.symlink_to("nowhere")


def a_folder(place: Path) -> None:
    (place / "bin").mkdir(parents=True)


def another_folder(project: Path) -> None:
    stamp = project / ".venv/relier-stamp.json"
    stamp.write_text(stamp.read_text().replace(str(project), "/elsewhere"))


def another_lock(project: Path) -> None:
    (project / "requirements.lock").write_text("")


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (no_interpreter, "its Python does not run"),
        (truncated_module, "tiny-1.0 is damaged"),
        (missing_module, "tiny-1.0 is damaged"),
        (missing_package, "tiny-1.0 is damaged"),
        (interrupted, "its installation was not finished"),
        (another_python, "it was built by another Python (2"),
        (another_folder, "it was built in another folder"),
        (another_lock, "requirements.lock has changed"),
        (a_file_in_its_place, "its installation was not finished"),
    ],
)
def test_damage_is_seen_and_named(
    project: Path, sound: ModuleType, damage: Callable[[Path], None], reason: str
) -> None:
    damage(project)
    assert sound.what_is_wrong().startswith(reason)


def test_a_package_that_is_not_what_the_lock_says_is_refused(project: Path) -> None:
    lock = project / "requirements.lock"
    lock.write_text("tiny==1.0 \\\n    --hash=sha256:" + "0" * 64 + "\n")

    refused = bootstrap(project)

    assert refused.returncode == 1
    assert "HASHES" in refused.stderr
    assert not (project / ".venv/relier-stamp.json").exists()


@pytest.mark.usefixtures("sound")
def test_a_second_make_waits_for_the_first(project: Path) -> None:
    with open(project / ".venv.lock", "w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        second = subprocess.Popen(
            ["sh", str(project / "tools" / "bootstrap.sh")],
            env=environment(project),
            stdout=subprocess.PIPE,
            text=True,
        )
        assert second.stdout
        assert "waiting" in second.stdout.readline()
        assert second.poll() is None
    assert second.communicate(timeout=60)[0] == ""
    assert second.returncode == 0


def test_an_installation_starts_over_whatever_stands_in_the_way(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = load_bootstrap(project)
    monkeypatch.setattr(module, "run", lambda command: None)
    for obstacle in (a_dangling_link, a_file, a_folder):
        obstacle(project / ".venv")
        module.create()
        assert not os.path.lexists(project / ".venv")


def test_an_unsupported_python_gets_one_sentence(project: Path) -> None:
    old = fake_python(project, "python3.10", 'case "$*" in *print*) echo 3.10;; *) exit 1;; esac')

    refused = bootstrap(project, PYTHON=str(old))

    assert refused.returncode == 1
    assert refused.stdout == ""
    assert refused.stderr.count("\n") == 1
    assert f"needs Python 3.11, 3.12 or 3.13 and found 3.10 ({old})" in refused.stderr
    assert not (project / ".venv").exists()


def test_the_supported_range_is_the_one_of_pyproject() -> None:
    declared = tomllib.loads((REPO / "pyproject.toml").read_text())["project"]["requires-python"]
    script = (REPO / "tools" / "bootstrap.sh").read_text()
    low, high = (part.strip("<>=") for part in declared.split(","))
    assert f"({low.replace('.', ', ')}) <= sys.version_info[:2] < ({high.replace('.', ', ')})" in script


def test_a_path_that_two_packages_own_may_have_either_size(project: Path) -> None:
    module = load_bootstrap(project)
    site = module.site_packages()
    for owner, size in (("one", 3), ("two", 5)):
        (site / f"{owner}-1.0.dist-info").mkdir(parents=True)
        (site / f"{owner}-1.0.dist-info/RECORD").write_text(f"shared.py,sha256=x,{size}\n")
    both = ["one-1.0.dist-info", "two-1.0.dist-info"]

    (site / "shared.py").write_text("12345")
    assert module.damaged_packages(both) == []
    (site / "shared.py").write_text("1234")
    assert module.damaged_packages(both) != []


def test_uv_is_installed_from_its_own_hashes() -> None:
    with load_bootstrap(REPO).uv_alone() as path:
        entry = Path(path).read_text()
    assert entry.startswith("uv==")
    assert "==" not in entry.splitlines()[1]
    assert all("--hash=sha256:" in line for line in entry.splitlines()[1:])
