"""Recordings that have been read once by their packets: where each lies on the media timeline, and its key frames.

From then on they can be read from any key frame on, and what is not decoded still has its time. That holds only where
stamps are plain; for all others there is `recordings`, which looks at pictures to come before it believes a stamp.
"""

from __future__ import annotations

import logging
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import tzinfo
from pathlib import Path
from typing import Any, NamedTuple

import av
import av.error
import numpy as np
from av.container import InputContainer
from numpy.typing import NDArray

from pipeline.capture.container import open_video
from pipeline.capture.faults import source_error
from pipeline.capture.gop import Came
from pipeline.capture.recordings import Recordings
from pipeline.capture.tape import Stamp
from pipeline.capture.timeline import Placed
from pipeline.config import Camera, Url
from pipeline.errors import SourceError, SourceFault
from pipeline.types import WallFrom
from pipeline.videos import playing

log = logging.getLogger(__name__)

BETWEEN_S = 0.1
"""Media time goes on from one video to the next: so much lies between the last picture and the first."""
_REORDERED_S = 1.0
"""No codec shows a picture so much later than it decodes it."""
_SAME_S = 1e-4
_LONGEST_STEP_S = 60.0
"""A longer step may be a time without pictures, or a stamp that is wrong: that has to be looked into."""
_DATED = {"mov,mp4,m4a,3gp,3g2,mj2", "matroska,webm", "mpegts", "flv"}
"""Containers that tell when each picture is shown. Of others FFmpeg makes it up, by what has been decoded."""


@dataclass(frozen=True, slots=True, eq=False)
class Reel:
    """One recording. `zero` is its first picture's stamp, which lies at media second `begin`; its last is at `last`.

    `keys` (n,) are the media seconds of its key frames, `weights` (n,) the bytes of what comes between each and the
    next; `pictures` is how many packets it has, `tick` the seconds that its stamps count. `start` is the wall time of
    `begin`, give or take `error`, as `told_by` says.
    """

    path: Path
    zero: float
    begin: float
    last: float
    keys: NDArray[np.float64]
    weights: NDArray[np.float64]
    pictures: int
    tick: float
    start: float | None = None
    error: float | None = None
    told_by: WallFrom | None = None

    def at(self, stamp: float) -> float:
        """Media seconds of a picture with this stamp."""
        return self.begin + stamp - self.zero


def survey(camera: Camera, videos: Sequence[Path], zone: tzinfo, start: float | None = None) -> list[Reel] | None:
    """Read all `videos` (files or folders, in this order) by their packets; None where their times are not plain.

    `start` is the wall time of the first picture. What is left out of a folder is said, unless it is None.
    """
    reels: list[Reel] = []
    said: list[tuple[Any, ...]] = []
    offset = 0.0
    for video in videos:
        source = camera.model_copy(update={"url": Url(str(video.absolute())), "loop": False})
        recordings = Recordings(
            source, zone, None if start is None else start + offset, warn=lambda *words: said.append(words)
        )
        try:
            while (container := recordings.next()) is not None:
                with container:
                    read = _read(container) if container.format.name in _DATED else None
                if read is None:
                    return None
                reels.append(_reel(recordings, read, offset))
        except SourceError:
            return None
        offset = reels[-1].last + BETWEEN_S
    for words in said:
        log.warning(*words)
    return reels


class _Read(NamedTuple):
    """What the packets of a recording say, their stamps in seconds, as they are shown."""

    shown: NDArray[np.float64]
    keys: NDArray[np.float64]
    weights: NDArray[np.float64]
    tick: float


def _reel(recordings: Recordings, read: _Read, offset: float) -> Reel:
    shown = read.shown
    zero, last = float(shown[0]), float(shown[-1])
    one, begin = recordings.wind(zero, last, float(shown[-1] - shown[-2]), len(shown))
    begin += offset
    return Reel(
        one.path,
        zero,
        begin,
        begin + last - zero,
        read.keys - zero + begin,
        read.weights,
        len(shown),
        read.tick,
        one.start,
        one.error,
        one.told_by,
    )


def _read(container: InputContainer) -> _Read | None:
    """All its packets, and its first picture; None where a stamp is missing, or may be wrong."""
    video = playing(container)
    if video is None or video.time_base is None:
        return None
    stamps = array("q")
    first: av.VideoFrame | None = None
    unknown = 0  # Matroska tells no times of decoding; those of the first pictures nobody can work out
    try:
        for packet in container.demux(video):
            if not packet.size:
                break
            if packet.pts is None or (packet.dts is None and len(stamps) > 4 * unknown):
                return None
            unknown += packet.dts is None
            stamps.extend((packet.pts, packet.dts or 0, packet.is_keyframe, packet.size))
            if first is None:
                first = next(iter(packet.decode()), None)
    except av.error.FFmpegError:
        return None
    return _plain(np.array(stamps, np.int64).reshape(-1, 4), unknown, first, float(video.time_base))


