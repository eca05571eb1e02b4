"""What does a camera cost in whose picture somebody is all the time? Milliseconds of CPU for each second of 1080p25.

    python -m benchmarks.busy [--rounds 5] [--smoke] [--write]

A drawn hall in which one comes when the other leaves. Ours is the whole of a camera but for the network: it decodes
each picture and analyses five a second. The peers: `YOLO.track` on every picture at 640, with Supervision's
`PolygonZone`; and cv2 with MOG2 on each picture and our own detector on those in which something moves, by ONNX
Runtime and by OpenVINO.
"""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import cv2

from benchmarks.corpus.tiled import FPS, Coding, Hall
from benchmarks.needs import errors_told
from benchmarks.pairs import Row, alternate, asked, fresh, row, tell
from benchmarks.peers import PEERS, apart, tracked
from pipeline.catalogue import resolve
from pipeline.config import Config
from pipeline.workers.replay import replay

TRACKED, GATED = "ultralytics, every picture", "cv2 + MOG2 + model where it moves"
OPENVINO = "cv2 + MOG2 + model by OpenVINO where it moves"
CLAIMS = ((TRACKED, 10.0), (GATED, 3.0), (OPENVINO, 3.0))
PEER_S = 6.0
"""So much of the recording the first peer plays, from where somebody is in it on: its cost is that of each picture."""


def main() -> None:
    """Measure and print, or with `--one` be one of the measured processes."""
    given = asked(__doc__, ("METHOD", "CLIP"), smoke="one round, against cv2 and MOG2", rounds=5)
    with errors_told(), tempfile.TemporaryDirectory(prefix="zonewatch-bench-") as folder:
        if given.one:
            print(json.dumps(_measured(given.one[0], Path(given.one[1]))))
            return
        claims, rounds = (CLAIMS[1:2], 1) if given.smoke else (CLAIMS, given.rounds)
        rows = _rows(Hall(Path(folder), Coding()).busy, claims, rounds)
    tell("busy", rows, given)


def _rows(clip: Path, claims: tuple[tuple[str, float], ...], rounds: int) -> list[Row]:
    peer = tracked(clip, pictures=round(PEER_S * FPS))

    def once(method: str) -> dict[str, float]:
        if method == OPENVINO:
            return apart("openvino_gated.py", str(clip), str(resolve("builtin").path))
        if method != TRACKED:
            return fresh("benchmarks.busy", method, str(clip))
        found = peer()
        return {"ms": 1000 * found["cpu_s"] / found["video_s"]} if found else {}

    found = alternate(["ours", *(name for name, _ in claims)], rounds, once)
    return [row("busy camera", name, goal, found[name], found["ours"], {}) for name, goal in claims]


def _measured(method: str, clip: Path) -> dict[str, float]:
    cv2.setNumThreads(1)
    seconds = _ours(clip) if method == "ours" else PEERS[method](clip)
    began_at, began = next(seconds), time.process_time()  # everything is loaded
    *_, ended_at = seconds
    return {"ms": 1000 * (time.process_time() - began) / (ended_at - began_at)}


def _ours(clip: Path) -> Iterator[float]:
    camera = {"url": str(clip), **Hall.watched}
    config = Config.model_validate({"site": {"id": "bench"}, "cameras": {"c": camera}}, context={"folder": Path()})
    for step in replay(config, config.cameras["c"], [clip]):
        yield step.media_s


if __name__ == "__main__":
    main()
