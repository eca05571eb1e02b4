"""How well, and how fast, does each detector find people? `python -m benchmarks.detector` prints the table.

All run as the product runs them (`PersonDetector`: colour, scaling and suppression included), the whole picture as
one view, one thread, batch 1; they take turns picture by picture, so that a noisy machine is noisy for all. AP50 is
the area under precision over recall at IoU 0.5, at every point, of detections with a score of 0.01 and more. Heights
are those in a picture whose longest side is 320 pixels, so that they are the same people for every detector.
"""

from __future__ import annotations

import argparse
import platform
import statistics
import time
from dataclasses import dataclass, field, replace
from math import inf
from pathlib import Path

import cv2
import numpy as np

from benchmarks.labelled import Labelled, agreement, read
from benchmarks.needs import SHARED, errors_told, missing, models_env
from pipeline.catalogue import BUILTIN, Model, resolve
from pipeline.perceive.person import PersonDetector, open_session
from pipeline.simulate.scene import Scene, hall
from pipeline.types import Detections

FLOOR = 0.01
HEIGHTS = ((0.0, 40.0), (40.0, 80.0), (80.0, inf))
OTHERS = ("yolox-nano", "deimv2-atto", "deimv2-femto")
_WARM_UP = 5


@dataclass(slots=True)
class Contender:
    """One detector, what it has found in each picture, and the seconds it took for each."""

    name: str
    detector: PersonDetector
    found: list[Detections] = field(default_factory=list)
    took: list[float] = field(default_factory=list)

    def look(self, picture: Labelled) -> None:
        frame = picture.frame()
        began = time.perf_counter()
        (people,) = self.detector.detect([(frame, (0, 0, *picture.size))])
        self.took.append(time.perf_counter() - began)
        self.found.append(Detections(people.boxes * picture.size[1], people.scores))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pictures", type=Path, default=SHARED / "training" / "coco128-val.tar", help="a labelled set")
    parser.add_argument("--fp32", type=Path, default=SHARED / "prototypes" / "person_320_fp32.onnx")
    parser.add_argument("--smoke", action="store_true", help="five pictures, what is in the clone: does it still run?")
    given = parser.parse_args()
    cv2.setNumThreads(1)
    with errors_told():
        if given.smoke:
            pictures, contenders = _drawn(), [_contender(BUILTIN, resolve(BUILTIN))]
        else:
            pictures, contenders = list(read(given.pictures)), _all(given.fp32)
        for picture in [*pictures[:_WARM_UP], *pictures]:
            for contender in contenders:
                contender.look(picture)
    _print(pictures, contenders)


def _all(fp32: Path) -> list[Contender]:
    shipped = resolve(BUILTIN)
    if not fp32.is_file():
        missing(f"the FP32 weights {fp32}")
    whole = replace(shipped, path=fp32, sha256="")
    ours = [
        _contender(f"{shipped.entry.name} INT8 (builtin)", shipped),
        _contender(f"{shipped.entry.name} FP32", whole),
    ]
    return ours + [_contender(name, resolve(name, models_env())) for name in OTHERS]


def _contender(name: str, model: Model) -> Contender:
    return Contender(name, PersonDetector(open_session(model), model.entry, floor=FLOOR))


def _drawn() -> list[Labelled]:
    """Five pictures of the drawn hall, with the boxes of its people."""
    scene = Scene(hall.PLACE, hall.PLAY, (960, 540))
    times = [5.0 + second for second in range(5)]
    return [Labelled(scene.picture(at), np.array([one.box for one in scene.seen(at)], np.float32)) for at in times]


def _print(pictures: list[Labelled], contenders: list[Contender]) -> None:
    people = sum(len(picture.people) for picture in pictures if picture.people is not None)
    print(f"{len(pictures)} pictures, {people} people; {platform.processor() or platform.machine()}, one thread.\n")
    print("| detector | ms, median (least to most) | times builtin's ms | AP50 | below 40 px | 40 to 80 | above |")
    print("|---|---:|---:|---:|---:|---:|---:|")
    for contender in contenders:
        found, took = contender.found[-len(pictures) :], contender.took[-len(pictures) :]
        base = contenders[0].took[-len(pictures) :]
        ratio = statistics.median(a / b for a, b in zip(took, base, strict=True))
        judged = [agreement(pictures, found, heights) for heights in ((0.0, inf), *HEIGHTS)]
        ms = [seconds * 1000 for seconds in took]
        told = " | ".join(f"{one.average_precision:.3f}" if one.people else "nobody" for one in judged)
        print(
            f"| {contender.name} | {statistics.median(ms):.1f} ({min(ms):.1f}–{max(ms):.1f}) | {ratio:.2f} | {told} |"
        )


if __name__ == "__main__":
    main()
