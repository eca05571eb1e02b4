"""What all zone triggers share: which signal a sighting is for the table of visits, with the border's hysteresis.

Not here: the table (`visits`), ways through (`passages`), which transitions make an incident (`triggers`).
"""

from __future__ import annotations

import math
from typing import Any

from pipeline.config import Rule, Zone
from pipeline.rules.area import Place, area_of
from pipeline.rules.facts import LONGEST_STEP_S, Fact, Sighting
from pipeline.rules.geometry import Segment, along
from pipeline.rules.passages import Passage, Passages
from pipeline.rules.visits import Phase, State, Visit, Visits

# Who is beside the border for longer is still there, and has not left when they crossed it; others walk on over it.
_LINGERS_S = 0.5
_EPSILON_S = 1e-3


class InZone:
    """One rule, one person, one zone. Triggers say what comes of `started`, `during`, `ended` and `passed`."""

    def __init__(self, rule: Rule, zone: Zone) -> None:
        self.rule = rule
        self.visits = Visits(rule.confirm_s, rule.release_s, rule.confirm_samples, rule.confirm_of)
        self._passages = Passages(rule.confirm_s)
        self._zone = zone
        self._overlap = rule.overlap if rule.anchor == "overlap" else None
        self._area = area_of(zone, 1.0, self._overlap)
        self._last: Sighting | None = None
        self._was_in = False
        self._was_inside = False  # of the border itself
        self._there_at = float("-inf")
        self._changed_at = 0.0  # when who is in, by the blur of boxes, changed last
        self._within = False  # the border itself, and on the way in by more than boxes tremble
        self._stepped_out_at = float("-inf")  # when it was crossed last, outwards
        self._inside_until = 0.0  # the same, or when who lingers was last beside the border

    @property
    def idle(self) -> bool:
        """Nothing left to wait for."""
        return not self.visits.within and self._passages.pending is None

    @property
    def there_at(self) -> float:
        """When the person was last seen in the zone."""
        return self._there_at

    @property
    def visit(self) -> Visit:
        """The one that goes on, or has just ended."""
        return self.visits.visit

    def seen(self, sighting: Sighting) -> list[Fact]:
        """Where the person is, and how they came there."""
        if self._area.aspect != sighting.aspect:
            self._area = area_of(self._zone, sighting.aspect, self._overlap)
            self._was_inside = self._last is not None and self._area.within(self._last)
        last = self._last if self._last is not None and sighting.at - self._last.at <= LONGEST_STEP_S else None
        path = (sighting.anchor if last is None else last.anchor, sighting.anchor)
        place = self._area.place(last, sighting)
        is_in = place.inside or place.on_border
        if is_in is not self._was_in:
            self._changed_at = self._crossed_at(sighting, place.borders, is_in)
        self._note_stay(sighting, place)
        facts = self._seen_in(sighting, path, place) if is_in else self._seen_out(sighting, path, place)
        self._was_in, self._was_inside, self._last = is_in, place.inside, sighting
        if is_in:
            self._there_at = sighting.at
        return facts

    def rests(self) -> tuple[int, float]:
        """Whether seeing them again as now is no news, and up to which media time: 1 and 3 as long as they are far out
        of the zone, 2 as long as they are inside, 0 where it is."""
        visits = self.visits
        if self._last is None or self._passages.pending is not None:
            return 0, math.inf
        if visits.state is State.OUTSIDE and not self._was_in and not self._within:
            return 1, math.inf
        if visits.state is State.LEAVING and not self._was_in and not self._within:
            return 3, visits.since + visits.release_s - _EPSILON_S
        if visits.state is State.INSIDE and self._was_in and self._was_inside and self._within:
            return 2, self.due()
        return 0, math.inf

    def due(self) -> float:
        """When `during` has something to say, if they stay inside."""
        return math.inf

    def catch_up(self, last: Sighting, times: int) -> None:
        """They were seen again so often, the last time there, and it was no news."""
        self._last = last
        if self.visits.state is State.INSIDE:
            self.visit.samples += times
            self._there_at = self._inside_until = self._stepped_out_at = last.at
        else:
            self._was_inside = False
            self._passages.stands_outside(last.anchor)

    def outside_by(self, sighting: Sighting, height_px: int) -> str:
        """How far somebody who is out of the zone is from being in it, in words."""
        return self._area.outside_by(sighting, height_px)

    def unseen(self, now: float) -> list[Fact]:
        """The track coasts."""
        return self._facts(self.visits.elapsed(now))

    def gone(self, now: float) -> list[Fact]:
        """The track is no more. At the picture's border it has left the picture; elsewhere it was lost from sight."""
        if self._last is None:
            return []
        return self._through() + self._facts(self.visits.gone(self._last.at, now, self._last.at_border))

    def finish(self) -> list[Fact]:
        """The watching ends: what has begun to leave has left, what went through went through."""
        return self._through() + self._facts(self.visits.finish())

    def started(self) -> list[Fact]:
        """The visit is sure."""
        return []

    def during(self, now: Sighting) -> list[Fact]:  # noqa: ARG002
        """Seen inside once more."""
        return []

    def ended(self) -> list[Fact]:
        """The visit is over."""
        return []

    def passed(self, passage: Passage) -> list[Fact]:  # noqa: ARG002
        """Through the zone too fast to be seen inside for `confirm_s`."""
        return []

    def why(self, **more: Any) -> dict[str, Any]:
        """What every fact of a visit says of its reasons."""
        return {"samples": self.visit.samples, "appeared_inside": self.visit.appeared, **more}

    def _seen_in(self, sighting: Sighting, path: Segment, place: Place) -> list[Fact]:
        # An absence that was over before the return ends one visit, though no picture fell on it, and begins another.
        facts = self._facts(self.visits.elapsed(self._changed_at))
        self._passages.take()
        entry = along(path, place.borders[0]) if place.borders else sighting.anchor
        visit = Visit(self._changed_at, entry, appeared=self._last is None, by_edge=sighting.at_border)
        return facts + self._facts(self.visits.saw_in(visit, sighting.at)) + self.during(sighting)

    def _seen_out(self, sighting: Sighting, path: Segment, place: Place) -> list[Fact]:
        passage, refuted = self._passages.settle(sighting)
        facts = self.passed(passage) if passage else []
        if self._was_in:
            self._passages.left(self._changed_at, path, place.borders)
        if self.visits.state is not State.OUTSIDE and place.beside:
            phases = self.visits.saw_edge(sighting.at)
        else:
            phases = self.visits.saw_out(self._inside_until, sighting.at)
        if not refuted:  # the way back from a stray box is no passage either
            self._maybe_through(sighting, path, place.borders, phases)
        if self.visits.state is not State.ENTERING:
            self._passages.stands_outside(sighting.anchor)
        return facts + self._facts(phases)

    def _maybe_through(self, now: Sighting, path: Segment, borders: list[float], phases: list[Phase]) -> None:
        if Phase.ABANDONED in phases:
            self._passages.tried(now, self.visit.entered_at, self.visit.entry)
        elif self._last is not None and not self.visits.within:
            self._passages.jumped(now, self._last, path, borders)

    def _through(self) -> list[Fact]:
        """A pending passage that nothing can refute any longer."""
        passage = self._passages.take()
        return self.passed(passage) if passage else []

    def _facts(self, phases: list[Phase]) -> list[Fact]:
        facts: list[Fact] = []
        for phase in phases:
            if phase is Phase.STARTED:
                facts += self.started()
            elif phase is Phase.ENDED:
                facts += self.ended()
        return facts

    def _crossed_at(self, sighting: Sighting, borders: list[float], is_in: bool) -> float:
        last = self._last
        if last is None or (not borders and (is_in or sighting.at - last.at > LONGEST_STEP_S)):
            return sighting.at
        if not borders:  # they stood on the border, already outside
            return last.at
        return last.at + (borders[0] if is_in else borders[-1]) * (sighting.at - last.at)

    def _note_stay(self, now: Sighting, place: Place) -> None:
        """Until when they were in the zone: boxes tremble, so being seen a little inside once more does not count."""
        if place.inside and (self._within or self._was_inside or not place.on_border):
            self._within, self._inside_until, self._stepped_out_at = True, now.at, now.at
        elif self._within:
            self._within = False
            self._inside_until = self._stepped_out_at = self._crossed_at(now, place.borders, is_in=False)
        elif now.at - self._stepped_out_at > _LINGERS_S and place.beside:
            self._inside_until = now.at
