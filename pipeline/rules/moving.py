"""Who runs, or goes the wrong way, in a zone. Times in media seconds.

How somebody moves is their way over the last second, so that a box that trembles is no speed. Somebody who ran before
they came in ran when they came in: the zone says where it counts, not from where on it is watched.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import replace

from pipeline.config import Camera, Rule, pace
from pipeline.rules.facts import LONGEST_STEP_S, Fact, Happening, Sighting
from pipeline.rules.geometry import along, distance
from pipeline.rules.ground import plane_of
from pipeline.rules.passages import Passage
from pipeline.rules.triggers import Inside

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
        while len(trail) > 2 and trail[1].at <= sighting.at - _BASE_S:
            trail.popleft()

    def base(self) -> tuple[Sighting, Sighting] | None:
        """Where they were a second ago, between two sightings if need be, and where they are."""
        if not self._sightings:
            return None
        first, last = self._sightings[0], self._sightings[-1]
        if last.at - first.at < _LEAST_S:
            return None
        since = last.at - _BASE_S
        if first.at < since:
            after = self._sightings[1]
            part = (since - first.at) / (after.at - first.at)
            first = replace(first, at=since, anchor=along((first.anchor, after.anchor), part))
        return first, last


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

    def does(self, before: Sighting, now: Sighting, share: float) -> dict[str, float] | None:
        """What it does, in figures, if it does it; `share` of what is needed is enough."""
        raise NotImplementedError

    def seen(self, sighting: Sighting) -> list[Fact]:
        self.trail.note(sighting)
        base = self.trail.base()
        what = self.does(*base, _STILL if self._open else 1.0) if base else None
        if what is not None:
            self._begun = sighting.at if self._begun is None else self._begun
            self._what, self._ended = what, None
        else:
            self._ended = sighting.at if self._ended is None else self._ended
            if not self._open:
                self._begun = None
        return super().seen(sighting)

    def pace(self) -> str:
        """How they move, in figures."""
        base = self.trail.base()
        if base is None:
            return "seen for too short a time to tell"
        before, now = base
        right, down = (now.anchor[0] - before.anchor[0]) * now.aspect, now.anchor[1] - before.anchor[1]
        angle = math.degrees(math.atan2(-down, right)) % 360
        return f"{heights_between(before, now) / (now.at - before.at):.1f} heights a second, at {angle:.0f} degrees"

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

    def does(self, before: Sighting, now: Sighting, share: float) -> dict[str, float] | None:
        took = now.at - before.at
        if self._plane is None:
            # A box that loses its legs is small for a moment: the taller one is truer.
            found, unit = heights_between(before, now) / took, "heights_a_second"
        else:
            start, end = self._plane.metres(before.anchor), self._plane.metres(now.anchor)
            if start is None or end is None:
                return None
            found, unit = math.dist(start, end) / took, "metres_a_second"
        return {unit: round(found, 2)} if found >= share * self._least else None


class WrongDirection(Moving):
    """Someone goes the way of `angle`, give or take `tolerance`."""

    stops = "turned_or_stood"

    def does(self, before: Sighting, now: Sighting, share: float) -> dict[str, float] | None:
        if heights_between(before, now) < share * _GOES * (now.at - before.at):
            return None
        right, down = (now.anchor[0] - before.anchor[0]) * now.aspect, now.anchor[1] - before.anchor[1]
        angle = math.degrees(math.atan2(-down, right)) % 360
        off = abs((angle - (self.rule.angle or 0.0) + 180) % 360 - 180)
        return {"angle": round(angle, 1)} if off <= self.rule.tolerance / share else None


def heights_between(before: Sighting, now: Sighting) -> float:
    """How far that is, in heights of the person."""
    return distance(before.anchor, now.anchor, now.aspect) / max(before.height, now.height, 1e-6)
