"""A recording played as what a camera sends that may rest: its packets in order, its own stamps for a clock."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import av
from av.container import InputContainer

from benchmarks.corpus.judge import Score, compare
from benchmarks.corpus.scenarios import Expected, Scenario
from pipeline.capture.container import open_video
from pipeline.capture.decode import Stream
from pipeline.capture.gop import Came
from pipeline.capture.rest import Rest
from pipeline.capture.sampler import Sampler
from pipeline.capture.tape import Stamp
from pipeline.capture.timeline import Placed
from pipeline.clock import SystemClock
from pipeline.config import Camera, Config
from pipeline.perceive.person import PersonDetector
from pipeline.rules.incidents import Origin
from pipeline.simulate.scene.play import Figure
from pipeline.types import Incident
from pipeline.workers.lane import Lane, turn
from pipeline.workers.lane_settings import stirring, told_within


class Sent:
    """The source of one file, for `Stream`: like a camera's, it holds no picture back to see what comes next."""

    recorded = False
    ahead = 0
    told_by = None

    def __init__(self, camera: Camera) -> None:
        self._camera = camera
        self._opened = False

    def next(self) -> InputContainer | None:
        if self._opened:
            return None
        self._opened = True
        return open_video(self._camera, str(self._camera.url.path))

    def broke(self, error: av.error.FFmpegError) -> None:
        raise error

    def place(self, stamp: Stamp, _following: Sequence[Stamp], _came: Came) -> tuple[Placed | None, float | None]:
        return (None if stamp.shown is None else Placed(stamp.shown, None, None)), None

    def packet_seen(self, packet: av.Packet[av.VideoStream], waited_s: float) -> None: ...


@dataclass
class Run:
    """What was told, how it compares with the truth, and how much was decoded and analysed for it."""

    score: Score
    told: list[tuple[Incident, float]]
    pictures: int = 0
    decoded: int = 0
    rested: int = 0
    audits: tuple[int, int] = (0, 0)
    why: list[str] = field(default_factory=list)


def run(
    clip: Path,
    watched: dict[str, Any],
    expected: Sequence[Expected],
    detector: PersonDetector,
    fps: float,
    rests: bool = True,
) -> Run:
    """One run over `clip`; the analysis is heard at once, as it is of a camera that is not behind."""
    camera = {"url": str(clip), **watched}
    config = Config.model_validate({"site": {"id": "corpus"}, "cameras": {"c": camera}}, context={"folder": Path()})
    lane = Lane(config.cameras["c"], config.detector, Origin("corpus"), detector.looks)
    rest = Rest(stirring(lane.camera), told_within(lane.camera), lane.camera.smallest) if rests else None
    sampler, told, at = Sampler(fps), [], 0.0
    done = Run(Score(), [])
    with Stream(lane.camera, SystemClock(), Sent(lane.camera)) as stream:
        for frame in stream.frames(rest):
            done.pictures += 1
            done.rested += rest is not None and rest.resting
            if frame is None or not sampler.wants(frame.pts):
                continue
            at = frame.pts
            told += [(one, at) for one in turn({lane: frame}, detector, None)[lane]]
            if rest is not None:
                rest.note(lane.calm, at)
                if frame.audited and lane.tracks is not None and len(lane.tracks):
                    rest.missed += 1
                if (why := rest.against(at)) and why not in done.why:
                    done.why.append(why)
        done.decoded = stream.decoded
    told += [(one, at) for one in lane.interrupt("end_of_recording", None)]
    done.told, done.score = told, compare(told, expected, fps)
    done.audits = (rest.audited, rest.missed) if rest is not None else (0, 0)
    return done


def later(row: Scenario, seconds: float) -> Scenario:
    """The same, after so long in which nobody is there."""
    play = row.play
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
    return replace(row, play=replace(play, seconds=play.seconds + seconds, figures=figures, cars=cars, weather=weather))


def _later(figure: Figure, seconds: float) -> Figure:
    return replace(
        figure, stays=tuple(replace(one, start=one.start + seconds, end=one.end + seconds) for one in figure.stays)
    )
