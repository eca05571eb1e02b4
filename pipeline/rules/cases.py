"""Facts of a trigger become incidents: each has one id from opening to close, and is told while its rule is armed.

A rule that is not armed watches on and tells nothing; who is there when it is armed is told then, and what is open when
it is no longer ends. Not here: when that is (`calendar`), whom a rule looks at (`incidents`).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256

from pipeline.config import Camera, Rule
from pipeline.rules.calendar import Calendars, Verdict
from pipeline.rules.crowd import Crowd
from pipeline.rules.facts import Fact, Happening, Sighting, Trigger
from pipeline.rules.geometry import distance
from pipeline.rules.walltime import WallTime
from pipeline.types import Incident, IncidentState, Moment, Point, Severity

_LONGEST_PATH = 64


@dataclass(frozen=True, slots=True)
class Origin:
    """What every incident of a camera says of where it comes from; `run` tells apart repeats of one media time.

    `calendars` say when its rules are armed.
    """

    site: str
    model: Mapping[str, str] = field(default_factory=dict)
    config_hash: str = ""
    run: str = ""
    calendars: Calendars = field(default_factory=Calendars)


@dataclass(frozen=True, slots=True)
class Now:
    """The moment of an update; `received` and `decided` are wall seconds, None in a replay without a known start.

    `size` is the decoded picture's, width and height in pixels.
    """

    at: Moment
    received: float | None = None
    decided: float | None = None
    size: tuple[int, int] = (0, 0)

    def ours(self, media: float) -> float | None:
        """That media time by this machine's clock, which may be another than the camera's; None in a replay."""
        base = self.decided if self.received is None else self.received
        return None if base is None else base - (self.at.media - media)


@dataclass(slots=True)
class Person:
    """What is known of a track: where it was seen last, and its way so far.

    `first` is where it began, while that is news; `before` the sighting before this one; `farthest` how far they have
    been from where they began, in heights.
    """

    sighting: Sighting
    first: Sighting | None
    box: tuple[float, float, float, float]
    score: float
    path: list[tuple[float, float, float]] = field(default_factory=list)
    began: Point | None = None
    farthest: float = 0.0
    before: Sighting | None = None

    def walked(self) -> None:
        """Add the last sighting to the way; a long way is thinned to every second point."""
        for at in self.sightings():
            self.began = at.anchor if self.began is None else self.began
            self.farthest = max(self.farthest, distance(self.began, at.anchor, at.aspect) / max(at.height, 1e-6))
            self.path.append((at.at, *at.anchor))
        if len(self.path) > _LONGEST_PATH:
            self.path[:-1] = self.path[:-1:2]

    def sightings(self) -> list[Sighting]:
        """What is new of this track: who went over a line before they were sure has gone over it."""
        return [self.sighting] if self.first is None else [self.first, self.sighting]


@dataclass(slots=True)
class Case:
    """An incident that is open."""

    id: str
    entered: float | None
    told_at: float
    severity: Severity
    mode: str = "normal"
    group: str | None = None
    revision: int = 1
    score: float = 0.0


@dataclass(slots=True)
class Subject:
    """What a rule speaks of, one track or a place.

    `untold` would be its open incident, if the rule were armed, and `folded` if one had not just ended: up to `cool_at`
    (media seconds) nothing is told of them anew, but counted, `folds` so far.
    """

    name: str
    rule: Rule
    track: int
    trigger: Trigger | Crowd
    case: Case | None = None
    untold: Fact | None = None
    folded: Fact | None = None
    cool_at: float = -math.inf
    folds: int = 0


@dataclass(slots=True)
class Watch(Subject):
    """One rule and one track."""

    trigger: Trigger


class Cases:
    """`tell` what facts of a watch make of its incident; `wall` says which wall time a media time was."""

    def __init__(self, camera: Camera, origin: Origin, wall: WallTime) -> None:
        self.camera = camera
        self.origin = origin
        self._wall = wall
        self._groups: dict[str, tuple[float, str]] = {}
        """Of each rule when it told last (media seconds), and in which group."""

    def tell(self, watch: Subject, person: Person, facts: Sequence[Fact], now: Now) -> list[Incident]:
        """What is new of the incident of `person` by that rule; without facts, whether it goes on."""
        told: list[Incident] = []
        for fact in facts:
            if fact.what is not Happening.CLOSED:
                if not self._armed(watch.rule, fact.at, now).armed:
                    watch.untold = fact if fact.what is Happening.OPENED else None
                    continue
                if fact.at < watch.cool_at:
                    told.append(self._fold(watch, person, fact, now))
                    continue
                told.append(self._opened(watch, person, fact, now))
            if fact.what is not Happening.OPENED:
                watch.untold = watch.folded = None
                told += self._closed(watch, person, fact, now)
        return told + self._turned(watch, person, now) or self._news(watch, person, now)

    def news_at(self, watch: Subject, now: Now) -> float:
        """Before that media second nothing is to be told of its open incident, if the person stays where they are."""
        case, rule = watch.case, watch.rule
        if case is None:
            return math.inf
        told = case.told_at + rule.update_s if rule.update_s > 0 else math.inf
        if rule.schedule in ("always", "never") and self.origin.calendars.mode.name == "normal":
            return told
        return min(told, now.at.media + self.origin.calendars.turns_in(now.at.wall, now.ours(now.at.media)))

    def _opened(self, watch: Subject, person: Person, fact: Fact, now: Now) -> Incident:
        calendars, wall, ours = self.origin.calendars, self._wall.moment(fact.at).wall, now.ours(fact.at)
        severity, mode = calendars.severity(watch.rule, wall, ours), calendars.mode_at(ours).name
        if watch.folds:
            fact, watch.folds = replace(fact, why={**fact.why, "folded": watch.folds}), 0
        told = self._id(watch, fact)
        watch.case = Case(told, fact.entered, now.at.media, severity, mode, self._group(watch, fact.at, told))
        return self._incident(watch, person, watch.case, IncidentState.OPENED, fact, now)

    def _group(self, watch: Subject, at: float, told: str) -> str | None:
        """The first one of those that opened so soon one after the other."""
        if not watch.rule.group_s:
            return None
        last, first = self._groups.get(watch.name, (-math.inf, told))
        group = first if at - last <= watch.rule.group_s else told
        self._groups[watch.name] = max(at, last), group
        return group

    def _fold(self, watch: Subject, person: Person, fact: Fact, now: Now) -> Incident:
        """Counted; who stays until it may be told again is told then."""
        watch.folds += 1
        watch.folded = fact if fact.what is Happening.OPENED else None
        case = Case(self._id(watch, fact), fact.entered, now.at.media, watch.rule.severity)
        unsaid = self._incident(watch, person, case, IncidentState.OPENED, fact, now)
        return replace(unsaid, unsaid=unsaid.unsaid or "folded")

    def _closed(self, watch: Subject, person: Person, fact: Fact, now: Now) -> list[Incident]:
        case, watch.case = watch.case, None
        if case is None:
            return []
        if watch.rule.cooldown_s:
            watch.cool_at = (fact.at if fact.left is None else fact.left) + watch.rule.cooldown_s
        case.revision += 1
        return [self._incident(watch, person, case, IncidentState.CLOSED, fact, now)]

    def _turned(self, watch: Subject, person: Person, now: Now) -> list[Incident]:
        """A rule that is armed, or disarmed, while somebody is there: an incident begins, or ends, at that moment."""
        if watch.case is None and watch.untold is None and watch.folded is None:
            return []
        verdict = self._armed(watch.rule, now.at.media, now)
        if watch.untold is not None and verdict.armed and watch.trigger.there_at >= self._minute(now):
            # Seen there since: who is hidden, or about to have left, may have gone before.
            fact, watch.untold = watch.untold, None
            why = {**fact.why, "armed": verdict.why}
            return [self._opened(watch, person, replace(fact, at=max(fact.at, self._minute(now)), why=why), now)]
        if watch.folded is not None and not verdict.armed:
            watch.untold, watch.folded = watch.folded, None
        if watch.folded is not None and watch.trigger.there_at >= watch.cool_at:
            fact, watch.folded = watch.folded, None
            return [self._opened(watch, person, replace(fact, at=watch.cool_at), now)]
        if watch.case is not None and not verdict.armed:
            entered = watch.case.entered
            why = {"closed_because": "not_armed", "armed": verdict.why}
            watch.untold = Fact(Happening.OPENED, self._minute(now), entered)
            return self._closed(watch, person, Fact(Happening.CLOSED, self._minute(now), entered, why=why), now)
        return []

    def _armed(self, rule: Rule, media: float, now: Now) -> Verdict:
        return self.origin.calendars.armed(rule, self._wall.moment(media).wall, now.ours(media))

    def _minute(self, now: Now) -> float:
        """The media second at which schedules, or the mode, may have turned last."""
        return now.at.media - self.origin.calendars.turned_ago(now.at.wall, now.ours(now.at.media))

    def _news(self, watch: Subject, person: Person, now: Now) -> list[Incident]:
        """An open incident is told again every `update_s`, and when the mode changes."""
        case, every = watch.case, watch.rule.update_s
        if case is None:
            return []
        ours = now.ours(now.at.media)
        mode = self.origin.calendars.mode_at(ours).name
        if mode == case.mode and (every <= 0 or now.at.media - case.told_at < every):
            return []
        why = {"still": True} if mode == case.mode else {"still": True, "mode": mode}
        if mode != case.mode:  # a drill that has become serious is another alert than it was
            case.mode, case.severity = mode, self.origin.calendars.severity(watch.rule, now.at.wall, ours)
        case.told_at, case.revision = now.at.media, case.revision + 1
        fact = Fact(Happening.OPENED, now.at.media, case.entered, why=why)
        return [self._incident(watch, person, case, IncidentState.UPDATED, fact, now)]

    def _id(self, watch: Subject, fact: Fact) -> str:
        """The same fact has the same id: from site, camera, rule, track and media time alone."""
        parts = [self.origin.site, self.camera.name, watch.name, watch.track, f"{fact.at:.3f}"]
        if self.origin.run:
            parts.append(self.origin.run)
        return sha256("\n".join(str(part) for part in parts).encode()).hexdigest()[:32]

    def _incident(
        self, watch: Subject, person: Person, case: Case, state: IncidentState, fact: Fact, now: Now
    ) -> Incident:
        rule = watch.rule
        case.score = max(case.score, person.score)
        until = fact.left if fact.left is not None else now.at.media
        return Incident(
            id=case.id,
            revision=case.revision,
            state=state,
            camera=self.camera.name,
            rule=watch.name,
            trigger=rule.trigger,
            zone=fact.zone or rule.zone or next(iter(rule.zones), None),
            line=rule.line,
            direction=fact.direction,
            severity=case.severity,
            track=watch.track,
            at=self._wall.moment(fact.at),
            entered=None if fact.entered is None else self._wall.moment(fact.entered),
            left=None if fact.left is None else self._wall.moment(fact.left),
            dwell_s=None if fact.entered is None else round(until - fact.entered, 3),
            box=rounded_box(person.box),
            anchor=rounded_point(person.sighting.anchored(rule.anchor).anchor),
            path=tuple((round(at, 3), round(x, 4), round(y, 4)) for at, x, y in person.path),
            score=round(case.score, 3),
            why=dict(fact.why),
            frame_size=now.size,
            received=now.received,
            decided=now.decided,
            model=dict(self.origin.model),
            config_hash=self.origin.config_hash,
            mode=case.mode,
            unsaid="shadow" if rule.state == "shadow" else None,
            group=case.group,
            audience=self.origin.calendars.audience(now.ours(now.at.media)),
        )


def rounded_point(point: Point) -> Point:
    """Four digits: a hundredth of a pixel."""
    return round(point[0], 4), round(point[1], 4)


def rounded_box(box: tuple[float, float, float, float]) -> tuple[float, float, float, float]:
    """The same."""
    x1, y1, x2, y2 = box
    return round(x1, 4), round(y1, 4), round(x2, 4), round(y2, 4)
