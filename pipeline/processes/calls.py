"""What cameras, or who speaks for them, say on a channel of Redis: that something moves in their picture.

A call wakes a camera that rests; it never puts one to sleep, so that one that is lost costs nothing. Not here: what a
call does (`post`).
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Any

from pipeline.clock import Clock
from pipeline.config import Redis
from pipeline.errors import DeliveryError
from pipeline.sinks.redis_link import connect, ours

log = logging.getLogger(__name__)

_LISTEN_S = 1.0
# A connection that is half open says nothing: it is asked for an answer after so long.
_ASK_S, _ANSWER_S = 5.0, 5.0
_PAUSES_S = (1.0, 2.0, 5.0, 15.0)


class Calls(threading.Thread):
    """Listens, and goes on listening, until the process ends; `heard` is called where it runs, for each call."""

    def __init__(self, redis: Redis, heard: Callable[[], None], clock: Clock) -> None:
        super().__init__(name="calls", daemon=True)
        self._redis = redis
        self._heard = heard
        self._clock = clock
        self._lock = threading.Lock()
        self._called: set[str] = set()
        self._failures = 0

    def taken(self) -> set[str]:
        """The names that were called since this was asked last; anything may stand there."""
        with self._lock:
            called, self._called = self._called, set()
        return called

    def run(self) -> None:
        """A server that is away is tried again and again; it is told once."""
        pause = threading.Event()  # never set
        while True:
            try:
                self._listen()
            except DeliveryError as error:
                if not self._failures:
                    log.warning("nobody can call cameras awake now: %s", error)
                pause.wait(_PAUSES_S[min(self._failures, len(_PAUSES_S) - 1)])
                self._failures += 1

    def _listen(self) -> None:
        """Until the connection no longer answers. Raises DeliveryError."""
        channel = str(self._redis.wake_channel)
        client: Any = connect(self._redis.url)
        with ours(self._redis.url, channel), client.pubsub() as listening:
            listening.subscribe(channel)
            heard_at = asked_at = self._clock.monotonic()
            while self._clock.monotonic() - heard_at < _ASK_S + _ANSWER_S:
                message: Any = listening.get_message(timeout=_LISTEN_S)
                now = self._clock.monotonic()
                if message is not None:
                    heard_at, self._failures = now, 0
                    if message["type"] == "message":
                        self._note(message["data"])
                elif now - max(heard_at, asked_at) > _ASK_S:
                    asked_at = now
                    listening.ping()

    def _note(self, name: object) -> None:
        with self._lock:
            self._called.add(str(name))
        self._heard()
