"""What all zone triggers share: the presence, the border's hysteresis, and the way between two sightings.

Not here: which transitions make an incident (`triggers`).
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from pipeline.config import Rule, Zone
from pipeline.rules.facts import LONGEST_STEP_S, Fact, Sighting
from pipeline.rules.geometry import Polygon, Segment, along, distance, from_polygon, inside, meetings
from pipeline.rules.presence import Phase, Presence, State
from pipeline.types import Point

# A way through a zone shorter than this share of the person's height is a wobble at its border.
_SHORTEST_PASSAGE = 0.25
# Who runs through goes about straight: the direct way is at least so much of theirs. A stray box is a detour.
_STRAIGHT = 0.7
# No box is truer than this share of the height (the median error of its lower edge, of every detector that was
# measured: docs/decisions/builtin-detector.md): who stands on the border is in.
_BLUR = 0.03
# Who has left a zone is clear of its border by this share of the height.
_CLEAR_OF_ZONE = 0.05


@dataclass(frozen=True, slots=True)
class Passage:
    """A way through the zone that no sample, or too few, fell on."""

    entered: float
    left: float
    before: Point
    after: Point


class InZone:
    """What all zone triggers share: the presence, and the way between two sightings."""

    def __init__(self, rule: Rule, zone: Zone) -> None:
        self.rule = rule
        self._polygon: Polygon = tuple(zone.polygon)
        self.presence = Presence(rule.confirm_s, rule.release_s)
        self._last: Sighting | None = None
        self._is_in = False
        self._changed_at = 0.0
        self._outside: Point | None = None
        self._entry: Point | None = None
        self._exit: tuple[float, Point] | None = None
        self._passage: Passage | None = None
        self._samples = self._doubts = 0
        self._appeared = False
        self.ended_because = "left_zone"

    @property
    def idle(self) -> bool:
        """Nothing left to wait for."""
        return not self.presence.within and self._passage is None

    def seen(self, sighting: Sighting) -> list[Fact]:
        """Where the track is, and how it came there."""
        path, borders = self._way(sighting)
        was_in, self._is_in = self._is_in, self._holds(sighting)
        if was_in != self._is_in:
            self._changed_at = self._crossed_at(sighting, borders)
        # An absence that was over before the return ends one visit, though no picture fell on it, and begins another.
        facts = self._facts(self.presence.unseen(self._changed_at)) if self._is_in else self._settle(sighting)
        refuted, self._passage = self._passage is not None and not facts, None
        if self._is_in:
            self._arrived(sighting, path, borders)
        elif was_in:
            known = borders or path[0] != path[1]
            self._exit = (self._changed_at, along(path, borders[-1] if borders else 0.0)) if known else None
        phases = self._judge(sighting)
        if not self._is_in:
            # The way back from a stray box is no passage either.
            self._passage = None if refuted else self._find_passage(sighting, path, borders, Phase.ABANDONED in phases)
        if not self._is_in and self.presence.state is not State.ENTERING:
            self._outside = sighting.anchor
        self._last = sighting
        return facts + self._facts(phases) + (self.during(sighting.at) if self._is_in else [])

    def _judge(self, sighting: Sighting) -> list[Phase]:
        """Feet that rest on the border are in and out with each picture: to be out, be clear of it.

        Just outside is still inside for who was inside; for who is entering it is neither, and counts against them.
        """
        self.ended_because = "left_zone"
        at = sighting.at
        if self._is_in:
            sure = self._samples > self._doubts
            return self.presence.seen(True, self._changed_at, at) if sure else []
        if self.presence.state is State.OUTSIDE or not self._near(sighting, _CLEAR_OF_ZONE):
            return self.presence.seen(False, self._changed_at, at)
        self._changed_at = at
        self._doubts += self.presence.state is State.ENTERING
        return self.presence.seen(True, at, at) if self.presence.within else []

    def unseen(self, now: float) -> list[Fact]:
        """The track coasts."""
        return self._facts(self.presence.unseen(now))

    def gone(self, now: float) -> list[Fact]:
        """The track is no more. At the picture's border it has left the picture; elsewhere it was lost from sight."""
        if self._last is None:
            return []
        if self.presence.state is State.INSIDE:
            self.ended_because = "left_picture" if self._last.at_border else "lost_from_sight"
        facts = self.passed(self._passage) if self._passage else []
        self._passage = None
        return facts + self._facts(self.presence.gone(self._last.at, now))

    def finish(self) -> list[Fact]:
        """The watching ends: what has begun to leave has left, what went through went through."""
        facts = self.passed(self._passage) if self._passage else []
        self._passage = None
        return facts + self._facts(self.presence.finish())

    def started(self) -> list[Fact]:
        """The presence is sure."""
        return []

    def during(self, now: float) -> list[Fact]:  # noqa: ARG002
        """Seen inside once more."""
        return []

    def ended(self) -> list[Fact]:
        """The presence is over."""
        return []

    def passed(self, passage: Passage) -> list[Fact]:  # noqa: ARG002
        """Through the zone too fast to be seen inside for `confirm_s`."""
        return []

    def _facts(self, phases: list[Phase]) -> list[Fact]:
        facts: list[Fact] = []
        for phase in phases:
            if phase is Phase.STARTED:
                facts += self.started()
            elif phase is Phase.ENDED:
                facts += self.ended()
        return facts

    def _way(self, sighting: Sighting) -> tuple[Segment, list[float]]:
        """The straight way from the last sighting, and where on it (0–1) the border was met."""
        if self._last is None or sighting.at - self._last.at > LONGEST_STEP_S:
            return (sighting.anchor, sighting.anchor), []
        path = (self._last.anchor, sighting.anchor)
        return path, meetings(path, self._polygon)

    def _crossed_at(self, sighting: Sighting, borders: list[float]) -> float:
        last = self._last
        if last is None or (not borders and (self._is_in or sighting.at - last.at > LONGEST_STEP_S)):
            return sighting.at
        if not borders:  # they stood on the border, already outside
            return last.at
        return last.at + (borders[0] if self._is_in else borders[-1]) * (sighting.at - last.at)

    def _holds(self, sighting: Sighting) -> bool:
        return inside(sighting.anchor, self._polygon) or self._near(sighting, _BLUR)

    def _near(self, sighting: Sighting, share: float) -> bool:
        return from_polygon(sighting.anchor, self._polygon, sighting.aspect) < share * sighting.height

    def _arrived(self, sighting: Sighting, path: Segment, borders: list[float]) -> None:
        if self.presence.state is State.OUTSIDE:
            self._samples = self._doubts = 0
            self._appeared = self._last is None
            self._entry = along(path, borders[0]) if borders else sighting.anchor
        self._samples += 1

    def _find_passage(self, now: Sighting, path: Segment, borders: list[float], abandoned: bool) -> Passage | None:
        """A way through the zone, kept until the next sighting tells whether it was real."""
        last, before = self._last, self._outside
        if last is None or before is None or now.at - now.born_at < self.rule.confirm_s:
            return None
        if abandoned:
            entry, leave = (self.presence.entered_at, self._entry), self._exit
        elif len(borders) >= 2 and not self.presence.within:
            entry, leave = ((last.at + f * (now.at - last.at), along(path, f)) for f in (borders[0], borders[-1]))
        else:
            return None
        if entry[1] is None or leave is None:
            return None
        points = [before, entry[1], leave[1], now.anchor]
        return Passage(entry[0], leave[0], before, now.anchor) if _goes_through(points, now) else None

    def _settle(self, now: Sighting) -> list[Fact]:
        """A passage was real if the track went on from it, and a stray box if the track is back where it was."""
        passage = self._passage
        if passage is None:
            return []
        onward = distance(now.anchor, passage.after, now.aspect)
        back = distance(now.anchor, passage.before, now.aspect)
        return self.passed(passage) if onward <= back else []

    def why(self, **more: Any) -> dict[str, Any]:
        """What every fact of a presence says of its reasons."""
        return {"samples": self._samples, "appeared_inside": self._appeared, **more}


def _goes_through(points: list[Point], now: Sighting) -> bool:
    """Whether the way before, in, out and on is that of somebody who crosses a zone."""
    steps = [distance(a, b, now.aspect) for a, b in pairwise(points)]
    straight = distance(points[0], points[-1], now.aspect)
    return steps[1] >= _SHORTEST_PASSAGE * now.height and straight >= _STRAIGHT * sum(steps)
