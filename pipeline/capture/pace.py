"""How fast a camera's clock runs against ours, told from when its frames arrive. Why so: `docs/design/time.md`.

Not here: what becomes of it (`timeline`).
"""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

_WINDOW_S = 60.0
_SPAN_S = 9.0
"""From so much on a rate can be told; it gets surer until the window is full."""
_NOISE_S = 0.02
_FASTEST = 0.5
"""A camera whose seconds are so much off is not told from one whose network is bad."""


class _Least(NamedTuple):
    """The least delayed frame of a second: when it arrived, what its camera's clock said, and the difference.

    `gap` is the longest time in that second without a frame.
    """

    arrived: float
    stamped: float
    delay: float
    gap: float


class Pace:
    """`rate` is how many of our seconds pass for one of the camera's; `note` each frame of a connection.

    No frame arrives before it is taken, so the least delayed ones tell the rate (as in Moon, Skelly and Towsley 1999).
    It is believed where the least delayed frames of the first, middle and last third of a window lie on a line, and
    it is off by more than the gaps between arrivals could feign.
    """

    def __init__(self) -> None:
        self.rate = 1.0
        self._least: deque[_Least] = deque()
        self._arrived: float | None = None

    def forget(self) -> None:
        """What comes now has nothing to do with what came before, but the camera is the same."""
        self._least.clear()
        self._arrived = None

    def note(self, stamped: float, arrived: float) -> float | None:
        """A frame; seconds of both clocks. Where the rate has changed: by how much the line says it is delayed now."""
        gap = 0.0 if self._arrived is None else arrived - self._arrived
        one, self._arrived = _Least(arrived, stamped, arrived - stamped, gap), arrived
        newest = self._least[-1] if self._least else None
        if newest is not None and int(newest.arrived) == int(arrived):
            least = one if one.delay <= newest.delay else newest
            self._least[-1] = least._replace(gap=max(gap, newest.gap))
            return None
        self._least.append(one)
        while self._least[0].arrived < arrived - _WINDOW_S:
            self._least.popleft()
        return self._told(one)

    def _told(self, now: _Least) -> float | None:
        begin, span = self._least[0].arrived, now.arrived - self._least[0].arrived
        if span < _SPAN_S:
            return None
        thirds = [min(part, key=lambda one: one.delay, default=None) for part in self._thirds(begin, span)]
        first, middle, last = thirds
        if first is None or middle is None or last is None or not first.stamped < middle.stamped < last.stamped:
            return None
        earlier, later, slope = _slope(first, middle), _slope(middle, last), _slope(first, last)
        noise = (_NOISE_S + max(one.gap for one in self._least) / 2) / (span / 3)
        if abs(earlier - later) > max(2 * noise, 0.3 * abs(slope)) or abs(slope) > _FASTEST:
            return None
        if abs(self.rate - 1 - slope) <= noise:
            return None
        self.rate = 1 + slope
        return last.delay + slope * (now.stamped - last.stamped)

    def _thirds(self, begin: float, span: float) -> list[list[_Least]]:
        parts: list[list[_Least]] = [[], [], []]
        for one in self._least:
            parts[min(int(3 * (one.arrived - begin) / span), 2)].append(one)
        return parts


def _slope(a: _Least, b: _Least) -> float:
    return (b.delay - a.delay) / (b.stamped - a.stamped)
