"""Alerts back out of a Redis stream: as a member of a consumer group, or by time without a trace.

Not here: what is shown (`commands/feed.py`), and how alerts get in (`redis_stream.py`).
"""

from __future__ import annotations

import json
from typing import Any

from redis.exceptions import ResponseError

from pipeline.config import Redis
from pipeline.sinks.message import Event
from pipeline.sinks.redis_link import connect, ours

BATCH = 100
LONGEST_WAIT_S = 1.0
"""Shorter than the connection's own timeout, which would otherwise take a quiet stream for a dead server."""


class GroupFeed:
    """What the group has not read yet; first what this consumer has read, but never acknowledged."""

    def __init__(self, config: Redis, group: str, consumer: str) -> None:
        self._config, self._group, self._consumer = config, group, consumer
        self._redis = connect(config.url)
        self._own: str | None = "0"

    def read(self, wait_s: float) -> list[tuple[str, Event]]:
        """The next entries, waiting up to `wait_s` for one. Raises DeliveryError."""
        with ours(self._config.url, self._config.stream):
            entries = self._pending()
            return entries or self._ask(">", wait_s)

    def done(self, places: list[str]) -> None:
        """These need not come again. Raises DeliveryError."""
        if places:
            with ours(self._config.url, self._config.stream):
                self._redis.xack(self._config.stream, self._group, *places)

    def _pending(self) -> list[tuple[str, Event]]:
        if self._own is None:
            return []
        entries = self._ask(self._own, 0.0)
        self._own = entries[-1][0] if entries else None
        return entries

    def _ask(self, after: str, wait_s: float) -> list[tuple[str, Event]]:
        stream: Any = {self._config.stream: after}
        options: dict[str, Any] = {"count": BATCH, "block": _block(wait_s)}
        try:
            answer: Any = self._redis.xreadgroup(self._group, self._consumer, stream, **options)
        except ResponseError as error:
            if not str(error).startswith("NOGROUP"):
                raise
            self._redis.xgroup_create(self._config.stream, self._group, "0", mkstream=True)
            answer = self._redis.xreadgroup(self._group, self._consumer, stream, **options)
        return _events(answer[0][1]) if answer else []


class HistoryFeed:
    """Everything since a time, then what comes; no group knows of it."""

    def __init__(self, config: Redis, since: float) -> None:
        self._config = config
        self._redis = connect(config.url)
        self._after = f"{max(1, int(since * 1000)) - 1}-{2**64 - 1}"

    def read(self, wait_s: float) -> list[tuple[str, Event]]:
        """The next entries, waiting up to `wait_s` for one. Raises DeliveryError."""
        with ours(self._config.url, self._config.stream):
            stream: Any = {self._config.stream: self._after}
            answer: Any = self._redis.xread(stream, count=BATCH, block=_block(wait_s))
        events = _events(answer[0][1]) if answer else []
        self._after = events[-1][0] if events else self._after
        return events

    def done(self, places: list[str]) -> None:
        """Nothing to remember."""


def _block(wait_s: float) -> int | None:
    """Milliseconds; None does not wait (0 would wait for ever)."""
    return round(min(wait_s, LONGEST_WAIT_S) * 1000) or None


def _events(entries: list[tuple[str, dict[str, str] | None]]) -> list[tuple[str, Event]]:
    """Entries that were trimmed since they were read, or that others wrote, are empty events: pass over them."""
    return [(place, _event(fields or {})) for place, fields in entries]


def _event(fields: dict[str, str]) -> Event:
    try:
        event = json.loads(fields.get("data", "{}"))
    except ValueError:
        return {}
    return event if isinstance(event, dict) and "data" in event else {}
