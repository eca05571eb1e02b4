"""The only place that asks the machine what time it is."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """What live code and tests agree on: `wall` is Unix seconds, `monotonic` seconds since whenever."""

    def wall(self) -> float: ...

    def monotonic(self) -> float: ...


class SystemClock:
    """The machine's clocks."""

    def wall(self) -> float:
        return time.time()

    def monotonic(self) -> float:
        return time.monotonic()


class SimulatedClock:
    """A clock that stands until it is told; replay and tests run on it."""

    def __init__(self, wall: float = 0.0) -> None:
        self._wall = wall
        self._monotonic = 0.0

    def wall(self) -> float:
        return self._wall

    def monotonic(self) -> float:
        return self._monotonic

    def advance(self, seconds: float) -> None:
        """Move both clocks forward."""
        self._wall += seconds
        self._monotonic += seconds


def cpu_s() -> float:
    """Seconds of CPU that this process has taken."""
    return time.process_time()


def rfc3339(wall: float | None) -> str | None:
    """Unix seconds as `2026-11-23T08:15:00.123Z`; None stays None."""
    if wall is None:
        return None
    return datetime.fromtimestamp(wall, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
