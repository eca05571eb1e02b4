"""One decoded picture, and the parts of it that somebody asks for. Not here: where it comes from (`capture`)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.types import Boxes, Pixels, Point, Region, WallFrom

# Pixels: an edge that falls on a border of pixels but for the last digits of a float is on it.
_ROUNDING = 1e-3

# Studio range (16–235, 16–240) to full range, as ITU-R BT.601 has it.
_LEVELS = np.arange(256, dtype=np.float32)
_EXPAND_LUMA = np.clip(np.rint((_LEVELS - 16) * 255 / 219), 0, 255).astype(np.uint8)
_EXPAND_CHROMA = np.clip(np.rint((_LEVELS - 128) * 255 / 224 + 128), 0, 255).astype(np.uint8)


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One decoded picture. The planes are views of the decoder's buffers: read them, never write.

    `luma` is uint8 (h, w). `chroma` is the pair (U, V), subsampled as the codec has it, or None for grey video.
    `display_aspect` is width over height as the picture is meant to be seen; None: its pixels are square. `hidden` are
    polygons (normalised) that nobody is to see: every picture that is made of the planes has them black. `pts` is
    media time, `at` wall time (None in a replay whose start is not known) give or take `at_error`, as `at_from` tells
    it, and `received` the wall time at which the frame reached this machine. `audited`: it was decoded only to
    see whether that was needed.
    """

    camera: str
    seq: int
    pts: float
    luma: Pixels
    chroma: tuple[Pixels, Pixels] | None = None
    full_range: bool = False
    display_aspect: float | None = None
    hidden: tuple[tuple[Point, ...], ...] = ()
    at: float | None = None
    at_error: float | None = None
    at_from: WallFrom | None = None
    received: float | None = None
    audited: bool = False

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        return self.luma.shape[1], self.luma.shape[0]

    @property
    def aspect(self) -> float:
        """Width over height as it is meant to be seen: the width in display units."""
        w, h = self.size
        return self.display_aspect or w / h

    @property
    def true_size(self) -> tuple[int, int]:
        """Width and height in square pixels that show it in its true shape and lose nothing."""
        w, h = self.size
        return max(w, round(h * self.aspect)), max(h, round(w / self.aspect))

    def region(self, box: NDArray[np.floating[Any]] | tuple[float, float, float, float]) -> Region:
        """The pixels that hold this box (4,) of display units, as far as it lies in the picture; at least one."""
        w, h = self.size
        x1, y1, x2, y2 = np.asarray(box, np.float64) * (w / self.aspect, h, w / self.aspect, h)
        left, top = int(np.clip(x1 + _ROUNDING, 0, w - 1)), int(np.clip(y1 + _ROUNDING, 0, h - 1))
        right, bottom = (int(np.ceil(edge - _ROUNDING)) for edge in (x2, y2))
        return left, top, int(np.clip(right, left + 1, w)), int(np.clip(bottom, top + 1, h))

    def box(self, region: Region) -> Boxes:
        """A region's box (4,) in display units."""
        (w, h), (x1, y1, x2, y2) = self.size, region
        wide, tall = self.aspect / w, 1 / h
        return np.array([x1 * wide, y1 * tall, x2 * wide, y2 * tall], np.float32)

    def rgb(self, region: Region | None = None, size: tuple[int, int] | None = None) -> Pixels:
        """The asked region as RGB uint8 (h, w, 3), scaled to `size` (w, h) first: colour costs what is asked for.

        Scaling the planes before the colour conversion touches the fewest bytes.
        """
        w, h = self.size
        x1, y1, x2, y2 = region or (0, 0, w, h)
        size = size or (x2 - x1, y2 - y1)
        luma = _scaled(self.luma[y1:y2, x1:x2], size)
        if self.chroma is None:
            return self._blackened(np.asarray(cv2.cvtColor(luma, cv2.COLOR_GRAY2RGB), np.uint8), (x1, y1, x2, y2))
        u, v = (_scaled(_part(plane, (w, h), (x1, y1, x2, y2)), size) for plane in self.chroma)
        if not self.full_range:
            luma, u, v = (
                np.asarray(cv2.LUT(plane, levels), np.uint8)
                for plane, levels in ((luma, _EXPAND_LUMA), (u, _EXPAND_CHROMA), (v, _EXPAND_CHROMA))
            )
        # Not OpenCV's "YUV", which scales U and V as analogue television did.
        rgb = np.asarray(cv2.cvtColor(cv2.merge((luma, v, u)), cv2.COLOR_YCrCb2RGB), np.uint8)
        return self._blackened(rgb, (x1, y1, x2, y2))

    def _blackened(self, rgb: Pixels, region: Region) -> Pixels:
        """What is hidden is painted over in the picture of `region`, pixels on the border too."""
        (w, h), (x1, y1, x2, y2) = self.size, region
        zoom = np.array([rgb.shape[1] / (x2 - x1), rgb.shape[0] / (y2 - y1)])
        for polygon in self.hidden:
            corners = np.rint((np.array(polygon) * (w, h) - (x1, y1)) * zoom).astype(np.int32)
            cv2.fillPoly(rgb, [corners], (0, 0, 0))
        return rgb


def _part(plane: Pixels, full: tuple[int, int], region: Region) -> Pixels:
    """The part of a subsampled plane that lies under `region` of the full picture."""
    sx, sy = plane.shape[1] / full[0], plane.shape[0] / full[1]
    x1, y1 = int(region[0] * sx), int(region[1] * sy)
    return plane[y1 : max(y1 + 1, round(region[3] * sy)), x1 : max(x1 + 1, round(region[2] * sx))]


def _scaled(plane: Pixels, size: tuple[int, int]) -> Pixels:
    """Halved by averaging as often as it goes (else people shimmer), the rest linearly.

    Averaging at odd ratios would be as good, and costs ten times as much.
    """
    wide, tall = size
    while plane.shape[1] >= 2 * wide or plane.shape[0] >= 2 * tall:
        h, w = plane.shape
        half = (w // 2 if w >= 2 * wide else w, h // 2 if h >= 2 * tall else h)
        plane = np.asarray(cv2.resize(plane, half, interpolation=cv2.INTER_AREA), np.uint8)
    if (plane.shape[1], plane.shape[0]) == size:
        return plane
    return np.asarray(cv2.resize(plane, size, interpolation=cv2.INTER_LINEAR), np.uint8)
