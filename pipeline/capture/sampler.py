"""Which frames are worth analysing: `analyse_fps` of them, evenly, by media time. Live and replay choose alike."""

from __future__ import annotations

_EARLY = 0.1
"""A frame may come this share of a period early: timestamps are rounded and cameras jitter."""


class Sampler:
    """Chooses frames on a grid of `fps` a second that starts at the first frame and does not drift.

    `fps` None or 0: all frames. Of those chosen, `stretch` times fewer while there is no time for all.
    """

    stretch = 1.0

    def __init__(self, fps: float | None) -> None:
        self._period = 1 / fps if fps else 0.0
        self._due: float | None = None

    def wants(self, pts: float) -> bool:
        """`pts` is media time, increasing."""
        if self._due is None:
            self._due = pts
        if pts < self._due - _EARLY * self._period:
            return False
        period = self._period * self.stretch
        self._due += period
        if pts > self._due:
            self._due = pts + period
        return True
