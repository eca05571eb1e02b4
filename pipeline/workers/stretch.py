"""Which parts a replay is made of: they follow from the recordings alone; one core and eight give the same bytes.

A part is read from some way before it on, for its lane to know the place when it matters. Why so: docs/design/speed.md.
Not here: how one is played (`play`), and how they are put together (`seam`). Media seconds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pipeline.capture.reels import Reel

WARM_S = 40.0
"""So long before its part a lane begins to look."""
LATE_S = 30.0
"""So long after its part a lane waits, at most, for a moment at which nobody is followed."""
_PARTS = 8
_SHORTEST_S, _LONGEST_S = 120.0, 900.0
_FAR_S = 3 * WARM_S
"""What could only be read from so far before it on is no part of its own."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """From `begin` to `end`, read from the key frame at `read_from` on, which lies in `reels[first]`.

    `lively` says how much more its pictures weigh than quiet ones, all together: what is to be played first.
    """

    number: int = 0
    first: int = 0
    read_from: float = 0.0
    begin: float = 0.0
    end: float = float("inf")
    lively: float = 0.0


def stretches(reels: Sequence[Reel]) -> list[Stretch]:
    """The parts of all recordings; one alone where they are short."""
    began, ends = reels[0].begin, reels[-1].last
    parts = max(1, round((ends - began) / min(max((ends - began) / _PARTS, _SHORTEST_S), _LONGEST_S)))
    starts = [(began, 0, began)]
    for n in range(1, parts):
        at = began + n * (ends - began) / parts
        first, key = _key_before(reels, at - WARM_S)
        if at - key <= _FAR_S:
            starts.append((at, first, key))
    borders = [at for at, _, _ in starts[1:]]
    return [
        Stretch(n, first, key, at, end, _lively(reels, at, end))
        for n, ((at, first, key), end) in enumerate(zip(starts, [*borders, float("inf")], strict=True))
    ]


def _key_before(reels: Sequence[Reel], at: float) -> tuple[int, float]:
    """The last key frame at or before `at`, in which of the reels; the first one after it, if that is in a gap."""
    n = max((n for n, reel in enumerate(reels) if reel.begin <= at), default=0)
    if at > reels[n].last and n + 1 < len(reels):
        return n + 1, float(reels[n + 1].keys[0])
    keys = reels[n].keys
    return n, float(keys[max(0, int(keys.searchsorted(at, "right")) - 1)])


def _lively(reels: Sequence[Reel], begin: float, end: float) -> float:
    found = 0.0
    for reel in reels:
        inside = (reel.keys >= begin) & (reel.keys < end)
        quiet = max(float(np.median(reel.weights)), 1.0)
        found += float(np.maximum(reel.weights[inside] / quiet - 1, 0).sum())
    return found
