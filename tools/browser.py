"""Finds the Chromium that the browser tests drive, or installs it.

Standard output is for `make test`: the options to hand to pytest, nothing when a browser is there. What
happens is told on standard error. With CI set, having no browser is a failure; elsewhere the browser tests are
left out by name, and the line that says so comes last before the tests start.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
# (package manager, the commands that install Chromium with it)
MANAGERS = (
    ("apt-get", (["apt-get", "update", "-qq"], ["apt-get", "install", "-qq", "-y", "chromium"])),
    ("dnf", (["dnf", "install", "-q", "-y", "chromium"],)),
    ("apk", (["apk", "add", "--quiet", "chromium"],)),
)


def find() -> str | None:
    """The path of a Chromium that starts: $RELIER_BROWSER, the system's, or playwright's own."""
    ways: list[Callable[[], str | None]] = [
        lambda: os.environ.get("RELIER_BROWSER"),
        *(partial(shutil.which, name) for name in NAMES),
        _playwrights_own,
    ]
    return next((path for way in ways if (path := way()) and _starts(path)), None)


def _playwrights_own() -> str | None:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return path if Path(path).exists() else None


def _starts(path: str) -> bool:
    """Whether the browser tells its version: a launcher may be there without the browser."""
    try:
        done = subprocess.run([path, "--version"], capture_output=True, timeout=60, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


def install() -> None:
    """Install Chromium with the package manager when root, else playwright's own build; failures are told."""
    commands: tuple[list[str], ...] = ([sys.executable, "-m", "playwright", "install", "chromium"],)
    if os.geteuid() == 0:
        commands = next((steps for manager, steps in MANAGERS if shutil.which(manager)), commands)
    print(f"No Chromium here; installing it with {Path(commands[0][0]).name}.", file=sys.stderr)
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in commands:
        done = subprocess.run(
            command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
        )
        if done.returncode:
            said = (done.stderr or done.stdout).strip().splitlines()[-1:]
            print(f"{' '.join(command)} failed: {' '.join(said)}", file=sys.stderr)
            return


def main() -> int:
    """Print pytest's options; 1 when there is no browser where there must be one."""
    if find():
        return 0
    install()
    if find():
        return 0
    print(
        "There is no Chromium and none could be installed: install one or name it in RELIER_BROWSER.",
        file=sys.stderr,
    )
    if os.environ.get("CI"):
        return 1
    print("The browser tests are left out of this run.", file=sys.stderr)
    print("-m 'not browser'")
    return 0


if __name__ == "__main__":
    sys.exit(main())
