"""`zonewatch demo` as a process: with footage, and with nothing but what it can draw."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.commands.demo_parts import DRAWN
from tests.conftest import ROOT, find

pytestmark = pytest.mark.slow


def demo(*options: str, **more: str) -> subprocess.CompletedProcess[str]:
    find("redis-server", "valkey-server")
    command = [sys.executable, "-m", "pipeline", "demo", *options]
    env = {name: value for name, value in {**os.environ, **more}.items() if name != "REDIS_URL"}
    return subprocess.run(command, capture_output=True, text=True, cwd=ROOT, env=env, timeout=150)


def assert_it_worked(ended: subprocess.CompletedProcess[str], cameras: int) -> None:
    assert ended.returncode == 0, ended.stdout + ended.stderr
    summary = re.search(r"(\d+) cameras?, (\d+) alerts? .*median time to alert.*?(\d+) ms", ended.stdout)
    assert summary, ended.stdout
    assert int(summary[1]) == cameras
    assert int(summary[2]) >= 1
    assert "Traceback" not in ended.stderr


@pytest.mark.footage
def test_the_demo_watches_real_footage_and_ends_by_itself(footage: Path) -> None:
    """Ten seconds of each clip show each rule broken."""
    ended = demo("--seconds", "20", "--footage", str(footage))
    assert_it_worked(ended, cameras=3)
    for rule in ("at-the-table", "on-the-walkway", "into-the-bay"):
        assert rule in ended.stdout, ended.stdout


def test_the_demo_shows_what_happens_in_the_drawn_school(tmp_path: Path) -> None:
    """Each rule is broken within the first 20 s of the plays; what is said is in plain words."""
    ended = demo("--seconds", "28", XDG_CACHE_HOME=str(tmp_path), HOME=str(tmp_path))
    assert_it_worked(ended, cameras=3)
    for camera in DRAWN:
        assert camera.story in ended.stdout
        for words in camera.words.values():
            assert words in ended.stdout, ended.stdout
    assert "check streams.yaml" in ended.stdout


def test_footage_that_is_not_there_is_said_in_one_sentence(tmp_path: Path) -> None:
    ended = demo("--footage", str(tmp_path))
    assert ended.returncode == 1
    assert "one-by-one-person-detection.mp4" in ended.stderr
    assert "without --footage" in ended.stderr
    assert "Traceback" not in ended.stderr
