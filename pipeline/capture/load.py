"""Whether the pictures of a camera are analysed as fast as they are wanted. If not, fewer are wanted until they are.

Not here: who notices (`camera`), which pictures it costs (`sampler`).
"""

from __future__ import annotations

_PATIENCE_S = 2.0
"""So long pictures may wait or get lost without a break before it is more than a hiccup."""
_SLOWER_S, _SLOWER = 1.0, 1.5
_FASTER_S, _FASTER = 1.0, 1.5
"""The rate falls by this factor, and comes back by it, at most so often."""
_LONGEST_S = 30.0
"""Each try of more that was too much doubles the pause before the next, up to this."""
_MOST = 16.0
_CALM_S = 3.0
_LATE_S = 1.0
"""Seconds for which an overload is still told when all is well again: what comes and goes is one overload."""


class Load:
    """`note` how it goes at each wanted picture; `stretch` is how many wanted ones go by for one that is analysed."""

    def __init__(self) -> None:
        self.stretch = 1.0
        self._pause_s = _FASTER_S
        self._slower_at = self._faster_at = float("-inf")
        self._behind_since: float | None = None
        self._late_since: float | None = None
        self._late_at = float("-inf")

    def note(self, now: float, behind: bool, idle: bool, late: bool = False) -> None:
        """`behind`: a picture waited or was dropped for want of time. `idle`: none waits. `now` is monotonic.

        `late`: the reader does not keep up. Fewer pictures to analyse would not make it faster: it is told, and the
        reader leaves out what it need not decode.
        """
        self._note_late(now, late)
        if behind:
            self._behind_since = now if self._behind_since is None else self._behind_since
            if now - self._behind_since >= _PATIENCE_S and now - self._slower_at >= _SLOWER_S:
                self._slower(now)
        elif idle:
            self._behind_since = None
            if self.stretch > 1 and now - max(self._slower_at, self._faster_at) >= self._pause_s:
                self.stretch, self._faster_at = max(self.stretch / _FASTER, 1.0), now

    def over(self, now: float) -> bool:
        """Whether there is too much to do."""
        last = max(self._slower_at, self._faster_at, self._late_at)
        return self.stretch > 1 or now - last < _CALM_S

    def _note_late(self, now: float, late: bool) -> None:
        if not late:
            self._late_since = None
            return
        self._late_since = now if self._late_since is None else self._late_since
        if now - self._late_since >= _LATE_S:
            self._late_at = now

    def _slower(self, now: float) -> None:
        tried = now - self._faster_at < 2 * _LONGEST_S
        self._pause_s = min(2 * self._pause_s, _LONGEST_S) if tried else _FASTER_S
        self.stretch, self._slower_at = min(self.stretch * _SLOWER, _MOST), now