def _plain(ticks: NDArray[np.int64], unknown: int, first: av.VideoFrame | None, base: float) -> _Read | None:
    """`ticks` (n, 4): when each packet is shown, and decoded, whether it is a key frame, and its size."""
    if len(ticks) < 2 or unknown == len(ticks) or first is None:
        return None
    ticks[:unknown, 1] = ticks[unknown, 1] - np.arange(unknown, 0, -1)
    shown, decoded, key = ticks[:, 0] * base, ticks[:, 1] * base, ticks[:, 2] > 0
    late, order = shown - decoded, np.sort(shown)
    if late.min() < 0 or late.max() - late.min() > _REORDERED_S:
        return None
    if not key[0] or first.pts != ticks[0, 0] or shown[0] > order[0]:
        return None
    if any((np.diff(times) <= 0).any() for times in (decoded, order, shown[key])):
        return None
    if np.diff(order).max() > _LONGEST_STEP_S:
        return None
    weights = np.add.reduceat(np.where(key, 0, ticks[:, 3]), np.flatnonzero(key))
    return _Read(order.astype(np.float64), shown[key].astype(np.float64), weights.astype(np.float64), base)


class Reels:
    """Recordings from one of their key frames on, as a source of `Stream`: no look ahead, no state, any order."""

    ahead = 0
    recorded = True
    spares = True

    def __init__(self, camera: Camera, reels: Sequence[Reel], begin: float) -> None:
        """From the key frame at media second `begin` of the first of `reels`."""
        self._camera = camera
        self._left = list(reels[::-1])
        self._begin: float | None = begin
        self._wanted: float | None = None  # the stamp of a key frame before which nothing is read
        self._playing: Reel | None = None
        self._last = begin - _SAME_S  # what is shown before the key frame cannot be decoded from it on
        self._came = Came(0.0, begin)

    @property
    def told_by(self) -> WallFrom | None:
        """Who tells the wall time of what is being played."""
        return self._playing.told_by if self._playing else None

    def next(self) -> InputContainer | None:
        """The next recording; the first one from its wanted key frame on. Raises SourceError."""
        if self._wanted is not None:
            raise self._gone()
        if not self._left:
            return None
        self._playing = reel = self._left.pop()
        container = self._open(reel)
        begin, self._begin = self._begin, None
        if begin is None or begin <= reel.keys[0] + _SAME_S:
            return container
        self._wanted = reel.zero + begin - reel.begin
        if _wound(container, self._wanted, reel.tick):
            return container
        container.close()
        return self._open(reel)

    def came(self, packet: av.Packet[av.VideoStream]) -> Came | None:
        """When the camera would have sent it; None for one before the key frame that is wanted."""
        if self._playing is None:
            return None
        if self._wanted is not None:
            if not _is_at(packet, self._wanted, self._playing.tick):
                return None
            self._wanted = None
        if packet.dts is not None:
            at = self._playing.at(packet.dts * self._playing.tick)
            self._came = Came(at, at)
        return self._came

    def place(self, stamp: Stamp, _following: Sequence[Stamp], _came: Came) -> tuple[Placed | None, float | None]:
        """Where a picture belongs; None for one that is shown before what has been shown."""
        reel = self._playing
        if reel is None or stamp.shown is None or (media := reel.at(stamp.shown)) <= self._last:
            return None, None
        self._last = media
        return Placed(media, None if reel.start is None else reel.start + media - reel.begin, reel.error), None

    def broke(self, error: av.error.FFmpegError) -> None:
        """It could be read a moment ago."""
        path = self._playing.path if self._playing else ""
        log.warning("camera %s: %s: %s. Its rest is left out.", self._camera.name, path, error.strerror)

    def packet_seen(self, packet: object, waited_s: float) -> None:
        """Packets of recordings carry nothing of interest."""

    def _open(self, reel: Reel) -> InputContainer:
        return open_video(self._camera, f"file:{reel.path}", str(reel.path))

    def _gone(self) -> SourceError:
        what, hint = "a key frame that was there is there no longer", "Is it being written? Try a copy of it."
        path = str(self._playing.path) if self._playing else ""
        return source_error(self._camera, SourceFault.NOT_VIDEO, "reading", what, hint, path)


def _wound(container: InputContainer, stamp: float, tick: float) -> bool:
    """Go to the key frame with this stamp, or before it; False where that leads too far, or nowhere."""
    video = playing(container)
    if video is None:
        return False
    try:
        container.seek(round(stamp / tick), stream=video)
        found = any(_is_at(packet, stamp, tick) for packet in container.demux(video))
        container.seek(round(stamp / tick), stream=video)  # from where it has just been read
    except av.error.FFmpegError:
        return False
    return found


def _is_at(packet: av.Packet[av.VideoStream], stamp: float, tick: float) -> bool:
    return packet.is_keyframe and packet.pts is not None and abs(packet.pts * tick - stamp) < _SAME_S
