"""Whose pictures are analysed next, when there is not time for all that wait: those that are due first.

After Liu and Layland (1973), earliest deadline first: a picture is due after what its camera may wait, which is least
where an incident is open and longest where no rule watches. So those degrade first that matter least; how far is told
(`capture/load.py`).
"""

from __future__ import annotations

from collections.abc import Iterable

from pipeline.clock import Clock
from pipeline.processes.post import Post

_TURN_S = 0.2
"""A turn takes no longer, on the mean: so long the most urgent picture waits for those before it."""
_MEAN_OF = 20
"""Turns."""


class Turns:
    """`next` says who is in a turn; `note` what it took."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._cost_s = 0.0

    def next(self, posts: Iterable[Post]) -> list[Post]:
        """Those with a picture to take, the most urgent first, as many as there is time for; one at least."""
        now = self._clock.monotonic()
        waiting = sorted((post for post in posts if post.waiting), key=lambda post: post.due_at(now))
        room = max(1, int(_TURN_S / self._cost_s)) if self._cost_s > 0 else len(waiting)
        return waiting[:room]

    def note(self, pictures: int, seconds: float) -> None:
        """So many pictures took so long."""
        each = seconds / pictures
        self._cost_s += (each - self._cost_s) / _MEAN_OF if self._cost_s else each
