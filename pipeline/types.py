"""The values that travel between stages. Frozen; arrays inside; units and shapes said here once.

Boxes are `(x1, y1, x2, y2)` float32 in *display units*, origin top left: the picture is upright and of its true shape,
its height is 1 and its width its aspect, however the camera squeezes it. Points `(x, y)` are normalised, 0–1 each, as
zones are and what leaves the process (`Incident`). Times are seconds. *Media time* (from PTS, continuous over
reconnects) is the clock of all rules; *wall time* is Unix time, mapped from it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

Pixels: TypeAlias = NDArray[np.uint8]
Boxes: TypeAlias = NDArray[np.float32]
Scores: TypeAlias = NDArray[np.float32]
Point: TypeAlias = tuple[float, float]
Region: TypeAlias = tuple[int, int, int, int]
"""Whole pixels `x1, y1, x2, y2` of the decoder's luma plane: what is to be read of it."""


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One decoded picture. The planes are views of the decoder's buffers: read them, never write.

    `luma` is uint8 (h, w). `chroma` is the pair (U, V), subsampled as the codec has it, or None for grey video.
    `display_aspect` is width over height as the picture is meant to be seen; None: its pixels are square. `hidden` are
    polygons (normalised) that nobody is to see: every picture that is made of the planes has them black. `pts` is
    media time, `at` wall time (None in a replay whose start is not known) give or take `at_error`, and `received` the
    wall time at which the frame reached this machine.
    """

    camera: str
    seq: int
    pts: float
    luma: Pixels
    chroma: tuple[Pixels, Pixels] | None = None
    full_range: bool = False
    display_aspect: float | None = None
    hidden: tuple[tuple[Point, ...], ...] = ()
    at: float | None = None
    at_error: float | None = None
    received: float | None = None

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        return self.luma.shape[1], self.luma.shape[0]

    @property
    def aspect(self) -> float:
        """Width over height as it is meant to be seen: the width in display units."""
        w, h = self.size
        return self.display_aspect or w / h

    @property
    def true_size(self) -> tuple[int, int]:
        """Width and height in square pixels that show it in its true shape and lose nothing."""
        w, h = self.size
        return max(w, round(h * self.aspect)), max(h, round(w / self.aspect))

    def region(self, box: NDArray[np.floating[Any]] | tuple[float, float, float, float]) -> Region:
        """The pixels that hold this box (4,) of display units, as far as it lies in the picture; at least one."""
        w, h = self.size
        x1, y1, x2, y2 = np.asarray(box, np.float64) * (w / self.aspect, h, w / self.aspect, h)
        left, top = int(np.clip(x1 + _ROUNDING, 0, w - 1)), int(np.clip(y1 + _ROUNDING, 0, h - 1))
        right, bottom = (int(np.ceil(edge - _ROUNDING)) for edge in (x2, y2))
        return left, top, int(np.clip(right, left + 1, w)), int(np.clip(bottom, top + 1, h))

    def box(self, region: Region) -> Boxes:
        """A region's box (4,) in display units."""
        (w, h), (x1, y1, x2, y2) = self.size, region
        wide, tall = self.aspect / w, 1 / h
        return np.array([x1 * wide, y1 * tall, x2 * wide, y2 * tall], np.float32)

    def rgb(self, region: Region | None = None, size: tuple[int, int] | None = None) -> Pixels:
        """The asked region as RGB uint8 (h, w, 3), scaled to `size` (w, h) first: colour costs what is asked for.

        Scaling the planes before the colour conversion touches the fewest bytes.
        """
        w, h = self.size
        x1, y1, x2, y2 = region or (0, 0, w, h)
        size = size or (x2 - x1, y2 - y1)
        luma = _scaled(self.luma[y1:y2, x1:x2], size)
        if self.chroma is None:
            return self._blackened(np.asarray(cv2.cvtColor(luma, cv2.COLOR_GRAY2RGB), np.uint8), (x1, y1, x2, y2))
        u, v = (_scaled(_part(plane, (w, h), (x1, y1, x2, y2)), size) for plane in self.chroma)
        if not self.full_range:
            luma, u, v = (
                np.asarray(cv2.LUT(plane, levels), np.uint8)
                for plane, levels in ((luma, _EXPAND_LUMA), (u, _EXPAND_CHROMA), (v, _EXPAND_CHROMA))
            )
        # Not OpenCV's "YUV", which scales U and V as analogue television did.
        rgb = np.asarray(cv2.cvtColor(cv2.merge((luma, v, u)), cv2.COLOR_YCrCb2RGB), np.uint8)
        return self._blackened(rgb, (x1, y1, x2, y2))

    def _blackened(self, rgb: Pixels, region: Region) -> Pixels:
        """What is hidden is painted over in the picture of `region`, pixels on the border too."""
        (w, h), (x1, y1, x2, y2) = self.size, region
        zoom = np.array([rgb.shape[1] / (x2 - x1), rgb.shape[0] / (y2 - y1)])
        for polygon in self.hidden:
            corners = np.rint((np.array(polygon) * (w, h) - (x1, y1)) * zoom).astype(np.int32)
            cv2.fillPoly(rgb, [corners], (0, 0, 0))
        return rgb


