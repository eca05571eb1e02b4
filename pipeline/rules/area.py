"""A zone in a picture of known shape: who is in it, where a way meets its border, how far that is.

Not here: who has come in, or left (`visits`).
"""

from __future__ import annotations

from pipeline.config import Zone
from pipeline.rules.facts import Sighting
from pipeline.rules.geometry import Polygon, Segment, clipped, from_polygon, inside, meetings, size
from pipeline.types import Point

# No box is truer than this share of the height (the median error of its lower edge, of every detector that was
# measured: docs/decisions/builtin-detector.md): who stands on the border is in.
_BLUR = 0.03
# Who has left a zone is clear of its border by this share of the height.
_CLEAR_OF_ZONE = 0.05
# Who has left a zone that boxes overlap has less than this share in it of what is needed to be in.
_STILL_OVER = 0.8


class Area:
    """A polygon or circle, less its holes; coordinates normalised, `aspect` is the picture's width over its height.

    Who is in it is where their anchor is.
    """

    def __init__(self, zone: Zone, aspect: float) -> None:
        self.aspect = aspect
        self._rings: tuple[Polygon, ...] = (tuple(zone.outline(aspect)), *zone.holes)

    def holds(self, point: Point) -> bool:
        """Even–odd rule over all its borders; a point on one may fall either way."""
        return sum(inside(point, ring) for ring in self._rings) % 2 == 1

    def distance(self, point: Point) -> float:
        """From the nearest border, in picture heights."""
        return min(from_polygon(point, ring, self.aspect) for ring in self._rings)

    def within(self, sighting: Sighting) -> bool:
        """Inside of the border itself."""
        return self.holds(sighting.anchor)

    def on_border(self, sighting: Sighting) -> bool:
        """As near to it as boxes are true."""
        return self.distance(sighting.anchor) < _BLUR * sighting.height

    def beside(self, sighting: Sighting) -> bool:
        """Too near to it to have left, wherever they are."""
        return self.distance(sighting.anchor) < _CLEAR_OF_ZONE * sighting.height

    def borders(self, last: Sighting, now: Sighting) -> list[float]:
        """Where on the straight way between two sightings (0–1, ascending) the border was met."""
        path: Segment = (last.anchor, now.anchor)
        return sorted(at for ring in self._rings for at in meetings(path, ring))

    def outside_by(self, sighting: Sighting, height_px: int) -> str:
        """How far somebody who is out of it is from being in it, in words."""
        return f"is {round(self.distance(sighting.anchor) * height_px)} px outside"


class Covered(Area):
    """The same; who is in it has at least a share `least` of their box in it."""

    def __init__(self, zone: Zone, aspect: float, least: float) -> None:
        super().__init__(zone, aspect)
        self._least = least

    def share(self, sighting: Sighting) -> float:
        """Of the box, 0–1."""
        (x, y), w, h = sighting.anchor, sighting.width, sighting.height
        box = (x - w / 2, y - h, x + w / 2, y)
        whole, *holes = (size(clipped(ring, box)) for ring in self._rings)
        return max(whole - sum(holes), 0.0) / max(w * h, 1e-12)

    def within(self, sighting: Sighting) -> bool:
        return self.share(sighting) >= self._least

    def on_border(self, sighting: Sighting) -> bool:  # noqa: ARG002
        """A share of a box is no truer than boxes are; but the limit is only what somebody chose."""
        return False

    def beside(self, sighting: Sighting) -> bool:
        return _STILL_OVER * self._least <= self.share(sighting) < self._least

    def borders(self, last: Sighting, now: Sighting) -> list[float]:
        """Once, where the share was what is needed, if it grows and falls evenly."""
        before, after = self.share(last), self.share(now)
        if (before >= self._least) is (after >= self._least):
            return []
        return [(self._least - before) / (after - before)]

    def outside_by(self, sighting: Sighting, height_px: int) -> str:  # noqa: ARG002
        return f"has {100 * self.share(sighting):.0f} of {100 * self._least:.0f} % of the box"


def area_of(zone: Zone, aspect: float, overlap: float | None) -> Area:
    """Of a zone, for a rule that counts overlap, or, None, an anchor."""
    return Area(zone, aspect) if overlap is None else Covered(zone, aspect, overlap)
