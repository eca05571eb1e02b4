"""A recording played as what a camera sends that may rest: its packets in order, its own stamps for a clock."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC
from pathlib import Path
from typing import Any

from benchmarks.corpus.judge import Score, compare
from benchmarks.corpus.scenarios import Expected, Scenario
from pipeline.capture.decode import Stream
from pipeline.capture.reels import Reels, survey
from pipeline.capture.rest import Rest
from pipeline.capture.sampler import Sampler
from pipeline.clock import SystemClock
from pipeline.config import Config
from pipeline.frame import Frame
from pipeline.perceive.person import PersonDetector
from pipeline.rules.incidents import Origin
from pipeline.simulate.scene.play import Figure, Play
from pipeline.types import Incident
from pipeline.workers.lane import Lane, turn
from pipeline.workers.lane_settings import told_within
from pipeline.workers.stirring import stirring


class Played:
    """Iterate it: the second and the stream, at each analysed picture. `told` is what was told, and when.

    The analysis is heard at once, as it is of a camera that is not behind; `pictures` came, `rested` of them while the
    camera did, and `why` it did not at times.
    """

    def __init__(
        self, clip: Path, watched: dict[str, Any], detector: PersonDetector, fps: float, rests: bool = True
    ) -> None:
        camera = {"url": str(clip), **watched}
        config = Config.model_validate({"site": {"id": "corpus"}, "cameras": {"c": camera}}, context={"folder": Path()})
        self.camera = config.cameras["c"]
        self.lane = Lane(self.camera, config.detector, Origin("corpus"), detector.looks)
        watch = stirring(self.camera)
        self.rest = Rest(watch, told_within(self.camera.rules.values()), self.camera.smallest) if rests else None
        self.told: list[tuple[Incident, float]] = []
        self.pictures = self.rested = self.decoded = 0
        self.why: list[str] = []
        self._detector, self._sampler = detector, Sampler(fps)

    def __iter__(self) -> Iterator[tuple[float, Stream]]:
        at = 0.0
        reels = survey(self.camera, [self.camera.url.path], UTC) or ()
        with Stream(self.camera, SystemClock(), Reels(self.camera, reels, 0.0)) as stream:
            for frame in stream.frames(self.rest):
                self.pictures += 1
                self.rested += self.rest is not None and self.rest.resting
                if frame is not None and self._sampler.wants(frame.pts):
                    at = frame.pts
                    self._analyse(frame)
                    yield at, stream
            self.decoded = stream.decoded
        self.told += [(one, at) for one in self.lane.interrupt("end_of_recording", None)]

    def _analyse(self, frame: Frame) -> None:
        lane, rest = self.lane, self.rest
        self.told += [(one, frame.pts) for one in turn({lane: frame}, self._detector, None)[lane]]
        if rest is None:
            return
        rest.note(lane.calm, frame.pts, lane.restless)
        if frame.audited and lane.tracks is not None and len(lane.tracks):
            rest.missed_somebody(frame.pts, frame.pts)
        if (why := rest.against(frame.pts)) and why not in self.why:
            self.why.append(why)


def run(
    clip: Path,
    watched: dict[str, Any],
    expected: Sequence[Expected],
    detector: PersonDetector,
    fps: float,
    rests: bool = True,
) -> tuple[Score, Played]:
    """One run over `clip`, and how what is told compares with the truth."""
    playing = Played(clip, watched, detector, fps, rests)
    for _ in playing:
        pass
    return compare(playing.told, expected, fps), playing


def later(row: Scenario, seconds: float) -> Scenario:
    """The same, after so long in which nobody is there."""
    return replace(row, play=play_later(row.play, seconds))


def play_later(play: Play, seconds: float) -> Play:
    """The same, with so much before it in which nothing happens."""
    weather = play.weather
    if weather.switched_at is not None:
        weather = replace(weather, switched_at=weather.switched_at + seconds)
    if weather.headlights is not None:
        weather = replace(weather, headlights=(weather.headlights[0] + seconds, weather.headlights[1] + seconds))
    figures = tuple(_later(one, seconds) for one in play.figures)
    cars = tuple(
        replace(car, drive=replace(car.drive, start=car.drive.start + seconds, end=car.drive.end + seconds))
        for car in play.cars
    )
    return replace(play, seconds=play.seconds + seconds, figures=figures, cars=cars, weather=weather)


def _later(figure: Figure, seconds: float) -> Figure:
    return replace(
        figure, stays=tuple(replace(one, start=one.start + seconds, end=one.end + seconds) for one in figure.stays)
    )
