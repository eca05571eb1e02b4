"""A zone in a picture of known shape: who is in it, where a way meets its border, how far that is.

Not here: who has come in, or left (`visits`).
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np

from pipeline.config import Zone
from pipeline.rules.facts import Sighting
from pipeline.rules.geometry import Polygon, clipped, size
from pipeline.rules.geometry_kernels import holds, place
from pipeline.types import Point

# No box is truer than this share of the height (the median error of its lower edge, of every detector that was
# measured: docs/decisions/builtin-detector.md): who stands on the border is in.
_BLUR = 0.03
CLEAR_OF_ZONE = 0.05
"""Who has left a zone is clear of its border by this share of the height."""
# Who has left a zone that boxes overlap has less than this share in it of what is needed to be in.
_STILL_OVER = 0.8


class Place(NamedTuple):
    """Where somebody is: `inside` of the border itself; `on_border`, as near as boxes are true; `beside` it, on either
    side, and too near to have left. `borders`: where on the straight way there (0–1, ascending) one was met.
    """

    inside: bool
    on_border: bool
    beside: bool
    borders: list[float]


class Area:
    """A polygon or circle, less its holes; coordinates normalised, `aspect` is the picture's width over its height.

    Who is in it is where their anchor is.
    """

    def __init__(self, zone: Zone, aspect: float) -> None:
        self.aspect = aspect
        self.rings: tuple[Polygon, ...] = (tuple(zone.outline(aspect)), *zone.holes)
        self._corners = np.array([point for ring in self.rings for point in ring], np.float64)
        self._starts = np.cumsum([0, *(len(ring) for ring in self.rings)], dtype=np.int64)
        self._meets = np.empty(len(self._corners))

    def holds(self, point: Point) -> bool:
        """Even–odd rule over all its borders; a point on one may fall either way."""
        return bool(holds(*point, self._corners, self._starts))

    def distance(self, point: Point) -> float:
        """From the nearest border, in picture heights."""
        return float(place(*point, *point, self.aspect, self._corners, self._starts, self._meets)[1])

    def within(self, sighting: Sighting) -> bool:
        """Inside of the border itself."""
        return self.holds(sighting.anchor)

    def place(self, last: Sighting | None, now: Sighting) -> Place:
        """Where they are, coming straight from `last`; None: nobody knows from where."""
        before = now.anchor if last is None else last.anchor
        inside, far, met = place(*before, *now.anchor, self.aspect, self._corners, self._starts, self._meets)
        borders = self._meets[:met].tolist() if met else []
        return Place(inside, far < _BLUR * now.height, far < CLEAR_OF_ZONE * now.height, borders)

    def outside_by(self, sighting: Sighting, height_px: int) -> str:
        """How far somebody who is out of it is from being in it, in words."""
        return f"is {round(self.distance(sighting.anchor) * height_px)} px outside"


class Covered(Area):
    """The same; who is in it has at least a share `least` of their box in it.

    A share of a box is no truer than boxes are, but the limit is only what somebody chose: there is no border to be on.
    """

    def __init__(self, zone: Zone, aspect: float, least: float) -> None:
        super().__init__(zone, aspect)
        self._least = least

    def share(self, sighting: Sighting) -> float:
        """Of the box, 0–1."""
        (x, y), w, h = sighting.anchor, sighting.width, sighting.height
        box = (x - w / 2, y - h, x + w / 2, y)
        whole, *holes = (size(clipped(ring, box)) for ring in self.rings)
        return max(whole - sum(holes), 0.0) / max(w * h, 1e-12)

    def within(self, sighting: Sighting) -> bool:
        return self.share(sighting) >= self._least

    def place(self, last: Sighting | None, now: Sighting) -> Place:
        """The border is met once at most, as if the share grew and fell evenly."""
        after = self.share(now)
        before = after if last is None else self.share(last)
        inside = after >= self._least
        borders = [] if inside is (before >= self._least) else [(self._least - before) / (after - before)]
        return Place(inside, False, _STILL_OVER * self._least <= after < self._least, borders)

    def outside_by(self, sighting: Sighting, height_px: int) -> str:  # noqa: ARG002
        return f"has {100 * self.share(sighting):.0f} of {100 * self._least:.0f} % of the box"


@lru_cache(256)
def area_of(zone: Zone, aspect: float, overlap: float | None) -> Area:
    """Of a zone, for a rule that counts overlap, or, None, an anchor."""
    return Area(zone, aspect) if overlap is None else Covered(zone, aspect, overlap)
