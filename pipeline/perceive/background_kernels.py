"""The Numba loops of the background, cell by cell: serial, without the GIL, without allocation.

Explicit signatures compile them at import, once a machine: `cache=True` keeps the result (warm it before forking).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pipeline.compiled import nb
from pipeline.perceive.tone_kernels import is_plain, look_up

_PLANE, _MASK, _FLOAT = nb.float32[:, ::1], nb.uint8[:, ::1], nb.float32

BACKGROUND, EARLIER, BESIDE, NEW = 0, 1, 2, 3
"""What `settle` and `judge` find a cell to be."""
SCRATCH = (6, 1024)
"""Shape of that of `settle`, which takes so many cells at once: they stay in the nearest cache."""
# An edge of which cells hold a part is paler than when it fills one: by so much of the range it is seen in.
_BLURRED = np.float32(0.5)
_NONE, _ALL = np.float32(0.0), np.float32(1.0)


@nb.njit(cache=True, nogil=True)
def _changed(curve: NDArray[np.float32], level: float) -> np.float32:
    return np.float32(curve[0, min(max(int(level), 0), 255)])


@nb.njit(cache=True, nogil=True)
def _unsure(curve: NDArray[np.float32], level: float) -> np.float32:
    return np.float32(curve[1, min(max(int(level), 0), 255)])


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


@nb.njit(cache=True, nogil=True)
def _limits(
    now: NDArray[np.float32],
    usual: NDArray[np.float32],
    curve: NDArray[np.float32],
    plain: bool,
    floor: float,
    times_noise: float,
    limit: NDArray[np.float32],
) -> None:
    """By how much the cells of some may be off."""
    if plain:
        limit[:] = _NONE
    else:
        look_up(now, curve[1], limit)
    for c in range(now.size):
        limit[c] = max(floor, times_noise * usual[c]) + limit[c]


@nb.njit(cache=True, nogil=True)
def _differ(
    value: NDArray[np.float32],
    now: NDArray[np.float32],
    toned: NDArray[np.float32],
    limit: NDArray[np.float32],
    off: NDArray[np.float32],
    quiet: NDArray[np.float32],
    found: NDArray[np.uint8],
) -> int:
    """How far the cells of some are `off` their background, and which are `quiet` (1, else 0); how many are not."""
    count = 0
    for c in range(value.size):
        off[c] = value[c] - now[c] - toned[c]
    for c in range(value.size):
        good = abs(off[c]) <= limit[c]
        quiet[c] = _ALL if good else _NONE
        count += good
    for c in range(value.size):
        found[c] = BACKGROUND if quiet[c] > _NONE else NEW
    return value.size - count


@nb.njit(cache=True, nogil=True)
def _learn(
    now: NDArray[np.float32],
    usual: NDArray[np.float32],
    lasted: NDArray[np.float32],
    toned: NDArray[np.float32],
    off: NDArray[np.float32],
    quiet: NDArray[np.float32],
    rate: float,
    elapsed: float,
) -> None:
    """The quiet cells of some teach their background and its noise."""
    for c in range(now.size):
        usual[c] = usual[c] + rate * (abs(off[c]) - usual[c]) if quiet[c] > _NONE else usual[c]
    for c in range(now.size):
        lasted[c] = max(lasted[c] - elapsed, _NONE) if quiet[c] > _NONE else lasted[c]
    for c in range(now.size):
        now[c] = now[c] + rate * (toned[c] + off[c] if quiet[c] > _NONE else toned[c])


@nb.njit(cache=True, nogil=True)
def _remember(
    value: NDArray[np.float32],
    then: NDArray[np.float32],
    parted: NDArray[np.float32],
    toned: NDArray[np.float32],
    toned_then: NDArray[np.float32],
    limit: NDArray[np.float32],
    off: NDArray[np.float32],
    quiet: NDArray[np.float32],
    apart: NDArray[np.float32],
    rate: float,
    slowly: float,
    elapsed: float,
    forget_s: float,
) -> None:
    """What was there earlier, of some: it follows slow change where it is as what is there now, else it ages."""
    for c in range(value.size):
        off[c] = value[c] - then[c] - toned_then[c]
    for c in range(value.size):
        apart[c] = _NONE if abs(off[c]) <= limit[c] else parted[c] + elapsed
    for c in range(value.size):
        limit[c] = then[c] + rate * toned_then[c] + (slowly * off[c] if abs(off[c]) <= limit[c] else _NONE)
    for c in range(value.size):
        known = value[c] - toned[c] if apart[c] > forget_s else limit[c]
        then[c] = known if quiet[c] > _NONE else then[c] + rate * toned_then[c]
    for c in range(value.size):
        parted[c] = (_NONE if apart[c] > forget_s else apart[c]) if quiet[c] > _NONE else parted[c]


@nb.njit(nb.int64(*[_PLANE] * 7, *[_FLOAT] * 6, _MASK, _PLANE), cache=True, nogil=True)
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
    lines: NDArray[np.float32],
) -> int:
    """Learn from the cells that are as their background; `found` is BACKGROUND there, else NEW. How many are not.

    A cell is as its background if it is off it by no more than `floor` grey levels and `times_noise` times its usual
    deviation, the tone `curve` taken off. `rate` and `slowly` (0-1) are those at which background and noise, and what
    was there earlier, follow slow change; what was earlier is forgotten `forget_s` after the two have `parted`. All
    planes are (rows, columns), and change in place; `lines` (SCRATCH) are scratch.

    Every cell does the same, whatever it is, in loops over some of them that have few planes each: compilers make them
    wide, where one loop over all planes has too many pairs that might overlap.
    """
    plain, count = is_plain(curve), 0
    toned, toned_then, limit, off, quiet, apart = lines[0], lines[1], lines[2], lines[3], lines[4], lines[5]
    toned[:], toned_then[:] = _NONE, _NONE
    for start in range(0, cells.size, toned.size):
        some = slice(start, min(start + toned.size, cells.size))
        value, now, then = cells.reshape(-1)[some], background.reshape(-1)[some], earlier.reshape(-1)[some]
        usual, age, parts = noise.reshape(-1)[some], lasted.reshape(-1)[some], parted.reshape(-1)[some]
        if not plain:
            look_up(now, curve[0], toned)
            look_up(then, curve[0], toned_then)
        _limits(now, usual, curve, plain, floor, times_noise, limit)
        count += _differ(value, now, toned, limit, off, quiet, found.reshape(-1)[some])
        _learn(now, usual, age, toned, off, quiet, rate, elapsed)
        _remember(value, then, parts, toned, toned_then, limit, off, quiet, apart, rate, slowly, elapsed, forget_s)
    return count


@nb.njit(cache=True, nogil=True)
def _any_new(found: NDArray[np.uint8]) -> bool:
    """Of a row that `settle` has left."""
    most = np.uint8(0)
    for c in range(found.size):
        most = max(most, found[c])
    return bool(most == NEW)


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
        if not _any_new(found[r]):
            continue
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
