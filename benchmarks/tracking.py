"""What does following people cost? `python -m benchmarks.tracking` prints milliseconds a picture.

People who walk to and fro over a picture of 1920 × 1080, side by side and before each other, found as well as a
detector finds them: boxes tremble by a few per cent, one in ten is doubtful, one in twenty missing. Timed are their
looks (`describe`) and the tracker's update, the two that a lane runs for every analysed picture.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator

import numpy as np

from pipeline.frame import Frame
from pipeline.perceive.appearance import describe
from pipeline.perceive.track import Tracker
from pipeline.perceive.track_settings import TrackerSettings
from pipeline.types import Detections, Pixels

_RATE = 5.0
_SIZE = (1080, 1920)
_ASPECT = _SIZE[1] / _SIZE[0]


def main() -> None:
    """Measure each number of people, alternating, and print the median of the rounds and their spread."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, nargs="+", default=[1, 5, 20, 40])
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--smoke", action="store_true", help="one short round")
    args = parser.parse_args()
    pictures, rounds = (20, 1) if args.smoke else (300, args.rounds)
    measured = [{count: _round(count, pictures) for count in args.people} for _ in range(rounds)]
    print("| people | looks, ms | tracker, ms | together, ms, median (least to most) |")
    print("|---:|---:|---:|---:|")
    for count in args.people:
        looks, tracker = np.array([one[count] for one in measured]).T
        both = looks + tracker
        spread = f"{np.median(both):.3f} ({both.min():.3f}–{both.max():.3f})"
        print(f"| {count} | {np.median(looks):.3f} | {np.median(tracker):.3f} | {spread} |")


def _round(count: int, pictures: int) -> tuple[float, float]:
    """Milliseconds a picture for looks and for the tracker."""
    tracker, spent = Tracker(TrackerSettings()), np.zeros(2)
    planes = _planes()
    for number, people in enumerate(_seen(count, pictures)):
        frame = Frame("hall", number, number / _RATE, planes[0], (planes[1], planes[2]))
        began = time.process_time()
        looks = describe(frame, people.boxes)
        described = time.process_time()
        tracker.update(Detections(people.boxes, people.scores, looks=looks), number / _RATE, _ASPECT)
        spent += described - began, time.process_time() - described
    looks_ms, tracker_ms = 1000 * spent / pictures
    return float(looks_ms), float(tracker_ms)


def _seen(count: int, pictures: int) -> Iterator[Detections]:
    random = np.random.default_rng(count)
    start, way = np.arange(count) * _ASPECT / count, random.uniform(0, 2 * np.pi, count)
    feet, tall = random.uniform(0.4, 0.98, count), random.uniform(0.12, 0.3, count)
    for number in range(pictures):
        x = (start + 0.3 * np.sin(way + number / _RATE / 4)) % _ASPECT
        boxes = np.stack([x - 0.2 * tall, feet - tall, x + 0.2 * tall, feet], axis=1)
        boxes += random.normal(0, 0.02, boxes.shape) * tall[:, None]
        scores = np.where(random.random(count) < 0.1, 0.35, 0.8)
        there = random.random(count) >= 0.05
        yield Detections(boxes[there].astype(np.float32), scores[there].astype(np.float32))


def _planes() -> list[Pixels]:
    random, (h, w) = np.random.default_rng(1), _SIZE
    return [random.integers(16, 235, shape, np.uint8) for shape in ((h, w), (h // 2, w // 2), (h // 2, w // 2))]


if __name__ == "__main__":
    main()
