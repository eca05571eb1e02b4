"""What moves and is nobody: trees, screens, cars, shadows. Looked at in vain again and again, it is looked at less.

Whatever moves is looked at at once; then after pauses that double. What stirs near a rule's zone or line has a few
looks before the first pause, and no long ones, because somebody may walk into the same motion; what stands there and
differs from the background is looked at as seldom as what is far away. Pure; display units and media seconds.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from pipeline.perceive.looks import Area, around, meet, side, within

# Looks in vain before the first pause: somebody who comes in at the picture's edge is not known at first sight.
_OFTEN, _AT_ONCE = 3, 1
_PAUSE_S, _LONGEST_OFTEN_S, _LONGEST_S = 0.6, 0.6, 2.4
_DOUBLED = 8
# What has grown so much since it was looked at is something else.
_GROWN = 1.5
# Motion stops and goes on: it is remembered for so long, seconds.
_REMEMBERED_S = 3.0
_EARLY_S = 0.01
# Where what moves was looked at in vain so often, so far apart, is a restless place; and for so long after that.
_KNOWN, _APART_S, _KNOWN_S = 6, 1.0, 60.0
# Cells down and across in which restless places are noted, and how far beyond what moved they reach, in its sizes.
_CELLS, _BEYOND = (18, 32), 0.5


@dataclass(slots=True)
class _Thing:
    """Something that moves: where it is, at what size and when it was looked at last, and how often in vain."""

    area: Area
    seen_at: float
    looked_side: float = 0.0
    looked_at: float = -1e9
    vain: int = 0
    near: bool = False


class Places:
    """Where, in a picture, things move that are nobody; `mask` (18, 32) is where they did again and again, of late."""

    def __init__(self) -> None:
        self._times = np.zeros(_CELLS, np.int64)
        self._last = np.full(_CELLS, -1e9)

    def note(self, area: Area, wide: float, now: float) -> None:
        """Something that moves there was looked at in vain. What comes at once counts once."""
        where = _cells(around(area, _BEYOND), wide)
        times, last = self._times[where], self._last[where]
        times[now - last > _KNOWN_S] = 0
        later = now - last >= _APART_S
        times[later] += 1
        last[later] = now

    def mask(self, now: float) -> NDArray[np.bool_]:
        """Which cells are restless."""
        return np.asarray((self._times >= _KNOWN) & (now - self._last <= _KNOWN_S), np.bool_)


def calm(areas: Sequence[Area], wide: float, places: NDArray[np.bool_]) -> bool:
    """Whether all that moves does so in restless `places`, a mask as `Places` gives it."""
    return all(bool(places[_cells(area, wide)].all()) for area in areas)


def _cells(area: Area, wide: float) -> tuple[slice, slice]:
    (rows, columns), (x1, y1, x2, y2) = _CELLS, area
    first, last = int(max(y1, 0.0) * rows), int(np.ceil(min(y2, 1.0) * rows))
    left, right = int(max(x1, 0.0) / wide * columns), int(np.ceil(min(x2, wide) / wide * columns))
    return slice(first, max(last, first + 1)), slice(left, max(right, left + 1))


class Restless:
    """`due` says which of the moving parts are to be looked at; `looked` which of them were.

    `places` are those far from every rule where what moves was looked at again and again, and was nobody.
    """

    def __init__(self) -> None:
        self.places = Places()
        self._things: list[_Thing] = []

    def due(self, parts: Sequence[tuple[Area, bool]], now: float, near: Callable[[Area], bool]) -> list[Area]:
        """Those of `parts`, none of which is somebody known, that are worth a look now; with each, whether it stirs."""
        self._things = [thing for thing in self._things if now - thing.seen_at <= _REMEMBERED_S]
        due = []
        for part, stirs in parts:
            thing = self._thing(part, now)
            thing.near = near(part)
            if self._is_due(thing, now, stirs and thing.near):
                due.append(part)
        return due

    def looked(self, looks: Sequence[Area], now: float, wide: float) -> None:
        """What lies in these looks has been looked at; who was found there will not be asked for again."""
        for thing in self._things:
            if thing.seen_at == now and any(within(thing.area, look) for look in looks):
                thing.vain, thing.looked_at, thing.looked_side = thing.vain + 1, now, side(thing.area)
                if not thing.near:
                    self.places.note(thing.area, wide, now)

    def _thing(self, part: Area, now: float) -> _Thing:
        """The one that this part is: the nearest of those within reach, whose looks in vain it goes on with."""
        reach = around(part, 0.5)
        near = [thing for thing in self._things if meet(reach, thing.area)]
        if not near:
            self._things.append(_Thing(part, now))
            return self._things[-1]
        thing = min(near, key=lambda one: _apart(one.area, part))
        if thing.seen_at == now:  # it has come apart
            thing = replace(thing)
            self._things.append(thing)
        thing.area, thing.seen_at = part, now
        return thing

    def _is_due(self, thing: _Thing, now: float, matters: bool) -> bool:
        if side(thing.area) > _GROWN * thing.looked_side:
            thing.vain = 0
        at_once, longest = (_OFTEN, _LONGEST_OFTEN_S) if matters else (_AT_ONCE, _LONGEST_S)
        if thing.vain < at_once:
            return True
        # Something may move for days: the power of its looks would be more than a float holds.
        pause = min(_PAUSE_S * 2.0 ** min(thing.vain - at_once, _DOUBLED), longest)
        return now - thing.looked_at >= pause - _EARLY_S


def _apart(a: Area, b: Area) -> float:
    """How far their edges are from each other's, all together."""
    return sum(abs(p - q) for p, q in zip(a, b, strict=True))
