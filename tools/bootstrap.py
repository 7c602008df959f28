"""Makes .venv what requirements.lock says, and mends it when it is not. Standard library only.

Run through bootstrap.sh, with a supported Python and `-I -S`, so that nothing inside a damaged .venv is
imported. A sound .venv costs a quarter of a second; anything else is built anew, or only synchronised when
the lock alone has changed. The stamp is removed before the first change and written after the last one: an
interrupted installation has no stamp, and the next call starts again.
"""

from __future__ import annotations

import csv
import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

REPO = Path(__file__).resolve().parent.parent
VENV = REPO / ".venv"
STAMP = VENV / "relier-stamp.json"
LOCK = REPO / "requirements.lock"
PROJECT = REPO / "pyproject.toml"

# Settings meant for other environments, which would send packages or interpreters elsewhere.
IN_THE_WAY = (
    "PYTHONHOME",
    "PYTHONPATH",
    "PIP_TARGET",
    "PIP_PREFIX",
    "PIP_USER",
    "PIP_REQUIRE_HASHES",
    "UV_PYTHON",
    "UV_SYSTEM_PYTHON",
    "UV_TARGET",
    "UV_PREFIX",
)


class InstallError(Exception):
    """An installation step failed; the message is the sentence to show."""


def main() -> int:
    """Return 0 when .venv is sound, 1 with a sentence on standard error when it cannot be made so."""
    try:
        with one_at_a_time():
            reason = what_is_wrong()
            if reason:
                install(reason)
    except InstallError as error:
        print(f"Relier could not set up .venv: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Interrupted; the next make starts the installation again.", file=sys.stderr)
        return 1
    return 0


@contextmanager
def one_at_a_time() -> Iterator[None]:
    """Hold .venv.lock. Installers inherit it: one that outlives a killed make still keeps others waiting."""
    with open(REPO / ".venv.lock", "w") as handle:
        os.set_inheritable(handle.fileno(), True)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("Another make is installing into .venv; waiting for it.", flush=True)
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield


# ---- is it sound? ------------------------------------------------------------------------------------------


def wanted() -> dict[str, str]:
    """What a sound .venv was built from: place, Python, lock and project file."""
    return {
        "place": str(VENV),
        "python": f"{sys.version_info[0]}.{sys.version_info[1]}",
        "lock": hashlib.sha256(LOCK.read_bytes()).hexdigest(),
        "project": hashlib.sha256(PROJECT.read_bytes()).hexdigest(),
    }


def what_is_wrong() -> str:
    """The reason to install, in a few words; empty when .venv is sound."""
    if not VENV.exists():
        return "there is none yet"
    try:
        found = json.loads(STAMP.read_text())
    except (OSError, ValueError):
        return "its installation was not finished"
    want = wanted()
    if found.get("place") != want["place"]:
        return "it was built in another folder"
    if found.get("python") != want["python"]:
        return f"it was built by another Python ({found.get('python')})"
    if not runs():
        return "its Python does not run"
    damaged = damaged_packages(found.get("packages", []))
    if damaged:
        more = f" and {len(damaged) - 1} more" if damaged[1:] else ""
        return f"{damaged[0].removesuffix('.dist-info')} is damaged{more}"
    if found.get("lock") != want["lock"]:
        return "requirements.lock has changed"
    if found.get("project") != want["project"]:
        return "pyproject.toml has changed"
    return ""


def runs() -> bool:
    """Whether .venv's own interpreter starts, and is the Python that this is."""
    try:
        command = [
            str(VENV / "bin" / "python"),
            "-I",
            "-S",
            "-c",
            "import sys; print(*sys.version_info[:2], sep='.')",
        ]
        answer = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError:
        return False
    return answer.stdout.strip() == wanted()["python"]


def site_packages() -> Path:
    return VENV / "lib" / f"python{wanted()['python']}" / "site-packages"


def installed_packages() -> list[str]:
    """The names of the installed distributions' folders, such as `duckdb-1.5.6.dist-info`."""
    return sorted(folder.name for folder in site_packages().glob("*.dist-info"))


def damaged_packages(packages: list[str]) -> list[str]:
    """The distributions of which a file is missing or has another size than its RECORD says.

    Two may own one path (dbt-core and dbt-duckdb share `dbt/__init__.py`): either size is right.
    """
    site = site_packages()
    sizes: dict[str, set[str]] = {}
    owners: dict[str, str] = {}
    damaged = set()
    for package in packages:
        try:
            with open(site / package / "RECORD", newline="", encoding="utf-8") as handle:
                rows = [row for row in csv.reader(handle) if row and not row[0].endswith(".pyc")]
        except (OSError, ValueError, csv.Error):
            damaged.add(package)
            continue
        if not rows:
            damaged.add(package)
        for path, _, size in rows:
            sizes.setdefault(path, set()).add(size)
            owners[path] = package
    for path, right in sizes.items():
        try:
            size = str(os.stat(site / path).st_size)
        except OSError:
            size = "missing"
        if size == "missing" or ("" not in right and size not in right):
            damaged.add(owners[path])
    return sorted(damaged)


