"""The values that travel between stages. Frozen; arrays inside; units and shapes said here once.

Boxes are `(x1, y1, x2, y2)` float32 in *display units*, origin top left: the picture is upright and of its true shape,
its height is 1 and its width its aspect, however the camera squeezes it. Points `(x, y)` are normalised, 0–1 each, as
zones are and what leaves the process (`Incident`). Times are seconds. *Media time* (from PTS, continuous over
reconnects) is the clock of all rules; *wall time* is Unix time, mapped from it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

Pixels: TypeAlias = NDArray[np.uint8]
Boxes: TypeAlias = NDArray[np.float32]
Scores: TypeAlias = NDArray[np.float32]
WallFrom: TypeAlias = Literal["arrival", "name", "container", "argument"]
"""Who tells wall time: when a picture came, a recording's name, its container, or who had it played."""
Point: TypeAlias = tuple[float, float]
Unsaid: TypeAlias = Literal["shadow", "folded"]
"""Why nobody hears of an incident."""
Region: TypeAlias = tuple[int, int, int, int]
"""Whole pixels `x1, y1, x2, y2` of the decoder's luma plane: what is to be read of it."""


@dataclass(frozen=True, slots=True, eq=False)
class Motion:
    """What differs from the background: `boxes` (n, 4), and the `changed` share of the picture, 0–1.

    `stirring` (n,), where told, says which of the boxes have changed since the frame before: the others stand there.
    """

    boxes: Boxes
    changed: float
    stirring: NDArray[np.bool_] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Detections:
    """People found in one picture: `boxes` (n, 4), `scores` (n,).

    `cut` (n,), where told, marks those of whom the edge of a look showed a part only; `looks` (n, k), where told, says
    what they look like (`perceive/appearance.py`). `None` in its place means that nobody looked; an empty one means
    that somebody looked and saw no one.
    """

    boxes: Boxes
    scores: Scores
    cut: NDArray[np.bool_] | None = None
    looks: NDArray[np.float32] | None = None

    def __len__(self) -> int:
        return len(self.scores)

    def only(self, rows: NDArray[np.bool_]) -> Detections:
        """Those where `rows` (n,) is True."""
        cut = None if self.cut is None else self.cut[rows]
        looks = None if self.looks is None else self.looks[rows]
        return Detections(self.boxes[rows], self.scores[rows], cut, looks)

    @classmethod
    def empty(cls) -> Detections:
        return cls(np.zeros((0, 4), np.float32), np.zeros(0, np.float32))


@dataclass(frozen=True, slots=True, eq=False)
class Followed:
    """Everybody followed: `boxes` (n, 4) where they are believed to be; `settled` (n,): known, just seen, standing."""

    boxes: Boxes
    settled: NDArray[np.bool_]

    @classmethod
    def nobody(cls) -> Followed:
        return cls(np.zeros((0, 4), np.float32), np.zeros(0, np.bool_))


@dataclass(frozen=True, slots=True, eq=False)
class Tracks:
    """The confirmed tracks of one camera at one time.

    `aspect` is the picture's, width over height. `ids` int64 (n,); `boxes` (n, 4), *unclipped*: they may reach beyond
    the picture; `scores` (n,) of the last sighting; `seen_at` (n,) media seconds of the last sighting, equal to `at`
    where the track was seen this time; `born_at` (n,) of the first, and `born` (n, 4) its box: a track is told once it
    is sure, and began before that.
    """

    at: float
    aspect: float
    ids: NDArray[np.int64]
    boxes: Boxes
    scores: Scores
    seen_at: NDArray[np.float64]
    born_at: NDArray[np.float64]
    born: Boxes

    def __len__(self) -> int:
        return len(self.ids)

    def feet(self) -> NDArray[np.float64]:
        """Bottom centre of each box, normalised (n, 2)."""
        x = (self.boxes[:, 0] + self.boxes[:, 2]) / (2 * self.aspect)
        return np.stack([x, self.boxes[:, 3]], axis=1).astype(np.float64)


class IncidentState(StrEnum):
    """The three messages of an incident's life."""

    OPENED = "opened"
    UPDATED = "updated"
    CLOSED = "closed"


