"""One connection: PyAV container → packets → `Frame`s, with errors that are ours.

Not here: trying again (`camera.py`), what kind of source it is (`live.py`, `recordings.py`), times (`timeline.py`).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, tzinfo
from fractions import Fraction
from types import TracebackType
from typing import Protocol

import av
import av.error
from av.container import InputContainer

from pipeline.capture.aspect import Aspect, display_aspect
from pipeline.capture.decoder import Decoder, Shown
from pipeline.capture.faults import source_error
from pipeline.capture.gop import Came
from pipeline.capture.live import Live
from pipeline.capture.planes import planes
from pipeline.capture.recordings import Recordings
from pipeline.capture.rest import Rest
from pipeline.capture.sparing import Sparing
from pipeline.capture.tape import Doubts, Stamp
from pipeline.capture.timeline import Placed, Timeline
from pipeline.capture.turning import Turning
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


class _Source(Protocol):
    """Where containers come from and how their PTS become times: a live camera, or recordings."""

    def next(self) -> InputContainer | None: ...

    def broke(self, error: av.error.FFmpegError) -> None: ...

    @property
    def ahead(self) -> int: ...

    @property
    def spares(self) -> bool: ...

    @property
    def told_by(self) -> WallFrom | None: ...

    def came(self, packet: av.Packet[av.VideoStream], /) -> Came | None: ...

    def place(self, stamp: Stamp, following: Sequence[Stamp], came: Came, /) -> tuple[Placed | None, float | None]: ...

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
        self.decoded = self.duplicates = 0
        self.lag_s = 0.0
        self.size: tuple[int, int] | None = None
        self.aspect: Aspect | None = None
        self._camera = camera
        self._hidden = tuple(mask.polygon for mask in camera.masks.values() if mask.of == "privacy")
        self._clock = clock
        self._source = source
        self._seq = first_seq
        # Before there was a picture, and since; asked with each packet.
        self._patience_s = [_OWN_SHARE * picture_deadline(camera, decoded) for decoded in (0, 1)]
        self._untimed = self._corrupt = 0
        self._sample: Fraction | None = None
        self._decoder: Decoder | None = None
        self._sparing: Sparing | None = None
        self._turning = Turning()
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
        """Whether the source waits for who does not read on; so does what was kept here."""
        waking = self._sparing is not None and self._sparing.waking
        return waking or bool(getattr(self._source, "patient", False))

    @property
    def corrupt(self) -> int:
        """Packets that did not decode, and pictures known to be damaged."""
        return self._corrupt + (self._decoder.corrupt if self._decoder else 0)

    @property
    def codec(self) -> str | None:
        """Its name, once there was a picture."""
        return self._decoder.codec if self._decoder else None

    @property
    def doubts(self) -> Doubts:
        """Of recordings: how many pictures were repeats, or had no time that can be right."""
        return getattr(self._source, "doubts", None) or Doubts()

    @property
    def skew_s(self) -> float | None:
        """How far the camera's own clock is ahead of ours, if it tells."""
        return getattr(self._source, "skew_s", None)

    def __iter__(self) -> Iterator[Frame]:
        """All pictures."""
        return (frame for frame in self.frames() if frame is not None)

    def frames(self, rest: Rest | None = None) -> Iterator[Frame | None]:
        """The pictures that need to be looked at, of a camera that may `rest`; None for one that came and need not."""
        while self._container is not None:
            try:
                yield from self._play(self._container, rest)
            except av.error.FFmpegError as error:
                self._source.broke(error)
            self.close()
            self._container = self._source.next()

    def stirs(self, shown: Shown, rest: Rest) -> bool:
        """Whether this key frame shows anything new. It has no time yet, because it may have to wait its turn."""
        return rest.stirs(self._view(shown.picture, shown.stamp.shown or shown.came.monotonic))

    def pass_over(self, stamp: Stamp, came: Came) -> None:
        """A picture that will not be decoded: its time passes all the same."""
        self._source.place(stamp, (), came)

    def _play(self, container: InputContainer, rest: Rest | None) -> Iterator[Frame | None]:
        video = playing(container)
        if video is None:
            return
        self._untimed, self._turning, self._corrupt = 0, Turning(), self.corrupt
        self._decoder = decoder = Decoder(self._camera, video)
        if self._sparing is not None and self.recorded:
            self._sparing.go_on(decoder)
        elif rest is not None and self._source.spares:
            self._sparing = Sparing(decoder, rest, self, timed=not self.recorded)
        for one, *following in self._with_ahead(self._pictures(container, video, decoder)):
            if one is None:
                self.progress_at = self._clock.monotonic()
                yield None
                continue
            self._sample = video.sample_aspect_ratio
            frame = self._frame(one, [ahead.stamp for ahead in following if ahead is not None])
            if frame is not None:
                yield frame

    def _with_ahead(self, pictures: Iterator[Shown | None]) -> Iterator[list[Shown | None]]:
        """Each picture with as many of the next ones as help to place it; what was decoded before an error counts."""
        if not self._source.ahead:
            yield from ([one] for one in pictures)
            return
        held: deque[Shown | None] = deque()
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

    def _pictures(self, container: InputContainer, video: av.VideoStream, decoder: Decoder) -> Iterator[Shown | None]:
        asked, sparing, live = self._clock.monotonic(), self._sparing, not self.recorded
        try:
            for packet in container.demux(video):
                came = self._source.came(packet)
                if came is None:
                    continue
                self._source.packet_seen(packet, came.monotonic - asked)
                yield from sparing.take(packet, came) if sparing else decoder.pictures(packet, came)
                if live:
                    decoder.shed(self.lag_s if self.busy else 0.0, _SHED_S, _SHED_UNTIL_S)
                    self._check_progress()
                    asked = self._clock.monotonic()
        except av.error.FFmpegError:
            if sparing is not None:
                yield from sparing.finish()
            raise

    def _frame(self, shown: Shown, following: list[Stamp]) -> Frame | None:
        if shown.stamp.shown is None and not self._source.ahead and not self._timeless():
            return None
        placed, received = self._source.place(shown.stamp, following, shown.came)
        if placed is None:
            self.duplicates += 1
            return None
        self.progress_at = self._clock.monotonic()
        self.decoded += 1
        self._seq += 1
        self.lag_s = placed.lag
        return replace(
            self._view(shown.picture, placed.media),
            at=placed.at,
            at_error=placed.at_error,
            at_from=None if placed.at is None else self._source.told_by,
            received=received,
            audited=shown.audited,
        )

    def _view(self, picture: av.VideoFrame, pts: float) -> Frame:
        turn = self._turning.of(picture)
        luma, chroma, full_range = planes(picture, turn)
        self.size = size = luma.shape[1], luma.shape[0]
        sample = 1 / self._sample if self._sample and turn.transposed else self._sample
        self.aspect = display_aspect(size, sample, self._camera.aspect)
        return Frame(
            camera=self._camera.name,
            seq=self._seq - 1,
            pts=pts,
            luma=luma,
            chroma=chroma,
            full_range=full_range,
            display_aspect=self.aspect.ratio,
            hidden=self._hidden,
        )

    def _timeless(self) -> bool:
        """The first picture of an RTSP session has no PTS and is dropped; a source whose pictures never have is not."""
        self._untimed += 1
        return self._untimed > _UNTIMED

    def _check_progress(self) -> None:
        silent = self._clock.monotonic() - self.progress_at
        if silent > self._patience_s[self.decoded > 0]:
            what = "packets come, but no picture can be decoded"
            raise source_error(self._camera, SourceFault.STALLED, "decoding", what, "Trying again.")
