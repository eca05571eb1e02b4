"""A connection to Redis or Valkey, and its errors in our words. Not here: what is written (`redis_stream.py`) and read
(`redis_feed.py`).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import redis
from redis.backoff import NoBackoff
from redis.exceptions import (
    AskError,
    AuthenticationError,
    BusyLoadingError,
    ClusterCrossSlotError,
    ClusterDownError,
    NoPermissionError,
    OutOfMemoryError,
    ReadOnlyError,
    RedisError,
    ResponseError,
)
from redis.retry import Retry

from pipeline.config import Url
from pipeline.errors import DeliveryError
from pipeline.logs import redact

TIMEOUT_S = 2.0

_CLUSTER = "is one node of a cluster, which is not supported. Name a server of its own in alerts.redis.url."
# The first class that fits decides: some are children of others.
_WORDS: list[tuple[type[Exception], str]] = [
    (AuthenticationError, "refuses the user or the password. Check both in alerts.redis.url."),
    (NoPermissionError, "does not let this user do it. Give its ACL the rights that docs/reference/redis.md lists."),
    (OutOfMemoryError, "is full (maxmemory). Give it memory, or trim the stream; alerts wait in the journal."),
    *((kind, _CLUSTER) for kind in (ClusterDownError, ClusterCrossSlotError, AskError)),  # MovedError is an AskError
    (ReadOnlyError, "is a read-only replica. Name the primary in alerts.redis.url."),
    (BusyLoadingError, "is still loading its data."),
    (redis.TimeoutError, f"did not answer within {TIMEOUT_S:g} s."),
    (redis.ConnectionError, "cannot be reached. Is it running, and does the address stand?"),
]

# What answers of no class of their own say, and what it means; `{key}` is the stream's.
_ANSWERS = {
    "WRONGTYPE": "has something else at the key {key}. Name another one in alerts.redis.stream, or delete it there.",
    "wrong kind of value": "has something else at the key {key}. Name another one in alerts.redis.stream, or delete it "
    "there.",
    "DB index is out of range": "has no database of that number. Change the one at the end of alerts.redis.url.",
    "Invalid Database": "has no database of that number. Change the one at the end of alerts.redis.url.",
    "unknown command": "is too old, or has the command taken away: Redis from 6.2 on is needed, or Valkey.",
}

# How Redis 7.0 and Redis 8 say that a script may not run a command; others give their own kind of error.
_NO_PERMISSION_IN_SCRIPT = ("can't run this command", "ACL failure in script")


def connect(url: Url, timeout_s: float = TIMEOUT_S) -> redis.Redis:
    """A client that connects when first used. redis-py's retries are off: it would send an XADD twice by itself."""
    address = url.reveal()
    over_network = {} if address.startswith("unix:") else {"socket_keepalive": True}
    with ours(url):
        return redis.Redis.from_url(
            address,
            socket_timeout=timeout_s,
            socket_connect_timeout=timeout_s,
            retry=Retry(NoBackoff(), 0),
            client_name="zonewatch",
            decode_responses=True,
            protocol=2,
            **over_network,
        )


@contextmanager
def ours(url: Url, key: str = "") -> Iterator[None]:
    """Errors of redis-py become DeliveryError here; the url is named without its password. `key` is what is used."""
    try:
        yield
    except (RedisError, OSError, ValueError, TypeError) as error:  # TypeError: an unknown option in the url
        raise DeliveryError(f"Redis at {url} {_words(error, key)}") from error


def _words(error: Exception, key: str) -> str:
    said = redact(error).strip().rstrip(".")
    known = next((words.format(key=key or "that is asked") for start, words in _ANSWERS.items() if start in said), None)
    known = known or next((words for kind, words in _WORDS if isinstance(error, kind)), None)
    if any(words in said for words in _NO_PERMISSION_IN_SCRIPT):
        known = dict(_WORDS)[NoPermissionError]
    if known is None:
        return f"answers: {said}." if isinstance(error, ResponseError) else f"fails: {said}."
    return f"{known} ({said})"
