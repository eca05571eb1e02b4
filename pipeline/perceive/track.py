"""Detections to steady ids, per camera, by two-stage association (ByteTrack, Zhang et al. 2022). Ages in media seconds.

Sure detections are paired first, doubtful ones then keep a track alive but never begin one. A track is confirmed by a
second sure sighting, and dropped when looked for in vain for `lost_s`. Not here: what a track means (`rules`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.perceive.assign import assign
from pipeline.perceive.kalman import Kalman
from pipeline.types import Boxes, Detections, Tracks

_PairList = list[tuple[int, int]]

# A detection that overlaps so much with someone already seen is that someone; so is a slice of them, as tall as they.
_SAME = 0.6
_SLICE = 0.75
_AS_TALL = 0.7
# Nobody is looked for farther from where they should be than so many of their heights: who comes is not who has gone.
_FARTHEST = 0.3


@dataclass(frozen=True, slots=True)
class TrackerSettings:
    """`sure` and `doubtful` are detection scores (0–1); the rest are seconds."""

    sure: float = 0.5
    doubtful: float = 0.2
    confirm_s: float = 0.15
    tentative_s: float = 0.8
    lost_s: float = 2.0


class Tracker:
    """`update` after each analysed picture of one camera; ids count from 1 and are never used again."""

    def __init__(self, settings: TrackerSettings) -> None:
        self._settings = settings
        self._filters = Kalman()
        self._at: float | None = None
        self._next_id = 1
        self._ids: NDArray[np.int64] = np.zeros(0, np.int64)
        self._boxes: Boxes = np.zeros((0, 4), np.float32)
        self._born: Boxes = np.zeros((0, 4), np.float32)
        self._scores: NDArray[np.float32] = np.zeros(0, np.float32)
        self._seen_at = self._born_at = np.zeros(0)
        self._missed_s = np.zeros(0)
        self._confirmed = np.zeros(0, np.bool_)

    def anew(self) -> Tracker:
        """A tracker that follows nobody yet, and counts on where this one stopped."""
        tracker = Tracker(self._settings)
        tracker._next_id = self._next_id
        return tracker

    def expected(self) -> Boxes:
        """Where everybody followed, sure or not, was last believed to be, corners (n, 4)."""
        return self._filters.boxes()

    def update(self, people: Detections | None, at: float, size: tuple[int, int]) -> Tracks:
        """`people` is None when nobody looked: tracks coast. Empty: looked for in vain, and in time they end."""
        elapsed = 0.0 if self._at is None else max(0.0, at - self._at)
        self._at = at
        self._filters.predict(elapsed)
        if people is not None:
            self._look(people, at, elapsed)
        return self._tracks(at, size)

    def _look(self, people: Detections, at: float, elapsed: float) -> None:
        settings = self._settings
        sure = np.flatnonzero(people.scores >= settings.sure)
        doubtful = np.flatnonzero((people.scores >= settings.doubtful) & (people.scores < settings.sure))
        missing = np.arange(len(self._ids))
        for these, reach, limit in ((sure, 1.0, 0.9), (doubtful, 0.3, 0.7)):
            pairs = self._pairs(missing, people.boxes[these], reach, limit)
            rows = np.array([missing[row] for row, _ in pairs], np.intp)
            taken = these[[column for _, column in pairs]] if pairs else these[:0]
            self._seen(rows, people, taken, at, confirms=these is sure)
            missing = np.setdiff1d(missing, rows)
            if these is sure:
                unclaimed = np.setdiff1d(sure, taken)
        self._missed(missing, elapsed)
        self._begin(people, unclaimed, at)

    def _pairs(self, rows: NDArray[np.intp], boxes: Boxes, reach: float, limit: float) -> _PairList:
        """Pair by overlap of boxes, grown by `reach` times what the filter is unsure of (C-BIoU: Yang et al. 2023).

        At five pictures a second a runner's boxes do not overlap, and at two not even those of who sets off or stops
        and the place where they were expected; grown ones do.
        """
        known, seen = self._filters.boxes()[rows], self._boxes[rows]
        unsure = np.minimum(self._filters.unsure()[rows], _FARTHEST * (known[:, 3:] - known[:, 1:2]))
        grow = 0.1 * (seen[:, 2:] - seen[:, :2]) + reach * unsure
        return assign(1 - _overlap(known, boxes, grow), limit)

    def _seen(
        self, rows: NDArray[np.intp], people: Detections, which: NDArray[np.intp], at: float, confirms: bool
    ) -> None:
        self._filters.correct(rows, people.boxes[which])
        self._boxes[rows] = people.boxes[which]
        self._scores[rows] = people.scores[which]
        self._seen_at[rows] = at
        self._missed_s[rows] = 0
        if confirms:
            self._confirmed[rows] |= at - self._born_at[rows] >= self._settings.confirm_s

    def _missed(self, rows: NDArray[np.intp], elapsed: float) -> None:
        """Only time in which somebody looked counts against a track."""
        vain = np.zeros(len(self._ids), np.bool_)
        vain[rows] = True
        self._missed_s[vain] += elapsed
        self._filters.halt(vain)
        limit = np.where(self._confirmed, self._settings.lost_s, self._settings.tentative_s)
        self._keep(self._missed_s <= limit)

    def _keep(self, rows: NDArray[np.bool_]) -> None:
        self._filters.keep(rows)
        self._boxes, self._born = self._boxes[rows], self._born[rows]
        self._ids, self._scores, self._confirmed = self._ids[rows], self._scores[rows], self._confirmed[rows]
        self._seen_at, self._born_at, self._missed_s = self._seen_at[rows], self._born_at[rows], self._missed_s[rows]

    def _begin(self, people: Detections, which: NDArray[np.intp], at: float) -> None:
        """A sure detection that nobody claims is someone new, unless it is a second box on someone just seen."""
        which = _singles(people, which, self._boxes[self._seen_at >= at])
        count = len(which)
        self._filters.add(people.boxes[which])
        self._boxes = np.vstack([self._boxes, people.boxes[which]])
        self._born = np.vstack([self._born, people.boxes[which]])
        self._ids = np.append(self._ids, np.arange(self._next_id, self._next_id + count))
        self._next_id += count
        self._scores = np.append(self._scores, people.scores[which])
        self._seen_at = np.append(self._seen_at, np.full(count, at))
        self._born_at = np.append(self._born_at, np.full(count, at))
        self._missed_s = np.append(self._missed_s, np.zeros(count))
        self._confirmed = np.append(self._confirmed, np.zeros(count, np.bool_))

    def _tracks(self, at: float, size: tuple[int, int]) -> Tracks:
        """Who was seen is where the detector saw them; a filtered box lags when someone walks in from the edge."""
        sure = self._confirmed
        seen = (self._seen_at >= at)[:, None]
        boxes = np.where(seen, self._boxes, self._filters.boxes())[sure]
        seen_at, born_at = self._seen_at[sure], self._born_at[sure]
        return Tracks(at, size, self._ids[sure], boxes, self._scores[sure], seen_at, born_at, self._born[sure])


def _singles(people: Detections, which: NDArray[np.intp], known: Boxes) -> NDArray[np.intp]:
    """Those of `which` (n,) that are no second boxes on somebody of `known` (m, 4) or on a surer one of themselves."""
    kept: list[int] = []
    for one in which[np.argsort(-people.scores[which], kind="stable")]:
        if not _doubles(people.boxes[one : one + 1], np.vstack([known, people.boxes[kept]])).any():
            kept.append(int(one))
    return np.array(sorted(kept), np.intp)


def _doubles(new: Boxes, known: Boxes) -> NDArray[np.bool_]:
    """Which of `new` (n, 4) are second boxes on somebody of `known` (m, 4): much the same, or a slice as tall."""
    common = _common(new, known)
    areas, others = _areas(new)[:, None], _areas(known)[None]
    tall, taller = (new[:, 3] - new[:, 1])[:, None], (known[:, 3] - known[:, 1])[None]
    alike = np.minimum(tall, taller) > _AS_TALL * np.maximum(tall, taller)
    same = common > _SAME * (areas + others - common)
    slices = alike & (common > _SLICE * np.minimum(areas, others))
    return np.asarray((same | slices).any(axis=1))


def _overlap(a: Boxes, b: Boxes, grow: NDArray[np.float64]) -> NDArray[np.float64]:
    """Intersection over union (n, m) of `a` (n, 4) and `b` (m, 4), each side moved out by `grow` (n, 2), pixels."""
    out = np.zeros((len(a), len(b)))
    for i, extent in enumerate(grow.astype(np.float32)):
        p, q = _grown(a[i : i + 1], extent), _grown(b, extent)
        common = _common(p, q)
        out[i] = (common / np.maximum(_areas(p) + _areas(q) - common, 1e-9))[0]
    return out


def _common(a: Boxes, b: Boxes) -> NDArray[np.float64]:
    """Areas (n, m) of the intersections."""
    side = np.minimum(a[:, None, 2:], b[None, :, 2:]) - np.maximum(a[:, None, :2], b[None, :, :2])
    return np.asarray(np.prod(np.maximum(side, 0), axis=2), np.float64)


def _areas(boxes: Boxes) -> NDArray[np.float64]:
    return np.asarray(np.prod(boxes[:, 2:] - boxes[:, :2], axis=1), np.float64)


def _grown(boxes: Boxes, extent: NDArray[np.float32]) -> Boxes:
    return np.hstack([boxes[:, :2] - extent, boxes[:, 2:] + extent])
