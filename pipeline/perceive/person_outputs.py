"""What the graphs give, family by family, turned into boxes and scores of people.

Everything here is in pixels of the model's input, `(x1, y1, x2, y2)`, and for one picture; where the picture lay in
the input is `person.py`'s affair.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from math import exp, log
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from pipeline.catalogue import ModelEntry
from pipeline.errors import ModelError
from pipeline.types import Boxes, Detections, Scores

Arrays: TypeAlias = Mapping[str, NDArray[np.float32]]
"""Outputs by name, of one picture: without the batch axis."""

OVERLAP = 0.65
# Scores of exactly 0 or 1 have no logit.
_EPSILON = 1e-6


def decode(outputs: Arrays, entry: ModelEntry, floor: float) -> Detections:
    """People with a score of at least `floor`, best first, doubles removed. Raises `ModelError` on a foreign form.

    Scores are told as the entry's calibration has them, `floor` is one of those.
    """
    found = _FAMILIES[entry.family](outputs, entry, _uncalibrated(floor, entry))
    return Detections(found.boxes, calibrated(found.scores, entry))


def calibrated(scores: Scores, entry: ModelEntry) -> Scores:
    """What the graph's scores (n,) are worth: on a line in logits, so that their order stays."""
    slope, offset = entry.calibration
    if (slope, offset) == (1.0, 0.0):
        return scores
    inner = np.clip(scores, _EPSILON, 1 - _EPSILON)
    return np.asarray(1 / (1 + np.exp(-slope * np.log(inner / (1 - inner)) - offset)), np.float32)


def _uncalibrated(score: float, entry: ModelEntry) -> float:
    slope, offset = entry.calibration
    if (slope, offset) == (1.0, 0.0):
        return score
    return 1 / (1 + exp(-(log(score / (1 - score)) - offset) / slope))


def suppress(boxes: Boxes, scores: Scores, overlap: float = OVERLAP) -> Detections:
    """Best first; a box that shares more than `overlap` (IoU) with a better one is its double and goes."""
    order = np.argsort(-scores, kind="stable")
    kept: list[int] = []
    while order.size:
        best, order = order[0], order[1:]
        kept.append(int(best))
        order = order[iou(boxes[best], boxes[order]) <= overlap]
    return Detections(boxes[kept].reshape(-1, 4), scores[kept])


def iou(box: Boxes, others: Boxes) -> Scores:
    """Intersection over union of one box (4,) with each of `others` (n, 4)."""
    shared = intersection(box, others)
    union = area(box) + area(others) - shared
    return np.asarray(shared / np.maximum(union, 1e-9), np.float32)


def intersection(box: Boxes, others: Boxes) -> Scores:
    """Shared area of one box (4,) with each of `others` (n, 4), in square units."""
    low, high = np.maximum(box[:2], others[:, :2]), np.minimum(box[2:], others[:, 2:])
    return np.asarray(np.clip(high - low, 0, None).prod(axis=1), np.float32)


def area(boxes: Boxes) -> Scores:
    """Square units of one box (4,) or of each of many (n, 4)."""
    return np.asarray((boxes[..., 2] - boxes[..., 0]) * (boxes[..., 3] - boxes[..., 1]), np.float32)


def _yolox(outputs: Arrays, entry: ModelEntry, floor: float) -> Detections:
    """(cells, 5 + classes): centre, size, objectness, classes; offsets in a grid unless the entry says decoded."""
    rows = _only(outputs, entry)
    cells, strides = _grid(entry.width, entry.height, entry.strides)
    if rows.ndim != 2 or rows.shape[1] < 6 + entry.person_class or not (entry.decoded or len(rows) == len(cells)):
        raise _foreign(entry, f"({len(cells)}, 5 + classes)", rows)
    scores = rows[:, 4] * rows[:, 5 + entry.person_class]
    sure = scores >= floor
    centre, size = rows[sure, :2], rows[sure, 2:4]
    if not entry.decoded:
        centre, size = (centre + cells[sure]) * strides[sure], np.exp(size) * strides[sure]
    return suppress(_corners(centre, size), scores[sure])


def _yolo(outputs: Arrays, entry: ModelEntry, floor: float) -> Detections:
    """(4 + classes, cells): centre, size, classes. Or, with suppression in the graph, (n, 6): box, score, class."""
    rows = _only(outputs, entry)
    if rows.ndim == 2 and rows.shape[1] == 6:
        sure = (rows[:, 4] >= floor) & (rows[:, 5] == entry.person_class)
        return suppress(rows[sure, :4], rows[sure, 4])
    if rows.ndim != 2 or rows.shape[0] <= 4 + entry.person_class:
        raise _foreign(entry, "(4 + classes, cells) or (n, 6)", rows)
    scores = rows[4 + entry.person_class]
    sure = scores >= floor
    return suppress(_corners(rows[:2, sure].T, rows[2:4, sure].T), scores[sure])


def _detr(outputs: Arrays, entry: ModelEntry, floor: float) -> Detections:
    """`labels` (n,), `boxes` (n, 4), `scores` (n,): one query a person, so there are no doubles to remove."""
    try:
        labels, boxes, scores = outputs["labels"], outputs["boxes"], outputs["scores"]
    except KeyError as missing:
        raise ModelError(f"model {entry.name}: a detr model must have an output {missing}") from None
    sure = (labels == entry.person_class) & (scores >= floor)
    order = np.argsort(-scores[sure], kind="stable")
    return Detections(boxes[sure][order], scores[sure][order])


_FAMILIES: dict[str, Callable[[Arrays, ModelEntry, float], Detections]] = {
    "yolox": _yolox,
    "yolo": _yolo,
    "detr": _detr,
}


def _only(outputs: Arrays, entry: ModelEntry) -> NDArray[np.float32]:
    if len(outputs) != 1:
        raise ModelError(f"model {entry.name}: a {entry.family} model has one output, this one has {list(outputs)}")
    return next(iter(outputs.values()))


def _foreign(entry: ModelEntry, wanted: str, found: NDArray[np.float32]) -> ModelError:
    return ModelError(f"model {entry.name}: a {entry.family} model gives {wanted} a picture, this one {found.shape}")


@lru_cache(maxsize=8)
def _grid(width: int, height: int, strides: tuple[int, ...]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Column and row of every cell (n, 2), and its stride (n, 1), finest grid first, row by row."""
    cells = [np.indices((height // s, width // s))[::-1].reshape(2, -1).T for s in strides]
    sizes = [np.full((len(part), 1), s) for part, s in zip(cells, strides, strict=True)]
    return np.concatenate(cells).astype(np.float32), np.concatenate(sizes).astype(np.float32)


def _corners(centre: NDArray[np.float32], size: NDArray[np.float32]) -> Boxes:
    return np.concatenate([centre - size / 2, centre + size / 2], axis=1).astype(np.float32)
