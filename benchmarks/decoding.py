"""From packets to luma in Python: milliseconds of CPU a picture of 1080p, ours beside cv2.VideoCapture.

    python -m benchmarks.decoding [--rounds 7] [--smoke] [--write]

Ours is what a camera's thread does with each picture: a `Frame` with its times and a view of the decoder's plane. The
peers read with cv2, Decord and TorchCodec and make the colours they are given grey again. `luma` says whether ours is
the decoder's own, to the bit.
"""

from __future__ import annotations

import json
import tempfile
import time
from pathlib import Path

import av
import cv2
import numpy as np

from benchmarks.idle import CODED, clip
from benchmarks.needs import errors_told
from benchmarks.pairs import ROUNDS, Row, alternate, asked, fresh, row, tell
from benchmarks.peers import apart
from pipeline.capture.decode import open_stream
from pipeline.capture.timeline import Timeline
from pipeline.clock import SystemClock
from pipeline.config import Camera

SECONDS = 12
CV2 = "cv2.VideoCapture, grey"
OTHERS = ("decord", "torchcodec")
GOAL = 1.8


def main() -> None:
    """Measure and print, or with `--one` be one of the measured processes."""
    given = asked(__doc__, ("METHOD", "CLIP"), smoke="one round", rounds=ROUNDS)
    cv2.setNumThreads(1)
    with errors_told(), tempfile.TemporaryDirectory(prefix="zonewatch-bench-") as folder:
        if given.one:
            method, path = given.one
            print(json.dumps({"ms": _ours(Path(path)) if method == "ours" else _cv2(Path(path))}))
            return
        path = clip(Path(folder) / "yard.mp4", CODED["crf"], SECONDS)
        peers, rounds = ((CV2,), 1) if given.smoke else ((CV2, *OTHERS), given.rounds)
        rows = _rows(path, peers, rounds)
    tell("decoding", rows, given)


def _rows(path: Path, peers: tuple[str, ...], rounds: int) -> list[Row]:
    def once(method: str) -> dict[str, float]:
        if method in OTHERS:
            return apart("others_decoding.py", method, str(path))
        return fresh("benchmarks.decoding", method, str(path))

    found, luma = alternate(["ours", *peers], rounds, once), _same(path)
    return [row("decode to luma", peer, GOAL, found[peer], found["ours"], {"luma": luma}) for peer in peers]


def _camera(path: Path) -> Camera:
    return Camera.model_validate({"name": "bench", "url": str(path)})


def _ours(path: Path) -> float:
    count, total = 0, 0
    with open_stream(_camera(path), SystemClock(), Timeline()) as stream:
        began = time.process_time()
        for frame in stream:
            count, total = count + 1, total + int(frame.luma[0, 0])
    return 1000 * (time.process_time() - began) / count


def _cv2(path: Path) -> float:
    video = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG, [cv2.CAP_PROP_N_THREADS, 1])
    count, total, began = 0, 0, time.process_time()
    while (read := video.read())[0]:
        luma = cv2.cvtColor(read[1], cv2.COLOR_BGR2GRAY)
        count, total = count + 1, total + int(luma[0, 0])
    return 1000 * (time.process_time() - began) / count


def _same(path: Path) -> str:
    """Whether each picture's luma is what the decoder gives to who asks for it in the plainest way."""
    with open_stream(_camera(path), SystemClock(), Timeline()) as stream, av.open(str(path)) as container:
        for frame, picture in zip(stream, container.decode(video=0), strict=True):
            if not np.array_equal(frame.luma, picture.to_ndarray(format="yuv420p")[: picture.height]):
                return f"differs at {frame.pts:.2f} s"
    return "the decoder's, to the bit"


if __name__ == "__main__":
    main()
