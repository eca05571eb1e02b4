"""One camera's path through the stages. Read this first.

A frame comes in, incidents come out; time is an argument. No I/O, no clock, no threads here: `worker` (live) and
`replay` (recordings) run the same lanes, and do with the incidents what they must.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Protocol, TypeAlias

from pipeline.config import Camera, Detector
from pipeline.perceive.attention import Attention
from pipeline.perceive.motion import MotionDetector
from pipeline.perceive.person import View, merge
from pipeline.perceive.track import Tracker, TrackerSettings
from pipeline.rules.incidents import Now, Origin, Rules
from pipeline.types import Detections, Frame, Incident, Moment, Region


class FindsPeople(Protocol):
    """What a lane's runner needs of the person detector."""

    def detect(self, views: Sequence[View]) -> list[Detections]: ...


class Lane:
    """`look` at a new frame, have the detector see what it asks for, `conclude`."""

    def __init__(self, camera: Camera, detector: Detector, origin: Origin) -> None:
        self.camera = camera
        self._detector = detector
        self._origin = origin
        self._motion = MotionDetector()
        self._attention = Attention(detector.sweep_s)
        self._tracker = Tracker(TrackerSettings(sure=detector.min_score))
        self._rules = Rules(camera, origin)
        self._now = Now(Moment(0.0))

    @property
    def open_incidents(self) -> int:
        """How many incidents are open."""
        return self._rules.open_incidents

    def look(self, frame: Frame) -> list[Region]:
        """What moved, and where the detector should therefore look. Nowhere: nothing moves, nobody is followed."""
        motion = self._motion.update(frame)
        return self._attention.regions(frame, motion, self._tracker.expected())

    def conclude(self, frame: Frame, people: Detections | None, decided: float | None) -> list[Incident]:
        """`people` is None when nobody looked, and empty when somebody looked and saw no one."""
        self._now = Now(Moment(frame.pts, frame.at, frame.at_error), frame.received, decided)
        tracks = self._tracker.update(people, frame.pts, frame.size)
        return self._rules.update(tracks, self._now)

    def interrupt(self, reason: str, decided: float | None) -> list[Incident]:
        """Nobody watches any longer (camera lost, end of recording, shutdown): end what is open."""
        self._tracker = self._tracker.anew()
        return self._rules.interrupt(Now(self._now.at, None, decided), reason)

    def reconfigure(self, camera: Camera, origin: Origin, decided: float | None) -> list[Incident]:
        """New zones and rules; tracks and unchanged rules go on."""
        self.camera, self._origin = camera, origin
        return self._rules.reconfigure(camera, origin, Now(self._now.at, None, decided))

    def anew(self) -> Lane:
        """The same camera and rules, nothing seen yet: for a lane that has failed, whose state nobody can trust."""
        return Lane(self.camera, self._detector, self._origin)


Failed: TypeAlias = Callable[[Lane, Exception], None]
"""Hears of a lane that failed."""


def turn(
    frames: Mapping[Lane, Frame], detector: FindsPeople, decided: float | None, failed: Failed | None = None
) -> dict[Lane, list[Incident]]:
    """Newest frames in, incidents out; one detector batch for all cameras.

    With `failed`, a lane that raises is told to it and is not in the answer; the others go on. Without, it raises.
    """
    views: dict[Lane, list[View]] = {}
    for lane, frame in frames.items():
        with _guarded(lane, failed):
            views[lane] = [(frame, region) for region in lane.look(frame)]
    found = _detected(views, detector, failed)
    told: dict[Lane, list[Incident]] = {}
    for lane, people in found.items():
        with _guarded(lane, failed):
            told[lane] = lane.conclude(frames[lane], _merged(people, views[lane]), decided)
    return told


def _detected(
    views: Mapping[Lane, list[View]], detector: FindsPeople, failed: Failed | None
) -> dict[Lane, list[Detections]]:
    """What the detector sees for each lane; a batch that fails is tried again lane by lane, to find whose it is."""
    every = [view for asked in views.values() for view in asked]
    try:
        found = iter(detector.detect(every) if every else [])
        return {lane: [next(found) for _ in asked] for lane, asked in views.items()}
    except Exception:
        if failed is None:
            raise
    alone: dict[Lane, list[Detections]] = {}
    for lane, asked in views.items():
        with _guarded(lane, failed):
            alone[lane] = detector.detect(asked) if asked else []
    return alone


def _merged(people: list[Detections], views: list[View]) -> Detections | None:
    return merge(people, [region for _, region in views], views[0][0].size) if views else None


@contextmanager
def _guarded(lane: Lane, failed: Failed | None) -> Iterator[None]:
    try:
        yield
    except Exception as error:
        if failed is None:
            raise
        failed(lane, error)
