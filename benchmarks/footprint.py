"""What does one more camera take of memory, and how long is it until the first picture has been analysed?

    python -m benchmarks.footprint [--rounds 5] [--smoke] [--write]

Cameras of 1080p, each with what it needs to be followed by itself: ours a stream and a lane, all with one detector; the
peer's a cv2.VideoCapture and a `YOLO`, as its documentation has it for several streams. Memory: what four take beyond
what one takes, a third of it, after two seconds of each. Time: from the start of the process, imports and all.
"""

from __future__ import annotations

import json
import os
import tempfile
import time
from pathlib import Path

from benchmarks.corpus.tiled import Coding, Hall
from benchmarks.needs import errors_told
from benchmarks.pairs import Row, alternate, asked, fresh, ratio, tell
from benchmarks.peers import tracked
from benchmarks.workers import memory_mb
from pipeline.capture.decode import open_stream
from pipeline.capture.sampler import Sampler
from pipeline.capture.timeline import Timeline
from pipeline.clock import SystemClock
from pipeline.config import Config
from pipeline.rules.incidents import Origin
from pipeline.workers.detector import load_detector
from pipeline.workers.lane import Lane, turn

PEER, CAMERAS, PICTURES = "ultralytics", 4, 50
CLAIMS = (("memory of one more camera", "mb", 10.0), ("start to first analysed picture", "first_s", 5.0))


def main() -> None:
    """Measure and print, or with `--one` be one of the measured processes."""
    given = asked(__doc__, ("CAMERAS", "CLIP", "BEGAN"), smoke="one round, ours alone", rounds=5)
    with errors_told(), tempfile.TemporaryDirectory(prefix="zonewatch-bench-") as folder:
        if given.one:
            print(json.dumps(_measured(int(given.one[0]), Path(given.one[1]), float(given.one[2]))))
            return
        clip = Hall(Path(folder), Coding()).busy
        rows = _rows(clip, ["ours"] if given.smoke else ["ours", PEER], 1 if given.smoke else given.rounds)
    tell("footprint", rows, given)


def _rows(clip: Path, methods: list[str], rounds: int) -> list[Row]:
    def once(method: str) -> dict[str, float]:
        if method == PEER:
            each = [tracked(clip, pictures=PICTURES, cameras=cameras)() for cameras in (1, CAMERAS)]
        else:
            each = [
                fresh("benchmarks.footprint", str(cameras), str(clip), str(time.time())) for cameras in (1, CAMERAS)
            ]
        one, all_of_them = each
        if not one:
            return {}
        return {"mb": (all_of_them["memory_mb"] - one["memory_mb"]) / (CAMERAS - 1), "first_s": one["first_s"]}

    found = alternate(methods, rounds, once)
    rows = []
    for claim, key, goal in (
        ("memory of one more camera", "mb", 10.0),
        ("start to first analysed picture", "first_s", 5.0),
    ):
        ours = [one[key] for one in found["ours"]]
        peer = [one[key] for one in found.get(PEER, []) if one]
        side = {key: sorted(ours)[len(ours) // 2]}
        if not peer:
            rows.append(Row(claim, PEER, None, goal, skipped="not run, or it cannot be installed here", side=side))
            continue
        side[f"{key}, {PEER}"] = sorted(peer)[len(peer) // 2]
        rows.append(Row(claim, PEER, ratio(peer, ours), goal, side=side))
    return rows


def _measured(cameras: int, clip: Path, began: float) -> dict[str, float]:
    told = {f"c{n}": {"url": str(clip), **Hall.watched} for n in range(cameras)}
    config = Config.model_validate({"site": {"id": "bench"}, "cameras": told}, context={"folder": Path()})
    detector, _ = load_detector(config.detector)
    first_s, watching = 0.0, []
    for camera in config.cameras.values():
        stream = open_stream(camera, SystemClock(), Timeline())
        lane = Lane(camera, config.detector, Origin("bench"), detector.looks)
        watching.append((stream, iter(stream), lane, Sampler(camera.analyse_fps)))
    for _ in range(PICTURES):
        for _stream, frames, lane, sampler in watching:
            frame = next(frames)
            if sampler.wants(frame.pts):
                turn({lane: frame}, detector, None)
                first_s = first_s or time.time() - began
    return {"memory_mb": memory_mb(os.getpid()), "first_s": first_s}


if __name__ == "__main__":
    main()
