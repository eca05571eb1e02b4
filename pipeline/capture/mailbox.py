"""A short queue between a camera's thread and the analysis loop: pictures are analysed in order, each once.

Not here: who wakes up when, which is the worker's affair; it lends its bell.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable

from pipeline.frame import Frame

# A queue takes no more memory than that, be its pictures large; two of them it takes whatever their size.
_MOST_BYTES = 64 << 20
_FEWEST = 2


class Mailbox:
    """Holds up to `room` frames. When it is full the oldest gives way, and is counted in `dropped`.

    `wake` is set whenever a frame comes. In a `lossless` one, for recordings, `put` waits for room instead.
    """

    def __init__(self, wake: threading.Event | None = None, lossless: bool = False, room: int = 1) -> None:
        self.dropped = 0
        self.lossless = lossless
        self.room = room
        self._wake = wake
        self._frames: deque[Frame] = deque()
        self._changed = threading.Condition()

    def __len__(self) -> int:
        return len(self._frames)

    def put(self, frame: Frame, stop: threading.Event | None = None) -> bool:
        """False if the frame was not taken in because `stop` was set while waiting for room."""
        with self._changed:
            if self.lossless and not self._wait(stop, self._has_room, None):
                return False
            if not self._has_room():
                self._frames.popleft()
                self.dropped += 1
            self._frames.append(frame)
        if self._wake is not None:
            self._wake.set()
        return True

    def has_room(self, within_s: float = 0.0, stop: threading.Event | None = None) -> bool:
        """Whether nothing has to give way for another frame, now or `within_s` seconds; until `stop` is set."""
        with self._changed:
            return self._wait(stop, self._has_room, within_s)

    def take(self) -> Frame | None:
        """The oldest frame, once."""
        with self._changed:
            frame = self._frames.popleft() if self._frames else None
            self._changed.notify_all()
            return frame

    def drained(self, stop: threading.Event) -> bool:
        """Wait until the last frame is taken; False if `stop` was set before."""
        with self._changed:
            return self._wait(stop, lambda: not self._frames, None)

    def _has_room(self) -> bool:
        """Frames of a camera are much alike: the newest one tells the memory of all."""
        if len(self._frames) < min(_FEWEST, self.room):
            return True
        return len(self._frames) < self.room and (len(self._frames) + 1) * _bytes(self._frames[-1]) <= _MOST_BYTES

    def _wait(self, stop: threading.Event | None, done: Callable[[], bool], most_s: float | None) -> bool:
        """Until `done`; False if `stop` was set or `most_s` have passed before."""
        until = None if most_s is None else time.monotonic() + most_s
        while not done():
            if (stop is not None and stop.is_set()) or (until is not None and time.monotonic() >= until):
                return False
            self._changed.wait(0.1)  # bounded, because `stop` does not notify
        return True


def _bytes(frame: Frame) -> int:
    return frame.luma.nbytes + sum(plane.nbytes for plane in frame.chroma or ())
