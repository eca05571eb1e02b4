"""The Numba loops of motion detection, and nothing else: serial, without the GIL, without allocation.

Explicit signatures compile them at import, once a machine: `cache=True` keeps the result (warm it before forking).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pipeline.perceive.compiled import nb

_LUMA = nb.types.Array(nb.uint8, 2, "A", readonly=True)


@nb.njit(nb.void(_LUMA, nb.int64, nb.float32[:, ::1]), cache=True, nogil=True)
def block_means(luma: NDArray[np.uint8], block: int, means: NDArray[np.float32]) -> None:
    """Mean grey of each `block` × `block` square of `luma` (h, w) into `means` (h // block, w // block).

    Every second row is read: neighbours differ little, and reading is what it costs.
    """
    rows, columns = means.shape
    scale = np.float32(1.0 / (((block + 1) // 2) * block))
    for r in range(rows):
        for c in range(columns):
            total = 0
            for y in range(r * block, r * block + block, 2):
                for x in range(c * block, c * block + block):
                    total += int(luma[y, x])
            means[r, c] = total * scale


_PLANE = nb.float32[:, ::1]
_FLOAT = nb.float32


@nb.njit(
    nb.int64(_PLANE, _PLANE, _PLANE, nb.uint8[:, ::1], _FLOAT, _FLOAT, _FLOAT, _FLOAT, _FLOAT),
    cache=True,
    nogil=True,
)
def compare_and_learn(
    cells: NDArray[np.float32],
    background: NDArray[np.float32],
    noise: NDArray[np.float32],
    mask: NDArray[np.uint8],
    shift: float,
    floor: float,
    times_noise: float,
    learn: float,
    absorb: float,
) -> int:
    """Mark in `mask` (0 or 1) the cells that differ from the background; returns how many.

    A cell differs by more than `floor` grey levels and `times_noise` times its usual deviation, after the `shift` of
    the whole picture. Quiet cells teach background and noise at rate `learn`, the others the background at `absorb`
    (both 0–1). All planes (rows, columns); `background` and `noise` are updated in place.
    """
    count = 0
    rows, columns = cells.shape
    for r in range(rows):
        for c in range(columns):
            difference = cells[r, c] - background[r, c] - shift
            size = abs(difference)
            if size > max(floor, times_noise * noise[r, c]):
                mask[r, c] = 1
                count += 1
                background[r, c] += absorb * (difference + shift)
            else:
                mask[r, c] = 0
                background[r, c] += learn * (difference + shift)
                noise[r, c] += learn * (size - noise[r, c])
    return count
