"""Clips that have to be encoded anew: other codecs, and the smaller twin for a change of size.

Not here: playing files as they are (`media`).
"""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import cast

import av
from av.video.frame import PictureType, VideoFrame
from av.video.stream import VideoStream

from pipeline.errors import ServerError
from pipeline.simulate.media import Clip, NotAsItIs, read_clip
from pipeline.videos import open_container, playing

_ENCODERS = {"h264": "libx264", "h265": "libx265"}
_TICKS = 90000
log = logging.getLogger(__name__)


def load_clip(path: Path) -> Clip:
    """The clip of a file, re-encoded to H.264 if RTP cannot carry it as it is. Raises ServerError."""
    if not path.is_file():
        raise ServerError(f"There is no file {path}.")
    try:
        return read_clip(path)
    except NotAsItIs as reason:
        log.warning("%s: it is encoded anew as H.264, which takes a while.", reason)
        return encode(path)


def half_size(path: Path, clip: Clip) -> Clip:
    """The same pictures, half as wide and high, same codec, key frames at the same times."""
    size = max(2, clip.size[0] // 4 * 2), max(2, clip.size[1] // 4 * 2)
    keys = {unit.at for unit in clip.units if unit.key}
    return encode(path, codec=clip.codec, size=size, keys=keys)


def encode(
    path: Path, codec: str = "h264", size: tuple[int, int] | None = None, keys: set[Fraction] | None = None
) -> Clip:
    """Decode a file and encode it in memory, without B-frames; a key frame at `keys` seconds, or every second."""
    target = io.BytesIO()
    try:
        with open_container(str(path)) as source, av.open(target, "w", format="mp4") as sink:
            video = playing(source)
            if video is None:
                raise ServerError(f"{path.name} has no video in it: name a file with a picture.")
            _encode(source, video, sink, _ENCODERS[codec], size, keys)
    except av.FFmpegError as error:
        raise ServerError(f"{path.name} cannot be encoded anew: {error.strerror}.") from None
    target.seek(0)
    return read_clip(target)


def _encode(
    source: av.container.InputContainer,
    video: VideoStream,
    sink: av.container.OutputContainer,
    encoder: str,
    size: tuple[int, int] | None,
    keys: set[Fraction] | None,
) -> None:
    stream = cast(VideoStream, sink.add_stream(encoder, rate=round(video.average_rate or 25)))
    stream.width, stream.height = size or (video.width // 2 * 2, video.height // 2 * 2)
    stream.pix_fmt = "yuv420p"
    stream.time_base = Fraction(1, _TICKS)
    stream.options = {"preset": "veryfast", "bf": "0", "forced-idr": "1", "x265-params": "log-level=none"}
    for frame in _frames(source, video, keys or set()):
        sink.mux(stream.encode(frame.reformat(stream.width, stream.height, "yuv420p")))
    sink.mux(stream.encode(None))


def _frames(source: av.container.InputContainer, video: VideoStream, keys: set[Fraction]) -> Iterator[VideoFrame]:
    """Decoded pictures with times from 0 on; pictures without a time follow at the stream's rate."""
    interval = 1 / Fraction(video.average_rate or 25)
    first, at, second = None, -interval, -1
    for frame in source.decode(video):
        time = at + interval if frame.pts is None else frame.pts * (frame.time_base or Fraction(1))
        first = time if first is None else first
        at = max(time, at + Fraction(1, _TICKS))
        is_key = (at - first) in keys or (not keys and int(at - first) > second)
        second = int(at - first)
        frame.pts, frame.time_base = round((at - first) * _TICKS), Fraction(1, _TICKS)
        frame.pict_type = PictureType.I if is_key else PictureType.NONE
        yield frame
