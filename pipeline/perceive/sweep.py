"""The search for who does not move: the whole picture every `sweep_s`, and by tiles where small people concern a rule.

Pure; display units and media seconds. Not here: what else is looked at, and how many looks there are (`attention`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

from pipeline.perceive.looks import LEAST_SHARE, Area, bounds, meet

# Tiles overlap by this share of their side, so that a small person is whole in one of them.
_OVERLAP = 0.3
# A whole round of tiles takes so many times `sweep_s`: who comes, moves, and is found by that.
_ROUND = 4.0
# After a round in which nothing moved and nobody was there, it is searched so many times more seldom: the same picture
# says the same again.
STILL = 4.0
# Feet in a zone belong to people who reach up from it, and who stand a little beside it when they are seen first.
_ABOVE, _BESIDE, _BELOW = 0.3, 0.1, 0.03


@dataclass(frozen=True, slots=True)
class Concern:
    """The bounds of a rule's zone or line (normalised), and the height of the smallest person who counts there."""

    bounds: Area
    smallest: float

    def shown(self, wide: float) -> Area:
        """Its bounds in display units."""
        x1, y1, x2, y2 = self.bounds
        return x1 * wide, y1, x2 * wide, y2


class Sweep:
    """`note`, `whole_due` and `due` in each turn; `anew` when nothing is known of the picture any longer."""

    def __init__(self, sweep_s: float, concerns: Sequence[Concern], wide: float) -> None:
        self._sweep_s = sweep_s
        self._whole_at: float | None = None
        self._stirred_at = 0.0
        self._pace = 1.0
        self.tiles = tiles(concerns, wide)
        self._tiled_at: list[float | None] = [None] * len(self.tiles)

    def anew(self) -> None:
        """A new picture: everything is due."""
        self._whole_at = None
        self._tiled_at = [None] * len(self.tiles)

    def note(self, now: float, still: bool) -> None:
        """Before each turn: whether nothing moves and nobody is followed."""
        if not still or self._whole_at is None:
            self._stirred_at = now
        self._pace = STILL if now - self._stirred_at >= _ROUND * self._sweep_s else 1.0

    def whole_due(self, now: float) -> bool:
        """The whole picture is to be looked at; it counts as done."""
        if self._whole_at is not None and now - self._whole_at < self._pace * self._sweep_s:
            return False
        self._whole_at = now
        return True

    def due(self, now: float, spare: int) -> list[Area]:
        """Up to `spare` tiles that are to be looked at now, the longest unseen first; they count as done.

        Once all have been looked at they are spread over their round, so that no turn is dearer than others.
        """
        fresh = [i for i, at in enumerate(self._tiled_at) if at is None][:spare]
        if not fresh and spare > 0 and self.tiles:
            oldest = min(range(len(self.tiles)), key=lambda i: self._tiled_at[i] or 0.0)
            newest = max(at for at in self._tiled_at if at is not None)
            fresh = [oldest] if now - newest >= self._pace * _ROUND * self._sweep_s / len(self.tiles) else []
        for i in fresh:
            self._tiled_at[i] = now
        return [self.tiles[i] for i in fresh]


def looks_a_second(sweep_s: float, concerns: Sequence[Concern], wide: float) -> float:
    """How many looks a second the search takes while something moves; `STILL` times fewer where nothing does."""
    return (1 + len(tiles(concerns, wide)) / _ROUND) / sweep_s


def tiles(concerns: Sequence[Concern], wide: float) -> list[Area]:
    """Tiles over all that concerns a rule, each small enough for the smallest person who counts there.

    None where the look at the whole picture shows that person well enough.
    """
    laid: list[Area] = []
    for area, smallest in _joined([(_reach(one.shown(wide), wide), one.smallest) for one in concerns]):
        across = smallest / LEAST_SHARE
        if across < max(wide, 1.0):
            laid += _over(area, across, wide)
    return laid


def _reach(area: Area, wide: float) -> Area:
    x1, y1, x2, y2 = area
    return max(x1 - _BESIDE, 0.0), max(y1 - _ABOVE, 0.0), min(x2 + _BESIDE, wide), min(y2 + _BELOW, 1.0)


def _joined(areas: list[tuple[Area, float]]) -> list[tuple[Area, float]]:
    """Overlapping ones become their common bounds, for the smallest person of both."""
    done: list[tuple[Area, float]] = []
    for area, smallest in areas:
        while hit := next((other for other in done if meet(area, other[0])), None):
            done.remove(hit)
            area, smallest = bounds(area, hit[0]), min(smallest, hit[1])
        done.append((area, smallest))
    return done


def _over(area: Area, across: float, wide: float) -> list[Area]:
    """Squares of this side, row by row, evenly over the area."""
    x1, y1, x2, y2 = area
    w, h = min(across, wide), min(across, 1.0)
    return [(x, y, x + w, y + h) for y in _starts(y1, y2, h, 1.0) for x in _starts(x1, x2, w, wide)]


def _starts(low: float, high: float, size: float, limit: float) -> list[float]:
    """Where pieces of `size` begin that cover `low` to `high` with the overlap, inside 0 to `limit`."""
    count = max(1, ceil((high - low - _OVERLAP * size) / ((1 - _OVERLAP) * size) - 1e-9))
    first = min(max(low, 0.0), limit - size) if count > 1 else min(max((low + high - size) / 2, 0.0), limit - size)
    last = min(max(high - size, first), limit - size)
    return [first + (last - first) * i / max(count - 1, 1) for i in range(count)]
