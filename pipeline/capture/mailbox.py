"""A one-slot mailbox between a camera's thread and the analysis loop: the newest frame wins.

Not here: who wakes up when, which is the worker's affair; it lends its bell.
"""

from __future__ import annotations

import threading

from pipeline.types import Frame


class Mailbox:
    """Holds the newest frame; the ones it replaces are counted in `dropped`.

    `wake` is set whenever a frame comes. A `lossless` one, for recordings, makes `put` wait for the slot instead.
    """

    def __init__(self, wake: threading.Event | None = None, lossless: bool = False) -> None:
        self.dropped = 0
        self.lossless = lossless
        self._wake = wake
        self._slot: Frame | None = None
        self._changed = threading.Condition()

    def put(self, frame: Frame, stop: threading.Event | None = None) -> bool:
        """False if the frame was not taken in because `stop` was set while waiting."""
        with self._changed:
            if self.lossless and not self._wait_empty(stop):
                return False
            self.dropped += self._slot is not None
            self._slot = frame
        if self._wake is not None:
            self._wake.set()
        return True

    def take(self) -> Frame | None:
        """The newest frame, once."""
        with self._changed:
            frame, self._slot = self._slot, None
            self._changed.notify_all()
            return frame

    def drained(self, stop: threading.Event) -> bool:
        """Wait until the last frame is taken; False if `stop` was set before."""
        with self._changed:
            return self._wait_empty(stop)

    def _wait_empty(self, stop: threading.Event | None) -> bool:
        while self._slot is not None:
            if stop is not None and stop.is_set():
                return False
            self._changed.wait(0.1)  # bounded, because `stop` does not notify
        return True
