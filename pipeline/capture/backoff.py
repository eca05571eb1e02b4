"""How long to leave a camera alone after it failed."""

from __future__ import annotations

import random
from collections.abc import Callable

from pipeline.errors import SourceFault

_FIRST_S, _MOST_S = 0.5, 30.0
# What a person has to mend. Each try may hold one of the camera's few sessions for a minute.
_SLOW = {
    SourceFault.AUTH,
    SourceFault.BUSY,
    SourceFault.CONFIG,
    SourceFault.NOT_FOUND,
    SourceFault.NOT_VIDEO,
    SourceFault.NO_VIDEO,
}
_FIRST_SLOW_S, _MOST_SLOW_S = 10.0, 60.0


class Backoff:
    """Doubles from 0.5 s to 30 s, or from 10 s to 60 s for what a person has to mend; a random half is taken off.

    `chance` gives numbers from 0 to 1.
    """

    def __init__(self, chance: Callable[[], float] = random.random) -> None:
        self._chance = chance
        self._tries = 0

    def reset(self) -> None:
        """The last connection was a good one."""
        self._tries = 0

    def after(self, fault: SourceFault) -> float:
        """Seconds to wait; never the same for all the cameras that a power cut took away together."""
        first, most = (_FIRST_SLOW_S, _MOST_SLOW_S) if fault in _SLOW else (_FIRST_S, _MOST_S)
        wait: float = min(first * 2 ** min(self._tries, 10), most)
        self._tries += 1
        return wait * (1 - self._chance() / 2)
