"""The Numba loops that compare a whole picture with its background: by how much it is brighter, and turned.

Explicit signatures compile them at import, once a machine: `cache=True` keeps the result (warm it before forking).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pipeline.compiled import nb

_PLANE, _MASK = nb.float32[:, ::1], nb.uint8[:, ::1]

BANDS, STEPS = 8, 257
"""Shape of the histograms of `tone_curve`: bands of 32 grey levels; changes from -32 to 32, in quarters of a level."""
OFFSETS = 9
"""How many ways `mismatch` lays the background over the picture: 3 down, 3 across."""
_BLACK = np.float32(16.0)
# A band counts with so many of the cells that were looked at: one in 20.
_SHARE = 20
# What walks there is not to weigh more than that the rest fits.
_MOST = np.float32(20.0)


@nb.njit(cache=True, nogil=True)
def _median(counts: NDArray[np.int32], total: int) -> np.float32:
    """Of changes counted in quarters of a level."""
    seen, step = 0, 0
    while 2 * (seen + counts[step]) < total and step < counts.size - 1:
        seen += counts[step]
        step += 1
    return np.float32((step - (STEPS - 1) // 2) * 0.25)


@nb.njit(cache=True, nogil=True)
def _guess(curve: NDArray[np.float32], v: int, level: np.float32, change: np.float32) -> None:
    """Where too few cells tell: between the change of `level` and its share of it, counted from black."""
    share = change * max(np.float32(v) - _BLACK, np.float32(0.0)) / max(level - _BLACK, np.float32(1.0))
    curve[0, v] = (change + share) / 2
    curve[1, v] = abs(change - share) / 2


@nb.njit(cache=True, nogil=True)
def _count_changes(
    cells: NDArray[np.float32],
    background: NDArray[np.float32],
    mask: NDArray[np.uint8],
    counts: NDArray[np.int32],
    levels: NDArray[np.float32],
) -> None:
    """By band of the background's level: how often it changed by how much, and in `levels` the sum of the levels.

    Every second cell is looked at; those in `mask` do not count, unless that leaves fewer than one in five.
    """
    all_of_them = 5 * (mask.size - mask.sum()) < mask.size
    for r in range(cells.shape[0]):
        for c in range(r % 2, cells.shape[1], 2):
            if all_of_them or not mask[r, c]:
                level = background[r, c]
                band = min(max(int(level) // (256 // BANDS), 0), BANDS - 1)
                step = int(np.round((cells[r, c] - level) * 4)) + (STEPS - 1) // 2
                counts[band, min(max(step, 0), STEPS - 1)] += 1
                levels[band] += level


@nb.njit(nb.float32(_PLANE, _PLANE, _MASK, nb.int32[:, ::1], nb.float32[::1], _PLANE), cache=True, nogil=True)
def tone_curve(
    cells: NDArray[np.float32],
    background: NDArray[np.float32],
    mask: NDArray[np.uint8],
    counts: NDArray[np.int32],
    levels: NDArray[np.float32],
    curve: NDArray[np.float32],
) -> float:
    """By how much each of the 256 grey levels has changed everywhere; returns the change of the whole.

    Into `curve` (2, 256): the change, and how much it may be off. A camera that corrects its exposure changes bright
    levels more than dark ones. Each band of levels that one cell in 20 or more belongs to tells its median change; in
    between it is interpolated, below and above it is guessed. Cells in `mask` (0 or 1) move, and do not count. `counts`
    (BANDS, STEPS) and `levels` (BANDS) are scratch.
    """
    counts[:] = 0
    levels[:] = 0.0
    _count_changes(cells, background, mask, counts, levels)
    total = counts.sum()
    below, at_below, done = np.float32(0.0), np.float32(0.0), 0
    for band in range(BANDS):
        size = counts[band].sum()
        if size and _SHARE * size >= total:
            level, change = levels[band] / np.float32(size), _median(counts[band], size)
            last = min(int(level), 255)
            for v in range(done, last + 1):
                if done == 0:
                    _guess(curve, v, level, change)
                else:
                    nearer = (np.float32(v) - below) / (level - below)
                    curve[0, v], curve[1, v] = at_below + nearer * (change - at_below), np.float32(0.0)
            below, at_below, done = level, change, last + 1
    for v in range(done, 256):
        _guess(curve, v, below, at_below)
    for band in range(1, BANDS):
        counts[0] += counts[band]
    return float(_median(counts[0], total))


@nb.njit(cache=True, nogil=True)
def is_plain(curve: NDArray[np.float32]) -> bool:
    """Whether nothing has changed: most cameras, most of the time."""
    most = np.float32(0.0)
    for v in range(curve.shape[1]):
        most = max(most, abs(curve[0, v]), abs(curve[1, v]))
    return bool(most == 0.0)


@nb.njit(cache=True, nogil=True)
def look_up(levels: NDArray[np.float32], table: NDArray[np.float32], into: NDArray[np.float32]) -> None:
    """`table` (256) at each of `levels`."""
    for c in range(levels.size):
        into[c] = table[np.uint64(np.int32(min(max(levels[c], np.float32(0.0)), np.float32(255.0))))]


@nb.njit(nb.void(_PLANE, _PLANE, _PLANE, _PLANE, nb.float32[::1], nb.float64[::1]), cache=True, nogil=True)
def mismatch(
    cells: NDArray[np.float32],
    background: NDArray[np.float32],
    curve: NDArray[np.float32],
    toned: NDArray[np.float32],
    line: NDArray[np.float32],
    totals: NDArray[np.float64],
) -> None:
    """How badly the background fits, laid over the picture as it is and a cell off, into `totals` (9, row by row).

    `totals[3 * (down + 1) + across + 1]` is for a background that is moved `down` and `across`. `toned` (rows, columns)
    and `line` (columns) are scratch.
    """
    rows, width = cells.shape
    for r in range(rows):
        look_up(background[r], curve[0], toned[r])
        for c in range(width):
            toned[r, c] += background[r, c]
    for k in range(OFFSETS):
        down, across = 1 - k // 3, 1 - k % 3
        line[:] = 0.0
        for r in range(1, rows - 1):
            # Views, so that each index is known to be inside: compilers make it wide.
            here, there = cells[r, 1 : width - 1], toned[r + down, 1 + across : width - 1 + across]
            for c in range(here.size):
                line[c] += min(abs(here[c] - there[c]), _MOST)
        totals[k] = line.sum()