class Severity(StrEnum):
    """How bad; ordered low to critical."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"


@dataclass(frozen=True, slots=True)
class Moment:
    """One instant: `media` seconds; `wall` Unix seconds (None when not known), give or take `uncertainty` seconds.

    `wall_from` says who tells the wall time; without an uncertainty, nobody knows how right it is.
    """

    media: float
    wall: float | None = None
    uncertainty: float | None = None
    wall_from: WallFrom | None = None


@dataclass(frozen=True, slots=True)
class Mode:
    """What the site is in: `name`, from `since` up to `until` (Unix seconds; None: until another one is set).

    `by` whom it was set, and `why`; `before` is the one that it replaced.
    """

    name: str = "normal"
    since: float = 0.0
    until: float | None = None
    by: str = ""
    why: str = ""
    before: Mode | None = None

    def at(self, wall: float) -> Mode:
        """The one that holds at that Unix second."""
        if wall < self.since:
            return self.before.at(wall) if self.before is not None else Mode()
        if self.until is not None and wall >= self.until:
            return Mode(since=self.until, by="zonewatch", why=f"{self.name} was set until then", before=self)
        return self


@dataclass(frozen=True, slots=True)
class Evidence:
    """A file that shows the incident: `uri` relative to the alerts folder, `sha256` of its bytes."""

    kind: str
    uri: str
    sha256: str
    media_type: str = "image/jpeg"


@dataclass(frozen=True, slots=True)
class Incident:
    """One revision of one incident; coordinates normalised, 0–1.

    `id` is computed from the fact (site, camera, rule, track episode, media time), so that the same fact has the same
    id whenever it is told. `at` is the moment of the fact that this revision tells of; `entered` and `left` are those
    of the zone; `path` is `(media seconds, x, y)` of the anchor; `why` says what made the rule decide.
    `evidence` is None while its pictures are being saved. `mode` is that of the site; only the `audience` is to be
    paged, None: everybody. What is `unsaid` is counted, and told nobody: its rule is in shadow, or it was folded.
    `group` is the id of the first of those that belong together (`group_s`).
    """

    id: str
    revision: int
    state: IncidentState
    camera: str
    rule: str
    trigger: str
    zone: str | None
    line: str | None
    direction: str | None
    severity: Severity
    track: int
    at: Moment
    entered: Moment | None
    left: Moment | None
    dwell_s: float | None
    box: tuple[float, float, float, float]
    anchor: Point
    path: tuple[tuple[float, float, float], ...]
    score: float
    why: dict[str, Any] = field(default_factory=dict)
    frame_size: tuple[int, int] = (0, 0)
    received: float | None = None
    decided: float | None = None
    model: dict[str, str] = field(default_factory=dict)
    config_hash: str = ""
    evidence: tuple[Evidence, ...] | None = ()
    mode: str = "normal"
    audience: tuple[str, ...] | None = None
    unsaid: Unsaid | None = None
    group: str | None = None


class CameraState(StrEnum):
    """Where a camera is in its life; `bad_config` cameras are never opened, `overloaded` ones watched less often.

    `watching (key frames)` is one that rests: nothing moves, and nothing but its key frames is decoded.
    """

    OPENING = "opening"
    WATCHING = "watching"
    RESTING = "watching (key frames)"
    OVERLOADED = "overloaded"
    WAITING = "waiting"
    STALLED = "stalled"
    ENDED = "ended"
    BAD_CONFIG = "bad_config"
    STOPPED = "stopped"

    @property
    def sees(self) -> bool:
        """Whether its pictures come, and are analysed."""
        return self in (CameraState.WATCHING, CameraState.RESTING, CameraState.OVERLOADED)


@dataclass(frozen=True, slots=True)
class CameraReport:
    """How one camera is doing; sent once a second, it is also the worker's heartbeat.

    Rates are frames a second over the last few seconds; `lag_s` is how late the newest frame came, against the
    fastest of this connection; `dropped` counts wanted frames that nobody analysed because there was no time for them.
    `armed` are its rules that raise alerts now. `wakeful` is why a camera does not rest, and `packets` why the
    sizes of its packets do not tell that nothing moves (empty: they do). `audited` counts parts that were passed
    over and analysed all the same, `audit_missed` those of them in which somebody was.
    """

    camera: str
    state: CameraState
    since: float
    source: str = ""
    fps_in: float = 0.0
    fps_analysed: float = 0.0
    decoded: int = 0
    analysed: int = 0
    dropped: int = 0
    corrupt: int = 0
    connections: int = 0
    lag_s: float = 0.0
    last_frame_at: float | None = None
    size: tuple[int, int] | None = None
    codec: str | None = None
    open_incidents: int = 0
    journal_waiting: int = 0
    error: str | None = None
    error_kind: str | None = None
    wakeful: str | None = None
    packets: str | None = None
    audited: int = 0
    audit_missed: int = 0
    armed: tuple[str, ...] = ()
