"""Alerts into a Redis stream, once each and in order, whatever is repeated. Works with any Redis or Valkey from 6.2 on.

Keys (with `alerts.redis.stream: zonewatch:alerts`):

    zonewatch:alerts        stream   one entry an event: type id rev incident camera rule severity state ts data
    zonewatch:alerts:mark   hash     producer (a journal's name) -> "SEQ ID": the place in that journal up to which all
                                     is here, and the event that lies there

One script adds the entries and moves the mark, in one step, and only if the mark is where the sender believes it to
be. A repeat (the answer was lost) finds the mark ahead and adds nothing; a Redis that lost entries (emptied, restored,
failed over) shows a mark behind, and the sender goes back to it. A journal that was brought back from a copy has
another event at the mark's place, or none.

Not here: when to send and what to do after an error (`processes/delivery.py`).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

from pipeline.config import Redis
from pipeline.errors import Rejected
from pipeline.sinks.message import entry_fields
from pipeline.sinks.outbox import Mark, Row
from pipeline.sinks.redis_link import connect, ours

LARGEST_ENTRY = 1 << 20
"""Bytes of one event; Redis may be set to refuse more (proto-max-bulk-len is never below this)."""

FEEDS = "zonewatch-feed-"
"""Groups that `zonewatch feed` makes for a person begin so; they do not keep entries from being trimmed."""

# The mark is written once before the first XADD as well: who may not, or cannot, write it must not add either, or the
# same entries would be added again and again.
_ADD = """
local mark = redis.call('HGET', KEYS[2], ARGV[1]) or '0'
if mark ~= ARGV[2] then return mark end
redis.call('HSET', KEYS[2], ARGV[1], mark)
for first = 4, #ARGV, 20 do
  redis.call('XADD', KEYS[1], '*', unpack(ARGV, first, first + 19))
end
redis.call('HSET', KEYS[2], ARGV[1], ARGV[3])
return ARGV[3]
"""


class RedisStream:
    """The stream named in the configuration. `producer` gives the name of the journal that is sent from."""

    name = "redis"
    needed = True

    def __init__(self, config: Redis, producer: Callable[[], str]) -> None:
        self._url, self._stream, self._keep_s = config.url, config.stream, config.keep_days * 86400
        self._mark_key = f"{config.stream}:mark"
        self._producer = producer
        self._redis = connect(config.url)
        self._add = self._redis.register_script(_ADD)

    @property
    def keep_s(self) -> float:
        """Entries older than this many seconds are trimmed, and not sent again after a loss."""
        return self._keep_s

    def mark(self) -> Mark:
        """The place up to which Redis has everything of this journal. Raises DeliveryError."""
        with ours(self._url, self._stream):
            written: Any = self._redis.hget(self._mark_key, self._producer())
        return _mark(written)

    def deliver(self, after: Mark, rows: Sequence[Row]) -> Mark:
        """Add `rows`, which follow the place `after`. Returns the mark that Redis has now.

        A mark other than the last row's: a row in the middle is not deliverable, or Redis was not at `after`, and
        then nothing has been added. Raises DeliveryError (try again), Rejected (the first row will never be taken).
        """
        entries = _entries(rows)
        return self._send(after, rows[len(entries) - 1].mark, [text for entry in entries for text in entry])

    def skip(self, after: Mark, upto: Mark) -> Mark:
        """Move the mark from `after` to `upto` without adding anything; returns the mark that Redis has now."""
        return self._send(after, upto, [])

    def _send(self, after: Mark, upto: Mark, entries: list[str]) -> Mark:
        with ours(self._url, self._stream):
            places = _written(after), _written(upto)
            return _mark(self._add(keys=[self._stream, self._mark_key], args=[self._producer(), *places, *entries]))

    def tidy(self) -> None:
        """Trim what is older than `keep_s`, but nothing that a consumer group has yet to read or to acknowledge."""
        with ours(self._url, self._stream):
            if not self._redis.exists(self._stream):
                return
            now_ms = int(self._redis.time()[0]) * 1000
            keep_from = min([(now_ms - int(self._keep_s * 1000), 0), *self._needed_by_groups()])
            if keep_from > (0, 0):
                self._redis.xtrim(self._stream, minid=f"{keep_from[0]}-{keep_from[1]}", approximate=False)

    def _needed_by_groups(self) -> list[tuple[int, int]]:
        """The oldest entry that each group still needs."""
        groups: Any = self._redis.xinfo_groups(self._stream)
        needed = []
        for group in groups:
            if group["name"].startswith(FEEDS):
                continue
            pending: Any = self._redis.xpending(self._stream, group["name"])
            at, number = _entry_id(group["last-delivered-id"])
            needed.append(_entry_id(pending["min"]) if pending["pending"] else (at, number + 1))
        return needed


def _entries(rows: Sequence[Row]) -> list[list[str]]:
    """The fields and values of each row, up to the first that is not deliverable."""
    entries: list[list[str]] = []
    for row in rows:
        try:
            entries.append(_entry(row))
        except Rejected:
            if not entries:
                raise
            break
    return entries


def _entry(row: Row) -> list[str]:
    if len(row.data.encode()) > LARGEST_ENTRY:
        raise Rejected(f"The event at place {row.seq} of the journal is larger than {LARGEST_ENTRY >> 20} MiB.")
    try:
        fields = entry_fields(json.loads(row.data))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise Rejected(f"The event at place {row.seq} of the journal is not one of ours ({error!r}).") from error
    return [text for pair in fields.items() for text in pair]


def _written(mark: Mark) -> str:
    return f"{mark.seq} {mark.id}".rstrip()


def _mark(written: str | None) -> Mark:
    """Version 1 wrote the place alone."""
    seq, _, event = (written or "0").partition(" ")
    return Mark(int(seq), event)


def _entry_id(text: str) -> tuple[int, int]:
    at, _, number = text.partition("-")
    return int(at), int(number or 0)
