"""What a camera's keys mean for the stages of its lane."""

from __future__ import annotations

import math
from collections.abc import Iterable

from pipeline.config import Camera, Detector, Rule
from pipeline.perceive.sieve import Sieve
from pipeline.perceive.sweep import Concern
from pipeline.perceive.track_settings import REMEMBER_S, TrackerSettings
from pipeline.types import Point

_NARROWEST = 0.5


def masks(camera: Camera, *kinds: str) -> list[tuple[Point, ...]]:
    """The polygons of its masks of these kinds."""
    return [mask.polygon for mask in camera.masks.values() if mask.of in kinds]


def sieve(camera: Camera) -> Sieve:
    """Whom it counts as people."""
    heights = camera.person_height
    smallest = heights.min if heights and heights.min is not None else camera.smallest
    unlike = heights.unlike if heights and heights.by_row else None
    return Sieve(masks(camera, "people", "privacy"), smallest, heights.max if heights else None, unlike)


def concerns(camera: Camera) -> list[Concern]:
    """What rules watch, and how small people may be there."""
    found = []
    for rule in camera.judged.values():
        least = max([camera.smallest, *(h.min or 0.0 for h in (camera.person_height, rule.person_height) if h)])
        # Of a round zone in a picture of unknown shape: as wide as in the narrowest.
        shapes = [camera.zones[zone].outline(camera.aspect or _NARROWEST) for zone in rule.places]
        for points in [camera.lines[rule.line].points] if rule.line else shapes:
            xs, ys = zip(*points, strict=True)
            found.append(Concern((max(min(xs), 0), max(min(ys), 0), min(max(xs), 1), min(max(ys), 1)), least))
    return found


def told_within(rules: Iterable[Rule]) -> float:
    """Seconds by which all of them allow to be told later than what they tell of could be known."""
    return min((rule.within_s for rule in rules), default=math.inf)


def tracking(camera: Camera, detector: Detector) -> TrackerSettings:
    """Who is out of sight is remembered for as long as a rule waits for them."""
    longest = max((rule.release_s for rule in camera.judged.values()), default=0.0)
    return TrackerSettings(sure=detector.min_score, remember_s=max(REMEMBER_S, longest))
