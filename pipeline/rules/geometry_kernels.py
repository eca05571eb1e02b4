"""The Numba loops of zones, and nothing else: serial, without the GIL. Meanings: `area`, `geometry`.

Explicit signatures compile them at import, once a machine: `cache=True` keeps the result (warm it before forking).
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from pipeline.compiled import nb

_CORNERS = nb.float64[:, ::1]
_STARTS = nb.int64[::1]
_PLACE = nb.types.Tuple((nb.boolean, nb.float64, nb.int64))  # type: ignore[no-untyped-call]


@nb.njit(nb.boolean(nb.float64, nb.float64, _CORNERS, _STARTS), cache=True, nogil=True)
def holds(x: float, y: float, corners: NDArray[np.float64], starts: NDArray[np.int64]) -> bool:
    """Even–odd rule over all rings; ring `n` has the rows `starts[n]` up to `starts[n + 1]` of `corners` (k, 2)."""
    odd = False
    for ring in range(len(starts) - 1):
        first, end = starts[ring], starts[ring + 1]
        for here in range(first, end):
            there = here + 1 if here + 1 < end else first
            x1, y1, x2, y2 = corners[here, 0], corners[here, 1], corners[there, 0], corners[there, 1]
            if (y1 > y) != (y2 > y) and x < x1 + (y - y1) * (x2 - x1) / (y2 - y1):
                odd = not odd
    return odd


@nb.njit(
    _PLACE(nb.float64, nb.float64, nb.float64, nb.float64, nb.float64, _CORNERS, _STARTS, nb.float64[::1]),
    cache=True,
    nogil=True,
)
def place(
    px: float,
    py: float,
    x: float,
    y: float,
    aspect: float,
    corners: NDArray[np.float64],
    starts: NDArray[np.int64],
    meets: NDArray[np.float64],
) -> tuple[bool, float, int]:
    """Whether (x, y) is in; its distance from the nearest border, in picture heights; how often the way from (px, py)
    meets a border: where on it, is in `meets` (as long as `corners`), ascending."""
    nearest, count = np.inf, 0
    dx, dy = x - px, y - py
    for ring in range(len(starts) - 1):
        first, end = starts[ring], starts[ring + 1]
        for here in range(first, end):
            there = here + 1 if here + 1 < end else first
            ax, ay, bx, by = corners[here, 0], corners[here, 1], corners[there, 0], corners[there, 1]
            ex, ey = (bx - ax) * aspect, by - ay
            far = ((x - ax) * aspect * ex + (y - ay) * ey) / max(ex * ex + ey * ey, 1e-12)
            far = min(max(far, 0.0), 1.0)
            nearest = min(nearest, math.hypot((x - (ax + (bx - ax) * far)) * aspect, y - (ay + (by - ay) * far)))
            cross = dx * (by - ay) - dy * (bx - ax)
            if cross == 0:
                continue
            along = ((ax - px) * (by - ay) - (ay - py) * (bx - ax)) / cross
            across = ((ax - px) * dy - (ay - py) * dx) / cross
            if 0 <= along <= 1 and 0 <= across <= 1:
                slot = count
                while slot > 0 and meets[slot - 1] > along:
                    meets[slot] = meets[slot - 1]
                    slot -= 1
                meets[slot] = along
                count += 1
    return holds(x, y, corners, starts), nearest, count


@nb.njit(
    nb.void(
        nb.uint8[:, ::1],
        nb.float64[:, ::1],
        nb.int64[:, ::1],
        nb.int64[::1],
        nb.uint8[::1],
        nb.float64[:, :, ::1],
        nb.float64[:, :, ::1],
        nb.float64[::1],
        nb.float64,
        nb.float64,
        nb.int64[::1],
        nb.float64[:, ::1],
        _CORNERS,
        _STARTS,
        _STARTS,
        nb.float64,
        nb.uint8[:, ::1],
    ),
    cache=True,
    nogil=True,
)
def stir(
    codes: NDArray[np.uint8],
    due: NDArray[np.float64],
    skipped: NDArray[np.int64],
    columns: NDArray[np.int64],
    seen: NDArray[np.uint8],
    before: NDArray[np.float64],
    now: NDArray[np.float64],
    heights: NDArray[np.float64],
    at: float,
    aspect: float,
    anchors: NDArray[np.int64],
    bounds: NDArray[np.float64],
    corners: NDArray[np.float64],
    rings: NDArray[np.int64],
    zones: NDArray[np.int64],
    clear: float,
    busy: NDArray[np.uint8],
) -> None:
    """Of which rule (row) and person something may happen now, into `busy` (m, n); of the others it is counted.

    `codes`, `due` and `skipped` (m, c) are of rules and columns, `columns` (n,) those of the people; `seen` (n,) is 0
    for who is gone, 1 for who coasts, 2 for who is new, 3 for who is seen again. `before` and `now` (k, n, 2) are their
    anchors, of each kind `anchors` (m,). `bounds` (m, 4) are zones' corners, `corners`, `rings` and `zones` their
    rings: those of rule `j` are `zones[j]` up to `zones[j + 1]`. Who is nearer to a zone than `clear` heights is near.
    """
    for j in range(len(anchors)):
        kind = anchors[j]
        x1, y1, x2, y2 = bounds[j, 0], bounds[j, 1], bounds[j, 2], bounds[j, 3]
        for i in range(len(columns)):
            c = columns[i]
            code, is_seen = codes[j, c], seen[i]
            busy[j, i] = 1
            if code == 0 or is_seen == 2:
                continue
            if is_seen < 2:
                busy[j, i] = 1 if code >= 2 and (is_seen == 0 or at >= due[j, c]) else 0
                continue
            x, y = now[kind, i, 0], now[kind, i, 1]
            if code != 2:
                if at >= due[j, c]:
                    continue
                px, py = before[kind, i, 0], before[kind, i, 1]
                down = clear * heights[i]
                across = down / aspect
                if (
                    max(px, x) + across < x1
                    or min(px, x) - across > x2
                    or max(py, y) + down < y1
                    or min(py, y) - down > y2
                ):
                    busy[j, i] = 0
                    skipped[j, c] += 1
            elif at < due[j, c] and holds(x, y, corners, rings[zones[j] : zones[j + 1] + 1]):
                busy[j, i] = 0
                skipped[j, c] += 1
