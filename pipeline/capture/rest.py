"""May a camera rest, with its key frames decoded and nothing else? What speaks against it, in words.

Not here: how it is done (`sparing`). Why so: docs/design/speed.md.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from pipeline.capture.gate import PacketGate
from pipeline.capture.gop import Groups
from pipeline.frame import Frame

LONGEST_S = 4.0
"""Groups of pictures longer than this are never passed over: too much happens in them."""
_TOLERANCE = 1.05
"""Cameras do not send as evenly as they say."""
_LOOK_S, _SELDOM_S = 1.0, 8.0
"""Key frames that come more often need not all be looked at; the second where packets tell that nothing moves."""
_GATE_S = 1.5
"""So late packets may tell that something moves."""
_QUIET = 2
"""So many key frames in a row nothing has stirred in before a camera rests."""
_HALVES = 3
"""So many damaged ones in a row are no accident."""
_AUDITED = 100
"""One in so many groups is decoded and analysed though it would have been passed over."""
_DISTRUST_S = 3600.0
_CALLED_S = 10.0
"""So long a camera is watched in full after somebody has called."""
_RESTLESS_S = 600.0
"""After so long without a quiet moment it is said that there is none."""


Stirs: TypeAlias = Callable[[Frame, NDArray[np.bool_] | None], bool]


class Rest:
    """Of one camera, over all its connections; asked by its capture thread, while the analysis `note`s how it is.

    `stirs` compares a key frame with those before it. `limit_s` is how much later than it happened something may be
    told, by the camera's rules; 0: it never rests. `smallest` is the least height of who must be noticed, and `gate`
    what the sizes of packets tell, on this connection. `audited` and `missed` count groups that were analysed all the
    same, and those of them in which somebody was. Times are monotonic seconds.
    """

    def __init__(self, stirs: Stirs, limit_s: float, smallest: float = 0.06) -> None:
        self.limit_s, self.smallest = limit_s, smallest
        self.gate: PacketGate | None = None
        self.calm = False
        self.restless: NDArray[np.bool_] | None = None
        self.resting = False
        self.audited = self.missed = 0
        self.group_s: float | None = None
        self._stirs = stirs
        self._calm_at: float | None = None
        self._quiet = self._passed = self._halves = 0
        self._distrusted_until = self._missed_at = self._called_until = float("-inf")

    def begin(self) -> None:
        """A new connection: what was known of its packets holds no longer."""
        self.resting = False
        self.gate = None
        self._quiet, self._halves, self.group_s = 0, 0, None

    def note(self, calm: bool, now: float, restless: NDArray[np.bool_] | None = None) -> None:
        """What the analysis thinks: `calm` is nobody there, nothing open, nothing moving but in `restless` places."""
        self.restless = restless
        if calm or self._calm_at is None:
            self._calm_at = now
        self.calm = calm

    def call(self, now: float) -> None:
        """Somebody says that something moves: from the last key frame on, all is looked at."""
        self._called_until = now + _CALLED_S

    @property
    def trusts_gate(self) -> bool:
        """Whether the sizes of packets tell, in time for the rules, that nothing moves."""
        return self.gate is not None and self.gate.trusted and self.limit_s >= _GATE_S

    @property
    def _reach_s(self) -> float:
        """Seconds for which nothing need be decoded."""
        return _SELDOM_S if self.trusts_gate else min(self.limit_s, LONGEST_S)

    def stirs(self, frame: Frame) -> bool:
        """Whether this key frame, the next one, shows anything that those before it did not."""
        stirring = self._stirs(frame, self.restless)
        self._quiet = 0 if stirring else self._quiet + 1
        return stirring

    def due(self, groups: Groups) -> bool:
        """Whether the key frame that came just now is to be looked at: the next one would come too late."""
        self.group_s = next_one = groups.longest_s
        reach = _SELDOM_S if self.trusts_gate else min(_LOOK_S, self.limit_s)
        return next_one is None or groups.span_s + next_one > reach * _TOLERANCE

    def may_begin(self, groups: Groups, now: float) -> bool:
        """Whether nothing speaks against it."""
        quiet = self.calm and self._quiet >= _QUIET and now >= self._called_until
        return quiet and not groups.too_much and not self._against(now)

    def may_go_on(self, groups: Groups, now: float) -> bool:
        """Whether it need not be woken, whatever the next key frame shows."""
        in_time = groups.span_s <= self._reach_s * _TOLERANCE
        if not in_time:
            self.group_s = groups.longest_s
        return self.calm and in_time and not groups.too_much and now >= max(self._distrusted_until, self._called_until)

    def is_whole(self, whole: bool) -> bool:
        """Whether a key frame could be decoded alone; one may be damaged, but not one after the other."""
        self._halves = 0 if whole else self._halves + 1
        self._quiet = self._quiet if whole else 0
        return whole

    def audits(self) -> bool:
        """Whether the group that would be passed over now is analysed all the same."""
        self._passed += 1
        if self._passed % _AUDITED:
            return False
        self.audited += 1
        return True

    def missed_somebody(self, at: float, now: float) -> bool:
        """In an audited picture, of media second `at`, somebody is; True once for each part that is audited.

        Its key frames did not tell.
        """
        news = at - self._missed_at > LONGEST_S  # the pictures of a part follow each other closely
        self._missed_at = at
        if news:
            self.missed += 1
            self._distrusted_until = now + _DISTRUST_S
        return news

    def against(self, now: float) -> str | None:
        """Why it does not rest, if it does not and more than a moment's business is the cause."""
        if self.resting:
            return None
        if why := self._against(now):
            return why
        if self._calm_at is not None and now - self._calm_at > _RESTLESS_S:
            minutes = (now - self._calm_at) / 60
            hint = "if it is nobody, hide it by a mask of motion"
            return f"for {minutes:.0f} minutes something has moved, or somebody been there, all the time: {hint}"
        return None

    def _against(self, now: float) -> str:
        limit, group = min(LONGEST_S if self.trusts_gate else self.limit_s, LONGEST_S), self.group_s
        if not self.limit_s:
            return "`within_s` of a rule is 0"
        if now < self._distrusted_until:
            return "somebody came and went between two key frames (an audit found); it is tried again within the hour"
        if self._halves >= _HALVES:
            return "its key frames are no whole pictures: turn off intra refresh, and slices sent apart, in the camera"
        if group is None:
            return "how often it sends key frames is not known yet"
        if group > limit * _TOLERANCE:
            hint = f"set its key frame interval to {limit:g} s, or `within_s` of its rules to {group:.1f}"
            if group > LONGEST_S * _TOLERANCE:
                hint = f"set its key frame interval to {limit:g} s (smart codecs off), or take its smaller stream"
            return f"its key frames are {group:.1f} s apart: {hint}"
        return ""
