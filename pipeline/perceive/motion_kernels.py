"""The Numba loop that makes cells of pixels: serial, without the GIL, without allocation.

Explicit signatures compile them at import, once a machine: `cache=True` keeps the result (warm it before forking).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pipeline.compiled import nb

_LUMA = nb.types.Array(nb.uint8, 2, "A", readonly=True)
_PLANE = nb.float32[:, ::1]

_U, _LANES, _LOW = np.uint64, np.uint64(0x0000FFFF0000FFFF), np.uint64(0xFFFFFFFF)


@nb.njit(cache=True, nogil=True)
def _two_rows(luma: NDArray[np.uint8], y: int, x: int) -> np.uint16:
    return np.uint16(np.uint16(luma[y, x]) + np.uint16(luma[y + 1, x]))


@nb.njit(cache=True, nogil=True)
def _pairs(word: np.uint64) -> np.uint64:
    """Of four columns in a word: the sums of the first two and of the last two, each in 32 bits."""
    return np.uint64((word & _LANES) + ((word >> _U(16)) & _LANES))


@nb.njit(cache=True, nogil=True)
def _total(pairs: np.uint64) -> np.float32:
    return np.float32((pairs + (pairs >> _U(32))) & _LOW)


@nb.njit(cache=True, nogil=True)
def _add_rows(luma: NDArray[np.uint8], y: int, cell: int, columns: NDArray[np.uint16]) -> None:
    """The sum of `cell` pixels from row `y` down, for each column. Four rows at a time: compilers make it wide."""
    if cell == 2:
        for x in range(columns.size):
            columns[x] = _two_rows(luma, y, x)
        return
    for x in range(columns.size):
        columns[x] = _two_rows(luma, y, x) + _two_rows(luma, y + 2, x)
    for z in range(y + 4, y + cell, 4):
        for x in range(columns.size):
            columns[x] += _two_rows(luma, z, x) + _two_rows(luma, z + 2, x)


@nb.njit(nb.void(_LUMA, nb.int64, nb.uint16[::1], _PLANE), cache=True, nogil=True)
def cell_means(luma: NDArray[np.uint8], cell: int, columns: NDArray[np.uint16], means: NDArray[np.float32]) -> None:
    """Mean grey of each `cell` × `cell` square of `luma` (h, w) into `means` (h // cell, an even number of columns).

    `cell` is 2, 4, 8 or 16; `columns`, scratch, has `cell` numbers for each column of `means`. Rows are added into it,
    then it is read as words of four columns, which are folded to cells.
    """
    words, scale = columns.view(np.uint64), np.float32(1.0 / (cell * cell))
    for r in range(means.shape[0]):
        line = means[r]
        _add_rows(luma, r * cell, cell, columns)
        if cell == 2:
            for c in range(words.size):
                both = _pairs(words[c])
                line[2 * c] = np.float32(both & _LOW) * scale
                line[2 * c + 1] = np.float32(both >> _U(32)) * scale
        elif cell == 4:
            for c in range(line.size):
                line[c] = _total(_pairs(words[c])) * scale
        elif cell == 8:
            for c in range(line.size):
                line[c] = _total(_pairs(words[2 * c]) + _pairs(words[2 * c + 1])) * scale
        else:
            for c in range(line.size):
                left = _pairs(words[4 * c]) + _pairs(words[4 * c + 1])
                right = _pairs(words[4 * c + 2]) + _pairs(words[4 * c + 3])
                line[c] = _total(left + right) * scale
