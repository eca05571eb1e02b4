"""The disk of the journal is full: alerts wait in memory, in order, and go out when there is room again."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from pipeline.simulate.server import RtspServer
from tests.e2e import truth
from tests.e2e.conftest import LOOP_S
from tests.e2e.system import SOON, System, assert_all_delivered, wait_for
from tests.redis_server import RedisServer

pytestmark = [pytest.mark.footage, pytest.mark.slow]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own, of a few megabytes."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(disk)], capture_output=True, text=True
    )
    if mounted.returncode:
        pytest.skip(f"cannot mount a small disk here (root may): {mounted.stderr.strip()}")
    yield disk
    subprocess.run(["umount", "-l", str(disk)], check=True)


def fill(disk: Path) -> Path:
    """A file that takes all that is left."""
    ballast = disk / "ballast"
    free = os.statvfs(disk)
    with ballast.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, free.f_bavail * free.f_bsize)
    return ballast


@pytest.mark.timeout(150)
def test_nothing_is_lost_on_a_full_disk(
    small_disk: Path,
    warehouse: Path,
    footage: Path,
    models_env: dict[str, str],
    tmp_path: Path,
    redis_server: RedisServer,
) -> None:
    """Every round of the clip has its visit; those of the time without room have no picture, if that did not fit."""
    server = RtspServer()
    server.mount("cam", warehouse)
    alerts = {
        "journal": str(small_disk / "alerts.db"),
        "snapshots": str(small_disk / "snapshots"),
        "redis": {"url": redis_server.url},
    }
    with server:
        cameras = {"cam": {"url": server.url("cam"), **truth.watched(footage, "warehouse")}}
        with System(tmp_path / "run", cameras, models_env, alerts=alerts) as system:
            system.wait_for_opened("cam", 2)
            wait_for("the visit to end", lambda: not system.camera("cam")["open_incidents"])
            ballast = fill(small_disk)
            wait_for("the trouble in the log", lambda: "alerts wait in memory" in system.log(), 2 * SOON)
            assert "the disk is full" in system.log()
            known = len(system.opened("cam", "walkway"))
            wait_for("a round without room", lambda: "3 alerts wait" in system.log(), 2 * SOON)
            ballast.unlink()
            system.wait_for_opened("cam", known + 2, rule="walkway")
            wait_for("a status", lambda: system.camera("cam")["journal_waiting"] == 0)
            assert system.stop() == 0
            assert_all_delivered(system, redis_server.client())
            for rule in ("walkway", "bay"):
                at = [event["data"]["times"]["media_s"] for event in system.opened("cam", rule)]
                for before, after in pairwise(at):
                    assert after - before == pytest.approx(LOOP_S, abs=2 * truth.TOLERANCE_S), (rule, at)
