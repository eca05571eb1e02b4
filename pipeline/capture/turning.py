"""How the pictures of one video have to be turned to be seen upright, as their display matrix says.

Who asks PyAV for a picture's side data makes a circle of references, and its megabytes stay until the garbage collector
comes by, which may be never. So it is asked only where there may be a matrix that nobody knows yet.
"""

from __future__ import annotations

import gc
import struct
from collections.abc import Iterable
from typing import Any, cast

import av
from av.sidedata.sidedata import Type as SideDataType

from pipeline.capture.planes import Turn

# So many pictures may lie about before they are collected.
_LIE_ABOUT = 16


class Turning:
    """`of` each picture in order: by its matrix (container, EXIF, or SEI of the stream), to the nearest quarter.

    What a stream says of one picture holds for the next ones until a key frame says nothing of it (H.264, D.2.27);
    cameras say it with each key frame.
    """

    def __init__(self) -> None:
        self._turn = Turn()
        self._asked = 0

    def of(self, picture: av.VideoFrame) -> Turn:
        """How this picture is to be turned."""
        # The angle costs nothing, but does not tell a picture that is only mirrored.
        angled, upright = picture.rotation != 0, self._turn == Turn()
        unknown = angled if not picture.key_frame else angled or not upright or not self._asked
        if unknown and (picture.key_frame or upright):
            self._turn = self._told(picture) or (Turn() if picture.key_frame else self._turn)
        return self._turn

    def _told(self, picture: av.VideoFrame) -> Turn | None:
        """The matrix' first two rows (a, b, u) and (c, d, v) send the point (x, y) to (ax + cy, bx + dy)."""
        self._asked += 1
        if self._asked % _LIE_ABOUT == 0:
            gc.collect()
        told = cast(Iterable[Any], picture.side_data)
        matrix = next((bytes(data) for data in told if data.type is SideDataType.DISPLAYMATRIX), None)
        if matrix is None or len(matrix) < 20:
            return None
        a, b, _, c, d = struct.unpack("<5i", matrix[:20])
        if abs(a) + abs(d) >= abs(b) + abs(c):
            return Turn(False, a < 0, d < 0)
        return Turn(True, c < 0, b < 0)
