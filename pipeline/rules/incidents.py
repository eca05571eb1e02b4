"""Which visit counts: facts of the triggers become incidents, each with one id from opening to close.

Two people in one zone are two incidents. Not here: when a rule is armed (`calendar`, later), delivery (`sinks`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

import numpy as np

from pipeline.config import Camera, Rule
from pipeline.rules.facts import Fact, Happening, Sighting, Trigger
from pipeline.rules.triggers import trigger_for
from pipeline.rules.walltime import WallTime
from pipeline.types import Incident, IncidentState, Moment, Point, Tracks

_LONGEST_PATH = 64
# Seconds: a track that is no longer shown may come back, as the same person, for a while.
_WAITED_FOR_S = 10.0
_BORDER = 0.01
# Feet that the picture's lower edge cuts off are found a little above or below it: they are at the edge.
_BELOW_EDGE = 0.03
_AT_EDGE = 1 - 1e-6


@dataclass(frozen=True, slots=True)
class Origin:
    """What every incident of a camera says of where it comes from; `run` tells apart repeats of one media time."""

    site: str
    model: Mapping[str, str] = field(default_factory=dict)
    config_hash: str = ""
    run: str = ""


@dataclass(frozen=True, slots=True)
class Now:
    """The moment of an update; `received` and `decided` are wall seconds, None in a replay without a known start.

    `size` is the decoded picture's, width and height in pixels.
    """

    at: Moment
    received: float | None = None
    decided: float | None = None
    size: tuple[int, int] = (0, 0)


@dataclass(slots=True)
class _Person:
    """What is known of a track: where it was seen last, and its way so far.

    `first` is where it began, while that is news.
    """

    sighting: Sighting
    first: Sighting | None
    box: tuple[float, float, float, float]
    score: float
    path: list[tuple[float, float, float]] = field(default_factory=list)

    def walked(self) -> None:
        """Add the last sighting to the way; a long way is thinned to every second point."""
        for at in self.sightings():
            self.path.append((round(at.at, 3), round(at.anchor[0], 4), round(at.anchor[1], 4)))
        if len(self.path) > _LONGEST_PATH:
            self.path[:-1] = self.path[:-1:2]

    def sightings(self) -> list[Sighting]:
        """What is new of this track: who went over a line before they were sure has gone over it."""
        return [self.sighting] if self.first is None else [self.first, self.sighting]


@dataclass(slots=True)
class _Case:
    """An incident that is open."""

    id: str
    entered: float | None
    told_at: float
    revision: int = 1
    score: float = 0.0


@dataclass(slots=True)
class _Watch:
    """One rule and one track."""

    name: str
    rule: Rule
    track: int
    trigger: Trigger
    case: _Case | None = None


class Rules:
    """All rules of one camera. `update` after each analysed picture; `interrupt` when the watching stops."""

    def __init__(self, camera: Camera, origin: Origin) -> None:
        self._camera = camera
        self._origin = origin
        self._people: dict[int, _Person] = {}
        self._watches: dict[tuple[str, int], _Watch] = {}
        self._wall = WallTime()

    @property
    def open_incidents(self) -> int:
        """How many are open."""
        return sum(watch.case is not None for watch in self._watches.values())

    def update(self, tracks: Tracks, now: Now) -> list[Incident]:
        """What the rules say of the tracks as they are at `now`; oldest rule first, then oldest track."""
        self._wall.note(now.at)
        present = {int(i) for i in tracks.ids}
        seen = self._look(tracks)
        told: list[Incident] = []
        for watch in self._all_watches(present):
            told += self._tell(watch, self._facts(watch, present, seen, now.at.media), now)
        self._forget(present, now.at.media)
        return told

    def interrupt(self, now: Now, reason: str) -> list[Incident]:
        """Close what is open, because nobody watches any longer; tracks and visits are forgotten."""
        told: list[Incident] = []
        for watch in self._watches.values():
            told += self._tell(watch, watch.trigger.finish(), now) + self._cut(watch, now, reason)
        self._watches.clear()
        self._people.clear()
        return told

    def reconfigure(self, camera: Camera, origin: Origin, now: Now) -> list[Incident]:
        """Take new rules; those that did not change keep their visits and open incidents."""
        old, self._camera, self._origin = self._camera, camera, origin
        told: list[Incident] = []
        for key, watch in list(self._watches.items()):
            if not _same_rule(watch.name, old, camera):
                told += self._cut(watch, now, "rule_changed")
                del self._watches[key]
        return told

    def _look(self, tracks: Tracks) -> set[int]:
        """Note every track that was seen this time; the others coast."""
        shape = (tracks.aspect, 1.0)
        seen = set()
        for i in np.flatnonzero(tracks.seen_at >= tracks.at):
            box = tracks.boxes[i] / (shape * 2)
            track, person = int(tracks.ids[i]), self._people.get(int(tracks.ids[i]))
            sighting = _sighting(box, float(tracks.born_at[i]), tracks.at, tracks.aspect)
            first = None if person else _first(tracks, int(i))
            path = person.path if person else []
            self._people[track] = person = _Person(sighting, first, _rounded(box), float(tracks.scores[i]), path)
            person.walked()
            seen.add(track)
        return seen

    def _all_watches(self, present: set[int]) -> Iterator[_Watch]:
        """Every rule on every track that has been seen, made when first needed."""
        for name, rule in self._camera.rules.items():
            for track in sorted(self._people):
                key = (name, track)
                if key not in self._watches and track in present:
                    self._watches[key] = _Watch(name, rule, track, trigger_for(rule, self._camera))
                if key in self._watches:
                    yield self._watches[key]

    def _facts(self, watch: _Watch, present: set[int], seen: set[int], now: float) -> list[Fact]:
        if watch.track in seen and not _counts(watch.rule, self._people[watch.track].sighting):
            return watch.trigger.unseen(now)
        if watch.track in seen:
            return [fact for one in self._people[watch.track].sightings() for fact in watch.trigger.seen(one)]
        return watch.trigger.unseen(now) if watch.track in present else watch.trigger.gone(now)

    def _forget(self, present: set[int], now: float) -> None:
        """Drop what can have nothing more to say: of people who have been gone for longer than they are waited for."""
        gone = {t for t, one in self._people.items() if t not in present and now - one.sighting.at > _WAITED_FOR_S}
        for key, watch in list(self._watches.items()):
            if watch.track in gone and watch.trigger.idle and watch.case is None:
                del self._watches[key]
        waiting = {watch.track for watch in self._watches.values()}
        for track in gone - waiting:
            del self._people[track]

    def _tell(self, watch: _Watch, facts: list[Fact], now: Now) -> list[Incident]:
        told: list[Incident] = []
        for fact in facts:
            if fact.what is not Happening.CLOSED:
                watch.case = _Case(self._id(watch, fact), fact.entered, now.at.media)
                told.append(self._incident(watch, watch.case, IncidentState.OPENED, fact, now))
            if fact.what is not Happening.OPENED and watch.case is not None:
                watch.case.revision += 1
                told.append(self._incident(watch, watch.case, IncidentState.CLOSED, fact, now))
                watch.case = None
        return told or self._news(watch, now)

    def _news(self, watch: _Watch, now: Now) -> list[Incident]:
        """An open incident is told again every `update_s`."""
        case, every = watch.case, watch.rule.update_s
        if case is None or every <= 0 or now.at.media - case.told_at < every:
            return []
        case.told_at, case.revision = now.at.media, case.revision + 1
        fact = Fact(Happening.OPENED, now.at.media, case.entered, why={"still": True})
        return [self._incident(watch, case, IncidentState.UPDATED, fact, now)]

    def _cut(self, watch: _Watch, now: Now, reason: str) -> list[Incident]:
        if watch.case is None:
            return []
        seen = self._people[watch.track].sighting.at
        why = {"closed_because": reason, "last_seen_s": round(seen, 3)}
        fact = Fact(Happening.CLOSED, now.at.media, watch.case.entered, why=why)
        return self._tell(watch, [fact], now)

    def _id(self, watch: _Watch, fact: Fact) -> str:
        """The same fact has the same id: from site, camera, rule, track and media time alone."""
        parts = [self._origin.site, self._camera.name, watch.name, watch.track, f"{fact.at:.3f}"]
        if self._origin.run:
            parts.append(self._origin.run)
        return sha256("\n".join(str(part) for part in parts).encode()).hexdigest()[:32]

    def _incident(self, watch: _Watch, case: _Case, state: IncidentState, fact: Fact, now: Now) -> Incident:
        person, rule = self._people[watch.track], watch.rule
        case.score = max(case.score, person.score)
        until = fact.left if fact.left is not None else now.at.media
        return Incident(
            id=case.id,
            revision=case.revision,
            state=state,
            camera=self._camera.name,
            rule=watch.name,
            trigger=rule.trigger,
            zone=rule.zone,
            line=rule.line,
            direction=fact.direction,
            severity=rule.severity,
            track=watch.track,
            at=self._wall.moment(fact.at),
            entered=None if fact.entered is None else self._wall.moment(fact.entered),
            left=None if fact.left is None else self._wall.moment(fact.left),
            dwell_s=None if fact.entered is None else round(until - fact.entered, 3),
            box=person.box,
            anchor=_rounded_point(person.sighting.anchor),
            path=tuple(person.path),
            score=round(case.score, 3),
            why=dict(fact.why),
            frame_size=now.size,
            received=now.received,
            decided=now.decided,
            model=dict(self._origin.model),
            config_hash=self._origin.config_hash,
        )


def _counts(rule: Rule, sighting: Sighting) -> bool:
    """Whether a person of this height concerns the rule; of whom the picture's edge cuts off a part it is not known."""
    heights = rule.person_height
    if heights is None:
        return True
    too_small = heights.min is not None and sighting.height < heights.min and not sighting.at_border
    return not too_small and (heights.max is None or sighting.height <= heights.max)


