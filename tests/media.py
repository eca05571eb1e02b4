"""Small videos with known pictures: shapes that move, and the number of each frame written into it."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from fractions import Fraction
from itertools import groupby
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

_BITS = 12
_OPTIONS = {
    "libx264": {"preset": "veryfast", "crf": "20", "x264-params": "scenecut=0", "threads": "1"},
    "libx265": {"preset": "ultrafast", "x265-params": "log-level=none:scenecut=0:pools=1:frame-threads=1"},
}


def make_clip(
    path: Path,
    codec: str = "libx264",
    size: tuple[int, int] = (320, 240),
    fps: int = 10,
    seconds: float = 3,
    bframes: int = 0,
    gop: int = 10,
    title: str = "",
    **options: str,
) -> Path:
    """Render `seconds` of moving shapes to `path`; a key frame every `gop` pictures, and no other.

    More options are FFmpeg's for the encoder.
    """
    with av.open(str(path), "w") as container:
        if title:
            container.metadata["title"] = title
        stream = container.add_stream(codec, rate=fps)
        stream.width, stream.height = size
        stream.pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
        stream.gop_size = gop
        stream.time_base = Fraction(1, fps)
        stream.options = {**_OPTIONS.get(codec, {}), "bf": str(bframes), **options}
        for luma in pictures(size, round(seconds * fps)):
            frame = av.VideoFrame.from_ndarray(luma, format="gray").reformat(format=stream.pix_fmt)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def turned(clip: Path, path: Path, matrix: tuple[int, int, int, int]) -> Path:
    """The MP4 `clip` with another display matrix (a, b, c, d) in its track header, as telephones write it."""
    raw, (a, b, c, d) = bytearray(clip.read_bytes()), matrix
    at = raw.index(b"tkhd") + 4 + 40
    raw[at : at + 36] = struct.pack(">9i", a << 16, b << 16, 0, c << 16, d << 16, 0, 0, 0, 1 << 30)
    path.write_bytes(raw)
    return path


def transport_stream(clip: Path, folder: Path, shift: Callable[[int], float]) -> Path:
    """The clip as MPEG-TS, picture n stamped `shift(n)` seconds late: pieces of one shift each, one after the other."""
    target, number = folder / "clip.ts", 0
    with av.open(str(clip)) as read:
        stream = read.streams.video[0]
        packets = [packet for packet in read.demux(stream) if packet.dts is not None]
        for late, piece in groupby(packets, lambda packet: shift(packets.index(packet))):
            number += 1
            part = folder / f"{number}.ts"
            with av.open(str(part), "w", format="mpegts", options={"mpegts_copyts": "1"}) as write:
                copy = write.add_stream_from_template(stream)
                for packet in piece:
                    ticks = round((late + 1) / packet.time_base)
                    packet.pts, packet.dts, packet.stream = packet.pts + ticks, packet.dts + ticks, copy
                    write.mux(packet)
            with target.open("ab") as whole:
                whole.write(part.read_bytes())
    return target


def pictures(size: tuple[int, int], count: int) -> Iterator[NDArray[np.uint8]]:
    """Luma (h, w): a grey slope, two squares that cross it, and the frame's number in black and white bars on top."""
    width, height = size
    slope = np.tile(np.linspace(60, 160, width, dtype=np.uint8), (height, 1))
    side = height // 6
    for number in range(count):
        luma = slope.copy()
        for row, speed, grey in ((height // 3, 7, 220), (2 * height // 3, -5, 30)):
            x = number * speed % (width - side)
            luma[row : row + side, x : x + side] = grey
        for bit in range(_BITS):
            luma[: height // 8, _bar(width, bit)] = 235 if number >> bit & 1 else 16
        yield luma


def frame_number(luma: NDArray[np.uint8]) -> int:
    """The number that `make_clip` wrote into this picture, at any size."""
    top = luma[: luma.shape[0] // 16]
    return sum((top[:, _bar(luma.shape[1], bit)].mean() > 128) << bit for bit in range(_BITS))


def _bar(width: int, bit: int) -> slice:
    return slice(width * bit // _BITS, width * (bit + 1) // _BITS)
