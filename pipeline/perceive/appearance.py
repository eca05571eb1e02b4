"""What people look like, in a few numbers: the colours of the upper and of the lower body, from the decoder's planes.

It tells apart who is dressed differently, for as long as the light stays, and nobody else; that is enough for two
people who meet, and no identity that could be kept. Colour histograms compared by the Bhattacharyya coefficient, as
in Comaniciu, Ramesh and Meer 2003. Not here: what the tracker makes of it (`track`).
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from pipeline.frame import Frame
from pipeline.perceive.looks_kernels import levels
from pipeline.perceive.track_kernels import unlike
from pipeline.types import Boxes

Looks: TypeAlias = NDArray[np.float32]
"""(n, SIZE) float32 of 0–1, in steps of 1/255; a row of zeros is somebody of whom nothing could be told."""

# Jacket and trousers, as shares of a box: x1, y1, x2, y2. Not its edges, which show the background.
_BANDS = np.array([[0.28, 0.20, 0.72, 0.48], [0.30, 0.56, 0.70, 0.86]], np.float32)
_ACROSS, _DOWN = 9, 13
_LUMA_BINS, _CHROMA_BINS = 8, 10
# A box that the picture's lower edge ends, and that is not so much taller than wide, shows no legs.
_AT_EDGE, _WITH_LEGS = 0.015, 1.8
# Clothes are seldom more colourful than that; chroma has 128 for grey.
_CHROMA = (80.0, 176.0)
_STEPS = np.float32(255)
_CHANNELS = (_LUMA_BINS, _CHROMA_BINS, _CHROMA_BINS)
SIZE = len(_BANDS) * sum(_CHANNELS)
STARTS = np.cumsum([0, *_CHANNELS * len(_BANDS)], dtype=np.int64)
"""Where each histogram of a row begins, and where the last one ends."""


def _to_bands() -> NDArray[np.float32]:
    """The matrix (4, 8) that turns boxes (n, 4) into their bands (n, 8)."""
    matrix = np.zeros((4, 8), np.float32)
    for column, share in enumerate(_BANDS.ravel()):
        matrix[column % 2, column], matrix[column % 2 + 2, column] = 1 - share, share
    return matrix


_TO_BANDS = _to_bands()


def describe(frame: Frame, boxes: Boxes) -> Looks:
    """The looks of people in `boxes` (n, 4): roots of histograms, so that a product is a Bhattacharyya coefficient."""
    looks = np.zeros((len(boxes), SIZE), np.float32)
    if not len(boxes):
        return looks
    shares = boxes / np.array([frame.aspect, 1.0] * 2, np.float32)
    parts = np.asarray((shares @ _TO_BANDS).reshape(-1, 4), np.float32)
    rows, start = looks.reshape(len(parts), -1), 0
    for plane, bins, (low, high) in _planes(frame):
        if plane is not None:
            levels(plane, parts, _ACROSS, _DOWN, low, high, rows[:, start : start + bins])
        start += bins
    looks[without_legs(boxes)] = 0
    return np.asarray(np.rint(np.sqrt(looks) * _STEPS) / _STEPS, np.float32)


def packed(looks: Looks) -> bytes:
    """A byte for each number: what `describe` says is lost in nothing."""
    return bytes(np.rint(looks * _STEPS).astype(np.uint8).data)


def unpacked(told: bytes) -> Looks:
    """The same, back."""
    return np.asarray(np.frombuffer(told, np.uint8).astype(np.float32) / _STEPS, np.float32).reshape(-1, SIZE)


def without_legs(boxes: Boxes) -> NDArray[np.bool_]:
    """Who of `boxes` (n, 4) is in the picture with the upper body only: cut off by its lower edge, and broad for that.

    The bands of such a box are not those of a whole body.
    """
    wide, tall = boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1]
    return np.asarray((boxes[:, 3] > 1 - _AT_EDGE) & (tall < _WITH_LEGS * wide), np.bool_)


def _planes(frame: Frame) -> list[tuple[NDArray[np.uint8] | None, int, tuple[float, float]]]:
    u, v = frame.chroma or (None, None)
    luma = (0.0, 255.0) if frame.full_range else (16.0, 235.0)
    return [(frame.luma, _LUMA_BINS, luma), (u, _CHROMA_BINS, _CHROMA), (v, _CHROMA_BINS, _CHROMA)]


def unlikeness(a: Looks, b: Looks) -> NDArray[np.float64]:
    """How different (n, m) the looks `a` (n, SIZE) and `b` (m, SIZE) are, 0–1; NaN where there is nothing to compare.

    The Hellinger distance of each histogram, averaged over those that both have.
    """
    out = np.full((len(a), len(b)), np.nan)
    if out.size:
        unlike(a, b, STARTS, out)
    return out
