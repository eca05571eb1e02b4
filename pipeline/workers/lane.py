"""One camera's path through the stages. Read this first.

A frame comes in, incidents come out; time is an argument. No I/O, no clock, no threads here: `worker` (live) and
`replay` (recordings) run the same lanes, and do with the incidents what they must.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from pipeline.config import Camera, Detector
from pipeline.perceive.attention import Attention
from pipeline.perceive.motion import MotionDetector
from pipeline.perceive.person import merge
from pipeline.perceive.track import Tracker, TrackerSettings
from pipeline.rules.incidents import Now, Origin, Rules
from pipeline.types import Detections, Frame, Incident, Moment, Region


class FindsPeople(Protocol):
    """What a lane's runner needs of the person detector."""

    def detect(self, views: Sequence[tuple[Frame, Region]]) -> list[Detections]: ...


class Lane:
    """`look` at a new frame, have the detector see what it asks for, `conclude`."""

    def __init__(self, camera: Camera, detector: Detector, origin: Origin) -> None:
        self.camera = camera
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
        self.camera = camera
        return self._rules.reconfigure(camera, origin, Now(self._now.at, None, decided))


def turn(frames: Mapping[Lane, Frame], detector: FindsPeople, decided: float | None) -> dict[Lane, list[Incident]]:
    """Newest frames in, incidents out; one detector batch for all cameras."""
    regions = {lane: lane.look(frame) for lane, frame in frames.items()}
    views = [(frames[lane], region) for lane, asked in regions.items() for region in asked]
    found = iter(detector.detect(views) if views else [])
    told: dict[Lane, list[Incident]] = {}
    for lane, frame in frames.items():
        asked = regions[lane]
        people = merge([next(found) for _ in asked], asked, frame.size) if asked else None
        told[lane] = lane.conclude(frame, people, decided)
    return told
