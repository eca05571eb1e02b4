"""Pictures with labelled people, and how well boxes with scores agree with them.

A set is a flat tar of `NNNNN.jpg` and `NNNNN.txt` (YOLO rows `0 cx cy w h`, shares of the picture; no row: nobody).
"""

from __future__ import annotations

import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from math import inf
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.needs import missing
from pipeline.frame import Frame
from pipeline.perceive.person import PersonDetector
from pipeline.types import Boxes, Detections, Pixels

HIT = 0.5
"""IoU from which a box is on the person."""


@dataclass(frozen=True, slots=True)
class Labelled:
    """One picture and the boxes (n, 4) of its people, corners in pixels; None where nobody has labelled it."""

    bgr: Pixels
    people: Boxes | None

    @property
    def size(self) -> tuple[int, int]:
        return self.bgr.shape[1], self.bgr.shape[0]

    def frame(self) -> Frame:
        """As a camera's decoder gives it: luma, and colour at half the resolution."""
        luma, v, u = cv2.split(cv2.cvtColor(self.bgr, cv2.COLOR_BGR2YCrCb))
        half = -(-self.size[0] // 2), -(-self.size[1] // 2)
        u, v = (np.asarray(cv2.resize(plane, half, interpolation=cv2.INTER_AREA), np.uint8) for plane in (u, v))
        return Frame("picture", 0, 0.0, np.asarray(luma, np.uint8), (u, v), full_range=True)

    def found_by(self, detector: PersonDetector) -> Detections:
        """What a detector sees in the whole picture; corners in pixels, as the labels are."""
        (people,) = detector.detect([(self.frame(), (0, 0, *self.size))])
        return Detections(people.boxes * self.size[1], people.scores)


def read(path: Path) -> Iterator[Labelled]:
    """The pictures of a set, by name."""
    if not path.is_file():
        missing(f"the labelled pictures {path}")
    with tarfile.open(path) as tar:
        names = {member.name for member in tar.getmembers()}
        for name in sorted(name for name in names if name.endswith(".jpg")):
            bgr = cv2.imdecode(np.frombuffer(_content(tar, name), np.uint8), cv2.IMREAD_COLOR)
            assert bgr is not None
            label = name.removesuffix("jpg") + "txt"
            picture = np.asarray(bgr, np.uint8)
            yield Labelled(picture, _boxes(_content(tar, label), picture) if label in names else None)


def _content(tar: tarfile.TarFile, name: str) -> bytes:
    file = tar.extractfile(name)
    assert file is not None
    return file.read()


def _boxes(label: bytes, picture: Pixels) -> Boxes:
    rows = np.array(label.split(), np.float32).reshape(-1, 5)
    centre, half = rows[:, 1:3], rows[:, 3:5] / 2
    h, w = picture.shape[:2]
    return np.asarray(np.hstack([centre - half, centre + half]) * np.array([w, h, w, h], np.float32), np.float32)


@dataclass(frozen=True, slots=True)
class Agreement:
    """By falling score, over all pictures: `scores` (n,), `hits` (n,) of somebody not hit yet; `people` there are."""

    scores: NDArray[np.float32]
    hits: NDArray[np.bool_]
    people: int

    @property
    def average_precision(self) -> float:
        """The area under precision over recall, at every point (VOC 2010 and later)."""
        recall = np.cumsum(self.hits) / max(self.people, 1)
        precision = np.cumsum(self.hits) / np.arange(1, len(self.hits) + 1)
        best = np.maximum.accumulate(precision[::-1])[::-1]
        return float((np.diff(recall, prepend=0.0) * best).sum())

    def at(self, score: float) -> tuple[float, float]:
        """Precision and recall of the detections with at least this score."""
        hits = self.hits[self.scores >= score]
        return float(hits.mean()) if len(hits) else 1.0, float(hits.sum() / max(self.people, 1))


def agreement(
    pictures: list[Labelled], found: list[Detections], heights: tuple[float, float] = (0.0, inf), side: int = 320
) -> Agreement:
    """How `found` agrees with the labels, best score first; a person is hit once.

    Only people count whose height lies in `heights`, pixels of a picture whose longest side is `side`; detections that
    hit somebody else, or nobody and are of another height, do not count at all.
    """
    scores: list[float] = []
    hits: list[bool] = []
    people = 0
    for picture, detections in zip(pictures, found, strict=True):
        assert picture.people is not None
        zoom = side / max(picture.size)
        wanted = _within(picture.people, heights, zoom)
        people += int(wanted.sum())
        for score, hit in _judged(picture.people, wanted, detections, _within(detections.boxes, heights, zoom)):
            scores.append(score)
            hits.append(hit)
    order = np.argsort(-np.array(scores), kind="stable")
    return Agreement(np.array(scores, np.float32)[order], np.array(hits, np.bool_)[order], people)


def _judged(
    people: Boxes, wanted: NDArray[np.bool_], found: Detections, counts: NDArray[np.bool_]
) -> Iterator[tuple[float, bool]]:
    """Score, and whether it hits, of each detection that counts."""
    overlap = ious(found.boxes, people)
    free = wanted.copy()
    for row in np.argsort(-found.scores, kind="stable"):
        on = np.where(free, overlap[row], 0.0)
        if on.max(initial=0.0) >= HIT:
            free[on.argmax()] = False
            yield float(found.scores[row]), True
        elif counts[row] and np.where(wanted, 0.0, overlap[row]).max(initial=0.0) < HIT:
            yield float(found.scores[row]), False


def ious(boxes: Boxes, others: Boxes) -> NDArray[np.float32]:
    """Intersection over union (n, m) of boxes (n, 4) and others (m, 4)."""
    low = np.maximum(boxes[:, None, :2], others[None, :, :2])
    high = np.minimum(boxes[:, None, 2:], others[None, :, 2:])
    common = np.prod(np.maximum(high - low, 0), axis=2)
    areas, other_areas = (np.prod(b[:, 2:] - b[:, :2], axis=1) for b in (boxes, others))
    return np.asarray(common / np.maximum(areas[:, None] + other_areas[None] - common, 1e-9), np.float32)


def _within(boxes: Boxes, heights: tuple[float, float], zoom: float) -> NDArray[np.bool_]:
    tall = (boxes[:, 3] - boxes[:, 1]) * zoom
    return np.asarray((tall >= heights[0]) & (tall < heights[1]), np.bool_)
