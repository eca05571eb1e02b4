"""One part of a recording through a lane of its own: who is where, picture by picture.

As fast as it goes, with the recording's time for a clock. Not here: which parts there are (`stretch`), and how what is
seen in them becomes incidents (`seam`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from zoneinfo import ZoneInfo

from pipeline.capture.decode import Stream, open_stream
from pipeline.capture.reels import BETWEEN_S, Reel, Reels
from pipeline.capture.rest import Rest
from pipeline.capture.sampler import Sampler
from pipeline.capture.timeline import Timeline
from pipeline.clock import SystemClock
from pipeline.config import Camera, Config, Url
from pipeline.frame import Frame
from pipeline.rules.incidents import Now, Origin
from pipeline.types import Incident, Tracks
from pipeline.workers.detector import load_detector
from pipeline.workers.lane import Lane, turn
from pipeline.workers.lane_settings import told_within
from pipeline.workers.stirring import stirring
from pipeline.workers.stretch import LATE_S, Stretch

_CHUNK = 64


@dataclass(frozen=True, slots=True)
class Show:
    """What is replayed, as what `camera` saw. `reels` is None where times are not plain: then it is one part.

    `fps` replaces the camera's `analyse_fps`; 0 analyses every picture. `start` is the wall time of the first one.
    `grants` of doors as (door, Unix second), in order; None: nobody knows of any.
    """

    config: Config
    camera: Camera
    origin: Origin
    videos: tuple[Path, ...]
    fps: float | None = None
    start: float | None = None
    reels: tuple[Reel, ...] | None = None
    grants: tuple[tuple[str, float], ...] | None = None

    @property
    def may_rest(self) -> bool:
        """Whether anything may be passed over."""
        return self.reels is not None and told_within(self.camera.judged.values()) > 0


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """Who is where in one picture."""

    now: Now
    tracks: Tracks

    @property
    def at(self) -> float:
        """Media seconds."""
        return self.now.at.media


@dataclass(slots=True)
class Progress:
    """What has been found in a part since the last time, up to media second `at`.

    `hits` are the incidents of its lane, which does not know what was before. `decoded` and `analysed` count pictures
    of the part itself; `audited` and `missed` groups of pictures (`capture/rest.py`); `doubtful` is known when `done`.
    """

    part: Stretch
    at: float
    seen: list[Seen] = field(default_factory=list)
    hits: list[Incident] = field(default_factory=list)
    decoded: int = 0
    audited: int = 0
    missed: int = 0
    analysed: int = 0
    doubtful: Counter[str] = field(default_factory=Counter)
    done: bool = False

    @property
    def _own(self) -> bool:
        return self.part.begin <= self.at <= self.part.end

    def note(self, frame: Frame) -> None:
        """It has been decoded."""
        self.at = frame.pts
        self.decoded += self._own

    def add(self, told: list[Incident], lane: Lane) -> None:
        """It has been analysed."""
        self.analysed += self._own
        self.hits += [one for one in told if self._own and one.revision == 1]
        if lane.tracks is not None:
            self.seen.append(Seen(lane.now, lane.tracks))


class Player:
    """Plays parts of a show in this process. Raises ModelError."""

    def __init__(self, show: Show) -> None:
        self._show = show
        self._detector, _ = load_detector(show.config.detector)

    def play(self, part: Stretch, quick: bool) -> Iterator[Progress]:
        """Who is where in it, in steps, the first after one picture; `quick`: what may be passed over is.

        Raises SourceError.
        """
        show, doubtful = self._show, Counter[str]()
        lane = Lane(show.camera, show.config.detector, show.origin, self._detector.looks)
        sampler = Sampler(show.camera.analyse_fps if show.fps is None else show.fps)
        rest = self._rest() if quick and show.may_rest else None
        told, chunk = Progress(part, part.read_from), 1
        with closing(frames_of(show, part, rest, doubtful)) as frames:
            for frame in frames:
                told.note(frame)
                if not sampler.wants(frame.pts):
                    continue
                told.add(turn({lane: frame}, self._detector, frame.at)[lane], lane)
                if rest is not None:
                    told.missed += _noted(rest, lane, frame)
                if frame.pts > part.end and (lane.deserted or frame.pts > part.end + LATE_S):
                    break
                if len(told.seen) >= chunk or told.hits:
                    yield told
                    told, chunk = Progress(part, frame.pts), _CHUNK
        told.doubtful, told.done = doubtful, True
        told.audited = rest.audited if rest else 0
        yield told

    def _rest(self) -> Rest:
        camera = self._show.camera
        return Rest(stirring(camera), told_within(camera.judged.values()), camera.smallest)


def _noted(rest: Rest, lane: Lane, frame: Frame) -> bool:
    """Tell it what the analysis thinks; whether it has passed over somebody."""
    rest.note(lane.calm, frame.pts, lane.restless)
    somebody = lane.tracks is not None and len(lane.tracks) > 0
    return frame.audited and somebody and rest.missed_somebody(frame.pts, frame.pts)


def frames_of(show: Show, part: Stretch, rest: Rest | None, doubtful: Counter[str]) -> Generator[Frame]:
    """The pictures of a part, those that need not be looked at left out; how many are doubtful is added up."""
    if show.reels is None:
        yield from all_frames(show, doubtful)
        return
    reels = Reels(show.camera, show.reels[part.first :], part.read_from)
    with Stream(show.camera, SystemClock(), reels) as stream:
        before = 0
        try:
            for frame in stream.frames(rest):
                if frame is not None:
                    before = before if frame.pts >= part.begin else stream.corrupt
                    yield frame
        finally:
            doubtful.update(damaged=stream.corrupt - before)


def all_frames(show: Show, doubtful: Counter[str] | None = None) -> Generator[Frame]:
    """All pictures of all videos, on one media time; how many are doubtful is added up. Raises SourceError."""
    begin = 0.0
    for video in show.videos:
        source = show.camera.model_copy(update={"url": Url(str(video.absolute())), "loop": False})
        start = None if show.start is None else show.start + begin
        last, zone = begin, ZoneInfo(show.config.site.timezone)
        with open_stream(source, SystemClock(), Timeline(), zone, start) as stream:
            for frame in stream:
                last = begin + frame.pts
                yield frame if not begin else replace(frame, pts=last)
            if doubtful is not None:
                doubtful.update(asdict(stream.doubts), damaged=stream.corrupt)
        begin = last + BETWEEN_S
