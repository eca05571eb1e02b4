"""People who walk, meet and stand, as boxes of a detector: what zones and trackers are measured with.

They walk at 0.8 of their heights a second from place to place, and stand for a while at each. Boxes tremble by 2 % of
the height, one in ten is doubtful, one in twenty missing.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

RATE = 5.0
ASPECT = 16 / 9
_PACE = 0.8
_STANDS_S = (0.0, 12.0)


class Walk(NamedTuple):
    """`boxes` (pictures, people, 4) in display units, `scores` and `there` (pictures, people)."""

    boxes: NDArray[np.float32]
    scores: NDArray[np.float32]
    there: NDArray[np.bool_]


def walk(count: int, pictures: int, noisy: bool = True) -> Walk:
    """The same each time."""
    chance = np.random.default_rng(count)
    tall = chance.uniform(0.1, 0.25, count)
    feet = np.stack([_way(chance, one, pictures) for one in tall], axis=1)
    half = np.stack([0.2 * tall, tall], axis=1)[None]
    boxes = np.concatenate([feet - half * (1, 1), feet + half * (1, 0)], axis=2)
    shape = (pictures, count)
    if noisy:
        boxes += chance.normal(0, 0.02, boxes.shape) * tall[None, :, None]
    doubtful = chance.random(shape) < 0.1 if noisy else np.zeros(shape, np.bool_)
    there = chance.random(shape) >= 0.05 if noisy else np.ones(shape, np.bool_)
    return Walk(boxes.astype(np.float32), np.where(doubtful, 0.35, 0.8).astype(np.float32), there)


def _way(chance: np.random.Generator, tall: float, pictures: int) -> NDArray[np.float64]:
    """The feet (pictures, 2) of one of them."""
    at, times, places = 0.0, [0.0], [chance.uniform((0.1, 0.3), (ASPECT - 0.1, 0.98))]
    while at < pictures / RATE:
        goal = chance.uniform((0.1, 0.3), (ASPECT - 0.1, 0.98))
        at += float(np.hypot(*(goal - places[-1]))) / (_PACE * tall)
        times.append(at)
        places.append(goal)
        at += chance.uniform(*_STANDS_S)
        times.append(at)
        places.append(goal)
    when = np.arange(pictures) / RATE
    return np.stack([np.interp(when, times, [place[axis] for place in places]) for axis in (0, 1)], axis=1)
