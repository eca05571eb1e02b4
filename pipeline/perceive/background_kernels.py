"""The Numba loops of the background, and nothing else: serial, without the GIL, without allocation.

Explicit signatures compile them at import, once a machine: `cache=True` keeps the result (warm it before forking).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pipeline.perceive.compiled import nb

_PLANE, _MASK, _FLOAT = nb.float32[:, ::1], nb.uint8[:, ::1], nb.float32

BANDS, STEPS = 8, 257
"""Shape of the histograms of `tone_curve`: bands of 32 grey levels; changes from -32 to 32, in quarters of a level."""
OFFSETS = 9
"""How many ways `mismatch` lays the background over the picture: 3 down, 3 across."""
BACKGROUND, EARLIER, BESIDE, NEW = 0, 1, 2, 3
"""What `settle` and `judge` find a cell to be."""
_BLACK = np.float32(16.0)
# A band counts with so many of the cells that were looked at: one in 20.
_SHARE = 20
# An edge of which cells hold a part is paler than when it fills one: by so much of the range it is seen in.
_BLURRED = np.float32(0.5)
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
def _changed(curve: NDArray[np.float32], level: float) -> np.float32:
    return np.float32(curve[0, min(max(int(level), 0), 255)])


@nb.njit(cache=True, nogil=True)
def _unsure(curve: NDArray[np.float32], level: float) -> np.float32:
    return np.float32(curve[1, min(max(int(level), 0), 255)])


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
        for c in range(width):
            toned[r, c] = background[r, c] + _changed(curve, background[r, c])
    for k in range(OFFSETS):
        down, across = 1 - k // 3, 1 - k % 3
        line[:] = 0.0
        for r in range(1, rows - 1):
            here, there = cells[r], toned[r + down]
            for c in range(1, width - 1):
                line[c] += min(abs(here[c] - there[c + across]), _MOST)
        totals[k] = line.sum()


@nb.njit(cache=True, nogil=True)
def _within(plane: NDArray[np.float32], curve: NDArray[np.float32], r: int, c: int, value: float, limit: float) -> bool:
    """Whether a cell is no darker and no brighter than what is there and beside it, or half its range more or less."""
    low, high = np.float32(1e9), np.float32(-1e9)
    for y in range(max(r - 1, 0), min(r + 2, plane.shape[0])):
        for x in range(max(c - 1, 0), min(c + 2, plane.shape[1])):
            level = plane[y, x] + _changed(curve, plane[y, x])
            low, high = min(low, level), max(high, level)
    off = limit + _BLURRED * (high - low)
    return bool(low - off <= value <= high + off)


@nb.njit(nb.int64(*[_PLANE] * 7, *[_FLOAT] * 6, _MASK), cache=True, nogil=True)
def settle(
    cells: NDArray[np.float32],
    background: NDArray[np.float32],
    earlier: NDArray[np.float32],
    noise: NDArray[np.float32],
    lasted: NDArray[np.float32],
    parted: NDArray[np.float32],
    curve: NDArray[np.float32],
    floor: float,
    times_noise: float,
    rate: float,
    slowly: float,
    elapsed: float,
    forget_s: float,
    found: NDArray[np.uint8],
) -> int:
    """Learn from the cells that are as their background; `found` is BACKGROUND there, else NEW. How many are not.

    A cell is as its background if it is off it by no more than `floor` grey levels and `times_noise` times its usual
    deviation, the tone `curve` taken off. `rate` and `slowly` (0-1) are those at which background and noise, and what
    was there earlier, follow slow change; what was earlier is forgotten `forget_s` after the two have `parted`. All
    planes are (rows, columns), and change in place. Every cell does the same, whatever it is: compilers make it wide.
    """
    count = 0
    zero, top = np.float32(0.0), np.float32(255.0)
    for r in range(cells.shape[0]):
        for c in range(cells.shape[1]):
            value, now, then, usual = cells[r, c], background[r, c], earlier[r, c], noise[r, c]
            at, at_then = np.int32(min(max(now, zero), top)), np.int32(min(max(then, zero), top))
            toned, toned_then = curve[0, at], curve[0, at_then]
            limit = max(floor, times_noise * usual) + curve[1, at]
            off, off_then = value - now - toned, value - then - toned_then
            quiet = abs(off) <= limit
            alike = abs(off_then) <= limit
            apart = zero if alike else parted[r, c] + elapsed
            forgotten = apart > forget_s
            kept = then + rate * toned_then + (slowly * off_then if alike else zero)
            background[r, c] = now + rate * (toned + off if quiet else toned)
            earlier[r, c] = (value - toned if forgotten else kept) if quiet else then + rate * toned_then
            noise[r, c] = usual + rate * (abs(off) - usual) if quiet else usual
            lasted[r, c] = max(lasted[r, c] - elapsed, zero) if quiet else lasted[r, c]
            parted[r, c] = (zero if forgotten else apart) if quiet else parted[r, c]
            found[r, c] = BACKGROUND if quiet else NEW
            count += not quiet
    return count


@nb.njit(nb.int64(*[_PLANE] * 8, *[_FLOAT] * 6, _MASK, _MASK), cache=True, nogil=True)
def judge(
    cells: NDArray[np.float32],
    background: NDArray[np.float32],
    earlier: NDArray[np.float32],
    noise: NDArray[np.float32],
    candidate: NDArray[np.float32],
    lasted: NDArray[np.float32],
    parted: NDArray[np.float32],
    curve: NDArray[np.float32],
    floor: float,
    times_noise: float,
    rate: float,
    slowly: float,
    elapsed: float,
    absorb_s: float,
    found: NDArray[np.uint8],
    mask: NDArray[np.uint8],
) -> int:
    """Of the cells that `settle` left NEW: which are as EARLIER, or as what is BESIDE them; `mask` (0, 1) is the rest.

    What is back as it was earlier is background again at once. What is new but stays the same (`candidate`, for
    `lasted` seconds) becomes the background after `absorb_s`. Returns how many cells are in `mask`.
    """
    count = 0
    mask[:] = 0
    for r in range(cells.shape[0]):
        for c in range(cells.shape[1]):
            if found[r, c] != NEW:
                continue
            value = cells[r, c]
            limit = max(floor, times_noise * noise[r, c]) + _unsure(curve, background[r, c])
            toned = _changed(curve, earlier[r, c])
            off = value - earlier[r, c] - toned
            if abs(off) <= limit:
                found[r, c] = EARLIER
                background[r, c] = value - toned
                earlier[r, c] += slowly * off
                lasted[r, c], parted[r, c] = np.float32(0.0), np.float32(0.0)
                continue
            if _within(background, curve, r, c, value, limit) or _within(earlier, curve, r, c, value, limit):
                found[r, c] = BESIDE
                lasted[r, c] = max(lasted[r, c] - elapsed, np.float32(0.0))
                continue
            mask[r, c] = 1
            count += 1
            toned = _changed(curve, candidate[r, c])
            off = value - candidate[r, c] - toned
            if abs(off) > limit:
                candidate[r, c], lasted[r, c] = value - _changed(curve, value), np.float32(0.0)
                continue
            candidate[r, c] += rate * (off + toned)
            lasted[r, c] += elapsed
            if lasted[r, c] >= absorb_s:
                background[r, c], lasted[r, c], parted[r, c] = candidate[r, c], np.float32(0.0), np.float32(0.0)
    return count


@nb.njit(nb.void(nb.int32[:, ::1], _MASK, _PLANE, _PLANE, nb.float64[:, ::1]), cache=True, nogil=True)
def border_contrast(
    labels: NDArray[np.int32],
    found: NDArray[np.uint8],
    cells: NDArray[np.float32],
    background: NDArray[np.float32],
    contrast: NDArray[np.float64],
) -> None:
    """How sharply each part stands out from what is around it, into `contrast` (parts, 3).

    For each label: over its cells and the next cells in the four directions that are not NEW, up to two BESIDE ones
    passed over, the sum of the differences in the picture, the same in the background, and how many pairs there are.
    Label 0 is no part.
    """
    contrast[:] = 0.0
    rows, columns = labels.shape
    for r in range(rows):
        for c in range(columns):
            part = labels[r, c]
            if part == 0:
                continue
            for k in range(4):
                down, across = (k == 0) - (k == 1), (k == 2) - (k == 3)
                y, x = r + down, c + across
                for _ in range(2):
                    if 0 <= y < rows and 0 <= x < columns and found[y, x] == BESIDE:
                        y, x = y + down, x + across
                if 0 <= y < rows and 0 <= x < columns and found[y, x] != NEW:
                    contrast[part, 0] += abs(cells[r, c] - cells[y, x])
                    contrast[part, 1] += abs(background[r, c] - background[y, x])
                    contrast[part, 2] += 1.0
