"""Recordings through the same lane as live video: as fast as it goes, with the recording's time for a clock.

The same recording, configuration and model give the same incidents, to the byte.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import tzinfo
from pathlib import Path
from zoneinfo import ZoneInfo

from pipeline.capture.decode import open_stream
from pipeline.capture.sampler import Sampler
from pipeline.capture.timeline import Timeline
from pipeline.clock import SystemClock
from pipeline.config import Camera, Config, Url
from pipeline.frame import Frame
from pipeline.rules.incidents import Origin
from pipeline.types import Incident
from pipeline.workers.detector import described, load_detector
from pipeline.workers.lane import Lane, turn

log = logging.getLogger(__name__)

# Media time goes on from one video to the next: so much lies between the last picture and the first.
_BETWEEN_S = 0.1


@dataclass(frozen=True, slots=True)
class Step:
    """How far a replay has come: media seconds played, pictures decoded and analysed, and what it found just now.

    `doubtful` counts, for the videos that have been read to their end, pictures that were not as they should be, by
    what is wrong with them.
    """

    media_s: float
    decoded: int
    analysed: int
    incidents: list[Incident]
    doubtful: Mapping[str, int] = field(default_factory=dict)


def replay(
    config: Config, camera: Camera, videos: Sequence[Path], fps: float | None = None, start: float | None = None
) -> Iterator[Step]:
    """Play `videos` (files or folders, in this order) as what `camera` saw; a step a picture, and one at the end.

    `fps` replaces the camera's `analyse_fps`; 0 analyses every picture. `start` is the wall time of the first one.
    Raises SourceError, ModelError.
    """
    detector, model = load_detector(config.detector)
    lane = Lane(camera, config.detector, Origin(config.site.id, described(model), config.hash), detector.looks)
    sampler = Sampler(camera.analyse_fps if fps is None else fps)
    decoded = analysed = 0
    media_s = 0.0
    decided: float | None = None
    doubtful: Counter[str] = Counter()
    for frame in _frames(camera, videos, ZoneInfo(config.site.timezone), doubtful, start):
        decoded, media_s, decided = decoded + 1, frame.pts, frame.at
        incidents: list[Incident] = []
        if sampler.wants(frame.pts):
            analysed += 1
            incidents = turn({lane: frame}, detector, decided)[lane]
        yield Step(media_s, decoded, analysed, incidents)
    yield Step(media_s, decoded, analysed, lane.interrupt("end_of_recording", decided), doubtful)


def _frames(
    camera: Camera, videos: Sequence[Path], zone: tzinfo, doubtful: Counter[str], start: float | None
) -> Iterator[Frame]:
    """All pictures of all videos, on one media time; how many are doubtful is added up."""
    begin = 0.0
    for video in videos:
        source = camera.model_copy(update={"url": Url(str(video.absolute())), "loop": False})
        last = begin
        with open_stream(source, SystemClock(), Timeline(), zone, None if start is None else start + begin) as stream:
            for frame in stream:
                last = begin + frame.pts
                yield frame if not begin else replace(frame, pts=last)
            doubtful.update(asdict(stream.doubts), damaged=stream.corrupt)
        begin = last + _BETWEEN_S
