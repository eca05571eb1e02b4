"""A camera that is kept connected, in its thread, against a real server."""

from __future__ import annotations

import itertools
import logging
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote

import numpy as np
import pytest

from pipeline.capture.backoff import Backoff
from pipeline.capture.camera import Camera
from pipeline.capture.camera_thread import CameraThread
from pipeline.capture.decode import open_stream
from pipeline.capture.mailbox import Mailbox
from pipeline.capture.tape import Doubts
from pipeline.clock import SystemClock
from pipeline.errors import SourceError, SourceFault
from pipeline.frame import Frame
from pipeline.simulate.server import RtspServer
from pipeline.types import CameraState
from tests.capture.conftest import PASSWORD, STEP, camera, wait_for
from tests.media import frame_number

QUICK = {"connect_s": 1, "stall_s": 1}


class Watched:
    """A camera in its thread, and the frames taken from it."""

    def __init__(self, url: Path | str, **keys: object) -> None:
        self.mailbox = Mailbox()
        self.thread = CameraThread(Camera(camera(url, **keys), self.mailbox, SystemClock(), self._open))
        self.frames: list[Frame] = []
        self.hold = threading.Event()
        self.holding = False
        self._hold_next = False
        self.slow_s = 0.0

    def _open(self, *what):
        stream = open_stream(*what)
        plain = stream._source.packet_seen

        def seen(packet, waited_s):
            """Stands for a read in libav that never comes back: a real one cannot be had on request."""
            if self._hold_next:
                self._hold_next, self.holding = False, True
                self.hold.wait(60)
            time.sleep(self.slow_s)  # stands for a decoder that takes so much longer for a picture
            plain(packet, waited_s)

        stream._source.packet_seen = seen
        return stream

    def wedge(self) -> None:
        self._hold_next = True

    def look(self) -> Frame | None:
        frame = self.mailbox.take()
        if frame is not None:
            self.frames.append(frame)
        return frame

    @property
    def report(self):
        return self.thread.report(time.monotonic())

    @property
    def state(self) -> CameraState:
        return self.report.state


@pytest.fixture
def watch() -> Iterator[Callable[..., Watched]]:
    """Start to watch a url; stopped at the end of the test."""
    all_of_them: list[Watched] = []

    def start(url: Path | str, **keys: object) -> Watched:
        one = Watched(url, **{**QUICK, **keys})
        all_of_them.append(one)
        one.thread.start()
        return one

    yield start
    for one in all_of_them:
        one.hold.set()
        one.thread.stop()
    for one in all_of_them:
        assert one.thread.join(5)


def test_a_file_arrives_whole_and_then_the_camera_has_ended(watch, clips: Path):
    one = watch(clips / "plain.mp4")
    wait_for(lambda: one.look() is None and one.state is CameraState.ENDED)
    assert [frame_number(frame.luma) for frame in one.frames] == list(range(30))
    report = one.report
    assert (report.decoded, report.dropped, report.size, report.codec) == (30, 0, (320, 240), "h264")
    assert report.error is None


def test_only_as_many_frames_are_offered_as_are_to_be_analysed(watch, clips: Path):
    one = watch(clips / "plain.mp4", analyse_fps=5)
    wait_for(lambda: one.look() is None and one.state is CameraState.ENDED)
    assert [frame_number(frame.luma) for frame in one.frames] == list(range(0, 30, 2))
    assert one.report.decoded == 30


def test_a_live_camera_reports_how_it_is_doing(watch, server: RtspServer):
    one = watch(server.url("plain", login=True))
    wait_for(lambda: one.look() and len(one.frames) >= 40)
    report = one.report
    assert report.state is CameraState.WATCHING
    assert report.fps_in == pytest.approx(25, abs=8)
    assert (report.connections, report.size, report.lag_s < 0.5) == (1, (320, 240), True)
    assert report.last_frame_at == pytest.approx(time.time(), abs=1)
    assert "***@" in report.source


def test_frames_nobody_takes_wait_for_a_while_and_are_then_counted_as_dropped(watch, server: RtspServer):
    one = watch(server.url("plain", login=True), analyse_fps=5)
    wait_for(lambda: one.report.dropped >= 3)
    assert len(one.mailbox) == 10
    assert one.look() is not None


def test_pictures_that_the_network_held_back_are_all_handed_on_in_order(watch, server: RtspServer):
    one = watch(server.url("plain", login=True), analyse_fps=5, stall_s=10)
    wait_for(lambda: one.look() and len(one.frames) >= 10)
    server.mounts["/plain"].faults.hold = True
    threading.Timer(2.5, lambda: setattr(server.mounts["/plain"].faults, "hold", False)).start()
    wait_for(lambda: one.look() and len(one.frames) >= 40)
    steps = [b.pts - a.pts for a, b in itertools.pairwise(one.frames)]
    assert steps == pytest.approx([0.2] * len(steps), abs=0.05)
    assert max(b.received - a.received for a, b in itertools.pairwise(one.frames)) > 1.5
    assert (one.report.dropped, one.report.connections, one.state) == (0, 1, CameraState.WATCHING)


