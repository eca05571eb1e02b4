"""One worker's posts: who is begun, left alone, ended; what a predecessor left open; and when it is to be replaced."""

from __future__ import annotations

import subprocess
import sys
import threading
from datetime import tzinfo
from pathlib import Path
from typing import Any

import pytest

from pipeline.capture.mailbox import Mailbox
from pipeline.clock import Clock, SimulatedClock
from pipeline.config import Camera, Config
from pipeline.processes import memory
from pipeline.processes.pictures import Pictures
from pipeline.processes.teller import Teller
from pipeline.processes.worker import Worker
from pipeline.rules.incidents import Origin
from pipeline.sinks.outbox import Outbox
from pipeline.store.snapshots import Snapshots
from tests.conftest import ROOT
from tests.processes.test_failing_lane import Picky
from tests.processes.test_post import Thread
from tests.sinks.facts import WALL, event


class Station:
    """A worker whose cameras are none, its journal, and the threads it made."""

    def __init__(self, folder: Path) -> None:
        self.clock = SimulatedClock(WALL)
        self.outbox = Outbox(folder / "alerts.db", self.clock)
        pictures = Pictures(Snapshots(folder / "snapshots"), self.clock)
        teller = Teller("here", Outbox(folder / "alerts.db", self.clock), pictures, self.clock)
        self.made: dict[str, Thread] = {}
        self.worker = Worker(Picky(), Origin("here"), teller, self.clock, threading.Event(), self._capturing)

    def _capturing(self, camera: Camera, mailbox: Mailbox, clock: Clock, zone: tzinfo) -> Any:
        self.made[camera.name] = Thread(camera.name)
        return self.made[camera.name]

    def apply(self, workers: dict[str, Any] | None = None, **cameras: dict[str, Any]) -> None:
        told = {"site": {"id": "here"}, "cameras": cameras, "workers": workers or {}}
        self.worker.apply(Config.model_validate(told))

    def closed(self) -> list[tuple[str, str]]:
        events = [one["data"] for _, one in self.outbox.read()]
        return [(one["camera"], one["why"]["closed_because"]) for one in events if one["state"] == "closed"]


@pytest.fixture
def station(tmp_path: Path) -> Station:
    return Station(tmp_path)


def test_what_a_dead_predecessor_had_open_on_a_camera_is_closed_when_it_is_taken_over(station: Station):
    station.outbox.put(event(1, camera="a"))
    station.outbox.put(event(2, camera="b"))
    station.apply(a={"url": "rtsp://h/a"})
    assert station.closed() == [("a", "worker_lost")]


def test_a_recording_that_is_told_anew_closes_its_incidents_itself_and_a_looped_one_cannot(station: Station):
    for number, camera in enumerate(("once", "round", "folder")):
        station.outbox.put(event(number, camera=camera))
    station.apply(once={"url": "a.mp4"}, round={"url": "a.mp4", "loop": True}, folder={"url": "clips/"})
    assert station.closed() == [("round", "worker_lost")]


def test_cameras_begin_and_end_with_the_configuration_and_others_are_left_alone(station: Station):
    station.apply(a={"url": "rtsp://h/a"}, b={"url": "rtsp://h/b"}, off={"url": "rtsp://h/c", "enabled": False})
    first = dict(station.made)
    assert sorted(first) == ["a", "b"]
    station.apply(
        a={"url": "rtsp://h/a", "zones": {"z": {"polygon": [[0, 0], [1, 0], [1, 1]]}}}, c={"url": "rtsp://h/c"}
    )
    assert station.made["a"] is first["a"]
    assert sorted(station.worker._posts) == ["a", "c"]
    station.apply(a={"url": "rtsp://h/other"}, c={"url": "rtsp://h/c"})
    assert station.made["a"] is not first["a"]


@pytest.mark.parametrize(("stuck", "replaced"), [((1, 1), False), ((2, 1), True), ((0, 3), True), ((9, 0), True)])
def test_three_threads_that_never_came_back_are_reason_to_be_replaced(
    station: Station, stuck: tuple[int, int], replaced: bool
):
    station.apply(a={"url": "rtsp://h/a"}, b={"url": "rtsp://h/b"})
    for thread, count in zip(station.made.values(), stuck, strict=True):
        thread.stuck_threads = count
    assert station.worker.stuck is replaced


@pytest.mark.parametrize(("limit", "replaced"), [(1000, False), (0.25, True)])
def test_one_that_takes_too_much_memory_is_replaced_and_says_whose_pictures_are_large(
    station: Station, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, limit: float, replaced: bool
):
    monkeypatch.setattr(memory, "memory_gb", lambda: 0.3)
    station.apply(small={"url": "rtsp://h/a"}, large={"url": "rtsp://h/b"}, workers={"memory_gb": limit})
    station.made["large"].size, station.made["small"].size = (7680, 4320), (640, 360)
    station.worker._round()
    assert station.worker.stuck is replaced
    words = "0.3 GB of memory, more than workers.memory_gb (0.25) allows"
    assert (words in caplog.text) is replaced
    assert ("7680x4320, are those of camera large" in caplog.text) is replaced


GROWS = """
import mmap
from pipeline.processes.memory import memory_gb
before, held = memory_gb(), mmap.mmap(-1, 200_000_000)
held[:: mmap.PAGESIZE] = bytes(len(range(0, len(held), mmap.PAGESIZE)))
print(memory_gb() - before)
"""


def test_what_a_process_takes_grows_with_what_it_holds():
    """One of its own: in this one, what earlier tests have left behind may be given back meanwhile."""
    told = subprocess.run([sys.executable, "-c", GROWS], capture_output=True, text=True, check=True, cwd=ROOT).stdout
    assert float(told) == pytest.approx(0.2, abs=0.03)


def test_nobody_to_watch_is_no_reason_to_be_replaced(station: Station):
    station.apply()
    assert not station.worker.stuck
