"""Parts of a recording put together: who goes over a seam keeps their number, and one set of rules judges all.

Both lanes have seen the same pictures around a seam; the tracks whose boxes lay in the same place most often are the
same person. Pure. Not here: where seams are (`stretch`).
"""

from __future__ import annotations

import math
from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pipeline.config import Camera
from pipeline.perceive.person_outputs import iou
from pipeline.rules.incidents import Now, Origin, Rules
from pipeline.types import Incident, Moment, Tracks
from pipeline.workers.play import Seen
from pipeline.workers.stretch import LATE_S, WARM_S

_REMEMBERED_S = LATE_S + WARM_S / 2
"""For so long before a seam both lanes are compared: the new one has had some time to find who is there."""
_SAME_PICTURE_S = 0.05
_SAME_PLACE = 0.5


class Told(NamedTuple):
    """An incident, and the media second at which it was told."""

    at: float
    incident: Incident


class Seam:
    """`add` what is seen in each part, in the order of time; `turn_over` where one ends and the next begins."""

    def __init__(self, camera: Camera, origin: Origin, grants: Sequence[tuple[str, float]] | None = None) -> None:
        self._grants = None if grants is None else deque(grants)
        self._rules = Rules(camera, origin)
        self._now = Now(Moment(0.0))
        self._until = float("-inf")
        self._numbers: dict[int, int] | None = None  # of the part, as they are told; None: as they are
        self._highest = 0
        self._tail: deque[Seen] = deque()
        self._votes: Counter[tuple[int, int]] = Counter()

    def turn_over(self) -> None:
        """What comes next is of the next part."""
        self._until, self._numbers = self._now.at.media, {}
        self._votes.clear()

    def add(self, seen: Sequence[Seen]) -> list[Told]:
        """What the rules say of the pictures that the part before has not shown."""
        told: list[Told] = []
        for one in seen:
            if one.at <= self._until:
                self._compare(one)
                continue
            tracks = self._numbered(one.tracks)
            self._now = one.now
            self._grant(one.now.at.wall)
            told += [Told(one.at, incident) for incident in self._rules.update(tracks, one.now)]
            self._remember(replace(one, tracks=tracks))
        return told

    def end(self) -> list[Told]:
        """Nobody watches any longer."""
        self._grant(math.inf)
        told = self._rules.settle(self._now) if self._grants is not None else []
        told += self._rules.interrupt(replace(self._now, received=None), "end_of_recording")
        return [Told(self._now.at.media, incident) for incident in told]

    def _grant(self, until: float | None) -> None:
        """What was given at doors up to then."""
        if self._grants is None or until is None:
            return
        given: list[tuple[str, float]] = []
        while self._grants and self._grants[0][1] <= until:
            given.append(self._grants.popleft())
        self._rules.access(given, until)

    def _remember(self, one: Seen) -> None:
        self._tail.append(one)
        while one.at - self._tail[0].at > _REMEMBERED_S:
            self._tail.popleft()

    def _compare(self, one: Seen) -> None:
        """Who of the part before is where this part's tracks are in the same picture."""
        while self._tail and self._tail[0].at < one.at - _SAME_PICTURE_S:
            self._tail.popleft()
        if not self._tail or self._tail[0].at > one.at + _SAME_PICTURE_S:
            return
        before = self._tail[0].tracks
        for track, box in zip(one.tracks.ids.tolist(), one.tracks.boxes, strict=True):
            for other in before.ids[iou(box, before.boxes) > _SAME_PLACE].tolist():
                self._votes[track, other] += 1

    def _numbered(self, tracks: Tracks) -> Tracks:
        """With numbers that nobody else has had."""
        if self._numbers is None:
            self._highest = max([self._highest, *tracks.ids.tolist()])
            return tracks
        if self._votes:
            self._numbers.update(_agreed(self._votes))
            self._votes.clear()
        ids: NDArray[np.int64] = np.array([self._number(int(one)) for one in tracks.ids], np.int64)
        return replace(tracks, ids=ids)

    def _number(self, track: int) -> int:
        if self._numbers is None:
            return track
        if track not in self._numbers:
            self._highest += 1
            self._numbers[track] = self._highest
        return self._numbers[track]


def _agreed(votes: Counter[tuple[int, int]]) -> dict[int, int]:
    """Who of the new tracks is whom of the old: those first that were most often in the same place."""
    found: dict[int, int] = {}
    for (new, old), _ in sorted(votes.items(), key=lambda one: (-one[1], one[0])):
        if new not in found and old not in found.values():
            found[new] = old
    return found
