"""Keep one camera connected: open, read, hand on, back off, try again; and say how it is doing.

Not here: one connection (`decode.py`), the thread (`camera_thread.py`), what becomes of the frames.
"""

from __future__ import annotations

import copy
import logging
import threading
from typing import Protocol

from pipeline.capture import decode
from pipeline.capture.backoff import Backoff
from pipeline.capture.decode import Stream, picture_deadline
from pipeline.capture.faults import mistake
from pipeline.capture.load import Load
from pipeline.capture.mailbox import Mailbox
from pipeline.capture.rest import Rest
from pipeline.capture.sampler import Sampler
from pipeline.capture.tally import Tally
from pipeline.capture.timeline import Timeline
from pipeline.clock import Clock
from pipeline.config import Camera as CameraConfig
from pipeline.errors import SourceError, SourceFault
from pipeline.frame import Frame
from pipeline.logs import redact
from pipeline.types import CameraReport, CameraState

log = logging.getLogger(__name__)

QUEUE_S = 2.0
"""So many seconds of wanted pictures may wait to be analysed."""
BEHIND_S = 0.2
"""A reader that has no time to wait for packets, and is so late, does not keep up."""
_CATCHING_UP_S, _PATIENCE_S = 0.5, 1.0
"""Of a source that is so late the rest lies in the network, and can wait there, for so long."""
GOOD_SESSION_S = 10.0
"""A connection that delivered for so long was a good one: the next failure starts from the shortest pause."""


class OpenStream(Protocol):
    """How connections are made; `decode.open_stream`, unless a test knows better."""

    def __call__(self, camera: CameraConfig, clock: Clock, timeline: Timeline, /) -> Stream: ...


