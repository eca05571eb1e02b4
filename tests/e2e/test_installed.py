"""Installed by root, run by a user without a name, a home, or a right to write but to one folder; from any folder."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.installed import USER, Installed, installed_program

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]


@pytest.fixture(scope="module")
def installed(passing: Path) -> Iterator[Installed]:
    with installed_program(passing) as program:
        yield program


def call(installed: Installed, *arguments: object, folder: str = "/") -> subprocess.CompletedProcess[str]:
    ended = subprocess.run(installed.command(*arguments, folder=folder), capture_output=True, text=True, timeout=120)
    assert "Traceback" not in ended.stderr, ended.stderr
    return ended


@pytest.mark.parametrize("folder", ["/", "/proc", "its own"])
def test_a_configuration_is_checked_and_a_recording_replayed_from_any_folder(installed: Installed, folder: str):
    folder = str(installed.var) if folder == "its own" else folder
    file = installed.file
    assert call(installed, "check", file, folder=folder).returncode == 0
    ended = call(installed, "replay", installed.var / "hall.mp4", "--config", file, "--camera", "hall", folder=folder)
    assert ended.returncode == 0, ended.stderr
    assert [json.loads(line)["data"]["rule"] for line in ended.stdout.splitlines()]


def test_it_watches_tells_and_shows(installed: Installed):
    file, log = installed.file, installed.var / "log"
    with log.open("wb") as said:
        running = subprocess.Popen(installed.command("run", file), stderr=said)
    try:
        until = time.monotonic() + 90
        while not call(installed, "feed", file).stdout:
            assert running.poll() is None, log.read_text()
            assert time.monotonic() < until, log.read_text()
            time.sleep(1)
        assert call(installed, "status", file).returncode == 0
    finally:
        running.terminate()
        assert running.wait(30) == 0
    assert "Traceback" not in log.read_text()
    assert call(installed, "feed", file).stdout
    assert {(path.stat().st_uid, path.is_file()) for path in (installed.var / "var").rglob("*.jpg")} == {(USER, True)}
