"""A zone in a picture of known shape: who is in it, where a way meets its border, how far that is.

Not here: who has come in, or left (`visits`).
"""

from __future__ import annotations

from pipeline.config import Zone
from pipeline.rules.geometry import Polygon, Segment, from_polygon, inside, meetings
from pipeline.types import Point


class Area:
    """A polygon or circle, less its holes; coordinates normalised, `aspect` is the picture's width over its height."""

    def __init__(self, zone: Zone, aspect: float) -> None:
        self.aspect = aspect
        self._rings: tuple[Polygon, ...] = (tuple(zone.outline(aspect)), *zone.holes)

    def holds(self, point: Point) -> bool:
        """Even–odd rule over all its borders; a point on one may fall either way."""
        return sum(inside(point, ring) for ring in self._rings) % 2 == 1

    def meetings(self, path: Segment) -> list[float]:
        """Where along `path` (0–1, ascending) it meets a border."""
        return sorted(at for ring in self._rings for at in meetings(path, ring))

    def distance(self, point: Point) -> float:
        """From the nearest border, in picture heights."""
        return min(from_polygon(point, ring, self.aspect) for ring in self._rings)
