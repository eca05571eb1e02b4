"""Points, segments and polygons, all in normalised picture coordinates (x, y in 0–1, origin top left).

Not here: pixels, boxes, time.
"""

from __future__ import annotations

from math import hypot

from pipeline.types import Point

Polygon = tuple[Point, ...]
Segment = tuple[Point, Point]


def edges(polygon: Polygon) -> list[Segment]:
    """The sides, closed."""
    return list(zip(polygon, polygon[1:] + polygon[:1], strict=True))


def along(path: Segment, fraction: float) -> Point:
    """The point at `fraction` (0–1) of the way."""
    (px, py), (qx, qy) = path
    return px + (qx - px) * fraction, py + (qy - py) * fraction


def distance(a: Point, b: Point, aspect: float = 1.0) -> float:
    """In picture heights, `aspect` being width over height of the picture."""
    return hypot((a[0] - b[0]) * aspect, a[1] - b[1])


def beside(point: Point, line: Segment, aspect: float = 1.0) -> float:
    """Distance from the endless line, in picture heights; its sign tells the sides apart."""
    (ax, ay), (bx, by) = line
    dx, dy = (bx - ax) * aspect, by - ay
    return (dx * (point[1] - ay) - dy * (point[0] - ax) * aspect) / hypot(dx, dy)


def between(point: Point, line: Segment, aspect: float = 1.0, slack: tuple[float, float] = (0.0, 0.0)) -> bool:
    """Whether a point of the endless line lies between the ends of `line`, or beyond one by its `slack`, in picture
    heights."""
    from_start, length = _along_line(point, line, aspect)
    return -slack[0] <= from_start <= length + slack[1]


def beyond(point: Point, line: Segment, aspect: float, endless: tuple[bool, bool]) -> float:
    """Distance from `line`, in picture heights; an `endless` end goes on for ever."""
    from_start, length = _along_line(point, line, aspect)
    over = 0.0
    if from_start < 0 and not endless[0]:
        over = -from_start
    elif from_start > length and not endless[1]:
        over = from_start - length
    return hypot(over, beside(point, line, aspect))


def _along_line(point: Point, line: Segment, aspect: float) -> tuple[float, float]:
    """How far along the endless line the point is nearest, from its start, and how long the line is."""
    (ax, ay), (bx, by) = line
    dx, dy = (bx - ax) * aspect, by - ay
    length = hypot(dx, dy)
    return ((point[0] - ax) * aspect * dx + (point[1] - ay) * dy) / length, length


def heading(path: Segment, line: Segment) -> tuple[float, float]:
    """Which way `path` crosses `line`: its part at right angles to the line, (right, down)."""
    (px, py), (qx, qy) = path
    (ax, ay), (bx, by) = line
    nx, ny = by - ay, ax - bx
    towards = (qx - px) * nx + (qy - py) * ny
    return nx * towards, ny * towards


def clipped(polygon: Polygon, box: tuple[float, float, float, float]) -> Polygon:
    """What of `polygon` lies in `box` (x1, y1, x2, y2), by Sutherland and Hodgman 1974. Parts of it that are apart hang
    together by sides of no width."""
    points: list[Point] = list(polygon)
    for axis, sign, limit in ((0, 1, box[0]), (1, 1, box[1]), (0, -1, box[2]), (1, -1, box[3])):
        found: list[Point] = []
        for a, b in zip(points, points[1:] + points[:1], strict=True):
            before, after = (sign * (point[axis] - limit) for point in (a, b))
            if before >= 0:
                found.append(a)
            if (before >= 0) is not (after >= 0):
                found.append(along((a, b), before / (before - after)))
        points = found
        if not points:
            return ()
    return tuple(points)


def size(polygon: Polygon) -> float:
    """The area of it, of the unit square's; 0 of none."""
    return abs(sum(ax * by - bx * ay for (ax, ay), (bx, by) in edges(polygon))) / 2 if polygon else 0.0
