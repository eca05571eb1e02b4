"""One camera in a worker: its capture thread, mailbox and lane, and what is told of it each second."""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import tzinfo
from functools import partial

from pipeline.capture.camera import Camera as Capture
from pipeline.capture.camera_thread import CameraThread
from pipeline.capture.decode import open_stream
from pipeline.capture.mailbox import Mailbox
from pipeline.capture.rest import Rest
from pipeline.capture.tally import Rate
from pipeline.clock import Clock
from pipeline.config import Camera
from pipeline.frame import Frame
from pipeline.logs import Counted, redact
from pipeline.rules.incidents import Origin
from pipeline.types import CameraReport, CameraState, Incident
from pipeline.workers.lane import Lane
from pipeline.workers.lane_settings import told_within
from pipeline.workers.stirring import stirring

log = logging.getLogger(__name__)

# Zones, lines and rules may change under a running camera; anything else is a new connection.
_RULES = {"zones", "lines", "rules"}
_HOPELESS = 5
# Where there is not time for all, each camera has a picture analysed so often.
_LONGEST_WAIT_S = 2.0


def capturing(camera: Camera, mailbox: Mailbox, clock: Clock, zone: tzinfo) -> CameraThread:
    """What will fill `mailbox`; `zone` is that of times in file names."""
    rest = Rest(stirring(camera), told_within(camera.judged.values()), camera.smallest)
    return CameraThread(Capture(camera, mailbox, clock, partial(open_stream, zone=zone), rest=rest))


class Post:
    """Where a camera is watched from. Used by the analysis loop only; the capture thread has the mailbox."""

    def __init__(self, lane: Lane, mailbox: Mailbox, clock: Clock, thread: CameraThread) -> None:
        self.lane = lane
        self._mailbox = mailbox
        self._clock = clock
        self._thread = thread
        self._rate = Rate()
        self._analysed = 0
        self._fed_at = clock.monotonic()
        self._waits_since: float | None = None
        self._interrupted = True
        self._failures = 0
        self._failure = ""
        self._complaints = Counted(log, every_s=60.0)

    @property
    def camera(self) -> Camera:
        """As configured now."""
        return self.lane.camera

    @property
    def stuck_threads(self) -> int:
        """Capture threads that never came back."""
        return self._thread.stuck_threads

    @property
    def hopeless(self) -> bool:
        """So many pictures one after the other could not be analysed that it is not the pictures."""
        return self._failures >= _HOPELESS

    @property
    def finished(self) -> bool:
        """The recording has been read to its end."""
        return self._thread.report(self._clock.monotonic()).state is CameraState.ENDED

    @property
    def waiting(self) -> bool:
        """Whether there are more frames to take."""
        return len(self._mailbox) > 0

    def due_at(self, now: float) -> float:
        """When the picture that waits should be taken at the latest (monotonic): none waits for ever."""
        self._waits_since = now if self._waits_since is None else self._waits_since
        return min(self._waits_since + self.lane.may_wait_s, self._fed_at + _LONGEST_WAIT_S)

    def start(self) -> None:
        """Begin to watch."""
        self._thread.start()

    def take(self) -> Frame | None:
        """The next frame, if one has come."""
        frame = self._mailbox.take()
        if frame is not None:
            self._fed_at, self._interrupted = self._clock.monotonic(), False
            self._waits_since = self._fed_at if self.waiting else None
            self._rate.tick(self._fed_at)
            self._analysed += 1
        return frame

    def called(self) -> None:
        """Somebody says that something moves there: it wakes, and all of its picture is searched."""
        if self._thread.camera.rest is not None:
            self._thread.camera.rest.call(self._clock.monotonic())
        self.lane.search()

    def concluded(self, frame: Frame) -> None:
        """The frame that was taken has been analysed: may the camera rest, and was it right that it did?"""
        self._failures = 0
        rest, now = self._thread.camera.rest, self._clock.monotonic()
        if rest is None:
            return
        rest.note(self.lane.calm, now, self.lane.restless)
        somebody = self.lane.tracks is not None and len(self.lane.tracks) > 0
        if frame.audited and somebody and rest.missed_somebody(frame.pts, now):
            name = self.camera.name
            log.warning("camera %s: it rested while somebody was there; it is watched in full for an hour", name)

    def reconfigure(self, camera: Camera, origin: Origin) -> list[Incident]:
        """New zones, lines and rules, which may want to be told sooner."""
        told = self.lane.reconfigure(camera, origin, self._clock.wall())
        self._limit_rest()
        return told

    def _limit_rest(self) -> None:
        """The camera may rest as far as the rules allow that are armed now."""
        if self._thread.camera.rest is not None:
            self._thread.camera.rest.limit_s = self.lane.told_within(self._clock.wall())

    def failed(self, error: Exception) -> list[Incident]:
        """It could not be: end what is open, and begin again with the next frame, so that one camera harms no other."""
        self._failures += 1
        self._failure = f"camera {self.camera.name}: a picture could not be analysed: {redact(error)}"
        self._complaints.warning(f"camera {self.camera.name}: pictures fail", self._clock.monotonic(), error)
        told = self.lane.interrupt("analysis_failed", self._clock.wall())
        self.lane = self.lane.anew()
        return told

    def look_after(self) -> list[Incident]:
        """Replace a stuck connection; end what is open when no picture has come for too long."""
        now = self._clock.monotonic()
        self._limit_rest()
        self._thread.restart_if_stuck(now)
        if self._interrupted or not (self.finished or self._lost(now)):
            return []
        self._interrupted = True
        reason = "end_of_recording" if self.finished else "camera_lost"
        return self.lane.interrupt(reason, self._clock.wall())

    def _lost(self, now: float) -> bool:
        """A camera that shows pictures is not lost because the analysis is late, and a recording can wait."""
        capture = self._thread.camera
        watched = capture.recorded or self._thread.report(now).state.sees
        return not watched and now - self._fed_at > self.camera.silence_s

    def takes(self, camera: Camera) -> bool:
        """Whether `camera` differs from this one in its rules only."""
        return self.camera.model_dump(exclude=_RULES) == camera.model_dump(exclude=_RULES)

    def stop(self) -> None:
        """Ask the capture to stop."""
        self._thread.stop()

    def join(self, timeout: float) -> None:
        """Wait for the capture to have stopped; a stuck one is left behind."""
        self._thread.join(timeout)

    def report(self, journal_waiting: int) -> CameraReport:
        """How the camera is doing."""
        now = self._clock.monotonic()
        report = self._thread.report(now)
        lost = report.state.sees and now - self._fed_at > self.camera.silence_s
        if self._failures:
            report = replace(report, error=self._failure, error_kind="analysis")
        return replace(
            report,
            state=CameraState.STALLED if lost or self._failures else report.state,
            fps_analysed=self._rate.a_second(now),
            analysed=self._analysed,
            open_incidents=self.lane.open_incidents,
            armed=self.lane.armed(self._clock.wall()),
            journal_waiting=journal_waiting,
        )
