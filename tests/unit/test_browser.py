"""Where the browser of the browser tests comes from, and what is said when there is none."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tools import browser


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The commands that would have been run; nothing is installed and no browser is there."""
    commands: list[list[str]] = []

    def run(command: list[str], **_: object) -> subprocess.CompletedProcess[str]:
        commands.append(command)
        return subprocess.CompletedProcess(command, 1, "", "no network")

    monkeypatch.setattr(browser, "find", lambda: None)
    monkeypatch.setattr(browser.subprocess, "run", run)
    return commands


def test_without_a_browser_ci_fails(
    ran: list[list[str]], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CI", "true")
    assert browser.main() == 1
    assert ran
    assert "none could be installed" in capsys.readouterr().err


def test_without_a_browser_a_developer_is_told_what_is_left_out(
    ran: list[list[str]], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("CI", raising=False)
    assert browser.main() == 0
    assert ran
    printed = capsys.readouterr()
    assert printed.out == "-m 'not browser'\n"
    assert "browser tests are left out" in printed.err


@pytest.mark.parametrize(
    ("user", "present", "first"),
    [
        (0, "apt-get", ["apt-get", "update", "-qq"]),
        (0, "dnf", ["dnf", "install", "-q", "-y", "chromium"]),
        (1000, "apt-get", "playwright"),
        (0, "none", "playwright"),
    ],
)
def test_root_uses_the_package_manager_and_others_playwright(
    ran: list[list[str]], monkeypatch: pytest.MonkeyPatch, user: int, present: str, first: object
) -> None:
    monkeypatch.setattr(browser.os, "geteuid", lambda: user)
    monkeypatch.setattr(browser.shutil, "which", lambda name: f"/bin/{name}" if name == present else None)
    browser.install()
    assert ran[0] == first or ran[0][2:] == [first, "install", "chromium"]


def test_a_launcher_that_does_not_start_is_not_a_browser(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    launcher = tmp_path / "chromium"
    launcher.write_text("#!/bin/sh\nexit 1\n")
    launcher.chmod(0o755)
    monkeypatch.setenv("RELIER_BROWSER", str(launcher))
    assert browser.find() != str(launcher)
    launcher.write_text("#!/bin/sh\necho Chromium 1\n")
    assert browser.find() == str(launcher)
