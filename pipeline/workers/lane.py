"""One camera's path through the stages. Read this first.

A frame comes in, incidents come out; time is an argument. No I/O, no clock, no threads here: `worker` (live) and
`replay` (recordings) run the same lanes, and do with the incidents what they must.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from pipeline.config import Camera, Detector
from pipeline.frame import Frame
from pipeline.perceive.appearance import describe
from pipeline.perceive.attention import Attention
from pipeline.perceive.motion import MotionDetector
from pipeline.perceive.person import LOOKS, View, merge
from pipeline.rules.incidents import Now, Origin
from pipeline.types import Boxes, Detections, Incident, Moment, Motion, Region, Tracks
from pipeline.workers.entries import Access, Began, Changed, Interrupted, Keeps, Picture
from pipeline.workers.judge import Judge
from pipeline.workers.lane_settings import concerns, masks, sieve, told_within
from pipeline.workers.stirring import moves

FEW_LOOKS = LOOKS[0]
_CALM_S = 2.0
# Where an incident is open; somebody is followed; a rule is armed, and nobody is there; none is armed.
_WAITS_S = {"open": 0.2, "followed": 0.4, "deserted": 1.0, "unwatched": 4.0}


class FindsPeople(Protocol):
    """What a lane's runner needs of the person detector; `looks` is how many views of one frame it has time for."""

    @property
    def looks(self) -> int: ...

    def detect(self, views: Sequence[View]) -> list[Detections]: ...


class Lane:
    """`look` at a new frame, have the detector see what it asks for, `conclude`.

    `motion` is what moved in that frame. `keeper` writes down all that is judged.
    """

    motion: Motion | None = None

    def __init__(
        self,
        camera: Camera,
        detector: Detector,
        origin: Origin,
        looks: int = FEW_LOOKS,
        keeper: Keeps | None = None,
    ) -> None:
        self._judge = Judge(Began(camera, detector, origin), keeper)
        self._looks = looks
        self._keeper = keeper
        self._motion = MotionDetector(masks(camera, "motion", "privacy"))
        self._attention = Attention(detector.sweep_s, camera.smallest, looks, concerns(camera))
        self._sieve = sieve(camera)
        self._busy_at: float | None = None
        self.restless: NDArray[np.bool_] | None = None
        """Where things move that are nobody (`perceive/restless.py`)."""

    @property
    def camera(self) -> Camera:
        """As configured now."""
        return self._judge.began.camera

    @property
    def tracks(self) -> Tracks | None:
        """Who was where in the frame that was concluded last."""
        return self._judge.tracks

    @property
    def now(self) -> Now:
        """The moment that was concluded last."""
        return self._judge.now

    @property
    def calm(self) -> bool:
        """For two seconds nothing has moved that may be somebody, nobody was followed, and nothing is open."""
        return self._busy_at is not None and self.now.at.media - self._busy_at >= _CALM_S

    @property
    def may_wait_s(self) -> float:
        """How long its next picture may wait, where there is not time for all: least where most hangs on it."""
        if self.open_incidents:
            return _WAITS_S["open"]
        if not self._judge.rules.armed(self.now.at.wall, self.now.ours(self.now.at.media)):
            return _WAITS_S["unwatched"]
        return _WAITS_S["deserted" if self._judge.deserted else "followed"]

    def armed(self, wall: float) -> tuple[str, ...]:
        """Names of its rules that raise alerts then."""
        return tuple(self._judge.rules.armed(wall, wall))

    def told_within(self, wall: float) -> float:
        """Seconds by which all rules that are armed then allow to be told later."""
        return told_within(self._judge.rules.armed(wall, wall).values())

    @property
    def deserted(self) -> bool:
        """Nobody is followed, and nothing is open."""
        return self._judge.deserted

    @property
    def open_incidents(self) -> int:
        """How many incidents are open."""
        return self._judge.rules.open_incidents

    def search(self) -> None:
        """All of the next picture is looked at, and not only what moves: somebody is said to be there."""
        self._attention.search()

    def look(self, frame: Frame) -> list[Region]:
        """What moved, and where the detector should therefore look. Nowhere: nothing moves, nobody is followed."""
        self.motion = motion = self._motion.update(frame)
        looks = self._attention.regions(frame, motion, self._judge.expected())
        self.restless = self._attention.restless(frame.pts)
        if self._busy_at is None or moves(motion, frame, self.restless):
            self._busy_at = frame.pts
        return looks

    def conclude(
        self, frame: Frame, people: Detections | None, decided: float | None, looked: Boxes | None = None
    ) -> list[Incident]:
        """`people` is None when nobody looked, and empty when somebody looked, at `looked` (n, 4), and saw no one."""
        now = Now(Moment(frame.pts, frame.at, frame.at_error, frame.at_from), frame.received, decided, frame.size)
        if people is not None:
            people = self._recognised(frame, self._sieve.counting(people, frame.aspect))
        told = self._judge.hear(Picture(now, frame.aspect, people, looked, frame.seq, frame.audited))
        if not self._judge.deserted:
            self._busy_at = frame.pts
        return told

    def _recognised(self, frame: Frame, people: Detections) -> Detections:
        """With what they look like; parts of people are looked at again."""
        if people.cut is not None:
            sure = people.scores >= self._judge.began.detector.min_score
            self._attention.look_again(people.boxes[people.cut & sure])
        return replace(people, looks=describe(frame, people.boxes))

    def interrupt(self, reason: str, decided: float | None) -> list[Incident]:
        """Nobody watches any longer (camera lost, end of recording, shutdown): end what is open."""
        return self._judge.hear(Interrupted(reason, decided))

    def access(self, entry: Access) -> None:
        """News of doors."""
        self._judge.hear(entry)

    def reconfigure(self, camera: Camera, origin: Origin, decided: float | None) -> list[Incident]:
        """New zones and rules; tracks and unchanged rules go on."""
        self._attention.concern(concerns(camera))
        return self._judge.hear(Changed(camera, origin, decided))

    def anew(self) -> Lane:
        """The same camera and rules, nothing seen yet: for a lane that has failed, whose state nobody can trust."""
        began = self._judge.began
        return Lane(began.camera, began.detector, began.origin, self._looks, self._keeper)


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
            told[lane] = _concluded(lane, frames[lane], people, views[lane], decided)
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


def _concluded(
    lane: Lane, frame: Frame, people: list[Detections], views: list[View], decided: float | None
) -> list[Incident]:
    if not views:
        return lane.conclude(frame, None, decided)
    looked = np.stack([frame.box(region) for _, region in views])
    return lane.conclude(frame, merge(people, looked, frame.aspect), decided, looked)


@contextmanager
def _guarded(lane: Lane, failed: Failed | None) -> Iterator[None]:
    try:
        yield
    except Exception as error:
        if failed is None:
            raise
        failed(lane, error)
