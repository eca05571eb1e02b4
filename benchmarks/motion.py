"""Where does something move? Milliseconds of CPU a picture, from the decoder's plane to boxes, ours beside OpenCV's.

    python -m benchmarks.motion [--rounds 7] [--smoke] [--write]

A yard with fresh noise in each picture, through which something goes; 1080p, and all at 640x360. The peers give masks
and no boxes: MOG2, KNN, CNT and GSOC as they come, on colour; MOG2 on the plane without shadows, its fastest; a running
average as people write it (four passes); and a copy of the plane, which is the least that looking at it can cost. Where
the CDnet 2014 *highway* lies beside the clone, F of the pixels in its scored pictures is told too, of MOG2 at the best
of its thresholds.
"""

from __future__ import annotations

import json
import tarfile
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from itertools import cycle, islice
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.needs import SHARED, errors_told
from benchmarks.pairs import ROUNDS, Row, alternate, asked, fresh, row, tell
from benchmarks.peers import apart
from pipeline.frame import Frame
from pipeline.perceive.motion import MotionDetector
from pipeline.simulate.scene import Play, yard
from pipeline.simulate.scene.render import Scene
from pipeline.types import Pixels

SIZES = {"1080p": (1920, 1080), "640x360": (640, 360)}
FPS = 25
# By size: the peers and their goals.
GOALS = {
    "1080p": {
        "MOG2": 250.0,
        "MOG2, grey": 150.0,
        "KNN": 150.0,
        "CNT": 150.0,
        "GSOC": 150.0,
        "running average": 10.0,
        "a copy of the plane": 0.5,
    },
    "640x360": {"MOG2": 100.0, "running average": 2.0},
}
OTHERS = ("KNN", "CNT", "GSOC")
HIGHWAY = SHARED / "motion/cdnet-highway.tar"
_SCORED_FROM = 470
_THRESHOLDS = (9.0, 16.0, 25.0, 40.0, 60.0)
_KEPT, _WARM = 40, 60
Step = Callable[[Pixels, Pixels], object]


def main() -> None:
    """Measure and print, or with `--one` be one of the measured processes."""
    given = asked(__doc__, ("METHOD", "SIZE"), smoke="one round at 640x360", rounds=ROUNDS)
    cv2.setNumThreads(1)
    with errors_told():
        if given.one:
            print(json.dumps({"ms": _measured(given.one[0], SIZES[given.one[1]])}))
            return
        with tempfile.TemporaryDirectory(prefix="zonewatch-bench-") as folder:
            sizes, rounds = (["640x360"], 1) if given.smoke else (list(SIZES), given.rounds)
            side = {} if given.smoke or not HIGHWAY.is_file() else _highway()
            rows = [one for size in sizes for one in _rows(size, rounds, side, Path(folder))]
    tell("motion", rows, given)


def _rows(size: str, rounds: int, side: dict[str, float], folder: Path) -> list[Row]:
    path = folder / f"{size}.npy"
    if any(peer in OTHERS for peer in GOALS[size]):
        np.save(path, np.stack([colour for colour, _ in _pictures(SIZES[size])]))

    def once(method: str) -> dict[str, float]:
        if method in OTHERS:
            return apart("others_motion.py", method, str(path), str(_WARM), str(_KEPT))
        return fresh("benchmarks.motion", method, size)

    found = alternate(["ours", *GOALS[size]], rounds, once)
    return [
        row(f"motion, {size}", peer, goal, found[peer], found["ours"], side if "MOG2" in peer else {})
        for peer, goal in GOALS[size].items()
    ]


def _measured(method: str, size: tuple[int, int]) -> float:
    """The median, after as many pictures as a background needs."""
    step, pictures = _step(method, size), _pictures(size)
    for colour, luma in islice(cycle(pictures), _WARM):
        step(colour, luma)
    spent = []
    for colour, luma in islice(cycle(pictures), 2 * _KEPT):
        began = time.perf_counter()
        step(colour, luma)
        spent.append(time.perf_counter() - began)
    return 1000 * float(np.median(spent))


def _step(method: str, size: tuple[int, int]) -> Step:
    if method == "ours":
        return _Ours().step
    if method == "MOG2":
        mog2 = cv2.createBackgroundSubtractorMOG2()
        return lambda colour, _: mog2.apply(colour)
    if method == "MOG2, grey":
        grey = cv2.createBackgroundSubtractorMOG2(detectShadows=False)
        return lambda _, luma: grey.apply(luma)
    shape = size[::-1]
    if method == "a copy of the plane":
        kept = np.zeros(shape, np.uint8)
        return lambda _, luma: np.copyto(kept, luma)
    return partial(_running_average, np.zeros(shape, np.float32))


