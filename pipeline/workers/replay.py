"""Recordings through the same lane as live video, in parts, put together: incidents in the order of time.

The same recording, configuration and model give the same incidents, to the byte, however many play its parts. Why so:
docs/design/speed.md.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NamedTuple, TypeAlias
from zoneinfo import ZoneInfo

from pipeline.capture.reels import survey
from pipeline.config import Camera, Config
from pipeline.rules.calendar import Calendars
from pipeline.rules.incidents import Origin
from pipeline.types import Incident
from pipeline.workers.detector import described, ready_model
from pipeline.workers.exhaustive import added
from pipeline.workers.play import Player, Progress, Show
from pipeline.workers.seam import Seam, Told
from pipeline.workers.stretch import Stretch, stretches


class Task(NamedTuple):
    """A part to be played; `quick`: what may be passed over is."""

    part: Stretch
    quick: bool


class Heard(NamedTuple):
    """What came of a task."""

    task: Task
    progress: Progress


Players: TypeAlias = Callable[[Show, Sequence[Task]], Iterator[Heard]]
"""Who plays the parts, in any order; of each part its steps come in order. Raises SourceError, ModelError."""


@dataclass(frozen=True, slots=True)
class Step:
    """How far a replay has come: media seconds played, pictures decoded and analysed, and what it found just now.

    `incidents` come in the order of time; `hits` are first news of them, as soon as somebody sees them, in any order.
    `doubtful` counts, for what has been read to its end, pictures that were not as they should be, by what is wrong.
    `audited` groups of pictures were analysed only to see whether that was needed, and it was for `missed` of them.
    """

    media_s: float
    decoded: int
    analysed: int
    incidents: list[Incident]
    doubtful: Mapping[str, int] = field(default_factory=dict)
    hits: list[Incident] = field(default_factory=list)
    audited: int = 0
    missed: int = 0
    packets: int = 0
    """Of all that is played, where it has been read by its packets; 0 where it has not."""

    @property
    def pictures(self) -> int:
        """How many there are in what has been played to its end, decoded or passed over."""
        return self.packets if self.decoded + self.doubtful.get("damaged", 0) < self.packets else self.decoded


def in_turn(show: Show, tasks: Sequence[Task]) -> Iterator[Heard]:
    """Plays all parts here, in the order of time."""
    player = Player(show)
    for task in tasks:
        for progress in player.play(task.part, task.quick):
            yield Heard(task, progress)


def replay(
    config: Config,
    camera: Camera,
    videos: Sequence[Path],
    fps: float | None = None,
    start: float | None = None,
    exhaustive: bool = False,
    players: Players = in_turn,
    grants: Sequence[tuple[str, float]] | None = None,
) -> Iterator[Step]:
    """Play `videos` (files or folders, in this order) as what `camera` saw; the first step comes after one picture.

    `fps` replaces the camera's `analyse_fps`; 0 analyses every picture. `start` is the wall time of the first one.
    `exhaustive` analyses also what may be passed over, and adds what only that told. `grants` are those of doors, as
    (door, Unix second); None: nobody knows of any. Raises SourceError, ModelError.
    """
    model = described(ready_model(config.detector))
    origin = Origin(config.site.id, model, config.hash, calendars=Calendars.of(config))
    reels = survey(camera, videos, ZoneInfo(config.site.timezone), start)
    given = None if grants is None else tuple(sorted(grants, key=lambda one: one[1]))
    show = Show(config, camera, origin, tuple(videos), fps, start, tuple(reels) if reels else None, given)
    tasks = [Task(part, quick=show.may_rest) for part in (stretches(reels) if reels else [Stretch()])]
    if exhaustive and show.may_rest:
        tasks += [Task(part, quick=False) for part in stretches(reels or ())]
    yield from _Replay(show, tasks).steps(show, players)


class _Pass:
    """The parts of one way of playing, put together as they come."""

    def __init__(self, show: Show) -> None:
        self._waiting: defaultdict[int, list[Progress]] = defaultdict(list)
        self._next = 0
        self._seam = Seam(show.camera, show.origin, show.grants)

    def add(self, progress: Progress) -> list[Told]:
        """What is known now, up to the first part that is not done."""
        self._waiting[progress.part.number].append(progress)
        told: list[Told] = []
        while self._next in self._waiting:
            steps = self._waiting.pop(self._next)
            told += [one for step in steps for one in self._seam.add(step.seen)]
            if steps[-1].done:
                self._next += 1
                self._seam.turn_over()
        return told

    def end(self) -> list[Told]:
        """Nothing comes any more."""
        return self._seam.end()


class _Replay:
    """What is heard of the parts becomes steps."""

    def __init__(self, show: Show, tasks: Sequence[Task]) -> None:
        self._tasks = tasks
        self._passes = {quick: _Pass(show) for quick in sorted({task.quick for task in tasks}, reverse=True)}
        self._found: dict[bool, list[Told]] = {quick: [] for quick in self._passes}
        self._reached = {(task.part.number, task.quick): task.part.begin for task in tasks}
        self._step = Step(0.0, 0, 0, [])
        self._doubtful: Counter[str] = Counter()

    def steps(self, show: Show, players: Players) -> Iterator[Step]:
        """One for each that is heard, and one at the end, with what is told then."""
        both = len(self._passes) > 1
        for task, progress in players(show, self._tasks):
            told = self._passes[task.quick].add(progress)
            if both:
                self._found[task.quick] += told
            yield self._stepped(task, progress, [] if both else told)
        for quick, one in self._passes.items():
            self._found[quick] += one.end()
        told = added(self._found[True], self._found[False]) if both else self._found[self._tasks[0].quick]
        packets = sum(reel.pictures for reel in show.reels or ())
        last = replace(self._step, incidents=_incidents(told), hits=[], doubtful=self._doubtful, packets=packets)
        yield replace(last, decoded=min(last.decoded, packets)) if both else last

    def _stepped(self, task: Task, progress: Progress, told: list[Told]) -> Step:
        part, before = task.part, self._step
        self._reached[part.number, task.quick] = min(max(progress.at, part.begin), part.end)
        media_s = sum(self._reached[one.part.number, one.quick] - one.part.begin for one in self._tasks)
        if progress.done and task.quick is self._tasks[-1].quick:
            self._doubtful.update(progress.doubtful)
        self._step = Step(
            media_s / len(self._passes),
            before.decoded + progress.decoded,
            before.analysed + progress.analysed,
            _incidents(told),
            self._doubtful,
            progress.hits,
            before.audited + progress.audited,
            before.missed + progress.missed,
        )
        return self._step


def _incidents(told: Sequence[Told]) -> list[Incident]:
    return [one.incident for one in told]
