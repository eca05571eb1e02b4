"""The person detector of a process, from its configuration: find the model, load it, make everything ready to run."""

from __future__ import annotations

import logging
from collections.abc import Callable

import cv2

from pipeline.catalogue import Model, resolve
from pipeline.config import Detector
from pipeline.perceive.person import PersonDetector, open_session

log = logging.getLogger(__name__)


def load_detector(settings: Detector, beat: Callable[[], None] = lambda: None) -> tuple[PersonDetector, Model]:
    """`beat` is called after each run of the model. Raises ModelError.

    OpenCV, like ONNX Runtime, gets one thread: thread pools of many workers fight.
    """
    cv2.setNumThreads(1)
    model = resolve(settings.model)
    detector = PersonDetector(open_session(model), model.entry, beat=beat)
    log.debug("detector: %s", model.note)
    return detector, model


def ready_model(settings: Detector) -> Model:
    """Find the model once before workers start, and say which it is. Raises ModelError."""
    model = resolve(settings.model)
    log.info("detector: %s", model.note)
    return model


def described(model: Model) -> dict[str, str]:
    """What an incident says of the model that saw it."""
    return {"name": model.entry.name or model.path.stem, "sha256": model.sha256}
