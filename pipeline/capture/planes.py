"""A decoded picture's planes as arrays, without copying."""

from __future__ import annotations

from typing import Any, NamedTuple, cast

import av
import numpy as np
from av.video.reformatter import ColorRange

from pipeline.types import Pixels

_PLANAR = {"yuv420p", "yuvj420p", "yuv422p", "yuvj422p", "yuv444p", "yuvj444p"}


class Turn(NamedTuple):
    """From a picture as it is stored to one as it is to be seen: rows and columns change places, then come mirrored."""

    transposed: bool = False
    leftwards: bool = False
    upwards: bool = False

    def of(self, plane: Pixels) -> Pixels:
        """A view of the plane."""
        plane = plane.T if self.transposed else plane
        return plane[:: -1 if self.upwards else 1, :: -1 if self.leftwards else 1]


def planes(picture: av.VideoFrame, turn: Turn | None = None) -> tuple[Pixels, tuple[Pixels, Pixels] | None, bool]:
    """Luma (h, w), chroma (U, V) or None, and whether the values use the full range; turned as they are to be seen.

    The arrays are views that keep the decoder's buffer alive; never write to them, the decoder still refers to it.
    Formats other than planar 8-bit YUV and grey are converted first, which copies.
    """
    luma, chroma, full_range = _stored(picture)
    turn = turn or Turn()
    upright = chroma and (turn.of(chroma[0]), turn.of(chroma[1]))
    return turn.of(luma), upright, full_range


def _stored(picture: av.VideoFrame) -> tuple[Pixels, tuple[Pixels, Pixels] | None, bool]:
    name = picture.format.name
    if name.startswith("gray"):
        grey = picture if name == "gray" else picture.reformat(format="gray")
        return _view(grey, 0), None, True
    if name not in _PLANAR:
        picture = picture.reformat(format="yuv420p", dst_color_range=ColorRange.MPEG, threads=1)
        return _view(picture, 0), (_view(picture, 1), _view(picture, 2)), False
    full_range = name.startswith("yuvj") or picture.color_range == ColorRange.JPEG
    return _view(picture, 0), (_view(picture, 1), _view(picture, 2)), full_range


def _view(picture: av.VideoFrame, number: int) -> Pixels:
    plane = picture.planes[number]
    rows: Pixels = np.frombuffer(cast(Any, plane), np.uint8).reshape(-1, plane.line_size)
    return rows[: plane.height, : plane.width]
