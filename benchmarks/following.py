"""What does following people cost, and who is taken for somebody else? Ours beside other trackers, on the same boxes.

    python -m benchmarks.following [--rounds 7] [--smoke] [--write]

5, 20 and 100 people who walk, meet and stand (`walkers`), two minutes at five pictures a second. Ours without looks, as
the peers have none; with looks (what somebody wears, here different for everybody) in a row of its own. Peers:
Roboflow's trackers (where supervision's ByteTrack has gone) and norfair, told that there are five pictures a second. A
switch is a person whose number is another one than when they were seen last.
"""

from __future__ import annotations

import json
import tempfile
import time
from itertools import pairwise
from pathlib import Path

import numpy as np

from benchmarks.pairs import ROUNDS, Row, alternate, asked, fresh, row, tell
from benchmarks.peers import apart
from benchmarks.walkers import ASPECT, RATE, Walk, walk
from pipeline.perceive.appearance import SIZE, STARTS
from pipeline.perceive.track import Tracker
from pipeline.perceive.track_settings import TrackerSettings
from pipeline.types import Detections

PEOPLE = (5, 20, 100)
PEERS = ("Roboflow ByteTrack", "Roboflow SORT", "Roboflow OC-SORT", "norfair")
_GOAL = 10.0
_PICTURES = 600


def main() -> None:
    """Measure and print, or with `--one` be the measured process."""
    given = asked(__doc__, ("HOW", "COUNT", "PICTURES"), smoke="one short round with 20", rounds=ROUNDS)
    if given.one:
        print(json.dumps(_measured(given.one[0], int(given.one[1]), int(given.one[2]))))
        return
    counts, rounds, pictures = ((20,), 1, 100) if given.smoke else (PEOPLE, given.rounds, _PICTURES)
    with tempfile.TemporaryDirectory(prefix="zonewatch-bench-") as folder:
        rows = [one for n in counts for one in _rows(n, rounds, pictures, Path(folder))]
    tell("following", rows, given)


def _rows(count: int, rounds: int, pictures: int, folder: Path) -> list[Row]:
    told, path = walk(count, pictures), folder / f"{count}.npz"
    np.savez(path, **told._asdict(), aspect=ASPECT)

    def once(method: str) -> dict[str, float]:
        if method.startswith("ours"):
            return fresh("benchmarks.following", method, str(count), str(pictures))
        return apart("others_following.py", method, str(path))

    found = alternate(["ours", "ours, with looks", *PEERS], rounds, once)
    switches = {method: runs[0].get("switches") for method, runs in found.items()}
    return [
        row(
            f"following {count} people{how.removeprefix('ours')}",
            peer,
            _GOAL,
            found[peer],
            found[how],
            {"switches, ours": switches[how], "switches": switches[peer]},
        )
        for how in ("ours", "ours, with looks")
        for peer in PEERS
    ]


def _measured(how: str, count: int, pictures: int) -> dict[str, float]:
    """Milliseconds of a picture, the first second left out, as of the peers; and switches."""
    told, tracker, looks = walk(count, pictures), Tracker(TrackerSettings()), _looks(count)
    spent, found = 0.0, []
    for n in range(pictures):
        there = told.there[n]
        own = looks[there] if how == "ours, with looks" else None
        people = Detections(told.boxes[n][there], told.scores[n][there], looks=own)
        began = time.perf_counter()
        tracks = tracker.update(people, n / RATE, ASPECT)
        spent += (time.perf_counter() - began) * (n >= RATE)
        seen = tracks.seen_at >= tracks.at
        found.append((tracks.ids[seen], tracks.boxes[seen]))
    return {"ms": 1000 * spent / (pictures - RATE), "switches": switches(told, found)}


def _looks(count: int) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    """Roots of histograms (people, SIZE), of everybody's own clothes."""
    chance = np.random.default_rng(3)
    levels = chance.random((count, SIZE)) ** 4
    for start, end in pairwise(STARTS):
        levels[:, start:end] /= levels[:, start:end].sum(axis=1, keepdims=True)
    return np.sqrt(levels).astype(np.float32)


def switches(told: Walk, found: list[tuple[np.ndarray, np.ndarray]]) -> int:  # type: ignore[type-arg]
    """How often somebody's number changes: theirs is that of the box nearest to them that covers half of them."""
    numbers, count = dict[int, int](), 0
    for there, truth, (ids, boxes) in zip(told.there, told.boxes, found, strict=True):
        for who in np.flatnonzero(there):
            overlaps = _iou(truth[who], boxes)
            if not len(overlaps) or overlaps.max() < 0.5:
                continue
            number = int(ids[overlaps.argmax()])
            count += numbers.get(int(who), number) != number
            numbers[int(who)] = number
    return count


def _iou(box: np.ndarray, boxes: np.ndarray) -> np.ndarray:  # type: ignore[type-arg]
    low, high = np.maximum(box[:2], boxes[:, :2]), np.minimum(box[2:], boxes[:, 2:])
    common = np.clip(high - low, 0, None).prod(axis=1)
    return common / ((box[2:] - box[:2]).prod() + (boxes[:, 2:] - boxes[:, :2]).prod(axis=1) - common)


if __name__ == "__main__":
    main()
