"""Is this a polygon, is this a line? Shares of the picture, 0–1, origin top left.

Not here: who is inside (`rules/geometry.py`).
"""

from __future__ import annotations

import math
from itertools import combinations, pairwise
from typing import Any

from pipeline.config.problems import refuse
from pipeline.types import Point

MIN_AREA = 0.0005
MIN_LENGTH = 0.01


def point(value: Any) -> Point:
    """`[x, y]` on the picture; texts that are numbers count as numbers."""
    if not isinstance(value, (list, tuple)) or len(value) != 2:
        raise refuse("must be a point", "Write it as [x, y].")
    try:
        x, y = (float(number) for number in value)
    except (TypeError, ValueError):
        raise refuse("must be a point of two numbers", "Write it as [x, y].") from None
    if not (0 <= x <= 1 and 0 <= y <= 1):
        raise refuse(
            f"[{x:g}, {y:g}] lies off the picture",
            "x and y are shares of its width and height, 0 to 1; divide pixels by the picture's size.",
        )
    return x, y


def polygon(points: tuple[Point, ...]) -> tuple[Point, ...]:
    """The same points, or the reason why they bound no area."""
    if len(points) < 3:
        raise refuse(f"has {len(points)} points", "A polygon needs at least 3.")
    for i, j in combinations(range(len(points)), 2):
        if points[i] == points[j]:
            raise refuse(f"points [{i}] and [{j}] are the same", "Give each corner once; the polygon closes by itself.")
    crossing = _crossing(points)
    if crossing:
        i, j = crossing
        raise refuse(
            f"crosses itself: the edge after point [{i}] meets the edge after point [{j}]",
            "Give the corners in order, walking round the zone.",
        )
    if area(points) < MIN_AREA:
        raise refuse(
            f"is too small: {area(points):.2g} of the picture", f"A zone needs at least {MIN_AREA:g} of its area."
        )
    return points


def polyline(points: tuple[Point, ...]) -> tuple[Point, ...]:
    """The same points, or the reason why they are no line."""
    if not 2 <= len(points) <= 16:
        raise refuse(f"has {len(points)} points", "A line has two ends, and at most 14 corners between them.")
    for i, (start, end) in enumerate(pairwise(points)):
        if (length := math.dist(start, end)) < MIN_LENGTH:
            raise refuse(
                f"has no length after point [{i}]: {length:.2g}",
                f"Its points must be at least {MIN_LENGTH:g} apart.",
            )
    sides = list(pairwise(points))
    for (i, first), (j, second) in combinations(enumerate(sides), 2):
        if (j == i + 1 and _folds_back(*first, second[1])) or (j > i + 1 and _meet(*first, *second)):
            raise refuse(
                f"crosses itself: the part after point [{i}] meets the part after point [{j}]",
                "Nobody could say which side is which.",
            )
    return points


def within(inner: tuple[Point, ...], outer: tuple[Point, ...]) -> bool:
    """Whether all of one polygon lies in another, by its corners and because their sides do not meet."""
    sides = [(a, b) for a, b in pairwise((*outer, outer[0]))]
    crossing = any(_meet(*one, *side) for one in pairwise((*inner, inner[0])) for side in sides)
    return not crossing and _odd(inner[0], sides)


def _odd(point: Point, sides: list[tuple[Point, Point]]) -> bool:
    x, y = point
    met = [(y1 > y) != (y2 > y) and x < x1 + (y - y1) * (x2 - x1) / (y2 - y1) for (x1, y1), (x2, y2) in sides]
    return sum(met) % 2 == 1


def area(points: tuple[Point, ...]) -> float:
    """Share of the picture."""
    return abs(sum(a[0] * b[1] - b[0] * a[1] for a, b in pairwise((*points, points[0])))) / 2


def _crossing(points: tuple[Point, ...]) -> tuple[int, int] | None:
    """The first two edges that meet elsewhere than in the corner they share."""
    edges = list(pairwise((*points, points[0])))
    for (i, first), (j, second) in combinations(enumerate(edges), 2):
        if j == i + 1 or (i == 0 and j == len(edges) - 1):
            before, after = (first, second) if j == i + 1 else (second, first)
            if _folds_back(*before, after[1]):
                return i, j
        elif _meet(*first, *second):
            return i, j
    return None


def _turn(a: Point, b: Point, c: Point) -> float:
    """Above 0 when a → b → c turns clockwise on the picture, 0 when straight on or back."""
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])


def _folds_back(a: Point, corner: Point, b: Point) -> bool:
    forward = (corner[0] - a[0]) * (b[0] - corner[0]) + (corner[1] - a[1]) * (b[1] - corner[1])
    return _turn(a, corner, b) == 0 and forward < 0


def _between(a: Point, b: Point, c: Point) -> bool:
    """c lies on the straight line through a and b: is it between them?"""
    return min(a[0], b[0]) <= c[0] <= max(a[0], b[0]) and min(a[1], b[1]) <= c[1] <= max(a[1], b[1])


def _meet(a: Point, b: Point, c: Point, d: Point) -> bool:
    """Do the edges a–b and c–d have a point in common?"""
    turns = _turn(a, b, c), _turn(a, b, d), _turn(c, d, a), _turn(c, d, b)
    if turns[0] * turns[1] < 0 and turns[2] * turns[3] < 0:
        return True
    ends = ((a, b, c), (a, b, d), (c, d, a), (c, d, b))
    return any(turn == 0 and _between(*end) for turn, end in zip(turns, ends, strict=True))
