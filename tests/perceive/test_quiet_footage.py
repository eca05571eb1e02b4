"""Real footage in which nobody is: nothing moves there, and everybody who comes moves."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import yaml

from pipeline.perceive.motion import MotionDetector
from pipeline.videos import open_container, playing
from tests.fakes import frame

pytestmark = pytest.mark.footage
FPS = 5.0
# The truth is so exact, a shadow goes so much later than who cast it, and the first picture is learnt.
EXACT_S, SHADOW_S, LEARNT_S = 0.7, 1.5, 1.0
# Cars and cyclists, as seen by eye; whoever else comes stands in the ground truth.
OTHERS = {"person-bicycle-car-detection.mp4": [(0.0, 4.4), (8.4, 14.3), (29.0, 34.5)]}
CLIPS = ["one-by-one-person-detection.mp4", "worker-zone-detection.mp4", "person-bicycle-car-detection.mp4"]


def moving(video: Path, fps: float) -> Iterator[tuple[float, bool]]:
    """Of so many pictures a second: when each was taken, and whether anything moved."""
    detector, due = MotionDetector(), 0.0
    with open_container(str(video)) as container:
        stream = playing(container)
        assert stream is not None
        for picture in container.decode(stream):
            at = float(picture.pts * stream.time_base)
            if at >= due - 1e-3:
                due += 1 / fps
                plane = picture.planes[0]
                luma = np.frombuffer(plane, np.uint8).reshape(picture.height, plane.line_size)[:, : picture.width]
                yield at, len(detector.update(frame(luma, at)).boxes) > 0


@pytest.mark.parametrize("fps", [FPS, 12.0])
@pytest.mark.parametrize("clip", CLIPS)
def test_an_empty_scene_is_quiet_and_whoever_comes_is_not(footage: Path, clip: str, fps: float):
    truth = yaml.safe_load((footage / "ground_truth.yaml").read_text())[clip]
    seen = list(moving(footage / clip, fps))
    busy = [(start - EXACT_S, end + SHADOW_S) for start, end in truth["people_visible_s"]] + OTHERS.get(clip, [])
    empty = [(at, moved) for at, moved in seen if at > LEARNT_S and not any(a <= at <= b for a, b in busy)]
    assert len(empty) >= (3 if clip.startswith("worker") else 60)
    flagged = [at for at, moved in empty if moved]
    assert len(flagged) <= 0.05 * len(empty), flagged
    for start, end in truth["people_visible_s"]:
        at_first = [moved for at, moved in seen if start + EXACT_S <= at <= min(end, start + 5)]
        assert at_first
        assert all(at_first)
