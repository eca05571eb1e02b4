"""A child process's end of its pipe to the supervisor. Neither side ever waits for the other.

A thread reads: the pipe's end means that the supervisor is gone, even by SIGKILL, and stops the process, by force if it
takes too long. Another writes the newest message: a supervisor that does not read must not hold up the analysis.
"""

from __future__ import annotations

import os
import queue
import threading
from multiprocessing.connection import Connection
from typing import Any

from pipeline.clock import Clock

_ORPHANED_EXIT = 71
_BEAT_S = 0.5
ALIVE = "alive"
"""What `beat` sends: it lives, and what it reported before still stands."""


class Line:
    """`received` and `send`, from one thread; `stop` is set when the supervisor is gone."""

    def __init__(self, connection: Connection, stop: threading.Event, grace_s: float, clock: Clock) -> None:
        self._connection = connection
        self._stop = stop
        self._grace_s = grace_s
        self._clock = clock
        self._beat_at = 0.0
        self._in: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._out: Any = None
        self._filled = threading.Event()
        self._closing = False
        self._idle = threading.Event()
        self._idle.set()
        threading.Thread(target=self._read, name="orders", daemon=True).start()
        threading.Thread(target=self._write, name="reports", daemon=True).start()

    def received(self) -> list[Any]:
        """Messages that have come since the last call."""
        messages = []
        while not self._in.empty():
            messages.append(self._in.get())
        return messages

    def send(self, message: object) -> None:
        """Send it, in place of one that has not gone yet."""
        self._idle.clear()
        self._out = message
        self._filled.set()

    def beat(self) -> None:
        """A sign of life while there is no news; a message that has not gone yet is one itself."""
        now = self._clock.monotonic()
        if now >= self._beat_at and self._idle.is_set():
            self._beat_at = now + _BEAT_S
            self.send(ALIVE)

    def close(self) -> None:
        """Give the last message a moment to go."""
        self._idle.wait(1.0)

    def _read(self) -> None:
        try:
            while True:
                self._in.put(self._connection.recv())
        except (EOFError, OSError):
            self._stop.set()
            force = threading.Timer(self._grace_s + 1.0, os._exit, (_ORPHANED_EXIT,))
            force.daemon = True
            force.start()

    def _write(self) -> None:
        while True:
            self._filled.wait()
            self._filled.clear()
            try:
                self._connection.send(self._out)
            except OSError:
                return
            finally:
                if not self._filled.is_set():
                    self._idle.set()
