"""Grants of entry at doors, as an access system adds them to a Redis stream. The format: `docs/reference/redis.md`.

What is heard is kept for a while, for who asks later. Not here: what a grant is good for (`rules/access`).
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from weakref import WeakSet

from pipeline.clock import Clock
from pipeline.config import Redis
from pipeline.errors import DeliveryError
from pipeline.logs import Counted, redact
from pipeline.sinks.redis_link import connect, ours
from pipeline.workers.entries import Access
from pipeline.workers.lane import Lane

log = logging.getLogger(__name__)

_WAIT_MS = 500
_EVERY_S = 1.0
_AT_ONCE = 100
_PAUSES_S = (0.5, 1.0, 2.0, 5.0)
# At the start what was granted before still counts for so long, and so long what was heard is kept.
_BEFORE_S = 600.0


class Badges(threading.Thread):
    """Reads until the process ends. `tell` whoever is concerned, often."""

    def __init__(self, redis: Redis, clock: Clock) -> None:
        super().__init__(name="badges", daemon=True)
        self._redis, self._stream = redis, str(redis.access_stream)
        self._clock = clock
        self._lock = threading.Lock()
        self._grants: list[tuple[str, float]] = []
        self._fresh: list[tuple[str, float]] = []
        self._known = 0.0
        self._told = -_EVERY_S
        self._met: WeakSet[Lane] = WeakSet()
        self._after = f"{max(0, int((clock.wall() - _BEFORE_S) * 1000))}-0"
        self._failures = 0
        self._complaints = Counted(log, every_s=60.0)

    def tell(self, lanes: Iterable[Lane]) -> None:
        """To those that have a rule about a door what has come since the last time, or that nothing has.

        Who is told for the first time hears all of the last minutes.
        """
        with self._lock:
            due = bool(self._fresh) or self._known - self._told >= _EVERY_S
            news, whole = Access(tuple(self._fresh), self._known), Access(tuple(self._grants), self._known)
            if due:
                self._fresh, self._told = [], self._known
        for lane in lanes:
            if not any(rule.door is not None for rule in lane.camera.judged.values()):
                continue
            if lane not in self._met:
                lane.access(whole)
                self._met.add(lane)
            elif due:
                lane.access(news)

    def run(self) -> None:
        """A server that is away is tried again and again; it is told once."""
        pause = threading.Event()  # never set
        while True:
            try:
                self._follow()
            except DeliveryError as error:
                if not self._failures:
                    log.warning("grants of entry cannot be read from %s now: %s", self._stream, redact(error))
                pause.wait(_PAUSES_S[min(self._failures, len(_PAUSES_S) - 1)])
                self._failures += 1

    def _follow(self) -> None:
        client: Any = connect(self._redis.url)
        while True:
            asked = self._clock.wall()
            with ours(self._redis.url, self._stream):
                answer: Any = client.xread({self._stream: self._after}, count=_AT_ONCE, block=_WAIT_MS)
            self._failures = 0
            entries = answer[0][1] if answer else []
            found = [grant for place, fields in entries if (grant := self._grant(place, fields or {})) is not None]
            self._after = entries[-1][0] if entries else self._after
            with self._lock:
                self._fresh += found
                self._grants = [one for one in self._grants if one[1] > asked - _BEFORE_S] + found
                if len(entries) < _AT_ONCE:  # there was no more when it was asked
                    self._known = asked

    def _grant(self, place: str, fields: Mapping[str, str]) -> tuple[str, float] | None:
        """Its door, and when it was given: what the entry says, else when it was added."""
        door, at = str(fields.get("door", "")).strip(), fields.get("at")
        when = int(place.split("-")[0]) / 1000 if at is None else _seconds(str(at))
        if not door or when is None:
            words = "has no `door`" if not door else "has an `at` that is no time: write 2026-11-23T08:15:00Z"
            self._complaints.warning(f"an entry of {self._stream} {words}", self._clock.monotonic())
            return None
        return door[:200], when


def _seconds(text: str) -> float | None:
    """Unix seconds, as a number or as an RFC 3339 time with its offset."""
    try:
        return float(text)
    except ValueError:
        pass
    try:
        at = datetime.fromisoformat(text.strip())
    except ValueError:
        return None
    return at.timestamp() if at.tzinfo else None
