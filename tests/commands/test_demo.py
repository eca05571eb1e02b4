"""`zonewatch demo` as a process: with footage, and with nothing but what it can draw."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT, find

pytestmark = pytest.mark.slow


def demo(env: dict[str, str], seconds: int) -> subprocess.CompletedProcess[str]:
    find("redis-server", "valkey-server")
    command = [sys.executable, "-m", "pipeline", "demo", "--seconds", str(seconds)]
    env = {name: value for name, value in env.items() if name != "REDIS_URL"}
    return subprocess.run(command, capture_output=True, text=True, cwd=ROOT, env=env, timeout=150)


def assert_it_worked(ended: subprocess.CompletedProcess[str], cameras: int) -> None:
    assert ended.returncode == 0, ended.stdout + ended.stderr
    summary = re.search(r"(\d+) cameras?, (\d+) alerts? .*median time to alert.*?(\d+) ms", ended.stdout)
    assert summary, ended.stdout
    assert int(summary[1]) == cameras
    assert int(summary[2]) >= 1
    assert "Traceback" not in ended.stderr


@pytest.mark.footage
def test_the_demo_watches_real_footage_and_ends_by_itself(footage: Path, models_env: dict[str, str]) -> None:
    """Ten seconds of each clip show each rule broken."""
    ended = demo({**models_env, "ZONEWATCH_FOOTAGE": str(footage)}, 20)
    assert_it_worked(ended, cameras=3)
    for rule in ("at-the-table", "on-the-walkway", "into-the-bay"):
        assert rule in ended.stdout, ended.stdout


def test_without_footage_and_network_the_demo_draws_its_scene(
    models: Path, models_env: dict[str, str], tmp_path: Path
) -> None:
    nowhere = {"https_proxy": "http://127.0.0.1:9", "HTTPS_PROXY": "http://127.0.0.1:9", "no_proxy": "", "NO_PROXY": ""}
    env = {**os.environ, **models_env, **nowhere, "XDG_CACHE_HOME": str(tmp_path / "cache")}
    ended = demo({**env, "ZONEWATCH_FOOTAGE": str(tmp_path)}, 25)
    assert "drawn" in ended.stdout
    assert_it_worked(ended, cameras=1)
