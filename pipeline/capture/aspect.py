"""What shape a camera's picture has when it is seen as it is meant: the file's word, the stream's, or the format's.

Recorders often store every second column or row only, and do not say so; people in such a picture are squeezed, and
detectors do not know them.
"""

from __future__ import annotations

from fractions import Fraction
from typing import NamedTuple

_WIDE, _OLD = Fraction(16, 9), Fraction(4, 3)

# Sizes that no sensor with square pixels has, and what they hold. Analogue television, sampled as ITU-R BT.601 has it
# (D1, CIF and their halves) or at 18 MHz (960H), is 4:3; the "N" formats of recorders are of half their true width.
_ANALOGUE_WIDTHS = {
    176: (120, 144),
    352: (240, 288, 480, 576),
    480: (480, 576),
    640: (240, 288),
    704: (240, 288, 480, 576),
}
_ANALOGUE_WIDTHS |= {720: (240, 288, 480, 576), 928: (240, 288, 480, 576), 944: (240, 288, 480, 576)}
_ANALOGUE_WIDTHS |= {960: (240, 288, 480, 576), 976: (240, 288, 480, 576)}
_HALF_WIDE = ((640, 720), (944, 1080), (960, 1080), (960, 1088), (1280, 1440), (1600, 1800), (1920, 2160))
_HALF_HIGH = ((1280, 360), (1920, 540), (1920, 544), (2560, 720))
_HALF_OLD = ((800, 1200), (1024, 1536), (1280, 1920), (1280, 1944), (1296, 1944))

FORMATS: dict[tuple[int, int], Fraction] = {
    **{(wide, high): _OLD for wide, heights in _ANALOGUE_WIDTHS.items() for high in heights},
    **dict.fromkeys(_HALF_WIDE + _HALF_HIGH, _WIDE),
    **dict.fromkeys(_HALF_OLD, _OLD),
}
"""Display aspect by width and height in pixels."""

# A pixel more oblong than that is a mistake of the stream's.
_MOST_OBLONG = 4


class Aspect(NamedTuple):
    """Width over height as it is meant to be seen, and in words where that is from."""

    ratio: float
    why: str


def display_aspect(size: tuple[int, int], sample: Fraction | None, configured: float | None) -> Aspect:
    """Of a picture of `size` (w, h) pixels, whose stream says that a pixel is `sample` times as wide as high.

    Many cameras write 1:1 by rote: of a size that is squeezed, it says nothing.
    """
    w, h = size
    if configured is not None:
        return Aspect(configured, "as `aspect` says")
    if sample and sample != 1 and 1 / _MOST_OBLONG <= sample <= _MOST_OBLONG:
        return Aspect(float(sample * w / h), f"as the stream says: pixels {sample.numerator}:{sample.denominator}")
    if known := FORMATS.get(size):
        return Aspect(float(known), f"{w}x{h} is a squeezed {known.numerator}:{known.denominator} of recorders")
    return Aspect(w / h, "as the stream says: square pixels" if sample == 1 else "its pixels are taken for square")
