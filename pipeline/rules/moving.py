"""Who runs, or goes the wrong way, in a zone. Times in media seconds.

How somebody moves is their way over the last second, without its fastest step, so that a box that trembles or jumps is
no speed. Somebody who ran before they came in ran when they came in: the zone says where it counts, not from where on
it is watched.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from math import hypot

from pipeline.config import Camera, Rule, pace
from pipeline.rules.facts import LONGEST_STEP_S, Fact, Happening, Sighting
from pipeline.rules.geometry import along
from pipeline.rules.ground import plane_of
from pipeline.rules.passages import Passage
from pipeline.rules.triggers import Inside
from pipeline.types import Point

# Seconds of a way that tell how fast somebody is. Walking they take two steps in it.
_BASE_S = 1.0
# Less of a way is known only of who has just come.
_LEAST_S = 0.45
# Heights a second: who walks goes at .8, who runs at 1.5 and more; who goes at less than this goes nowhere.
_RUNS, _GOES = 1.5, 0.3
# Who has begun to run, or to go the wrong way, has stopped only when they do so by so much less.
_STILL = 0.8
_EPSILON_S = 1e-3


class Trail:
    """Where somebody was in the last second."""

    def __init__(self) -> None:
        self._sightings: deque[Sighting] = deque()

    def note(self, sighting: Sighting) -> None:
        """One more; a long time without any says nothing of the way between."""
        trail = self._sightings
        if trail and sighting.at - trail[-1].at > LONGEST_STEP_S:
            trail.clear()
        trail.append(sighting)
        # A first step of a rounding error's length would be taken for the fastest, and the one that jumped be kept.
        while len(trail) > 2 and trail[1].at <= sighting.at - _BASE_S + _EPSILON_S:
            trail.popleft()

    def way(self) -> list[Sighting]:
        """Where they were a second ago, between two sightings if need be, and since; empty while that is too short.

        It has two steps at least: of a single one nobody knows whether it was theirs.
        """
        trail = list(self._sightings)
        if len(trail) > 1 and trail[0].at < (since := trail[-1].at - _BASE_S):
            part = (since - trail[0].at) / (trail[1].at - trail[0].at)
            trail[0] = replace(trail[0], at=since, anchor=along((trail[0].anchor, trail[1].anchor), part))
        known = len(trail) > 2 and trail[-1].at - trail[0].at >= _LEAST_S
        return trail if known else []


def velocity(places: Sequence[Point], times: Sequence[float]) -> Point:
    """How fast, each way: with all steps, or without the fastest of them, whichever is less.

    That may be a box that jumps, or a track that is another person's now; a box that jumps and comes back has gone
    nowhere with all of them.
    """
    steps = [
        ((bx - ax) / (t - s), (by - ay) / (t - s), t - s)
        for ((ax, ay), s), ((bx, by), t) in pairwise(zip(places, times, strict=True))
    ]
    fastest = max(steps, key=lambda step: hypot(step[0], step[1]))
    return min(_mean(steps), _mean([step for step in steps if step is not fastest]), key=lambda one: hypot(*one))


def _mean(steps: Sequence[tuple[float, float, float]]) -> Point:
    took = sum(step[2] for step in steps)
    return sum(x * dt for x, _, dt in steps) / took, sum(y * dt for _, y, dt in steps) / took


class Moving(Inside):
    """Someone in the zone does what `does` says, for `confirm_s`; closes when they no longer do, for `release_s`."""

    stops = "slowed_down"

    def __init__(self, rule: Rule, camera: Camera) -> None:
        super().__init__(rule, camera.zones[rule.zone or ""])
        self.camera = camera
        self.trail = Trail()
        self._begun: float | None = None
        self._ended: float | None = None
        self._what: dict[str, float] = {}

    def does(self, way: Sequence[Sighting], share: float) -> dict[str, float] | None:
        """What it does, in figures, if it does it; `share` of what is needed is enough."""
        raise NotImplementedError

    def seen(self, sighting: Sighting) -> list[Fact]:
        self.trail.note(sighting)
        if way := self.trail.way():
            self._note(self.does(way, _STILL if self._open else 1.0), sighting)
        return super().seen(sighting)

    def _note(self, what: dict[str, float] | None, sighting: Sighting) -> None:
        if what is not None:
            self._begun = sighting.at if self._begun is None else self._begun
            self._what, self._ended = what, None
        else:
            self._ended = sighting.at if self._ended is None else self._ended
            if not self._open:
                self._begun = None

    def pace(self) -> str:
        """How they move, in figures."""
        way = self.trail.way()
        if not way:
            return "seen for too short a time to tell"
        right, down = in_heights(way)
        angle = math.degrees(math.atan2(-down, right)) % 360
        return f"{hypot(right, down):.1f} heights a second, at {angle:.0f} degrees"

    def started(self) -> list[Fact]:
        return []

    def during(self, now: Sighting) -> list[Fact]:
        if self._open:
            return self._goes_on(now.at)
        if self._begun is None or not self.visits.within or now.at - self._begun < self.rule.confirm_s - _EPSILON_S:
            return []
        self._open = True
        entered = self.visit.entered_at
        return [Fact(Happening.OPENED, max(self._begun, entered), entered, why=self.why(**self._what))]

    def passed(self, passage: Passage) -> list[Fact]:
        """Who runs through was not in it for long; that they ran is known from before and after."""
        if self._begun is None:
            return []
        why = {"passed_through": True, **self._what}
        return [Fact(Happening.MOMENT, passage.entered, passage.entered, passage.left, why=why)]

    def _goes_on(self, now: float) -> list[Fact]:
        if self._ended is None or now - self._ended < self.rule.release_s - _EPSILON_S:
            return []
        self._open, self._begun = False, None
        why = self.why(closed_because=self.stops)
        return [Fact(Happening.CLOSED, self._ended, self.visit.entered_at, why=why)]


class Speed(Moving):
    """Someone goes faster than `faster_than`: metres a second on the ground, or of their own heights in the picture."""

    def __init__(self, rule: Rule, camera: Camera) -> None:
        super().__init__(rule, camera)
        told = pace(rule.faster_than) if rule.faster_than else None
        self._least = told.value if told else _RUNS
        self._plane = plane_of(camera.ground) if told and told.of == "m" and camera.ground else None

    def does(self, way: Sequence[Sighting], share: float) -> dict[str, float] | None:
        if self._plane is None:
            found, unit = hypot(*in_heights(way)), "heights_a_second"
        else:
            places = [self._plane.metres(one.anchor) for one in way]
            if None in places:
                return None
            known = [place for place in places if place is not None]
            found, unit = hypot(*velocity(known, [one.at for one in way])), "metres_a_second"
        return {unit: round(found, 2)} if found >= share * self._least else None


class WrongDirection(Moving):
    """Someone goes the way of `angle`, give or take `tolerance`."""

    stops = "turned_or_stood"

    def does(self, way: Sequence[Sighting], share: float) -> dict[str, float] | None:
        right, down = in_heights(way)
        if hypot(right, down) < share * _GOES:
            return None
        angle = math.degrees(math.atan2(-down, right)) % 360
        off = abs((angle - (self.rule.angle or 0.0) + 180) % 360 - 180)
        return {"angle": round(angle, 1)} if off <= self.rule.tolerance / share else None


def in_heights(way: Sequence[Sighting]) -> Point:
    """How fast to the right and down, in heights of the person a second.

    A box that loses its legs is small for a moment: the tallest is truest.
    """
    height = max(max(one.height for one in way), 1e-6)
    right, down = velocity([(one.anchor[0] * one.aspect, one.anchor[1]) for one in way], [one.at for one in way])
    return right / height, down / height
