"""What is a score of the built-in detector worth in YOLOX-Nano's? `python -m benchmarks.calibration` prints it.

For each detector a logistic regression tells how likely a detection of a score is somebody (Platt 1999); the
calibration is the line in logits that takes ours to the score at which YOLOX-Nano's is as likely. It is fitted on
pictures that the network was not trained on (capston2's valid and test sets), and checked on others (COCO).
The fitted line is written into `models/models.yaml` by hand.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.labelled import Agreement, Labelled, agreement, read
from benchmarks.needs import SHARED, errors_told, models_env
from pipeline.catalogue import BUILTIN, Model, resolve
from pipeline.perceive.person import PersonDetector, open_session

LIKE = "yolox-nano"
FLOOR = 0.05
FITTED = ("capston2-valid-00", "capston2-test-00")
CHECKED = ("coco128-val",)
_SCORES = (0.2, 0.3, 0.4, 0.5, 0.6, 0.7)


def main() -> None:
    """Fit, check and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--training", type=Path, default=SHARED / "training", help="folder of the labelled sets")
    given = parser.parse_args()
    cv2.setNumThreads(1)
    with errors_told():
        ours, theirs = resolve(BUILTIN), resolve(LIKE, models_env())
        fitted, checked = (_pictures(given.training, names) for names in (FITTED, CHECKED))
        raw = replace(ours, entry=replace(ours.entry, calibration=(1.0, 0.0)))
        slope, offset = _between(_judged(raw, fitted), _judged(theirs, fitted))
        print(f"calibration: [{slope:.2f}, {offset:.2f}]\n")
        fresh = replace(ours, entry=replace(ours.entry, calibration=(round(slope, 2), round(offset, 2))))
        for title, pictures in ((FITTED, fitted), (CHECKED, checked)):
            _print(", ".join(title), {model: _judged(model, pictures) for model in (raw, fresh, theirs)})


def _pictures(folder: Path, names: tuple[str, ...]) -> list[Labelled]:
    return [picture for name in names for picture in read(folder / f"{name}.tar")]


def _judged(model: Model, pictures: list[Labelled]) -> Agreement:
    detector = PersonDetector(open_session(model), model.entry, floor=FLOOR)
    return agreement(pictures, [one.found_by(detector) for one in pictures])


def _between(ours: Agreement, theirs: Agreement) -> tuple[float, float]:
    (slope, offset), (their_slope, their_offset) = platt(ours), platt(theirs)
    return slope / their_slope, (offset - their_offset) / their_slope


def platt(judged: Agreement) -> tuple[float, float]:
    """Slope and offset of the logit of being somebody over the logit of the score, by Newton's method."""
    x = np.stack([_logit(judged.scores), np.ones(len(judged.scores))], axis=1)
    weights = np.array([1.0, 0.0])
    for _ in range(50):
        likely = 1 / (1 + np.exp(-x @ weights))
        curve = (x * (likely * (1 - likely))[:, None]).T @ x
        weights += np.linalg.solve(curve, x.T @ (judged.hits - likely))
    return float(weights[0]), float(weights[1])


def _logit(scores: NDArray[np.float32]) -> NDArray[np.float64]:
    inner = np.clip(scores.astype(np.float64), 1e-6, 1 - 1e-6)
    return np.asarray(np.log(inner / (1 - inner)))


def _print(title: str, judged: dict[Model, Agreement]) -> None:
    print(f"{title}: precision / recall of the detections with at least a score\n")
    print("| detector | " + " | ".join(f"{score}" for score in _SCORES) + " |")
    print("|---|" + "---:|" * len(_SCORES))
    for model, told in judged.items():
        cells = ["{:.2f} / {:.2f}".format(*told.at(score)) for score in _SCORES]
        print(f"| {model.entry.name} {list(model.entry.calibration)} | " + " | ".join(cells) + " |")
    print()


if __name__ == "__main__":
    main()