class Camera:
    """One camera for as long as it is wanted. `run` is for a thread of its own; the rest may be called from outside.

    Recordings, which can wait, go to the mailbox without loss; of a live camera the newest frames win.
    """

    def __init__(
        self,
        config: CameraConfig,
        mailbox: Mailbox,
        clock: Clock,
        open_stream: OpenStream = decode.open_stream,
        timeline: Timeline | None = None,
        rest: Rest | None = None,
    ) -> None:
        self.config = config
        self.rest = rest
        self._mailbox = mailbox
        self._take_for(recorded=config.url.kind in ("file", "folder"))
        self._clock = clock
        self._open_stream = open_stream
        self._timeline = timeline or Timeline()
        self._backoff = Backoff()
        self._sampler = Sampler(config.analyse_fps)
        self._load = Load()
        self._tally = Tally()
        self._hand_over = threading.Lock()
        self._abandoned = self._catching_up = False
        self._stream: Stream | None = None
        self._enter(CameraState.OPENING)

    def run(self, stop: threading.Event) -> None:
        """Until `stop` is set or the recordings have been read; a live camera is never given up."""
        while not (stop.is_set() or self._abandoned):
            try:
                self.run_once(stop)
                break
            except SourceError as error:
                self._pause(error, stop)
            except Exception as error:
                log.exception("camera %s: a mistake of ours", self.config.name)
                self._pause(mistake(self.config, error), stop)
        ended = not (stop.is_set() or self._abandoned) and self._mailbox.drained(stop)
        self._enter(CameraState.ENDED if ended else CameraState.STOPPED)

    def run_once(self, stop: threading.Event) -> None:
        """One connection, to its end. Raises SourceError."""
        self._enter(CameraState.OPENING)
        self._tally.connections += 1
        stream = self._open_stream(self.config, self._clock, self._timeline)
        self._stream, began = stream, stream.progress_at
        self._take_for(stream.recorded)
        try:
            with stream:  # closing may hang too, and counts as reading until it is done
                for frame in stream.frames(self.rest):
                    if stop.is_set() or not self._watched(frame, stream, stop):
                        return
        finally:
            self._stream = None
            self._tally.add(stream)
            if stream.progress_at - began >= GOOD_SESSION_S:
                self._backoff.reset()

    def _take_for(self, recorded: bool) -> None:
        """What the source answers decides: some urls of cameras are those of recordings."""
        self.recorded = self._mailbox.lossless = recorded
        self._mailbox.room = 1 if recorded else max(2, round(QUEUE_S * self.config.analyse_fps))

    def stuck(self, now: float) -> bool:
        """Whether libav should have come back by now (monotonic): neither its timeouts nor ours got it out."""
        if self.recorded or self._abandoned:
            return False
        stream = self._stream
        if stream is not None:
            return now - stream.progress_at > picture_deadline(self.config, stream.decoded)
        return self._state is CameraState.OPENING and now - self._entered > 2 * self.config.connect_s + 3

    def abandon(self) -> Camera:
        """Leave this connection to itself: nothing it may still deliver counts. Gives the camera that goes on."""
        with self._hand_over:
            self._abandoned = True
        error = SourceError(
            SourceFault.STALLED,
            f"camera {self.config.name}: reading {self.config.url}: stuck, no picture for too long. Connecting anew.",
        )
        self._say(error)
        timeline, rest = copy.copy(self._timeline), copy.copy(self.rest)
        heir = Camera(self.config, self._mailbox, self._clock, self._open_stream, timeline, rest)
        heir._backoff, heir._sampler, heir._load = self._backoff, self._sampler, self._load
        heir._tally = self._tally.copy(self._stream)
        heir._enter(CameraState.STALLED)
        return heir

    def report(self, now: float) -> CameraReport:
        """How it is doing at `now` (monotonic). What the analysis alone knows is left for the worker to fill in."""
        stream, tally = self._stream, self._tally
        error = tally.error
        over, rest = self._state is CameraState.OVERLOADED, None if self.recorded else self.rest
        resting = self._state is CameraState.WATCHING and rest is not None and rest.resting
        return CameraReport(
            camera=self.config.name,
            state=CameraState.RESTING if resting else self._state,
            since=self._since,
            source=redact(self.config.url),
            fps_in=tally.rate.a_second(now),
            decoded=tally.decoded + (stream.decoded if stream else 0),
            dropped=self._mailbox.dropped,
            corrupt=tally.corrupt + (stream.corrupt if stream else 0),
            connections=tally.connections,
            lag_s=stream.lag_s if stream else 0.0,
            last_frame_at=tally.last_frame_at,
            size=tally.size,
            codec=tally.codec,
            error=str(error) if error else self._overload if over else None,
            error_kind=error.fault if error else "overload" if over else None,
            wakeful=rest.against(now) if rest and self._state.sees else None,
            packets=rest.gate.why if rest and rest.gate and self._state.sees else None,
            audited=rest.audited if rest else 0,
            audit_missed=rest.missed if rest else 0,
        )

    def _watched(self, frame: Frame | None, stream: Stream, stop: threading.Event) -> bool:
        """Count the frame and hand it on if it is due; False when this connection is nobody's any more.

        None is a picture that came, of a camera that rests.
        """
        if self._abandoned:
            return False
        if not self._state.sees:
            self._enter(CameraState.WATCHING)
            self._well()
        tally, now = self._tally, self._clock.monotonic()
        tally.rate.tick(now)
        tally.last_frame_at = self._clock.wall()
        if frame is None:
            return True
        tally.size, tally.codec = frame.size, stream.codec
        return not self._sampler.wants(frame.pts) or self._hand_on(frame, stream, stop)

    def _hand_on(self, frame: Frame, stream: Stream, stop: threading.Event) -> bool:
        if self.recorded:
            return self._mailbox.put(frame, stop)
        idle = not len(self._mailbox)
        late = self._can_wait(stream, idle)
        room = self._mailbox.has_room(_PATIENCE_S if stream.patient or late else 0.0, stop)
        self._mind(self._clock.monotonic(), not room, idle, stream.busy and stream.lag_s > BEHIND_S)
        with self._hand_over:
            return not self._abandoned and self._mailbox.put(frame)

    def _can_wait(self, stream: Stream, idle: bool) -> bool:
        """A reader that is late over TCP makes the other end keep what comes next; datagrams are lost.

        One that has caught up waits on until what it read meanwhile has been analysed: that would give way to the new.
        """
        config = self.config
        self._catching_up = stream.lag_s > _CATCHING_UP_S or (self._catching_up and not idle)
        return self._catching_up and config.url.kind != "udp" and config.transport == "tcp"

    def _mind(self, now: float, behind: bool, idle: bool, late: bool) -> None:
        """Ask for fewer pictures while there is no time for all, and say so."""
        self._load.note(now, behind, idle, late)
        self._sampler.stretch = self._load.stretch
        over = self._load.over(now)
        if over is not (self._state is CameraState.OVERLOADED):
            self._enter(CameraState.OVERLOADED if over else CameraState.WATCHING)
            if over:
                log.warning("%s", self._overload)
            else:
                log.info("camera %s: all wanted pictures are analysed again", self.config.name)

    @property
    def _overload(self) -> str:
        return (
            f"camera {self.config.name}: this machine is too slow for it: fewer than the {self.config.analyse_fps:g} "
            "pictures a second of `analyse_fps` are analysed. Ask for fewer, for a smaller stream (the camera's second "
            "one), or watch fewer cameras here."
        )

    def _pause(self, error: SourceError, stop: threading.Event) -> None:
        if self._abandoned:
            return
        self._say(error)
        self._enter(CameraState.WAITING)
        stop.wait(self._backoff.after(error.fault))

    def _say(self, error: SourceError) -> None:
        """Once for each change, not for each try."""
        if self._tally.error is None or self._tally.error.fault is not error.fault:
            log.warning("%s", error)
        self._tally.error = error

    def _well(self) -> None:
        if self._tally.error is not None:
            log.info("camera %s: pictures again", self.config.name)
            self._tally.error = None

    def _enter(self, state: CameraState) -> None:
        self._state, self._since, self._entered = state, self._clock.wall(), self._clock.monotonic()
