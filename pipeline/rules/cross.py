"""The line trigger: who crosses it, which way, and surely. Times in media seconds."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise

from pipeline.config import Line, Rule
from pipeline.rules.facts import OUT_OF_SIGHT_S, Fact, Happening, Sighting
from pipeline.rules.geometry import Segment, along, beside, between, beyond, heading

# Who is across a line is clear of it by this share of their height.
_CLEAR_OF_LINE = 0.05
# Nobody's feet are known better than that: who passes the line's end as near crosses it.
_PAST_THE_END = 0.05
# Media times are good to a millisecond.
_EPSILON_S = 1e-3
# Where two parts of a line meet is in one of them, however it is rounded.
_JOINT = 1e-9


@dataclass(frozen=True, slots=True)
class _Crossing:
    """`side`: it ended on the right-hand side of the line, as it goes from its first point; that is B."""

    at: float
    seen_at: float
    right: float
    down: float
    side: bool


class Cross:
    """Someone crosses the line, and stays across for `confirm_s` (or is gone from sight by then)."""

    def __init__(self, rule: Rule, line: Line) -> None:
        self.rule = rule
        self._parts: list[Segment] = list(pairwise(line.points))
        self._last: Sighting | None = None
        self._pending: _Crossing | None = None

    @property
    def there_at(self) -> float:
        """A crossing does not last."""
        return float("-inf")

    @property
    def waits_since(self) -> float | None:
        """When they were first seen across, if that is not yet sure."""
        return self._pending.seen_at if self._pending else None

    def distance(self, sighting: Sighting) -> float:
        """From the line, whose ends go on for ever; picture heights."""
        return abs(self._beside(sighting))

    @property
    def idle(self) -> bool:
        """Nothing left to wait for."""
        return self._pending is None

    def rests(self) -> tuple[int, float]:
        """As of `in_zone`: 1 as long as they go nowhere near the line."""
        return (1 if self._last is not None and self._pending is None else 0), math.inf

    def catch_up(self, last: Sighting, times: int) -> None:  # noqa: ARG002
        """They were seen again, the last time there, and it was no news."""
        self._last = last

    def seen(self, sighting: Sighting) -> list[Fact]:
        """The way since the last sighting is what crosses, so that nobody is too fast."""
        crossing = self._crossing(sighting)
        if crossing:
            # Back before it was sure is no crossing at all, least of all one the other way.
            self._pending = None if self._pending else crossing
        self._last = sighting
        return self._settle(sighting)

    def _settle(self, now: Sighting) -> list[Fact]:
        """Clear of the line across it, for long enough: sure. Clear of it on this side: gone back around its end."""
        pending = self._pending
        if pending is None or not self._clear(now):
            return []
        if self._side(now) is not pending.side:
            self._pending = None
            return []
        return self._tell(pending) if now.at - pending.seen_at >= self.rule.confirm_s - _EPSILON_S else []

    def unseen(self, now: float) -> list[Fact]:  # noqa: ARG002
        """The track coasts: nothing is known."""
        return []

    def gone(self, now: float) -> list[Fact]:  # noqa: ARG002
        """Across and out of sight is across."""
        pending, last = self._pending, self._last
        self._pending = None
        if pending and last and self._clear(last) and self._side(last) is pending.side:
            return self._tell(pending)
        return []

    def finish(self) -> list[Fact]:
        """The watching ends: as if out of sight."""
        return self.gone(0.0)

    def _tell(self, crossing: _Crossing) -> list[Fact]:
        self._pending = None
        if not _goes(self.rule.direction, crossing):
            return []
        direction, way = _named(crossing.right, crossing.down), "a_to_b" if crossing.side else "b_to_a"
        return [
            Fact(Happening.MOMENT, crossing.at, direction=direction, why={"confirm_s": self.rule.confirm_s, "way": way})
        ]

    def _crossing(self, now: Sighting) -> _Crossing | None:
        last = self._last
        if last is None or now.at - last.at > OUT_OF_SIGHT_S:
            return None
        side = self._side(now)
        if self._side(last) is side:
            return None
        for place, part in enumerate(self._parts):
            fraction = self._met(last, now, place)
            if fraction is not None:
                at = last.at + fraction * (now.at - last.at)
                return _Crossing(at, now.at, *heading((last.anchor, now.anchor), part), side)
        return None

    def _met(self, last: Sighting, now: Sighting, place: int) -> float | None:
        """How far along the way (0–1) that part of the line is met; None where it is not."""
        part = self._parts[place]
        before, after = (beside(anchor, part) for anchor in (last.anchor, now.anchor))
        if (before > 0) is (after > 0):
            return None
        fraction = before / (before - after)
        slack = _PAST_THE_END * now.height
        ends = (slack if place == 0 else _JOINT, slack if place == len(self._parts) - 1 else _JOINT)
        met = along((last.anchor, now.anchor), fraction)
        return fraction if between(met, part, now.aspect, ends) else None

    def _beside(self, sighting: Sighting) -> float:
        """Distance from the line, whose ends go on for ever, by its nearest part; above 0 on its right-hand side.

        At a corner two parts are as near: that counts which is seen less from its end (J. Bærentzen, H. Aanæs, Signed
        distance computation using the angle weighted pseudonormal, 2005, treat the same case).
        """
        point, aspect, last = sighting.anchor, sighting.aspect, len(self._parts) - 1
        found = [
            (beyond(point, part, aspect, (place == 0, place == last)), -abs(side), side)
            for place, part in enumerate(self._parts)
            for side in (beside(point, part, aspect),)
        ]
        return min((round(distance, 12), away, side) for distance, away, side in found)[2]

    def _side(self, sighting: Sighting) -> bool:
        """On the line counts as one side, always the same: who comes from it and goes through it crosses once."""
        return self._beside(sighting) > 0

    def _clear(self, sighting: Sighting) -> bool:
        return abs(self._beside(sighting)) >= _CLEAR_OF_LINE * sighting.height


def _goes(wanted: str, crossing: _Crossing) -> bool:
    right, down = crossing.right, crossing.down
    return {
        "any": True,
        "left_to_right": right > 0,
        "right_to_left": right < 0,
        "top_to_bottom": down > 0,
        "bottom_to_top": down < 0,
        "a_to_b": crossing.side,
        "b_to_a": not crossing.side,
    }[wanted]


def _named(right: float, down: float) -> str:
    if abs(right) >= abs(down):
        return "left_to_right" if right > 0 else "right_to_left"
    return "top_to_bottom" if down > 0 else "bottom_to_top"
