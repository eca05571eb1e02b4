"""What became of everybody at one moment of a recording, gate by gate: why a rule told nothing then, or that it did.

Every picture is decoded here, and those that the camera would analyse are: what a resting camera passes over is not
passed over. Not here: the gates of a rule (`rules/account`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np

from pipeline.capture.reels import survey
from pipeline.capture.sampler import Sampler
from pipeline.config import Camera, Config
from pipeline.frame import Frame
from pipeline.rules.account import Account, Gate
from pipeline.rules.calendar import Calendars
from pipeline.rules.incidents import Now, Origin
from pipeline.types import Boxes, Detections, Incident, IncidentState, Motion
from pipeline.workers.detector import described, load_detector
from pipeline.workers.lane import Lane, turn
from pipeline.workers.play import Show, frames_of
from pipeline.workers.stretch import Stretch, stretches

_AROUND_S = 1.0
# What is decided of a moment is known so much later at the most: a visit confirmed, a passage settled.
_LATER_S = 10.0
_TOLD_S = 1.0


@dataclass(slots=True)
class Glance:
    """One analysed picture: what moved, where was looked at (n, 4), who was found, who of them counts, what rules say.

    `found` is None where nobody looked. Boxes in display units.
    """

    now: Now
    motion: Motion | None
    aspect: float
    looked: Boxes
    found: Detections | None = None
    counting: Detections | None = None
    present: frozenset[int] = frozenset()
    accounts: dict[str, list[tuple[int, Account]]] = field(default_factory=dict)


class Witness(Lane):
    """A lane that remembers its last picture."""

    glance: Glance | None = None
    _counting: Detections | None = None

    def conclude(
        self, frame: Frame, people: Detections | None, decided: float | None, looked: Boxes | None = None
    ) -> list[Incident]:
        self._counting = None
        told = super().conclude(frame, people, decided, looked)
        present = frozenset(self.tracks.ids.tolist()) if self.tracks is not None else frozenset[int]()
        where = np.zeros((0, 4), np.float32) if looked is None else looked
        accounts = self._judge.rules.accounts(self.now)
        self.glance = Glance(self.now, self.motion, frame.aspect, where, people, self._counting, present, accounts)
        return told

    def _recognised(self, frame: Frame, people: Detections) -> Detections:
        self._counting = people
        return super()._recognised(frame, people)


@dataclass(frozen=True, slots=True)
class Explanation:
    """What is known of media second `at`: the analysed picture nearest to it, and of each rule the gate it came to."""

    at: float
    glance: Glance | None
    rules: dict[str, Account]
    told: dict[str, Incident]


def explain(
    config: Config, camera: Camera, videos: Sequence[Path], at: float, start: float | None = None
) -> Explanation:
    """Play `videos` up to media second `at` and a little on. Raises SourceError, ModelError."""
    detector, model = load_detector(config.detector)
    origin = Origin(config.site.id, described(model), config.hash, calendars=Calendars.of(config))
    reels = survey(camera, videos, ZoneInfo(config.site.timezone), start)
    show = Show(config, camera, origin, tuple(videos), None, start, tuple(reels) if reels else None)
    lane, sampler = Witness(camera, config.detector, origin, detector.looks), Sampler(camera.analyse_fps)
    pictures, near, told = 0, list[Glance](), list[Incident]()
    with closing(frames_of(show, _part(show, at), None, Counter())) as frames:
        for frame in _until(frames, at + _LATER_S):
            pictures += abs(frame.pts - at) <= _AROUND_S
            if not sampler.wants(frame.pts):
                continue
            told += turn({lane: frame}, detector, frame.at)[lane]
            if abs(frame.pts - at) <= _AROUND_S and lane.glance is not None:
                near.append(lane.glance)
    glance = min(near, key=lambda one: abs(one.now.at.media - at), default=None)
    openings = _told_then(told, at)
    rules = {
        name: Account(Gate.TOLD, "was told") if name in openings else _account(name, camera, config, glance, pictures)
        for name in camera.rules
    }
    return Explanation(at, glance, rules, openings)


def _part(show: Show, at: float) -> Stretch:
    """The part of a replay in which it lies."""
    if show.reels is None:
        return Stretch()
    parts = stretches(show.reels)
    return next((part for part in parts if part.begin <= at < part.end), parts[-1])


def _until(frames: Iterator[Frame], end: float) -> Iterator[Frame]:
    for frame in frames:
        if frame.pts > end:
            return
        yield frame


def _told_then(told: Sequence[Incident], at: float) -> dict[str, Incident]:
    """Of each rule what it told of then, if it did: an alert that opened about then, or was open."""
    found: dict[str, Incident] = {}
    ended = {one.id: one.at.media for one in told if one.state is IncidentState.CLOSED}
    for one in told:
        begins, ends = one.at.media - _TOLD_S, max(ended.get(one.id, float("inf")), one.at.media + _TOLD_S)
        if one.state is IncidentState.OPENED and begins <= at <= ends and one.unsaid is None:
            found.setdefault(one.rule, one)
    return found


def _account(name: str, camera: Camera, config: Config, glance: Glance | None, pictures: int) -> Account:
    """The gate that whoever came farthest came to."""
    if camera.rules[name].state == "off":
        return Account(Gate.NOT_LIVE, "the rule is off")
    if glance is None:
        if not pictures:
            return Account(Gate.NO_PICTURE, "the recording has no picture within a second of then")
        return Account(Gate.NOT_ANALYSED, f"no picture of then is analysed: analyse_fps is {camera.analyse_fps:g}")
    rows = [told for track, told in glance.accounts.get(name, []) if track in glance.present]
    return max(rows, key=lambda one: one.gate, default=None) or _unfollowed(camera, config, glance)


def _unfollowed(camera: Camera, config: Config, glance: Glance) -> Account:
    """Nobody is followed: was nobody seen, or was it not enough?"""
    moved = 0 if glance.motion is None else len(glance.motion.boxes)
    if glance.found is None:
        return Account(Gate.NOT_LOOKED, f"nobody looked: {moved} things moved, and nobody was followed")
    found, counting = glance.found, glance.counting
    where = f"in {len(glance.looked)} looks, where {moved} things moved"
    need = config.detector.min_score
    if not len(found):
        return Account(Gate.NOBODY_FOUND, f"the detector found nobody {where}")
    best = int(np.argmax(found.scores))
    words = f"best score {found.scores[best]:.2f} at {_place(found.boxes[best], glance.aspect)}"
    if counting is not None and len(counting) < len(found) and not len(counting):
        return Account(Gate.NOT_COUNTED, f"{words}, left out: {_left_out(camera, found.boxes[best])}")
    if found.scores[best] < need:
        return Account(Gate.NOBODY_FOUND, f"{words} {where}: less than detector.min_score, {need:g}")
    return Account(Gate.NOT_FOLLOWED, f"{words}: a person is followed from the second sure sighting on")


def _left_out(camera: Camera, box: Boxes) -> str:
    """By its height, or by a mask."""
    height, limits = float(box[3] - box[1]), camera.person_height
    least = limits.min if limits and limits.min is not None else camera.smallest
    if height < least:
        return f"{height:.3f} of the picture's height, less than {least:g}"
    if limits and limits.max is not None and height > limits.max:
        return f"{height:.3f} of the picture's height, more than {limits.max:g}"
    if limits and limits.unlike(height, float(box[3])):
        return f"{height:.3f} of the picture's height, where people are {limits.expected(float(box[3])):.3f} tall"
    return "its feet are in a mask"


def _place(box: Boxes, aspect: float) -> str:
    """Its feet, as a configuration writes places."""
    return f"[{float(box[0] + box[2]) / 2 / aspect:.3f}, {float(box[3]):.3f}]"