# ---- make it so --------------------------------------------------------------------------------------------


def install(reason: str) -> None:
    """Build or synchronise .venv, check every file of it, and stamp it."""
    started = time.monotonic()
    say(f"Setting up .venv: {reason}.")
    if reason.endswith("has changed"):
        STAMP.unlink()
    else:
        create()
    fetch()
    damaged = damaged_packages(installed_packages())
    if damaged:
        # The installer's own cache can be what is damaged: once more without it.
        say(f"  {damaged[0].removesuffix('.dist-info')} is damaged in the cache too; downloading afresh")
        create()
        fetch(cached=False)
        damaged = damaged_packages(installed_packages())
    if damaged:
        raise InstallError(f"{', '.join(damaged)} arrived damaged twice. Try 'make clean' and again.")
    stamp()
    say(f"  done in {time.monotonic() - started:.0f} s")


def stamp() -> None:
    """Record what .venv was built from and what it now holds: the last act of an installation."""
    part = STAMP.with_suffix(".part")
    part.write_text(json.dumps({**wanted(), "packages": installed_packages()}, indent=1))
    os.replace(part, STAMP)


def create() -> None:
    """An empty .venv of this Python, with pip."""
    base = getattr(sys, "_base_executable", None) or sys.executable
    say(f"  1/3 Python {sys.version_info[0]}.{sys.version_info[1]} environment")
    if VENV.is_symlink() or VENV.is_file():
        VENV.unlink()
    elif VENV.exists():
        STAMP.unlink(missing_ok=True)
        shutil.rmtree(VENV, ignore_errors=True)
    try:
        run([base, "-I", "-m", "venv", str(VENV)])
    except InstallError as error:
        raise InstallError(
            f"{base} cannot make a virtual environment; on Debian or Ubuntu install python3-venv. ({error})"
        ) from error


def fetch(cached: bool = True) -> None:
    """Install the lock and Relier itself: by uv, and by pip where uv cannot be had or cannot do it."""
    count = sum(1 for line in LOCK.read_text().splitlines() if "==" in line)
    python = str(VENV / "bin" / "python")
    pip = [python, "-I", "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
    pip += [] if cached else ["--no-cache-dir"]
    uv = [str(VENV / "bin" / "uv"), *([] if cached else ["--no-cache"]), "pip"]
    say(f"  2/3 {count} packages of requirements.lock, each checked against its hash")
    try:
        with uv_alone() as lock_of_uv:
            run([*pip, "--require-hashes", "--no-deps", "-r", lock_of_uv])
        # sync also removes what the lock does not name, and Relier itself with it
        run([*uv, "sync", "--python", python, "--require-hashes", "--compile-bytecode", str(LOCK)])
        say("  3/3 relier, from this folder")
        run([*uv, "install", "--python", python, "--no-deps", "--no-build-isolation", "-e", str(REPO)])
    except InstallError as error:
        say(f"  uv could not ({str(error).splitlines()[-1].strip()}); trying pip, which takes about a minute")
        run([*pip, "--require-hashes", "--no-deps", "-r", str(LOCK)])
        say("  3/3 relier, from this folder")
        run([*pip, "--no-deps", "--no-build-isolation", "-e", str(REPO)])


@contextmanager
def uv_alone() -> Iterator[str]:
    """The lock's own entry for uv, hashes included, as a requirements file of its own."""
    entry: list[str] = []
    for line in LOCK.read_text().splitlines(keepends=True):
        if line.startswith("uv==") or (entry and line.startswith(" ")):
            entry.append(line)
        elif entry:
            break
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as handle:
        handle.writelines(entry)
        handle.flush()
        yield handle.name


def run(command: list[str]) -> None:
    """Run an installer, saying that it goes on; InstallError carries the end of what a failing one said."""
    environment = {name: value for name, value in os.environ.items() if name not in IN_THE_WAY}
    # Copies: with uv's default of hard links, a file damaged in .venv is damaged in the cache as well.
    environment.update(
        VIRTUAL_ENV=str(VENV), UV_PYTHON_DOWNLOADS="never", UV_LINK_MODE="copy", UV_NO_PROGRESS="1"
    )
    with tempfile.TemporaryFile("w+", errors="replace") as output:
        try:
            child = subprocess.Popen(
                command,
                cwd=REPO,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                close_fds=False,
            )
        except OSError as error:
            raise InstallError(f"{command[0]}: {error.strerror}") from error
        started = time.monotonic()
        while True:
            try:
                status = child.wait(timeout=15)
                break
            except subprocess.TimeoutExpired:
                say(f"      … {time.monotonic() - started:.0f} s")
        output.seek(0)
        said = output.read().strip().splitlines()
    if status:
        raise InstallError("\n".join(said[-8:]) or f"{command[0]} ended with {status}")


def say(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    sys.exit(main())
