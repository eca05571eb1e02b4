"""What is wrong with a file that cannot be read, or not to its end; in words for who has to find a better copy of it.

Not here: what an error of a camera means (`faults`).
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import av
from av.container import InputContainer
from av.video.stream import VideoStream

_HEAD_BYTES = 65536
# ISO/IEC 14496-12: files begin with one of these boxes; without `moov` nobody knows where in them pictures are.
_MP4 = {b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot"}
# What follows these, and is none of them, may be anything: some recorders fill their files up.
_FILLED = {b"mdat", b"moov", b"moof"}
_MATROSKA = b"\x1a\x45\xdf\xa3"
_SHORT_S, _SHORT_SHARE = 1.0, 0.05

_COPY = "Look for another copy of it."


def what_ails(path: Path) -> tuple[str, str]:
    """Why FFmpeg finds no video in this file, and what to do about it."""
    try:
        size, head = path.stat().st_size, _head(path)
    except OSError as error:
        return os.strerror(error.errno or 0), "Check the path and its permissions."
    if not size:
        return "the file is empty", _COPY
    if not any(head):
        return "there is nothing in the file but zeros, as after a copy or a recorder that broke off", _COPY
    if head[4:8] in _MP4:
        return _mp4(path)
    if head.startswith((_MATROSKA, b"RIFF", b"FLV")):
        return "the file was cut off in its first part, or is damaged there", _COPY
    if _is_text(head):
        return "the file is a text, no video", "Check the path."
    return (
        "the file is no video that FFmpeg reads",
        "Check the path; a recorder's own format has to be converted first.",
    )


def _head(path: Path) -> bytes:
    """Its first part; nothing where it cannot be read."""
    try:
        with path.open("rb") as file:
            return file.read(_HEAD_BYTES)
    except OSError:
        return b""


def _mp4(path: Path) -> tuple[str, str]:
    boxes = list(_boxes(path))
    if b"moov" not in dict(boxes):
        hint = "The recorder's own software may repair it; MKV, MPEG-TS or fragmented MP4 lose no more than their end."
        return "the file was cut off before its index (moov) was written, and nothing in it can be found", hint
    whole = all(end <= path.stat().st_size for kind, end in boxes if kind == b"moov")
    return "the index (moov) of the file is damaged" if whole else "the file was cut off in its index", _COPY


def is_cut(path: Path) -> bool:
    """Whether an MP4 or AVI says that it has more bytes than there are."""
    try:
        size, head = path.stat().st_size, _head(path)
        if head[:4] == b"RIFF":
            return 8 + int.from_bytes(head[4:8], "little") > size
        return head[4:8] in _MP4 and any(end > size for kind, end in _boxes(path) if kind in _FILLED)
    except OSError:
        return False


def _boxes(path: Path) -> Iterator[tuple[bytes, int]]:
    """The boxes on the top level of an MP4, each with where it ends, or should."""
    size, at = path.stat().st_size, 0
    with path.open("rb") as file:
        while at + 8 <= size:
            file.seek(at)
            head = file.read(16)
            length = int.from_bytes(head[:4])
            # A length of 1 is followed by the real one; 0 reaches to the end.
            length = int.from_bytes(head[8:16]) if length == 1 else length or size - at
            at += max(length, 8)
            yield head[4:8], at


def _is_text(head: bytes) -> bool:
    try:
        words = head[: _HEAD_BYTES - 4].decode()
    except UnicodeDecodeError:
        return False
    return bool(words) and all(one.isprintable() or one in "\r\n\t\f\x1b" for one in words)


def without_video(container: InputContainer, file: Path | None) -> tuple[str, str]:
    """Why nothing in an open file or stream can be shown, and what to do about it.

    FFmpeg takes some texts for sound, and an MP4 with a damaged index for one that has nothing in it.
    """
    if file is not None and (not container.streams or _is_text(_head(file))):
        return what_ails(file)
    if any(True for _ in container.streams.video):
        return "the codec of its video is not known here", "Convert it to H.264, H.265 or MJPEG, or set the camera so."
    if any(True for _ in container.streams.audio):
        return "there is sound in it and no video", "Check the path or url, which is that of the sound alone."
    return "there is no video in it", "Check the path or url."


def promised_s(container: InputContainer, video: VideoStream) -> float | None:
    """How long the video is by what the file's header says; None where it does not, or speaks of the sound too.

    MPEG-TS, MPEG-PS and bare streams have no such header; of these, and of AVI, FFmpeg judges by what is there.
    """
    if container.format.name == "avi":
        return None
    if video.duration is not None and video.time_base is not None:
        return float(video.duration * video.time_base)
    if (tag := video.metadata.get("DURATION")) is not None:
        return _clock_s(tag)
    alone = len(container.streams) == 1
    return container.duration / av.time_base if alone and container.duration is not None else None


def _clock_s(text: str) -> float | None:
    """Seconds of 00:00:05.900000000, as Matroska's tags have it."""
    try:
        hours, minutes, seconds = (float(part) for part in text.split(":"))
    except ValueError:
        return None
    return hours * 3600 + minutes * 60 + seconds


def is_short(read_s: float, promised: float | None) -> bool:
    """Whether so much less was read than the header promised that the rest must be missing."""
    return promised is not None and promised - read_s > max(_SHORT_S, _SHORT_SHARE * promised)
