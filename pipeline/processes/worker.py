"""One worker process: capture threads, one analysis loop, reports.

    capture threads ─▶ mailboxes ─▶ turn(lanes, detector) ─▶ teller ─▶ journal
The supervisor's pipe brings `("apply", Config)` and `"stop"`; its end means that the supervisor is gone. Not here: the
lane.
"""

from __future__ import annotations

import logging
import os
import signal
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import tzinfo
from multiprocessing.connection import Connection
from zoneinfo import ZoneInfo

from pipeline import logs
from pipeline.capture.camera_thread import CameraThread
from pipeline.capture.mailbox import Mailbox
from pipeline.clock import Clock, SystemClock
from pipeline.config import Camera, Config, Detector
from pipeline.errors import ZonewatchError
from pipeline.frame import Frame
from pipeline.processes import memory
from pipeline.processes.badges import Badges
from pipeline.processes.calls import Calls
from pipeline.processes.ledgers import Ledgers
from pipeline.processes.line import Line
from pipeline.processes.modes import Modes
from pipeline.processes.pictures import Pictures
from pipeline.processes.post import Post, capturing
from pipeline.processes.reports import WorkerReport
from pipeline.processes.teller import Teller
from pipeline.processes.turns import Turns
from pipeline.rules.calendar import Calendars
from pipeline.rules.incidents import Origin
from pipeline.sinks.loads import Loads
from pipeline.sinks.outbox import Outbox
from pipeline.store.snapshots import Snapshots
from pipeline.types import Mode
from pipeline.workers.detector import described, load_detector
from pipeline.workers.lane import FindsPeople, Lane, turn

log = logging.getLogger(__name__)

_ROUND_S = 1.0
_IDLE_S = 0.2
_BUSY_S = 0.5
_JOIN_S = 2.0
# So many capture threads that never came back are reason to replace the process: only its end frees them.
_STUCK_LIMIT = 3
STUCK_EXIT = 70
FAILED_EXIT = 1


def main(config: Config, connection: Connection, level: str) -> None:
    """The process's entry. Exits with 0 when told to stop, 70 to be replaced, 1 when it cannot work at all."""
    logs.setup(level)
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)  # they reach the whole group; the supervisor decides the order
    clock = SystemClock()
    line = Line(connection, stop, config.workers.drain_s, clock)
    try:
        detector, model = load_detector(config.detector, line.beat)
        modes = Modes(config.alerts.journal, config.site.id, clock)
        modes.look()  # before the first picture: who is replaced in a lockdown goes on in it
        origin = Origin(config.site.id, described(model), config.hash, calendars=Calendars(mode=modes.mode))
        wake = threading.Event()
        loads = Loads(config.alerts.journal, ZoneInfo(config.site.timezone), clock, busy_s=_BUSY_S)
        ledgers = Ledgers(config.ledger.folder, clock) if config.ledger else None
        teller = Teller(config.site.id, _journal(config), _pictures(config, clock, wake), clock, loads, ledgers)
    except ZonewatchError as error:
        log.error("%s", error)
        raise SystemExit(FAILED_EXIT) from None
    calls, badges = _calls(config, wake, clock), _badges(config, clock)
    worker = Worker(detector, origin, teller, clock, wake, calls=calls, modes=modes, ledgers=ledgers, badges=badges)
    worker.apply(config)
    worker.run(line, stop)
    if worker.stuck:
        os._exit(STUCK_EXIT)  # threads in libav would keep an orderly exit waiting


def _calls(config: Config, wake: threading.Event, clock: Clock) -> Calls | None:
    """Where cameras are called awake, if that is configured."""
    redis = config.alerts.redis
    if redis is None or redis.wake_channel is None:
        return None
    calls = Calls(redis, wake.set, clock)
    calls.start()
    return calls


def _badges(config: Config, clock: Clock) -> Badges | None:
    """Where doors' readers tell of grants, if that is configured."""
    if config.alerts.redis is None or config.alerts.redis.access_stream is None:
        return None
    badges = Badges(config.alerts.redis, clock)
    badges.start()
    return badges


