"""The disk of the journal is full: alerts wait in memory, in order, and go out when there is room again."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from pipeline.simulate.server import RtspServer
from tests.e2e import school
from tests.e2e.system import SOON, System, assert_all_delivered, wait_for
from tests.redis_server import RedisServer
from tests.small_disk import fill, small_disk

pytestmark = pytest.mark.slow


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    with small_disk(tmp_path, "8m") as disk:
        yield disk


@pytest.mark.timeout(150)
def test_nothing_is_lost_on_a_full_disk(
    disk: Path,
    passing: Path,
    tmp_path: Path,
    redis_server: RedisServer,
) -> None:
    """Every round of the clip has its visit; those of the time without room have no picture, if that did not fit."""
    server = RtspServer()
    server.mount("cam", passing)
    alerts = {
        "journal": str(disk / "alerts.db"),
        "snapshots": str(disk / "snapshots"),
        "redis": {"url": redis_server.url},
    }
    with server:
        cameras = {"cam": {"url": server.url("cam"), **school.watched(school.PASSING)}}
        with System(tmp_path / "run", cameras, {}, alerts=alerts) as system:
            system.wait_for_opened("cam", 2)
            wait_for("the visit to end", lambda: not system.camera("cam")["open_incidents"])
            ballast = fill(disk)
            wait_for("the trouble in the log", lambda: "alerts wait." in system.log(), 2 * SOON)
            assert "the disk is full" in system.log()
            known = len(system.opened("cam", "mat"))
            wait_for("a round without room", lambda: _most_waiting(system.log()) >= 8, 2 * SOON)
            ballast.unlink()
            for rule in ("mat", "threshold"):
                system.wait_for_opened("cam", known + 4, rule=rule)
            wait_for("a status", lambda: system.camera("cam")["journal_waiting"] == 0)
            assert system.stop() == 0
            assert_all_delivered(system, redis_server.client())
            for rule in ("mat", "threshold"):
                # Of who stands there already when the camera is first seen nobody knows when they came.
                came = [
                    one["data"] for one in system.opened("cam", rule) if not one["data"]["why"].get("appeared_inside")
                ]
                at = [data["times"]["media_s"] for data in came]
                assert len(at) >= 4
                for before, after in pairwise(at):
                    assert after - before == pytest.approx(school.LOOP_S, abs=2 * school.TOLERANCE_S), (rule, at)


def _most_waiting(log: str) -> int:
    return max((int(count) for count in re.findall(r"(\d+) alerts wait\.", log)), default=0)
