"""Whether anything moves that may be somebody: of the analysis, and of a camera's key frames while it rests.

Apart from `lane_settings`, which is read where nothing can be compiled (`check --draw`).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from pipeline.config import Camera
from pipeline.frame import Frame
from pipeline.perceive.motion import MotionDetector
from pipeline.perceive.restless import calm
from pipeline.types import Motion
from pipeline.workers.lane_settings import masks


def stirring(camera: Camera) -> Callable[[Frame, NDArray[np.bool_] | None], bool]:
    """Whether a key frame shows anything that those before it did not: a background that knows nothing else.

    What moves in restless places is nothing.
    """
    motion = MotionDetector(masks(camera, "motion", "privacy"))
    return lambda frame, restless: moves(motion.update(frame), frame, restless)


def moves(motion: Motion, frame: Frame, restless: NDArray[np.bool_] | None) -> bool:
    """Whether anything moves outside of restless places (`perceive/restless.py`)."""
    if restless is None:
        return len(motion.boxes) > 0
    x1, y1, x2, y2 = (motion.boxes[:, edge].tolist() for edge in range(4))
    return not calm(list(zip(x1, y1, x2, y2, strict=True)), frame.aspect, restless)
