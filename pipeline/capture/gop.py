"""The packets of one camera as they came, by group of pictures: what was not decoded can still be.

A group begins with a key frame and goes on to the next. Not here: who decides what is decoded (`sparing`).
"""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

import av

_MOST_BYTES = 32 << 20
"""So much is kept of a camera; a group that has more is not kept whole."""
_REMEMBERED = 8
"""So many groups tell how long they are: cameras with "smart" codecs change it as they please."""
_LEAST = 2
_JUMP_S = 60.0
"""A step between stamps that goes back, or on by more than this, tells nothing: the arrivals do."""


class Came(NamedTuple):
    """When a packet reached this machine: Unix seconds, and seconds of the monotonic clock."""

    wall: float
    monotonic: float


class Held(NamedTuple):
    """A packet, when it came, and where it stands in its stream, seconds."""

    packet: av.Packet[av.VideoStream]
    came: Came
    at: float


class Groups:
    """`held` are the packets from some key frame on; of those before, only how long their groups were is known.

    `now` is where the newest packet stands in the stream, seconds.
    """

    def __init__(self) -> None:
        self.held: list[Held] = []
        self._bytes = 0
        self._lengths: deque[float] = deque(maxlen=_REMEMBERED)
        self.now = self._from = 0.0
        self._key_at: float | None = None
        self._before: tuple[float | None, float] | None = None
        self._base: float | None = None

    def add(self, packet: av.Packet[av.VideoStream], came: Came) -> None:
        """The next packet."""
        self.now += self._step(packet, came)
        if packet.is_keyframe:
            if self._key_at is not None:
                self._lengths.append(self.now - self._key_at)
            self._key_at = self.now
        if not self.held:
            self._from = self.now
        self.held.append(Held(packet, came, self.now))
        self._bytes += packet.size

    def begin_at_last_key(self) -> None:
        """Drop what came before the newest key frame; all, if there is none."""
        last = max((n for n, one in enumerate(self.held) if one.packet.is_keyframe), default=len(self.held))
        self.held = self.held[last:]
        self._bytes = sum(one.packet.size for one in self.held)
        self._from = self._key_at if self._key_at is not None else self.now

    def key_before(self, seconds: float) -> int:
        """Where, of what is held, the newest key frame stands that is so old at least; 0 if none is."""
        old = (n for n, one in enumerate(self.held) if one.packet.is_keyframe and one.at <= self.now - seconds)
        return max(old, default=0)

    def go_on(self) -> None:
        """What comes now follows in time, with stamps of its own: the next file of a recording."""
        self.drop()
        self._key_at = self._before = None

    def drop(self) -> None:
        """Hold nothing any longer."""
        self.held.clear()
        self._bytes = 0

    @property
    def too_much(self) -> bool:
        """Whether what is held takes more memory than is good."""
        return self._bytes > _MOST_BYTES

    @property
    def span_s(self) -> float:
        """Seconds from the first held packet to the newest."""
        return self.now - self._from

    @property
    def longest_s(self) -> float | None:
        """Of the last groups, and the one that goes on, the longest; None while too few are known. Seconds."""
        if len(self._lengths) < _LEAST or self._key_at is None:
            return None
        return max(*self._lengths, self.now - self._key_at)

    def _step(self, packet: av.Packet[av.VideoStream], came: Came) -> float:
        """Seconds since the packet before, by the stamps as long as they go on, else by the arrivals."""
        ticks = packet.dts if packet.dts is not None else packet.pts
        if self._base is None:  # asking each packet for it costs as much as all the rest
            self._base = float(packet.time_base)
        at = ticks * self._base if ticks is not None else None
        before, self._before = self._before, (at, came.monotonic)
        if before is None:
            return 0.0
        if at is not None and before[0] is not None and 0 <= at - before[0] <= _JUMP_S:
            return at - before[0]
        return came.monotonic - before[1]
