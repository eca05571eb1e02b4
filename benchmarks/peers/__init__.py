"""What people write first: OpenCV reads and subtracts the background, ONNX Runtime detects. One thread each.

All but the last use our detector class, so that model, input and decoding of boxes cost them what they cost us.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np

from benchmarks.peers import environment
from pipeline.config import Detector
from pipeline.frame import Frame
from pipeline.types import Boxes, Pixels, Region
from pipeline.workers.detector import load_detector

Peer = Iterator[float]


class _Picture(Frame):
    """A BGR picture where the detector expects a frame: cv2 gives no planes."""

    __slots__ = ("_bgr",)
    _bgr: Pixels

    def __init__(self, bgr: Pixels) -> None:
        super().__init__("peer", 0, 0.0, bgr[..., 0])
        object.__setattr__(self, "_bgr", bgr)

    def box(self, region: Region) -> Boxes:
        return np.array(region, np.float32) / len(self._bgr)

    def rgb(self, region: Region | None = None, size: tuple[int, int] | None = None) -> Pixels:  # noqa: ARG002
        bgr: Pixels = self._bgr
        resized = bgr if size is None else cv2.resize(bgr, size, interpolation=cv2.INTER_LINEAR)
        return np.asarray(cv2.cvtColor(resized, cv2.COLOR_BGR2RGB), np.uint8)


def _play(clip: Path, wanted: Callable[[Pixels, float], bool]) -> Peer:
    """Read every picture with cv2, and detect in the whole picture where `wanted` says so."""
    detector, _ = load_detector(Detector())
    video = cv2.VideoCapture(str(clip), cv2.CAP_FFMPEG, [cv2.CAP_PROP_N_THREADS, 1])
    while True:
        seconds = video.get(cv2.CAP_PROP_POS_MSEC) / 1000
        read, picture = video.read()
        if not read:
            return
        if wanted(np.asarray(picture, np.uint8), seconds):
            h, w = picture.shape[:2]
            detector.detect([(_Picture(np.asarray(picture, np.uint8)), (0, 0, w, h))])
        yield seconds


def every_picture(clip: Path) -> Peer:
    """MOG2 on every picture, and the detector on every picture."""
    background = cv2.createBackgroundSubtractorMOG2()

    def wanted(picture: Pixels, _: float) -> bool:
        background.apply(picture)
        return True

    return _play(clip, wanted)


def where_it_moves(clip: Path) -> Peer:
    """MOG2 on every picture, and the detector only where more than half a per cent of it moves."""
    background = cv2.createBackgroundSubtractorMOG2()

    def wanted(picture: Pixels, _: float) -> bool:
        return float(np.mean(background.apply(picture) == 255)) > 0.005

    return _play(clip, wanted)


def five_a_second(clip: Path) -> Peer:
    """MOG2 and the detector on five pictures a second, as many as we analyse."""
    background = cv2.createBackgroundSubtractorMOG2()
    due = 0.0

    def wanted(picture: Pixels, seconds: float) -> bool:
        nonlocal due
        if seconds < due - 0.02:
            return False
        due = seconds + 0.2
        background.apply(picture)
        return True

    return _play(clip, wanted)


PEERS: dict[str, Callable[[Path], Peer]] = {
    "cv2 + MOG2 + model, every picture": every_picture,
    "cv2 + MOG2 + model where it moves": where_it_moves,
    "cv2 + MOG2 + model, five a second": five_a_second,
}


def tracked(clip: Path, stride: int = 1, pictures: int = 10**9, cameras: int = 1) -> Callable[[], dict[str, float]]:
    """What `YOLO.track` takes for one picture in `stride` of `clip`, in an environment of its own.

    Empty where that cannot be made. What is told of it: ultralytics_track.py.
    """

    words = ["--stride", str(stride), "--pictures", str(pictures), "--cameras", str(cameras)]

    def measured() -> dict[str, float]:
        return apart("ultralytics_track.py", str(clip), *words, "--began", str(time.time()))

    return measured


def apart(script: str, *words: str) -> dict[str, float]:
    """What a script of this folder says in its last line, run by the peers' own Python; empty where it cannot run.

    Why it cannot goes to standard error.
    """
    if why := environment.ready():
        print(f"benchmarks: {script}: {why}", file=sys.stderr)
        return {}
    command = [str(environment.PYTHON), str(Path(__file__).with_name(script)), *words]
    done = subprocess.run(command, capture_output=True, text=True, env=environment.variables())
    if done.returncode == 0:
        return dict(json.loads(done.stdout.splitlines()[-1]))
    print(f"benchmarks: {script}: {(done.stderr.splitlines() or ['it ended'])[-1]}", file=sys.stderr)
    return {}
