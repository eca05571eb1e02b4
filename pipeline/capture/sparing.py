"""Which packets of a camera are decoded: all, or, while it rests, key frames, and what lies between where it matters.

    take ─▶ awake: all           ─▶ resting: a key frame alone ─┬─ quiet: what lies between is passed over
                ▲                                               └─ stirs: what lies between is decoded, and so on
                └───────────────────────────────────────────────────────────┘
Why so, and what is refused: docs/design/speed.md. Not here: whether it may rest (`rest`), what is kept (`gop`).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

import av

from pipeline.capture.decoder import Decoder, Shown, is_whole
from pipeline.capture.gate import PacketGate
from pipeline.capture.gop import Came, Groups
from pipeline.capture.rest import LONGEST_S, Rest
from pipeline.capture.tape import Stamp

_BEFORE_S = 2.0
"""Packets tell this much later, at most, that something moves."""


class Eyes(Protocol):
    """What is asked of who makes frames of pictures."""

    def stirs(self, shown: Shown, rest: Rest) -> bool:
        """Whether this key frame shows anything new."""
        ...

    def pass_over(self, stamp: Stamp, came: Came) -> None:
        """A picture that will not be decoded: its time passes all the same."""
        ...


class Sparing:
    """`take` each packet of one connection; None for one that is kept as it came.

    `timed`: the times of pictures hang on those before, so that what is passed over has to be told.
    """

    def __init__(self, decoder: Decoder, rest: Rest, eyes: Eyes, timed: bool = True) -> None:
        self.waking = False
        """Whether what comes now was kept here, and can wait."""
        self._decoder = decoder
        self._rest = rest
        self._eyes = eyes
        self._timed = timed
        self._groups = Groups()
        self._size = (0, 0)
        self._by_gate = False
        self._latest: Came | None = None
        rest.begin()

    def go_on(self, decoder: Decoder) -> None:
        """With the next file of a recording, whose pictures follow."""
        self._decoder = decoder
        self._groups.go_on()

    def take(self, packet: av.Packet[av.VideoStream], came: Came) -> Iterator[Shown | None]:
        """The pictures that are to be looked at now, in the order in which they are shown."""
        if not packet.size:  # the end of the stream
            yield from self.finish()
            yield from self._decoder.pictures(packet, came)
            return
        self._groups.add(packet, came)
        if not self._rest.calm:
            self._by_gate = False
        for one in self._at_rest(packet, came) if self._rest.resting else self._awake(packet, came):
            yield None if one is None else one._replace(came=self._after(one.came))

    def finish(self) -> Iterator[Shown]:
        """The connection is gone: what lies undecoded, and nobody has looked at."""
        if self._rest.resting:
            yield from self._wake()

    def _awake(self, packet: av.Packet[av.VideoStream], came: Came) -> Iterator[Shown]:
        rest, groups = self._rest, self._groups
        self._weigh(packet)
        look = packet.is_keyframe and rest.due(groups)
        if look:
            groups.begin_at_last_key()
        elif groups.too_much or groups.span_s > 2 * LONGEST_S:
            groups.drop()  # it will not be passed over anyway
        for one in self._decoder.pictures(packet, came):
            yield one
            self._open_gate(one.picture)
            if not one.picture.key_frame or not self._is_first(one):
                continue
            if not rest.is_whole(is_whole(one.picture)):
                continue
            if self._eyes.stirs(one, rest):
                self._by_gate = False
            elif rest.may_begin(groups, came.monotonic):
                if self._by_gate and rest.gate is not None:
                    rest.gate.in_vain(groups.now)
                # What would still come out, of the packets after this key frame, is decoded again where it is wanted.
                self._decoder.empty()
                rest.resting = True
                return

    def _is_first(self, one: Shown) -> bool:
        """Whether it is the picture of the first packet held."""
        held = self._groups.held
        return bool(held) and held[0].packet.pts == one.picture.pts

    def _at_rest(self, packet: av.Packet[av.VideoStream], came: Came) -> Iterator[Shown | None]:
        rest, groups = self._rest, self._groups
        stirs = self._weigh(packet)
        if not rest.may_go_on(groups, came.monotonic):
            yield from self._wake()
            return
        if stirs and rest.trusts_gate:
            self._by_gate = True
            yield from self._wake(groups.key_before(_BEFORE_S))
            return
        if not packet.is_keyframe or not rest.due(groups):
            yield None
            return
        one = self._decoder.alone(packet, came)
        if not rest.is_whole(one is not None) or one is None or self._eyes.stirs(one, rest):
            yield from self._wake()
        elif rest.audits():
            yield from self._between(audited=True)
            groups.begin_at_last_key()
        else:
            self._pass_over(len(groups.held) - 1)
            groups.begin_at_last_key()
            yield one

    def _weigh(self, packet: av.Packet[av.VideoStream]) -> bool:
        """Whether the sizes of the last packets are those of pictures in which something moves."""
        gate = self._rest.gate
        if gate is None:
            return False
        return gate.stirs(packet.size, packet.is_keyframe, self._groups.now, self._rest.calm)

    def _open_gate(self, picture: av.VideoFrame) -> None:
        """Packets of pictures of another size weigh something else."""
        if (size := (picture.width, picture.height)) != self._size:
            self._size = size
            self._rest.gate = PacketGate(-(-size[0] // 16) * -(-size[1] // 16), self._rest.smallest)

    def _wake(self, first: int = 0) -> Iterator[Shown]:
        """Decode from this one of what is held on, a key frame; 0 is that which was looked at last."""
        self._rest.resting = False
        self._pass_over(first)
        yield from self._between(first)

    def _between(self, first: int = 0, audited: bool = False) -> Iterator[Shown]:
        """All pictures that have not been told, up to the newest packet."""
        self.waking, told = True, first > 0
        self._decoder.empty()
        held = self._groups.held[first:]
        for n, (packet, came, _) in enumerate(held):
            out = self._decoder.pictures(packet, came)
            if audited and n == len(held) - 1:
                out += self._decoder.drained(came)
            for one in out:
                if told:
                    yield one._replace(audited=audited)
                told = told or bool(one.picture.key_frame)
        self.waking = False

    def _pass_over(self, end: int) -> None:
        """What lies before that one, in the order of showing; each came when the last packet had that it needs."""
        if not self._timed:
            return
        between = self._groups.held[1:end]
        stamps = sorted((_stamp(one.packet) for one in between if one.packet.pts is not None), key=_when_shown)
        for stamp, one in zip(stamps, between, strict=False):
            self._eyes.pass_over(stamp, self._after(one.came))

    def _after(self, came: Came) -> Came:
        """No picture came before the one that is shown before it, which may have been held back by the decoder."""
        self._latest = came if self._latest is None else max(self._latest, came, key=lambda one: one.monotonic)
        return self._latest


def _stamp(packet: av.Packet[av.VideoStream]) -> Stamp:
    base = float(packet.time_base)
    shown, decoded = (t * base if t is not None else None for t in (packet.pts, packet.dts))
    return Stamp(shown, decoded, 0.0)


def _when_shown(stamp: Stamp) -> float:
    return stamp.shown or 0.0
