"""Rules about several people: what each of them does is heard, and judged together.

Not here: the judgement (`crowd`), and what becomes of it (`cases`).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from pipeline.config import Camera, Rule
from pipeline.rules.access import Access, Granted
from pipeline.rules.cases import Cases, Now, Person, Subject, Watch
from pipeline.rules.crowd import NOBODY, Crowd, Seen
from pipeline.rules.facts import Fact, Happening, Sighting
from pipeline.rules.kinds import crowds_for
from pipeline.types import Incident

# Grants are remembered so long for rules that begin anew.
_GRANTS_S = 600.0


@dataclass(slots=True)
class _Whole(Subject):
    """One rule and all people together."""

    trigger: Crowd


@dataclass(slots=True)
class _Gathering:
    """One rule; a rule may have two limits, and never breaks both at once."""

    rule: Rule
    subjects: list[_Whole]
    facts: list[tuple[int, Fact]] = field(default_factory=list)


class Gatherings:
    """Of one camera; `heard` for everybody, then `judge`."""

    def __init__(self, camera: Camera, cases: Cases) -> None:
        self._cases = cases
        self._of: dict[str, _Gathering] = {}
        self._granted = Granted((), -math.inf)
        self._take(camera)

    @property
    def open_incidents(self) -> int:
        """How many are open."""
        return sum(one.case is not None for gathering in self._of.values() for one in gathering.subjects)

    def heard(self, watch: Watch, facts: list[Fact]) -> bool:
        """Whether its rule is about several: then what that person does is kept for `judge`."""
        gathering = self._of.get(watch.name)
        if gathering is None:
            return False
        gathering.facts += [(watch.track, fact) for fact in facts]
        return True

    @property
    def awaited(self) -> set[int]:
        """Tracks of whom something is yet to be judged, also when they are gone."""
        every = (subject.trigger for gathering in self._of.values() for subject in gathering.subjects)
        return {track for one in every if isinstance(one, Access) for track, _ in one.crossed}

    def granted(self, told: Granted) -> None:
        """What is news of doors."""
        kept = [one for one in self._granted.grants if one[1] > told.known - _GRANTS_S or math.isinf(told.known)]
        self._granted = Granted((*kept, *told.grants), max(self._granted.known, told.known))
        for gathering in self._of.values():
            for subject in gathering.subjects:
                if isinstance(subject.trigger, Access):
                    subject.trigger.granted(told)

    def judge(self, watches: Mapping[tuple[str, int], Watch], people: Mapping[int, Person], now: Now) -> list[Incident]:
        """What all of them come to."""
        told: list[Incident] = []
        for name, gathering in self._of.items():
            members = {track: watch.trigger for (rule, track), watch in watches.items() if rule == name}
            seen = Seen(now.at.media, members, tuple(gathering.facts))
            gathering.facts.clear()
            for subject in gathering.subjects:
                told += self._judged(subject, seen, watches, people, now)
        return told

    def interrupt(
        self, watches: Mapping[tuple[str, int], Watch], people: Mapping[int, Person], now: Now, reason: str
    ) -> list[Incident]:
        """Nobody watches any longer: what is open ends, and who was there is forgotten."""
        told = [
            one
            for name, gathering in self._of.items()
            if gathering.rule.line
            for subject in gathering.subjects
            for one in self._judged(subject, Seen(now.at.media, {}, tuple(gathering.facts)), watches, people, now)
        ]
        told += self._cut(self._of, people, now, reason)
        self._of.clear()
        self._take(self._cases.camera)
        return told

    def reconfigure(
        self, camera: Camera, changed: Iterable[str], people: Mapping[int, Person], now: Now
    ) -> list[Incident]:
        """Rules that have changed begin anew."""
        gone = {name: self._of.pop(name) for name in changed if name in self._of}
        told = self._cut(gone, people, now, "rule_changed")
        self._take(camera)
        return told

    def _take(self, camera: Camera) -> None:
        for name, rule in camera.judged.items():
            if name not in self._of and (crowds := crowds_for(rule)):
                self._of[name] = _Gathering(rule, [_Whole(name, rule, NOBODY, crowd) for crowd in crowds])
                for crowd in crowds:
                    if isinstance(crowd, Access) and self._granted.known > -math.inf:
                        crowd.granted(self._granted)

    def _judged(
        self,
        subject: _Whole,
        seen: Seen,
        watches: Mapping[tuple[str, int], Watch],
        people: Mapping[int, Person],
        now: Now,
    ) -> list[Incident]:
        facts = subject.trigger.judged(seen)
        told: list[Incident] = []
        for track, fact in facts:
            if track != NOBODY:
                told += self._cases.tell(watches[subject.name, track], people[track], [fact], now)
        own = [fact for track, fact in facts if track == NOBODY]
        if own or subject.case is not None or subject.untold is not None:
            told += self._cases.tell(subject, self._together(subject.rule, seen.members, people, now), own, now)
        return told

    def _cut(
        self, gatherings: Mapping[str, _Gathering], people: Mapping[int, Person], now: Now, reason: str
    ) -> list[Incident]:
        told: list[Incident] = []
        for subject in (one for gathering in gatherings.values() for one in gathering.subjects):
            if subject.case is not None:
                fact = Fact(Happening.CLOSED, now.at.media, why={"closed_because": reason})
                told += self._cases.tell(subject, self._together(subject.rule, {}, people, now), [fact], now)
        return told

    def _together(self, rule: Rule, members: Mapping[int, object], people: Mapping[int, Person], now: Now) -> Person:
        """Everybody who is in the place, as one: the box around all; of an empty place the box around it."""
        there = [people[track] for track, one in members.items() if getattr(one, "sure", False)]
        corners = [(one.box[:2], one.box[2:]) for one in there] or [((x, y), (x, y)) for x, y in self._outline(rule)]
        x1, y1 = (min(low[axis] for low, _ in corners) for axis in (0, 1))
        x2, y2 = (max(high[axis] for _, high in corners) for axis in (0, 1))
        sighting = Sighting(now.at.media, ((x1 + x2) / 2, y2), y2 - y1, 1.0, now.at.media, at_border=False)
        score = min((one.score for one in there), default=0.0)
        return Person(sighting, None, (x1, y1, x2, y2), score)

    def _outline(self, rule: Rule) -> Iterable[tuple[float, float]]:
        camera = self._cases.camera
        return (
            camera.zones[rule.zone].outline(1.0) if rule.zone in camera.zones else camera.lines[rule.line or ""].points
        )
