"""What all zone triggers share: the presence, the border's hysteresis, and the way between two sightings.

Not here: which transitions make an incident (`triggers`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pipeline.config import Rule, Zone
from pipeline.rules.facts import LONGEST_STEP_S, Fact, Sighting
from pipeline.rules.geometry import Polygon, Segment, along, distance, from_polygon, inside, meetings
from pipeline.rules.presence import Phase, Presence, State
from pipeline.types import Point

# A way through a zone shorter than this share of the person's height is a wobble at its border.
_SHORTEST_PASSAGE = 0.25
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
        was_in, self._is_in = self._is_in, inside(sighting.anchor, self._polygon)
        if was_in != self._is_in:
            self._changed_at = self._crossed_at(sighting, borders)
        facts = [] if self._is_in else self._settle(sighting)
        self._passage = None
        if self._is_in:
            self._arrived(sighting, path, borders)
        phases = self._judge(sighting)
        if not self._is_in:
            self._look_for_passage(sighting, path, borders, Phase.ABANDONED in phases)
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
        if self.presence.state is State.OUTSIDE or not self._near(sighting):
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
        if self.presence.within:
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
        if not borders or self._last is None:
            return sighting.at
        return self._last.at + borders[-1] * (sighting.at - self._last.at)

    def _near(self, sighting: Sighting) -> bool:
        off = from_polygon(sighting.anchor, self._polygon, sighting.aspect)
        return off < _CLEAR_OF_ZONE * sighting.height

    def _arrived(self, sighting: Sighting, path: Segment, borders: list[float]) -> None:
        if self.presence.state is State.OUTSIDE:
            self._samples = self._doubts = 0
            self._appeared = self._last is None
            self._entry = along(path, borders[-1]) if borders else sighting.anchor
        self._samples += 1

    def _look_for_passage(self, now: Sighting, path: Segment, borders: list[float], abandoned: bool) -> None:
        """Keep a way through the zone until the next sighting tells whether it was real."""
        last, entry, before = self._last, self._entry, self._outside
        if last is None or before is None or not borders or now.at - now.born_at < self.rule.confirm_s:
            return
        step = now.at - last.at
        if abandoned:
            entered, entry_point = self.presence.entered_at, entry
        elif len(borders) >= 2 and not self.presence.within:
            entered, entry_point = last.at + borders[0] * step, along(path, borders[0])
        else:
            return
        exit_point = along(path, borders[-1])
        if entry_point and distance(entry_point, exit_point, now.aspect) >= _SHORTEST_PASSAGE * now.height:
            self._passage = Passage(entered, last.at + borders[-1] * step, before, now.anchor)

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
