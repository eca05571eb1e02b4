"""Media time as wall time, as it was then: the next file, or a clock that is set, says nothing of what came before it.

Pure. Not here: what tells the wall time of a picture (`capture/`).
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass

from pipeline.types import Moment

# Seconds: a mapping that changes by less is the same one, whose last word counts.
_STEP_S = 0.5
# So many mappings are remembered; what is older is told by the oldest of them.
_REMEMBERED = 64


@dataclass(slots=True)
class _Span:
    """From media time `since` on, time passed as `last` tells."""

    since: float
    last: Moment


class WallTime:
    """`note` the moment of each picture; `moment` is any media time up to the last of them."""

    def __init__(self) -> None:
        self._spans: list[_Span] = []

    def note(self, at: Moment) -> None:
        """A picture of then says which wall time it was; never earlier than the one before."""
        if self._spans and _goes_on(self._spans[-1].last, at):
            self._spans[-1].last = at
            return
        self._spans.append(_Span(at.media, at))
        del self._spans[:-_REMEMBERED]

    def moment(self, media: float) -> Moment:
        """That media time, rounded to milliseconds, on the mapping that was good then."""
        if not self._spans:
            return Moment(round(media, 3))
        index = bisect_right(self._spans, media, key=lambda span: span.since)
        last = self._spans[max(index - 1, 0)].last
        wall = None if last.wall is None else last.wall + (media - last.media)
        return Moment(round(media, 3), wall, last.uncertainty, last.wall_from)


def _goes_on(last: Moment, at: Moment) -> bool:
    if last.wall is None or at.wall is None:
        return last.wall is at.wall
    if last.wall_from != at.wall_from or (last.uncertainty is None) != (at.uncertainty is None):
        return False
    return abs((at.wall - at.media) - (last.wall - last.media)) < _STEP_S
