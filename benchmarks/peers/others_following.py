"""Trackers of others; run by the peers' Python.

    .build/peers/bin/python benchmarks/peers/others_following.py METHOD WALK.npz

WALK has `boxes` (pictures, people, 4) in display units, `scores` and `there` (pictures, people), and `aspect`. Prints
the milliseconds of a picture, and how often somebody's number changed.
"""

from __future__ import annotations

import json
import sys
import time

import norfair
import numpy as np
import supervision as sv
import trackers

RATE = 5
HEIGHT = 1080


def detections(boxes, scores):
    """As supervision has them."""
    return sv.Detections(boxes, confidence=scores, class_id=np.zeros(len(boxes), int))


def of_roboflow(kind):
    """One of its trackers; those not yet sure have the number -1."""
    tracker = kind(frame_rate=RATE)

    def step(boxes, scores):
        found = tracker.update(detections(boxes, scores))
        sure = found.tracker_id >= 0
        return found.tracker_id[sure], found.xyxy[sure]

    return step


def of_norfair():
    """By overlap, as its demos for boxes have it."""
    tracker = norfair.Tracker("iou", distance_threshold=0.7, hit_counter_max=2 * RATE, initialization_delay=1)

    def step(boxes, scores):
        found = tracker.update(
            [norfair.Detection(box.reshape(2, 2), np.full(2, score)) for box, score in zip(boxes, scores, strict=True)]
        )
        seen = [one for one in found if one.last_detection.age == one.age or one.hit_counter_is_positive]
        ids = np.array([one.id for one in seen], int)
        return ids, np.array([one.estimate.reshape(4) for one in seen]).reshape(-1, 4)

    return step


METHODS = {
    "Roboflow ByteTrack": lambda: of_roboflow(trackers.ByteTrackTracker),
    "Roboflow SORT": lambda: of_roboflow(trackers.SORTTracker),
    "Roboflow OC-SORT": lambda: of_roboflow(trackers.OCSORTTracker),
    "norfair": of_norfair,
}


def main() -> None:
    """Follow, and say what it took and whom it took for somebody else."""
    walk, step, spent = np.load(sys.argv[2]), METHODS[sys.argv[1]](), []
    numbers, switches = {}, 0
    for boxes, scores, there in zip(walk["boxes"], walk["scores"], walk["there"], strict=True):
        pixels = (boxes * HEIGHT).astype(np.float32)
        began = time.perf_counter()
        ids, found = step(pixels[there], scores[there])
        spent.append(time.perf_counter() - began)
        for who in np.flatnonzero(there):
            overlaps = iou(pixels[who], found)
            if len(overlaps) and overlaps.max() >= 0.5:
                number = int(ids[overlaps.argmax()])
                switches += numbers.get(who, number) != number
                numbers[who] = number
    print(json.dumps({"ms": 1000 * float(np.mean(spent[RATE:])), "switches": int(switches)}))


def iou(box, boxes):
    """Of one box with each of these."""
    low, high = np.maximum(box[:2], boxes[:, :2]), np.minimum(box[2:], boxes[:, 2:])
    common = np.clip(high - low, 0, None).prod(axis=1)
    return common / ((box[2:] - box[:2]).prod() + (boxes[:, 2:] - boxes[:, :2]).prod(axis=1) - common)


if __name__ == "__main__":
    main()
