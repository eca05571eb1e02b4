"""`kill -9` of each process, and a Redis that is away: what was decided arrives, and the other cameras go on."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.simulate.server import RtspServer
from tests.conftest import IN_CI
from tests.e2e import school
from tests.e2e.system import (
    SOON,
    System,
    assert_all_delivered,
    assert_whole,
    entries,
    gone,
    kill,
    wait_for,
)
from tests.redis_server import RedisServer

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]
AWAY_S = 60.0 if IN_CI or os.environ.get("ZONEWATCH_LONG") else 20.0
# A child whose supervisor has gone stops in order within workers.drain_s, and a second more.
DRAIN_S = 10
HEARTBEAT_S = 5


@pytest.fixture(scope="module")
def system(
    passing: Path,
    tmp_path_factory: pytest.TempPathFactory,
    redis_server: RedisServer,
) -> Iterator[System]:
    """Two cameras, a process each; half a clip apart, so that somebody is always about."""
    left, right = RtspServer(), RtspServer()
    left.mount("left", passing)
    right.mount("right", passing)
    watched = school.watched(school.PASSING)
    with left, right:
        cameras = {"left": {"url": left.url("left"), **watched}, "right": {"url": right.url("right"), **watched}}
        alerts = {"redis": {"url": redis_server.url}}
        workers = {"cameras_each": 1, "drain_s": DRAIN_S, "heartbeat_s": HEARTBEAT_S}
        folder = tmp_path_factory.mktemp("processes")
        with System(folder, cameras, {}, alerts=alerts, workers=workers) as system:
            for camera in cameras:
                system.wait_for_opened(camera)
            yield system


def test_a_killed_worker_comes_back_and_ends_what_it_had_open(
    system: System, redis_server: RedisServer, capsys: pytest.CaptureFixture[str]
) -> None:
    incident = system.wait_for_visit("left", "mat")
    worker, other = system.worker_of("left"), system.worker_of("right")
    left, right = len(system.opened("left")), len(system.opened("right"))
    began = time.monotonic()
    kill(worker["pid"])
    assert system.wait_for_close(incident) == "worker_lost"
    wait_for("pictures", lambda: system.worker_of("left")["pid"] not in (None, worker["pid"]) and watching(system))
    with capsys.disabled():
        print(f"\nworker killed: watching again after {time.monotonic() - began:.1f} s", end="")
    system.wait_for_opened("left", left + 1)
    system.wait_for_opened("right", right + 2)
    assert system.worker_of("right") == other
    assert system.camera("right")["connections"] == 1
    assert_all_delivered(system, redis_server.client())


def watching(system: System) -> bool:
    return bool(system.camera("left")["state"].startswith("watching") and system.camera("left")["decoded"])


def test_a_worker_that_hangs_is_replaced(system: System, capsys: pytest.CaptureFixture[str]) -> None:
    """It is there, and holds its journal and connections open, but nothing comes from it."""
    worker, right = system.worker_of("left"), len(system.opened("right"))
    began = time.monotonic()
    kill(worker["pid"], signal.SIGSTOP)
    wait_for("its end", lambda: gone(worker["pid"]))
    wait_for("pictures", lambda: system.worker_of("left")["pid"] not in (None, worker["pid"]) and watching(system))
    with capsys.disabled():
        print(f"\nworker hangs: watching again after {time.monotonic() - began:.1f} s", end="")
    assert f"no sign of life for {HEARTBEAT_S} s" in system.log()
    system.wait_for_opened("right", right + 1)
    system.wait_for_opened("left", len(system.opened("left")) + 1)


def test_a_killed_delivery_comes_back_and_sends_what_waits(
    system: System, redis_server: RedisServer, capsys: pytest.CaptureFixture[str]
) -> None:
    pid = system.raw_status()["delivery"]["pid"]
    count = len(system.journal())
    began = time.monotonic()
    kill(pid)
    wait_for("another delivery", lambda: system.raw_status()["delivery"]["pid"] not in (None, pid))
    wait_for("events after it", lambda: len(system.journal()) > count)
    assert_all_delivered(system, redis_server.client())
    with capsys.disabled():
        print(f"\ndelivery killed: the next alert in Redis after {time.monotonic() - began:.1f} s", end="")


@pytest.mark.timeout(300)
def test_what_is_decided_while_redis_is_away_arrives_when_it_is_back(
    system: System, redis_server: RedisServer, capsys: pytest.CaptureFixture[str]
) -> None:
    """Also when delivery is killed in the meantime. The status says what waits, and why."""
    restarts = system.raw_status()["workers"]
    redis_server.stop()
    until = time.monotonic() + AWAY_S
    before = len(system.journal())
    wait_for("the trouble in the status", lambda: "Redis at" in (system.raw_status()["delivery"].get("error") or ""))
    wait_for("a backlog", lambda: system.raw_status()["delivery"].get("waiting", 0) > 0)
    kill(system.raw_status()["delivery"]["pid"])
    wait_for("the end of the outage", lambda: time.monotonic() > until, AWAY_S + 1)
    decided = len(system.journal()) - before
    assert decided >= 3 * AWAY_S / school.LOOP_S, "the cameras did not go on"
    assert "waiting" in system.call("status").stdout
    redis_server.start()
    began = time.monotonic()
    assert_all_delivered(system, redis_server.client())
    with capsys.disabled():
        print(f"\nRedis away {AWAY_S:.0f} s: {decided} events, there {time.monotonic() - began:.1f} s after it", end="")
    wait_for("no backlog", lambda: system.raw_status()["delivery"].get("waiting") == 0)
    assert system.raw_status()["workers"] == restarts


def test_a_killed_supervisor_takes_all_with_it_and_another_run_goes_on(
    system: System, redis_server: RedisServer, capsys: pytest.CaptureFixture[str]
) -> None:
    incident = system.wait_for_visit("left", "mat")
    children = descendants(system)
    assert set(system.pids()) <= set(children)
    began = time.monotonic()
    killed(system)
    wait_for("all its processes to end", lambda: all(map(gone, children)), DRAIN_S + 2)
    with capsys.disabled():
        print(f"\nsupervisor killed: its processes gone after {time.monotonic() - began:.1f} s", end="")
    assert system.told_of(incident)[-1]["state"] == "closed"
    assert system.call("status").returncode == 1
    goes_on(system, redis_server)


def test_after_everything_was_killed_at_once_another_run_ends_what_was_open(
    system: System, redis_server: RedisServer
) -> None:
    """As after a power cut."""
    incident = system.wait_for_visit("right", "mat")
    children = descendants(system)
    killed(system)
    for pid in children:
        kill(pid)
    assert system.told_of(incident)[-1]["state"] != "closed"
    goes_on(system, redis_server)
    assert system.wait_for_close(incident) == "worker_lost"
    assert_all_delivered(system, redis_server.client())


def test_stopped_while_redis_is_away_it_ends_in_time_and_sends_the_rest_at_its_next_start(
    system: System, redis_server: RedisServer
) -> None:
    system.wait_for_visit("left", "mat")
    redis_server.stop()
    began = time.monotonic()
    assert system.stop() == 0
    assert time.monotonic() - began < DRAIN_S + 5
    written = len(system.journal())
    redis_server.start()
    assert len(entries(redis_server.client())) < written
    system.start()
    assert_all_delivered(system, redis_server.client())


def test_all_in_all_nothing_was_told_twice(system: System, redis_server: RedisServer) -> None:
    """The script in Redis drops what it has had already; what came twice all the same has the same id."""
    assert system.stop() == 0
    assert_whole(system.journal())
    sent = [fields["id"] for _, fields in entries(redis_server.client())]
    assert sent == [event["id"] for event in system.journal()]


def killed(system: System) -> None:
    """The supervisor, and nobody else."""
    assert system.process is not None
    system.process.kill()
    assert system.process.wait(10) == -signal.SIGKILL


def goes_on(system: System, redis_server: RedisServer) -> None:
    """A second run on the same journal is watching and tells."""
    counts = {camera: len(system.opened(camera)) for camera in ("left", "right")}
    system.start()
    for camera, count in counts.items():
        system.wait_for_opened(camera, count + 1, within=2 * SOON)
    assert_all_delivered(system, redis_server.client())


def descendants(system: System) -> list[int]:
    """All processes that the run has started, and those that they have."""
    parents: dict[int, int] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parents[int(stat.parent.name)] = int(stat.read_text().rpartition(") ")[2].split()[1])
        except OSError:
            continue
    found = [system.raw_status()["pid"]]
    for pid in found:
        found += [child for child, parent in parents.items() if parent == pid]
    return found[1:]
