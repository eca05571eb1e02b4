"""A connection to Redis or Valkey, and its errors in our words. Not here: what is written (`redis_stream.py`) and read
(`redis_feed.py`).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import redis
from redis.backoff import NoBackoff
from redis.exceptions import (
    AuthenticationError,
    BusyLoadingError,
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

# The first class that fits decides: some are children of others.
_WORDS: list[tuple[type[Exception], str]] = [
    (AuthenticationError, "refuses the user or the password. Check both in alerts.redis.url."),
    (NoPermissionError, "does not let this user do it. Give its ACL the rights that docs/reference/redis.md lists."),
    (OutOfMemoryError, "is full (maxmemory). Give it memory, or trim the stream; alerts wait in the journal."),
    (ReadOnlyError, "is a read-only replica. Name the primary in alerts.redis.url."),
    (BusyLoadingError, "is still loading its data."),
    (redis.TimeoutError, f"did not answer within {TIMEOUT_S:g} s."),
    (redis.ConnectionError, "cannot be reached. Is it running, and does the address stand?"),
]

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
def ours(url: Url) -> Iterator[None]:
    """Errors of redis-py become DeliveryError here; the url is named without its password."""
    try:
        yield
    except (RedisError, OSError, ValueError, TypeError) as error:  # TypeError: an unknown option in the url
        raise DeliveryError(f"Redis at {url} {_words(error)}") from error


def _words(error: Exception) -> str:
    known = next((words for kind, words in _WORDS if isinstance(error, kind)), None)
    said = redact(error).strip().rstrip(".")
    if any(words in said for words in _NO_PERMISSION_IN_SCRIPT):
        known = dict(_WORDS)[NoPermissionError]
    if known is None:
        return f"answers: {said}." if isinstance(error, ResponseError) else f"fails: {said}."
    return f"{known} ({said})"