def _journal(config: Config) -> Outbox:
    """Locked by another, it must not hold up the analysis, whose silence would be taken for death."""
    return Outbox(config.alerts.journal, busy_s=_BUSY_S)


def _pictures(config: Config, clock: Clock, wake: threading.Event) -> Pictures:
    snapshots = Snapshots(config.alerts.snapshots, Outbox(config.alerts.journal, clock).note_pictures)
    return Pictures(snapshots, clock, wake.set)


class Worker:
    """The analysis loop over the posts of this process; `wake` is set when there is something to do."""

    def __init__(
        self,
        detector: FindsPeople,
        origin: Origin,
        teller: Teller,
        clock: Clock,
        wake: threading.Event,
        capturing: Callable[[Camera, Mailbox, Clock, tzinfo], CameraThread] = capturing,
        calls: Calls | None = None,
        modes: Modes | None = None,
        ledgers: Ledgers | None = None,
        badges: Badges | None = None,
    ) -> None:
        self._detector = detector
        self._origin = origin
        self._teller = teller
        self._clock = clock
        self._began = f"{clock.wall():.3f}"
        self._wake = wake
        self._capturing = capturing
        self._calls = calls
        self._modes = modes
        self._ledgers = ledgers
        self._badges = badges
        self._posts: dict[str, Post] = {}
        self._turns = Turns(clock)
        self._memory_gb = float("inf")
        self._swollen = False

    @property
    def stuck(self) -> bool:
        """Too many threads are lost in libav, no picture can be analysed any longer, or it takes too much memory."""
        posts = self._posts.values()
        hopeless = bool(posts) and all(post.hopeless for post in posts)
        return self._swollen or hopeless or sum(post.stuck_threads for post in posts) >= _STUCK_LIMIT

    def run(self, line: Line, stop: threading.Event) -> None:
        """Turn after turn, until told to stop; then capture, analysis and the last incidents end in this order."""
        due = 0.0
        while not stop.is_set() and not self.stuck:
            self._wake.wait(_IDLE_S)
            self._wake.clear()
            self._hear_calls()
            if self._badges is not None:
                self._badges.tell(post.lane for post in self._posts.values())
            if self._modes is not None and self._modes.look():
                self._rearm(self._modes.mode)
                due = 0.0  # at once, so that everybody sees that it is in force
            self._turn()
            self._teller.flush()
            for message in line.received():
                self._obey(message, stop)
            if self._clock.monotonic() >= due:
                due = self._clock.monotonic() + _ROUND_S
                self._round()
                line.send(self._report())
        self._end("worker_replaced" if self.stuck else "shutdown")
        line.send(self._report())
        line.close()

    def apply(self, config: Config) -> None:
        """Take the difference: new cameras start, gone ones stop, changed rules change under the running camera."""
        mode = self._origin.calendars.mode
        self._origin = replace(self._origin, config_hash=config.hash, calendars=Calendars.of(config).in_mode(mode))
        self._memory_gb = config.workers.memory_gb
        wanted = {name: camera for name, camera in config.cameras.items() if camera.enabled}
        for name in [name for name, post in self._posts.items() if not _goes_on(post, wanted.get(name))]:
            self._dismiss(name)
        for name, camera in wanted.items():
            if name not in self._posts:
                self._post(camera, config.detector, ZoneInfo(config.site.timezone))
            else:
                self._retell(self._posts[name], camera)

    def _rearm(self, mode: Mode) -> None:
        """Another mode: who is where other rules are armed now is told with the next picture."""
        self._origin = replace(self._origin, calendars=self._origin.calendars.in_mode(mode))
        for post in self._posts.values():
            self._teller.tell(post.reconfigure(post.camera, self._origin_of(post.camera)), post.camera, None)

    def _obey(self, message: object, stop: threading.Event) -> None:
        if message == "stop":
            stop.set()
        elif isinstance(message, tuple):
            self.apply(message[1])

    def _hear_calls(self) -> None:
        """Other workers hear the same: what is no camera of this one is theirs, or a mistake of who calls."""
        for name in self._calls.taken() if self._calls is not None else ():
            if name in self._posts:
                self._posts[name].called()

    def _turn(self) -> None:
        """The next frame of each camera in, the most urgent first; incidents out, each as soon as it is known."""
        began, count = self._clock.monotonic(), 0
        for post in self._turns.next(self._posts.values()):
            if (frame := post.take()) is not None:
                count += 1
                self._analyse(post, frame)
        if count:
            self._turns.note(count, self._clock.monotonic() - began)
        if any(post.waiting for post in self._posts.values()):
            self._wake.set()

    def _analyse(self, post: Post, frame: Frame) -> None:
        """One at a time: on a processor the detector is no faster for several, and each would wait for the others."""
        failed: dict[Lane, Exception] = {}
        told = turn({post.lane: frame}, self._detector, self._clock.wall(), failed.__setitem__)
        if post.lane in failed:
            self._teller.tell(post.failed(failed[post.lane]), post.camera, None)
            return
        post.concluded(frame)
        self._teller.tell(told[post.lane], post.camera, frame)

    def _round(self) -> None:
        self._mind_memory()
        for post in self._posts.values():
            if incidents := post.look_after():
                self._teller.tell(incidents, post.camera, None)

    def _mind_memory(self) -> None:
        """One that swells would take the machine, and every camera on it, with it."""
        if words := memory.complaint(self._memory_gb, self._report().cameras):
            log.error("%s", words)
            self._swollen = True

    def _report(self) -> WorkerReport:
        cameras = tuple(post.report(self._teller.waiting) for post in self._posts.values())
        return WorkerReport(cameras, self._origin.calendars.mode_at(self._clock.wall()))

    def _post(self, camera: Camera, detector: Detector, zone: tzinfo) -> None:
        if not _told_anew(camera):
            self._teller.close_orphans(camera.name)
        keeper = None if self._ledgers is None else self._ledgers.of(camera.name)
        lane = Lane(camera, detector, self._origin_of(camera), self._detector.looks, keeper)
        mailbox = Mailbox(self._wake)
        post = Post(lane, mailbox, self._clock, self._capturing(camera, mailbox, self._clock, zone))
        self._posts[camera.name] = post
        post.start()

    def _retell(self, post: Post, camera: Camera) -> None:
        if post.camera != camera:
            log.info("camera %s: new rules, zones or lines", camera.name)
        self._teller.tell(post.reconfigure(camera, self._origin_of(camera)), camera, None)

    def _dismiss(self, name: str) -> None:
        post = self._posts.pop(name)
        log.info("camera %s: no longer watched as it was", name)
        post.stop()
        self._teller.tell(post.lane.interrupt("camera_reconfigured", self._clock.wall()), post.camera, None)

    def _end(self, reason: str) -> None:
        for post in self._posts.values():
            post.stop()
        until = self._clock.monotonic() + _JOIN_S
        for post in self._posts.values():
            post.join(max(0.0, until - self._clock.monotonic()))
        while any(post.waiting for post in self._posts.values()) and self._clock.monotonic() < until:
            self._turn()
        for post in self._posts.values():
            self._teller.tell(post.lane.interrupt(reason, self._clock.wall()), post.camera, None)
        if lost := self._teller.finish():
            log.error("%d alerts could not be written to the journal and are lost", lost)
        if self._ledgers is not None:
            self._ledgers.finish()

    def _origin_of(self, camera: Camera) -> Origin:
        """A looped recording begins again at media time 0 with each worker: its incidents are others each time."""
        return replace(self._origin, run=self._began) if camera.loop else self._origin


def _told_anew(camera: Camera) -> bool:
    """A recording played once tells the same incidents, with the same ids, and closes them itself."""
    return camera.url.kind in ("file", "folder") and not camera.loop


def _goes_on(post: Post, camera: Camera | None) -> bool:
    return camera is not None and post.takes(camera)
