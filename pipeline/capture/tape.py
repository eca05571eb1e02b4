"""The times of one recording: from its pictures' stamps, which are evidence and are never made up in silence.

Single stray stamps, steps back, wraps, times out of order and none at all are told apart by what comes next; what had
to be assumed is counted. Seconds. Not here: which recording comes when (`recordings`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

REPEAT_S = 1.0
"""A stamp may go back by so much and be that of a picture that was there before."""
AHEAD = 3
"""So many pictures to come tell a stray stamp from a step."""
_GAP_S = 2.0
"""A step by no more than that needs no second look."""
_WRAP_S = 12 * 3600.0
"""No recorder leaves half a day out in the middle of a file; a step back in MPEG-TS is shown as 2³³ ticks forward."""
_SAME_S = 0.5
"""A step forward that takes a step back again is off by no more than that."""


class Stamp(NamedTuple):
    """What the file says of a picture: when to show it, in which order it was decoded, and how long pictures last."""

    shown: float | None
    decoded: float | None
    interval: float


@dataclass(slots=True)
class Doubts:
    """How many pictures repeat one, have a stamp that cannot be right, or none."""

    repeated: int = 0
    stray: int = 0
    undated: int = 0


class Tape:
    """`place` each picture in order: `position` is seconds from the first one, and never goes back.

    `in_order`: the container has no times for showing (AVI), and its order is that of the decoder.
    """

    def __init__(self, in_order: bool = False) -> None:
        self.pictures = 0
        self.position = 0.0
        self.interval = 0.0
        self.doubts = Doubts()
        self._by_order = in_order
        self._zero: float | None = None  # the stamp of position 0
        self._decoded: float | None = None
        self._gone_back = 0.0

    def place(self, stamp: Stamp, following: Sequence[Stamp] = ()) -> float | None:
        """Its position; None where it repeats a picture. `following` are the stamps of the next ones."""
        told = self._told(stamp)
        if not self.pictures or told is None or self._zero is None:
            return self._take(self._first(stamp, told), stamp, told)
        step = told - self._zero - self.position
        interval = self.interval or stamp.interval
        if 0 < step <= _GAP_S:
            return self._take(step, stamp, told)
        if not self._by_order and self._disordered(step, stamp):
            self._by_order, self._zero = True, None
            return self._take(interval, stamp, self._told(stamp))
        if self._comes_back(following, interval) and step != 0:
            self.doubts.stray += 1
            return self._take(interval, stamp, None)
        if -REPEAT_S < step <= 0:
            self.doubts.repeated += 1
            return None
        return self._take(self._stepped(step, interval), stamp, told)

    def wind(self, zero: float, last: float, interval: float, pictures: int) -> None:
        """So many pictures with plain stamps, of which the last two are `interval` seconds apart, have gone by."""
        self._zero, self.position, self.interval, self.pictures = zero, last - zero, interval, pictures

    def _told(self, stamp: Stamp) -> float | None:
        return stamp.decoded if self._by_order else stamp.shown

    def _first(self, stamp: Stamp, told: float | None) -> float:
        """The step to a picture that has nothing before it to compare with, or no stamp."""
        self.doubts.undated += told is None
        return (self.interval or stamp.interval) if self.pictures else 0.0

    def _disordered(self, step: float, stamp: Stamp) -> bool:
        """Whether the stamps for showing are not in the order of showing, while the decoder's go on as they did."""
        if stamp.decoded is None or self._decoded is None or not -REPEAT_S < step < 0:
            return False
        return 0 < stamp.decoded - self._decoded <= _GAP_S and stamp.shown != stamp.decoded

    def _comes_back(self, following: Sequence[Stamp], interval: float) -> bool:
        """Whether one of the next pictures is where it would be if this one's stamp were never written."""
        for n, one in enumerate(following):
            told = self._told(one)
            if told is not None and self._zero is not None:
                ahead = told - self._zero - self.position
                if (n + 1.5) * interval < ahead < (n + 2) * interval + _GAP_S / 4:
                    return True
        return False

    def _stepped(self, step: float, interval: float) -> float:
        """A step forward is a time without pictures; back, or forward to where it was before, none."""
        if step <= 0:
            self._gone_back += interval - step
            return interval
        if step > _WRAP_S:
            return interval
        if self._gone_back and abs(step - interval - self._gone_back) < _SAME_S:
            self._gone_back = 0.0
            return interval
        return step

    def _take(self, step: float, stamp: Stamp, told: float | None) -> float:
        self.position += step
        if self.pictures:
            self.interval = step if 0 < step <= _GAP_S else self.interval or stamp.interval
        if told is not None and (self._zero is None or abs(told - self._zero - self.position) > 1e-9):
            self._zero = told - self.position
        if stamp.decoded is not None:
            self._decoded = stamp.decoded
        self.pictures += 1
        return self.position
