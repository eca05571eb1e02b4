"""Logging: one line an event, no secrets, and never the same complaint more than once a second.

Not here: metrics and reports, which are values (`types.CameraReport`), not text.
"""

from __future__ import annotations

import logging
import re
import sys
import time

_USERINFO = re.compile(r"([a-z][a-z0-9+.-]*://)[^/?#\s]*@", re.IGNORECASE)
_QUERY = re.compile(r"([?&][\w.~-]+=)[^&#\s'\"]+")


def redact(text: object) -> str:
    """`text` without what stands before the @ of a url, and without the values of its query.

    PyAV and redis-py put whole urls, passwords included, into exception texts.
    """
    return _QUERY.sub(r"\1***", _USERINFO.sub(r"\1***@", str(text)))


class _Redacting(logging.Formatter):
    """The last gate: whatever was logged, by us or by a library, leaves without secrets."""

    converter = staticmethod(time.gmtime)
    default_time_format = "%Y-%m-%dT%H:%M:%S"
    default_msec_format = "%s.%03dZ"

    def format(self, record: logging.LogRecord) -> str:
        return redact(super().format(record))


def setup(level: str = "INFO") -> None:
    """Log to standard error, so that standard output stays for alerts."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Redacting("%(asctime)s %(levelname)-7s %(name)s: %(message)s"))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)


class Counted:
    """Says a repeated complaint at once, then at most once every `every_s` seconds, with how often it came."""

    def __init__(self, logger: logging.Logger, every_s: float = 1.0) -> None:
        self._logger = logger
        self._every_s = every_s
        self._said: dict[str, tuple[float, int]] = {}

    def warning(self, message: str, now: float, error: Exception | None = None) -> None:
        """`now` is any monotonic time in seconds; `error` is shown with its traceback."""
        since, count = self._said.get(message, (-self._every_s, 0))
        if now - since < self._every_s:
            self._said[message] = since, count + 1
            return
        self._logger.warning("%s%s", message, f" ({count + 1} times)" if count else "", exc_info=error)
        self._said[message] = now, 0
