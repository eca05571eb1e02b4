"""A video file as the access units a camera would send: demuxed, never decoded.

Not here: packets (`rtp`), playing out in real time (`mount`), re-encoding (`transcode`).
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

import av
from av.bitstream import BitStreamFilterContext
from av.video.stream import VideoStream

from pipeline.errors import ServerError
from pipeline.videos import open_container, playing

# FFmpeg's name of a codec that RTP can carry as it is, and RTP's name of it.
CODECS = {"h264": "h264", "hevc": "h265"}
_START_CODE = re.compile(rb"\x00\x00\x01")
# NAL unit types of the parameter sets: SPS and PPS (H.264 table 7-1); VPS, SPS and PPS (H.265 table 7-1).
_PARAMETER_SETS = {"h264": (7, 8), "h265": (32, 33, 34)}


class NotAsItIs(ServerError):
    """The video can be played, but only after re-encoding it."""


@dataclass(frozen=True, slots=True)
class AccessUnit:
    """One picture: `at` is its media time in the clip and `due` when a camera would send it, both in seconds.

    `due` is never before `at`: a picture is sent after it was taken, and B-frames hold back what they refer to.
    Pictures that an edit list hides have `at` below 0.
    """

    at: Fraction
    due: Fraction
    key: bool
    nals: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Clip:
    """The access units of one file in sending order; `duration` seconds after it, the first picture is due again."""

    codec: str
    size: tuple[int, int]
    duration: Fraction
    parameter_sets: tuple[bytes, ...]
    units: tuple[AccessUnit, ...]
    clock_rate: int = 90000


class Turn(NamedTuple):
    """What to send next: `began` is when its loop began, in seconds since the first picture was due."""

    unit: AccessUnit
    began: Fraction
    loop: int


class _Coded(NamedTuple):
    """One packet of the file, times in seconds."""

    pts: Fraction
    interval: Fraction
    key: bool
    nals: tuple[bytes, ...]


def read_clip(source: Path | io.BytesIO) -> Clip:
    """Read a file whose video is H.264 or H.265. Raises NotAsItIs for other codecs, else ServerError."""
    name = source.name if isinstance(source, Path) else "the re-encoded clip"
    try:
        with open_container(str(source) if isinstance(source, Path) else source) as container:
            video = playing(container)
            if video is None:
                raise ServerError(f"{name} has no video in it: name a file with a picture.")
            return _clip(name, video, container)
    except (av.FFmpegError, OSError) as error:
        raise ServerError(f"{name} is not a video that can be played: {error.strerror}.") from None


def nal_type(codec: str, nal: bytes) -> int:
    """The type of a NAL unit, from its header."""
    return nal[0] & 31 if codec == "h264" else nal[0] >> 1 & 63


def is_parameter_set(codec: str, nal: bytes) -> bool:
    """True for SPS, PPS and VPS."""
    return nal_type(codec, nal) in _PARAMETER_SETS[codec]


def silence() -> Clip:
    """One second of PCMU silence: what a camera without a picture sends."""
    times = [Fraction(i, 50) for i in range(50)]
    units = tuple(AccessUnit(at, at, True, (b"\xff" * 160,)) for at in times)
    return Clip("pcmu", (0, 0), Fraction(1), (), units, clock_rate=8000)


def playlist(clips: list[Clip], chosen: Callable[[], int], loops: int | None = None) -> Iterator[Turn]:
    """The access units of the chosen clip over and over.

    When `chosen` changes its answer, the other clip goes on from the same place at the next key frame.
    """
    current, place, loop = chosen(), 0, 0
    began = max(Fraction(0), -clips[current].units[0].due)
    while loops is None or loop < loops:
        clip = clips[current]
        if place == len(clip.units):
            began, place, loop = began + clip.duration, 0, loop + 1
            continue
        unit = clip.units[place]
        if unit.key and chosen() != current:
            current = chosen()
            place, shift = _resume(clips[current], unit.at)
            began += shift
            continue
        yield Turn(unit, began, loop)
        place += 1


def _resume(clip: Clip, at: Fraction) -> tuple[int, Fraction]:
    """The first key frame of `clip` from `at` on (else its first), and how far that moves the begin of the loop."""
    keys = [(i, unit.at) for i, unit in enumerate(clip.units) if unit.key]
    place, there = next((key for key in keys if key[1] >= at), keys[0])
    return place, at - there


def _clip(name: str, stream: VideoStream, container: av.container.InputContainer) -> Clip:
    context = stream.codec_context
    if context.name not in CODECS:
        raise NotAsItIs(f"{name} is {context.name}, not H.264 or H.265")
    codec, size = CODECS[context.name], (context.width, context.height)
    coded = list(_coded(name, stream, container))
    while coded and not coded[0].key:
        del coded[0]
    if len(coded) < 2:
        raise ServerError(f"{name} has no pictures that can be played: it is too short or cut off.")
    sets = _parameter_sets(codec, coded[0].nals, context.extradata or b"")
    shown_from = Fraction(stream.start_time or 0) * (stream.time_base or 1)
    return Clip(codec, size, _duration(coded), sets, _timed(codec, coded, sets, shown_from))


def _coded(name: str, stream: VideoStream, container: av.container.InputContainer) -> Iterator[_Coded]:
    """The packets of the file in Annex B form, which MP4 and Matroska do not use by themselves."""
    annex_b = BitStreamFilterContext(f"{stream.codec_context.name}_mp4toannexb", stream)
    base = stream.time_base or Fraction(1)
    for packet in container.demux(stream):
        if not packet.size:
            continue
        if packet.pts is None:
            raise NotAsItIs(f"{name} has pictures without a time")
        pts, interval, key = packet.pts * base, (packet.duration or 0) * base, packet.is_keyframe
        for out in annex_b.filter(packet):
            yield _Coded(pts, interval, key, split_annex_b(bytes(out)))


def split_annex_b(data: bytes) -> tuple[bytes, ...]:
    """The NAL units between start codes; zeros before a start code belong to it."""
    return tuple(nal for part in _START_CODE.split(data)[1:] if (nal := part.rstrip(b"\x00")))


def _parameter_sets(codec: str, first: tuple[bytes, ...], extradata: bytes) -> tuple[bytes, ...]:
    """Those of the first key frame, else those of the container where it has them in Annex B form."""
    for nals in (first, split_annex_b(extradata)):
        sets = tuple(nal for nal in nals if is_parameter_set(codec, nal))
        if sets:
            return sets
    return ()


def _duration(coded: list[_Coded]) -> Fraction:
    """From the first picture shown to the end of the last."""
    *_, before, last = sorted(coded, key=lambda packet: packet.pts)
    return last.pts + (last.interval or last.pts - before.pts) - min(packet.pts for packet in coded)


def _timed(codec: str, coded: list[_Coded], sets: tuple[bytes, ...], shown_from: Fraction) -> tuple[AccessUnit, ...]:
    """Access units whose sending times are as early as a camera with this reordering could have them.

    The file's own decoding times are not asked: Matroska has none.
    """
    taken = sorted(packet.pts for packet in coded)
    held_back = max(packet.pts - time for packet, time in zip(coded, taken, strict=True))
    return tuple(
        AccessUnit(packet.pts - shown_from, time + held_back - shown_from, packet.key, _with_sets(codec, packet, sets))
        for packet, time in zip(coded, taken, strict=True)
    )


def _with_sets(codec: str, packet: _Coded, sets: tuple[bytes, ...]) -> tuple[bytes, ...]:
    """Key frames carry the parameter sets, so that whoever joins there can decode."""
    if not packet.key or any(is_parameter_set(codec, nal) for nal in packet.nals):
        return packet.nals
    return sets + packet.nals
