"""What goes into a trigger, a sighting, and what comes out of it, a fact. Times in media seconds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol

from pipeline.types import Point

LONGEST_STEP_S = 2.0
"""Two sightings further apart than this say nothing of the way between them."""
OUT_OF_SIGHT_S = 5.0
"""Who is hidden for no longer than this has not left, and went from where they were seen last to where they are now."""


@dataclass(frozen=True, slots=True)
class Sighting:
    """One track, seen once: `anchor` and `height` normalised; `aspect` is the picture's width over its height."""

    at: float
    anchor: Point
    height: float
    aspect: float
    born_at: float
    at_border: bool


class Happening(StrEnum):
    """What a fact does to an incident; a crossing is over when it is told."""

    OPENED = "opened"
    CLOSED = "closed"
    MOMENT = "moment"


@dataclass(frozen=True, slots=True)
class Fact:
    """Something a rule has to say; `at` is when it happened, not when it was understood."""

    what: Happening
    at: float
    entered: float | None = None
    left: float | None = None
    direction: str | None = None
    why: Mapping[str, Any] = field(default_factory=dict)


class Trigger(Protocol):
    """One rule watching one track."""

    def seen(self, sighting: Sighting) -> list[Fact]: ...

    def unseen(self, now: float) -> list[Fact]: ...

    def gone(self, now: float) -> list[Fact]: ...

    def finish(self) -> list[Fact]: ...

    @property
    def idle(self) -> bool: ...

    @property
    def there_at(self) -> float:
        """When its track was last seen where an incident that is open lasts; long ago, if that cannot be."""
        ...
