"""What moves and is nobody: trees, screens, cars, shadows. Looked at in vain again and again, it is looked at less.

Whatever moves is looked at at once; then after pauses that double. What stirs near a rule's zone or line has a few
looks before the first pause, and no long ones, because somebody may walk into the same motion; what stands there and
differs from the background is looked at as seldom as what is far away. Pure; display units and media seconds.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

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


@dataclass(slots=True)
class _Thing:
    """Something that moves: where it is, at what size and when it was looked at last, and how often in vain."""

    area: Area
    seen_at: float
    looked_side: float = 0.0
    looked_at: float = -1e9
    vain: int = 0


class Restless:
    """`due` says which of the moving parts are to be looked at; `looked` which of them were."""

    def __init__(self) -> None:
        self._things: list[_Thing] = []

    def due(self, parts: Sequence[tuple[Area, bool]], now: float, near: Callable[[Area], bool]) -> list[Area]:
        """Those of `parts`, none of which is somebody known, that are worth a look now; with each, whether it stirs."""
        self._things = [thing for thing in self._things if now - thing.seen_at <= _REMEMBERED_S]
        return [part for part, stirs in parts if self._is_due(self._thing(part, now), now, stirs and near(part))]

    def looked(self, looks: Sequence[Area], now: float) -> None:
        """What lies in these looks has been looked at; who was found there will not be asked for again."""
        for thing in self._things:
            if thing.seen_at == now and any(within(thing.area, look) for look in looks):
                thing.vain, thing.looked_at, thing.looked_side = thing.vain + 1, now, side(thing.area)

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
