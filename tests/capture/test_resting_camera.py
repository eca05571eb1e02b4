"""A camera that rests, in its thread, against a real server that does what cameras do."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import pytest

from pipeline.capture.camera import Camera
from pipeline.capture.camera_thread import CameraThread
from pipeline.capture.mailbox import Mailbox
from pipeline.capture.rest import Rest
from pipeline.clock import SystemClock
from pipeline.frame import Frame
from pipeline.simulate.server import RtspServer
from pipeline.types import CameraState
from tests.capture.conftest import STEP, camera, wait_for
from tests.media import frame_number

# Of the simulated cameras: a key frame every 10 pictures of 25 a second, so about each second one is looked at.
LOOK_S = 1.25


class Resting:
    """Nothing ever stirs in its key frames, and the analysis is calm until it is told otherwise."""

    def __init__(self, server: RtspServer, name: str = "plain", **keys: object) -> None:
        self.rest = Rest(lambda *_: False, 2.0)
        self.rest.note(True, 0.0)
        self.mailbox, self.frames = Mailbox(), list[Frame]()
        config = camera(server.url(name, login=True), connect_s=1, stall_s=2, **keys)
        self.thread = CameraThread(Camera(config, self.mailbox, SystemClock(), rest=self.rest))
        self._stop = threading.Event()
        self._taking = threading.Thread(target=self._take, daemon=True)
        self.thread.start()
        self._taking.start()

    def _take(self) -> None:
        while not self._stop.wait(0.005):
            while (frame := self.mailbox.take()) is not None:
                self.frames.append(frame)

    def close(self) -> None:
        self._stop.set()
        self.thread.stop()
        assert self.thread.join(5)

    @property
    def report(self):
        return self.thread.report(time.monotonic())

    @property
    def state(self) -> CameraState:
        return self.report.state

    def steps(self, since: int) -> np.ndarray:
        """Media seconds from each frame to the next."""
        return np.diff([frame.pts for frame in self.frames[since:]])


@pytest.fixture
def resting(server: RtspServer) -> Iterator[Resting]:
    one = Resting(server)
    wait_for(lambda: one.state is CameraState.RESTING)
    yield one
    one.close()


def test_it_shows_a_key_frame_about_once_a_second_and_says_what_comes(resting: Resting):
    first, decoded = len(resting.frames), resting.report.decoded
    wait_for(lambda: len(resting.frames) >= first + 4)
    assert resting.report.decoded - decoded <= 6
    assert all(0.5 < step < LOOK_S for step in resting.steps(first))
    assert all(frame_number(frame.luma) % 10 in (0, 5) for frame in resting.frames[first:])
    report = resting.report
    assert report.fps_in == pytest.approx(25, abs=8)
    assert (report.wakeful, report.dropped, report.lag_s < 0.5) == (None, 0, True)
    assert report.last_frame_at == pytest.approx(time.time(), abs=1)


def test_when_it_is_woken_no_picture_is_missing_since_the_last_that_was_shown(resting: Resting):
    wait_for(lambda: len(resting.frames) and resting.state is CameraState.RESTING)
    shown = len(resting.frames)
    resting.rest.note(False, time.monotonic())
    wait_for(lambda: len(resting.frames) >= shown + 60)
    assert resting.state is CameraState.WATCHING
    assert max(resting.steps(shown)) < 2 * STEP
    # What was kept says when it came, not when it was decoded.
    arrivals = [frame.received for frame in resting.frames[shown : shown + 60]]
    assert all(0 <= b - a < 0.5 for a, b in pairwise(arrivals))
    assert arrivals[-1] - arrivals[0] == pytest.approx(59 * STEP, abs=0.3)


def test_a_frozen_camera_is_lost_and_rests_anew_when_it_is_back(resting: Resting, server: RtspServer):
    server.mounts["/plain"].faults.freeze = True
    wait_for(lambda: not resting.state.sees)
    server.mounts["/plain"].faults.freeze = False
    wait_for(lambda: resting.state is CameraState.RESTING, within=20)
    assert resting.report.connections >= 2


def test_who_takes_over_from_a_stuck_thread_rests_for_itself(resting: Resting):
    """The stuck one may come back, and must not change what the other does."""
    heir = resting.thread.camera.abandon()
    assert heir.rest is not None
    before = heir.rest.resting
    resting.rest.resting = not before
    assert heir.rest.resting is before


def test_where_the_connection_breaks_what_was_kept_is_shown_first(resting: Resting, server: RtspServer):
    wait_for(lambda: resting.frames and time.time() - resting.frames[-1].received > 0.5)
    shown = len(resting.frames)
    server.kick("/plain")
    wait_for(lambda: len(resting.frames) >= shown + 10)
    assert resting.frames[shown].pts - resting.frames[shown - 1].pts < 2 * STEP


@pytest.mark.parametrize("jump", [3600.0, -1800.0, 3.0])
def test_a_clock_that_is_set_while_it_rests_is_no_time_spent(resting: Resting, server: RtspServer, jump: float):
    time.sleep(2.5)  # right after it connects a camera may send what it has kept
    began, first = time.monotonic(), resting.frames[-1].pts
    server.mounts["/plain"].faults.jump = jump
    wait_for(lambda: time.monotonic() - began > 6 and resting.state is CameraState.RESTING)
    assert resting.frames[-1].pts - first == pytest.approx(time.monotonic() - began, abs=2.0)
    assert resting.report.connections == 1


@pytest.mark.parametrize("rate", [0.84, 1.2])
def test_media_time_goes_as_ours_while_a_camera_whose_clock_runs_wrong_rests(server: RtspServer, rate: float):
    server.mounts["/plain"].faults.rate = rate
    one = Resting(server)
    try:
        wait_for(lambda: one.state is CameraState.RESTING)
        time.sleep(12)  # the pace of a clock is known after some seconds
        began, first = one.frames[-1].received, one.frames[-1].pts
        wait_for(lambda: one.frames[-1].received - began > 8, within=15)
        passed = one.frames[-1].received - began
        assert one.frames[-1].pts - first == pytest.approx(passed, rel=0.03)
        assert one.report.lag_s < 1
    finally:
        one.close()


def test_a_picture_of_another_size_is_shown(server: RtspServer):
    one = Resting(server, "sizes")
    try:
        wait_for(lambda: one.state is CameraState.RESTING)
        server.mounts["/sizes"].faults.clip = 1
        wait_for(lambda: one.frames[-1].size == (160, 120))
        wait_for(lambda: one.state is CameraState.RESTING)
    finally:
        one.close()


def test_lost_packets_and_damaged_pictures_do_not_stop_it(resting: Resting, server: RtspServer):
    server.mounts["/plain"].faults.corrupt = 0.05
    shown = len(resting.frames)
    wait_for(lambda: len(resting.frames) > shown + 10)
    server.mounts["/plain"].faults.corrupt = 0.0
    wait_for(lambda: resting.state is CameraState.RESTING, within=20)
