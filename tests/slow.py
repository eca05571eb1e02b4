"""Obviously right twins of the kernels and of the geometry: slow, plain, and written from the definition."""

from __future__ import annotations

from itertools import pairwise, permutations
from math import atan2, pi

import numpy as np
from numpy.typing import NDArray

from pipeline.rules.geometry import Polygon, Segment, along, distance, edges
from pipeline.types import Point

Plane = NDArray[np.float32]


def cell_means(luma: NDArray[np.uint8], side: int) -> Plane:
    """Mean of each whole square; an even number across."""
    h, w = luma.shape
    means = np.zeros((h // side, w // side // 2 * 2), np.float32)
    for r, c in np.ndindex(means.shape):
        means[r, c] = luma[r * side : (r + 1) * side, c * side : (c + 1) * side].astype(np.float64).mean()
    return means


def told_changes(
    cells: Plane, background: Plane, moved: NDArray[np.bool_]
) -> tuple[dict[int, tuple[float, float]], float]:
    """Of every second cell that has not moved: mean level and median change of each band of 32 levels that one in 20
    belongs to, and the median of all; changes in quarters of a level."""
    looked_at = (np.indices(cells.shape).sum(0) % 2 == 0) & ~moved
    levels, changes = background[looked_at], np.clip(np.rint((cells - background)[looked_at] * 4) / 4, -32, 32)
    bands = np.clip(levels.astype(int) // 32, 0, 7)
    told = {
        int(band): (float(levels[bands == band].mean()), float(_lower_median(changes[bands == band])))
        for band in np.unique(bands)
        if 20 * (bands == band).sum() >= bands.size
    }
    return told, float(_lower_median(changes))


def _lower_median(values: Plane) -> float:
    return float(np.sort(values)[(values.size - 1) // 2])


def compared(cells: Plane, background: Plane, earlier: Plane, limit: Plane) -> NDArray[np.uint8]:
    """0 as the background, 1 as earlier, 2 between the darkest and the brightest of nine in one of them, 3 new.

    Half of what is between those two goes on either side.
    """
    found = np.full(cells.shape, 3, np.uint8)
    for r, c in np.ndindex(cells.shape):
        value, off = cells[r, c], limit[r, c]
        if abs(value - background[r, c]) <= off:
            found[r, c] = 0
        elif abs(value - earlier[r, c]) <= off:
            found[r, c] = 1
        else:
            for plane in (background, earlier):
                nine = plane[max(r - 1, 0) : r + 2, max(c - 1, 0) : c + 2]
                wide = off + np.float32(0.5) * (nine.max() - nine.min())
                if nine.min() - wide <= value <= nine.max() + wide:
                    found[r, c] = 2
    return found


def settled(
    value: float, known: dict[str, float], curve: Plane, how: tuple[float, float, float, float, float, float]
) -> dict[str, float]:
    """What is known of one cell after a picture, and whether it was as its background (`quiet`)."""
    floor, times_noise, rate, slowly, elapsed, forget_s = how
    now, then, after = known["background"], known["earlier"], dict(known)
    toned, toned_then = (float(curve[0, int(np.clip(level, 0, 255))]) for level in (now, then))
    limit = max(floor, times_noise * known["noise"]) + float(curve[1, int(np.clip(now, 0, 255))])
    off, off_then = value - now - toned, value - then - toned_then
    after["quiet"] = float(abs(off) <= limit)
    after["background"], after["earlier"] = now + rate * toned, then + rate * toned_then
    if not after["quiet"]:
        return after
    after["background"] += rate * off
    after["noise"] += rate * (abs(off) - known["noise"])
    after["lasted"] = max(known["lasted"] - elapsed, 0.0)
    alike = abs(off_then) <= limit
    after["parted"] = 0.0 if alike else known["parted"] + elapsed
    after["earlier"] += slowly * off_then if alike else 0.0
    if after["parted"] > forget_s:
        after["earlier"], after["parted"] = value - toned, 0.0
    return after


def least_total(cost: NDArray[np.float64], limit: float) -> float:
    """The least total of all ways to pair rows with columns, where leaving a row or column alone costs `limit`.

    Pairs are counted on the shorter side only: every one of it has a partner or costs the limit.
    """
    cost = np.minimum(cost, limit)
    if cost.shape[0] > cost.shape[1]:
        cost = cost.T
    rows, columns = cost.shape
    ways = permutations(range(columns), rows)
    return min(sum(cost[row, column] for row, column in enumerate(way)) for way in ways)


def winds_around(point: tuple[float, float], polygon: tuple[tuple[float, float], ...]) -> bool:
    """Walk along the border, looking at the point: who is inside has been turned around once."""
    turned = 0.0
    for (x1, y1), (x2, y2) in zip(polygon, (*polygon[1:], polygon[0]), strict=True):
        step = atan2(y2 - point[1], x2 - point[0]) - atan2(y1 - point[1], x1 - point[0])
        turned += (step + pi) % (2 * pi) - pi
    return abs(turned) > pi


def overlap(a: Plane, b: Plane, grow: tuple[float, float]) -> float:
    """Intersection over union of two boxes, all sides moved out."""
    (x1, y1, x2, y2), (u1, v1, u2, v2) = (
        (box[0] - grow[0], box[1] - grow[1], box[2] + grow[0], box[3] + grow[1]) for box in (a, b)
    )
    common = max(0.0, min(x2, u2) - max(x1, u1)) * max(0.0, min(y2, v2) - max(y1, v1))
    return float(common / ((x2 - x1) * (y2 - y1) + (u2 - u1) * (v2 - v1) - common))


def crowding(boxes: Plane, hides: float) -> tuple[list[float], list[bool]]:
    """How much of each another one covers; whose feet are behind somebody who reaches lower."""
    covered, hidden = [], []
    for i, (x1, y1, x2, y2) in enumerate(boxes.astype(np.float64)):
        others = np.delete(boxes, i, axis=0)
        wide = [max(0.0, min(x2, o[2]) - max(x1, o[0])) for o in others]
        tall = [max(0.0, min(y2, o[3]) - max(y1, o[1])) for o in others]
        covered.append(max((w * h / ((x2 - x1) * (y2 - y1)) for w, h in zip(wide, tall, strict=True)), default=0.0))
        hidden.append(any(o[1] < y2 < o[3] and w > hides * (x2 - x1) for o, w in zip(others, wide, strict=True)))
    return covered, hidden


Belief = tuple[NDArray[np.float64], NDArray[np.float64]]


def predicted(state: NDArray[np.float64], cov: NDArray[np.float64], seconds: float, noise: float) -> Belief:
    """State (2,) and covariance (2, 2) of place and rate after some seconds of white noise in the acceleration."""
    step = np.array([[1, seconds], [0, 1]])
    shaken = noise**2 * np.array([[seconds**3 / 3, seconds**2 / 2], [seconds**2 / 2, seconds]])
    return step @ state, step @ cov @ step.T + shaken


def corrected(state: NDArray[np.float64], cov: NDArray[np.float64], seen: float, noise: float) -> Belief:
    """The same after the place was measured."""
    look = np.array([[1.0, 0.0]])
    gain = cov @ look.T / (look @ cov @ look.T + noise**2)
    return state + gain[:, 0] * (seen - state[0]), (np.eye(2) - gain @ look) @ cov


def levels(
    plane: NDArray[np.uint8], parts: Plane, across: int, down: int, low: float, high: float, bins: int
) -> NDArray[np.float64]:
    """Histograms of the points of each part that lie on the plane; zeros where that are less than half."""
    out = np.zeros((len(parts), bins))
    for n, (x1, y1, x2, y2) in enumerate(parts.astype(np.float64)):
        values = []
        for r, c in np.ndindex(down, across):
            y = int(np.floor((y1 + (r + 0.5) / down * (y2 - y1)) * plane.shape[0]))
            x = int(np.floor((x1 + (c + 0.5) / across * (x2 - x1)) * plane.shape[1]))
            if 0 <= y < plane.shape[0] and 0 <= x < plane.shape[1]:
                values.append(float(plane[y, x]))
        if 2 * len(values) < across * down:
            continue
        for value in values:
            place = min(max((value - low) / (high - low) * (bins - 1), 0.0), bins - 1.001)
            out[n, int(place)] += (1 - place % 1) / len(values)
            out[n, int(place) + 1] += place % 1 / len(values)
    return out


def unlike(a: Plane, b: Plane, starts: NDArray[np.int64]) -> NDArray[np.float64]:
    """Hellinger distances of the histograms that both have, averaged; NaN where there are none."""
    out = np.full((len(a), len(b)), np.nan)
    for i, j in np.ndindex(out.shape):
        parts = [(a[i, s:e].astype(np.float64), b[j, s:e]) for s, e in pairwise(starts)]
        apart = [max(0.0, 1 - float(p @ q)) ** 0.5 for p, q in parts if p.any() and q.any()]
        if apart:
            out[i, j] = sum(apart) / len(apart)
    return out


def inside(point: Point, polygon: Polygon) -> bool:
    """Even–odd rule; a point on the edge may fall either way."""
    x, y = point
    odd = False
    for (x1, y1), (x2, y2) in edges(polygon):
        if (y1 > y) != (y2 > y) and x < x1 + (y - y1) * (x2 - x1) / (y2 - y1):
            odd = not odd
    return odd


def meeting(path: Segment, side: Segment) -> float | None:
    """How far along `path` (0–1) it meets `side`; None where they do not meet or are parallel."""
    (px, py), (qx, qy) = path
    (ax, ay), (bx, by) = side
    dx, dy, ex, ey = qx - px, qy - py, bx - ax, by - ay
    cross = dx * ey - dy * ex
    if cross == 0:
        return None
    along = ((ax - px) * ey - (ay - py) * ex) / cross
    across = ((ax - px) * dy - (ay - py) * dx) / cross
    return along if 0 <= along <= 1 and 0 <= across <= 1 else None


def meetings(path: Segment, polygon: Polygon) -> list[float]:
    """Where along `path` (0–1, ascending) it meets the border of `polygon`."""
    return sorted(at for side in edges(polygon) if (at := meeting(path, side)) is not None)


def from_polygon(point: Point, polygon: Polygon, aspect: float = 1.0) -> float:
    """Distance from the border, in picture heights."""
    return min(distance(point, _nearest(point, side, aspect), aspect) for side in edges(polygon))


def _nearest(point: Point, side: Segment, aspect: float) -> Point:
    """The point of `side` nearest to `point`."""
    (ax, ay), (bx, by) = side
    dx, dy = (bx - ax) * aspect, by - ay
    along_side = ((point[0] - ax) * aspect * dx + (point[1] - ay) * dy) / max(dx * dx + dy * dy, 1e-12)
    return along(side, min(max(along_side, 0.0), 1.0))
