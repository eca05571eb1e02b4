"""One simulated camera: plays its clip in real time to everyone who watches.

Not here: requests and connections (`session`, `server`). All of it runs on the server's event loop, but for `faults`,
`log` and the counters, which any thread may use.
"""

from __future__ import annotations

import asyncio
import threading
from collections import Counter, deque
from fractions import Fraction
from typing import NamedTuple, Protocol

from pipeline.clock import Clock
from pipeline.simulate.faults import Faults, damaged, garbage
from pipeline.simulate.media import Clip, Turn, playlist
from pipeline.simulate.rtp import RtpStream, fragments

REPORT_EVERY_S = 5.0
_LOG_LENGTH = 200_000


class Sent(NamedTuple):
    """One picture that went out: its media time in the clip (s), which loop, when (Unix s), whether a key frame."""

    at: float
    loop: int
    wall: float
    key: bool


class Viewer(Protocol):
    """Who watches: packets go to it as they are; `started` once it has had its first key frame."""

    started: bool

    def send_rtp(self, packet: bytes) -> None: ...

    def send_rtcp(self, packet: bytes) -> None: ...

    def send_raw(self, data: bytes) -> None: ...

    def close(self) -> None: ...


class Mount:
    """A camera at `path`.

    Its clock runs from the server's start and for ever. With `restart_on_play` it begins anew at position 0 for a
    client that comes when nobody watches, and rests when nobody is left; with `loops` it ends after so many rounds,
    closes its connections, sets `finished` and answers 503 from then on.
    """

    def __init__(
        self,
        path: str,
        clips: list[Clip],
        clock: Clock,
        *,
        restart_on_play: bool = False,
        loops: int | None = None,
        first_timestamp: int | None = None,
    ) -> None:
        self.path = path
        self.clips = clips
        self.faults = Faults()
        self.log: deque[Sent] = deque(maxlen=_LOG_LENGTH)
        self.requests: Counter[str] = Counter()
        self.answers: Counter[int] = Counter()
        self.finished = threading.Event()
        self.payload_type = 0 if clips[0].codec == "pcmu" else 96
        self._clock = clock
        self._restart_on_play = restart_on_play
        self._loops = loops
        self._first_timestamp = first_timestamp
        self._viewers: list[Viewer] = []
        self._held: list[bytes] = []
        self._task: asyncio.Task[None] | None = None
        self._rewind()

    @property
    def clip(self) -> Clip:
        """The clip that plays, or will from the next key frame on."""
        return self.clips[self._chosen()]

    @property
    def watching(self) -> int:
        """How many clients play it now."""
        return len(self._viewers)

    def begin(self) -> None:
        """The server starts."""
        self.finished.clear()
        if not self._restart_on_play:
            self._play_from_zero()

    def end(self) -> None:
        """The server stops."""
        if self._task is not None:
            self._task.cancel()
        self._viewers.clear()

    def join(self, viewer: Viewer) -> None:
        """A client plays."""
        if viewer in self._viewers:
            return
        self._viewers.append(viewer)
        if self._restart_on_play and len(self._viewers) == 1:
            self._play_from_zero()

    def leave(self, viewer: Viewer) -> None:
        """A client is gone."""
        if viewer in self._viewers:
            self._viewers.remove(viewer)
        if self._restart_on_play and not self._viewers and self._task is not None:
            self._task.cancel()

    def close_connections(self) -> None:
        """Every client is put out."""
        for viewer in list(self._viewers):
            viewer.close()

    def rtp_info(self) -> tuple[int, int]:
        """Number of the next packet, and the RTP time of now, for the answer to PLAY."""
        return self.rtp.sequence, self.rtp.timestamp(self._position())

    def _chosen(self) -> int:
        return int(self.faults.clip) % len(self.clips)

    def _rewind(self) -> None:
        self.rtp = RtpStream(self.payload_type, self.clips[0].clock_rate, self._first_timestamp)
        self._started = self._clock.monotonic()
        self._reported = float("-inf")

    def _play_from_zero(self) -> None:
        if self._task is not None:
            self._task.cancel()
        self._rewind()
        self._task = asyncio.create_task(self._play())

    def _position(self) -> float:
        """Seconds since the clock of this camera began."""
        return self._clock.monotonic() - self._started

    async def _play(self) -> None:
        for turn in playlist(self.clips, self._chosen, self._loops):
            await self._wait_for(turn.began + turn.unit.due)
            if self._viewers and not self.faults.silent:
                await self._send(turn)
        await self._wait_for(turn.began + self.clip.duration + self.clip.units[0].due)
        self._finish()

    async def _wait_for(self, due: Fraction) -> None:
        await asyncio.sleep(max(0.0, float(due) - self._position()))

    def _finish(self) -> None:
        """As a camera that is switched off in good order: BYE, then the connections."""
        self.finished.set()
        bye = self.rtp.bye(self._position(), self._clock.wall())
        for viewer in self._viewers:
            viewer.send_rtcp(bye)
        self.close_connections()

    async def _send(self, turn: Turn) -> None:
        self.rtp.rate, self.rtp.jump = self.faults.rate, self.faults.jump
        if self.faults.garbage:
            self._send_garbage(self.faults.garbage)
            return
        self._report_if_due()
        packets = self._packets(turn)
        viewers = self._receivers(turn.unit.key)
        self.log.append(Sent(float(turn.unit.at), turn.loop, self._clock.wall(), turn.unit.key))
        self._held += damaged(packets, self.faults)
        if self.faults.hold:
            return
        packets, self._held = self._held, []
        for packet in packets:
            if self.faults.trickle:
                await asyncio.sleep(self.faults.trickle)
            for viewer in viewers:
                viewer.send_rtp(packet)

    def _packets(self, turn: Turn) -> list[bytes]:
        codec = self.clips[0].codec
        payloads = [payload for nal in turn.unit.nals for payload in fragments(codec, nal)]
        return self.rtp.packets(payloads, float(turn.began + Fraction(turn.unit.at)))

    def _receivers(self, key: bool) -> list[Viewer]:
        """Those who have begun, and at a key frame (or if the fault `mid` is on) those who begin with it."""
        for viewer in self._viewers:
            if not viewer.started and (key or self.faults.mid):
                viewer.started = True
                self._report([viewer])
        return [viewer for viewer in self._viewers if viewer.started]

    def _send_garbage(self, size: int) -> None:
        for viewer in self._viewers:
            viewer.send_raw(garbage(size))

    def _report_if_due(self) -> None:
        if self._position() - self._reported >= REPORT_EVERY_S:
            self._reported = self._position()
            self._report([viewer for viewer in self._viewers if viewer.started])

    def _report(self, viewers: list[Viewer]) -> None:
        """Sender reports: which RTP time is now, by the camera's clock."""
        if self.faults.no_sr:
            return
        report = self.rtp.sender_report(self._position(), self._clock.wall() + self.faults.sr_skew)
        for viewer in viewers:
            viewer.send_rtcp(report)