class CaughtUp:
    """A stream over TCP that was 5 s late, and is not any longer with its last pictures; all come at once."""

    busy = patient = recorded = False
    codec, decoded, corrupt, duplicates, doubts = "h264", 0, 0, 0, Doubts()
    lag_s = progress_at = 0.0

    def __enter__(self) -> CaughtUp:
        return self

    def __exit__(self, *_: object) -> None: ...

    def frames(self, _rest: object) -> Iterator[Frame]:
        for number in range(20):
            self.lag_s = 5.0 if number < 14 else 0.1
            yield Frame("gate", number, number / 5, np.zeros((2, 2), np.uint8))
        raise SourceError(SourceFault.LOST, "it has been told")


def test_what_was_read_late_does_not_give_way_to_what_comes_in_time():
    mailbox, stop, taken = Mailbox(), threading.Event(), []
    one = Camera(camera("rtsp://h/s", analyse_fps=5), mailbox, SystemClock(), lambda *_: CaughtUp())
    thread = threading.Thread(target=one.run, args=(stop,), daemon=True)
    thread.start()
    end = time.monotonic() + 10
    while len(taken) < 20 and time.monotonic() < end:
        time.sleep(0.05)  # as analysis takes
        taken += [frame.seq] if (frame := mailbox.take()) else []
    stop.set()
    thread.join(5)
    assert taken == list(range(20))
    assert mailbox.dropped == 0


@pytest.mark.parametrize("rate", [0.7, 0.84, 1.2])
def test_a_camera_whose_clock_runs_wrong_is_watched_all_the_time(watch, server: RtspServer, rate: float):
    server.mounts["/plain"].faults.rate = rate
    one, gaps = watch(server.url("plain", login=True), analyse_fps=5), []
    wait_for(lambda: one.look())
    last = began = time.monotonic()
    while time.monotonic() < began + 14:
        if one.look():
            gaps.append(time.monotonic() - last)
            last = time.monotonic()
        time.sleep(0.01)
    assert max(gaps) < 1
    assert len(gaps) >= 14 * 5 * min(rate, 1) - 2
    assert (one.report.error, one.report.connections) == (None, 1)
    later = [frame for frame in one.frames if frame.received > one.frames[0].received + 11]
    assert later[-1].pts - later[0].pts == pytest.approx(later[-1].received - later[0].received, abs=0.15)


@pytest.mark.timeout(90)
def test_a_decoder_that_is_too_slow_costs_rate_and_is_told_and_so_is_its_end(watch, server: RtspServer, caplog):
    one, came = watch(server.url("plain", login=True), analyse_fps=5, stall_s=10), []

    def looked() -> int:
        came.extend([time.monotonic()] * bool(one.look()))
        return len(came)

    wait_for(lambda: looked() >= 5)
    one.slow_s, slow_since = STEP / 0.8, time.monotonic()
    wait_for(lambda: looked() and one.state is CameraState.OVERLOADED)
    assert time.monotonic() - slow_since < 6
    assert one.report.error_kind == "overload"
    assert "camera gate: this machine is too slow" in (one.report.error or "")
    until = time.monotonic() + 6
    wait_for(lambda: looked() and time.monotonic() > until)
    assert max(b - a for a, b in itertools.pairwise(came)) < 2.5
    one.slow_s = 0.0
    wait_for(lambda: looked() and one.state is CameraState.WATCHING, within=15)
    assert one.report.error is None
    assert one.report.connections == 1
    assert sum("too slow" in record.getMessage() for record in caplog.records) == 1


def test_a_camera_that_was_away_comes_back_by_itself_and_time_goes_on(watch, server: RtspServer):
    one = watch(server.url("plain", login=True))
    wait_for(lambda: one.look() and len(one.frames) >= 5)
    server.stop()
    wait_for(lambda: one.state is CameraState.WAITING)
    assert one.report.error_kind in ("lost", "stalled", "refused")
    server.start()
    seen = len(one.frames)
    wait_for(lambda: one.look() and len(one.frames) >= seen + 5)
    media = [frame.pts for frame in one.frames]
    assert media == sorted(set(media))
    assert one.report.connections >= 2
    assert one.report.error is None
    first, last = one.frames[0], one.frames[-1]
    assert last.pts - first.pts == pytest.approx(last.received - first.received, abs=0.5)