# Pixels: an edge that falls on a border of pixels but for the last digits of a float is on it.
_ROUNDING = 1e-3

# Studio range (16–235, 16–240) to full range, as ITU-R BT.601 has it.
_LEVELS = np.arange(256, dtype=np.float32)
_EXPAND_LUMA = np.clip(np.rint((_LEVELS - 16) * 255 / 219), 0, 255).astype(np.uint8)
_EXPAND_CHROMA = np.clip(np.rint((_LEVELS - 128) * 255 / 224 + 128), 0, 255).astype(np.uint8)


def _part(plane: Pixels, full: tuple[int, int], region: Region) -> Pixels:
    """The part of a subsampled plane that lies under `region` of the full picture."""
    sx, sy = plane.shape[1] / full[0], plane.shape[0] / full[1]
    x1, y1 = int(region[0] * sx), int(region[1] * sy)
    return plane[y1 : max(y1 + 1, round(region[3] * sy)), x1 : max(x1 + 1, round(region[2] * sx))]


def _scaled(plane: Pixels, size: tuple[int, int]) -> Pixels:
    """Halved by averaging as often as it goes (else people shimmer), the rest linearly.

    Averaging at odd ratios would be as good, and costs ten times as much.
    """
    wide, tall = size
    while plane.shape[1] >= 2 * wide or plane.shape[0] >= 2 * tall:
        h, w = plane.shape
        half = (w // 2 if w >= 2 * wide else w, h // 2 if h >= 2 * tall else h)
        plane = np.asarray(cv2.resize(plane, half, interpolation=cv2.INTER_AREA), np.uint8)
    if (plane.shape[1], plane.shape[0]) == size:
        return plane
    return np.asarray(cv2.resize(plane, size, interpolation=cv2.INTER_LINEAR), np.uint8)


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
    """One instant: `media` seconds; `wall` Unix seconds (None when not known), give or take `uncertainty` seconds."""

    media: float
    wall: float | None = None
    uncertainty: float | None = None


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
    `evidence` is None while its pictures are being saved.
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


class CameraState(StrEnum):
    """Where a camera is in its life; `bad_config` cameras are never opened, `overloaded` ones watched less often."""

    OPENING = "opening"
    WATCHING = "watching"
    OVERLOADED = "overloaded"
    WAITING = "waiting"
    STALLED = "stalled"
    ENDED = "ended"
    BAD_CONFIG = "bad_config"
    STOPPED = "stopped"

    @property
    def sees(self) -> bool:
        """Whether its pictures come, and are analysed."""
        return self in (CameraState.WATCHING, CameraState.OVERLOADED)


@dataclass(frozen=True, slots=True)
class CameraReport:
    """How one camera is doing; sent once a second, it is also the worker's heartbeat.

    Rates are frames a second over the last few seconds; `lag_s` is how late the newest frame came, against the
    fastest of this connection; `dropped` counts wanted frames that nobody analysed because there was no time for them.
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
