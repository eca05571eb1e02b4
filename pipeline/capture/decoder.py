"""The decoder of one container's video: packets in, pictures out, damage counted.

Not here: which packets are decoded (`sparing`), frames and their times (`decode`).
"""

from __future__ import annotations

from typing import NamedTuple

import av
import av.error
from av.video.frame import PictureType

from pipeline.capture.container import jpeg_size, larger, too_large
from pipeline.capture.gop import Came
from pipeline.capture.tape import Stamp
from pipeline.config import Camera

_USUAL_RATE = 25


class Shown(NamedTuple):
    """A picture, what its container says of its time, and when the packet came that brought it out.

    `audited`: but for that, nobody would have looked at it.
    """

    picture: av.VideoFrame
    stamp: Stamp
    came: Came
    audited: bool = False


class Decoder:
    """Of `video`, whose packets it is fed in order; `corrupt` counts those that do not decode, and damaged pictures."""

    def __init__(self, camera: Camera, video: av.VideoStream) -> None:
        self.corrupt = 0
        self.codec: str | None = None
        self._camera = camera
        self._video = video

    def pictures(self, packet: av.Packet[av.VideoStream], came: Came) -> list[Shown]:
        """What comes out when this packet goes in; the next one may, where this one does not decode."""
        try:
            return self._out(packet.decode(), came)
        except av.error.EOFError:
            return []
        except av.error.FFmpegError as error:
            self._check_size(packet, error)
            self.corrupt += 1
            return []

    def alone(self, packet: av.Packet[av.VideoStream], came: Came) -> Shown | None:
        """The picture of a key frame, at once; None if it is none that needs no other. Empty before and after."""
        self.empty()
        out = [*self.pictures(packet, came), *self.drained(came)]
        self.empty()
        return out[0] if len(out) == 1 and is_whole(out[0].picture) else None

    def drained(self, came: Came) -> list[Shown]:
        """What it still holds back, for pictures that would be shown before."""
        try:
            return self._out(self._video.codec_context.decode(None), came)
        except av.error.FFmpegError:
            return []

    def empty(self) -> None:
        """Forget all pictures: the next packet is a key frame."""
        self._video.codec_context.flush_buffers()

    def shed(self, late_s: float, from_s: float, until_s: float) -> None:
        """Decode key frames only, from one lateness down to the other."""
        context = self._video.codec_context
        if late_s > from_s and context.skip_frame != "NONKEY":
            context.skip_frame = "NONKEY"
        elif context.skip_frame == "NONKEY" and late_s < until_s:
            context.skip_frame = "DEFAULT"

    def _out(self, pictures: list[av.VideoFrame], came: Came) -> list[Shown]:
        if pictures:
            self.codec = self._video.codec_context.name
        self.corrupt += sum(picture.is_corrupt for picture in pictures)
        return [Shown(picture, self._stamp(picture), came) for picture in pictures]

    def _stamp(self, picture: av.VideoFrame) -> Stamp:
        """What the file says; of how long a picture lasts, the codec's word before the container's."""
        video, base = self._video, picture.time_base or self._video.time_base
        shown, decoded = (float(t * base) if t is not None and base else None for t in (picture.pts, picture.dts))
        rate = video.codec_context.framerate or video.guessed_rate or video.average_rate or _USUAL_RATE
        return Stamp(shown, decoded, float(1 / rate))

    def _check_size(self, packet: av.Packet[av.VideoStream], error: av.error.FFmpegError) -> None:
        """The decoder refuses pictures that are too large as it refuses nonsense: find out which it was."""
        context = self._video.codec_context
        if not isinstance(error, av.error.ArgumentError | av.error.InvalidDataError):
            return
        size = jpeg_size(bytes(packet)) if context.name == "mjpeg" else (context.width, context.height)
        if size is not None and too_large(self._camera, *size):
            raise larger(self._camera, "decoding", *size)


def is_whole(picture: av.VideoFrame) -> bool:
    """Whether it is coded without reference to others, and all there: not so where a picture is renewed bit by bit."""
    return bool(picture.key_frame) and picture.pict_type == PictureType.I and not picture.is_corrupt
