"""The line trigger: who crosses it, which way, and surely. Times in media seconds."""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.config import Line, Rule
from pipeline.rules.facts import OUT_OF_SIGHT_S, Fact, Happening, Sighting
from pipeline.rules.geometry import Segment, along, beside, between, heading

# Who is across a line is clear of it by this share of their height.
_CLEAR_OF_LINE = 0.05
# Nobody's feet are known better than that: who passes the line's end as near crosses it.
_PAST_THE_END = 0.05
# Media times are good to a millisecond.
_EPSILON_S = 1e-3


@dataclass(frozen=True, slots=True)
class _Crossing:
    at: float
    seen_at: float
    right: float
    down: float
    side: bool


class Cross:
    """Someone crosses the line, and stays across for `confirm_s` (or is gone from sight by then)."""

    def __init__(self, rule: Rule, line: Line) -> None:
        self._rule = rule
        self._line: Segment = (line.points[0], line.points[1])
        self._last: Sighting | None = None
        self._pending: _Crossing | None = None

    @property
    def there_at(self) -> float:
        """A crossing does not last."""
        return float("-inf")

    @property
    def idle(self) -> bool:
        """Nothing left to wait for."""
        return self._pending is None

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
        return self._tell(pending) if now.at - pending.seen_at >= self._rule.confirm_s - _EPSILON_S else []

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
        if not _goes(self._rule.direction, crossing.right, crossing.down):
            return []
        direction = _named(crossing.right, crossing.down)
        return [Fact(Happening.MOMENT, crossing.at, direction=direction, why={"confirm_s": self._rule.confirm_s})]

    def _crossing(self, now: Sighting) -> _Crossing | None:
        last = self._last
        if last is None or now.at - last.at > OUT_OF_SIGHT_S:
            return None
        if self._side(last) is self._side(now):
            return None
        path = (last.anchor, now.anchor)
        before, after = (beside(anchor, self._line) for anchor in path)
        fraction = before / (before - after)
        if not between(along(path, fraction), self._line, now.aspect, _PAST_THE_END * now.height):
            return None
        at = last.at + fraction * (now.at - last.at)
        return _Crossing(at, now.at, *heading(path, self._line), self._side(now))

    def _side(self, sighting: Sighting) -> bool:
        """On the line counts as one side, always the same: who comes from it and goes through it crosses once."""
        return beside(sighting.anchor, self._line) > 0

    def _clear(self, sighting: Sighting) -> bool:
        return abs(beside(sighting.anchor, self._line, sighting.aspect)) >= _CLEAR_OF_LINE * sighting.height


def _goes(wanted: str, right: float, down: float) -> bool:
    return {
        "any": True,
        "left_to_right": right > 0,
        "right_to_left": right < 0,
        "top_to_bottom": down > 0,
        "bottom_to_top": down < 0,
    }[wanted]


def _named(right: float, down: float) -> str:
    if abs(right) >= abs(down):
        return "left_to_right" if right > 0 else "right_to_left"
    return "top_to_bottom" if down > 0 else "bottom_to_top"
