"""Ways through a zone that no sighting, or too few, fell on. Times in media seconds.

A passage is told when the next sighting goes on from it: a stray box jumps back to where the person is. Not here:
visits (`visits`), and who wants to hear of passages (`triggers`).
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from pipeline.rules.facts import Sighting
from pipeline.rules.geometry import Segment, along, distance
from pipeline.types import Point

# A way through a zone shorter than this share of the person's height is a wobble at its border.
_SHORTEST_PASSAGE = 0.25
# Who runs through goes about straight: the direct way is at least so much of theirs. A stray box is a detour.
_STRAIGHT = 0.7


@dataclass(frozen=True, slots=True)
class Passage:
    """From `before` the zone to `after` it, in between from `entered` to `left`."""

    entered: float
    left: float
    before: Point
    after: Point


class Passages:
    """Of one person through one zone; `pending` is one of which the next sighting tells whether it was real."""

    def __init__(self, confirm_s: float) -> None:
        self._confirm_s = confirm_s
        self._outside: Point | None = None
        self._exit: tuple[float, Point] | None = None
        self.pending: Passage | None = None

    def take(self) -> Passage | None:
        """The pending one, which is so no longer."""
        pending, self.pending = self.pending, None
        return pending

    def settle(self, now: Sighting) -> tuple[Passage | None, bool]:
        """The pending one, if the person went on from it; and whether it was refuted: they are back where they were."""
        passage = self.take()
        if passage is None:
            return None, False
        onward = distance(now.anchor, passage.after, now.aspect)
        back = distance(now.anchor, passage.before, now.aspect)
        return (passage, False) if onward <= back else (None, True)

    def left(self, at: float, path: Segment, borders: list[float]) -> None:
        """No longer in the zone, since `at`; where the border was met, if that is known."""
        known = borders or path[0] != path[1]
        self._exit = (at, along(path, borders[-1] if borders else 0.0)) if known else None

    def stands_outside(self, at: Point) -> None:
        """Seen out of the zone, and not about to enter it."""
        self._outside = at

    def tried(self, now: Sighting, entered: float, entry: Point) -> None:
        """In it for less than counts, and out again: perhaps through it."""
        if self._exit is not None:
            self._find(now, (entered, entry), self._exit)

    def jumped(self, now: Sighting, last: Sighting, path: Segment, borders: list[float]) -> None:
        """Out of it before and after, with its borders in between: perhaps through it."""
        if len(borders) >= 2:
            took = now.at - last.at
            entry, leave = ((last.at + f * took, along(path, f)) for f in (borders[0], borders[-1]))
            self._find(now, entry, leave)

    def _find(self, now: Sighting, entry: tuple[float, Point], leave: tuple[float, Point]) -> None:
        before = self._outside
        if before is None or now.at - now.born_at < self._confirm_s:
            return
        if _goes_through([before, entry[1], leave[1], now.anchor], now):
            self.pending = Passage(entry[0], leave[0], before, now.anchor)


def _goes_through(points: list[Point], now: Sighting) -> bool:
    """Whether the way before, in, out and on is that of somebody who crosses a zone."""
    steps = [distance(a, b, now.aspect) for a, b in pairwise(points)]
    straight = distance(points[0], points[-1], now.aspect)
    return steps[1] >= _SHORTEST_PASSAGE * now.height and straight >= _STRAIGHT * sum(steps)
