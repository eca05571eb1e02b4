"""Commands from a Redis stream: which mode the site is in. Each is followed once, also after a crash, and in order.

Not here: what a mode changes (`rules/calendar`). The format is in `docs/reference/redis.md`.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pipeline.clock import Clock
from pipeline.config import Redis
from pipeline.config.modes import MODES
from pipeline.errors import DeliveryError, JournalError
from pipeline.logs import redact
from pipeline.sinks.duration import seconds
from pipeline.sinks.mode_log import ModeLog
from pipeline.sinks.redis_link import connect, ours

log = logging.getLogger(__name__)

_WAIT_MS = 1000
_PAUSES_S = (0.5, 1.0, 2.0, 5.0)
# At the first start a command that was given a moment before still counts; what is older is history.
_FRESH_S = 60.0


class Control(threading.Thread):
    """Reads until `stop` is set."""

    def __init__(self, redis: Redis, journal: Path, site: str, clock: Clock, stop: threading.Event) -> None:
        super().__init__(name="control", daemon=True)
        self._redis, self._stream = redis, str(redis.control_stream)
        self._journal, self._site, self._clock = journal, site, clock
        self._over = stop
        self._failures = 0

    def run(self) -> None:
        """A server, or journal, that is away is tried again and again; it is told once."""
        while not self._over.is_set():
            try:
                self._follow()
            except (DeliveryError, JournalError) as error:
                if not self._failures:
                    log.warning("nobody can set modes by %s now: %s", self._stream, redact(error))
                self._over.wait(_PAUSES_S[min(self._failures, len(_PAUSES_S) - 1)])
                self._failures += 1

    def _follow(self) -> None:
        modes = ModeLog(self._journal, self._site, self._clock)
        client: Any = connect(self._redis.url)
        after = modes.followed(self._stream) or f"{max(0, int((self._clock.wall() - _FRESH_S) * 1000))}-0"
        while not self._over.is_set():
            with ours(self._redis.url, self._stream):
                answer: Any = client.xread({self._stream: after}, count=10, block=_WAIT_MS)
            self._failures = 0
            for place, fields in answer[0][1] if answer else ():
                self._obey(modes, place, fields or {})
                modes.follow(self._stream, place)
                after = place

    def _obey(self, modes: ModeLog, place: str, fields: Mapping[str, str]) -> None:
        name, by, why = (str(fields.get(key, "")).strip()[:200] for key in ("mode", "by", "why"))
        given = int(place.split("-")[0]) / 1000
        until = None
        if "for" in fields:
            lasts = seconds(str(fields["for"]))
            if lasts is None:
                return log.error("command %s: `for` is no time. Write 30m, 2h or 1d.", place)
            until = given + lasts
        if name not in MODES:
            return log.error("command %s: `mode` is none of %s", place, ", ".join(MODES))
        if not by or not why:
            return log.error("command %s: it must say `by` whom, and `why`", place)
        if until is not None and until <= self._clock.wall():
            return log.error("command %s: mode %s was to last until a time that is over", place, name)
        modes.set(name, by, why, until, f"mode-{self._stream}-{place}")
        log.warning("mode %s by %s: %s", name, by, why)
        return None