def _same_rule(name: str, old: Camera, new: Camera) -> bool:
    """Neither the rule nor its shape has changed."""
    was, now = old.rules.get(name), new.rules.get(name)
    if was is None or was != now:
        return False
    return old.zones.get(was.zone or "") == new.zones.get(was.zone or "") and (
        old.lines.get(was.line or "") == new.lines.get(was.line or "")
    )


def _first(tracks: Tracks, i: int) -> Sighting | None:
    """The sighting that a track began with, where that was earlier than this one."""
    born_at, shape = float(tracks.born_at[i]), (tracks.aspect, 1.0)
    return _sighting(tracks.born[i] / (shape * 2), born_at, born_at, tracks.aspect) if born_at < tracks.at else None


def _sighting(box: np.ndarray[Any, Any], born_at: float, at: float, aspect: float) -> Sighting:
    x1, y1, x2, y2 = (float(edge) for edge in box)
    border = min(x1, y1, 1 - x2, 1 - y2) < _BORDER
    feet = y2 if y2 > 1 + _BELOW_EDGE else min(y2, _AT_EDGE)
    return Sighting(at, ((x1 + x2) / 2, feet), y2 - y1, aspect, born_at, border)


def _rounded(box: np.ndarray[Any, Any]) -> tuple[float, float, float, float]:
    x1, y1, x2, y2 = (round(float(edge), 4) for edge in box)
    return x1, y1, x2, y2


def _rounded_point(point: Point) -> Point:
    return round(point[0], 4), round(point[1], 4)