class _Ours:
    def __init__(self) -> None:
        self._detector, self._number = MotionDetector(), 0

    def step(self, _: Pixels, luma: Pixels) -> object:
        self._number += 1
        return self._detector.update(Frame("bench", self._number, self._number / FPS, luma))


def _running_average(average: NDArray[np.float32], _: Pixels, luma: Pixels) -> object:
    cv2.accumulateWeighted(luma, average, 0.01)
    difference = cv2.absdiff(luma, cv2.convertScaleAbs(average))
    return cv2.threshold(difference, 25, 255, cv2.THRESH_BINARY)


def _pictures(size: tuple[int, int]) -> list[tuple[Pixels, Pixels]]:
    """Colour and luma; something a twelfth of the picture wide goes through it."""
    w, h = size
    still = Scene(yard.PLACE, Play(1.0), size).picture(0.0)
    chance, made = np.random.default_rng(4), []
    for n in range(_KEPT):
        picture = still.copy()
        x = n * (w - w // 12) // _KEPT
        picture[h // 3 : 2 * h // 3, x : x + w // 12] = (60, 90, 180)
        noisy = picture + chance.normal(0, 1.8, (h, w, 1)).astype(np.float32)
        colour = np.clip(noisy, 0, 255).astype(np.uint8)
        made.append((colour, np.asarray(cv2.cvtColor(colour, cv2.COLOR_BGR2GRAY), np.uint8)))
    return made


def _highway() -> dict[str, float]:
    """F of ours, and of MOG2 at the threshold at which it is best."""
    peers = (cv2.createBackgroundSubtractorMOG2(varThreshold=threshold) for threshold in _THRESHOLDS)
    return {"F, ours": _f(_OurMask()), "F, MOG2 at its best": max(_f(partial(_mog2_mask, peer)) for peer in peers)}


def _mog2_mask(mog2: cv2.BackgroundSubtractorMOG2, colour: Pixels, _: Pixels) -> Pixels:
    return np.asarray(mog2.apply(colour) == 255, np.uint8)


class _OurMask:
    """Cells that moved, as large as the picture."""

    def __init__(self) -> None:
        self._detector, self._number = MotionDetector(), 0

    def __call__(self, _: Pixels, luma: Pixels) -> Pixels:
        self._number += 1
        self._detector.update(Frame("bench", self._number, self._number / FPS, luma))
        mask = self._detector._background.mask
        return np.asarray(cv2.resize(mask, luma.shape[::-1], interpolation=cv2.INTER_NEAREST), np.uint8)


def _f(masked: Callable[[Pixels, Pixels], Pixels]) -> float:
    """Over the scored pictures: what moves (255) against what does not (0, 50); the rest does not count."""
    hit = false = missed = 0
    for number, colour, truth in _cdnet():
        mask = masked(colour, np.asarray(cv2.cvtColor(colour, cv2.COLOR_BGR2GRAY), np.uint8)) > 0
        if number < _SCORED_FROM:
            continue
        moves, counts = truth == 255, (truth == 255) | (truth <= 50)
        hit += int(np.count_nonzero(mask & moves))
        false += int(np.count_nonzero(mask & counts & ~moves))
        missed += int(np.count_nonzero(~mask & moves))
    return 2 * hit / max(2 * hit + false + missed, 1)


def _cdnet() -> Iterator[tuple[int, Pixels, Pixels]]:
    with tarfile.open(HIGHWAY) as tar:
        files = {member.name: member for member in tar.getmembers() if member.isfile()}
        inputs = sorted(name for name in files if "/in" in name)
        for name in inputs:
            truth = files[name.replace("/input/in", "/groundtruth/gt").replace(".jpg", ".png")]
            colour = _read(tar, files[name], cv2.IMREAD_COLOR)
            yield int(name[-10:-4]), colour, _read(tar, truth, cv2.IMREAD_GRAYSCALE)


def _read(tar: tarfile.TarFile, member: tarfile.TarInfo, how: int) -> Pixels:
    data = tar.extractfile(member)
    assert data is not None
    return np.asarray(cv2.imdecode(np.frombuffer(data.read(), np.uint8), how), np.uint8)


if __name__ == "__main__":
    main()
