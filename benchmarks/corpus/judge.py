"""Play a recording through the lane as `zonewatch replay` does, and compare what is told with what happens."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.corpus.scenarios import Expected
from pipeline.capture.decode import open_stream
from pipeline.capture.sampler import Sampler
from pipeline.capture.timeline import Timeline
from pipeline.clock import SystemClock
from pipeline.config import Config
from pipeline.perceive.person import PersonDetector
from pipeline.rules.incidents import Origin
from pipeline.types import Incident, Tracks
from pipeline.workers.lane import Lane, turn

NEAR_S = 1.0
"""An incident is that one if it says that it began within so many seconds of it."""
_ON_IT = 0.35
"""Heights between a figure's feet and those of its track, at most."""
Places = Callable[[float], dict[int, tuple[float, float, float]]]
"""By figure: normalised feet, and height in picture heights, at a second of the recording."""


@dataclass
class Score:
    """Of one or many runs: how many incidents there were, were told, and were right; and which went wrong.

    `late_s` is when each right one was told, beyond the moment from which it is one (`confirm_s` or the dwell) and one
    picture; `onset_s` how far off its beginning is; `people` and `switched` count figures, and those of them whose
    track became another figure's.
    """

    expected: int = 0
    told: int = 0
    right: int = 0
    late_s: list[float] = field(default_factory=list)
    onset_s: list[float] = field(default_factory=list)
    people: int = 0
    switched: int = 0
    misses: Counter[str] = field(default_factory=Counter)
    extras: Counter[str] = field(default_factory=Counter)

    def add(self, other: Score) -> None:
        self.expected, self.told, self.right = (
            self.expected + other.expected,
            self.told + other.told,
            self.right + other.right,
        )
        self.late_s += other.late_s
        self.onset_s += other.onset_s
        self.people, self.switched = self.people + other.people, self.switched + other.switched
        self.misses += other.misses
        self.extras += other.extras

    @property
    def recall(self) -> float:
        return self.right / self.expected if self.expected else 1.0

    @property
    def precision(self) -> float:
        return self.right / self.told if self.told else 1.0

    @property
    def onset_p95(self) -> float:
        return float(np.percentile(self.onset_s, 95)) if self.onset_s else 0.0

    @property
    def late_p95(self) -> float:
        return float(np.percentile(self.late_s, 95)) if self.late_s else 0.0


def play(
    clip: Path,
    watched: dict[str, Any],
    expected: Sequence[Expected],
    detector: PersonDetector,
    fps: float,
    places: Places | None = None,
) -> Score:
    """One run over `clip` at `fps` pictures a second."""
    camera = {"url": str(clip), **watched}
    config = Config.model_validate({"site": {"id": "corpus"}, "cameras": {"c": camera}}, context={"folder": Path()})
    lane = Lane(config.cameras["c"], config.detector, Origin("corpus"), detector.looks)
    sampler, told, numbers = Sampler(fps), [], Numbers(places)
    with open_stream(lane.camera, SystemClock(), Timeline()) as stream:
        for frame in stream:
            if sampler.wants(frame.pts):
                told += [(one, frame.pts) for one in turn({lane: frame}, detector, None)[lane]]
                numbers.note(frame.pts, lane.tracks)
    told += [(one, frame.pts) for one in lane.interrupt("end_of_recording", None)]
    score = compare(told, expected, fps)
    score.people, score.switched = numbers.people, numbers.switched
    return score


def compare(told: Sequence[tuple[Incident, float]], expected: Sequence[Expected], fps: float) -> Score:
    """Pair each incident with the nearest of its rule that no other has; `told` with the second when it was told."""
    opened = [(one, when) for one, when in told if one.revision == 1]
    free, score = list(expected), Score(expected=len(expected), told=len(opened))
    for incident, when in sorted(opened, key=lambda one: one[1]):
        began = (incident.entered or incident.at).media
        mine = [one for one in free if one.rule == incident.rule and abs(one.at - began) <= NEAR_S]
        if not mine:
            score.extras[f"{incident.rule} at {began:.0f} s"] += 1
            continue
        true = min(mine, key=lambda one: abs(one.at - began))
        free.remove(true)
        score.right += 1
        score.onset_s.append(abs(true.at - began))
        confirmed = incident.why.get("seconds", incident.why.get("confirm_s", 0.4))
        score.late_s.append(when - true.at - confirmed - 1 / fps)
    score.misses.update(f"{one.rule} at {one.at:.0f} s" for one in free)
    return score


class Numbers:
    """Which track each figure has, first and last: a figure that has another one's is switched."""

    def __init__(self, places: Places | None) -> None:
        self._places = places
        self._first: dict[int, int] = {}
        self._last: dict[int, int] = {}

    def note(self, at: float, tracks: Tracks | None) -> None:
        """After each picture."""
        there = self._places(at) if self._places else {}
        if tracks is None or not len(tracks) or not there:
            return
        feet = tracks.feet() * (tracks.aspect, 1.0)
        apart = np.stack([np.hypot(*(feet - (x * tracks.aspect, y)).T) / tall for x, y, tall in there.values()])
        for row, figure in enumerate(there):
            nearest = int(apart[row].argmin())
            mutual = apart[:, nearest].argmin() == row and apart[row, nearest] < _ON_IT
            if mutual and tracks.seen_at[nearest] >= tracks.at:
                self._last[figure] = int(tracks.ids[nearest])
                self._first.setdefault(figure, self._last[figure])

    @property
    def people(self) -> int:
        return len(self._first)

    @property
    def switched(self) -> int:
        """Whose last number was first another's."""
        owners = {number: figure for figure, number in self._first.items()}
        return sum(owners.get(number, figure) != figure for figure, number in self._last.items())
