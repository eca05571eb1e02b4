"""The keys of what is drawn on a camera's picture: zones, lines, masks, and the ground.

Not here: is this a polygon (`geometry`), and who is inside (`rules/area`).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from itertools import combinations
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import AfterValidator, Field
from pydantic_core import InitErrorDetails

from pipeline.config import geometry as geometry
from pipeline.config.fields import Number, OnPicture, Polygon, Polyline
from pipeline.config.problems import Strict, mistake, refuse
from pipeline.types import Point

Masked: TypeAlias = Literal["motion", "people", "privacy"]
# A circle is drawn with so many sides: its edge is nowhere farther than 0.3 % of its radius from that of a true one.
_SIDES = 40


class Circle(Strict):
    """A round zone, as it is seen: round in the picture's true shape."""

    centre: OnPicture = Field(description="Its middle [x, y], each number a share of the picture, 0 to 1.")
    radius: Number = Field(ge=0.01, le=1, description="Share of the picture's height.")

    def outline(self, aspect: float) -> tuple[Point, ...]:
        """Its corners, normalised, in a picture of this width to height."""
        (x, y), turns = self.centre, (2 * math.pi * side / _SIDES for side in range(_SIDES))
        return tuple((x + math.cos(at) * self.radius / aspect, y + math.sin(at) * self.radius) for at in turns)


class Zone(Strict):
    """An area of the picture."""

    polygon: Polygon | None = Field(
        None, description="Corners [x, y] in order, each number a share of the picture, 0 to 1; or give a circle."
    )
    circle: Circle | None = Field(None, description="Centre and radius of a round one.")
    holes: tuple[Polygon, ...] = Field((), max_length=16, description="Areas within it that are not of it: polygons.")

    def outline(self, aspect: float) -> tuple[Point, ...]:
        """Its corners, normalised, in a picture of this width to height."""
        return self.polygon if self.polygon is not None else self.circle.outline(aspect) if self.circle else ()

    @classmethod
    def mistakes(cls, data: Mapping[str, Any]) -> Iterator[InitErrorDetails]:
        if ("polygon" in data) is ("circle" in data):
            told = "is required" if "polygon" not in data else "does not go with a circle"
            yield mistake(("polygon",), told, "A zone has corners, `polygon`, or a `circle`.")
            return
        try:
            outer = Circle.model_validate(data["circle"]).outline(1.0) if "circle" in data else data["polygon"]
            outline = tuple(geometry.point(one) for one in outer)
            holes = [tuple(geometry.point(one) for one in hole) for hole in data.get("holes") or ()]
        except Exception:  # told of the fields themselves
            return
        if "circle" not in data:
            for place, hole in enumerate(holes):
                if not geometry.within(hole, outline):
                    yield mistake(("holes", place), "is not within the zone", "Give it corners inside the polygon.")


class Mask(Strict):
    """An area of the picture that does not count."""

    polygon: Polygon = Field(description="Corners [x, y] in order, each number a share of the picture, 0 to 1.")
    of: Masked = Field(description="What does not count there: motion, people (their feet), or privacy (all of it).")


class Line(Strict):
    """A line across the picture."""

    points: Polyline = Field(
        description="Its ends [x, y], and corners between them, each number a share of the picture, 0 to 1."
    )


def _on_ground(places: tuple[tuple[float, float], ...]) -> tuple[tuple[float, float], ...]:
    """Three of four places in one row say nothing of the ground."""
    for i in range(4):
        a, b, c = (places[j] for j in range(4) if j != i)
        if abs(_turn(a, b, c)) < 1e-6:
            raise refuse("has three places in one row", "Take four corners of something flat, as of a parking space.")
    return places


Metres: TypeAlias = tuple[Number, Number]


class Ground(Strict):
    """Four places on flat ground, in the picture and in metres."""

    points: Annotated[tuple[OnPicture, OnPicture, OnPicture, OnPicture], AfterValidator(_on_ground)] = Field(
        description="Four places [x, y] in the picture, shares of it, 0 to 1."
    )
    metres: Annotated[tuple[Metres, Metres, Metres, Metres], AfterValidator(_on_ground)] = Field(
        description="Where these are, in metres from wherever you measure: [east, north], or as you like."
    )

    @classmethod
    def mistakes(cls, data: Mapping[str, Any]) -> Iterator[InitErrorDetails]:
        """All four are in front of the camera if each three of them turn as those on the ground do, or all do not."""
        try:
            points = [(float(x), float(y)) for x, y in data["points"]]
            metres = [(float(x), float(y)) for x, y in data["metres"]]
            if len(points) != 4 or len(metres) != 4:
                return
        except Exception:  # told of the fields themselves
            return
        three = list(combinations(range(4), 3))
        same = [_turn(*(points[i] for i in one)) * _turn(*(metres[i] for i in one)) > 0 for one in three]
        if len(set(same)) > 1:
            yield mistake(("metres",), "are not in the order of points", "Give both walking round, from one corner on.")


def _turn(a: Point, b: Point, c: Point) -> float:
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])
