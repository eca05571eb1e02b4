"""All that a camera's judge is given, as values that can be written down. Pure. Not here: how they are written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, TypeAlias

from pipeline.config import Camera, Detector
from pipeline.rules.incidents import Now, Origin
from pipeline.types import Boxes, Detections


@dataclass(frozen=True, slots=True)
class Began:
    """A camera is watched from now on; nobody is followed."""

    camera: Camera
    detector: Detector
    origin: Origin


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """One analysed picture: `people` is None when nobody looked; `looked` (n, 4) is where; None: at all of it.

    `aspect` is the picture's, width over height, `seq` its number since its connection began.
    """

    now: Now
    aspect: float
    people: Detections | None
    looked: Boxes | None = None
    seq: int = 0
    audited: bool = False


@dataclass(frozen=True, slots=True)
class Interrupted:
    """Nobody watches any longer, for that `reason`; `decided` is wall time."""

    reason: str
    decided: float | None


@dataclass(frozen=True, slots=True)
class Changed:
    """Other zones and rules, or another mode; `decided` is wall time."""

    camera: Camera
    origin: Origin
    decided: float | None


@dataclass(frozen=True, slots=True)
class Access:
    """Of doors' readers: `grants` as (door, Unix second), and up to when all are known."""

    grants: tuple[tuple[str, float], ...]
    known: float


Entry: TypeAlias = Began | Picture | Interrupted | Changed | Access


class Keeps(Protocol):
    """Who writes down what a judge is given."""

    def keep(self, entry: Entry) -> None: ...
