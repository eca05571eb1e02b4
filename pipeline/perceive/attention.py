"""Where the detector is to look: it is the dear part, so it goes where something moves or somebody is followed.

A turn has a budget of looks, spent by need: near a rule's zone or line first, then what is new or uncertain, what has
not been looked at for long before the rest; what has no place waits for the next turn. Who stands still is found by
the `sweep`. Pure; display units and media seconds. Not here: what is found (`person`), how looks are laid (`looks`).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pipeline.frame import Frame
from pipeline.perceive.looks import LEAST_SHARE, Area, Look, Want, around, meet, pack, within
from pipeline.perceive.restless import Restless
from pipeline.perceive.sweep import Concern, Sweep
from pipeline.types import Boxes, Followed, Motion, Region

# A followed person is somewhere in the box grown by so much of its size on each side; so is one of whom a part moves.
_MARGIN = 0.5
# A look is never smaller than this share of the picture's height, whoever may be in it: context helps the detector.
_LEAST_SIDE = 0.6
# Seconds: who is surely known and does not move is looked at so often, near a rule and elsewhere.
_CALM_S, _CALM_FAR_S = 0.35, 0.7
# So many of their sizes from a rule's zone or line people and motion are near it. What moves farther away is looked at
# only as finely as the whole picture is: who is small there is found when they come nearer.
_A_STEP_OR_TWO = 1.5
# Somebody stays within their box, grown by so much, while they stand.
_FIDGETS = 0.08
# How much nearness to a rule, and not being sure, weigh against seconds without a look.
_NEAR, _UNSURE = 4.0, 2.0
# Cells across and down in which it is noted when they were looked at last.
_GRID = (16, 9)


class Attention:
    """`regions` after each frame of one camera; `smallest` (share of the picture's height) is who must be found."""

    def __init__(self, sweep_s: float, smallest: float, looks: int, concerns: Sequence[Concern] = ()) -> None:
        self._sweep_s = sweep_s
        self._smallest = smallest
        self._looks = looks
        self._concerns = tuple(concerns)
        self._sweep: Sweep | None = None
        self._wide = 0.0
        self._looked_at = np.full(_GRID[::-1], -1e9)
        self._hints: list[Area] = []
        self._stirred: list[Area] = []
        self._restless = Restless()

    def concern(self, concerns: Sequence[Concern]) -> None:
        """Rules have changed: the tiles of the sweep do with them."""
        self._concerns, self._sweep = tuple(concerns), None

    def search(self) -> None:
        """Everything is due, as in a new picture."""
        if self._sweep is not None:
            self._sweep.anew()

    def look_again(self, cut: Boxes) -> None:
        """Of these (n, 4) the edge of a look showed a part only: they are looked at next."""
        self._hints = [_area(box) for box in cut]

    def regions(self, frame: Frame, motion: Motion, followed: Followed) -> list[Region]:
        """The parts of the picture to look at now; none where nothing moves and nobody is followed."""
        now, wide = frame.pts, frame.aspect
        sweep, new = self._swept(wide), motion.changed >= 1
        if new:
            sweep.anew()
        sweep.note(now, still=not len(motion.boxes) and not len(followed.boxes))
        whole = sweep.whole_due(now)
        looks = [Look((0.0, 0.0, wide, 1.0), 1.0, wide, 1.0)] if whole else []
        moving = [] if new else [_area(box) for box in motion.boxes]
        stirring = [True] * len(moving) if motion.stirring is None else motion.stirring.tolist()
        wants = self._people(followed, moving, now, wide)
        wants += self._moving(followed, list(zip(moving, stirring, strict=False)), now, wide)
        chosen = pack(wants, looks, self._looks, wide, self._least_side)
        # One tile goes beyond the budget: where something always moves, who stands still must be found too.
        chosen += sweep.due(now, max(1, self._looks - len(chosen)))
        self._note(chosen, now, wide)
        self._restless.looked(chosen, now, wide)
        return [frame.region(area) for area in chosen]

    def restless(self, now: float) -> NDArray[np.bool_]:
        """Where things move that are nobody, far from every rule: a mask for `restless.calm`."""
        return self._restless.places.mask(now)

    @property
    def _least_side(self) -> float:
        return min(_LEAST_SIDE, self._smallest / LEAST_SHARE)

    def _swept(self, wide: float) -> Sweep:
        if self._sweep is None or self._wide != wide:
            self._sweep, self._wide = Sweep(self._sweep_s, self._concerns, wide), wide
        return self._sweep

    def _people(self, followed: Followed, moving: list[Area], now: float, wide: float) -> list[Want]:
        """Everybody followed, but for those who are surely known, stand and were looked at just now.

        Who sets off is looked at at once. Where motion goes on far from every rule and they still stood when looked
        at, it was not theirs; near a rule it may be somebody else's, who comes in behind them.
        """
        wants, stirred = [], []
        for box, settled in zip(map(_area, followed.boxes), followed.settled, strict=True):
            age, near = self._age(box, now, wide), self._near(box, wide)
            if settled:
                sets_off = _sets_off(box, moving)
                if sets_off and not near:
                    stirred.append(box)
                    sets_off = not any(meet(box, other) for other in self._stirred)
                if age < (_CALM_S if near else _CALM_FAR_S) and not sets_off:
                    continue
            height = max(box[3] - box[1], self._smallest)
            need = (age + 1) * (1.0 if settled else _UNSURE) * self._nearness(box, wide)
            wants.append(Want(around(box, _MARGIN), height, need))
        self._stirred = stirred
        return wants

    def _moving(self, followed: Followed, moving: list[tuple[Area, bool]], now: float, wide: float) -> list[Want]:
        """What moves and is not a part of somebody followed, and whom the edge of a look had cut."""
        known = [around(_area(box), _MARGIN) for box in followed.boxes]
        others = [one for one in moving if not any(within(one[0], area) for area in known)]
        parts = self._restless.due(others, now, lambda part: self._near(part, wide))
        hints, self._hints = self._hints, []
        return [
            Want(
                around(part, _MARGIN),
                max(part[3] - part[1], self._smallest if self._near(part, wide) else LEAST_SHARE * wide),
                (self._age(part, now, wide) + 1) * _UNSURE * self._nearness(part, wide),
            )
            for part in parts + hints
        ]

    def _nearness(self, box: Area, wide: float) -> float:
        """More for who stands in, or a step or two from, what a rule watches."""
        return _NEAR if self._near(box, wide) else 1.0

    def _near(self, box: Area, wide: float) -> bool:
        reach = around(box, _A_STEP_OR_TWO)
        return not self._concerns or any(meet(reach, one.shown(wide)) for one in self._concerns)

    def _age(self, box: Area, now: float, wide: float) -> float:
        """Seconds since the middle of the box was looked at, a minute at most."""
        columns, rows = _GRID
        x = min(max(int((box[0] + box[2]) / 2 / wide * columns), 0), columns - 1)
        y = min(max(int((box[1] + box[3]) / 2 * rows), 0), rows - 1)
        return min(now - float(self._looked_at[y, x]), 60.0)

    def _note(self, looks: list[Area], now: float, wide: float) -> None:
        columns, rows = _GRID
        for x1, y1, x2, y2 in looks:
            across, down = (
                slice(round(x1 / wide * columns), round(x2 / wide * columns)),
                slice(round(y1 * rows), round(y2 * rows)),
            )
            self._looked_at[down, across] = now


def _sets_off(box: Area, moving: list[Area]) -> bool:
    """Whether something moves there that is more than somebody who stands and fidgets."""
    place = around(box, _FIDGETS)
    return any(meet(box, part) and not within(part, place) for part in moving)


def _area(box: Boxes) -> Area:
    x1, y1, x2, y2 = (float(edge) for edge in box)
    return x1, y1, x2, y2
