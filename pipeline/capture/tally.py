"""What is counted of one camera."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass, field, replace

from pipeline.capture.decode import Stream
from pipeline.errors import SourceError


class Rate:
    """Events a second over the last `over_s` seconds; one thread ticks, others may ask."""

    def __init__(self, over_s: float = 5.0) -> None:
        self._over_s = over_s
        self._ticks: deque[float] = deque()
        self._lock = threading.Lock()
        self._since: float | None = None

    def tick(self, now: float) -> None:
        """`now` is monotonic time in seconds."""
        with self._lock:
            self._since = now if self._since is None else self._since
            self._ticks.append(now)
            self._forget(now)

    def a_second(self, now: float) -> float:
        """The rate; right from the first second on."""
        with self._lock:
            self._forget(now)
            if self._since is None:
                return 0.0
            return len(self._ticks) / min(self._over_s, max(1.0, now - self._since))

    def _forget(self, now: float) -> None:
        while self._ticks and self._ticks[0] <= now - self._over_s:
            self._ticks.popleft()


@dataclass(slots=True)
class Tally:
    """What is counted of one camera over all its connections; written by its thread, read by anyone."""

    decoded: int = 0
    corrupt: int = 0
    connections: int = 0
    last_frame_at: float | None = None
    size: tuple[int, int] | None = None
    codec: str | None = None
    error: SourceError | None = None
    rate: Rate = field(default_factory=Rate)

    def add(self, stream: Stream) -> None:
        """A connection has ended."""
        self.decoded += stream.decoded
        self.corrupt += stream.corrupt

    def copy(self, stream: Stream | None) -> Tally:
        """Another one that goes on from here, so that the stuck thread cannot spoil it."""
        tally = replace(self)
        if stream is not None:
            tally.add(stream)
        return tally
