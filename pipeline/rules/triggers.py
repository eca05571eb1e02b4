"""What makes a rule speak: one small class a trigger, one instance a rule and track. Times in media seconds.

A trigger is told what is seen of its track (`seen`, `unseen`, `gone`) and answers with facts. Not here: ids,
severities, messages (`incidents`).
"""

from __future__ import annotations

import math

from pipeline.rules.facts import Fact, Happening, Sighting
from pipeline.rules.geometry import distance
from pipeline.rules.in_zone import InZone
from pipeline.rules.passages import Passage
from pipeline.types import Point

# Who shifts their weight or turns around has not gone on: so much of their height.
_STEP = 0.3
_EPSILON_S = 1e-3


class Enter(InZone):
    """Someone comes into the zone, or is found in it. Closes when they have left."""

    _open = False

    def counts(self) -> bool:
        """Whether this visit is one that the rule is about."""
        return self.rule.by == "any" or not self.visit.found

    def started(self) -> list[Fact]:
        if not self.counts():
            return []
        self._open = True
        entered = self.visit.entered_at
        return [Fact(Happening.OPENED, entered, entered, why=self.why(confirm_s=self.rule.confirm_s))]

    def ended(self) -> list[Fact]:
        if not self._open:
            return []
        self._open = False
        left = self.visit.left_at
        why = self.why(closed_because=self.visit.ended_because)
        return [Fact(Happening.CLOSED, left, self.visit.entered_at, left, why=why)]

    def passed(self, passage: Passage) -> list[Fact]:
        why = {"passed_through": True}
        return [Fact(Happening.MOMENT, passage.entered, passage.entered, passage.left, why=why)]


class Inside(Enter):
    """Someone is in the zone, surely, for `confirm_s`; a mere passage does not count."""

    def passed(self, passage: Passage) -> list[Fact]:  # noqa: ARG002
        return []


class Appear(Inside):
    """Someone is found in the zone who did not come in: not over its border, and not at the picture's edge."""

    def counts(self) -> bool:
        return self.visit.found


class Dwell(Inside):
    """Someone has been in the zone for `seconds`; absences shorter than `release_s` do not start the count anew."""

    def started(self) -> list[Fact]:
        return []

    def during(self, now: Sighting) -> list[Fact]:
        need = self.rule.seconds or 0.0
        entered = self.visit.entered_at
        if self._open or not self.visits.within or now.at - entered < need:
            return []
        self._open = True
        return [Fact(Happening.OPENED, entered + need, entered, why=self.why(seconds=need))]

    def due(self) -> float:
        return math.inf if self._open else self.visit.entered_at + (self.rule.seconds or 0.0) - _EPSILON_S


class Stopped(Inside):
    """Someone in the zone has stayed in one place for `seconds`, give or take a step. Closes when they go on."""

    _place: tuple[float, Point] | None = None
    """Since when, and where."""

    def started(self) -> list[Fact]:
        return []

    def during(self, now: Sighting) -> list[Fact]:
        if self._place is None or distance(now.anchor, self._place[1], now.aspect) > _STEP * now.height:
            self._place = now.at, now.anchor
            return self._goes_on(now.at)
        since, need = max(self._place[0], self.visit.entered_at), self.rule.seconds or 0.0
        if self._open or not self.visits.within or now.at - since < need:
            return []
        self._open = True
        return [
            Fact(Happening.OPENED, since + need, self.visit.entered_at, why=self.why(seconds=need, stood_since=since))
        ]

    def due(self) -> float:
        """Each sighting tells whether they have gone on."""
        return -math.inf

    def stood(self, now: float) -> float:
        """For how long they have been in one place."""
        return 0.0 if self._place is None else now - max(self._place[0], self.visit.entered_at)

    def ended(self) -> list[Fact]:
        self._place = None
        return super().ended()

    def _goes_on(self, now: float) -> list[Fact]:
        if not self._open:
            return []
        self._open = False
        return [Fact(Happening.CLOSED, now, self.visit.entered_at, why=self.why(closed_because="went_on"))]


class Exit(InZone):
    """Someone leaves the zone: by its border or with the picture's edge, not by being lost from sight."""

    def ended(self) -> list[Fact]:
        if self.visit.ended_because == "lost_from_sight":
            return []
        left = self.visit.left_at
        why = self.why(left_by=self.visit.ended_because, release_s=self.rule.release_s)
        return [Fact(Happening.MOMENT, left, self.visit.entered_at, left, why=why)]

    def passed(self, passage: Passage) -> list[Fact]:
        return [Fact(Happening.MOMENT, passage.left, passage.entered, passage.left, why={"passed_through": True})]


class Disappear(InZone):
    """Someone in the zone is lost from sight, away from the picture's edge, and not seen again in time."""

    def ended(self) -> list[Fact]:
        if self.visit.ended_because != "lost_from_sight":
            return []
        left = self.visit.left_at
        return [Fact(Happening.MOMENT, left, self.visit.entered_at, left, why=self.why(release_s=self.rule.release_s))]