def test_the_password_is_in_no_log_line_and_in_no_report(watch, server: RtspServer, caplog: pytest.LogCaptureFixture):
    caplog.set_level(logging.DEBUG)
    server.mounts["/other"].faults.refuse = 401
    bad, lost = watch(server.url("other", login=True)), watch(server.url("plain", login=True))
    wait_for(lambda: bad.report.error and lost.look())
    server.stop()
    wait_for(lambda: lost.report.error)
    told = caplog.text + repr(bad.report) + repr(lost.report)
    assert "camera gate" in caplog.text
    assert PASSWORD not in told
    assert quote(PASSWORD, safe="") not in told
    assert quote(PASSWORD) not in told
    assert bad.report.error_kind == "auth"


def test_what_nobody_thought_of_is_told_as_ours_with_its_place_and_without_what_it_says(watch, server, caplog):
    one = watch(server.url("plain", login=True))

    def broken(*_: object) -> None:
        raise KeyError(PASSWORD)

    wait_for(lambda: one.look())
    one.thread.camera._stream._source.place = broken
    wait_for(lambda: one.report.error_kind == "internal")
    told = one.report.error or ""
    assert "a mistake in Zonewatch: KeyError in decode.py, line " in told
    assert PASSWORD not in told
    wait_for(lambda: one.look() and one.state is CameraState.WATCHING)


def test_the_same_complaint_is_logged_once(watch, server: RtspServer, caplog: pytest.LogCaptureFixture):
    server.stop()
    one = watch(server.url("plain", login=True))
    wait_for(lambda: one.report.connections >= 3)
    assert sum("camera gate" in record.getMessage() for record in caplog.records) == 1


def test_a_wrong_password_is_not_tried_again_at_once(watch, server: RtspServer):
    server.mounts["/plain"].faults.refuse = 401
    one = watch(server.url("plain", login=True))
    wait_for(lambda: one.state is CameraState.WAITING)
    assert one.report.connections == 1
    assert Backoff(lambda: 0.0).after(SourceFault.AUTH) == 10


def test_a_frozen_camera_is_let_go_while_another_goes_on(watch, server: RtspServer):
    frozen, other = watch(server.url("plain", login=True)), watch(server.url("other", login=True))
    wait_for(lambda: frozen.look() and other.look())
    server.mounts["/plain"].faults.freeze = True
    wait_for(lambda: frozen.report.error_kind == "stalled")
    seen = other.report.decoded
    wait_for(lambda: other.report.decoded >= seen + 5)
    assert other.report.connections == 1
    server.mounts["/plain"].faults.freeze = False
    wait_for(lambda: frozen.state is CameraState.WATCHING)


def test_a_wedged_thread_is_abandoned_and_another_takes_its_place(watch, server: RtspServer):
    one, other = watch(server.url("plain", login=True)), watch(server.url("other", login=True))
    wait_for(lambda: one.look() and len(one.frames) >= 3)
    decoded = one.report.decoded
    one.wedge()
    wait_for(lambda: one.holding)
    assert not one.thread.restart_if_stuck(time.monotonic())
    wait_for(lambda: one.thread.restart_if_stuck(time.monotonic()))
    assert one.thread.stuck_threads == one.thread.abandoned == 1
    assert not other.thread.restart_if_stuck(time.monotonic())
    while one.look():
        pass
    seen = len(one.frames)
    wait_for(lambda: one.look() and len(one.frames) >= seen + 5)
    one.hold.set()
    wait_for(lambda: one.thread.stuck_threads == 0)
    wait_for(lambda: one.look() and len(one.frames) >= seen + 10)
    media = [frame.pts for frame in one.frames]
    assert media == sorted(set(media))
    assert one.report.decoded > decoded
    assert one.report.connections == 2
    assert other.report.connections == 1


def test_stopping_ends_a_camera_that_waits_for_the_next_try(watch, server: RtspServer):
    server.mounts["/plain"].faults.refuse = 404
    one = watch(server.url("plain", login=True))
    wait_for(lambda: one.state is CameraState.WAITING)
    one.thread.stop()
    assert one.thread.join(2)
    assert one.state is CameraState.STOPPED


def test_pauses_double_up_to_a_bound_and_a_person_s_faults_wait_longer():
    quick, slow = Backoff(lambda: 0.0), Backoff(lambda: 0.0)
    assert [quick.after(SourceFault.LOST) for _ in range(8)] == [0.5, 1, 2, 4, 8, 16, 30, 30]
    assert [slow.after(SourceFault.NOT_FOUND) for _ in range(4)] == [10, 20, 40, 60]
    quick.reset()
    assert quick.after(SourceFault.LOST) == 0.5
    assert Backoff(lambda: 1.0).after(SourceFault.LOST) == 0.25
