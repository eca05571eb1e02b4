"""One camera whose pictures cannot be analysed harms no other; many views are no silence."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from multiprocessing import get_context
from multiprocessing.connection import Connection, Pipe
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline.clock import SimulatedClock, SystemClock
from pipeline.config import Config, Detector
from pipeline.frame import Frame
from pipeline.perceive.person import View
from pipeline.processes.line import ALIVE, Line
from pipeline.processes.pictures import Pictures
from pipeline.processes.process import Process
from pipeline.processes.reports import WorkerReport
from pipeline.processes.teller import Teller
from pipeline.processes.worker import Worker
from pipeline.rules.incidents import Origin
from pipeline.sinks.outbox import Outbox
from pipeline.store.snapshots import Snapshots
from pipeline.types import CameraReport, CameraState, Detections
from pipeline.workers.detector import load_detector
from pipeline.workers.lane import Lane, turn
from tests import fakes
from tests.media import make_clip

# A line whose other end is gone takes its process with it after so long: here that would be pytest.
NEVER_S = 1e6
ORIGIN = Origin("here", {"name": "none", "sha256": ""}, "")


class Picky:
    """Sees nobody anywhere, and fails on the pictures of some cameras."""

    looks = 4

    def __init__(self, *hated: str) -> None:
        self.hated = hated

    def detect(self, views: Sequence[View]) -> list[Detections]:
        for frame, _ in views:
            if frame.camera in self.hated:
                raise ValueError(f"cannot bear {frame.camera}")
        return [fakes.seen() for _ in views]


def lane() -> Lane:
    return Lane(fakes.camera(), Detector(), ORIGIN)


def frame(camera: str, luma: Any = None) -> Frame:
    return Frame(camera, 0, 0.0, np.full((90, 160), 120, np.uint8) if luma is None else luma)


def test_a_view_that_the_detector_fails_on_fails_its_own_lane_only():
    good, bad, failed = lane(), lane(), {}
    told = turn({bad: frame("bad"), good: frame("good")}, Picky("bad"), None, failed.__setitem__)
    assert told == {good: []}
    assert [str(error) for error in failed.values()] == ["cannot bear bad"]
    assert list(failed) == [bad]


def test_a_picture_that_is_none_fails_its_own_lane_only():
    good, bad, failed = lane(), lane(), {}
    told = turn({bad: frame("bad", np.zeros(7, np.uint8)), good: frame("good")}, Picky(), None, failed.__setitem__)
    assert told == {good: []}
    assert list(failed) == [bad]


def test_a_replay_fails_with_its_lane():
    with pytest.raises(ValueError, match="cannot bear bad"):
        turn({lane(): frame("bad")}, Picky("bad"), None)


@contextmanager
def working(tmp_path: Path, detector: Picky, *cameras: str) -> Iterator[tuple[Worker, Connection]]:
    clip = make_clip(tmp_path / "clip.mp4", seconds=3)
    told = {name: {"url": str(clip), "loop": True, "analyse_fps": 10} for name in cameras}
    config = Config.model_validate({"site": {"id": "here"}, "cameras": told})
    clock, stop = SystemClock(), threading.Event()
    teller = Teller("here", Outbox(tmp_path / "alerts.db"), Pictures(Snapshots(tmp_path / "snapshots"), clock), clock)
    worker = Worker(detector, ORIGIN, teller, clock, threading.Event())
    ours, theirs = Pipe()
    thread = threading.Thread(target=worker.run, args=(Line(theirs, stop, NEVER_S, clock), stop))
    worker.apply(config)
    thread.start()
    try:
        yield worker, ours
    finally:
        stop.set()
        thread.join(10.0)
    assert not thread.is_alive()


def heard(connection: Connection, reports: int) -> list[dict[str, CameraReport]]:
    told = []
    while len(told) < reports:
        assert connection.poll(10.0), f"only {told}"
        message = connection.recv()
        if isinstance(message, WorkerReport):
            told.append({one.camera: one for one in message.cameras})
    return told


def test_the_other_cameras_of_its_worker_go_on_and_it_says_what_it_suffers_from(tmp_path, caplog):
    detector = Picky("bad")
    with working(tmp_path, detector, "good", "bad") as (worker, connection):
        last = heard(connection, 4)[-1]
        assert last["good"].state is CameraState.WATCHING
        assert last["good"].error is None
        assert last["bad"].state is CameraState.STALLED
        assert last["bad"].error_kind == "analysis"
        assert "cannot bear bad" in str(last["bad"].error)
        assert not worker.stuck
        detector.hated = ()
        healed = heard(connection, 3)[-1]["bad"]
        assert (healed.state, healed.error) == (CameraState.WATCHING, None)
        assert healed.connections == 1
    assert len([one for one in caplog.records if "pictures fail" in one.message]) == 1


def test_where_no_picture_at_all_can_be_analysed_the_worker_is_to_be_replaced(tmp_path):
    with working(tmp_path, Picky("one", "two"), "one", "two") as (worker, connection):
        heard(connection, 1)
        until = time.monotonic() + 10
        while not worker.stuck and time.monotonic() < until:
            time.sleep(0.05)
        assert worker.stuck


def test_the_detector_gives_a_sign_of_life_after_each_run_of_the_model():
    beats: list[int] = []
    detector, _ = load_detector(Detector(), lambda: beats.append(1))
    one = (Frame("yard", 0, 0.0, np.full((90, 160), 120, np.uint8)), (0, 0, 160, 90))
    detector.detect([one] * 3)
    assert len(beats) == 3


def test_signs_of_life_are_few_and_stand_in_the_way_of_no_report():
    ours, theirs = Pipe()
    clock = SimulatedClock(0.0)
    line = Line(theirs, threading.Event(), NEVER_S, clock)
    line.beat()
    assert ours.recv() == ALIVE
    line.beat()
    line.send("report")
    assert ours.recv() == "report"
    assert not ours.poll(0.2)


def _slow(connection: Connection) -> None:
    line = Line(connection, threading.Event(), 5.0, SystemClock())
    line.send("report")
    while True:
        time.sleep(0.1)
        line.beat()


def test_a_process_that_gives_signs_of_life_is_not_killed_and_keeps_its_last_report():
    context = get_context("forkserver")
    process = Process("slow", lambda end: context.Process(target=_slow, args=(end,)), 1.5, SystemClock())
    try:
        until = time.monotonic() + 60
        while process.last is None and time.monotonic() < until:
            process.watch()
            time.sleep(0.05)
        pid, until = process.pid, time.monotonic() + 4
        while time.monotonic() < until:
            process.watch()
            time.sleep(0.1)
        assert (process.pid, process.restarts, process.last) == (pid, 0, "report")
    finally:
        process.kill()
