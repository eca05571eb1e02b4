"""One connection: PyAV container → packets → `Frame`s, with errors that are ours.

Not here: trying again (`camera.py`), what kind of source it is (`live.py`, `recordings.py`), times (`timeline.py`).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from datetime import UTC, tzinfo
from fractions import Fraction
from types import TracebackType
from typing import Protocol, TypeAlias

import av
import av.error
from av.container import InputContainer

from pipeline.capture.aspect import Aspect, display_aspect
from pipeline.capture.container import jpeg_size, larger, too_large
from pipeline.capture.faults import source_error
from pipeline.capture.live import Live
from pipeline.capture.planes import Turn, planes, turned
from pipeline.capture.recordings import Recordings
from pipeline.capture.tape import Doubts, Stamp
from pipeline.capture.timeline import Placed, Timeline
from pipeline.clock import Clock
from pipeline.config import Camera
from pipeline.errors import SourceFault
from pipeline.frame import Frame
from pipeline.types import WallFrom
from pipeline.videos import playing

FIRST_PICTURE_S = 30.0
"""Cameras with "smart" codecs send a key frame only every so often: so long the first picture may take."""
_OWN_SHARE = 0.9
"""The reader gives up on a stream of packets without pictures before the watchdog outside gives up on the reader."""
_UNTIMED = 10
_SHED_S, _SHED_UNTIL_S = 6.0, 1.0
"""A reader so late that cannot keep up decodes key frames only, until it has caught up to the other."""


_Stamped: TypeAlias = tuple[av.VideoFrame, Stamp]
_USUAL_RATE = 25


class _Source(Protocol):
    """Where containers come from and how their PTS become times: a live camera, or recordings."""

    def next(self) -> InputContainer | None: ...

    def broke(self, error: av.error.FFmpegError) -> None: ...

    @property
    def ahead(self) -> int: ...

    @property
    def told_by(self) -> WallFrom | None: ...

    def place(self, stamp: Stamp, following: Sequence[Stamp]) -> tuple[Placed | None, float | None]: ...

    def packet_seen(self, packet: av.Packet[av.VideoStream], waited_s: float) -> None: ...


def open_stream(
    camera: Camera, clock: Clock, timeline: Timeline, zone: tzinfo = UTC, start: float | None = None
) -> Stream:
    """Connect. `zone` is that of times in file names, `start` when recordings begin, if known. Raises SourceError."""
    if camera.url.kind in ("file", "folder"):
        return Stream(camera, clock, Recordings(camera, zone, start))
    return Stream(camera, clock, Live(camera, clock, timeline, zone), timeline.frames)


def picture_deadline(camera: Camera, decoded: int) -> float:
    """Seconds without a picture after which a connection is stuck."""
    return camera.silence_s if decoded else max(camera.silence_s, FIRST_PICTURE_S)


class Stream:
    """An open source; iterate it for frames, in the thread that closes it.

    A live one ends with SourceError only, recordings end when they have been read. `decoded`, `corrupt` (packets that
    did not decode, pictures known to be damaged), `duplicates`, `lag_s` and `progress_at` (monotonic time of the last
    picture), `aspect` and where it is from, may be read from other threads.
    """

    def __init__(self, camera: Camera, clock: Clock, source: _Source, first_seq: int = 0) -> None:
        self.decoded = self.corrupt = self.duplicates = 0
        self.lag_s = 0.0
        self.size: tuple[int, int] | None = None
        self.codec: str | None = None
        self.aspect: Aspect | None = None
        self._camera = camera
        self._hidden = tuple(mask.polygon for mask in camera.masks.values() if mask.of == "privacy")
        self._clock = clock
        self._source = source
        self._seq = first_seq
        self._untimed = 0
        self._sample: Fraction | None = None
        self._turn = Turn()
        self._container = source.next()
        self.progress_at = clock.monotonic()

    def __enter__(self) -> Stream:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Hang up. Without it sockets stay open until the garbage collector comes by."""
        container, self._container = self._container, None
        if container is not None:
            container.close()

    @property
    def recorded(self) -> bool:
        """Whether it is a recording, which can wait and has an end."""
        return bool(getattr(self._source, "recorded", False))

    @property
    def busy(self) -> bool:
        """Whether reading and decoding take longer than the pictures take to come."""
        return bool(getattr(self._source, "busy", False))

    @property
    def patient(self) -> bool:
        """Whether the source waits for who does not read on."""
        return bool(getattr(self._source, "patient", False))

    @property
    def doubts(self) -> Doubts:
        """Of recordings: how many pictures were repeats, or had no time that can be right."""
        return getattr(self._source, "doubts", None) or Doubts()

    @property
    def skew_s(self) -> float | None:
        """How far the camera's own clock is ahead of ours, if it tells."""
        return getattr(self._source, "skew_s", None)

    def __iter__(self) -> Iterator[Frame]:
        while self._container is not None:
            try:
                yield from self._play(self._container)
            except av.error.FFmpegError as error:
                self._source.broke(error)
            self.close()
            self._container = self._source.next()

    def _play(self, container: InputContainer) -> Iterator[Frame]:
        self._untimed, self._turn = 0, Turn()
        for (picture, stamp), *following in self._with_ahead(self._pictures(container)):
            frame = self._frame(picture, stamp, [ahead for _, ahead in following])
            if frame is not None:
                yield frame

    def _with_ahead(self, pictures: Iterator[_Stamped]) -> Iterator[list[_Stamped]]:
        """Each picture with as many of the next ones as help to place it; what was decoded before an error counts."""
        held: deque[_Stamped] = deque()
        try:
            for one in pictures:
                held.append(one)
                if len(held) > self._source.ahead:
                    yield list(held)
                    held.popleft()
        except av.error.FFmpegError:
            while held:
                yield list(held)
                held.popleft()
            raise
        while held:
            yield list(held)
            held.popleft()

    def _pictures(self, container: InputContainer) -> Iterator[_Stamped]:
        video, asked = playing(container), self._clock.monotonic()
        for packet in container.demux(video) if video is not None else ():
            self._source.packet_seen(packet, self._clock.monotonic() - asked)
            for picture in self._decode(packet):
                yield picture, _stamp(picture, packet.stream)
            self._shed(packet)
            self._check_progress()
            asked = self._clock.monotonic()

    def _decode(self, packet: av.Packet[av.VideoStream]) -> list[av.VideoFrame]:
        """A packet that does not decode is counted: the next one may."""
        try:
            pictures = packet.decode()
        except av.error.EOFError:
            return []
        except av.error.FFmpegError as error:
            self._check_size(packet, error)
            self.corrupt += 1
            return []
        if pictures:
            self.codec = packet.stream.codec_context.name
            self._sample = packet.stream.sample_aspect_ratio
        return pictures

    def _check_size(self, packet: av.Packet[av.VideoStream], error: av.error.FFmpegError) -> None:
        """The decoder refuses pictures that are too large as it refuses nonsense: find out which it was."""
        context = packet.stream.codec_context
        if not isinstance(error, av.error.ArgumentError | av.error.InvalidDataError):
            return
        size = jpeg_size(bytes(packet)) if context.name == "mjpeg" else (context.width, context.height)
        if size is not None and too_large(self._camera, *size):
            raise larger(self._camera, "decoding", *size)

    def _frame(self, picture: av.VideoFrame, stamp: Stamp, following: list[Stamp]) -> Frame | None:
        self.corrupt += picture.is_corrupt
        self._turn = turn = turned(picture, self._turn)
        if stamp.shown is None and not self._source.ahead and not self._timeless():
            return None
        placed, received = self._source.place(stamp, following)
        if placed is None:
            self.duplicates += 1
            return None
        luma, chroma, full_range = planes(picture, turn)
        size = luma.shape[1], luma.shape[0]
        self.progress_at = self._clock.monotonic()
        self.decoded += 1
        self._seq += 1
        self.lag_s = placed.lag
        self.size = size
        sample = 1 / self._sample if self._sample and turn.transposed else self._sample
        self.aspect = display_aspect(size, sample, self._camera.aspect)
        return Frame(
            camera=self._camera.name,
            seq=self._seq - 1,
            pts=placed.media,
            luma=luma,
            chroma=chroma,
            full_range=full_range,
            display_aspect=self.aspect.ratio,
            hidden=self._hidden,
            at=placed.at,
            at_error=placed.at_error,
            at_from=None if placed.at is None else self._source.told_by,
            received=received,
        )

    def _shed(self, packet: av.Packet[av.VideoStream]) -> None:
        context = packet.stream.codec_context
        if self.busy and self.lag_s > _SHED_S and context.skip_frame != "NONKEY":
            context.skip_frame = "NONKEY"
        elif context.skip_frame == "NONKEY" and self.lag_s < _SHED_UNTIL_S:
            context.skip_frame = "DEFAULT"

    def _timeless(self) -> bool:
        """The first picture of an RTSP session has no PTS and is dropped; a source whose pictures never have is not."""
        self._untimed += 1
        return self._untimed > _UNTIMED

    def _check_progress(self) -> None:
        silent = self._clock.monotonic() - self.progress_at
        if not self.recorded and silent > _OWN_SHARE * picture_deadline(self._camera, self.decoded):
            what = "packets come, but no picture can be decoded"
            raise source_error(self._camera, SourceFault.STALLED, "decoding", what, "Trying again.")


def _stamp(picture: av.VideoFrame, stream: av.VideoStream) -> Stamp:
    """What the file says; of how long a picture lasts, the codec's word before the container's."""
    base = picture.time_base
    shown, decoded = (float(t * base) if t is not None and base else None for t in (picture.pts, picture.dts))
    rate = stream.codec_context.framerate or stream.guessed_rate or stream.average_rate or _USUAL_RATE
    return Stamp(shown, decoded, float(1 / rate))
