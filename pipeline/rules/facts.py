"""What goes into a trigger, a sighting, and what comes out of it, a fact. Times in media seconds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, Protocol

from pipeline.config import Anchor
from pipeline.types import Point

LONGEST_STEP_S = 2.0
"""Two sightings further apart than this say nothing of the way between them."""
OUT_OF_SIGHT_S = 5.0
"""Who is hidden for no longer than this has not left, and went from where they were seen last to where they are now."""


_ANCHORS: dict[Anchor, tuple[float, float]] = {
    "bottom": (0.0, 0.0),
    "centre": (0.0, 0.5),
    "top": (0.0, 1.0),
    "left": (-0.5, 0.5),
    "right": (0.5, 0.5),
    "bottom_left": (-0.5, 0.0),
    "bottom_right": (0.5, 0.0),
    "top_left": (-0.5, 1.0),
    "top_right": (0.5, 1.0),
    "overlap": (0.0, 0.0),
}
"""From the bottom centre of a box: so many widths to the right, so many heights up."""


@dataclass(frozen=True, slots=True)
class Sighting:
    """One track, seen once. `anchor`, `height` and `width` normalised; `aspect` is the picture's width over its height.

    As it is made the anchor is the bottom centre of the box; see `anchored`.
    """

    at: float
    anchor: Point
    height: float
    aspect: float
    born_at: float
    at_border: bool
    width: float = 0.0

    def anchored(self, where: Anchor) -> Sighting:
        """With another point of the box for its anchor."""
        if where in ("bottom", "overlap"):
            return self
        (x, y), (across, up) = self.anchor, _ANCHORS[where]
        return replace(self, anchor=(x + across * self.width, y - up * self.height))


class Happening(StrEnum):
    """What a fact does to an incident; a crossing is over when it is told."""

    OPENED = "opened"
    CLOSED = "closed"
    MOMENT = "moment"


@dataclass(frozen=True, slots=True)
class Fact:
    """Something a rule has to say; `at` is when it happened, not when it was understood.

    `zone` is where, of a rule about several.
    """

    what: Happening
    at: float
    entered: float | None = None
    left: float | None = None
    direction: str | None = None
    why: Mapping[str, Any] = field(default_factory=dict)
    zone: str | None = None


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
